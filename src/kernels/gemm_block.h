/* What gemm.c hands to the loops of one instruction set. */
#ifndef KERNELS_GEMM_BLOCK_H
#define KERNELS_GEMM_BLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef struct GemmBlock {
  int64_t m, n, k;
  const void *a, *b;
  int64_t a_row, a_col, b_row, b_col;
  void *c;
  int64_t c_row;
  bool add;      /* to what is in c */
  bool in_place; /* whole panels of b need not be packed */
  void *scratch; /* k times two vectors */
} GemmBlock;

typedef struct GemmC64 {
  float re, im;
} GemmC64;
typedef struct GemmC128 {
  double re, im;
} GemmC128;

typedef void GemmFn(const GemmBlock *g);

typedef struct GemmLoops {
  int vector;                     /* bytes */
  GemmFn *block[2], *inner[2];    /* f32, f64 */
  GemmFn *rows_u32, *rows_u64, *rows_c64, *rows_c128;
} GemmLoops;

extern const GemmLoops gemm_base, gemm_avx2, gemm_avx512;

#endif
