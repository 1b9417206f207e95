/* Floats of other distributions, from uniform and normal ones: by the inverse distribution function, or by the way the variable is made. */
#include "random/sample.h"

#include "base/error.h"
#include "np/arith.h"
#include "np/axes.h"
#include <math.h>

static CxVal num(CxDtype d, double v) { return cx_scalar(d, v); }
static CxVal from(CxVal key, CxInts shape, CxDtype d, double lowest) { return random_between(key, shape, d, num(d, lowest), num(d, 1)); }

/* ---- without parameters ---- */

/* Opens a sampler: the key, and the float dtype. */
#define OPEN(name) \
  CxVal k = random_key(name, key); \
  if (!k || !random_float(name, &o.dtype)) return NULL; \
  CxDtype d = o.dtype

CxVal random_exponentials(CxVal key, CxInts shape, CxDtype d) { return cx_neg(cx_log1p(cx_neg(random_units(key, shape, d)))); }

CxVal cx_rand_exponential(CxVal key, CxRandExponential o) {
  OPEN("exponential");
  return random_exponentials(k, o.shape, d);
}

CxVal cx_rand_laplace(CxVal key, CxRandLaplace o) {
  OPEN("laplace");
  CxVal u = from(k, o.shape, d, random_float_info(d).epsneg - 1);
  return cx_mul(cx_sign(u), cx_log1p(cx_neg(cx_abs(u))));
}

CxVal cx_rand_logistic(CxVal key, CxRandLogistic o) {
  OPEN("logistic");
  CxVal u = from(k, o.shape, d, random_float_info(d).tiny);
  return cx_sub(cx_log(u), cx_log1p(cx_neg(u)));
}

CxVal cx_rand_cauchy(CxVal key, CxRandCauchy o) {
  OPEN("cauchy");
  CxVal u = from(k, o.shape, d, random_float_info(d).eps);
  return cx_tan(cx_mul(num(d, M_PI), cx_sub(u, num(d, 0.5))));
}

static CxVal with_last(CxInts shape, int64_t extent, int64_t *store, CxInts *out) { /* extent as a new last axis */
  if (shape.n >= CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "the shape has too many axes"), NULL;
  if (shape.n) memcpy(store, shape.v, (size_t)shape.n * sizeof *store);
  store[shape.n] = extent;
  *out = (CxInts){.v = store, .n = shape.n + 1};
  return num(CX_BOOL, 1);
}

static CxVal maxwells(CxVal key, CxInts shape, CxDtype d) { /* the length of a normal vector in space */
  int64_t store[CX_MAX_RANK], last = shape.n;
  CxInts in;
  return with_last(shape, 3, store, &in) ? cx_sqrt(cx_reduce_sum(cx_square(random_normals(key, in, d)), (CxInts){.v = &last, .n = 1})) : NULL;
}

CxVal cx_rand_maxwell(CxVal key, CxRandMaxwell o) {
  OPEN("maxwell");
  return maxwells(k, o.shape, d);
}

static CxVal signs(CxVal key, CxInts shape, CxDtype d) {
  CxDtype f = np_canonical(CX_F64);
  CxVal heads = cx_convert(cx_lt(random_units(key, shape, f), num(f, 0.5)), d);
  return cx_sub(cx_mul(num(d, 2), heads), num(d, 1));
}

CxVal cx_rand_rademacher(CxVal key, CxRandRademacher o) {
  CxVal k = random_key("rademacher", key);
  return k ? signs(k, o.shape, o.dtype ? o.dtype : np_canonical(CX_I64)) : NULL;
}

/* ---- with parameters that broadcast to the shape ---- */

#define OPEN_WITH(name, ...) \
  OPEN(name); \
  CxVal params[] = {__VA_ARGS__}; \
  int64_t store[CX_MAX_RANK]; \
  CxInts shape; \
  uint32_t n_params = sizeof params / sizeof *params; \
  if (!random_shape(name, o.shape, n_params, params, store, &shape) || !random_castable(name, d, n_params, params)) return NULL

CxVal cx_rand_pareto(CxVal key, CxVal b, CxRandPareto o) {
  OPEN_WITH("pareto", b);
  return cx_exp(cx_div(random_exponentials(k, shape, d), random_spread(b, d, shape)));
}

CxVal cx_rand_rayleigh(CxVal key, CxVal scale, CxRandRayleigh o) {
  OPEN_WITH("rayleigh", scale);
  return cx_mul(random_spread(scale, d, shape), cx_sqrt(cx_mul(cx_log(random_units(k, shape, d)), num(d, -2))));
}

CxVal cx_rand_wald(CxVal key, CxVal mean, CxRandWald o) {
  OPEN_WITH("wald", mean);
  CxVal two[2], m = random_spread(mean, d, shape);
  if (!random_split_to(k, 2, two)) return NULL;
  CxVal y = cx_integer_pow(random_normals(two[0], shape, d), 2), z = random_units(two[1], shape, d), m2 = cx_integer_pow(m, 2);
  CxVal root = cx_sqrt(cx_add(cx_mul(cx_mul(num(d, 4), m), y), cx_mul(m2, cx_integer_pow(y, 2))));
  CxVal x = cx_sub(cx_add(m, cx_div(cx_mul(m2, y), num(d, 2))), cx_mul(cx_div(m, num(d, 2)), root));
  return random_pick(cx_le(z, cx_div(m, cx_add(m, x))), x, cx_div(m2, x));
}

CxVal cx_rand_triangular(CxVal key, CxVal left, CxVal mode, CxVal right, CxRandTriangular o) {
  OPEN_WITH("triangular", left, mode, right);
  CxVal l = random_spread(left, d, shape), m = random_spread(mode, d, shape), r = random_spread(right, d, shape);
  CxVal span = cx_sub(r, l), u = random_units(k, shape, d);
  CxVal low = cx_add(l, cx_sqrt(cx_mul(cx_mul(u, span), cx_sub(m, l))));
  CxVal high = cx_sub(r, cx_sqrt(cx_mul(cx_mul(cx_sub(num(d, 1), u), span), cx_sub(r, m))));
  return random_pick(cx_lt(u, cx_div(cx_sub(m, l), span)), low, high);
}

CxVal cx_rand_lognormal(CxVal key, CxRandLognormal o) {
  CxVal k = random_key("lognormal", key), sigma = o.sigma ? o.sigma : cx_scalar(CX_F32, 1);
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_F64);
  int64_t store[CX_MAX_RANK];
  CxInts shape;
  if (!k) return NULL;
  if (!strchr("fc", cx_dtype_kind(d)))
    return cx_fail(CX_ERR_VALUE, "dtype argument to `lognormal` must be a float or complex dtype, got %s", cx_dtype_name(d)), NULL;
  if (!random_shape("lognormal", o.shape, 1, &sigma, store, &shape) || !random_castable("lognormal", d, 1, &sigma)) return NULL;
  return cx_exp(cx_mul(random_normals(k, shape, d), random_spread(sigma, d, shape)));
}

CxVal cx_rand_weibull_min(CxVal key, CxVal scale, CxVal concentration, CxRandWeibullMin o) {
  OPEN("weibull_min");
  CxVal u = random_units(k, o.shape, d), one = cx_weak_scalar(np_canonical(CX_F64), 1);
  return cx_np_multiply(cx_np_power(cx_neg(cx_log1p(cx_neg(u))), cx_np_true_divide(one, concentration)), scale);
}

CxVal cx_rand_double_sided_maxwell(CxVal key, CxVal loc, CxVal scale, CxRandDoubleSidedMaxwell o) {
  OPEN("double_sided_maxwell");
  CxVal params[2] = {loc, scale}, two[2];
  int64_t store[CX_MAX_RANK], all[CX_MAX_RANK];
  CxInts own, first = o.shape;
  if (!random_shape("double_sided_maxwell", (CxInts){.none = true}, 2, params, store, &own) || !random_split_to(k, 2, two)) return NULL;
  if (!first.n) first = own;
  if (first.n + own.n > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "double_sided_maxwell: the shape has too many axes"), NULL;
  for (int i = 0; i < first.n; i++) all[i] = first.v[i];
  for (int i = 0; i < own.n; i++) all[first.n + i] = own.v[i];
  CxInts shape = {.v = all, .n = first.n + own.n};
  return cx_np_add(cx_np_multiply(cx_mul(signs(two[1], shape, d), maxwells(two[0], shape, d)), scale), loc);
}

/* ---- gamma and its relatives ---- */

CxVal random_gammas(CxVal key, CxVal a, CxInts shape, CxDtype d, bool log_space) { return cx_random_gamma(key, random_spread(a, d, shape), log_space); }

static CxVal gammas(CxVal key, CxVal a, CxInts given, CxDtype d, bool log_space) {
  int64_t store[CX_MAX_RANK];
  CxInts shape;
  CxVal k = random_key(log_space ? "loggamma" : "gamma", key);
  if (!k || !random_float("gamma", &d) || !random_shape("gamma", given, 1, &a, store, &shape)) return NULL;
  return random_gammas(k, a, shape, d, log_space);
}

CxVal cx_rand_gamma(CxVal key, CxVal a, CxRandGamma o) { return gammas(key, a, o.shape, o.dtype, false); }
CxVal cx_rand_loggamma(CxVal key, CxVal a, CxRandLoggamma o) { return gammas(key, a, o.shape, o.dtype, true); }

CxVal cx_rand_beta(CxVal key, CxVal a, CxVal b, CxRandBeta o) {
  OPEN_WITH("beta", a, b);
  CxVal two[2];
  if (!random_split_to(k, 2, two)) return NULL;
  CxVal x = random_gammas(two[0], a, shape, d, true), y = random_gammas(two[1], b, shape, d, true), top = cx_max(x, y);
  CxVal ex = cx_exp(cx_sub(x, top)), ey = cx_exp(cx_sub(y, top));
  return cx_div(ex, cx_add(ex, ey));
}

CxVal cx_rand_dirichlet(CxVal key, CxVal alpha, CxRandDirichlet o) {
  OPEN("dirichlet");
  int64_t store[CX_MAX_RANK], all[CX_MAX_RANK];
  CxInts shape, in;
  if (!alpha) return NULL;
  int last = alpha->type->rank - 1;
  if (last < 0) return cx_fail(CX_ERR_VALUE, "dirichlet requires alpha.ndim >= 1, got alpha.ndim == 0"), NULL;
  CxVal batch = cx_zeros(cx_type(CX_BOOL, last, alpha->type->dims, false));
  if (!random_shape("dirichlet", o.shape, 1, &batch, store, &shape) || !with_last(shape, alpha->type->dims[last], all, &in)) return NULL;
  return nn_softmax(random_gammas(k, alpha, in, d, true));
}

static CxVal chisquares(CxVal key, CxVal df, CxInts shape, CxDtype d) {
  return cx_mul(cx_exp(random_gammas(key, cx_div(cx_convert(df, d), num(d, 2)), shape, d, true)), num(d, 2));
}

CxVal cx_rand_chisquare(CxVal key, CxVal df, CxRandChisquare o) {
  OPEN_WITH("chisquare", df);
  return chisquares(k, df, shape, d);
}

CxVal cx_rand_f(CxVal key, CxVal dfnum, CxVal dfden, CxRandF o) {
  OPEN_WITH("f", dfnum, dfden);
  CxVal two[2];
  if (!random_split_to(k, 2, two)) return NULL;
  CxVal above = cx_div(chisquares(two[1], dfnum, shape, d), random_spread(dfnum, d, shape));
  return cx_div(above, cx_div(chisquares(two[0], dfden, shape, d), random_spread(dfden, d, shape)));
}

CxVal cx_rand_t(CxVal key, CxVal df, CxRandT o) {
  OPEN_WITH("t", df);
  CxVal two[2], half = cx_div(cx_convert(df, d), num(d, 2));
  if (!random_split_to(k, 2, two)) return NULL;
  return cx_mul(random_normals(two[0], shape, d), cx_sqrt(cx_div(random_spread(half, d, shape), random_gammas(two[1], half, shape, d, false))));
}

static CxVal generalized(CxVal key, CxVal p, CxInts shape, CxDtype d) {
  CxVal two[2], over = cx_np_true_divide(cx_weak_scalar(np_canonical(CX_I64), 1), p), a = over;
  int64_t store[CX_MAX_RANK];
  if (!over || !random_split_to(key, 2, two) || !random_shape("gamma", shape, 1, &a, store, &shape)) return NULL;
  return cx_np_multiply(signs(two[1], shape, d), cx_np_power(random_gammas(two[0], over, shape, d, false), over));
}

CxVal cx_rand_generalized_normal(CxVal key, CxVal p, CxRandGeneralizedNormal o) {
  OPEN("generalized_normal");
  return generalized(k, p, o.shape, d);
}

CxVal cx_rand_ball(CxVal key, int64_t dim, CxRandBall o) {
  OPEN("ball");
  CxVal two[2], p = o.p ? o.p : cx_weak_scalar(np_canonical(CX_I64), 2);
  int64_t store[CX_MAX_RANK], last = o.shape.n;
  CxInts in;
  if (!with_last(o.shape, dim, store, &in) || !random_split_to(k, 2, two)) return NULL;
  CxVal g = generalized(two[0], p, in, d), e = random_exponentials(two[1], o.shape, d);
  CxInts axis = {.v = &last, .n = 1};
  CxVal norm = cx_np_power(cx_add(cx_reduce_sum(cx_np_power(cx_abs(g), p), axis), e), cx_np_true_divide(cx_weak_scalar(np_canonical(CX_I64), 1), p));
  return cx_div(g, cx_expand_dims(norm, axis));
}
