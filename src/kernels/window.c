/* See window.h. A reduction over windows is done one axis after the other, each in the cheapest of three ways:
 * taps (one combine per tap of the window), doubling (windows of 1, 2, 4, ... added up to the whole, O(n log window)) or,
 * where all windows reach an end of the axis, a running reduction. Narrow floats are reduced in f32 and rounded once. */
#include "kernels/window.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/large.h"
#include "kernels/combine.h"
#include "kernels/convert.h"
#include "kernels/hits.h"
#include "kernels/move.h"
#include "runtime/pool.h"

#include <string.h>

/* ---- one axis: [outer, n, inner] to [outer, m, inner], dense, of one dtype that needs no widening ---- */

typedef struct Axis {
  CxCombine combine;
  Item16 identity;
  int item;
  int64_t outer, n, m, inner;
  int64_t window, stride, low, gap, dilation; /* gap: base dilation; dilation: of the window */
} Axis;

static void axis_identity(const Axis *a, void *to, int64_t n) { move_fill(to, &a->identity, a->item, n); }

/* out op= in at the hits of one tap; where either side has steps, by rows or through a buffer. */
static void axis_tap(const Axis *a, const Hits *h, char *out, const char *in, char *buffer) {
  int64_t row = a->inner * a->item, run = h->count * a->inner;
  char *to = out + h->first * row;
  const char *from = in + h->at * row;
  if (h->step == 1 && (h->at_step == 1 || h->count == 1)) {
    combine_run(&a->combine, run, to, from);
    return;
  }
  if (a->inner >= 16) {
    for (int64_t j = 0; j < h->count; j++) combine_run(&a->combine, a->inner, to + j * h->step * row, from + j * h->at_step * row);
    return;
  }
  const int64_t dims[] = {h->count, a->inner}, dense[] = {a->inner, 1};
  const int64_t in_steps[] = {h->at_step * a->inner, 1}, out_steps[] = {h->step * a->inner, 1};
  char *second = buffer + a->m * row;
  move_strided(a->item, 2, dims, buffer, dense, from, in_steps);
  move_strided(a->item, 2, dims, second, dense, to, out_steps);
  combine_run(&a->combine, run, second, buffer);
  move_strided(a->item, 2, dims, to, out_steps, second, dense);
}

static bool axis_by_taps(const Axis *a, char *out, const char *in) {
  int64_t in_row = a->n * a->inner * a->item, out_row = a->m * a->inner * a->item;
  char *buffer = cx_malloc((size_t)out_row * 2);
  TRY(buffer);
  axis_identity(a, out, a->outer * a->m * a->inner);
  for (int64_t o = 0; o < a->outer; o++)
    for (int64_t k = 0; k < a->window; k++) {
      Hits h = hits_of(a->stride, a->gap, a->n, k * a->dilation - a->low, 0, a->m);
      if (h.count) axis_tap(a, &h, out + o * out_row, in + o * in_row, buffer);
    }
  cx_free(buffer);
  return true;
}

/* All windows begin at or before the first element (or, backward, end at or after the last): out is a running reduction. */
static bool axis_runs(const Axis *a, bool backward) {
  if (a->gap != 1 || a->dilation != 1) return false;
  return backward ? a->window - a->low >= a->n : (a->m - 1) * a->stride - a->low <= 0;
}

static bool axis_by_running(const Axis *a, bool backward, char *out, const char *in) {
  int64_t row = a->inner * a->item;
  char *sum = cx_malloc((size_t)row);
  TRY(sum);
  for (int64_t o = 0; o < a->outer; o++, in += a->n * row, out += a->m * row) {
    int64_t done = backward ? a->n : 0;
    axis_identity(a, sum, a->inner);
    for (int64_t i = 0; i < a->m; i++) {
      int64_t j = backward ? a->m - 1 - i : i, begin = j * a->stride - a->low, end = begin + a->window;
      if (backward)
        while (done > 0 && done > begin) combine_run(&a->combine, a->inner, sum, in + --done * row);
      else
        while (done < a->n && done < end) combine_run(&a->combine, a->inner, sum, in + done++ * row);
      memcpy(out + j * row, sum, (size_t)row);
    }
  }
  cx_free(sum);
  return true;
}

/* The extent that windows slide over, padding and gaps included. */
static int64_t axis_span(const Axis *a) { return (a->m - 1) * a->stride + (a->window - 1) * a->dilation + 1; }

/* power holds the reduction of 2^i taps from each place on; the bits of the window's size say which powers make it up. */
static bool axis_by_doubling(const Axis *a, char *out, const char *in) {
  int64_t span = axis_span(a), row = a->inner * a->item, places = (a->m - 1) * a->stride + 1;
  size_t bytes;
  FAIL_IF(!size_mul((size_t)span, (size_t)row, &bytes), CX_ERR_MEMORY, "the windows of a reduction are too large");
  char *power = cx_malloc(bytes), *sum = power ? cx_malloc((size_t)(places * row)) : NULL;
  for (int64_t o = 0; sum && o < a->outer; o++, in += a->n * row, out += a->m * row) {
    axis_identity(a, power, span * a->inner);
    axis_identity(a, sum, places * a->inner);
    Hits h = hits_of(1, a->gap, a->n, -a->low, 0, span);
    move_strided(a->item, 2, (int64_t[]){h.count, a->inner}, power + h.first * row, (int64_t[]){h.step * a->inner, 1},
                 in + h.at * row, (int64_t[]){h.at_step * a->inner, 1});
    int64_t offset = 0, length = span;
    for (int64_t size = 1; size <= a->window; size *= 2) {
      if (a->window & size) {
        combine_run(&a->combine, places * a->inner, sum, power + offset * row);
        offset += size * a->dilation;
      }
      int64_t shift = size * a->dilation;
      if (size > a->window / 2) break;
      length -= shift;
      combine_run(&a->combine, length * a->inner, power, power + shift * row);
    }
    move_strided(a->item, 2, (int64_t[]){a->m, a->inner}, out, (int64_t[]){a->inner, 1}, sum, (int64_t[]){a->stride * a->inner, 1});
  }
  bool done = sum != NULL;
  cx_free(power);
  cx_free(sum);
  return done;
}

static bool axis_reduce(const Axis *a, char *out, const char *in) {
  int steps = 0;
  for (int64_t w = a->window; w > 1; w /= 2) steps += 2;
  if (axis_runs(a, false) && a->window > 4) return axis_by_running(a, false, out, in);
  if (axis_runs(a, true) && a->window > 4) return axis_by_running(a, true, out, in);
  int64_t taps;
  bool many = __builtin_mul_overflow(a->m, a->window, &taps);
  if (many || taps / (steps + 2) > axis_span(a)) return axis_by_doubling(a, out, in);
  return axis_by_taps(a, out, in);
}

/* Outer rows among threads. */
enum { AXIS_GRAIN = 1 << 15 }; /* combined elements worth a thread */
typedef struct AxisCall {
  const Axis *axis;
  char *out;
  const char *in;
} AxisCall;

static bool axis_some(void *env, int64_t begin, int64_t end) {
  const AxisCall *c = env;
  Axis a = *c->axis;
  a.outer = end - begin;
  return axis_reduce(&a, c->out + begin * a.m * a.inner * a.item, c->in + begin * a.n * a.inner * a.item);
}

static bool axis_share(const Axis *a, char *out, const char *in) {
  int64_t work = a->m * a->inner, taps = a->window < 8 ? a->window : 8;
  return pool_for(a->outer, AXIS_GRAIN / (work * taps + 1) + 1, axis_some, &(AxisCall){a, out, in});
}

/* ---- all axes ---- */

static CxDtype window_dtype(CxDtype d) {
  if (dtype_narrow(d)) return CX_F32;
  if (dtype_nibble(d)) return cx_dtype_kind(d) == 'i' ? CX_I8 : CX_U8;
  return d;
}

static bool axis_idle(const CxView *in, const CxWindowShape *w, int i) {
  return in->dims[i] == 1 ? w->dims[i] == 1 && w->padding[2 * i] == 0 && w->padding[2 * i + 1] == 0
                          : w->dims[i] == 1 && w->strides[i] == 1 && w->base_dilation[i] == 1 && w->padding[2 * i] == 0 &&
                                w->padding[2 * i + 1] == 0;
}

/* A dense copy in the dtype, or the view's own memory (*copy stays NULL). */
static const char *window_operand(const CxView *in, CxDtype dtype, void **copy) {
  if (in->dtype == dtype && view_dense(in)) return in->data;
  size_t bytes = (size_t)(view_count(in) * cx_dtype_bytes(dtype));
  *copy = large_new(bytes);
  TRY(*copy);
  TRY(kernel_convert(in, &(CxView){*copy, dtype, in->rank, in->dims, NULL}));
  return *copy;
}

static int64_t dims_product(const int64_t *dims, int from, int to) {
  int64_t n = 1;
  for (int i = from; i < to; i++) n *= dims[i];
  return n;
}

/* Reduces axis after axis; *at is dense data of extents dims, owned where *owned is not NULL. */
static bool window_axes(CxOpcode op, CxDtype dtype, const CxView *in, const CxWindowShape *w, const CxView *out, int64_t *dims,
                        const char **at, void **owned) {
  Axis a = {.item = cx_dtype_bytes(dtype)};
  TRY(combine_find(&a.combine, op, dtype));
  combine_identity(op, dtype_nibble(in->dtype) ? in->dtype : dtype, &a.identity);
  for (int i = 0; i < in->rank; i++) {
    if (axis_idle(in, w, i)) continue;
    a.outer = dims_product(dims, 0, i);
    a.inner = dims_product(dims, i + 1, in->rank);
    a.n = dims[i];
    a.m = out->dims[i];
    a.window = w->dims[i];
    a.stride = w->strides[i];
    a.low = w->padding[2 * i];
    a.gap = w->base_dilation[i];
    a.dilation = w->window_dilation[i];
    dims[i] = a.m;
    size_t bytes = (size_t)a.item;
    for (int k = 0; k < in->rank; k++)
      FAIL_IF(!size_mul(bytes, (size_t)dims[k], &bytes), CX_ERR_MEMORY, "the windows of a reduction are too large");
    char *next = large_new(bytes);
    TRY(next);
    bool done = bytes == 0 || axis_share(&a, next, *at);
    large_free(*owned);
    *at = *owned = next;
    TRY(done);
  }
  return true;
}

bool kernel_reduce_window(CxOpcode op, const CxView *in, const CxWindowShape *w, const CxView *out) {
  CxDtype dtype = window_dtype(in->dtype);
  int64_t dims[VIEW_MAX_RANK];
  void *owned = NULL;
  if (view_count(out) == 0) return true;
  for (int i = 0; i < in->rank; i++) dims[i] = in->dims[i];
  const char *at = window_operand(in, dtype, &owned);
  bool done = at && window_axes(op, dtype, in, w, out, dims, &at, &owned) &&
              kernel_convert(&(CxView){(void *)(uintptr_t)at, dtype, in->rank, dims, NULL}, out);
  large_free(owned);
  return done;
}

/* ---- selection: the greatest or least element of each window ---- */

enum { TAP_PADDING = -1 };

/* The element that wins: offsets from x, or TAP_PADDING, which counts as `identity`. Starts from the first tap, or from an
 * identity before it; a later element wins only if the one so far is not >= (<=) it. */
typedef int64_t PickFn(const void *x, const int64_t *taps, int64_t n, bool from_identity, const void *identity);

#define PICK(NAME, T, COMPARE)                                                                                      \
  static int64_t NAME(const void *x, const int64_t *taps, int64_t n, bool from_identity, const void *identity) {    \
    const T *data = x, start = *(const T *)identity;                                                                \
    int64_t won = from_identity ? TAP_PADDING : taps[0];                                                            \
    T best = won == TAP_PADDING ? start : data[won];                                                                \
    for (int64_t i = from_identity ? 0 : 1; i < n; i++) {                                                           \
      T value = taps[i] == TAP_PADDING ? start : data[taps[i]];                                                     \
      if (best COMPARE value) continue;                                                                             \
      best = value;                                                                                                 \
      won = taps[i];                                                                                                \
    }                                                                                                               \
    return won;                                                                                                     \
  }
#define PICKS(T, id) PICK(pick_ge_##id, T, >=) PICK(pick_le_##id, T, <=)
PICKS(int8_t, i8) PICKS(int16_t, i16) PICKS(int32_t, i32) PICKS(int64_t, i64)
PICKS(uint8_t, u8) PICKS(uint16_t, u16) PICKS(uint32_t, u32) PICKS(uint64_t, u64)
PICKS(float, f32) PICKS(double, f64)

#define PICK_ROW(d, id) [CX_##d] = {pick_ge_##id, pick_le_##id}
static PickFn *const pick_fns[CX_DTYPE_COUNT][2] = {
    PICK_ROW(BOOL, u8), PICK_ROW(I8, i8),   PICK_ROW(I16, i16), PICK_ROW(I32, i32), PICK_ROW(I64, i64), PICK_ROW(U8, u8),
    PICK_ROW(U16, u16), PICK_ROW(U32, u32), PICK_ROW(U64, u64), PICK_ROW(F32, f32), PICK_ROW(F64, f64),
};

/* Walks the windows over an operand in row-major order of their places. */
typedef struct Windows {
  int rank;
  const CxWindowShape *shape;
  const int64_t *extents, *places;
  const int64_t *gap, *dilation; /* NULL: all 1 */
  int64_t steps[VIEW_MAX_RANK];  /* of the operand */
  int64_t at[VIEW_MAX_RANK];
  int64_t n;                     /* taps */
  int64_t *near, *taps;          /* offsets from a window's first element; those of the window at hand */
  const char *data;
  void *copy;
  PickFn *pick;
  Item16 identity;
  bool from_identity;
  int item;
} Windows;

static int64_t axis_of(const int64_t *values, int i) { return values ? values[i] : 1; }

static bool windows_alloc(Windows *w) {
  size_t n = 1, bytes;
  for (int i = 0; i < w->rank; i++) FAIL_IF(!size_mul(n, (size_t)w->shape->dims[i], &n), CX_ERR_MEMORY, "a window is too large");
  FAIL_IF(!size_mul(n, 2 * sizeof *w->near, &bytes), CX_ERR_MEMORY, "a window is too large");
  w->n = (int64_t)n;
  TRY(w->near = cx_malloc(bytes ? bytes : 1));
  w->taps = w->near + n;
  return true;
}

static void windows_near(Windows *w) {
  int64_t k[VIEW_MAX_RANK] = {0};
  for (int64_t t = 0; t < w->n; t++) {
    w->near[t] = 0;
    for (int i = 0; i < w->rank; i++) w->near[t] += k[i] * axis_of(w->dilation, i) * w->steps[i];
    for (int i = w->rank - 1; i >= 0 && ++k[i] == w->shape->dims[i]; i--) k[i] = 0;
  }
}

static bool windows_start(Windows *w, CxOpcode op, const CxView *operand, const CxWindowShape *shape, const int64_t *places) {
  CxDtype dtype = window_dtype(operand->dtype);
  w->rank = operand->rank;
  w->shape = shape;
  w->extents = operand->dims;
  w->places = places;
  w->item = cx_dtype_bytes(dtype);
  w->pick = pick_fns[dtype][op == CX_OP_LE];
  FAIL_IF(!w->pick, CX_ERR_TYPE, "elements of dtype %s have no order to select by", cx_dtype_name(operand->dtype));
  combine_identity(op == CX_OP_LE ? CX_OP_MIN : CX_OP_MAX, dtype_nibble(operand->dtype) ? operand->dtype : dtype, &w->identity);
  TRY(w->data = window_operand(operand, dtype, &w->copy));
  dense_strides(operand->dims, operand->rank, w->steps);
  TRY(windows_alloc(w));
  windows_near(w);
  return true;
}

static void windows_end(Windows *w) {
  large_free(w->copy);
  cx_free(w->near);
}

/* Where the window begins; is it inside the operand, without gaps? */
static bool window_inside(const Windows *w, int64_t *base) {
  bool inside = true;
  *base = 0;
  for (int i = 0; i < w->rank; i++) {
    int64_t start = w->at[i] * w->shape->strides[i] - w->shape->padding[2 * i];
    int64_t last = start + (w->shape->dims[i] - 1) * axis_of(w->dilation, i);
    inside &= start >= 0 && last < w->extents[i] && axis_of(w->gap, i) == 1;
    *base += start * w->steps[i];
  }
  return inside;
}

static void window_taps(Windows *w) {
  int64_t k[VIEW_MAX_RANK] = {0};
  for (int64_t t = 0; t < w->n; t++) {
    int64_t offset = 0;
    for (int i = 0; i < w->rank; i++) {
      int64_t place = w->at[i] * w->shape->strides[i] + k[i] * axis_of(w->dilation, i) - w->shape->padding[2 * i];
      int64_t gap = axis_of(w->gap, i);
      if (place < 0 || place % gap || place / gap >= w->extents[i]) {
        offset = TAP_PADDING;
        break;
      }
      offset += place / gap * w->steps[i];
    }
    w->taps[t] = offset;
    for (int i = w->rank - 1; i >= 0 && ++k[i] == w->shape->dims[i]; i--) k[i] = 0;
  }
}

/* The offset of the element that wins the window at hand, or TAP_PADDING; moves on to the next window. */
static int64_t windows_next(Windows *w) {
  int64_t base, won;
  if (window_inside(w, &base)) {
    won = w->pick(w->data + base * w->item, w->near, w->n, w->from_identity, &w->identity);
    won = won == TAP_PADDING ? TAP_PADDING : won + base;
  } else {
    window_taps(w);
    won = w->pick(w->data, w->taps, w->n, w->from_identity, &w->identity);
  }
  for (int i = w->rank - 1; i >= 0 && ++w->at[i] == w->places[i]; i--) w->at[i] = 0;
  return won;
}

bool kernel_select_and_scatter_add(CxOpcode op, const CxView *source, const CxView *operand, const CxWindowShape *w, const CxView *out) {
  Windows all = {0};
  CxCombine add;
  int64_t n = view_count(source);
  void *copy = NULL;
  if (view_count(out) == 0) return true;
  memset(out->data, 0, (size_t)(view_count(out) * cx_dtype_bytes(out->dtype)));
  if (n == 0) return true;
  TRY(combine_find(&add, CX_OP_ADD, out->dtype));
  const char *from = window_operand(source, source->dtype, &copy);
  bool done = from && windows_start(&all, op, operand, w, source->dims);
  int item = cx_dtype_bytes(out->dtype);
  for (int64_t i = 0; done && i < n; i++) {
    int64_t won = windows_next(&all);
    if (won != TAP_PADDING) combine_run(&add, 1, (char *)out->data + won * item, from + i * item);
  }
  windows_end(&all);
  large_free(copy);
  return done;
}

bool kernel_select_and_gather_add(CxOpcode op, const CxView *tangents, const CxView *operand, const CxWindowShape *w, const CxView *out) {
  Windows all = {.gap = w->base_dilation, .dilation = w->window_dilation, .from_identity = true};
  int64_t n = view_count(out);
  void *copy = NULL;
  if (n == 0) return true;
  const char *from = window_operand(tangents, tangents->dtype, &copy);
  bool done = from && windows_start(&all, op, operand, w, out->dims);
  int item = cx_dtype_bytes(out->dtype);
  for (int64_t i = 0; done && i < n; i++) {
    int64_t won = windows_next(&all);
    char *to = (char *)out->data + i * item;
    if (won == TAP_PADDING)
      memset(to, 0, (size_t)item);
    else
      memcpy(to, from + won * item, (size_t)item);
  }
  windows_end(&all);
  large_free(copy);
  return done;
}
