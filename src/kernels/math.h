/* Scalar functions that libm lacks. All in f64, relative error about 1e-14 where the function is well conditioned; f32 calls
 * them and rounds. Outside a domain the result is NaN, as in JAX. Thread-safe. */
#ifndef KERNELS_MATH_H
#define KERNELS_MATH_H

double math_lgamma(double x);
double math_digamma(double x);                           /* NaN at 0, -1, -2, ... */
double math_igamma(double a, double x);                  /* lower incomplete gamma, regularized */
double math_igammac(double a, double x);                 /* 1 - igamma */
double math_igamma_grad_a(double a, double x);           /* d igamma / da */
double math_random_gamma_grad(double a, double x);       /* dx/da of a gamma(a) sample x at fixed probability */
double math_zeta(double x, double q);                    /* sum of (q + k)^-x */
double math_polygamma(double n, double x);
double math_betainc(double a, double b, double x);       /* regularized incomplete beta */

#endif
