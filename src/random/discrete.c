/* Integers of other distributions. Small means add up exponential or geometric waiting times; great ones accept or reject floats of a similar
 * density (Hörmann's transformed rejection), in rounds over all elements until every one has been accepted. */
#include "random/sample.h"

#include "base/error.h"
#include "np/broadcast.h"
#include <cuirax/control.h>
#include <math.h>

static CxVal num(CxDtype d, double v) { return cx_scalar(d, v); }
static CxVal like(CxVal x, double v) { return cx_like(x, v); }

/* ---- rounds ---- */

typedef bool Step(void *env, const CxVal *in, uint32_t n, CxVals *out);

static CxGraph *staged(const char *name, Step *step, const CxVal *carry, uint32_t n) {
  const CxType *types[16];
  for (uint32_t i = 0; i < n; i++) types[i] = carry[i]->type;
  CxFn *f = cx_fn(name, step, NULL, NULL);
  CxVals captured = {0};
  CxGraph *g = f ? cx_stage(f, types, n, &captured) : NULL;
  cx_vals_free(&captured);
  if (f) cx_fn_release(f);
  return g;
}

/* The carry after `step` has been applied while `go_on` holds; element `which` of it. */
static CxVal rounds(Step *go_on, Step *step, const CxVal *carry, uint32_t n, uint32_t which) {
  CxVals out = {0};
  for (uint32_t i = 0; i < n; i++)
    if (!carry[i]) return NULL;
  CxGraph *cond = staged("goes_on", go_on, carry, n), *body = cond ? staged("round", step, carry, n) : NULL;
  CxVal r = body && cx_while(cond, 0, body, 0, carry, n, &out) ? out.v[which] : NULL;
  cx_vals_free(&out);
  cx_graph_release(cond);
  cx_graph_release(body);
  return r;
}

static bool push(CxVals *out, uint32_t n, const CxVal *v) {
  for (uint32_t i = 0; i < n; i++) TRY(cx_vals_push(out, v[i]));
  return true;
}

static CxVal any(CxVal x) {
  int64_t axes[CX_MAX_RANK];
  for (int i = 0; x && i < x->type->rank; i++) axes[i] = i;
  return x ? cx_reduce_or(x, (CxInts){axes, x->type->rank, false}) : NULL;
}

static CxVal filled(CxVal x, CxDtype d, double v) { return cx_full(cx_type_with_dtype(x->type, d, false), v); }
static CxVal next(CxVal i) { return cx_add(i, cx_scalar_i64(CX_I32, 1)); }
static CxVal most_rounds(CxDtype d) { return cx_scalar_i64(CX_I32, np_highest(d) > INT32_MAX ? INT32_MAX : (int64_t)np_highest(d)); }
static CxVal zero_rounds(void) { return cx_scalar_i64(CX_I32, 0); }
static CxInts dims_of(CxVal x) { return (CxInts){x->type->dims, x->type->rank, false}; }

/* ---- poisson ---- */

enum { KNUTH_I, KNUTH_K, KNUTH_KEY, KNUTH_LOG, KNUTH_LAM, KNUTH_MOST, KNUTH_N };

static bool knuth_goes_on(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  return cx_vals_push(out, cx_and(any(cx_gt(in[KNUTH_LOG], cx_neg(in[KNUTH_LAM]))), cx_lt(in[KNUTH_I], in[KNUTH_MOST])));
}

static bool knuth_round(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal two[2], k = in[KNUTH_K];
  TRY(random_split_to(in[KNUTH_KEY], 2, two));
  k = cx_select(cx_gt(in[KNUTH_LOG], cx_neg(in[KNUTH_LAM])), cx_add(k, like(k, 1)), k);
  CxVal product = cx_add(in[KNUTH_LOG], cx_log(random_units(two[1], dims_of(in[KNUTH_LAM]), CX_F32)));
  return push(out, KNUTH_N, (CxVal[]){next(in[KNUTH_I]), k, two[0], product, in[KNUTH_LAM], in[KNUTH_MOST]});
}

static CxVal poisson_small(CxVal key, CxVal lam, CxDtype d) { /* uniform floats are multiplied until exp(-lam) is reached */
  CxVal k = rounds(knuth_goes_on, knuth_round, (CxVal[]){zero_rounds(), filled(lam, d, 0), key, filled(lam, CX_F32, 0), lam, most_rounds(d)}, KNUTH_N, KNUTH_K);
  return k ? cx_sub(k, like(k, 1)) : NULL;
}

enum { REJECT_I, REJECT_OUT, REJECT_DONE, REJECT_KEY, REJECT_MOST, REJECT_LAM, REJECT_N };

static bool reject_goes_on(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  return cx_vals_push(out, cx_and(any(cx_not(in[REJECT_DONE])), cx_lt(in[REJECT_I], in[REJECT_MOST])));
}

static CxVal scaled(double v, CxVal x) { return cx_mul(like(x, v), x); }
static CxVal plus(CxVal x, double v) { return cx_add(x, like(x, v)); }
static CxVal over(double v, CxVal x) { return cx_div(like(x, v), x); }

static bool poisson_round(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal lam = in[REJECT_LAM], keys[3];
  CxInts shape = dims_of(lam);
  TRY(random_split_to(in[REJECT_KEY], 3, keys));
  CxVal b = cx_add(like(lam, 0.931), scaled(2.53, cx_sqrt(lam))), a = plus(scaled(0.02483, b), -0.059);
  CxVal inv_alpha = cx_add(like(b, 1.1239), over(1.1328, plus(b, -3.4))), v_r = cx_sub(like(b, 0.9277), over(3.6224, plus(b, -2)));
  CxVal u = plus(random_units(keys[1], shape, CX_F32), -0.5), v = random_units(keys[2], shape, CX_F32);
  CxVal near = cx_sub(like(u, 0.5), cx_abs(u));
  CxVal k = cx_floor(plus(cx_add(cx_mul(cx_add(cx_div(scaled(2, a), near), b), u), lam), 0.43));
  CxVal s = cx_log(cx_div(cx_mul(v, inv_alpha), cx_add(cx_div(a, cx_mul(near, near)), b)));
  CxVal t = cx_sub(cx_add(cx_neg(lam), cx_mul(k, cx_log(lam))), cx_lgamma(plus(k, 1)));
  CxVal sure = cx_and(cx_ge(near, like(near, 0.07)), cx_le(v, v_r));
  CxVal never = cx_or(cx_lt(k, like(k, 0)), cx_and(cx_lt(near, like(near, 0.013)), cx_gt(v, near)));
  CxVal accept = cx_or(sure, cx_and(cx_not(never), cx_le(s, t)));
  return push(out, REJECT_N, (CxVal[]){next(in[REJECT_I]), cx_select(accept, k, in[REJECT_OUT]), cx_or(in[REJECT_DONE], accept), keys[0], in[REJECT_MOST], lam});
}

static CxVal poisson_great(CxVal key, CxVal lam, CxDtype d) {
  CxVal carry[REJECT_N] = {zero_rounds(), filled(lam, CX_F32, -1), filled(lam, CX_BOOL, 0), key, most_rounds(d), lam};
  return cx_convert(rounds(reject_goes_on, poisson_round, carry, REJECT_N, REJECT_OUT), d);
}

static bool int_dtype(const char *name, CxDtype *d) {
  if (!*d) *d = np_canonical(CX_I64);
  return strchr("iu", cx_dtype_kind(*d)) || cx_fail(CX_ERR_VALUE, "dtype argument to `%s` must be an int dtype, got %s", name, cx_dtype_name(*d));
}

CxVal cx_rand_poisson(CxVal key, CxVal lam, CxRandPoisson o) {
  CxVal k = random_key("poisson", key);
  if (!k || !lam || !int_dtype("poisson", &o.dtype)) return NULL;
  if (k->type->dtype != CX_KEY_FRY) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "`poisson` is only implemented for the threefry2x32 RNG, not for keys of another kind"), NULL;
  if (!o.shape.none && !(lam = cx_broadcast_to(lam, o.shape.n, o.shape.v))) return NULL;
  lam = cx_convert(lam, CX_F32);
  CxVal small = cx_or(np_is_nan(lam), cx_lt(lam, like(lam, 10)));
  CxVal few = poisson_small(k, cx_select(small, lam, filled(lam, CX_F32, 0)), o.dtype), many = poisson_great(k, cx_select(small, filled(lam, CX_F32, 1e5), lam), o.dtype);
  if (!few || !many) return NULL;
  return cx_select(cx_eq(lam, like(lam, 0)), filled(lam, o.dtype, 0), cx_select(small, few, many));
}

/* ---- geometric ---- */

CxVal cx_rand_geometric(CxVal key, CxVal p, CxRandGeometric o) {
  CxVal k = random_key("geometric", key);
  int64_t store[CX_MAX_RANK];
  CxInts shape;
  if (!k || !p || !int_dtype("geometric", &o.dtype) || !random_shape("geometric", o.shape, 1, &p, store, &shape) || !np_promote_inexact(1, &p)) return NULL;
  CxVal u = random_units(k, shape, p->type->dtype);
  u = u ? cx_select(cx_eq(u, like(u, 0)), cx_full(u->type, 1), u) : NULL;
  CxVal fail = cx_broadcast_to(cx_log1p(cx_neg(p)), shape.n, shape.v);
  return fail ? cx_convert(plus(cx_floor(cx_div(cx_log(u), cx_convert(fail, p->type->dtype))), 1), o.dtype) : NULL;
}

/* ---- binomial ---- */

enum { WAIT_I, WAIT_N_TRIED, WAIT_SUM, WAIT_KEY, WAIT_COUNT, WAIT_LOG, WAIT_MOST, WAIT_N };

static bool wait_goes_on(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  return cx_vals_push(out, cx_and(any(cx_le(in[WAIT_SUM], in[WAIT_COUNT])), cx_lt(in[WAIT_I], in[WAIT_MOST])));
}

static bool wait_round(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal two[2], tried = in[WAIT_N_TRIED];
  TRY(random_split_to(in[WAIT_KEY], 2, two));
  tried = cx_select(cx_le(in[WAIT_SUM], in[WAIT_COUNT]), plus(tried, 1), tried);
  CxVal wait = cx_ceil(cx_div(cx_log(random_units(two[0], dims_of(tried), tried->type->dtype)), in[WAIT_LOG]));
  return push(out, WAIT_N, (CxVal[]){next(in[WAIT_I]), tried, cx_add(in[WAIT_SUM], wait), two[1], in[WAIT_COUNT], in[WAIT_LOG], in[WAIT_MOST]});
}

static CxVal binomial_small(CxVal key, CxVal count, CxVal p, CxDtype d) { /* geometric waiting times are added up to the number of trials */
  CxDtype f = p->type->dtype;
  CxVal carry[WAIT_N] = {zero_rounds(), filled(p, f, 0), filled(p, f, 0), key, count, cx_log1p(cx_neg(p)), most_rounds(d)};
  CxVal k = rounds(wait_goes_on, wait_round, carry, WAIT_N, WAIT_N_TRIED);
  return k ? cx_convert(plus(k, -1), d) : NULL;
}

static CxVal stirling_tail(CxVal k) { /* log k! less Stirling's formula */
  static const double tail[10] = {0.0810614667953272,  0.0413406959554092,  0.0276779256849983, 0.02079067210376509, 0.0166446911898211,
                                  0.0138761288230707,  0.0118967099458917,  0.010411265261972,  0.00925546218271273, 0.00833056343336287};
  CxDtype d = k->type->dtype;
  CxVal small = cx_le(k, like(k, 9)), table[10];
  k = cx_clamp(num(d, 0), k, num(d, 9));
  CxVal k1 = plus(k, 1), square = cx_mul(k1, k1);
  CxVal series = cx_div(cx_sub(like(k, 1.0 / 12), cx_div(cx_sub(like(k, 1.0 / 360), over(1.0 / 1260, square)), square)), k1);
  for (int i = 0; i < 10; i++) table[i] = filled(k, d, tail[i]);
  return cx_select(small, cx_select_n(cx_convert(cx_floor(k), CX_I32), 10, table), series);
}

enum { BTRS_I, BTRS_OUT, BTRS_DONE, BTRS_KEY, BTRS_MOST, BTRS_COUNT, BTRS_P, BTRS_N };

static CxVal btrs_bound(CxVal count, CxVal k, CxVal m, CxVal r) {
  CxVal left = plus(cx_sub(count, m), 1), rest = plus(cx_sub(count, k), 1);
  CxVal x = cx_mul(plus(m, 0.5), cx_log(cx_div(plus(m, 1), cx_mul(r, left))));
  x = cx_add(x, cx_mul(plus(count, 1), cx_log(cx_div(left, rest))));
  x = cx_add(x, cx_mul(plus(k, 0.5), cx_log(cx_div(cx_mul(r, rest), plus(k, 1)))));
  x = cx_add(cx_add(x, stirling_tail(m)), stirling_tail(cx_sub(count, m)));
  return cx_sub(cx_sub(x, stirling_tail(k)), stirling_tail(cx_sub(count, k)));
}

static bool btrs_round(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal count = in[BTRS_COUNT], p = in[BTRS_P], q = cx_sub(like(p, 1), p), keys[3];
  CxInts shape = dims_of(p);
  TRY(random_split_to(in[BTRS_KEY], 3, keys));
  CxVal deviation = cx_sqrt(cx_mul(cx_mul(count, p), q)), b = cx_add(like(p, 1.15), scaled(2.53, deviation));
  CxVal a = cx_add(cx_add(like(b, -0.0873), scaled(0.0248, b)), scaled(0.01, p)), c = plus(cx_mul(count, p), 0.5);
  CxVal v_r = cx_sub(like(b, 0.92), over(4.2, b)), r = cx_div(p, q), alpha = cx_mul(cx_add(like(b, 2.83), over(5.1, b)), deviation);
  CxVal m = cx_floor(cx_mul(plus(count, 1), p));
  CxVal u = plus(random_units(keys[1], shape, p->type->dtype), -0.5), v = random_units(keys[2], shape, p->type->dtype);
  CxVal near = cx_sub(like(u, 0.5), cx_abs(u)), sure = cx_and(cx_ge(near, like(near, 0.07)), cx_le(v, v_r));
  CxVal k = cx_floor(cx_add(cx_mul(cx_add(cx_div(scaled(2, a), near), b), u), c));
  if (!k) return false;
  CxVal never = cx_or(cx_lt(k, like(k, 0)), cx_gt(k, count));
  v = cx_log(cx_div(cx_mul(v, alpha), cx_add(cx_div(a, cx_mul(near, near)), b)));
  CxVal accept = cx_or(sure, cx_and(cx_not(never), cx_le(v, btrs_bound(count, k, m, r))));
  return push(out, BTRS_N, (CxVal[]){next(in[BTRS_I]), cx_select(accept, k, in[BTRS_OUT]), cx_or(in[BTRS_DONE], accept), keys[0], in[BTRS_MOST], count, p});
}

static CxVal binomial_great(CxVal key, CxVal count, CxVal p, CxDtype d) {
  CxVal carry[BTRS_N] = {zero_rounds(), filled(p, p->type->dtype, -1), filled(p, CX_BOOL, 0), key, most_rounds(d), count, p};
  return cx_convert(rounds(reject_goes_on, btrs_round, carry, BTRS_N, BTRS_OUT), d);
}

static CxVal binomials(CxVal key, CxVal count, CxVal p, CxDtype d) { /* of one shape and float dtype */
  if (!count || !p) return NULL;
  CxDtype f = p->type->dtype;
  CxVal less = cx_lt(p, like(p, 0.5)), q = cx_select(less, p, cx_sub(like(p, 1), p));
  CxVal bad_count = cx_or(np_is_nan(count), cx_lt(count, like(count, 0))), endless = cx_eq(cx_abs(count), like(count, INFINITY));
  CxVal q_nan = np_is_nan(q), q_negative = cx_lt(q, like(q, 0));
  q = cx_select(cx_or(q_nan, q_negative), filled(q, f, 0.01), q);
  CxVal small = cx_or(bad_count, cx_le(cx_mul(count, q), like(q, 10)));
  count = cx_floor(count);
  CxVal few = binomial_small(key, cx_select(small, count, filled(count, f, 0)), q, d);
  CxVal many = binomial_great(key, cx_select(small, filled(count, f, 1e4), count), cx_select(small, filled(q, f, 0.5), q), d);
  if (!few || !many) return NULL;
  CxVal invalid = cx_or(cx_or(q_negative, q_nan), bad_count), r = cx_select(small, few, many);
  r = cx_select(invalid, cx_full(r->type, NAN), r);
  r = cx_select(cx_and(endless, cx_not(invalid)), cx_full(r->type, INFINITY), r);
  return cx_select(cx_or(cx_or(less, bad_count), cx_or(q_nan, endless)), r, cx_sub(cx_convert(count, d), r));
}

CxVal cx_rand_binomial(CxVal key, CxVal n, CxVal p, CxRandBinomial o) {
  CxVal k = random_key("binomial", key), params[2] = {n, p};
  int64_t store[CX_MAX_RANK];
  CxInts shape;
  if (!k || !n || !p || !random_float("binomial", &o.dtype) || !random_shape("binomial", o.shape, 2, params, store, &shape) || !np_promote_inexact(1, &p)) return NULL;
  return binomials(k, random_spread(n, p->type->dtype, shape), random_spread(p, p->type->dtype, shape), o.dtype);
}

/* ---- multinomial: a binomial number for each category, of what the ones before have left ---- */

static bool category(void *env, const CxVal *in, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal rest = in[0], count = binomials(in[2], rest, cx_clamp(like(in[1], 0), in[1], like(in[1], 1)), rest->type->dtype);
  return cx_vals_push(out, cx_sub(rest, count)) && cx_vals_push(out, count);
}

CxVal cx_rand_multinomial(CxVal key, CxVal n, CxVal p, CxRandMultinomial o) {
  CxVal k = random_key("multinomial", key), v[2] = {n, p};
  if (!k || !n || !p || !np_promote_dtypes(2, v)) return NULL;
  CxDtype d = np_to_inexact(v[0]->type->dtype);
  CxInts shape = o.shape.none ? dims_of(p) : o.shape;
  if (shape.n < 1) return cx_fail(CX_ERR_VALUE, "multinomial: p must have at least one axis"), NULL;
  CxVal rest = cx_broadcast_to(cx_convert(v[0], d), shape.n - 1, shape.v), odds = cx_broadcast_to(cx_convert(v[1], d), shape.n, shape.v);
  odds = odds ? cx_move_axis(odds, shape.n - 1, 0) : NULL;
  CxVal left = odds ? cx_cumsum(odds, 0, true) : NULL;
  if (!left || !rest) return NULL;
  int64_t categories = shape.v[shape.n - 1];
  CxVal ratios = cx_div(odds, cx_select(cx_eq(left, like(left, 0)), cx_full(left->type, 1), left)), keys = cx_random_split(k, (CxInts){&categories, 1, false});
  CxVal one[3] = {rest, cx_full(rest->type, 0), k};
  CxGraph *body = staged("category", category, one, 3);
  CxVals out = {0};
  CxVal counts = body && cx_scan(body, 0, 1, categories, false, 1, (CxVal[]){rest, ratios, keys}, 3, &out) ? out.v[1] : NULL;
  cx_vals_free(&out);
  cx_graph_release(body);
  return counts ? cx_convert(cx_move_axis(counts, 0, shape.n - 1), o.dtype ? o.dtype : np_canonical(CX_F64)) : NULL;
}
