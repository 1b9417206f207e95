/* Gumbel floats, and categories drawn with their help: the argument of the maximum of logits plus Gumbel noise. */
#include "random/sample.h"

#include "base/error.h"
#include "np/axes.h"
#include <math.h>

static CxVal part(CxVal x, int64_t at) { return cx_squeeze(cx_slice_axis(x, 0, at, at + 1), cx_ints(0)); }

/* Two draws: the second one refines small values of the first. */
static CxVal fine_gumbels(CxVal key, CxInts shape, CxDtype d) {
  int64_t dims[CX_MAX_RANK] = {2};
  RandomFloat info = random_float_info(d);
  if (shape.n >= CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "gumbel: the shape has too many axes for mode='high'"), NULL;
  if (shape.n) memcpy(dims + 1, shape.v, (size_t)shape.n * sizeof *dims);
  CxVal u = random_units(key, (CxInts){.v = dims, .n = shape.n + 1}, d), high = part(u, 0), low = part(u, 1);
  CxVal sum = cx_add(cx_add(high, cx_mul(cx_scalar(d, ldexp(1, -info.mantissa)), low)), cx_scalar(d, info.tiny));
  CxVal x = random_pick(cx_ge(high, cx_scalar(d, 0.5)), high, sum);
  return cx_neg(cx_log(cx_neg(cx_log1p(cx_neg(x)))));
}

CxVal random_gumbels(CxVal key, CxInts shape, CxDtype d, const char *mode) {
  if (mode && strcmp(mode, "low") && strcmp(mode, "high") && strcmp(mode, "highest"))
    return cx_fail(CX_ERR_VALUE, "Must provide valid mode for gumbel got: %s", mode), NULL;
  if (mode && !strcmp(mode, "highest") && d == CX_F32)
    return cx_fail(CX_ERR_NOT_IMPLEMENTED, "gumbel: mode='highest' is not implemented for float32; use 'high'"), NULL;
  if (mode && mode[0] == 'h') return fine_gumbels(key, shape, d);
  CxVal lowest = cx_scalar(d, random_float_info(d).tiny);
  return cx_neg(cx_log(cx_neg(cx_log(random_between(key, shape, d, lowest, cx_scalar(d, 1))))));
}

CxVal cx_rand_gumbel(CxVal key, CxRandGumbel o) {
  CxVal k = random_key("gumbel", key);
  return k && random_float("gumbel", &o.dtype) ? random_gumbels(k, o.shape, o.dtype, o.mode) : NULL;
}

/* k distinct categories each, as leading axes of the shape */
static CxVal distinct(CxVal key, CxVal logits, int axis, CxInts prefix, CxInts shape, const char *mode) {
  int64_t k = 1, order[CX_MAX_RANK];
  CxVal best, where = NULL;
  CxInts all = {.v = logits->type->dims, .n = logits->type->rank};
  for (int i = 0; i < prefix.n; i++) k *= prefix.v[i];
  if (k > logits->type->dims[axis])
    return cx_fail(CX_ERR_VALUE, "Number of samples without replacement (%lld) cannot exceed number of categories (%lld).", (long long)k,
                   (long long)logits->type->dims[axis]), NULL;
  CxVal noisy = cx_add(logits, random_gumbels(key, all, logits->type->dtype, mode));
  if (!noisy || !cx_top_k(cx_move_axis(noisy, axis, all.n - 1), k, all.n - 1, &best, &where)) return NULL;
  for (int i = 0; i < all.n; i++) order[i] = i ? i - 1 : all.n - 1;
  return cx_reshape(cx_transpose(where, order), shape.n, shape.v);
}

CxVal cx_rand_categorical(CxVal key, CxVal logits, CxRandCategorical o) {
  CxVal k = random_key("categorical", key);
  int axis = k && logits ? np_axis(o.axis, logits->type->rank) : -1, rank = axis < 0 ? 0 : logits->type->rank, n = 0;
  int64_t rest[CX_MAX_RANK], store[CX_MAX_RANK], dims[CX_MAX_RANK];
  if (axis < 0) return NULL;
  for (int i = 0; i < rank; i++)
    if (i != axis) rest[n++] = logits->type->dims[i];
  CxVal batch = cx_zeros(cx_type(CX_BOOL, n, rest, false));
  CxInts shape;
  CxDtype d = logits->type->dtype;
  if (!random_float("gumbel", &d) || !random_shape("categorical", o.shape, 1, &batch, store, &shape)) return NULL;
  CxInts prefix = {.v = store, .n = shape.n - n};
  if (!o.replace) return distinct(k, cx_convert(logits, d), axis, prefix, shape, o.mode);
  if (shape.n >= CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "categorical: the shape has too many axes"), NULL;
  for (int i = 0; i < shape.n + 1; i++) {
    int at = i - prefix.n;
    dims[i] = at < 0 ? store[i] : at == axis ? logits->type->dims[axis] : store[i - (at > axis)];
  }
  CxVal noise = random_gumbels(k, (CxInts){.v = dims, .n = shape.n + 1}, d, o.mode);
  return cx_argmax(cx_add(noise, random_ranked(cx_convert(logits, d), shape.n + 1)), prefix.n + axis, np_canonical(CX_I64));
}
