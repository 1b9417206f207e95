/* Running a plan on lines that lie side by side: element j of line q at x[q + s j], real and imaginary parts apart. */
#ifndef KERNELS_FFT_RUN_H
#define KERNELS_FFT_RUN_H

#include "kernels/fft_plan.h"

/* The forward transform. x and y (s * n numbers each) are used up; the result stands in one of them. Not for Bluestein plans. */
void fft_lines(const FftPlan *p, int64_t s, void *xr, void *xi, void *yr, void *yi, const void **re, const void **im);

#endif
