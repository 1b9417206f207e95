/* The loops of Fourier transforms for any processor. */
#include "kernels/fft_plan.h"
#define FFT_LOOPS fft_base
#include "kernels/fft_loops.h"
