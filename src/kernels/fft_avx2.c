/* The loops of Fourier transforms for AVX2. */
#include "kernels/fft_plan.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC target("avx2,fma")
#endif
#define FFT_LOOPS fft_avx2
#include "kernels/fft_loops.h"
#if defined(__clang__)
#pragma clang attribute pop
#endif
#endif
