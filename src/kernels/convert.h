/* Conversion between any two dtypes, with JAX's meaning: integers wrap, floats saturate into integers (NaN gives 0), bool
 * is "not zero", a complex number loses its imaginary part. Narrow floats round to nearest even, by way of f32:
 * float64 to f16 and bf16 rounds twice as XLA does, to 8 and 4 bits once. */
#ifndef KERNELS_CONVERT_H
#define KERNELS_CONVERT_H

#include "ir/view.h"
#include <stdbool.h>

bool kernel_convert(const CxView *in, const CxView *out);

float cx_half_to_float(uint16_t h);
uint16_t cx_float_to_half(float f);
float cx_bfloat_to_float(uint16_t b);
uint16_t cx_float_to_bfloat(float f);

/* Element i as a double (real part of a complex one) and back; exact for everything but 64-bit integers. */
double dtype_load(CxDtype d, const void *data, int64_t i);
void dtype_store(CxDtype d, void *data, int64_t i, double value);

/* Dense runs. The two sides must not overlap unless they are equal and the elements have one size. */
bool dtype_narrow(CxDtype d);                                                   /* a float below 32 bits? */
void narrow_to_float(CxDtype d, int64_t n, const void *in, float *out);         /* d narrow */
void float_to_narrow(CxDtype d, int64_t n, const float *in, void *out);         /* d narrow */
bool dtype_nibble(CxDtype d);                                                   /* int2, int4, uint2, uint4? */
void nibble_wrap(CxDtype d, int64_t n, const void *in, void *out);              /* bytes to d, keeping the low bits */
bool convert_run(CxDtype from, CxDtype to, int64_t n, const void *in, void *out); /* false: no such conversion */

#endif
