/* Reductions of jax.numpy over axes, with dtype, keepdims, initial and where; means and variances; running sums. */
#include "np/arith.h"
#include "np/axes.h"
#include "np/broadcast.h"
#include <cuirax/library.h>

/* ---- dtypes ---- */

/* Sums and products of booleans and small integers are done in the default integer. */
static CxDtype promoted_integer(CxDtype d) {
  switch (cx_dtype_kind(d)) {
    case 'b': return np_canonical(CX_I64);
    case 'i': return cx_dtype_bits(d) < cx_dtype_bits(np_canonical(CX_I64)) ? np_canonical(CX_I64) : d;
    case 'u': return cx_dtype_bits(d) < cx_dtype_bits(np_canonical(CX_U64)) ? np_canonical(CX_U64) : d;
    default: return d;
  }
}

static CxDtype upcast(CxDtype d) { return d == CX_F16 || d == CX_BF16 ? CX_F32 : d; }
static bool is_float(CxVal a) { return strchr("fc", np_kind(a)) != NULL; }

static bool where_ok(const char *name, CxVal where) {
  if (!where || where->type->dtype == CX_BOOL) return true;
  return cx_fail(CX_ERR_VALUE, "jnp.%s: where must be None or a boolean array; got where.dtype=dtype('%s').", name, cx_dtype_name(where->type->dtype));
}

/* ---- the general reduction ---- */

typedef struct Reduction {
  const char *name;
  CxVal (*op)(CxVal, CxInts), (*op_bool)(CxVal, CxInts);
  CxVal (*join)(CxVal, CxVal), (*join_bool)(CxVal, CxVal);
  char neutral; /* '0', '1', or '-' (lowest) and '+' (highest), which no empty reduction may give */
  bool wide;    /* 16-bit floats in 32 bits */
} Reduction;

static const Reduction sum = {"sum", cx_reduce_sum, cx_reduce_or, cx_add, cx_or, '0', true};
static const Reduction prod = {"prod", cx_reduce_prod, cx_reduce_and, cx_mul, cx_and, '1', true};
static const Reduction max = {"max", cx_reduce_max, cx_reduce_or, cx_max, cx_or, '-', false};
static const Reduction min = {"min", cx_reduce_min, cx_reduce_and, cx_min, cx_and, '+', false};
static const Reduction all = {"all", cx_reduce_and, cx_reduce_and, cx_and, cx_and, '1', false};
static const Reduction any = {"any", cx_reduce_or, cx_reduce_or, cx_or, cx_or, '0', false};

static CxVal neutral(const Reduction *r, CxDtype d) {
  switch (r->neutral) {
  case '0': return cx_scalar(d, 0);
  case '1': return cx_scalar(d, 1);
  case '-': return d == CX_I64 ? cx_scalar_i64(d, INT64_MIN) : cx_scalar(d, np_lowest(d));
  default: return d == CX_I64 ? cx_scalar_i64(d, INT64_MAX) : d == CX_U64 ? cx_scalar_i64(d, -1) : cx_scalar(d, np_highest(d));
  }
}

static bool has_result(const Reduction *r, const CxType *t, CxInts axes, CxVal initial, CxVal where) {
  if (initial || r->neutral == '0' || r->neutral == '1') return true;
  FAIL_IF(where, CX_ERR_VALUE, "reduction operation %s does not have an identity, so to use a where mask one has to specify 'initial'", r->name);
  for (int i = 0; i < axes.n; i++)
    FAIL_IF(t->dims[axes.v[i]] < 1, CX_ERR_VALUE, "zero-size array to reduction operation %s which has no identity", r->name);
  return true;
}

static CxVal joined(const Reduction *r, CxVal initial, CxVal s) {
  if (!initial || !s) return s;
  if (initial->type->rank) {
    char shape[160];
    return cx_fail(CX_ERR_VALUE, "initial value must be a scalar. Got array of shape %s", dims_text(initial->type->dims, initial->type->rank, shape, sizeof shape)), NULL;
  }
  return (s->type->dtype == CX_BOOL ? r->join_bool : r->join)(np_convert(initial, s->type->dtype, false), s);
}

static CxVal reduce(const Reduction *r, CxVal a, CxInts axis, CxDtype d, bool keepdims, CxVal initial, CxVal where) { /* in d, strong */
  int64_t store[CX_MAX_RANK];
  if (!a || !where_ok(r->name, where)) return NULL;
  CxInts axes = np_axes(axis, a->type->rank, store);
  if (axes.n < 0 || !has_result(r, a->type, axes, initial, where)) return NULL;
  CxVal x = np_convert(a, r->wide ? upcast(d) : d, false);
  if (where && x) {
    int64_t rank = x->type->rank;
    x = np_pick(where, x, neutral(r, x->type->dtype));
    if (x && x->type->rank != rank) axes = np_axes(axis, x->type->rank, store); /* a mask of greater rank */
  }
  if (!x || axes.n < 0) return NULL;
  CxVal s = joined(r, initial, (x->type->dtype == CX_BOOL ? r->op_bool : r->op)(x, axes));
  return np_convert(keepdims && s ? np_keepdims(s, axes, x->type) : s, d, false);
}

#define SUM_LIKE(name, Options)                                                                                     \
  CxVal cx_np_##name(CxVal a, Options o) {                                                                          \
    if (!a) return NULL;                                                                                            \
    CxDtype d = o.dtype ? o.dtype : o.promote_integers ? promoted_integer(a->type->dtype) : a->type->dtype;         \
    return reduce(&name, a, o.axis, d, o.keepdims, o.initial, o.where);                                             \
  }
SUM_LIKE(sum, CxNpSum)
SUM_LIKE(prod, CxNpProd)

#define MAX_LIKE(name, Options) \
  CxVal cx_np_##name(CxVal a, Options o) { return a ? reduce(&name, a, o.axis, a->type->dtype, o.keepdims, o.initial, o.where) : NULL; }
MAX_LIKE(max, CxNpMax)
MAX_LIKE(min, CxNpMin)

static CxVal to_bool(CxVal x) { return x && np_kind(x) == 'c' ? np_to_bool(cx_real(x)) : np_to_bool(x); }
CxVal cx_np_all(CxVal a, CxNpAll o) { return reduce(&all, to_bool(a), o.axis, CX_BOOL, o.keepdims, NULL, o.where); }
CxVal cx_np_any(CxVal a, CxNpAny o) { return reduce(&any, to_bool(a), o.axis, CX_BOOL, o.keepdims, NULL, o.where); }

CxVal cx_np_ptp(CxVal a, CxNpPtp o) { return cx_sub(np_max(a, .axis = o.axis, .keepdims = o.keepdims), np_min(a, .axis = o.axis, .keepdims = o.keepdims)); }

CxVal cx_np_count_nonzero(CxVal a, CxNpCountNonzero o) {
  return reduce(&sum, np_to_bool(a), o.axis, np_canonical(CX_I64), o.keepdims, NULL, NULL);
}

/* ---- means ---- */

static CxVal count(CxVal a, CxInts axis, bool keepdims, CxVal where, CxDtype d) { /* how many elements count, as d */
  int64_t store[CX_MAX_RANK], n = 1;
  if (where) return reduce(&sum, cx_broadcast_to(where, a->type->rank, a->type->dims), axis, d, keepdims, NULL, NULL);
  CxInts axes = np_axes(axis, a->type->rank, store);
  for (int i = 0; i < axes.n; i++) n *= a->type->dims[axes.v[i]];
  return axes.n < 0 ? NULL : cx_convert(cx_scalar_i64(CX_I64, n), d);
}

static CxVal mean(CxVal a, CxInts axis, CxDtype d, CxDtype computed, bool keepdims, CxVal where) {
  if (!a || !where_ok("mean", where)) return NULL;
  CxVal n = count(a, axis, keepdims, where, computed);
  return np_convert(cx_div(reduce(&sum, a, axis, computed, keepdims, NULL, where), n), d, false);
}

CxVal cx_np_mean(CxVal a, CxNpMean o) {
  if (!a) return NULL;
  CxDtype d = o.dtype ? o.dtype : np_to_inexact(a->type->dtype);
  return mean(a, o.axis, d, o.dtype ? d : upcast(d), o.keepdims, o.where);
}

static bool average_weights(CxVal *a, CxVal *w, CxInts axis) { /* weights shaped to multiply a */
  CxVal v[2] = {*a, *w};
  int64_t store[CX_MAX_RANK], dims[CX_MAX_RANK], order[CX_MAX_RANK];
  TRY(np_promote_dtypes(2, v));
  CxDtype d = np_to_inexact(v[0]->type->dtype);
  *a = np_convert(v[0], d, v[0]->type->weak), *w = np_convert(v[1], d, v[1]->type->weak);
  if (!*a || !*w) return false;
  if (cx_type_same_dims((*a)->type, (*w)->type)) return true;
  FAIL_IF(axis.none, CX_ERR_VALUE, "Axis must be specified when shapes of a and weights differ.");
  CxInts axes = np_axes(axis, (*a)->type->rank, store);
  if (axes.n < 0) return false;
  bool fits = (*w)->type->rank == axes.n;
  for (int i = 0; fits && i < axes.n; i++) fits = (*w)->type->dims[i] == (*a)->type->dims[axes.v[i]];
  FAIL_IF(!fits, CX_ERR_VALUE, "Shape of weights must be consistent with shape of a along specified axis.");
  int k = 0;
  for (int i = 0; i < (*a)->type->rank; i++) {
    dims[i] = 1;
    for (int j = 0; j < axes.n; j++)
      if (axes.v[j] == i) dims[i] = (*a)->type->dims[i], order[k++] = j;
  }
  *w = cx_reshape(cx_transpose(*w, order), (*a)->type->rank, dims);
  return *w != NULL;
}

bool cx_np_average(CxVal a, CxNpAverage o, CxVals *out) {
  CxVal w = o.weights, average, weight;
  if (!a) return false;
  if (!w) {
    CxDtype d = np_to_inexact(a->type->dtype);
    average = mean(a, o.axis, d, upcast(d), o.keepdims, NULL);
    weight = count(a, o.axis, false, NULL, d);
  } else {
    TRY(average_weights(&a, &w, o.axis));
    weight = np_sum(w, .axis = o.axis, .keepdims = o.keepdims);
    average = cx_np_true_divide(np_sum(cx_np_multiply(a, w), .axis = o.axis, .keepdims = o.keepdims), weight);
  }
  TRY(cx_vals_push(out, average));
  return !o.returned || (average && cx_vals_push(out, cx_broadcast_to(weight, average->type->rank, average->type->dims)));
}

/* ---- variances ---- */

static bool var_dtypes(CxDtype a, CxDtype asked, CxDtype *computed, CxDtype *result) {
  bool complex = cx_dtype_kind(a) == 'c';
  FAIL_IF(asked && complex && cx_dtype_kind(asked) != 'c', CX_ERR_VALUE,
          "jax.numpy.var does not yet support real dtype parameters when computing the variance of an array of complex values: leave dtype out.");
  *computed = upcast(asked ? asked : np_to_inexact(a));
  *result = asked ? asked : complex ? np_real_dtype(a) : np_to_inexact(a);
  return true;
}

static CxVal squares(CxVal x) { return x && np_kind(x) == 'c' ? cx_real(cx_mul(x, cx_conj(x))) : cx_square(x); }

static CxVal minus(CxVal n, CxVal by) {
  CxVal v[2] = {n, n ? np_convert(by, n->type->dtype, false) : NULL};
  return v[1] && np_promote_shapes(2, v) ? cx_sub(v[0], v[1]) : NULL;
}

static CxVal variance(CxVal a, CxNpVar o) {
  CxDtype computed, result;
  if (!a || !where_ok("var", o.where) || !var_dtypes(a->type->dtype, o.dtype, &computed, &result)) return NULL;
  a = np_convert(a, computed, false);
  CxVal center = o.mean ? np_convert(o.mean, computed, false) : mean(a, o.axis, computed, computed, true, o.where);
  CxVal squared = squares(cx_np_subtract(a, center));
  if (!squared) return NULL;
  CxDtype d = squared->type->dtype;
  CxVal n = minus(count(a, o.axis, o.keepdims, o.where, d), o.ddof ? o.ddof : cx_scalar(d, 0));
  CxVal v = np_convert(cx_np_true_divide(reduce(&sum, squared, o.axis, d, o.keepdims, NULL, o.where), n), result, false);
  return np_pick(cx_gt(n, cx_like(n, 0)), v, v ? cx_like(v, NAN) : NULL);
}

static bool var_correction(CxNpVar *o, const char *name) {
  if (!o->correction) return true;
  bool zero = !o->ddof || (cx_is_array(o->ddof) && o->ddof->type->rank == 0 && cx_to_double(o->ddof) == 0);
  FAIL_IF(!zero, CX_ERR_VALUE, "%s: ddof and correction can't be provided simultaneously.", name);
  o->ddof = o->correction;
  return true;
}

CxVal cx_np_var(CxVal a, CxNpVar o) { return var_correction(&o, "var") ? variance(a, o) : NULL; }

CxVal cx_np_std(CxVal a, CxNpStd o) {
  if (o.dtype && !strchr("fc", cx_dtype_kind(o.dtype))) return cx_fail(CX_ERR_VALUE, "dtype argument to jnp.std must be inexact; got %s", cx_dtype_name(o.dtype)), NULL;
  CxNpVar v = {.axis = o.axis, .dtype = o.dtype, .ddof = o.ddof, .keepdims = o.keepdims, .where = o.where, .mean = o.mean, .correction = o.correction};
  return var_correction(&v, "std") ? cx_sqrt(variance(a, v)) : NULL;
}

/* ---- without NaN ---- */

static CxVal without_nan(CxVal a, double instead) { return a && is_float(a) ? np_pick(np_is_nan(a), cx_scalar(a->type->dtype, instead), a) : a; }
static CxVal known(CxVal a) { return cx_not(np_is_nan(a)); }

CxVal cx_np_nansum(CxVal a, CxNpNansum o) {
  return np_sum(without_nan(a, 0), .axis = o.axis, .dtype = o.dtype, .keepdims = o.keepdims, .initial = o.initial, .where = o.where);
}
CxVal cx_np_nanprod(CxVal a, CxNpNanprod o) {
  return np_prod(without_nan(a, 1), .axis = o.axis, .dtype = o.dtype, .keepdims = o.keepdims, .initial = o.initial, .where = o.where);
}

static CxVal nan_extreme(const Reduction *r, CxVal a, CxInts axis, bool keepdims, CxVal initial, CxVal where) {
  if (!a) return NULL;
  CxVal x = is_float(a) ? np_pick(np_is_nan(a), neutral(r, a->type->dtype), a) : a;
  CxVal s = reduce(r, x, axis, a->type->dtype, keepdims, initial, where);
  if (!s || !is_float(a) || initial) return s;
  return np_pick(reduce(&all, np_is_nan(a), axis, CX_BOOL, keepdims, NULL, NULL), cx_like(s, NAN), s);
}
CxVal cx_np_nanmax(CxVal a, CxNpNanmax o) { return nan_extreme(&max, a, o.axis, o.keepdims, o.initial, o.where); }
CxVal cx_np_nanmin(CxVal a, CxNpNanmin o) { return nan_extreme(&min, a, o.axis, o.keepdims, o.initial, o.where); }

CxVal cx_np_nanmean(CxVal a, CxNpNanmean o) {
  if (!a || !where_ok("nanmean", o.where)) return NULL;
  if (!is_float(a)) return np_mean(a, .axis = o.axis, .dtype = o.dtype, .keepdims = o.keepdims, .where = o.where);
  CxDtype d = o.dtype ? o.dtype : a->type->dtype;
  CxVal n = reduce(&sum, known(a), o.axis, d, o.keepdims, NULL, o.where);
  return cx_div(np_nansum(a, .axis = o.axis, .dtype = d, .keepdims = o.keepdims, .where = o.where), n);
}

CxVal cx_np_nanvar(CxVal a, CxNpNanvar o) {
  CxDtype computed, result;
  if (!a || !where_ok("nanvar", o.where) || !var_dtypes(a->type->dtype, o.dtype, &computed, &result)) return NULL;
  a = np_convert(a, computed, false);
  CxVal center = o.mean ? np_convert(o.mean, computed, false) : np_nanmean(a, .axis = o.axis, .dtype = computed, .keepdims = true, .where = o.where);
  CxVal nan = np_is_nan(a), squared = squares(np_pick(nan, np_const(a, 0), cx_np_subtract(a, center)));
  CxVal n = np_sum(cx_not(nan), .axis = o.axis, .keepdims = o.keepdims, .where = o.where);
  n = cx_np_subtract(n, o.ddof ? o.ddof : cx_weak_scalar(np_canonical(CX_I64), 0));
  CxVal s = np_sum(squared, .axis = o.axis, .keepdims = o.keepdims, .where = o.where);
  if (!n || !s) return NULL;
  CxVal none = cx_le(n, cx_like(n, 0)), by = cx_convert(np_pick(none, cx_like(n, 1), n), s->type->dtype);
  return cx_convert(cx_div(np_pick(none, cx_like(s, NAN), s), by), result);
}

CxVal cx_np_nanstd(CxVal a, CxNpNanstd o) {
  return cx_sqrt(np_nanvar(a, .axis = o.axis, .dtype = o.dtype, .ddof = o.ddof, .keepdims = o.keepdims, .where = o.where, .mean = o.mean));
}

/* ---- places of extremes ---- */

static CxVal arg_extreme(const char *name, CxVal (*op)(CxVal, int, CxDtype), CxVal a, CxOptInt axis, bool keepdims) {
  if (!a) return NULL;
  CxVal x = axis.given ? a : np_flat(a);
  int at = axis.given ? np_axis(axis.v, a->type->rank) : 0, rank = a->type->rank;
  if (at < 0 || !x) return NULL;
  if (x->type->dims[at] == 0) return cx_fail(CX_ERR_VALUE, "attempt to get %s of an empty sequence", name), NULL;
  CxVal r = op(x, at, np_canonical(CX_I64));
  if (!keepdims) return r;
  int64_t ones[CX_MAX_RANK];
  for (int i = 0; i < rank; i++) ones[i] = 1;
  return axis.given ? cx_expand_dims(r, cx_ints(at)) : cx_reshape(r, rank, ones);
}
CxVal cx_np_argmax(CxVal a, CxNpArgmax o) { return arg_extreme("argmax", cx_argmax, a, o.axis, o.keepdims); }
CxVal cx_np_argmin(CxVal a, CxNpArgmin o) { return arg_extreme("argmin", cx_argmin, a, o.axis, o.keepdims); }

static CxVal nan_arg(CxVal place, CxVal a, CxOptInt axis, bool keepdims) { /* -1 where there is only NaN */
  CxInts axes = axis.given ? cx_ints(axis.v) : (CxInts){.none = true};
  return place ? np_pick(reduce(&all, np_is_nan(a), axes, CX_BOOL, keepdims, NULL, NULL), cx_like(place, -1), place) : NULL;
}
CxVal cx_np_nanargmax(CxVal a, CxNpNanargmax o) {
  CxVal r = arg_extreme("nanargmax", cx_argmax, without_nan(a, -INFINITY), o.axis, o.keepdims);
  return a && is_float(a) ? nan_arg(r, a, o.axis, o.keepdims) : r;
}
CxVal cx_np_nanargmin(CxVal a, CxNpNanargmin o) {
  CxVal r = arg_extreme("nanargmin", cx_argmin, without_nan(a, INFINITY), o.axis, o.keepdims);
  return a && is_float(a) ? nan_arg(r, a, o.axis, o.keepdims) : r;
}

/* ---- running sums ---- */

static CxVal running(CxVal (*op)(CxVal, int, bool), CxVal a, CxOptInt axis, CxDtype d, bool promote) {
  if (!a) return NULL;
  if (!axis.given || !a->type->rank) a = np_flat(a);
  int at = axis.given ? np_axis(axis.v, a->type->rank) : 0;
  if (at < 0) return NULL;
  CxDtype result = d ? d : promote || a->type->dtype == CX_BOOL ? promoted_integer(a->type->dtype) : a->type->dtype;
  if (result == CX_BOOL) a = np_to_bool(a);
  CxVal x = np_convert(a, result == CX_BOOL ? promoted_integer(CX_BOOL) : result, false);
  return np_convert(op(x, at, false), result, false);
}
CxVal cx_np_cumsum(CxVal a, CxNpCumsum o) { return running(cx_cumsum, a, o.axis, o.dtype, false); }
CxVal cx_np_cumprod(CxVal a, CxNpCumprod o) { return running(cx_cumprod, a, o.axis, o.dtype, false); }
CxVal cx_np_nancumsum(CxVal a, CxNpNancumsum o) { return running(cx_cumsum, without_nan(a, 0), o.axis, o.dtype, false); }
CxVal cx_np_nancumprod(CxVal a, CxNpNancumprod o) { return running(cx_cumprod, without_nan(a, 1), o.axis, o.dtype, false); }

static CxVal cumulative(const char *what, CxVal (*op)(CxVal, int, bool), double first, CxVal x, CxOptInt axis, CxDtype d, bool include) {
  if (!x) return NULL;
  if (!x->type->rank)
    return cx_fail(CX_ERR_VALUE, "The input must be non-scalar to take a cumulative %s, however a scalar value or scalar array was given.", what), NULL;
  if (!axis.given && x->type->rank > 1)
    return cx_fail(CX_ERR_VALUE, "The input array has rank %d, however axis was not set to an explicit value. The axis argument is only optional for "
                   "one-dimensional arrays.", x->type->rank), NULL;
  int at = np_axis(axis.given ? axis.v : 0, x->type->rank);
  if (at < 0) return NULL;
  CxVal r = running(op, x, (CxOptInt){true, at}, d, true);
  if (!include || !r) return r;
  int64_t dims[CX_MAX_RANK];
  memcpy(dims, x->type->dims, (size_t)x->type->rank * sizeof *dims);
  dims[at] = 1;
  return cx_concatenate(2, (CxVal[]){cx_full(cx_type(r->type->dtype, x->type->rank, dims, false), first), r}, at);
}
CxVal cx_np_cumulative_sum(CxVal x, CxNpCumulativeSum o) { return cumulative("sum", cx_cumsum, 0, x, o.axis, o.dtype, o.include_initial); }
CxVal cx_np_cumulative_prod(CxVal x, CxNpCumulativeProd o) { return cumulative("product", cx_cumprod, 1, x, o.axis, o.dtype, o.include_initial); }

/* ---- the middle ---- */

static CxVal gathered(CxVal a, CxInts axes) { /* the axes joined into the last one */
  int64_t permutation[CX_MAX_RANK], dims[CX_MAX_RANK], joined_extent = 1;
  bool reduced[CX_MAX_RANK] = {0};
  int n = 0, kept;
  for (int i = 0; i < axes.n; i++) reduced[axes.v[i]] = true;
  for (int i = 0; i < a->type->rank; i++)
    if (!reduced[i]) dims[n] = a->type->dims[i], permutation[n++] = i;
  kept = n;
  for (int i = 0; i < a->type->rank; i++)
    if (reduced[i]) joined_extent *= a->type->dims[i], permutation[n++] = i;
  dims[kept] = joined_extent;
  return cx_reshape(cx_transpose(a, permutation), kept + 1, dims);
}

CxVal cx_np_median(CxVal a, CxNpMedian o) {
  int64_t store[CX_MAX_RANK];
  if (!a || !np_promote_inexact(1, &a)) return NULL;
  if (np_kind(a) == 'c') return cx_fail(CX_ERR_VALUE, "jnp.median does not support complex values: they have no order"), NULL;
  CxInts axes = np_axes(o.axis, a->type->rank, store);
  CxVal x = axes.n < 0 ? NULL : gathered(np_convert(a, a->type->dtype, false), axes), sorted;
  if (!x) return NULL;
  int last = x->type->rank - 1;
  int64_t n = x->type->dims[last];
  if (!n) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "jnp.median of no elements is not implemented"), NULL;
  if (!cx_sort(1, &x, last, true, 1, &sorted)) return NULL;
  CxVal low = cx_slice_axis(sorted, last, (n - 1) / 2, (n - 1) / 2 + 1), high = cx_slice_axis(sorted, last, n / 2, n / 2 + 1);
  CxVal half = cx_like(x, 0.5), middle = n % 2 ? low : cx_add(cx_mul(low, half), cx_mul(high, half));
  CxVal nan = cx_reduce_or(np_is_nan(x), cx_ints(last)), r = np_pick(nan, cx_like(x, NAN), cx_squeeze(middle, cx_ints(last)));
  return o.keepdims ? np_keepdims(r, axes, a->type) : r;
}

/* ---- quantiles ---- */

/* the elements at index (a traced scalar, within 0 … n - 1) of the last axis */
static CxVal at_last(CxVal x, CxVal index) {
  int64_t sizes[CX_MAX_RANK];
  CxVal start[CX_MAX_RANK];
  int last = x->type->rank - 1;
  for (int i = 0; i <= last; i++) sizes[i] = i == last ? 1 : x->type->dims[i], start[i] = i == last ? index : cx_like(index, 0);
  return cx_squeeze(cx_dynamic_slice(x, start, sizes), (CxInts){.v = (int64_t[]){last}, .n = 1});
}

static CxVal between(CxVal low, CxVal high, CxVal weight, const char *method) {
  CxVal one = cx_like(weight, 1), half = cx_like(weight, 0.5);
  if (!strcmp(method, "lower")) return low;
  if (!strcmp(method, "higher")) return high;
  if (!strcmp(method, "nearest")) return np_pick(cx_le(weight, half), low, high);
  if (!strcmp(method, "midpoint")) return cx_mul(cx_add(low, high), half);
  if (!strcmp(method, "linear")) return cx_add(cx_mul(low, cx_sub(one, weight)), cx_mul(high, weight));
  return cx_fail(CX_ERR_VALUE, "method can only be 'linear', 'lower', 'higher', 'midpoint', or 'nearest', got '%s'", method), NULL;
}

static CxVal quantile_of(CxVal sorted, CxVal q, const char *method) { /* sorted along the last axis; q a scalar of its dtype */
  int64_t n = sorted->type->dims[sorted->type->rank - 1];
  CxVal place = cx_mul(q, cx_like(q, (double)(n - 1))), low = cx_floor(place), high = cx_ceil(place), top = cx_like(q, (double)(n - 1)), zero = cx_like(q, 0);
  CxVal weight = cx_sub(place, low);
  CxVal i = cx_convert(cx_clamp(zero, low, top), CX_I32), j = cx_convert(cx_clamp(zero, high, top), CX_I32);
  if (!i || !j) return NULL;
  return between(at_last(sorted, i), at_last(sorted, j), weight, method);
}

static CxVal at_each(CxVal sorted, CxVal i) { /* its own place in every row */
  int last = sorted->type->rank - 1;
  CxVal r = cx_np_take_along_axis(sorted, cx_expand_dims(i, cx_ints(last)), (CxNpTakeAlongAxis){.axis = {true, last}});
  return r ? cx_squeeze(r, cx_ints(last)) : NULL;
}

static CxVal nan_quantile_of(CxVal sorted, CxVal q, const char *method) { /* NaNs, which stand last, do not count */
  CxInts last = {.v = (int64_t[]){sorted->type->rank - 1}, .n = 1};
  CxVal top = cx_reduce_sum(cx_convert(cx_not(np_is_nan(sorted)), q->type->dtype), last);
  top = top ? cx_sub(top, cx_like(top, 1)) : NULL;
  CxVal place = cx_mul(q, top), low = cx_floor(place), high = cx_ceil(place);
  if (!low || !high) return NULL;
  CxVal i = cx_convert(cx_max(cx_like(low, 0), cx_min(low, top)), CX_I32), j = cx_convert(cx_max(cx_like(high, 0), cx_min(high, top)), CX_I32);
  return i && j ? between(at_each(sorted, i), at_each(sorted, j), cx_sub(place, low), method) : NULL;
}

/* Weights in the layout of x (reduced axes joined at the end): of a's shape, or of the reduced axes; without any, ones. */
static CxVal quantile_weights(CxVal weights, CxVal a, CxVal x, CxInts over, CxInts axes) {
  int64_t dims[CX_MAX_RANK];
  if (!weights) return cx_full(x->type, 1);
  if (np_kind(weights) == 'c') return cx_fail(CX_ERR_VALUE, "Weights cannot be complex types."), NULL;
  CxVal w = cx_convert(weights, x->type->dtype);
  if (cx_type_same_dims(w->type, a->type)) return gathered(w, axes);
  if (over.none) return cx_fail(CX_ERR_VALUE, "Weights shape must match 'a' shape when axis is None."), NULL;
  for (int i = 0; i < axes.n; i++) dims[i] = a->type->dims[axes.v[i]];
  if (w->type->rank != axes.n || (axes.n && memcmp(dims, w->type->dims, (size_t)axes.n * sizeof *dims)))
    return cx_fail(CX_ERR_VALUE, "Weights shape must match the shape of 'a' or its reduction axes"), NULL;
  return gathered(cx_broadcast_in_dim(w, a->type->rank, a->type->dims, axes.v), axes);
}

/* The first element at which the running sum of weights reaches q of the total. */
static CxVal weighted_quantile(CxVal sorted, CxVal weights, CxVal q, bool skip_nan) {
  int axis = sorted->type->rank - 1;
  CxInts last = {.v = (int64_t[]){axis}, .n = 1};
  CxVal zero = cx_full(weights->type, 0), nan = np_is_nan(sorted), bad = cx_or(cx_lt(weights, zero), np_is_nan(weights));
  CxVal clean = cx_select(cx_or(bad, nan), zero, weights), sums = cx_cumsum(clean, axis, false), valid = cx_reduce_sum(cx_convert(cx_not(nan), CX_I32), last);
  if (!sums || !valid) return NULL;
  int64_t n = sums->type->dims[axis];
  CxVal target = cx_mul(q, cx_slice_axis(sums, axis, n - 1, n)), i = cx_reduce_sum(cx_convert(cx_lt(sums, cx_broadcast_to(target, axis + 1, sums->type->dims)), CX_I32), last);
  CxVal most = skip_nan ? cx_sub(valid, cx_like(valid, 1)) : cx_full(valid->type, (double)(n - 1));
  i = i ? cx_max(cx_like(i, 0), cx_min(i, most)) : NULL;
  CxVal hopeless = cx_or(cx_reduce_or(bad, last), skip_nan ? cx_eq(valid, cx_like(valid, 0)) : cx_reduce_or(nan, last));
  return i ? np_pick(hopeless, cx_like(sorted, NAN), at_each(sorted, i)) : NULL;
}

static CxVal quantiles(CxVal a, CxVal q, CxInts over, const char *method, bool keepdims, double scale, bool skip_nan, CxVal weights) {
  int64_t store[CX_MAX_RANK];
  CxVal v[2] = {a, q}, sorted;
  if (!a || !q) return NULL;
  if (q->type->rank > 1) return cx_fail(CX_ERR_VALUE, "q must be have rank <= 1, got shape of rank %d", q->type->rank), NULL;
  if (!np_promote_dtypes(2, v) || !np_promote_inexact(1, &v[0]) || !np_promote_inexact(1, &v[1])) return NULL;
  if (np_kind(v[0]) == 'c') return cx_fail(CX_ERR_VALUE, "quantile does not support complex values: they have no order"), NULL;
  CxInts axes = np_axes(over, a->type->rank, store);
  CxVal x = axes.n < 0 ? NULL : gathered(np_convert(v[0], v[0]->type->dtype, false), axes);
  if (!x) return NULL;
  int last = x->type->rank - 1;
  if (!x->type->dims[last]) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "quantiles of no elements are not implemented"), NULL;
  bool counted = !strcmp(method, "inverted_cdf");
  CxVal both[2] = {x, NULL}, ordered[2];
  if (weights && !counted) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s doesn't support weights. Only method 'inverted_cdf' supports weights.", method), NULL;
  if (counted && !(both[1] = quantile_weights(weights, a, x, over, axes))) return NULL;
  if (!cx_sort(counted ? 2 : 1, both, last, true, 1, ordered)) return NULL;
  sorted = ordered[0];
  CxVal nan = cx_reduce_or(np_is_nan(x), (CxInts){.v = (int64_t[]){last}, .n = 1}), at = cx_mul(np_convert(v[1], x->type->dtype, false), cx_scalar(x->type->dtype, scale));
  CxVals rows = {0};
  int64_t m = q->type->rank ? q->type->dims[0] : 1;
  for (int64_t i = 0; i < m && !cx_failed(); i++) {
    CxVal one = q->type->rank ? cx_squeeze(cx_slice_axis(at, 0, i, i + 1), cx_ints(0)) : at;
    CxVal r = !one ? NULL : counted ? weighted_quantile(sorted, ordered[1], one, skip_nan) : skip_nan ? nan_quantile_of(sorted, one, method) : np_pick(nan, cx_like(x, NAN), quantile_of(sorted, one, method));
    if (r && keepdims) r = np_keepdims(r, axes, a->type);
    cx_vals_push(&rows, q->type->rank ? cx_expand_dims(r, cx_ints(0)) : r);
  }
  CxVal r = cx_failed() || !rows.n ? NULL : q->type->rank ? cx_concatenate(rows.n, rows.v, 0) : rows.v[0];
  if (!rows.n && !cx_failed()) cx_fail(CX_ERR_NOT_IMPLEMENTED, "quantiles at no places are not implemented");
  cx_vals_free(&rows);
  return r;
}

CxVal cx_np_quantile(CxVal a, CxVal q, CxNpQuantile o) { return quantiles(a, q, o.axis, o.method, o.keepdims, 1, false, o.weights); }
CxVal cx_np_percentile(CxVal a, CxVal q, CxNpPercentile o) { return quantiles(a, q, o.axis, o.method, o.keepdims, 0.01, false, o.weights); }
CxVal cx_np_nanquantile(CxVal a, CxVal q, CxNpNanquantile o) { return quantiles(a, q, o.axis, o.method, o.keepdims, 1, true, o.weights); }
CxVal cx_np_nanpercentile(CxVal a, CxVal q, CxNpNanpercentile o) { return quantiles(a, q, o.axis, o.method, o.keepdims, 0.01, true, o.weights); }
CxVal cx_np_nanmedian(CxVal a, CxNpNanmedian o) { return quantiles(a, cx_scalar(np_canonical(CX_F64), 0.5), o.axis, "midpoint", o.keepdims, 1, true, NULL); }
