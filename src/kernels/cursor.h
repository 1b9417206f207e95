/* Walking a strided view in row-major order, a block at a time. A cursor collapses the dims of one view on its own; what it
 * reads is a dense run, in place where the memory allows and packed into the caller's buffer elsewhere. So a kernel's
 * inner loops only ever see contiguous operands. Cost: one copy through the first-level cache for strided operands. */
#ifndef KERNELS_CURSOR_H
#define KERNELS_CURSOR_H

#include "ir/view.h"
#include <stdbool.h>
#include <stddef.h>

enum {
  CURSOR_RANK = 64,  /* collapsed dims at most */
  CURSOR_BLOCK = 512 /* elements in a block where something must be packed */
};

typedef struct Cursor {
  char *at;                        /* the next element */
  ptrdiff_t size;                  /* bytes of an element */
  int rank;                        /* dims left after collapsing; 1 and stride = size when dense */
  bool dense;                      /* the whole view is one run */
  int64_t dims[CURSOR_RANK];       /* innermost first */
  ptrdiff_t strides[CURSOR_RANK];  /* bytes, innermost first */
  int64_t index[CURSOR_RANK];
} Cursor;

int64_t view_count(const CxView *v); /* elements */
bool view_dense(const CxView *v);    /* row-major without gaps? */

/* n copies of one element. */
void run_fill(int64_t n, ptrdiff_t size, void *to, const void *from);

/* False (with an error) when the view has too many dims that cannot be collapsed. */
bool cursor_init(Cursor *c, const CxView *v);

/* Elements readable in place from here; 0 if the next ones need packing. */
int64_t cursor_span(const Cursor *c);

/* The next n elements as a dense run: a pointer into the view, or `buffer` filled. Advances. */
const void *cursor_read(Cursor *c, int64_t n, void *buffer);

/* Where to write the next n elements: in place, or `buffer`, which cursor_flush then scatters. */
void *cursor_target(const Cursor *c, int64_t n, void *buffer);
void cursor_flush(Cursor *c, int64_t n, const void *written); /* advances */

#endif
