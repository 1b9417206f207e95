/* Sets of elements: sorting brings equal ones together, a mask says where each run of them begins. */
#include "np/build.h"

#include "base/alloc.h"

static const char size_hint[] = "To make it work under jit, pass the argument `size`: the maximal number of results.";

static CxVal whole(CxVal x, CxOptInt size, const char *what) { /* x, and an error if neither its values nor a size are known */
  return size.given || np_concrete(x, what) ? x : NULL;
}

/* ---- unique ---- */

typedef struct Runs {
  CxVal aux, mask, order; /* slices in order along axis 0; where a run of equal ones begins; where each slice stood */
  int64_t n;
} Runs;

static CxVal differs(CxVal x, CxVal y, bool equal_nan) {
  CxVal ne = cx_ne(x, y);
  if (!ne || !equal_nan || !is_inexact(x->type)) return ne;
  return cx_and(ne, cx_not(cx_and(np_is_nan(x), np_is_nan(y))));
}

static CxVal run_mask(CxVal aux, bool equal_nan) {
  int64_t n = np_len(aux), axes[CX_MAX_RANK];
  if (!n) return np_vector(CX_BOOL, 0, 0);
  CxVal step = differs(vcut(aux, 0, 1, n), vcut(aux, 0, 0, n - 1), equal_nan);
  if (!step) return NULL;
  for (int i = 1; i < aux->type->rank; i++) axes[i - 1] = i;
  return vjoin(np_vector(CX_BOOL, 1, 1), cx_reduce_or(step, (CxInts){axes, aux->type->rank - 1, false}), 0);
}

/* The stable order of the rows of a matrix by their first element, then the second, … */
static CxVal row_order(CxVal rows) {
  uint32_t n = (uint32_t)rows->type->dims[1];
  CxVal *keys = cx_malloc(((size_t)n + 1) * 2 * sizeof *keys), order = NULL;
  for (uint32_t k = 0; keys && k < n; k++) keys[k] = vpick(rows, 1, k);
  if (keys) keys[n] = varange(np_len(rows));
  if (keys && cx_sort(n + 1, keys, 0, true, n, keys + n + 1)) order = keys[2 * n + 1];
  cx_free(keys);
  return order;
}

static CxVal one_nan(CxVal x) { /* every complex NaN becomes the same one */
  return x && kind_in(x->type, "c") ? vwhere(np_is_nan(x), cx_like(x, NAN), x) : x;
}

static bool runs_of(CxVal ar, int axis, bool equal_nan, Runs *r) {
  CxVal aux = one_nan(cx_move_axis(ar, axis, 0));
  if (!aux) return false;
  r->n = np_len(aux);
  int64_t each = 1;
  for (int i = 1; i < aux->type->rank; i++) each *= aux->type->dims[i];
  CxVal zero = np_vector(np_int(), 1, 0);
  r->order = each ? row_order(cx_reshape(aux, 2, (int64_t[]){r->n, each})) : zero;
  bool gather = each || r->n; /* with empty slices there is one of them */
  r->aux = gather ? np_at(aux, 0, r->order) : aux;
  if (!each) r->n = 1;
  r->mask = r->aux && r->aux->type->size ? run_mask(r->aux, equal_nan) : np_vector(CX_BOOL, r->n, 0);
  return r->aux && r->mask && r->order;
}

typedef struct UniqueHow {
  bool index, inverse, counts, equal_nan;
  CxOptInt size;
  CxVal fill;
} UniqueHow;

static CxVal nonzero1(CxVal mask, CxOptInt size) {
  CxVals at = {0};
  CxVal r = np_nonzero_rows(mask, size, NULL, &at) ? at.v[0] : NULL;
  cx_vals_free(&at);
  return r;
}

static CxVal with_fill(CxVal result, const Runs *r, const UniqueHow *h) {
  CxVal fill = vcast(h->fill, result->type->dtype), valid = vlt(varange(h->size.v), vsumto(r->mask));
  int64_t dims[CX_MAX_RANK];
  if (!np_len(result)) {
    for (int i = 0; i < result->type->rank; i++) dims[i] = i ? result->type->dims[i] : h->size.v;
    return cx_broadcast_to(fill, result->type->rank, dims);
  }
  for (int i = 1; i < result->type->rank; i++) valid = vnewaxis(valid, i);
  return vwhere(valid, result, fill);
}

static CxVal counts_of(const Runs *r, const UniqueHow *h, bool any, int64_t extent) {
  if (!any) return np_vector(np_int(), extent ? 1 : 0, (double)extent);
  CxVal idx, end = np_vector(np_int(), 1, (double)r->n);
  if (!h->size.given) {
    idx = vjoin(nonzero1(r->mask, h->size), end, 0);
  } else {
    idx = nonzero1(r->mask, (CxOptInt){true, h->size.v + 1});
    CxVal rest = vcut(idx, 0, 1, h->size.v + 1);
    idx = vjoin(vcut(idx, 0, 0, 1), vwhere(rest, rest, vint(r->n)), 0);
  }
  return idx ? np_diff(idx, .axis = -1) : NULL;
}

static bool unique(CxVal ar, int axis, const UniqueHow *h, CxVals *out, CxVal *true_size) {
  Runs r;
  int64_t extent = ar->type->dims[axis];
  FAIL_IF(!extent && h->size.given && h->size.v && !h->fill, CX_ERR_VALUE,
          "jnp.unique: for zero-sized input with nonzero size argument, fill_value must be specified");
  TRY(runs_of(ar, axis, h->equal_nan, &r));
  if (!h->size.given && !np_concrete(r.mask, size_hint)) return false;
  bool any = r.aux->type->size > 0;
  CxVal at = any || h->size.given ? nonzero1(r.mask, h->size) : NULL, result = any ? np_at(r.aux, 0, at) : r.aux;
  if (!result) return false;
  if (h->size.given && h->fill) result = with_fill(result, &r, h);
  TRY(result && cx_vals_push(out, cx_move_axis(result, 0, axis)));
  if (h->index) TRY(cx_vals_push(out, any ? np_at(r.order, 0, at) : r.order));
  if (h->inverse) {
    CxVal which = any ? vsub(np_cumsum(r.mask, .axis = {true, 0}), vint(1)) : NULL;
    TRY(cx_vals_push(out, any ? np_put_at(np_vector(np_int(), r.n, 0), r.order, which, NP_UPDATE_SET) : np_vector(np_int(), extent, 0)));
  }
  if (h->counts) TRY(cx_vals_push(out, counts_of(&r, h, any, extent)));
  if (true_size) *true_size = vsumto(r.mask);
  return true;
}

bool cx_np_unique(CxVal ar, CxNpUnique o, CxVals *out) {
  UniqueHow h = {o.return_index, o.return_inverse, o.return_counts, o.equal_nan, o.size, o.fill_value};
  if (!ar || !whole(ar, o.size, size_hint)) return false;
  int axis = o.axis.given ? np_axis(o.axis.v, ar->type->rank) : 0;
  if (axis < 0) return false;
  TRY(unique(o.axis.given ? ar : np_flat(ar), axis, &h, out, NULL));
  CxVal *inverse = o.return_inverse ? &out->v[1 + o.return_index] : NULL;
  return !inverse || o.axis.given || (*inverse = cx_reshape(*inverse, ar->type->rank, ar->type->dims)) != NULL;
}

static CxVal distinct(CxVal flat, bool equal_nan, CxOptInt size, CxVal fill) {
  CxVals out = {0};
  UniqueHow h = {.equal_nan = equal_nan, .size = size, .fill = fill};
  CxVal r = flat && whole(flat, size, size_hint) && unique(flat, 0, &h, &out, NULL) ? out.v[0] : NULL;
  cx_vals_free(&out);
  return r;
}

CxVal cx_np_unique_values(CxVal x, CxNpUniqueValues o) { return distinct(np_flat(x), false, o.size, o.fill_value); }

CxVal cx_np_union1d(CxVal ar1, CxVal ar2, CxNpUnion1D o) {
  CxVal v[2] = {np_flat(ar1), np_flat(ar2)};
  if (!whole(ar1, o.size, size_hint) || !whole(ar2, o.size, size_hint) || !np_promote_dtypes(2, v)) return NULL;
  return distinct(vjoin(v[0], v[1], 0), true, o.size, o.fill_value);
}

/* ---- membership ---- */

static CxVal constant_mask(CxVal flat, bool value) { return np_vector(CX_BOOL, flat->type->size, value); }

static CxVal in_small(CxVal x, CxVal among) { /* all pairs */
  return cx_reduce_or(cx_eq(cx_broadcast_to(vnewaxis(x, 1), 2, (int64_t[]){x->type->size, among->type->size}), vnewaxis(among, 0)), cx_ints(1));
}

static CxVal in_sorted(CxVal x, CxVal among) {
  CxVal sorted = np_sort(among, .axis = {true, 0}, .stable = true);
  return vcast(cx_eq(x, np_at(sorted, 0, cx_np_minimum(np_search(sorted, x, true), vint(among->type->size - 1)))), CX_BOOL);
}

static CxVal among(CxVal ar1, CxVal ar2, bool invert, const char *method) {
  CxVal v[2] = {np_flat(ar1), np_flat(ar2)};
  static const char *const methods[] = {"auto", "compare_all", "binary_search", "sort"};
  bool known = false;
  for (int i = 0; i < 4; i++) known |= !strcmp(method, methods[i]);
  if (!v[0] || !v[1] || !np_promote_dtypes(2, v)) return NULL;
  if (!v[0]->type->size || !v[1]->type->size) return constant_mask(v[0], invert);
  if (!known) return cx_fail(CX_ERR_VALUE, "method='%s' is not implemented; options are 'compare_all', 'binary_search', 'sort', and 'auto'", method), NULL;
  bool small = v[1]->type->size <= 16 || kind_in(v[0]->type, "c");
  CxVal in = small ? in_small(v[0], v[1]) : in_sorted(v[0], v[1]);
  return in && invert ? cx_not(in) : in;
}

CxVal cx_np_isin(CxVal element, CxVal test_elements, CxNpIsin o) {
  CxVal r = element && test_elements ? among(element, test_elements, o.invert, o.method) : NULL;
  return r ? cx_reshape(r, element->type->rank, element->type->dims) : NULL;
}

CxVal cx_np_setdiff1d(CxVal ar1, CxVal ar2, CxNpSetdiff1D o) {
  CxVal x = np_flat(ar1);
  if (!x || !ar2 || !whole(ar1, o.size, "The error arose in setdiff1d()")) return NULL;
  CxVal fill = vcast(o.fill_value ? o.fill_value : vint(0), x->type->dtype);
  int64_t n = o.size.given ? o.size.v : 0;
  if (!x->type->size) return cx_broadcast_to(fill, 1, &n);
  if (!o.assume_unique) x = distinct(x, true, o.size.given && n ? (CxOptInt){true, x->type->size} : o.size.given ? (CxOptInt){true, 0} : o.size, NULL);
  CxVal mask = x ? among(x, ar2, true, "auto") : NULL;
  if (!mask) return NULL;
  if (!o.size.given) return np_concrete(mask, "The error arose in setdiff1d()") ? np_at(x, 0, mask) : NULL;
  if (!n) return vcut(x, 0, 0, 0);
  if (!o.assume_unique) { /* the rest of x repeats its first element */
    CxVal distinct_n = vsub(vint(x->type->size + 1), vsumto(veq(x, vpick(x, 0, 0))));
    mask = cx_and(mask, vlt(varange(x->type->size), distinct_n));
  }
  return vwhere(vlt(varange(n), vsumto(mask)), np_at(x, 0, nonzero1(mask, o.size)), fill);
}

/* ---- two sets in one sorted vector ---- */

/* The distinct elements of both, one after the other, then zeros; how many there are; where each stood. */
static CxVal both_unique(CxVal x, CxVal y, bool indices, CxVal *n, CxVal *n1, CxVal *i1, CxVal *i2) {
  CxVals a = {0}, b = {0};
  CxVal n2 = NULL, r = NULL;
  UniqueHow hx = {.equal_nan = true, .index = indices, .size = {true, x->type->size}, .fill = vint(0)}, hy = hx;
  hy.size.v = y->type->size;
  if (unique(x, 0, &hx, &a, n1) && unique(y, 0, &hy, &b, &n2)) {
    r = np_vector(x->type->dtype, x->type->size + y->type->size, 0);
    r = r ? cx_dynamic_update_slice(r, a.v[0], (CxVal[]){cx_scalar_i64(CX_I32, 0)}) : NULL;
    r = r ? cx_dynamic_update_slice(r, b.v[0], &(CxVal){vcast(*n1, CX_I32)}) : NULL;
    if (indices) *i1 = a.v[1], *i2 = b.v[1];
    *n = vadd(*n1, n2);
  }
  cx_vals_free(&a), cx_vals_free(&b);
  return r;
}

static CxVal steps(CxVal sorted, bool equal) {
  int64_t n = sorted->type->size;
  CxVal x = vcut(sorted, 0, n ? 1 : 0, n), y = vcut(sorted, 0, 0, n ? n - 1 : 0);
  return equal ? cx_eq(x, y) : cx_ne(x, y);
}

/* The elements of aux that a mask picks, cut or filled to a length. Without a fill value the rest is the least of what was found. */
static CxVal picked(CxVal aux, CxVal mask, CxVal indices, int64_t n, CxVal fill) {
  CxVal vals = aux->type->size ? np_at_fill(aux, indices, 0) : np_vector(aux->type->dtype, n, 0), valid = vlt(varange(n), vsumto(mask));
  if (fill) return vwhere(valid, vals, fill);
  if (!n) return vals;
  vals = vwhere(valid, vals, np_max(vals, .axis = {.none = true}));
  return vwhere(valid, vals, np_min(vals, .axis = {.none = true}));
}

static CxVal nonzero_fill(CxVal mask, int64_t n, int64_t fill) {
  CxVals at = {0};
  CxVal r = np_nonzero_rows(mask, (CxOptInt){true, n}, vint(fill), &at) ? at.v[0] : NULL;
  cx_vals_free(&at);
  return r;
}

static CxVal setxor_sized(CxVal x, CxVal y, CxNpSetxor1D o) {
  CxVal n, n1, aux, flag;
  int64_t total = x->type->size + y->type->size;
  if (o.assume_unique) {
    aux = np_sort(vjoin(x, y, 0), .axis = {true, 0}, .stable = true);
    flag = aux ? vjoin(vjoin(np_vector(CX_BOOL, 1, total > 0), steps(aux, false), 0), np_vector(CX_BOOL, 1, 1), 0) : NULL;
  } else {
    CxVal all = both_unique(x, y, false, &n, &n1, NULL, NULL), mask = vlt(varange(total + 1), vadd(n, vint(1))), sorted[2];
    if (!all || !mask || !cx_sort(2, (CxVal[]){cx_not(vcut(mask, 0, 1, total + 1)), all}, 0, true, 2, sorted)) return NULL;
    aux = sorted[1];
    flag = vjoin(vjoin(np_vector(CX_BOOL, 1, total > 0), steps(aux, false), 0), np_vector(CX_BOOL, 1, 0), 0);
    flag = cx_and(mask, np_put_at(flag, n, cx_scalar(CX_BOOL, 1), NP_UPDATE_SET));
  }
  if (!aux || !flag) return NULL;
  int64_t f = flag->type->size;
  CxVal alone = cx_and(vcut(flag, 0, 1, f), vcut(flag, 0, 0, f - 1));
  return alone ? picked(aux, alone, total ? nonzero_fill(alone, o.size.v, total) : NULL, o.size.v, o.fill_value) : NULL;
}

CxVal cx_np_setxor1d(CxVal ar1, CxVal ar2, CxNpSetxor1D o) {
  CxVal v[2] = {np_flat(ar1), np_flat(ar2)};
  if (!v[0] || !v[1] || !np_promote_dtypes(2, v)) return NULL;
  if (o.size.given) return setxor_sized(v[0], v[1], o);
  for (int i = 0; !o.assume_unique && i < 2; i++)
    if (!(v[i] = distinct(v[i], true, o.size, NULL))) return NULL;
  CxVal aux = vjoin(v[0], v[1], 0), one = np_vector(CX_BOOL, 1, 1);
  if (!aux || !aux->type->size) return aux;
  if (!(aux = np_sort(aux, .axis = {true, 0}, .stable = true))) return NULL;
  CxVal flag = vjoin(vjoin(one, steps(aux, false), 0), one, 0);
  int64_t n = aux->type->size;
  return flag ? np_at(aux, 0, cx_and(vcut(flag, 0, 1, n + 1), vcut(flag, 0, 0, n))) : NULL;
}

/* ---- intersections ---- */

static CxVal keep_valid(CxVal x, CxVal count, int64_t otherwise) { return x ? vwhere(vlt(varange(np_len(x)), count), x, vint(otherwise)) : NULL; }

static CxVal get_or(CxVal x, CxVal at, int64_t otherwise) { return at && x ? np_at_fill(x, at, (double)otherwise) : NULL; }

static bool intersect_sized(CxVal x, CxVal y, CxNpIntersect1D o, CxVals *out) {
  CxVal n, n1 = vint(x->type->size), i1 = NULL, i2 = NULL, all, mask, sorted[3];
  int64_t nx = x->type->size, ny = y->type->size, total = nx + ny;
  if (o.assume_unique) all = vjoin(x, y, 0), mask = np_vector(CX_BOOL, total, 1);
  else all = both_unique(x, y, true, &n, &n1, &i1, &i2), mask = all ? vlt(varange(total), n) : NULL;
  TRY(all && mask && cx_sort(3, (CxVal[]){cx_not(mask), all, varange(total)}, 0, true, 2, sorted));
  CxVal found = cx_and(steps(sorted[1], true), vcut(mask, 0, total ? 1 : 0, total)), count = vsumto(found);
  CxVal at = total ? nonzero_fill(found, o.size.v, total) : np_vector(np_int(), 0, 0);
  TRY(count && at && cx_vals_push(out, picked(sorted[1], found, at, o.size.v, o.fill_value)));
  if (!o.return_indices) return true;
  CxVal at1 = keep_valid(get_or(sorted[2], at, nx), count, nx);
  CxVal at2 = keep_valid(vsub(get_or(sorted[2], vadd(at, vint(1)), ny), n1), count, ny);
  if (!o.assume_unique) at1 = get_or(i1, at1, nx), at2 = get_or(i2, at2, ny);
  return cx_vals_push(out, at1) && cx_vals_push(out, at2);
}

static bool distinct_with_index(CxVal *x, CxVal *index) {
  CxVals out = {0};
  UniqueHow h = {.equal_nan = true, .index = true};
  bool ok = whole(*x, h.size, size_hint) && unique(*x, 0, &h, &out, NULL);
  if (ok) *x = out.v[0], *index = out.v[1];
  cx_vals_free(&out);
  return ok;
}

bool cx_np_intersect1d(CxVal ar1, CxVal ar2, CxNpIntersect1D o, CxVals *out) {
  CxVal v[2] = {np_flat(ar1), np_flat(ar2)}, index[2] = {NULL, NULL}, sorted[2];
  TRY(v[0] && v[1] && np_promote_dtypes(2, v));
  if (o.size.given) return intersect_sized(v[0], v[1], o, out);
  for (int i = 0; !o.assume_unique && i < 2; i++) TRY(distinct_with_index(&v[i], &index[i]));
  CxVal all = vjoin(v[0], v[1], 0);
  TRY(all && cx_sort(2, (CxVal[]){all, varange(np_len(all))}, 0, true, 1, sorted));
  int64_t n = np_len(all), m = n ? n - 1 : 0;
  CxVal mask = steps(sorted[0], true);
  TRY(mask && np_concrete(mask, size_hint) && cx_vals_push(out, np_at(vcut(sorted[0], 0, 0, m), 0, mask)));
  if (!o.return_indices) return true;
  CxVal at[2] = {np_at(vcut(sorted[1], 0, 0, m), 0, mask), vsub(np_at(vcut(sorted[1], 0, n - m, n), 0, mask), vint(np_len(v[0])))};
  for (int i = 0; i < 2; i++) TRY(at[i] && cx_vals_push(out, o.assume_unique ? at[i] : np_at(index[i], 0, at[i])));
  return true;
}
