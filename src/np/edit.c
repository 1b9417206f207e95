/* Arrays with elements put, deleted, inserted or chosen; partial sorts by top_k; bits and bytes; the vector product. */
#include "np/build.h"

static bool in_place(const char *name, bool inplace) {
  FAIL_IF(inplace, CX_ERR_VALUE, "jax.numpy.%s cannot modify arrays in-place, because JAX arrays are immutable. Pass inplace=False to instead return an updated array.", name);
  return true;
}

/* ---- putting ---- */

CxVal cx_np_put(CxVal a, CxVal ind, CxVal v, CxNpPut o) {
  if (!in_place("put", o.inplace) || !a || !ind || !v) return NULL;
  CxVal at = np_flat(ind), values = np_flat(v), flat = np_flat(a);
  if (!a->type->size || !ind->type->size || !v->type->size) return a;
  values = np_to_length(values, at->type->size);
  if (o.mode && !strcmp(o.mode, "clip")) at = np_clip(at, .min = vint(0), .max = vint(a->type->size - 1));
  else if (o.mode && !strcmp(o.mode, "wrap")) at = vmod(at, vint(a->type->size));
  else if (o.mode && !strcmp(o.mode, "raise")) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "The 'raise' mode to jnp.put is not supported."), NULL;
  else if (o.mode) return cx_fail(CX_ERR_VALUE, "mode should be one of 'wrap' or 'clip'; got mode='%s'", o.mode), NULL;
  else at = np_clip(at, .min = kind_in(at->type, "u") ? vint(0) : vint(-a->type->size), .max = vint(a->type->size - 1)); /* as unravel_index does */
  CxVal r = np_put_at(flat, at, values, NP_UPDATE_SET);
  return r ? cx_reshape(r, a->type->rank, a->type->dims) : NULL;
}

static CxVal rows_where(CxVal mask, int64_t n, CxVal fill) {
  CxVals at = {0};
  CxVal r = np_nonzero_rows(mask, (CxOptInt){true, n}, fill, &at) ? at.v[0] : NULL;
  cx_vals_free(&at);
  return r;
}

CxVal cx_np_place(CxVal arr, CxVal mask, CxVal vals, CxNpPlace o) {
  if (!in_place("place", o.inplace) || !arr || !mask || !vals) return NULL;
  int64_t n = arr->type->size;
  if (n != mask->type->size) return cx_fail(CX_ERR_VALUE, "place: arr and mask must be the same size"), NULL;
  if (!vals->type->size) return cx_fail(CX_ERR_VALUE, "Cannot place values from an empty array"), NULL;
  if (!n) return arr;
  CxVal r = np_put_at(np_flat(arr), rows_where(np_flat(mask), n, vint(n)), np_to_length(np_flat(vals), n), NP_UPDATE_SET);
  return r ? cx_reshape(r, arr->type->rank, arr->type->dims) : NULL;
}

static bool update_mode(const char *mode, NpIndexHow *how) {
  static const struct { const char *name; CxIndexMode mode; } modes[] = {
      {"drop", CX_INDEX_FILL_OR_DROP}, {"fill", CX_INDEX_FILL_OR_DROP}, {"clip", CX_INDEX_CLIP}, {"promise_in_bounds", CX_INDEX_PROMISE}};
  *how = (NpIndexHow){0};
  if (!mode) return true;
  for (int i = 0; i < 4; i++)
    if (!strcmp(mode, modes[i].name)) return how->mode_given = true, how->mode = modes[i].mode, true;
  return cx_fail(CX_ERR_VALUE, "Invalid scatter mode: '%s'", mode);
}

CxVal cx_np_put_along_axis(CxVal arr, CxVal indices, CxVal values, CxOptInt axis, CxNpPutAlongAxis o) {
  NpIndex items[CX_MAX_RANK];
  NpIndexHow how;
  if (!in_place("put_along_axis", o.inplace) || !arr || !indices || !values || !update_mode(o.mode, &how)) return NULL;
  CxVal a = axis.given ? arr : np_flat(arr);
  int at = axis.given ? np_axis(axis.v, arr->type->rank) : 0, rank = a->type->rank;
  if (at < 0) return NULL;
  const CxType *t = indices->type;
  if (t->rank != rank) return cx_fail(CX_ERR_VALUE, "put_along_axis arguments 'arr' and 'indices' must have same ndim, got %d and %d", rank, t->rank), NULL;
  if (values->type->rank > rank) return cx_fail(CX_ERR_VALUE, "put_along_axis argument 'values' must be broadcastable to 'indices'"), NULL;
  if (!(values = cx_broadcast_to(values, rank, t->dims))) return NULL;
  for (int i = 0; i < rank; i++) {
    int64_t dims[CX_MAX_RANK];
    for (int k = 0; k < rank; k++) dims[k] = k == i ? a->type->dims[i] : 1;
    items[i] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = i == at ? indices : cx_iota(CX_I32, rank, dims, i)};
  }
  CxVal r = np_update(a, items, rank, values, NP_UPDATE_SET, &how);
  return r && !axis.given ? cx_reshape(r, arr->type->rank, arr->type->dims) : r;
}

/* ---- deleting and inserting ---- */

static CxVal delete_one(CxVal a, CxVal obj, int axis) {
  int64_t n = a->type->dims[axis], i = cx_to_int(obj);
  if (i < -n || i >= n) return cx_fail(CX_ERR_VALUE, "delete: index %lld is out of bounds for axis %d with size %lld", (long long)i, axis, (long long)n), NULL;
  if (i < 0) i += n;
  return vjoin(vcut(a, axis, 0, i), vcut(a, axis, i + 1, n), axis);
}

/* Indices that are known to differ only by their number: each place that stays moves by the deleted ones before it. */
static CxVal delete_unique(CxVal a, CxVal obj, int axis) {
  int64_t n = a->type->dims[axis];
  CxVal at = np_flat(obj);
  at = np_clip(vwhere(vlt(at, vint(0)), vadd(at, vint(n)), at), .min = vint(0), .max = vint(n));
  at = np_sort(at, .axis = {true, 0}, .stable = true);
  int64_t m = at ? np_len(at) : 0, left = n - m;
  if (!at) return NULL;
  if (left < 0) return cx_fail(CX_ERR_VALUE, "delete: more indices than the axis has elements"), NULL;
  at = vsub(at, cx_iota(at->type->dtype, 1, &m, 0));
  CxVal i = cx_iota(at->type->dtype, 1, &left, 0);
  i = vadd(i, np_sum(vge(vnewaxis(i, 0), vnewaxis(at, 1)), .axis = cx_ints(0), .dtype = at->type->dtype));
  return np_at(a, axis, i);
}

CxVal cx_np_delete_at(CxVal arr, CxVal obj, CxNpDeleteAt o) {
  if (!arr || !obj) return NULL;
  CxVal a = o.axis.given ? arr : np_flat(arr);
  int axis = o.axis.given ? np_axis(o.axis.v, arr->type->rank) : 0;
  if (axis < 0) return NULL;
  bool integer = kind_in(obj->type, "iu");
  if (integer && !obj->type->rank && node_is_array(obj)) return delete_one(a, obj, axis);
  if (integer && o.assume_unique_indices) return delete_unique(a, obj, axis);
  CxVal known = np_concrete(obj, "'obj' array argument of jnp.delete()"), keep;
  if (!known) return NULL;
  int64_t n = a->type->dims[axis];
  if (obj->type->dtype == CX_BOOL) {
    if (obj->type->rank != 1 || np_len(obj) != n)
      return cx_fail(CX_ERR_VALUE, "np.delete(arr, obj): for boolean indices, obj must be one-dimensional with length matching specified axis."), NULL;
    keep = known;
  } else if (integer || !obj->type->size) {
    CxVal flat = cx_convert(np_flat(known), CX_I64);
    if (!flat || !(keep = cx_array(CX_BOOL, 1, &n, NULL))) return NULL;
    for (int64_t k = 0; k < flat->type->size; k++) {
      int64_t i = ((const int64_t *)(const void *)flat->array.data)[k];
      if (i < -n || i >= n) return cx_fail(CX_ERR_INDEX, "index %lld is out of bounds for axis %d with size %lld", (long long)i, axis, (long long)n), NULL;
      keep->array.data[i < 0 ? i + n : i] = 1;
    }
  } else {
    return cx_fail(CX_ERR_VALUE, "np.delete(arr, obj): got obj.dtype=%s; must be integer or bool.", cx_dtype_name(obj->type->dtype)), NULL;
  }
  CxVal mask = cx_array(CX_BOOL, 1, &n, NULL);
  for (int64_t i = 0; mask && i < n; i++) mask->array.data[i] = !keep->array.data[i];
  return np_at(a, axis, mask);
}

static CxVal put_slices(CxVal to, int axis, CxVal at, CxVal y) {
  NpIndex items[CX_MAX_RANK];
  for (int i = 0; i < axis; i++) items[i] = (NpIndex){.kind = NP_INDEX_SLICE, .step = 1};
  items[axis] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = at};
  return to && at && y ? np_update(to, items, axis + 1, y, NP_UPDATE_SET, &(NpIndexHow){0}) : NULL;
}

static CxVal raised(CxVal x, int rank) { /* axes of extent 1 in front */
  int64_t axes[CX_MAX_RANK];
  int n = x ? rank - x->type->rank : 0;
  for (int i = 0; i < n; i++) axes[i] = i;
  return n > 0 ? cx_expand_dims(x, (CxInts){axes, n, false}) : x;
}

CxVal cx_np_insert_at(CxVal arr, CxVal obj, CxVal values, CxNpInsertAt o) {
  if (!arr || !obj || !values) return NULL;
  CxVal a = o.axis.given ? arr : np_flat(arr), at = obj;
  int axis = o.axis.given ? np_axis(o.axis.v, arr->type->rank) : 0;
  if (axis < 0) return NULL;
  if (at->type->rank > 1) return cx_fail(CX_ERR_VALUE, "jnp.insert(): obj must be a slice, a one-dimensional array, or a scalar; got rank %d", at->type->rank), NULL;
  if (!kind_in(at->type, "iu")) {
    if (at->type->size) return cx_fail(CX_ERR_VALUE, "jnp.insert(): index array must be integer typed; got %s", cx_dtype_name(at->type->dtype)), NULL;
    at = vcast(at, np_int());
  }
  int64_t dims[CX_MAX_RANK], n = a->type->dims[axis], m;
  CxVal v = raised(vcast(values, a->type->dtype), a->type->rank);
  if (!v) return NULL;
  if (at->type->size == 1) {
    if (!at->type->rank) v = cx_move_axis(v, 0, axis);
    if (!v) return NULL;
    at = cx_broadcast_to(cx_reshape(at, 0, NULL), 1, &v->type->dims[axis]);
  }
  CxVal shapes[2] = {at, np_vector(CX_BOOL, v->type->dims[axis], 0)};
  int rank;
  if (!np_broadcast_dims(2, shapes, &rank, &m)) return NULL;
  for (int i = 0; i < a->type->rank; i++) dims[i] = a->type->dims[i] + (i == axis ? m : 0);
  at = np_clip(vwhere(vlt(at, vint(0)), vadd(at, vint(n)), at), .min = vint(0), .max = vint(n));
  CxVal order = np_argsort(at, .axis = {true, 0}, .stable = true);
  CxVal places = at && order ? np_put_at(at, order, cx_iota(at->type->dtype, 1, &m, 0), NP_UPDATE_ADD) : NULL;
  CxVal free = np_put_at(np_vector(CX_BOOL, n + m, 1), places, cx_scalar(CX_BOOL, 0), NP_UPDATE_SET);
  CxVal out = put_slices(cx_full(cx_type(a->type->dtype, a->type->rank, dims, false), 0), axis, places, v);
  out = put_slices(out, axis, free ? rows_where(free, n, NULL) : NULL, a);
  return out ? np_convert(out, out->type->dtype, a->type->weak) : NULL;
}

/* ---- choosing ---- */

CxVal cx_np_choose(CxVal a, CxVals choices, CxNpChoose o) {
  CxVal all[CX_MAX_RANK * 4];
  NpIndex items[CX_MAX_RANK];
  int64_t n = choices.n;
  if (!a) return NULL;
  if (!kind_in(a->type, "iu")) return cx_fail(CX_ERR_VALUE, "`a` array must be integer typed"), NULL;
  if (n > CX_MAX_RANK * 4 - 1) return cx_fail(CX_ERR_VALUE, "choose takes at most %d choices", CX_MAX_RANK * 4 - 1), NULL;
  if (!strcmp(o.mode, "wrap")) a = vmod(a, vint(n));
  else if (!strcmp(o.mode, "clip")) a = np_clip(a, .min = vint(0), .max = vint(n - 1));
  else if (strcmp(o.mode, "raise")) return cx_fail(CX_ERR_VALUE, "mode='%s' not understood. Must be 'raise', 'wrap', or 'clip'", o.mode), NULL;
  else {
    CxVal known = np_concrete(a, "The error occurred because jnp.choose was jit-compiled with mode='raise'. Use mode='wrap' or mode='clip' instead.");
    CxVal bad = known ? np_any(vor(vlt(known, vint(0)), vge(known, vint(n))), .axis = {.none = true}) : NULL;
    if (!bad) return NULL;
    if (cx_to_int(bad)) return cx_fail(CX_ERR_VALUE, "invalid entry in choice array"), NULL;
  }
  all[0] = a;
  for (uint32_t i = 0; i < choices.n; i++) all[i + 1] = choices.v[i];
  if (!n || !np_promote_dtypes(choices.n, all + 1) || !np_broadcast_all(choices.n + 1, all)) return NULL;
  for (uint32_t i = 1; i <= choices.n; i++) all[i] = vnewaxis(all[i], 0);
  CxVal table = cx_concatenate(choices.n, all + 1, 0);
  if (!table) return NULL;
  int rank = all[0]->type->rank;
  items[0] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = all[0]};
  for (int i = 0; i < rank; i++) items[i + 1] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = cx_iota(np_int(), rank, all[0]->type->dims, i)};
  return np_index(np_convert(table, table->type->dtype, false), items, rank + 1, &(NpIndexHow){0});
}

/* ---- partial sorts ---- */

static bool kth_ok(const char *name, CxVal a, int64_t *kth, int64_t axis, int *at) {
  FAIL_IF(kind_in(a->type, "c"), CX_ERR_NOT_IMPLEMENTED, "jnp.%s for complex dtype is not implemented.", name);
  if ((*at = np_axis(axis, a->type->rank)) < 0) return false;
  int64_t n = a->type->dims[*at];
  FAIL_IF(*kth < -n || *kth >= n, CX_ERR_VALUE, "axis %lld is out of bounds for array of dimension %lld", (long long)*kth, (long long)n);
  if (*kth < 0) *kth += n;
  return true;
}

static CxVal flipped(CxVal x) { return kind_in(x->type, "u") ? vneg(vadd(x, vint(1))) : vneg(x); } /* the order reversed */

CxVal cx_np_partition(CxVal a, int64_t kth, CxNpPartition o) {
  int at;
  CxVal low, high, i;
  if (!a || !kth_ok("partition", a, &kth, o.axis, &at)) return NULL;
  CxVal x = cx_np_swapaxes(a, at, -1);
  int last = a->type->rank - 1;
  if (!x || !cx_top_k(flipped(x), kth + 1, last, &low, &i) || !cx_top_k(x, x->type->dims[last] - kth - 1, last, &high, &i)) return NULL;
  low = kind_in(x->type, "u") ? vsub(vneg(low), vint(1)) : vneg(low);
  return cx_np_swapaxes(vjoin(low, high, last), at, -1);
}

CxVal cx_np_argpartition(CxVal a, int64_t kth, CxNpArgpartition o) {
  int at;
  CxVal v, low, high;
  if (!a || !kth_ok("argpartition", a, &kth, o.axis, &at)) return NULL;
  CxVal x = cx_np_swapaxes(a, at, -1);
  int last = a->type->rank - 1;
  if (!x || !cx_top_k(flipped(x), kth + 1, last, &v, &low)) return NULL;
  CxVal rest = cx_full(cx_type_with_dtype(x->type, CX_F32, false), 1);
  rest = cx_np_put_along_axis(rest, low, cx_scalar(CX_F32, 0), (CxOptInt){true, last}, (CxNpPutAlongAxis){0});
  if (!rest || !cx_top_k(rest, x->type->dims[last] - kth - 1, last, &v, &high)) return NULL;
  return cx_np_swapaxes(vjoin(low, high, last), at, -1);
}

CxVal cx_np_sort_complex(CxVal a) {
  if (!a) return NULL;
  if (!a->type->rank) return cx_fail(CX_ERR_VALUE, "sort_complex takes an array of at least one axis"), NULL;
  CxVal out;
  CxDtype d = a->type->dtype;
  return cx_sort(1, &a, a->type->rank - 1, true, 1, &out) ? vcast(out, np_to_inexact(d) == CX_F64 || d == CX_C128 ? CX_C128 : CX_C64) : NULL;
}

CxVal cx_np_lexsort(CxVals keys, CxNpLexsort o) {
  enum { MOST = 256 };
  CxVal v[MOST + 1], out[MOST + 1];
  uint32_t n = keys.n;
  if (!n) return cx_fail(CX_ERR_TYPE, "need sequence of keys with len > 0 in lexsort"), NULL;
  if (n > MOST) return cx_fail(CX_ERR_VALUE, "lexsort takes at most %d keys", MOST), NULL;
  for (uint32_t i = 0; i < n; i++) {
    if (!(v[n - 1 - i] = keys.v[i])) return NULL;
    if (!cx_type_same_dims(keys.v[i]->type, keys.v[0]->type)) return cx_fail(CX_ERR_VALUE, "all keys need to be the same shape"), NULL;
  }
  const CxType *t = v[0]->type;
  if (!t->rank) return cx_scalar_i64(np_int(), 0);
  int axis = np_axis(o.axis, t->rank);
  if (axis < 0) return NULL;
  v[n] = cx_iota(np_int(), t->rank, t->dims, axis);
  return cx_sort(n + 1, v, axis, true, n, out) ? out[n] : NULL;
}

/* ---- bits ---- */

static bool bit_weights(const char *order, CxVal *shift) {
  bool big = !strcmp(order, "big");
  FAIL_IF(!big && strcmp(order, "little"), CX_ERR_VALUE, "'order' must be either 'little' or 'big'");
  CxVal up = cx_iota(CX_U8, 1, cx_ints(8).v, 0);
  return (*shift = big ? vflip(up, 0) : up) != NULL;
}

CxVal cx_np_packbits(CxVal a, CxNpPackbits o) {
  CxVal shift;
  int64_t dims[CX_MAX_RANK + 1];
  if (!a) return NULL;
  if (!kind_in(a->type, "iub")) return cx_fail(CX_ERR_TYPE, "Expected an input array of integer or boolean data type"), NULL;
  if (!bit_weights(o.bitorder, &shift)) return NULL;
  CxVal x = vcast(cx_ne(a, cx_like(a, 0)), CX_U8);
  if (!o.axis.given) x = np_flat(x);
  int64_t axis = o.axis.given ? o.axis.v : 0;
  if (!(x = x ? cx_np_swapaxes(x, axis, -1) : NULL)) return NULL;
  int rank = x->type->rank;
  int64_t config[3 * CX_MAX_RANK] = {0}, n = x->type->dims[rank - 1];
  config[3 * rank - 2] = (8 - n % 8) % 8;
  memcpy(dims, x->type->dims, (size_t)rank * sizeof *dims);
  dims[rank - 1] = (n + 7) / 8, dims[rank] = 8;
  x = cx_reshape(cx_pad(x, cx_scalar(CX_U8, 0), config), rank + 1, dims);
  x = np_sum(cx_np_left_shift(x, shift), .axis = cx_ints(-1), .dtype = CX_U8);
  return x ? cx_np_swapaxes(x, axis, -1) : NULL;
}

CxVal cx_np_unpackbits(CxVal a, CxNpUnpackbits o) {
  CxVal shift;
  int64_t dims[CX_MAX_RANK];
  if (!a) return NULL;
  if (a->type->dtype != CX_U8) return cx_fail(CX_ERR_TYPE, "Expected an input array of unsigned byte data type"), NULL;
  if (!bit_weights(o.bitorder, &shift)) return NULL;
  int64_t axis = o.axis.given ? o.axis.v : 0;
  CxVal x = cx_np_swapaxes(o.axis.given ? a : np_flat(a), axis, -1);
  if (!x) return NULL;
  int rank = x->type->rank;
  memcpy(dims, x->type->dims, (size_t)rank * sizeof *dims);
  int64_t n = dims[rank - 1] *= 8;
  x = cx_and(cx_np_right_shift(vnewaxis(x, rank), shift), cx_scalar(CX_U8, 1));
  x = x ? cx_reshape(x, rank, dims) : NULL;
  if (o.count.given) {
    int64_t config[3 * CX_MAX_RANK] = {0}, count = o.count.v < 0 ? (o.count.v + n > 0 ? o.count.v + n : 0) : o.count.v;
    config[3 * rank - 2] = count - n;
    x = x ? cx_pad(x, cx_scalar(CX_U8, 0), config) : NULL;
  }
  return x ? cx_np_swapaxes(x, axis, -1) : NULL;
}

/* ---- vector product ---- */

CxVal cx_np_cross(CxVal a, CxVal b, CxNpCross o) {
  if (!a || !b) return NULL;
  if (o.axis.given) o.axisa = o.axisb = o.axisc = o.axis.v;
  CxVal x = cx_np_moveaxis(a, cx_ints(o.axisa), cx_ints(-1)), y = cx_np_moveaxis(b, cx_ints(o.axisb), cx_ints(-1));
  if (!x || !y) return NULL;
  int i = x->type->rank - 1, k = y->type->rank - 1;
  int64_t nx = x->type->dims[i], ny = y->type->dims[k];
  if (nx < 2 || nx > 3 || ny < 2 || ny > 3) return cx_fail(CX_ERR_VALUE, "Dimension must be either 2 or 3 for cross product"), NULL;
  CxVal x0 = vpick(x, i, 0), x1 = vpick(x, i, 1), y0 = vpick(y, k, 0), y1 = vpick(y, k, 1), z = vsub(vmul(x0, y1), vmul(x1, y0));
  if (nx == 2 && ny == 2) return z;
  CxVal x2 = nx == 3 ? vpick(x, i, 2) : cx_full(x0->type, 0), y2 = ny == 3 ? vpick(y, k, 2) : cx_full(y0->type, 0);
  CxVal parts[3] = {vsub(vmul(x1, y2), vmul(x2, y1)), vsub(vmul(x2, y0), vmul(x0, y2)), z};
  if (!np_promote_dtypes(3, parts) || !np_broadcast_all(3, parts)) return NULL;
  for (int n = 0; n < 3; n++) parts[n] = vnewaxis(parts[n], 0);
  return cx_np_moveaxis(cx_concatenate(3, parts, 0), cx_ints(0), cx_ints(o.axisc));
}
