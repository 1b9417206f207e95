/* One step of Stockham's transform and pointwise products, per element type. Included by fft_base.c, fft_avx2.c, fft_avx512.c, which set FFT_LOOPS.
 * A step takes x[q + s (p + m j)], j < radix, to y[q + s (radix p + k)] = w^(k p) sum over j of x_j exp(-2 pi i j k / radix), for p < m, q < s. */

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define LOCAL(name) JOIN(JOIN(name##_, FFT_TYPE), JOIN(_, FFT_LOOPS))

#define FFT_TYPE float
#include "kernels/fft_steps.h"
#undef FFT_TYPE
#define FFT_TYPE double
#include "kernels/fft_steps.h"
#undef FFT_TYPE

#define PICK(name) {JOIN(JOIN(name##_, float), JOIN(_, FFT_LOOPS)), JOIN(JOIN(name##_, double), JOIN(_, FFT_LOOPS))}
const FftLoops FFT_LOOPS = {PICK(fft_step), PICK(fft_multiply)};
