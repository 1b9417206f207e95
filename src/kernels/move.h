/* Data movement: everything that only puts elements in other places. Works by element size, never by dtype, except
 * where a value is made (iota) or an index is read.
 *
 * Transpose, broadcast, slice and reverse cost nothing: they are views (view_*), and kernel_copy makes a view dense.
 * Shapes were checked by the ops' type rules; indices that are data are clamped here. Results never overlap operands,
 * except that kernel_dynamic_update_slice may work in place. */
#ifndef KERNELS_MOVE_H
#define KERNELS_MOVE_H

#include "ir/view.h"
#include "kernels/cursor.h"

#include <stddef.h>

enum { VIEW_MAX_RANK = 64 };

typedef struct Item16 { /* the widest element */
  uint64_t half[2];
} Item16;

/* The same elements seen otherwise; dims and strides ([rank of the result]) are the caller's and must outlive the view. */
CxView view_transpose(const CxView *in, const int64_t *permutation, int64_t *dims, int64_t *strides);
CxView view_broadcast_in_dim(const CxView *in, const int64_t *shape, int rank, const int64_t *broadcast_dims,
                             int64_t *dims, int64_t *strides);
CxView view_slice(const CxView *in, const int64_t *start, const int64_t *limit, const int64_t *step /* or NULL */,
                  int64_t *dims, int64_t *strides);
CxView view_rev(const CxView *in, const int64_t *axes, int n_axes, int64_t *dims, int64_t *strides);

void view_strides(const CxView *in, int64_t *strides);                   /* with the dense ones filled in */
void dense_strides(const int64_t *dims, int rank, int64_t *strides);     /* row-major */
static inline char *view_at(const CxView *in, int64_t element_offset) {
  return (char *)in->data + element_offset * cx_dtype_bytes(in->dtype);
}

/* Reads the integer at an element offset; above the int64 range it saturates. */
int64_t view_index(const CxView *in, int64_t element_offset);

/* A strided copy, planned once and run for many places: unit dims dropped, mergeable dims merged, the loop order chosen. */
typedef struct CxMove {
  int rank;
  int item;                                             /* bytes per element */
  bool empty, tiled;                                    /* tiled: the last two dims are transposed */
  int64_t dims[VIEW_MAX_RANK];
  int64_t to[VIEW_MAX_RANK], from[VIEW_MAX_RANK];       /* strides in elements */
} CxMove;
void move_plan(CxMove *m, int item, int rank, const int64_t *dims, const int64_t *to, const int64_t *from);
void move_run(const CxMove *m, void *to, const void *from);
void move_run_shared(const CxMove *m, void *to, const void *from); /* large ones among threads */
void move_strided(int item, int rank, const int64_t *dims, void *to, const int64_t *to_strides, const void *from,
                  const int64_t *from_strides);

/* Fills n elements with one value. */
void move_fill(void *to, const void *value, int item, int64_t n);

void kernel_copy(const CxView *in, const CxView *out); /* same dims; out dense or strided */
void kernel_pad(const CxView *in, const void *value, const int64_t *low, const int64_t *high, const int64_t *interior,
                const CxView *out);
void kernel_concatenate(const CxView *ins, int n, int axis, const CxView *out);
void kernel_iota(int axis, const CxView *out);
/* starts: one scalar view of any integer dtype per dimension; clamped so that the slice lies inside. */
void kernel_dynamic_slice(const CxView *in, const CxView *starts, const CxView *out);
void kernel_dynamic_update_slice(const CxView *in, const CxView *update, const CxView *starts, const CxView *out);
/* A wider input gives a trailing dim of the pieces, lowest bits first; a narrower one consumes such a dim. */
bool kernel_bitcast(const CxView *in, const CxView *out);

#endif
