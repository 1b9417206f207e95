/* Functions of jax.nn along axes: softmax and its kin, standardisation, one_hot. The maximum that keeps exponentials in range is a constant
 * to differentiation. */
#include "nn/build.h"

#include "base/error.h"

static bool axes_of(CxVal x, CxInts given, int64_t *store, CxInts *axes) {
  if (!x) return false;
  *axes = np_axes(given, x->type->rank, store);
  return axes->n >= 0;
}

/* x less its greatest selected element; -inf where not selected */
static CxVal shifted(CxVal x, CxInts axes, CxVal where) {
  CxVal top = nn_max(x, axes, where, true);
  if (where) x = nn_where(where, x, nn_num(-INFINITY));
  return cx_np_subtract(x, nn_constant(top));
}

CxVal cx_nn_softmax(CxVal x, CxNnSoftmax o) {
  int64_t store[CX_MAX_RANK];
  CxInts axes;
  if (!axes_of(x, o.axis, store, &axes)) return NULL;
  CxVal e = cx_exp(nn_inexact(shifted(x, axes, o.where)));
  CxVal y = cx_div(e, nn_sum(e, axes, o.where, true));
  return o.where ? nn_where(o.where, y, nn_int(0)) : y;
}

CxVal cx_nn_log_softmax(CxVal x, CxNnLogSoftmax o) {
  int64_t store[CX_MAX_RANK];
  CxInts axes;
  if (!axes_of(x, o.axis, store, &axes)) return NULL;
  CxVal s = nn_inexact(shifted(x, axes, o.where));
  CxVal y = cx_sub(s, cx_log(nn_sum(cx_exp(s), axes, o.where, true)));
  return o.where ? nn_where(o.where, y, nn_num(-INFINITY)) : y;
}

static bool is_real(CxVal x) { return x && cx_dtype_kind(x->type->dtype) != 'c'; }

bool cx_nn_logsumexp(CxVal a, CxNnLogsumexp o, CxVals *out) {
  int64_t store[CX_MAX_RANK];
  CxInts axes;
  CxVal v[2] = {o.where ? nn_where(o.where, a, nn_int(0)) : a, o.b};
  if (!np_promote_inexact(o.b ? 2 : 1, v)) return false;
  CxVal x = v[0], zero;
  if (o.b) x = nn_where(cx_ne(v[1], cx_like(v[1], 0)), x, cx_like(x, -INFINITY));
  if (!axes_of(x, o.axis, store, &axes)) return false;
  CxVal top = nn_max(is_real(x) ? x : cx_real(x), axes, o.where, true);
  if (!(zero = cx_like(top, 0))) return false;
  top = nn_constant(nn_where(cx_is_finite(top), top, zero));
  CxVal e = cx_exp(cx_sub(x, cx_convert(top, x->type->dtype)));
  if (o.b) e = cx_mul(e, v[1]);
  CxVal sum = nn_sum(e, axes, o.where, o.keepdims), sign = cx_sign(sum);
  if (o.return_sign || is_real(x)) sum = cx_abs(sum);
  if (!sum) return false;
  CxVal y = cx_add(cx_log(sum), cx_convert(o.keepdims ? top : cx_squeeze(top, axes), sum->type->dtype));
  if (o.return_sign) return cx_vals_push(out, y) && cx_vals_push(out, sign);
  if (o.b && is_real(y)) y = nn_where(cx_lt(sign, cx_like(sign, 0)), cx_like(y, NAN), y);
  return y && cx_vals_push(out, y);
}

CxVal cx_nn_logmeanexp(CxVal x, CxNnLogmeanexp o) {
  int64_t store[CX_MAX_RANK];
  CxInts axes;
  CxVals sum = {0};
  CxVal y = NULL;
  if (nn_logsumexp(x, &sum, .axis = o.axis, .where = o.where, .keepdims = o.keepdims) && axes_of(x, o.axis, store, &axes))
    y = cx_sub(sum.v[0], cx_log(nn_count(x, axes, o.where, o.keepdims, sum.v[0]->type->dtype)));
  cx_vals_free(&sum);
  return y;
}

static CxVal variance_of(CxVal x, CxVal mean, CxInts axes, const CxNnStandardize *o) {
  if (o->algorithm && !strcmp(o->algorithm, "stable")) return nn_mean(cx_square(cx_np_subtract(x, mean)), axes, o->where, true);
  if (o->algorithm && !strcmp(o->algorithm, "fast"))
    return cx_np_maximum(cx_np_subtract(nn_mean(cx_square(x), axes, o->where, true), cx_square(mean)), nn_int(0));
  return cx_fail(CX_ERR_VALUE, "Unknown algorithm '%s'. Expected 'fast' or 'stable'.", o->algorithm ? o->algorithm : "None"), NULL;
}

CxVal cx_nn_standardize(CxVal x, CxNnStandardize o) {
  int64_t store[CX_MAX_RANK];
  CxInts axes;
  if (!axes_of(x, o.axis, store, &axes)) return NULL;
  CxVal mean = o.mean ? o.mean : nn_mean(x, axes, o.where, true), eps = o.epsilon ? o.epsilon : nn_num(1e-5);
  CxVal variance = o.variance ? o.variance : variance_of(x, mean, axes, &o);
  return cx_np_multiply(cx_np_subtract(x, mean), cx_rsqrt(nn_inexact(cx_np_add(variance, eps))));
}

CxVal cx_nn_one_hot(CxVal x, int64_t num_classes, CxNnOneHot o) {
  int64_t dims[CX_MAX_RANK];
  int axis = x ? np_axis(o.axis, x->type->rank + 1) : -1, rank = axis < 0 ? 0 : x->type->rank + 1;
  if (axis < 0) return NULL;
  if (rank > CX_MAX_RANK || num_classes < 0) return cx_fail(CX_ERR_VALUE, "one_hot: num_classes must not be negative, and the rank at most %d", CX_MAX_RANK), NULL;
  for (int i = 0; i < rank; i++) dims[i] = i == axis ? num_classes : 1;
  int64_t at = axis;
  CxVal classes = cx_iota(x->type->dtype, rank, dims, axis);
  return cx_convert(cx_eq(cx_expand_dims(x, (CxInts){.v = &at, .n = 1}), classes), o.dtype ? o.dtype : np_canonical(CX_F64));
}
