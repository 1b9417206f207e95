/* See matrix_own.h. */
#include "kernels/matrix_own.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define R float
#define R_EPS FLT_EPSILON
#define R_MAX FLT_MAX
#define RABS fabsf
#define RSQRT sqrtf
#define RHYPOT hypotf
#define T float
#define CPLX 0
#define FN(name) name##_f32
#include "kernels/matrix_loops.h"
#undef T
#undef CPLX
#undef FN
#define T float _Complex
#define CPLX 1
#define FN(name) name##_c64
#include "kernels/matrix_loops.h"
#undef T
#undef CPLX
#undef FN
#undef R
#undef R_EPS
#undef R_MAX
#undef RABS
#undef RSQRT
#undef RHYPOT

#define R double
#define R_EPS DBL_EPSILON
#define R_MAX DBL_MAX
#define RABS fabs
#define RSQRT sqrt
#define RHYPOT hypot
#define T double
#define CPLX 0
#define FN(name) name##_f64
#include "kernels/matrix_loops.h"
#undef T
#undef CPLX
#undef FN
#define T double _Complex
#define CPLX 1
#define FN(name) name##_c128
#include "kernels/matrix_loops.h"

#define OWN(t)                                                                                                                     \
  {cholesky_##t, lu_##t, triangular_##t, lu_solve_##t, qr_##t, make_q_##t, multiply_q_##t, eigh_##t, svd_##t, tridiagonal_##t}
const MatrixOwn matrix_own[4] = {OWN(f32), OWN(f64), OWN(c64), OWN(c128)};
