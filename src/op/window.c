/* Reductions over sliding windows: reduce_window (any region), reduce_window_sum, _max and _min; and the three ops that move values between
 * a window and the place in it that wins: select_and_scatter, select_and_scatter_add, select_and_gather_add.
 * What lies outside the operand (padding, the gaps of base dilation) takes no part in a window. */
#include "op/attrs.h"
#include "kernels/window.h"
#include "kernels/move.h"
#include "op/region.h"
#include <stdio.h>

static int64_t entry(const CxInts *x, int i) { return x->n ? x->v[i] : 1; } /* a list left out is ones */
static int64_t dilated(int64_t n, int64_t by) { return n <= 0 ? 0 : 1 + by * (n - 1); }
static CxOpcode choice(const CxWindowAttrs *w) { return w->select_prim ? CX_OP_LE : CX_OP_GE; }

/* ---- types ---- */

static bool list_ok(const CxApp *a, const CxInts *x, int rank, const char *name, const char *what, int64_t least, bool required) {
  if (!x->n && !required) return true;
  for (int i = 0; i < x->n; i++)
    if (x->v[i] < least)
      return cx_fail(CX_ERR_TYPE, "%s %s must have every element be %s, got %lld.", a->def->name, name, what, (long long)x->v[i]);
  if (x->n != rank)
    return cx_fail(CX_ERR_TYPE, "%s got the wrong number of %s for operand: got operand of rank %d with %d entries.", a->def->name, name, rank, x->n);
  return true;
}

static bool window_ok(const CxApp *a, int rank) {
  const CxWindowAttrs *w = a->attrs;
  TRY(list_ok(a, &w->window_dimensions, rank, "window_dimensions", "strictly positive", 1, true));
  TRY(list_ok(a, &w->window_strides, rank, "window_strides", "strictly positive", 1, true));
  TRY(list_ok(a, &w->base_dilation, rank, "base_dilation", "strictly positive", 1, false));
  TRY(list_ok(a, &w->window_dilation, rank, "window_dilation", "strictly positive", 1, false));
  if (w->padding.n != 2 * rank) return type_fail(a, "padding must have one pair per axis, got %d for rank %d", w->padding.n / 2, rank);
  return true;
}

static const CxType *windowed(const CxApp *a, const CxType *t, CxDtype dtype, bool weak) {
  const CxWindowAttrs *w = a->attrs;
  int64_t dims[CX_MAX_RANK];
  TRY(window_ok(a, t->rank));
  for (int i = 0; i < t->rank; i++) {
    int64_t in, window;
    TRY(extent_spread(a, t->dims[i], entry(&w->base_dilation, i), w->padding.v[2 * i], w->padding.v[2 * i + 1], &in) &&
        extent_spread(a, w->window_dimensions.v[i], entry(&w->window_dilation, i), 0, 0, &window));
    dims[i] = in < window ? 0 : (in - window) / w->window_strides.v[i] + 1;
  }
  return cx_type(dtype, t->rank, dims, weak);
}

static bool window_sum_type(const CxApp *a, const CxType **out) {
  const CxType *t = a->types[0];
  if (!kind_in(t, "iufc"))
    return cx_fail(CX_ERR_TYPE, "operand to reduce_window_sum must have a number dtype, got %s", cx_dtype_name(t->dtype));
  return (out[0] = windowed(a, t, t->dtype, t->weak)) != NULL;
}

static bool window_extreme_type(const CxApp *a, const CxType **out) {
  const CxType *t = a->types[0];
  if (!kind_in(t, "biufc")) return cx_fail(CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(t->dtype));
  return (out[0] = windowed(a, t, t->dtype, t->weak)) != NULL;
}

/* ---- execution ---- */

typedef struct Lists { int64_t ones[CX_MAX_RANK]; CxWindowShape shape; } Lists;

static const CxWindowShape *window_shape(const CxWindowAttrs *w, int rank, Lists *l) {
  for (int i = 0; i < rank; i++) l->ones[i] = 1;
  l->shape = (CxWindowShape){w->window_dimensions.v, w->window_strides.v, w->padding.v, w->base_dilation.n ? w->base_dilation.v : l->ones,
                             w->window_dilation.n ? w->window_dilation.v : l->ones};
  return &l->shape;
}

static bool window_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  Lists l;
  CxOpcode op = a->op == CX_OP_REDUCE_WINDOW_SUM ? CX_OP_ADD : a->op == CX_OP_REDUCE_WINDOW_MAX ? CX_OP_MAX : CX_OP_MIN;
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  return kernel_reduce_window(op, &in, window_shape(a->attrs, in.rank, &l), &to);
}

static bool select_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  Lists l;
  TRY(exec_alloc(a, types, out));
  CxView x = node_view(a->in[0]), by = node_view(a->in[1]), to = node_view(out[0]);
  const CxWindowShape *shape = window_shape(a->attrs, by.rank, &l);
  return a->op == CX_OP_SELECT_AND_GATHER_ADD ? kernel_select_and_gather_add(choice(a->attrs), &x, &by, shape, &to)
                                              : kernel_select_and_scatter_add(choice(a->attrs), &x, &by, shape, &to);
}

/* ---- rules that every window op shares ---- */

/* The attributes with one more axis at `axis`, on which the window is one element. */
typedef struct Widened { CxWindowAttrs w; int64_t dims[CX_MAX_RANK + 1], strides[CX_MAX_RANK + 1], base[CX_MAX_RANK + 1],
                         window[CX_MAX_RANK + 1], padding[2 * CX_MAX_RANK + 2]; } Widened;

static CxInts widened_list(const CxInts *x, int axis, int64_t *to) {
  for (int i = 0; i <= x->n; i++) to[i] = i < axis ? x->v[i] : i == axis ? 1 : x->v[i - 1];
  return (CxInts){.v = to, .n = x->n + 1};
}

static const CxWindowAttrs *widen(const CxWindowAttrs *w, int axis, Widened *to) {
  to->w = *w;
  int rank = w->window_dimensions.n;
  to->w.window_dimensions = widened_list(&w->window_dimensions, axis, to->dims);
  to->w.window_strides = widened_list(&w->window_strides, axis, to->strides);
  if (w->base_dilation.n) to->w.base_dilation = widened_list(&w->base_dilation, axis, to->base);
  if (w->window_dilation.n) to->w.window_dilation = widened_list(&w->window_dilation, axis, to->window);
  for (int i = 0; i <= rank; i++)
    for (int k = 0; k < 2; k++) to->padding[2 * i + k] = i < axis ? w->padding.v[2 * i + k] : i == axis ? 0 : w->padding.v[2 * i - 2 + k];
  to->w.padding = (CxInts){.v = to->padding, .n = 2 * rank + 2};
  return &to->w;
}

static void window_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  Widened wide;
  *out = cx_bind1(a->op, a->in, 1, widen(a->attrs, axis[0], &wide));
  *out_axis = axis[0];
}

static void select_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  Widened wide;
  int at = axis[0] == axis[1] ? axis[0] : 0;
  CxVal in[] = {batch_move(a->in[0], axis[0], at, size), batch_move(a->in[1], axis[1], at, size)};
  *out = cx_bind1(a->op, in, 2, widen(a->attrs, at, &wide));
  *out_axis = at;
}

/* ---- reduce_window_sum: linear; its transpose sums the cotangent, spread by the strides, over the same windows ---- */

static void window_sum_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxWindowAttrs *w = a->attrs;
  const CxType *t = a->types[0];
  int64_t config[3 * CX_MAX_RANK], none[2 * CX_MAX_RANK] = {0};
  if (!ct[0]) return;
  for (int i = 0; i < t->rank; i++) {
    int64_t window = dilated(w->window_dimensions.v[i], entry(&w->window_dilation, i)), in = dilated(t->dims[i], entry(&w->base_dilation, i));
    int64_t low = window - w->padding.v[2 * i] - 1;
    config[3 * i] = low;
    config[3 * i + 1] = in + window - 1 - dilated(ct[0]->type->dims[i], w->window_strides.v[i]) - low;
    config[3 * i + 2] = w->window_strides.v[i] - 1;
  }
  int64_t strides[CX_MAX_RANK];
  for (int i = 0; i < t->rank; i++) strides[i] = entry(&w->base_dilation, i);
  CxWindow back = {.dimensions = w->window_dimensions, .strides = {.v = strides, .n = t->rank}, .padding = {.v = none, .n = 2 * t->rank},
                   .window_dilation = w->window_dilation};
  ct_in[0] = cx_reduce_window_sum(cx_pad(ct[0], cx_like(ct[0], 0), config), &back);
}

/* ---- reduce_window_max, _min: the tangent of the winner ---- */

static CxWindow window_of(const CxWindowAttrs *w) {
  return (CxWindow){w->window_dimensions, w->window_strides, w->padding, w->base_dilation, w->window_dilation};
}

static void window_extreme_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, 1, a->attrs, out, 1);
  CxWindow w = window_of(a->attrs);
  if (t[0] && is_inexact(a->types[0])) tout[0] = cx_select_and_gather_add(t[0], a->in[0], a->op == CX_OP_REDUCE_WINDOW_MIN, &w);
}

/* ---- select_and_scatter_add, select_and_gather_add: linear in the first operand, each the other's transpose ---- */

static bool select_scatter_type(const CxApp *a, const CxType **out) {
  const CxType *source = a->types[0], *x = a->types[1], *want;
  TRY(want = windowed(a, x, source->dtype, source->weak));
  if (!cx_type_same_dims(want, source)) {
    char text[256];
    return type_fail(a, "source must have one element per window, %s", cx_type_text(want, text, sizeof text));
  }
  return (out[0] = cx_type_with_dtype(x, source->dtype, source->weak)) != NULL;
}

static bool select_gather_type(const CxApp *a, const CxType **out) {
  const CxType *t = a->types[0], *x = a->types[1];
  if (!cx_type_same_dims(t, x)) {
    char text[2][256];
    return cx_fail(CX_ERR_TYPE, "select_and_gather_add tangents and operand shapes must match, got %s and %s.",
                   cx_type_text(t, text[0], sizeof *text), cx_type_text(x, text[1], sizeof *text));
  }
  return (out[0] = windowed(a, x, t->dtype, t->weak)) != NULL;
}

static void select_scatter_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxWindowAttrs *w = a->attrs;
  CxWindow same = window_of(w);
  if (!ct[0]) return;
  if (!a->in[1]) rule_nonlinear(a, ct, ct_in);
  else ct_in[0] = cx_select_and_gather_add(ct[0], a->in[1], w->select_prim, &same);
}

static void select_gather_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxWindowAttrs *w = a->attrs;
  CxWindow same = window_of(w);
  CxVal x = a->in[1];
  if (!ct[0]) return;
  if (!x) {
    rule_nonlinear(a, ct, ct_in);
    return;
  }
  for (int i = 0; i < w->window_dilation.n; i++)
    if (w->window_dilation.v[i] != 1) {
      cx_fail(CX_ERR_NOT_IMPLEMENTED, "VJP not implemented for select_and_gather (MaxPool) with window dilation, got %lld.",
              (long long)w->window_dilation.v[i]);
      return;
    }
  int64_t config[3 * CX_MAX_RANK] = {0}, zeros[CX_MAX_RANK] = {0};
  bool spread = false;
  for (int i = 0; i < x->type->rank; i++) spread |= (config[3 * i + 2] = entry(&w->base_dilation, i) - 1) != 0;
  if (spread) x = cx_pad(x, monoid_identity_scalar(w->select_prim ? CX_OP_MIN : CX_OP_MAX, x->type->dtype), config);
  same.base_dilation = same.window_dilation = CX_NO_INTS;
  CxVal got = cx_select_and_scatter_add(ct[0], x, w->select_prim, &same);
  ct_in[0] = spread && got ? cx_slice(got, zeros, got->type->dims, w->base_dilation.v) : got;
}

/* ---- reduce_window with any region ---- */

static uint32_t half_nout(uint32_t nin, const void *attrs) {
  (void)attrs;
  return nin / 2;
}

static bool region_window_type(const CxApp *a, const CxType **out) {
  const CxWindowAttrs *w = a->attrs;
  uint32_t n = a->nin / 2;
  if (!n || a->nin % 2) return type_fail(a, "takes as many initial values as operands, got %u values", a->nin);
  for (uint32_t i = 0; i < n; i++) {
    const CxType *x = a->types[i], *init = a->types[n + i];
    if (x->dtype != init->dtype)
      return cx_fail(CX_ERR_TYPE, "reduce_window got inconsistent dtypes for operands and init_values: got operand dtype %s and init_value dtype %s.",
                     cx_dtype_name(x->dtype), cx_dtype_name(init->dtype));
    if (init->rank) return cx_fail(CX_ERR_TYPE, "reduce_window expected init_values to be scalars but init_value %u has rank %d.", i, init->rank);
    if (!cx_type_same_dims(x, a->types[0])) return type_fail(a, "operands must have equal shapes");
    TRY(out[i] = windowed(a, x, x->dtype, false));
  }
  return region_check(a, w->jaxpr, n, a->types);
}

static CxVal window_padded(const CxWindowAttrs *w, CxVal x, CxVal value) {
  int64_t config[3 * CX_MAX_RANK];
  bool any = false;
  for (int i = 0; x && i < x->type->rank; i++) {
    config[3 * i] = w->padding.v[2 * i], config[3 * i + 1] = w->padding.v[2 * i + 1], config[3 * i + 2] = entry(&w->base_dilation, i) - 1;
    any |= config[3 * i] || config[3 * i + 1] || config[3 * i + 2];
  }
  return any ? cx_pad(x, value, config) : x;
}

/* Where the elements at one offset of the windows lie in the padded operand. */
typedef struct Offsets { int64_t at[CX_MAX_RANK], start[CX_MAX_RANK], limit[CX_MAX_RANK]; } Offsets;

static void offsets_slice(const CxWindowAttrs *w, const CxType *out, Offsets *o) {
  for (int i = 0; i < out->rank; i++) {
    o->start[i] = o->at[i] * entry(&w->window_dilation, i);
    o->limit[i] = o->start[i] + (out->dims[i] - 1) * w->window_strides.v[i] + 1;
  }
}

static bool offsets_next(const CxWindowAttrs *w, int rank, Offsets *o) { /* row-major; false after the last */
  for (int i = rank - 1; i >= 0; i--) {
    if (++o->at[i] < w->window_dimensions.v[i]) return true;
    o->at[i] = 0;
  }
  return false;
}

/* Which places of the padded operand are the operand's; NULL: all. */
static CxVal window_mask(const CxWindowAttrs *w, const CxType *t) {
  CxVal all = cx_full(cx_type_with_dtype(t, CX_BOOL, false), 1), padded = window_padded(w, all, cx_scalar(CX_BOOL, 0));
  return padded == all ? NULL : padded;
}

static CxVal keep_inside(CxVal inside, CxVal fresh, CxVal old) { return inside ? cx_select(inside, fresh, old) : fresh; }

static bool region_window_step(const CxApp *a, const Offsets *o, CxVal mask, const CxVal *padded, CxVal *acc, CxVal *work) {
  const CxWindowAttrs *w = a->attrs;
  uint32_t n = a->nin / 2;
  CxVal inside = mask ? cx_slice(mask, o->start, o->limit, w->window_strides.v) : NULL;
  for (uint32_t i = 0; i < n; i++) work[i] = acc[i], work[n + i] = cx_slice(padded[i], o->start, o->limit, w->window_strides.v);
  TRY(!cx_failed() && region_map(w->jaxpr, work, 2 * n, work + 2 * n));
  for (uint32_t i = 0; i < n; i++) TRY(acc[i] = keep_inside(inside, work[2 * n + i], acc[i]));
  return true;
}

static bool region_window_build(const CxApp *a, const CxType *const *types, CxVal *acc) {
  const CxWindowAttrs *w = a->attrs;
  uint32_t n = a->nin / 2;
  Offsets o = {.at = {0}};
  CxVal *padded = cx_calloc(5 * n, sizeof *padded), mask = window_mask(w, a->types[0]);
  bool ok = padded && !cx_failed();
  for (uint32_t i = 0; ok && i < n; i++) {
    padded[i] = window_padded(w, a->in[i], a->in[n + i]);
    ok = (acc[i] = cx_broadcast_to(a->in[n + i], types[i]->rank, types[i]->dims)) != NULL;
  }
  if (ok && types[0]->size) do {
      offsets_slice(w, types[0], &o);
      ok = region_window_step(a, &o, mask, padded, acc, padded + n);
    } while (ok && offsets_next(w, types[0]->rank, &o));
  cx_free(padded);
  return ok;
}

static bool region_window_exec(const CxApp *a, const CxType *const *types, CxVal *out) { return exec_build(a, types, region_window_build, out); }

static void region_window_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  uint32_t n = a->nin / 2;
  Widened wide;
  CxVal *in = cx_calloc(a->nin, sizeof *in);
  for (uint32_t i = n; i < a->nin; i++)
    if (axis[i] >= 0) cx_fail(CX_ERR_NOT_IMPLEMENTED, "reduce_window batching is not implemented for initial values");
  for (uint32_t i = 0; in && i < a->nin; i++) in[i] = i < n ? batch_to_front(a->in[i], axis[i], size) : a->in[i];
  if (in) cx_bind(a->op, in, a->nin, widen(a->attrs, 0, &wide), out, n);
  for (uint32_t i = 0; i < n; i++) out_axis[i] = 0;
  cx_free(in);
}

/* values and tangents reduced together, by the region's own tangent */
static void region_window_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  CxWindowAttrs w = *(const CxWindowAttrs *)a->attrs;
  uint32_t n = a->nin / 2, m = 0;
  for (uint32_t i = n; i < a->nin; i++)
    if (t[i]) {
      cx_fail(CX_ERR_TYPE, "reduce_window jvp does not support non-zero init_value_tangent.");
      return;
    }
  for (uint32_t i = 0; i < n; i++) m += is_inexact(a->types[i]);
  CxVal *in = cx_calloc(3 * (n + m), sizeof *in), *both = in + 2 * (n + m);
  uint32_t at = n;
  for (uint32_t i = 0; in && i < n; i++) {
    in[i] = a->in[i], in[n + m + i] = a->in[n + i];
    if (!is_inexact(a->types[i])) continue;
    in[at] = cx_instantiate(t[i], a->types[i]);
    in[n + m + at++] = cx_like(a->in[n + i], 0);
  }
  if (in && (w.jaxpr = region_jvp(w.jaxpr)) && cx_bind(a->op, in, 2 * (n + m), &w, both, n + m)) {
    memcpy(out, both, n * sizeof *out);
    at = n;
    for (uint32_t i = 0; i < n; i++)
      if (is_inexact(a->types[i])) tout[i] = both[at++];
  }
  cx_free(in);
}

/* ---- select_and_scatter with any regions ---- */

static bool region_scatter_type(const CxApp *a, const CxType **out) {
  const CxWindowAttrs *w = a->attrs;
  const CxType *x = a->types[0], *source = a->types[1], *want;
  const CxGraph *s = w->select_jaxpr;
  TRY(want = windowed(a, x, x->dtype, false));
  if (source->dtype != x->dtype || a->types[2]->dtype != x->dtype || a->types[2]->rank || !cx_type_same_dims(want, source)) {
    char text[256];
    return type_fail(a, "takes an operand, a source %s and a scalar of one dtype", cx_type_text(want, text, sizeof text));
  }
  if (!s || s->in.n != 2 || s->out.n != 1 || graph_type(s, s->out.v[0])->dtype != CX_BOOL || graph_type(s, s->in.v[0])->dtype != x->dtype)
    return type_fail(a, "select region must take two scalars of the operand's dtype and give a bool");
  TRY(region_check(a, w->scatter_jaxpr, 1, a->types));
  return (out[0] = cx_type_with_dtype(x, x->dtype, x->weak)) != NULL;
}

/* Per window the offset (counted in row-major order) of the chosen element; -1 where all lies outside. */
static CxVal chosen_offsets(const CxApp *a, CxVal padded, CxVal mask, const CxType *windows) {
  const CxWindowAttrs *w = a->attrs;
  Offsets o = {.at = {0}};
  CxVal best = cx_zeros(windows), where = cx_full(cx_type_with_dtype(windows, CX_I64, false), -1);
  int64_t k = 0;
  do {
    offsets_slice(w, windows, &o);
    CxVal x = cx_slice(padded, o.start, o.limit, w->window_strides.v), keep, in[] = {best, x};
    if (cx_failed() || !region_map(w->select_jaxpr, in, 2, &keep)) return NULL;
    CxVal take = cx_or(cx_not(keep), cx_lt(where, cx_scalar_i64(CX_I64, 0)));
    if (mask) take = cx_and(take, cx_slice(mask, o.start, o.limit, w->window_strides.v));
    best = cx_select(take, x, best);
    where = cx_select(take, cx_scalar_i64(CX_I64, k++), where);
  } while (offsets_next(w, windows->rank, &o));
  return where;
}

/* One offset at a time (places of different windows at one offset differ): combines the sources of the windows that chose it. */
static bool scatter_chosen(const CxApp *a, CxVal where, CxVal work) {
  const CxWindowAttrs *w = a->attrs;
  Offsets o = {.at = {0}};
  int64_t k = 0, dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  CxView all = node_view(work);
  do {
    offsets_slice(w, where->type, &o);
    CxVal old = cx_slice(work, o.start, o.limit, w->window_strides.v), in[] = {old, a->in[1]}, fresh;
    TRY(old && region_map(w->scatter_jaxpr, in, 2, &fresh));
    TRY(fresh = cx_select(cx_eq(where, cx_scalar_i64(CX_I64, k++)), fresh, old));
    CxView from = node_view(fresh), to = view_slice(&all, o.start, o.limit, w->window_strides.v, dims, strides);
    kernel_copy(&from, &to);
  } while (offsets_next(w, where->type->rank, &o));
  return true;
}

static bool region_scatter_build(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxWindowAttrs *w = a->attrs;
  CxVal padded = window_padded(w, a->in[0], a->in[2]);
  if (!padded) return false;
  CxVal work = cx_copy(cx_broadcast_to(a->in[2], padded->type->rank, padded->type->dims));
  if (!work) return false;
  if (a->types[1]->size) {
    CxVal where = chosen_offsets(a, padded, window_mask(w, a->types[0]), a->types[1]);
    work = cx_keep(node_array(padded->type));
    TRY(where && work);
    CxView full = node_view(work);
    move_fill(full.data, node_view(a->in[2]).data, cx_dtype_bytes(full.dtype), work->type->size);
    TRY(scatter_chosen(a, where, work));
  }
  int64_t back[3 * CX_MAX_RANK] = {0};
  for (int i = 0; i < types[0]->rank; i++) back[3 * i] = -w->padding.v[2 * i], back[3 * i + 1] = -w->padding.v[2 * i + 1];
  return (out[0] = cx_pad(work, a->in[2], back)) != NULL;
}

static bool region_scatter_exec(const CxApp *a, const CxType *const *types, CxVal *out) { return exec_build(a, types, region_scatter_build, out); }

/* ---- the table ---- */

#define FIELD(member, KIND, ...) {#member, CX_FIELD_##KIND, (uint32_t)offsetof(CxWindowAttrs, member), __VA_ARGS__}
static const char *const select_names[] = {"ge", "le", NULL};
static const CxField window_fields[] = {FIELD(base_dilation, INTS, 0, NULL), FIELD(padding, INTS, 2, NULL), FIELD(window_dilation, INTS, 0, NULL),
                                        FIELD(window_dimensions, INTS, 0, NULL), FIELD(window_strides, INTS, 0, NULL), CX_FIELDS_END};
static const CxField region_window_fields[] = {FIELD(base_dilation, INTS, 0, NULL), FIELD(consts, INTS, 0, NULL), FIELD(jaxpr, GRAPH, 0, NULL),
                                               FIELD(padding, INTS, 2, NULL), FIELD(window_dilation, INTS, 0, NULL),
                                               FIELD(window_dimensions, INTS, 0, NULL), FIELD(window_strides, INTS, 0, NULL), CX_FIELDS_END};
static const CxField region_scatter_fields[] = {FIELD(padding, INTS, 2, NULL), FIELD(scatter_consts, INTS, 0, NULL), FIELD(scatter_jaxpr, GRAPH, 0, NULL),
                                                FIELD(select_consts, INTS, 0, NULL), FIELD(select_jaxpr, GRAPH, 0, NULL),
                                                FIELD(window_dimensions, INTS, 0, NULL), FIELD(window_strides, INTS, 0, NULL), CX_FIELDS_END};
static const CxField select_scatter_fields[] = {FIELD(padding, INTS, 2, NULL), FIELD(select_prim, ENUM, 0, select_names),
                                                FIELD(window_dimensions, INTS, 0, NULL), FIELD(window_strides, INTS, 0, NULL), CX_FIELDS_END};
static const CxField select_gather_fields[] = {FIELD(base_dilation, INTS, 0, NULL), FIELD(padding, INTS, 2, NULL), FIELD(select_prim, ENUM, 0, select_names),
                                               FIELD(window_dilation, INTS, 0, NULL), FIELD(window_dimensions, INTS, 0, NULL),
                                               FIELD(window_strides, INTS, 0, NULL), CX_FIELDS_END};

#define WINDOW(ID, id, doc_text, nin_, flag, fields_, type_, exec_, jvp_, transpose_, batch_)                                                   \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = nin_, .nout = 1, .flags = flag, .fields = fields_,                                \
      .attrs_bytes = sizeof(CxWindowAttrs), .type = type_, .exec = exec_, .jvp = jvp_, .transpose = transpose_, .batch = batch_,                   \
      .partial = rule_partial_default, .fold = rule_nofold};

WINDOW(REDUCE_WINDOW_SUM, reduce_window_sum, "sums over sliding windows", 1, CX_OP_LINEAR, window_fields, window_sum_type, window_exec,
       rule_jvp_linear_first, window_sum_transpose, window_batch)
WINDOW(REDUCE_WINDOW_MAX, reduce_window_max, "greatest elements of sliding windows; NaN wins", 1, 0, window_fields, window_extreme_type, window_exec,
       window_extreme_jvp, rule_nonlinear, window_batch)
WINDOW(REDUCE_WINDOW_MIN, reduce_window_min, "least elements of sliding windows; NaN wins", 1, 0, window_fields, window_extreme_type, window_exec,
       window_extreme_jvp, rule_nonlinear, window_batch)
WINDOW(SELECT_AND_SCATTER_ADD, select_and_scatter_add, "adds each source element where the operand is greatest (ge) or least (le) in its window", 2, 0,
       select_scatter_fields, select_scatter_type, select_exec, rule_jvp_linear_first, select_scatter_transpose, select_batch)
WINDOW(SELECT_AND_GATHER_ADD, select_and_gather_add, "takes per window the tangent where the operand is greatest (ge) or least (le)", 2, 0,
       select_gather_fields, select_gather_type, select_exec, rule_jvp_linear_first, select_gather_transpose, select_batch)
WINDOW(SELECT_AND_SCATTER, select_and_scatter, "per window, scatter(z, source) where select chooses; z starts as the third operand", 3, CX_OP_REFS,
       region_scatter_fields, region_scatter_type, region_scatter_exec, rule_jvp_nojvp, rule_nonlinear, rule_nobatch)
const CxOp cx_op_REDUCE_WINDOW = {
    .name = "reduce_window", .doc = "z = region(... region(init, x_0) ..., x_n) over the elements of each sliding window in row-major order",
    .nin = -3, .nout = -1, .flags = CX_OP_REFS, .fields = region_window_fields, .attrs_bytes = sizeof(CxWindowAttrs), .nout_rule = half_nout,
    .type = region_window_type, .exec = region_window_exec, .jvp = region_window_jvp, .transpose = rule_nonlinear,
    .batch = region_window_batch, .partial = rule_partial_default, .fold = rule_nofold};

/* ---- builders: lists left out are filled in ---- */

typedef struct Filled { int64_t ones[CX_MAX_RANK], zeros[2 * CX_MAX_RANK]; CxWindowAttrs w; } Filled;

static CxWindowAttrs *fill(const CxWindow *w, int rank, Filled *f) {
  memset(f, 0, sizeof *f);
  f->w.consts.v = f->w.scatter_consts.v = f->w.select_consts.v = f->zeros;
  for (int i = 0; i < rank; i++) f->ones[i] = 1;
  CxInts ones = {.v = f->ones, .n = rank}, zeros = {.v = f->zeros, .n = 2 * rank};
  f->w.window_dimensions = w->dimensions.n ? w->dimensions : ones;
  f->w.window_strides = w->strides.n ? w->strides : ones;
  f->w.padding = w->padding.n ? w->padding : zeros;
  f->w.base_dilation = w->base_dilation.n ? w->base_dilation : ones;
  f->w.window_dilation = w->window_dilation.n ? w->window_dilation : ones;
  return &f->w;
}

#define REDUCE_BUILDER(ID, id)                                                              \
  CxVal cx_##id(CxVal x, const CxWindow *w) {                                               \
    Filled f;                                                                               \
    return x ? cx_bind1(CX_OP_##ID, &x, 1, fill(w, x->type->rank, &f)) : NULL;              \
  }
REDUCE_BUILDER(REDUCE_WINDOW_SUM, reduce_window_sum)
REDUCE_BUILDER(REDUCE_WINDOW_MAX, reduce_window_max)
REDUCE_BUILDER(REDUCE_WINDOW_MIN, reduce_window_min)

CxVal cx_select_and_scatter_add(CxVal source, CxVal x, bool least, const CxWindow *w) {
  Filled f;
  if (!source || !x) return NULL;
  CxWindowAttrs *attrs = fill(w, x->type->rank, &f);
  attrs->base_dilation = attrs->window_dilation = CX_NO_INTS;
  attrs->select_prim = least;
  return cx_bind1(CX_OP_SELECT_AND_SCATTER_ADD, (CxVal[]){source, x}, 2, attrs);
}

CxVal cx_select_and_gather_add(CxVal t, CxVal x, bool least, const CxWindow *w) {
  Filled f;
  if (!t || !x) return NULL;
  CxWindowAttrs *attrs = fill(w, x->type->rank, &f);
  attrs->select_prim = least;
  return cx_bind1(CX_OP_SELECT_AND_GATHER_ADD, (CxVal[]){t, x}, 2, attrs);
}

CxVal cx_select_and_scatter(CxVal x, CxVal source, CxVal init, CxGraph *select, CxGraph *scatter, const CxWindow *w) {
  Filled f;
  if (!x) return NULL;
  CxWindowAttrs *attrs = fill(w, x->type->rank, &f);
  attrs->base_dilation = attrs->window_dilation = CX_NO_INTS;
  attrs->select_jaxpr = select, attrs->scatter_jaxpr = scatter;
  return cx_bind1(CX_OP_SELECT_AND_SCATTER, (CxVal[]){x, source, init}, 3, attrs);
}

bool cx_reduce_window(uint32_t n, const CxVal *xs, const CxVal *inits, CxGraph *region, const CxWindow *w, CxVal *out) {
  Filled f;
  CxVal *in = n && xs[0] ? cx_calloc(2 * n, sizeof *in) : NULL;
  if (!in) return false;
  memcpy(in, xs, n * sizeof *in);
  memcpy(in + n, inits, n * sizeof *in);
  CxWindowAttrs *attrs = fill(w, xs[0]->type->rank, &f);
  attrs->jaxpr = region;
  bool ok = cx_bind(CX_OP_REDUCE_WINDOW, in, 2 * n, attrs, out, n);
  cx_free(in);
  return ok;
}
