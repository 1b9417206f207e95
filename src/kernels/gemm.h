/* The matrix product c = a b, for the contractions: one matrix each, any row and column stride for a and b.
 * Large float products go to a BLAS if there is one; everything else to our own loops (gemm_loops.h), compiled for three
 * instruction sets. The order of summation depends only on the shapes, the strides and the machine. */
#ifndef KERNELS_GEMM_H
#define KERNELS_GEMM_H

#include <cuirax/dtype.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct CxGemm {
  CxDtype dtype; /* of all three: F32, F64, C64, C128, or U32, U64 for integers that wrap */
  int64_t m, n, k;
  const void *a, *b;
  int64_t a_row, a_col, b_row, b_col; /* strides in elements, any sign */
  void *c;                            /* m rows of n contiguous elements */
  int64_t c_row;
} CxGemm;

bool gemm_run(const CxGemm *g); /* false with an error: no memory */

/* May the strides go to a BLAS as they are? One of them must be 1 and the other span a whole row or column. */
bool gemm_strides_plain(int64_t rows, int64_t cols, int64_t row, int64_t col);

#endif
