/* See math.h. Series where they converge fast with terms of one sign, continued fractions (by Lentz's method) beyond,
 * prefactors by Stirling's series so that large parameters do not cancel. */
#include "kernels/math.h"
#include <float.h>
#include <math.h>
#include <stdbool.h>

enum { TERMS_MOST = 10000 };

double math_lgamma(double x) {
  int sign;
  return lgamma_r(x, &sign);
}

/* Recurrence up to 10, then log x - 1/2x - sum of B_2k / (2k x^2k). */
double math_digamma(double x) {
  if (x != x || x == INFINITY) return x;
  if (x <= 0) {
    if (x == floor(x)) return NAN;
    double part = x - rint(x); /* cot(pi x) has period 1 */
    return math_digamma(1 - x) - M_PI / tan(M_PI * part);
  }
  double shift = 0;
  for (; x < 10; x++) shift += 1 / x;
  double z = 1 / (x * x);
  double s = z * (1.0 / 12 - z * (1.0 / 120 - z * (1.0 / 252 - z * (1.0 / 240 - z * (1.0 / 132 - z * (691.0 / 32760 - z / 12))))));
  return log(x) - 0.5 / x - s - shift;
}

/* ---- incomplete gamma ---- */

/* log(1 + u) - u without cancellation */
static double log1p_minus(double u) {
  if (u < -0.5 || u > 1) return log1p(u) - u;
  double r = u / (2 + u), z = r * r, sum = 0, power = 1;
  for (int k = 3; k < 200; k += 2) {
    double term = power / k;
    sum += term;
    if (term < sum * DBL_EPSILON / 4) break;
    power *= z;
  }
  return r * (2 * z * sum - u);
}

/* log Gamma(a + 1) - (a + 1/2) log a + a - log(2 pi) / 2, a >= 10 */
static double stirling_error(double a) {
  double z = 1 / (a * a);
  return (1.0 / 12 - z * (1.0 / 360 - z * (1.0 / 1260 - z * (1.0 / 1680 - z * (1.0 / 1188 - z * 691.0 / 360360))))) / a;
}

/* x^a e^-x / Gamma(a + 1) */
static double gamma_density(double a, double x) {
  if (a < 10) return exp(a * log(x) - x - math_lgamma(a + 1));
  return exp(a * log1p_minus((x - a) / a) - stirling_error(a)) / sqrt(2 * M_PI * a);
}

typedef struct Dual { /* a value and its derivative by a */
  double v, d;
} Dual;

static Dual dual_div(Dual x, Dual y) { return (Dual){x.v / y.v, (x.d - x.v / y.v * y.d) / y.v}; }
static Dual dual_mul(Dual x, Dual y) { return (Dual){x.v * y.v, x.d * y.v + x.v * y.d}; }
static Dual dual_add(Dual x, Dual y) { return (Dual){x.v + y.v, x.d + y.d}; }

/* S = sum of x^n / ((a + 1) ... (a + n)): igamma = density * S */
static Dual gamma_series(double a, double x) {
  Dual sum = {1, 0}, term = {1, 0};
  for (int n = 1; n < TERMS_MOST; n++) {
    term = dual_mul(term, (Dual){x / (a + n), -x / ((a + n) * (a + n))});
    sum = dual_add(sum, term);
    if (term.v < sum.v * DBL_EPSILON / 4 && fabs(term.d) <= fabs(sum.d) * DBL_EPSILON / 4) break;
  }
  return sum;
}

/* H = 1/(x+1-a - 1(1-a)/(x+3-a - 2(2-a)/...)): igammac = density * a * H */
static Dual gamma_fraction(double a, double x) {
  Dual b = {x + 1 - a, -1}, c = {1 / DBL_MIN, 0}, d = dual_div((Dual){1, 0}, b), h = d;
  for (int n = 1; n < TERMS_MOST; n++) {
    Dual an = {-(double)n * (n - a), n};
    b.v += 2;
    Dual under = dual_add(dual_mul(an, d), b);
    d = dual_div((Dual){1, 0}, under);
    c = dual_add(b, dual_div(an, c));
    Dual step = dual_mul(c, d);
    h = dual_mul(h, step);
    if (fabs(step.v - 1) < DBL_EPSILON && fabs(step.d * h.v) <= fabs(h.d) * DBL_EPSILON + DBL_MIN) break;
  }
  return h;
}

static bool by_series(double a, double x) { return x <= 1 || x <= a + 1; }
static bool outside_gamma(double a, double x) { return !(x >= 0) || !(a > 0 || (a == 0 && x > 0)); }

double math_igamma(double a, double x) {
  if (outside_gamma(a, x)) return NAN;
  if (x == 0 || a == INFINITY) return x == INFINITY && a == INFINITY ? NAN : 0;
  if (x == INFINITY || a == 0) return 1;
  if (by_series(a, x)) return gamma_density(a, x) * gamma_series(a, x).v;
  return 1 - gamma_density(a, x) * a * gamma_fraction(a, x).v;
}

double math_igammac(double a, double x) {
  if (outside_gamma(a, x)) return NAN;
  if (x == 0 || a == INFINITY) return x == INFINITY && a == INFINITY ? NAN : 1;
  if (x == INFINITY || a == 0) return 0;
  if (by_series(a, x)) return 1 - gamma_density(a, x) * gamma_series(a, x).v;
  return gamma_density(a, x) * a * gamma_fraction(a, x).v;
}

double math_igamma_grad_a(double a, double x) {
  if (outside_gamma(a, x) || a == 0) return NAN;
  if (x == 0 || x == INFINITY || a == INFINITY) return 0;
  double density = gamma_density(a, x);
  if (by_series(a, x)) {
    Dual s = gamma_series(a, x);
    return density * (s.v * (log(x) - math_digamma(a + 1)) + s.d);
  }
  Dual h = gamma_fraction(a, x);
  return -density * a * (h.v * (log(x) - math_digamma(a)) + h.d);
}

/* -(d igamma / da) / (d igamma / dx), where d igamma / dx = density * a / x */
double math_random_gamma_grad(double a, double x) {
  if (outside_gamma(a, x) || a == 0) return NAN;
  if (x == 0 || a == INFINITY) return 0;
  if (x == INFINITY) return NAN;
  if (by_series(a, x)) {
    Dual s = gamma_series(a, x);
    return -(x / a) * (s.v * (log(x) - math_digamma(a + 1)) + s.d);
  }
  Dual h = gamma_fraction(a, x);
  return x * (h.v * (log(x) - math_digamma(a)) + h.d);
}

/* ---- zeta and polygamma ---- */

/* The first terms, then Euler and Maclaurin's remainder. */
double math_zeta(double x, double q) {
  static const double scale[] = {12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10,
                                 -2.950130727918164224e12, 1.1646782814350067249e14, -4.5979787224074726105e15,
                                 1.8152105401943546773e17, -7.1661652561756670113e18}; /* (2k)! / B_2k */
  if (x == 1) return INFINITY;
  if (q <= 0 && q == floor(q)) return x == floor(x) && fmod(x, 2) == 0 ? INFINITY : NAN;
  if (!(x > 1) || q != q || (q <= 0 && x != floor(x))) return NAN;
  if (q == INFINITY) return 0;
  double sum = pow(q, -x), a = q, b = sum;
  for (int i = 0; i < 9 || a <= 9; i++) {
    a += 1;
    b = pow(a, -x);
    sum += b;
    if (fabs(b) < fabs(sum) * DBL_EPSILON / 4 && a > 0) return sum;
  }
  sum += b * a / (x - 1) - b / 2;
  double factor = 1, k = 0;
  for (int i = 0; i < 12; i++) {
    factor *= x + k;
    b /= a;
    double term = factor * b / scale[i];
    sum += term;
    if (fabs(term) < fabs(sum) * DBL_EPSILON / 4) break;
    k += 1;
    factor *= x + k;
    b /= a;
    k += 1;
  }
  return sum;
}

double math_polygamma(double n, double x) {
  if (n != n || x != x || n < 0 || n != floor(n)) return NAN;
  if (n == 0) return math_digamma(x);
  double size = exp(math_lgamma(n + 1)) * math_zeta(n + 1, x);
  return fmod(n, 2) == 0 ? -size : size;
}

/* ---- incomplete beta ---- */

/* log Gamma(a + b) - log Gamma(a), which cancels when a is large */
static double gamma_ratio(double a, double b) {
  if (a < 10) return math_lgamma(a + b) - math_lgamma(a);
  return (a - 0.5) * log1p(b / a) + b * log(a + b) - b + (stirling_error(a + b) - stirling_error(a));
}

/* x^a y^b / B(a, b), y = 1 - x */
static double beta_density(double a, double b, double x, double y) {
  if (a < 10 || b < 10) {
    double powers = a * (x < 0.5 ? log(x) : log1p(-y)) + b * (y < 0.5 ? log(y) : log1p(-x));
    return exp(powers + (a > b ? gamma_ratio(a, b) - math_lgamma(b) : gamma_ratio(b, a) - math_lgamma(a)));
  }
  double off = x * b - a * y;
  double power = a * log1p_minus(off / a) + b * log1p_minus(-off / b);
  double correction = stirling_error(a + b) - stirling_error(a) - stirling_error(b);
  return exp(power + correction) * sqrt(a / (2 * M_PI) * (b / (a + b)));
}

static double beta_fraction(double a, double b, double x) {
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  if (fabs(d) < DBL_MIN) d = DBL_MIN;
  double h = d = 1 / d;
  for (int m = 1; m < TERMS_MOST; m++) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / (1 + even * d);
    c = 1 + even / c;
    h *= d * c;
    d = 1 / (1 + odd * d);
    c = 1 + odd / c;
    h *= d * c;
    if (fabs(d * c - 1) < DBL_EPSILON) break;
  }
  return h;
}

double math_betainc(double a, double b, double x) {
  if (!(a >= 0) || !(b >= 0) || !(x >= 0) || x > 1 || a == INFINITY || b == INFINITY || (a == 0 && b == 0)) return NAN;
  if (x == 0 || x == 1) return a == 0 || b == 0 ? NAN : x;
  if (a == 0 || b == 0) return a == 0 ? 1 : 0;
  if (x > (a + 1) / (a + b + 2)) return 1 - beta_density(b, a, 1 - x, x) * beta_fraction(b, a, 1 - x) / b;
  return beta_density(a, b, x, 1 - x) * beta_fraction(a, b, x) / a;
}
