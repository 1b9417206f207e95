/* acc[i] = acc[i] op x[i] on dense runs, for the accumulating kernels (scatter, windows): add, sub, mul, min, max of any
 * numeric dtype. Integers wrap; min and max give NaN if there is one and order -0 before +0; complex numbers are ordered
 * by real, then imaginary part; bool adds as "or" and multiplies as "and". 16-bit and narrower floats round at each step.
 * x may be acc itself from a later element on. */
#ifndef KERNELS_COMBINE_H
#define KERNELS_COMBINE_H

#include "ir/opcode.h"
#include <cuirax/dtype.h>
#include <stdbool.h>
#include <stdint.h>

typedef void CombineFn(int64_t n, void *acc, const void *x);

typedef struct CxCombine {
  CxDtype dtype; /* of the runs */
  CombineFn *fn; /* on `dtype`, on f32 if that is a narrow float, on bytes if it is a nibble */
} CxCombine;

bool combine_find(CxCombine *c, CxOpcode op, CxDtype dtype); /* false with an error: no such operation */
void combine_run(const CxCombine *c, int64_t n, void *acc, const void *x);
void combine_identity(CxOpcode op, CxDtype dtype, void *value); /* what changes nothing: 0, 1, the least, the greatest */

#endif
