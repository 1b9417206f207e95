/* Discrete Fourier transforms of any length, f32 and f64: mixed radix (2, 3, 4, 5 and small primes) after Stockham, which needs no reordering;
 * lengths with large prime factors become convolutions (Bluestein). Twiddles are computed in double precision, exactly reduced. Many lines are
 * transformed side by side, real and imaginary parts apart, so that the inner loops run over contiguous memory. Plans are kept. */
#ifndef KERNELS_FFT_H
#define KERNELS_FFT_H

#include "ir/view.h"
#include <stdbool.h>

typedef enum CxFftType { CX_FFT, CX_IFFT, CX_RFFT, CX_IRFFT } CxFftType;

/* Over the last n_axes axes, dense arrays; inverses are scaled by 1 / the number of elements. CX_RFFT: in real, out complex with n / 2 + 1 along the
 * last axis; CX_IRFFT the other way, lengths from out. */
bool kernel_fft(CxFftType type, int n_axes, const CxView *in, const CxView *out);

#endif
