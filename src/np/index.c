/* NumPy indexing. See index.h. The way of an index: places (which axis each item consumes, ellipsis and masks expanded), then
 * a plan of the gather: index vectors, window, and what happens to the result (axes reversed, inserted). */
#include "np/index.h"

#include "kernels/convert.h"
#include "np/promote.h"

/* ---- places ---- */

typedef struct Place {
  NpIndex item;
  int axis; /* of x; -1 for new axes and scalar masks */
} Place;

typedef struct Places {
  Place v[NP_MAX_ITEMS];
  int n;
  bool contiguous; /* advanced items stand next to each other in the index as written */
} Places;

static int consumed(const NpIndex *it) {
  switch (it->kind) {
  case NP_INDEX_NEWAXIS: case NP_INDEX_ELLIPSIS: return 0;
  case NP_INDEX_BOOL: return it->array->type->rank;
  default: return 1;
  }
}

static bool place_push(Places *p, NpIndex item, int axis) {
  FAIL_IF(p->n == NP_MAX_ITEMS, CX_ERR_INDEX, "an index has at most %d items", NP_MAX_ITEMS);
  p->v[p->n++] = (Place){item, axis};
  return true;
}

/* A mask becomes the coordinates of its true elements, one integer array per axis. */
static bool mask_coordinates(CxVal mask, CxVal *out) {
  const CxType *t = mask->type;
  const char *m = mask->array.data;
  int64_t count = 0, at[CX_MAX_RANK] = {0};
  for (int64_t i = 0; i < t->size; i++) count += m[i] != 0;
  for (int k = 0; k < t->rank; k++)
    if (!(out[k] = cx_array(CX_I32, 1, &count, NULL))) return false;
  for (int64_t i = 0, n = 0; i < t->size; i++) {
    for (int k = 0; m[i] && k < t->rank; k++) ((int32_t *)(void *)out[k]->array.data)[n] = (int32_t)at[k];
    n += m[i] != 0;
    for (int k = t->rank - 1; k >= 0 && ++at[k] == t->dims[k]; k--) at[k] = 0;
  }
  return true;
}

static bool mask_fits(const CxType *mask, const CxType *x, int axis, int position) {
  for (int k = 0; k < mask->rank; k++)
    FAIL_IF(mask->dims[k] != 0 && mask->dims[k] != x->dims[axis + k], CX_ERR_INDEX,
            "boolean index did not match shape of indexed array in index %d: got extent %lld, expected %lld at axis %d of the mask", position,
            (long long)mask->dims[k], (long long)x->dims[axis + k], k);
  return true;
}

static bool mask_concrete(CxVal *mask) {
  char type[256];
  while ((*mask)->trace && (*mask)->trace->kind == &trace_jvp) *mask = (*mask)->jvp.primal;
  if (node_is_array(*mask)) return true;
  cx_type_text((*mask)->type, type, sizeof type);
  return cx_fail(CX_ERR_NONCONCRETE_BOOL_INDEX,
                 "Array boolean indices must be concrete; got %s. Use jnp.where(mask, a, b), or multiply by the mask, where the shape must not depend on "
                 "values.\n\nSee https://docs.jax.dev/en/latest/errors.html#jax.errors.NonConcreteBooleanIndexError", type);
}

static bool place_mask(Places *p, const CxType *x, NpIndex item, int axis, int position) {
  TRY(mask_concrete(&item.array));
  int rank = item.array->type->rank;
  if (rank == 0) return place_push(p, item, -1);
  CxVal at[CX_MAX_RANK];
  TRY(mask_fits(item.array->type, x, axis, position) && mask_coordinates(item.array, at));
  for (int k = 0; k < rank; k++) TRY(place_push(p, (NpIndex){.kind = NP_INDEX_ARRAY, .array = at[k]}, axis + k));
  return true;
}

static const NpIndex whole_axis = {.kind = NP_INDEX_SLICE, .step = 1};

static bool place_all(Places *p, const CxType *x, const NpIndex *items, int n) {
  int total = 0, ellipses = 0, axis = 0, last = -1;
  for (int i = 0; i < n; i++) {
    if (items[i].kind >= NP_INDEX_BOOL && !items[i].array) return false;
    total += consumed(&items[i]);
    ellipses += items[i].kind == NP_INDEX_ELLIPSIS;
  }
  FAIL_IF(ellipses > 1, CX_ERR_INDEX, "an index can only have a single ellipsis ('...')");
  FAIL_IF(total > x->rank, CX_ERR_INDEX, "Too many indices: array is %d-dimensional, but %d were indexed", x->rank, total);
  p->n = 0;
  p->contiguous = true;
  int written = 0; /* position in the index as written, with masks expanded */
  for (int i = 0; i < n; i++) {
    int before = p->n, uses = consumed(&items[i]);
    if (items[i].kind == NP_INDEX_ELLIPSIS) {
      for (int k = total; k < x->rank; k++) TRY(place_push(p, whole_axis, axis++));
      written++;
      continue;
    }
    if (items[i].kind == NP_INDEX_BOOL) TRY(place_mask(p, x, items[i], axis, i));
    else TRY(place_push(p, items[i], uses ? axis : -1));
    axis += uses;
    for (int k = before; k < p->n; k++, written++) {
      if (p->v[k].item.kind != NP_INDEX_ARRAY && p->v[k].item.kind != NP_INDEX_INT) continue;
      p->contiguous &= last < 0 || written == last + 1;
      last = written;
    }
  }
  for (; axis < x->rank; axis++) TRY(place_push(p, whole_axis, axis));
  return true;
}

/* ---- slices, as Python's slice.indices ---- */

typedef struct Range {
  int64_t start, stop, step, count;
} Range;

static int64_t bound(bool given, int64_t at, int64_t otherwise, int64_t size, bool backward) {
  if (!given) return otherwise;
  if (at < 0) at = at < -size ? (backward ? -1 : 0) : at + size;
  else if (at >= size) at = backward ? size - 1 : size;
  return at;
}

static bool range_of(const NpIndex *it, int64_t size, Range *r) {
  FAIL_IF(it->step == 0, CX_ERR_VALUE, "slice step cannot be zero");
  bool back = it->step < 0;
  r->step = it->step;
  r->start = bound(it->has_start, it->start, back ? size - 1 : 0, size, back);
  r->stop = bound(it->has_stop, it->stop, back ? -1 : size, size, back);
  int64_t span = back ? r->start - r->stop : r->stop - r->start, width = back ? (r->step == INT64_MIN ? INT64_MAX : -r->step) : r->step;
  r->count = span > 0 ? (span - 1) / width + 1 : 0;
  if (r->count == 1 && width > size) r->step = back ? -1 : 1; /* the step does not matter: keep it small */
  return true;
}

static bool wrap_int(int64_t i, int64_t size, bool wrap, int axis, int64_t *out) {
  FAIL_IF(size == 0, CX_ERR_INDEX, "index is out of bounds for axis %d with size 0", axis);
  *out = wrap && i < 0 ? i + size : i;
  return true;
}

static int64_t clamp_int(int64_t i, int64_t size) { return i < 0 ? 0 : i >= size ? size - 1 : i; }

/* ---- x[static] and x[traced scalar]: slices ---- */

typedef struct SlicePlan {
  int64_t start[CX_MAX_RANK], limit[CX_MAX_RANK], stride[CX_MAX_RANK], size[CX_MAX_RANK];
  int64_t rev[CX_MAX_RANK], squeeze[CX_MAX_RANK], newaxis[CX_MAX_RANK];
  int nrev, nsqueeze, nnew;
  CxVal traced[CX_MAX_RANK]; /* start of an axis, where it is not static */
  bool whole, strided, dynamic;
} SlicePlan;

static bool is_scalar(CxVal v) { return v->type->rank == 0; }

/* Can slices do it? Masks and arrays of rank > 0 cannot; a traced start allows no strides. */
static bool sliceable(const Places *p) {
  bool dynamic = false, strided = false;
  for (int i = 0; i < p->n; i++) {
    const NpIndex *it = &p->v[i].item;
    if (it->kind == NP_INDEX_BOOL || (it->kind == NP_INDEX_ARRAY && !is_scalar(it->array))) return false;
    dynamic |= it->kind == NP_INDEX_ARRAY && !node_is_array(it->array);
    strided |= it->kind == NP_INDEX_SLICE && it->step != 1 && it->step != -1;
  }
  return !(dynamic && strided);
}

static void plan_range(SlicePlan *s, int axis, const Range *r, int64_t size) {
  int64_t width = r->step < 0 ? -r->step : r->step;
  int64_t low = r->step < 0 ? r->start + (r->count - 1) * r->step : r->start;
  if (r->count == 0) low = 0;
  s->start[axis] = low;
  s->limit[axis] = r->count ? low + (r->count - 1) * width + 1 : low;
  if (r->step > 0 && width == 1) s->limit[axis] = low + r->count;
  s->stride[axis] = width;
  s->size[axis] = r->count;
  if (r->step < 0) s->rev[s->nrev++] = axis;
  s->strided |= width != 1;
  s->whole &= r->count == size && width == 1;
}

static CxVal wrapped(CxVal i, CxDtype d, int64_t size, bool wrap);

static bool plan_scalar(SlicePlan *s, const NpIndex *it, int axis, int64_t size, bool wrap) {
  int64_t at;
  s->squeeze[s->nsqueeze++] = axis;
  s->whole = false;
  s->size[axis] = s->stride[axis] = 1;
  TRY(wrap_int(0, size, false, axis, &at));
  if (it->kind == NP_INDEX_ARRAY && !node_is_array(it->array)) {
    s->dynamic = true;
    return (s->traced[axis] = wrapped(it->array, CX_I32, size, wrap)) != NULL;
  }
  TRY(wrap_int(it->kind == NP_INDEX_ARRAY ? cx_to_int(it->array) : it->i, size, wrap, axis, &at) && !cx_failed());
  s->start[axis] = clamp_int(at, size);
  s->limit[axis] = s->start[axis] + 1;
  return true;
}

static bool slice_plan(SlicePlan *s, const Places *p, const CxType *x, bool wrap) {
  int axes = 0;
  for (int i = 0; i < p->n; i++) {
    const Place *at = &p->v[i];
    Range r;
    switch (at->item.kind) {
    case NP_INDEX_NEWAXIS:
      FAIL_IF(s->nnew == CX_MAX_RANK, CX_ERR_VALUE, "an array has at most %d axes", CX_MAX_RANK);
      s->newaxis[s->nnew] = axes - s->nsqueeze + s->nnew;
      s->nnew++;
      break;
    case NP_INDEX_SLICE:
      TRY(range_of(&at->item, x->dims[at->axis], &r));
      plan_range(s, at->axis, &r, x->dims[at->axis]);
      axes++;
      break;
    default:
      TRY(plan_scalar(s, &at->item, at->axis, x->dims[at->axis], wrap));
      axes++;
    }
  }
  return true;
}

static CxVal slice_apply(CxVal x, SlicePlan *s) {
  if (s->dynamic) {
    for (int i = 0; i < x->type->rank; i++)
      if (!s->traced[i]) s->traced[i] = cx_scalar_i64(CX_I32, s->start[i]);
    x = cx_dynamic_slice(x, s->traced, s->size);
  } else if (!s->whole) {
    x = cx_slice(x, s->start, s->limit, s->strided ? s->stride : NULL);
  }
  if (s->nrev) x = cx_rev(x, (CxInts){s->rev, s->nrev, false});
  if (s->nsqueeze) x = cx_squeeze(x, (CxInts){s->squeeze, s->nsqueeze, false});
  if (s->nnew) x = cx_expand_dims(x, (CxInts){s->newaxis, s->nnew, false});
  return x;
}

/* ---- gather and scatter ---- */

typedef struct List {
  int64_t v[CX_MAX_RANK];
  int n;
} List;

static bool list_push(List *l, int64_t x) {
  FAIL_IF(l->n == CX_MAX_RANK, CX_ERR_VALUE, "the result of the index would have more than %d axes", CX_MAX_RANK);
  l->v[l->n++] = x;
  return true;
}
static CxInts list_ints(const List *l) { return (CxInts){l->v, l->n, false}; }
static bool list_has_zero(const List *l) {
  for (int i = 0; i < l->n; i++)
    if (l->v[i] == 0) return true;
  return false;
}

typedef struct Plan {
  List result;                     /* shape of x[index], new axes included */
  List window;                     /* slice sizes of the gather */
  List offset, collapsed, map;     /* its dimension numbers */
  List reversed, newaxis;          /* done to the result; undone on updates */
  List bool_axes;                  /* axes of extent 1 put into x for scalar masks */
  CxVal part[CX_MAX_RANK];         /* components of the index vectors */
  int part_at[CX_MAX_RANK], parts; /* where the axes of a component stand among those of the index array */
  List index_shape;
  CxDtype index_dtype;
  bool advanced;
  CxVal indices;
} Plan;

static CxVal to_index_dtype(CxVal i, CxDtype d) {
  if (!i) return NULL;
  CxDtype from = i->type->dtype;
  if (cx_dtype_kind(from) == 'u' && cx_dtype_bits(from) >= cx_dtype_bits(d)) /* large values stay large */
    i = cx_min(i, cx_scalar_i64(from, d == CX_I32 ? INT32_MAX : INT64_MAX));
  if (cx_dtype_kind(from) == 'i' && cx_dtype_bits(from) > cx_dtype_bits(d))
    i = cx_clamp(cx_scalar_i64(from, INT32_MIN), i, cx_scalar_i64(from, INT32_MAX));
  return np_convert(i, d, false);
}

/* i in dtype d, negative ones counted from the end of an axis. */
static CxVal wrapped(CxVal i, CxDtype d, int64_t size, bool wrap) {
  bool can_be_negative = i && cx_dtype_kind(i->type->dtype) != 'u';
  i = to_index_dtype(i, d);
  if (!i || !wrap || !can_be_negative) return i;
  CxVal below = cx_lt(i, cx_like(i, 0)), above = cx_add(i, cx_scalar_i64(d, size));
  return cx_select(below, above, i);
}

static CxDtype index_dtype_for(const CxType *x) {
  for (int i = 0; i < x->rank; i++)
    if (x->dims[i] > INT32_MAX) return CX_I64;
  return CX_I32;
}

/* The component of an advanced or scalar item: counted from the front. */
static CxVal component(const Plan *p, const NpIndex *it, int64_t size, bool wrap) {
  if (it->kind == NP_INDEX_INT) return cx_scalar_i64(p->index_dtype, wrap && it->i < 0 ? it->i + size : it->i);
  return wrapped(it->array, p->index_dtype, size, wrap);
}

static bool part_push(Plan *p, CxVal v, int at) {
  FAIL_IF(p->parts == CX_MAX_RANK, CX_ERR_INDEX, "an index has at most %d components", CX_MAX_RANK);
  p->part_at[p->parts] = at;
  return (p->part[p->parts++] = v) != NULL;
}

/* All advanced items at once, broadcast against each other. */
static bool plan_advanced(Plan *p, const Places *places, const CxType *x, bool wrap) {
  CxVal v[CX_MAX_RANK] = {0};
  List shape = {.n = 0};
  int n = 0, at = p->index_shape.n;
  for (int i = 0; i < places->n; i++) {
    const Place *place = &places->v[i];
    if (place->item.kind != NP_INDEX_ARRAY && place->item.kind != NP_INDEX_INT) continue;
    TRY(v[n] = component(p, &place->item, x->dims[place->axis], wrap));
    n++;
    TRY(list_push(&p->map, place->axis) && list_push(&p->collapsed, place->axis));
  }
  TRY(np_broadcast_dims((uint32_t)n, v, &shape.n, shape.v));
  for (int i = 0; i < n; i++) TRY(part_push(p, cx_broadcast_to(v[i], shape.n, shape.v), at));
  for (int k = 0; k < shape.n; k++) TRY(list_push(&p->index_shape, shape.v[k]) && list_push(&p->result, shape.v[k]));
  return true;
}

static CxVal strided_indices(const Plan *p, const Range *r) {
  CxVal steps = cx_mul(cx_scalar_i64(p->index_dtype, r->step), cx_iota(p->index_dtype, 1, &r->count, 0));
  CxVal at = cx_add(cx_scalar_i64(p->index_dtype, r->start), steps);
  return r->step < 0 ? cx_rev(at, cx_ints(0)) : at;
}

static int result_axis(const Plan *p) { return p->result.n - p->newaxis.n; } /* the next one, new axes not counted */

static bool plan_slice(Plan *p, const Place *at, int64_t size) {
  Range r;
  int y = result_axis(p);
  TRY(range_of(&at->item, size, &r) && list_push(&p->result, r.count));
  if (r.step == 1) {
    if (r.count != size) TRY(part_push(p, cx_scalar_i64(p->index_dtype, r.start), p->index_shape.n) && list_push(&p->map, at->axis));
    TRY(list_push(&p->window, r.count) && list_push(&p->offset, y));
  } else {
    if (r.step < 0) TRY(list_push(&p->reversed, y));
    TRY(list_push(&p->window, 1) && part_push(p, strided_indices(p, &r), p->index_shape.n));
    TRY(list_push(&p->map, at->axis) && list_push(&p->index_shape, r.count) && list_push(&p->collapsed, at->axis));
  }
  return true;
}

static bool plan_one(Plan *p, const Place *at, const CxType *x, bool wrap) {
  switch (at->item.kind) {
  case NP_INDEX_NEWAXIS: return list_push(&p->newaxis, p->result.n) && list_push(&p->result, 1);
  case NP_INDEX_SLICE: return plan_slice(p, at, x->dims[at->axis]);
  default: break;
  }
  if (p->advanced) return list_push(&p->window, 1); /* its component exists already */
  FAIL_IF(x->dims[at->axis] == 0, CX_ERR_INDEX, "index is out of bounds for axis %d with size 0", at->axis);
  return part_push(p, component(p, &at->item, x->dims[at->axis], wrap), p->index_shape.n) && list_push(&p->collapsed, at->axis) &&
         list_push(&p->window, 1) && list_push(&p->map, at->axis);
}

static bool is_advanced(const Places *places) {
  for (int i = 0; i < places->n; i++)
    if (places->v[i].item.kind == NP_INDEX_ARRAY && !is_scalar(places->v[i].item.array)) return true;
  return false;
}

static void sort_list(List *l) {
  for (int i = 1; i < l->n; i++)
    for (int k = i; k > 0 && l->v[k - 1] > l->v[k]; k--) {
      int64_t t = l->v[k];
      l->v[k] = l->v[k - 1];
      l->v[k - 1] = t;
    }
}

static bool plan_indices(Plan *p) { /* components side by side along a last axis */
  int rank = p->index_shape.n;
  if (p->parts == 0) return (p->indices = cx_array(p->index_dtype, 1, (int64_t[]){0}, NULL)) != NULL;
  if (p->parts == 1) {
    int64_t last = p->part[0]->type->rank;
    return (p->indices = cx_expand_dims(p->part[0], (CxInts){&last, 1, false})) != NULL;
  }
  TRY(list_push(&p->index_shape, 1));
  for (int i = 0; i < p->parts; i++) {
    int64_t where[CX_MAX_RANK];
    for (int k = 0; k < p->part[i]->type->rank; k++) where[k] = p->part_at[i] + k;
    TRY(p->part[i] = cx_broadcast_in_dim(p->part[i], rank + 1, p->index_shape.v, where));
  }
  return (p->indices = cx_concatenate((uint32_t)p->parts, p->part, rank)) != NULL;
}

/* Scalar masks: x gets an axis of extent 1 in their place, indexed by [0] or []. */
static bool plan_masks(Plan *p, Places *places, CxVal *x) {
  int shift = 0;
  for (int i = 0; i < places->n; i++) {
    Place *at = &places->v[i];
    if (at->item.kind != NP_INDEX_BOOL) {
      if (at->axis >= 0) at->axis += shift;
      continue;
    }
    int64_t count = *at->item.array->array.data != 0;
    int axis = 0;
    for (int k = 0; k < i; k++) axis += places->v[k].axis >= 0;
    CxVal index = cx_array(CX_I32, 1, &count, NULL);
    TRY(index && list_push(&p->bool_axes, axis));
    *at = (Place){{.kind = NP_INDEX_ARRAY, .array = index}, axis};
    shift++;
  }
  if (shift) *x = cx_expand_dims(*x, list_ints(&p->bool_axes));
  return *x != NULL;
}

static bool gather_plan(Plan *p, Places *places, CxVal *x, bool wrap) {
  *p = (Plan){.index_dtype = index_dtype_for((*x)->type)};
  TRY(plan_masks(p, places, x));
  const CxType *t = (*x)->type;
  p->advanced = is_advanced(places);
  bool placed = !p->advanced;
  for (int i = 0; i < places->n; i++) {
    NpIndexKind kind = places->v[i].item.kind;
    if (!placed && (!places->contiguous || kind == NP_INDEX_ARRAY || kind == NP_INDEX_INT)) {
      placed = true;
      TRY(plan_advanced(p, places, t, wrap));
    }
    TRY(plan_one(p, &places->v[i], t, wrap));
  }
  sort_list(&p->collapsed);
  return plan_indices(p);
}

static CxVal gather_apply(CxVal x, Plan *p, const NpIndexHow *how) {
  if (list_has_zero(&p->result)) {
    const CxType *t = cx_type(x->type->dtype, p->result.n, p->result.v, x->type->weak);
    return t ? cx_zeros(t) : NULL;
  }
  if (p->parts) {
    CxGatherDims dims = {.offset_dims = list_ints(&p->offset), .collapsed_slice_dims = list_ints(&p->collapsed), .start_index_map = list_ints(&p->map),
                         .operand_batching_dims = CX_NO_INTS, .start_indices_batching_dims = CX_NO_INTS,
                         .indices_are_sorted = how->sorted || !p->advanced, .unique_indices = how->unique || !p->advanced};
    x = cx_gather(x, p->indices, dims, p->window.v, how->mode_given ? how->mode : CX_INDEX_PROMISE, how->fill);
  }
  if (p->reversed.n) x = cx_rev(x, list_ints(&p->reversed));
  return p->newaxis.n ? cx_expand_dims(x, list_ints(&p->newaxis)) : x;
}

CxVal np_index(CxVal x, const NpIndex *items, int n, const NpIndexHow *how) {
  Places places;
  if (!x || cx_failed() || !place_all(&places, x->type, items, n)) return NULL;
  bool slices = !how->mode_given || how->mode != CX_INDEX_FILL_OR_DROP;
  if (slices && sliceable(&places)) {
    SlicePlan s = {.whole = true};
    return slice_plan(&s, &places, x->type, !how->no_wrap) ? slice_apply(x, &s) : NULL;
  }
  Plan p;
  return gather_plan(&p, &places, &x, !how->no_wrap) ? gather_apply(x, &p, how) : NULL;
}

/* ---- updates ---- */

static CxVal scatter_op(NpUpdate op, CxVal x, CxVal indices, CxVal y, CxScatterDims dims, CxIndexMode mode) {
  switch (op) {
  case NP_UPDATE_SET: return cx_scatter(x, indices, y, dims, mode);
  case NP_UPDATE_ADD: return cx_scatter_add(x, indices, y, dims, mode);
  case NP_UPDATE_SUB: return cx_scatter_sub(x, indices, y, dims, mode);
  case NP_UPDATE_MUL: return cx_scatter_mul(x, indices, y, dims, mode);
  case NP_UPDATE_MIN: return cx_scatter_min(x, indices, y, dims, mode);
  case NP_UPDATE_MAX: return cx_scatter_max(x, indices, y, dims, mode);
  }
  return NULL;
}

static CxVal scatter_apply(CxVal x, Plan *p, CxVal y, NpUpdate op, const NpIndexHow *how) {
  CxVal v[2] = {x, y};
  if (!np_promote_dtypes(2, v)) return NULL;
  y = cx_broadcast_to(v[1], p->result.n, p->result.v);
  if (p->newaxis.n) y = cx_squeeze(y, list_ints(&p->newaxis));
  if (p->reversed.n) y = cx_rev(y, list_ints(&p->reversed));
  CxScatterDims dims = {.update_window_dims = list_ints(&p->offset), .inserted_window_dims = list_ints(&p->collapsed),
                        .scatter_dims_to_operand_dims = list_ints(&p->map), .operand_batching_dims = CX_NO_INTS,
                        .scatter_indices_batching_dims = CX_NO_INTS, .indices_are_sorted = how->sorted || !p->advanced,
                        .unique_indices = how->unique || !p->advanced};
  CxVal out = scatter_op(op, v[0], p->indices, y, dims, how->mode_given ? how->mode : CX_INDEX_FILL_OR_DROP);
  return p->bool_axes.n ? cx_squeeze(out, list_ints(&p->bool_axes)) : out;
}

CxVal np_update(CxVal x, const NpIndex *items, int n, CxVal y, NpUpdate op, const NpIndexHow *how) {
  Places places;
  Plan p;
  if (!x || !y || cx_failed() || !place_all(&places, x->type, items, n)) return NULL;
  CxDtype dtype = x->type->dtype;
  bool weak = x->type->weak;
  CxVal was = x;
  if (!gather_plan(&p, &places, &x, !how->no_wrap)) return NULL;
  if (list_has_zero(&p.result)) return was;
  return np_convert(scatter_apply(x, &p, y, op, how), dtype, weak);
}
