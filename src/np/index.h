/* NumPy indexing: x[items] and x.at[items].set(y) and its kin. Static indices become slices, traced scalars dynamic slices, the
 * rest one gather or scatter. */
#ifndef NP_INDEX_H
#define NP_INDEX_H

#include <cuirax/ops.h>

typedef enum NpIndexKind { NP_INDEX_NEWAXIS, NP_INDEX_ELLIPSIS, NP_INDEX_SLICE, NP_INDEX_INT, NP_INDEX_BOOL, NP_INDEX_ARRAY } NpIndexKind;

typedef struct NpIndex {
  NpIndexKind kind;
  bool has_start, has_stop; /* SLICE: a[start:stop:step] as written; step is 1 by default */
  int64_t start, stop, step;
  int64_t i;                /* INT */
  CxVal array;              /* ARRAY: integers; BOOL: a mask, of rank 0 too */
} NpIndex;

typedef struct NpIndexHow {
  bool mode_given;
  CxIndexMode mode;
  bool no_wrap;             /* negative indices are out of bounds instead of counting from the end */
  bool sorted, unique;      /* promises about the indices */
  CxNumber fill;            /* read outside of the array when the mode is fill */
} NpIndexHow;

typedef enum NpUpdate { NP_UPDATE_SET, NP_UPDATE_ADD, NP_UPDATE_SUB, NP_UPDATE_MUL, NP_UPDATE_MIN, NP_UPDATE_MAX } NpUpdate;

enum { NP_MAX_ITEMS = 3 * CX_MAX_RANK };

CxVal np_index(CxVal x, const NpIndex *items, int n, const NpIndexHow *how);
CxVal np_update(CxVal x, const NpIndex *items, int n, CxVal y, NpUpdate op, const NpIndexHow *how);

#endif
