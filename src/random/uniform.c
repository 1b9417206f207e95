/* Bits, uniform and normal floats, integers. */
#include "random/sample.h"

#include "base/error.h"

static CxDtype word_of(int bits) { return bits == 8 ? CX_U8 : bits == 16 ? CX_U16 : bits == 32 ? CX_U32 : CX_U64; }

CxVal cx_rand_bits(CxVal key, CxRandBits o) {
  CxVal k = random_key("bits", key);
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_U64);
  if (!k) return NULL;
  if (cx_dtype_kind(d) != 'u') return cx_fail(CX_ERR_VALUE, "dtype argument to `bits` must be an unsigned int dtype, got %s", cx_dtype_name(d)), NULL;
  return cx_random_bits(k, cx_dtype_bits(d), o.shape);
}

/* ---- floats: random mantissa bits under the exponent of 1, then shifted and scaled ---- */

CxVal random_units(CxVal key, CxInts shape, CxDtype d) {
  RandomFloat info = random_float_info(d);
  int drawn = info.mantissa < 8 ? 8 : info.bits;
  CxDtype word = word_of(info.bits);
  if (info.bits < 8) return cx_fail(CX_ERR_TYPE, "uniform only accepts 8-, 16-, 32-, or 64-bit dtypes, got %s.", cx_dtype_name(d)), NULL;
  CxVal bits = cx_convert(cx_random_bits(key, drawn, shape), word);
  bits = cx_or(cx_shift_right_logical(bits, cx_scalar_i64(word, drawn - info.mantissa)), cx_bitcast(cx_scalar(d, 1), word));
  return cx_sub(cx_bitcast(bits, d), cx_scalar(d, 1));
}

CxVal random_between(CxVal key, CxInts shape, CxDtype d, CxVal lo, CxVal hi) {
  lo = random_ranked(cx_convert(lo, d), shape.n);
  hi = random_ranked(cx_convert(hi, d), shape.n);
  CxVal u = cx_add(cx_mul(random_units(key, shape, d), cx_sub(hi, lo)), lo);
  if (!u || u->type->rank != shape.n) return u;
  for (int i = 0; i < shape.n; i++)
    if (u->type->dims[i] != shape.v[i]) return cx_fail(CX_ERR_TYPE, "uniform: minval and maxval must broadcast to the shape"), NULL;
  return cx_max(lo, u);
}

CxVal cx_rand_uniform(CxVal key, CxRandUniform o) {
  CxVal k = random_key("uniform", key);
  if (!k || !random_float("uniform", &o.dtype)) return NULL;
  if (!o.minval && !o.maxval) return random_units(k, o.shape, o.dtype);
  return random_between(k, o.shape, o.dtype, o.minval ? o.minval : cx_scalar(o.dtype, 0), o.maxval ? o.maxval : cx_scalar(o.dtype, 1));
}

static CxVal real_normals(CxVal key, CxInts shape, CxDtype d) {
  CxVal lo = cx_nextafter(cx_scalar(d, -1), cx_scalar(d, 0));
  return cx_mul(cx_scalar(d, 1.4142135623730951), cx_erf_inv(random_between(key, shape, d, lo, cx_scalar(d, 1))));
}

CxVal random_normals(CxVal key, CxInts shape, CxDtype d) {
  if (cx_dtype_kind(d) != 'c') return real_normals(key, shape, d);
  CxDtype part = d == CX_C64 ? CX_F32 : CX_F64;
  CxVal k[2];
  if (!random_split_to(key, 2, k)) return NULL;
  return cx_div(cx_complex(real_normals(k[0], shape, part), real_normals(k[1], shape, part)), cx_scalar(d, 1.4142135623730951));
}

CxVal cx_rand_normal(CxVal key, CxRandNormal o) {
  CxVal k = random_key("normal", key);
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_F64);
  if (!k) return NULL;
  if (!strchr("fc", cx_dtype_kind(d)))
    return cx_fail(CX_ERR_VALUE, "dtype argument to `normal` must be a float or complex dtype, got %s", cx_dtype_name(d)), NULL;
  return random_normals(k, o.shape, d);
}

CxVal cx_rand_truncated_normal(CxVal key, CxVal lower, CxVal upper, CxRandTruncatedNormal o) {
  CxVal k = random_key("truncated_normal", key), params[2] = {lower, upper};
  int64_t store[CX_MAX_RANK];
  CxInts shape;
  if (!k || !random_float("truncated_normal", &o.dtype) || !random_shape("truncated_normal", o.shape, 2, params, store, &shape)) return NULL;
  CxDtype d = o.dtype;
  CxVal root = cx_scalar(d, 1.4142135623730951), lo = random_ranked(cx_convert(lower, d), shape.n), hi = random_ranked(cx_convert(upper, d), shape.n);
  CxVal u = random_between(k, shape, d, cx_erf(cx_div(lo, root)), cx_erf(cx_div(hi, root)));
  CxVal z = cx_mul(root, cx_erf_inv(u)), inside = cx_scalar(d, INFINITY);
  return cx_min(cx_max(z, cx_nextafter(lo, inside)), cx_nextafter(hi, cx_neg(inside)));
}

CxVal cx_rand_bernoulli(CxVal key, CxRandBernoulli o) {
  CxVal p = o.p ? o.p : cx_scalar(np_canonical(CX_F64), 0.5), k;
  int64_t store[CX_MAX_RANK], pairs[CX_MAX_RANK + 1] = {2};
  CxInts shape;
  bool high = o.mode && !strcmp(o.mode, "high");
  if (!high && (!o.mode || strcmp(o.mode, "low"))) return cx_fail(CX_ERR_VALUE, "got mode='%s', expected 'high' or 'low'", o.mode ? o.mode : "None"), NULL;
  if (!p || !(k = random_key("bernoulli", key))) return NULL;
  CxDtype d = p->type->dtype;
  if (cx_dtype_kind(d) != 'f')
    return cx_fail(CX_ERR_TYPE, "bernoulli probability `p` must have a floating dtype, got %s.", cx_dtype_name(d)), NULL;
  if (!random_shape("bernoulli", o.shape, 1, &p, store, &shape)) return NULL;
  p = random_ranked(cx_convert(p, d), shape.n);
  if (!high) return cx_lt(random_units(k, shape, d), p);
  memcpy(pairs + 1, store, (size_t)shape.n * sizeof *store);
  CxVal u = random_units(k, (CxInts){.v = pairs, .n = shape.n + 1}, d);
  CxVal fine = cx_squeeze(cx_slice_axis(u, 0, 1, 2), cx_ints(0)), coarse = cx_squeeze(cx_slice_axis(u, 0, 0, 1), cx_ints(0));
  return cx_lt(cx_mul(fine, cx_scalar(d, ldexp(1, -random_float_info(d).mantissa))), cx_sub(p, coarse));
}

/* ---- integers: two draws, reduced to the span by modular arithmetic ---- */

static int64_t int_min(CxDtype d) { return cx_dtype_kind(d) == 'u' ? 0 : -((int64_t)((uint64_t)1 << (cx_dtype_bits(d) - 1)) - 1) - 1; }
static uint64_t int_max(CxDtype d) { return UINT64_MAX >> (64 - cx_dtype_bits(d) + (cx_dtype_kind(d) == 'i')); }
static bool is_int(CxDtype d) { return cx_dtype_kind(d) == 'i' || cx_dtype_kind(d) == 'u'; }

static CxVal clipped(CxVal v, CxDtype d) { /* v, in its own dtype, within what d holds */
  if (!v) return NULL;
  CxDtype own = v->type->dtype;
  int64_t lo = int_min(d) > int_min(own) ? int_min(d) : int_min(own);
  uint64_t hi = int_max(d) < int_max(own) ? int_max(d) : int_max(own);
  return cx_min(cx_max(v, cx_scalar_i64(own, lo)), cx_scalar_i64(own, (int64_t)hi));
}

static CxVal integer(CxVal v) { return !v ? NULL : cx_convert(v, is_int(v->type->dtype) ? v->type->dtype : np_canonical(CX_I64)); }

CxVal random_integers(CxVal key, CxInts shape, CxDtype d, CxVal lo, CxVal hi) {
  CxVal k[2], beyond = NULL;
  lo = integer(lo), hi = integer(hi);
  if (!lo || !hi || !random_split_to(key, 2, k)) return NULL;
  if (int_max(hi->type->dtype) > int_max(d)) beyond = random_ranked(cx_gt(hi, cx_scalar_i64(hi->type->dtype, (int64_t)int_max(d))), shape.n);
  lo = random_ranked(cx_convert(clipped(lo, d), d), shape.n);
  hi = random_ranked(cx_convert(clipped(hi, d), d), shape.n);
  int bits = cx_dtype_bits(d);
  CxDtype word = word_of(bits);
  CxVal one = cx_scalar_i64(word, 1), span = cx_convert(cx_sub(hi, lo), word);
  span = random_pick(cx_le(hi, lo), one, span);
  if (beyond) span = random_pick(cx_and(beyond, cx_gt(hi, lo)), cx_add(span, one), span);
  CxVal half = cx_rem(cx_scalar_i64(word, (int64_t)1 << (bits / 2)), span), many = cx_rem(cx_mul(half, half), span);
  CxVal high = cx_random_bits(k[0], bits, shape), low = cx_random_bits(k[1], bits, shape);
  CxVal offset = cx_rem(cx_add(cx_mul(cx_rem(high, span), many), cx_rem(low, span)), span);
  return cx_add(lo, cx_convert(offset, d));
}

static CxVal within(CxVal v, int64_t lo, int64_t hi) {
  return cx_min(cx_max(cx_convert(v, CX_I32), cx_scalar_i64(CX_I32, lo)), cx_scalar_i64(CX_I32, hi));
}

CxVal cx_rand_randint(CxVal key, CxInts shape, CxVal minval, CxVal maxval, CxRandRandint o) {
  CxVal k = random_key("randint", key), params[2] = {minval, maxval};
  CxDtype d = o.dtype ? o.dtype : np_canonical(CX_I64), sampled = d;
  int64_t store[CX_MAX_RANK];
  if (!k || !minval || !maxval) return NULL;
  if (!is_int(d)) return cx_fail(CX_ERR_TYPE, "randint only accepts integer dtypes, got %s", cx_dtype_name(d)), NULL;
  if (!random_shape("randint", shape, 2, params, store, &shape)) return NULL;
  if (cx_dtype_bits(d) < 32) {
    sampled = CX_I32;
    minval = within(minval, int_min(d), (int64_t)int_max(d));
    maxval = within(maxval, int_min(d), (int64_t)int_max(d) + 1);
  }
  return cx_convert(random_integers(k, shape, sampled, minval, maxval), d);
}
