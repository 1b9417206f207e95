/* jax.numpy.pad. Constants are one pad operation where possible; the other modes read existing elements: one gather per padded axis. */
#include "np/axes.h"
#include "np/index.h"
#include "np/promote.h"
#include "kernels/convert.h"
#include <cuirax/library.h>

typedef struct Widths {
  int64_t of[CX_MAX_RANK][2]; /* before, after */
} Widths;

/* How an operand of any shape up to (rank, 2) is laid out: the place of entry (i, k), -1 with an error. */
static int64_t pair_place(const CxType *t, int rank, int i, int k) {
  bool ok = t->rank <= 2 && (t->rank < 1 || t->dims[t->rank - 1] == 1 || t->dims[t->rank - 1] == 2) && (t->rank < 2 || (t->dims[1] == 2 && (t->dims[0] == 1 || t->dims[0] == rank)));
  if (!ok) return cx_fail(CX_ERR_VALUE, "jnp.pad: pad_width and values must be a number, a pair, or a pair for each of the %d axes", rank), -1;
  int64_t columns = t->rank ? t->dims[t->rank - 1] : 1, row = t->rank == 2 && t->dims[0] > 1 ? i : 0;
  return row * columns + (columns > 1 ? k : 0);
}

static bool widths_read(Widths *w, CxVal given, int rank) {
  FAIL_IF(!cx_is_array(given), CX_ERR_CONCRETIZATION, "Abstract tracer value encountered where concrete value is expected: `pad_width` argument of jnp.pad");
  FAIL_IF(!strchr("iu", cx_dtype_kind(given->type->dtype)), CX_ERR_TYPE, "`pad_width` must be of integral type.");
  for (int i = 0; i < 2 * rank; i++) {
    int64_t at = pair_place(given->type, rank, i / 2, i % 2), *to = &w->of[i / 2][i % 2];
    TRY(at >= 0 && convert_run(given->type->dtype, CX_I64, 1, given->array.data + at * cx_dtype_bytes(given->type->dtype), (char *)to));
    FAIL_IF(*to < 0, CX_ERR_VALUE, "index can't contain negative values");
    FAIL_IF(*to > INT32_MAX, CX_ERR_OVERFLOW, "jnp.pad: too many elements");
  }
  return true;
}

/* ---- constants ---- */

static CxVal entry(CxVal values, int rank, int i, int k) { /* the scalar for one side of one axis */
  int64_t at = pair_place(values->type, rank, i, k), n = values->type->size;
  if (at < 0) return NULL;
  CxVal one = cx_slice_axis(cx_reshape(values, 1, &n), 0, at, at + 1);
  return one ? cx_reshape(one, 0, NULL) : NULL;
}

static CxVal pad_constant(CxVal x, const Widths *w, CxVal value) {
  int64_t config[3 * CX_MAX_RANK] = {0};
  for (int i = 0; i < x->type->rank; i++) config[3 * i] = w->of[i][0], config[3 * i + 1] = w->of[i][1];
  return value ? cx_pad(x, value, config) : NULL;
}

static CxVal pad_constants(CxVal x, const Widths *w, CxVal values) { /* axis after axis, each side with its own */
  int rank = x->type->rank;
  for (int i = 0; x && i < 2 * rank; i++) {
    Widths side = {0};
    side.of[i / 2][i % 2] = w->of[i / 2][i % 2];
    x = pad_constant(x, &side, entry(values, rank, i / 2, i % 2));
  }
  return x;
}

/* ---- existing elements ---- */

typedef int64_t Source(int64_t i, int64_t n); /* which of n > 0 elements stands at place i of the unbounded axis */

static int64_t modulo(int64_t i, int64_t n) { return ((i % n) + n) % n; }
static int64_t from_edge(int64_t i, int64_t n) { return i < 0 ? 0 : i >= n ? n - 1 : i; }
static int64_t from_wrap(int64_t i, int64_t n) { return modulo(i, n); }
static int64_t from_symmetric(int64_t i, int64_t n) { return (i = modulo(i, 2 * n)) < n ? i : 2 * n - 1 - i; }
static int64_t from_reflect(int64_t i, int64_t n) { return n == 1 ? 0 : (i = modulo(i, 2 * n - 2)) < n ? i : 2 * n - 2 - i; }

static CxVal pad_axis(CxVal x, int axis, const int64_t *width, Source *source) {
  NpIndex items[CX_MAX_RANK];
  int64_t n = x->type->dims[axis], total = width[0] + n + width[1];
  if (!width[0] && !width[1]) return x;
  if (!n) return cx_fail(CX_ERR_VALUE, "can't extend empty axis %d using modes other than 'constant' or 'empty'", axis), NULL;
  if (total > INT32_MAX) return cx_fail(CX_ERR_OVERFLOW, "jnp.pad: too many elements"), NULL;
  CxVal places = cx_array(CX_I32, 1, &total, NULL);
  if (!places) return NULL;
  int32_t *to = (int32_t *)(void *)places->array.data;
  for (int64_t i = 0; i < total; i++) to[i] = (int32_t)source(i - width[0], n);
  for (int i = 0; i < axis; i++) items[i] = (NpIndex){.kind = NP_INDEX_SLICE, .step = 1};
  items[axis] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = places};
  return np_index(x, items, axis + 1, &(NpIndexHow){.mode_given = true, .mode = CX_INDEX_CLIP, .no_wrap = true});
}

static Source *source_of(const char *mode) {
  static const struct { const char *mode; Source *source; } rows[] = {
      {"edge", from_edge}, {"wrap", from_wrap}, {"symmetric", from_symmetric}, {"reflect", from_reflect}};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(mode, rows[i].mode)) return rows[i].source;
  return NULL;
}

static CxVal mode_fail(const char *mode) {
  static const char *const missing[] = {"linear_ramp", "maximum", "mean", "median", "minimum"};
  for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
    if (!strcmp(mode, missing[i])) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "jnp.pad: mode '%s' is not implemented", mode), NULL;
  return cx_fail(CX_ERR_NOT_IMPLEMENTED, "Unimplemented padding mode '%s' for np.pad.", mode), NULL;
}

CxVal cx_np_pad(CxVal array, CxVal pad_width, CxNpPad o) {
  Widths w = {0};
  if (!array || !pad_width) return NULL;
  bool constant = !strcmp(o.mode, "constant"), empty = !strcmp(o.mode, "empty");
  Source *source = source_of(o.mode);
  if (!constant && !empty && !source) return mode_fail(o.mode);
  if (o.constant_values && !constant) return cx_fail(CX_ERR_VALUE, "unsupported keyword arguments for mode '%s': constant_values", o.mode), NULL;
  if (o.reflect_type && source != from_reflect && source != from_symmetric)
    return cx_fail(CX_ERR_VALUE, "unsupported keyword arguments for mode '%s': reflect_type", o.mode), NULL;
  if (o.reflect_type && strcmp(o.reflect_type, "even")) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "jnp.pad: reflect_type '%s' is not implemented", o.reflect_type), NULL;
  if (!widths_read(&w, pad_width, array->type->rank)) return NULL;
  CxVal x = array;
  for (int i = 0; source && x && i < array->type->rank; i++) x = pad_axis(x, i, w.of[i], source);
  if (source || !x->type->rank) return x;
  CxVal value = o.constant_values ? np_convert(o.constant_values, x->type->dtype, x->type->weak) : np_convert(cx_like(x, 0), x->type->dtype, x->type->weak);
  if (!value) return NULL;
  return value->type->rank ? pad_constants(x, &w, value) : pad_constant(x, &w, value);
}
