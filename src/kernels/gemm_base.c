/* The matrix loops for any machine. */
#include "kernels/gemm_block.h"

#define VECTOR 16
#define TILE_ROWS 4
#define GEMM_LOOPS gemm_base
#define FMA_F32(a, b, c) ((a) * (b) + (c))
#define FMA_F64(a, b, c) ((a) * (b) + (c))
#include "kernels/gemm_loops.h"
