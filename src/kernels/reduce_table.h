/* The table of reduction loops, one per instruction set. */
#ifndef KERNELS_REDUCE_TABLE_H
#define KERNELS_REDUCE_TABLE_H

#include "kernels/float_order.h"
#include "kernels/loop.h"
#include <math.h>
#include <stdbool.h>

enum {
  REDUCE_FIRST = CX_OP_REDUCE_SUM,
  REDUCE_COUNT = CX_OP_REDUCE_XOR - CX_OP_REDUCE_SUM + 1,
  REDUCE_BLOCK = 256, /* elements (or rows) a block */
  REDUCE_TILE = 128,  /* columns at once */
  REDUCE_BYTES = REDUCE_TILE * 16
};

typedef struct Fold {
  void (*block)(const void *data, int64_t n, void *result);                                   /* n elements to one */
  void (*columns)(const void *const *rows, int64_t n, int64_t width, void *result);           /* n rows to one */
  void (*merge)(void *left, const void *right, int64_t width);                                /* left = left op right */
  void (*identity)(void *result, int64_t width);
  bool any_order; /* blocks may be of any size, tiles up to REDUCE_BYTES */
} Fold;

typedef struct Search {
  int64_t (*find)(const void *data, int64_t n, const void *wanted);
  void (*better)(const void *row, int64_t width, bool most, int64_t index, void *best, int64_t *at);
} Search;

typedef struct ReduceTable {
  Fold fold[REDUCE_COUNT][CX_DTYPE_COUNT];
  Search search[CX_DTYPE_COUNT];
} ReduceTable;

extern const ReduceTable reductions_base, reductions_avx2, reductions_avx512;

#endif
