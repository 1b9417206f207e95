/* See build.h. */
#include "np/build.h"

#include "kernels/search.h"

CxVal np_vector(CxDtype d, int64_t n, double value) {
  if (n < 0) return cx_fail(CX_ERR_VALUE, "a length must not be negative, got %lld", (long long)n), NULL;
  return cx_full(cx_type(d, 1, &n, false), value);
}

CxVal np_concrete(CxVal x, const char *what) {
  while (x && x->trace && x->trace->kind == &trace_jvp) x = x->jvp.primal;
  if (!x || node_is_array(x)) return x;
  char type[256];
  cx_type_text(x->type, type, sizeof type);
  return cx_fail(CX_ERR_CONCRETIZATION, "Abstract tracer value encountered where concrete value is expected: %s. %s", type, what), NULL;
}

static CxVal index_axis(CxVal x, int axis, CxVal indices, const NpIndexHow *how) {
  NpIndex items[CX_MAX_RANK];
  if (!x || !indices) return NULL;
  for (int i = 0; i < axis; i++) items[i] = (NpIndex){.kind = NP_INDEX_SLICE, .step = 1};
  items[axis] = (NpIndex){.kind = indices->type->dtype == CX_BOOL ? NP_INDEX_BOOL : NP_INDEX_ARRAY, .array = indices};
  return np_index(x, items, axis + 1, how);
}

CxVal np_at(CxVal x, int axis, CxVal indices) { return index_axis(x, axis, indices, &(NpIndexHow){0}); }

CxVal np_at_fill(CxVal x, CxVal indices, double fill) {
  if (!x) return NULL;
  CxNumber number = is_inexact(x->type) ? CX_FLOAT(fill) : CX_INT((int64_t)fill);
  return index_axis(x, 0, indices, &(NpIndexHow){.mode_given = true, .mode = CX_INDEX_FILL_OR_DROP, .fill = number});
}

CxVal np_put_at(CxVal x, CxVal indices, CxVal y, NpUpdate op) {
  NpIndex item = {.kind = NP_INDEX_ARRAY, .array = indices};
  return x && indices && y ? np_update(x, &item, 1, y, op, &(NpIndexHow){.mode_given = true, .mode = CX_INDEX_FILL_OR_DROP}) : NULL;
}

CxVal np_to_length(CxVal flat, int64_t n) {
  if (!flat) return NULL;
  int64_t have = np_len(flat), times = have ? (n + have - 1) / have : 0;
  if (n <= have) return vcut(flat, 0, 0, n);
  return vcut(cx_tile(flat, &times), 0, 0, n);
}

bool np_number(CxVal v, CxNumber *out) {
  *out = CX_NO_NUMBER;
  if (!v) return true;
  FAIL_IF(v->type->rank, CX_ERR_VALUE, "a fill value must be a scalar, got rank %d", v->type->rank);
  if (!(v = np_concrete(v, "A fill value must be known."))) return false;
  char kind = cx_dtype_kind(v->type->dtype);
  *out = kind == 'f'   ? CX_FLOAT(cx_to_double(v))
         : kind == 'c' ? (CxNumber){.kind = 'c', .re = cx_to_double(cx_real(v)), .im = cx_to_double(cx_imag(v))}
                       : (CxNumber){.kind = kind, .i = cx_to_int(v)};
  return !cx_failed();
}

CxVal np_inexact(CxVal x) { return np_promote_inexact(1, &x) ? x : NULL; }

/* ---- search ---- */

/* Is x before y, NaN last? On the left side equal elements are not before. */
static CxVal stands_before(CxVal x, CxVal y, bool left) {
  CxVal before = left ? cx_np_less(x, y) : cx_np_less_equal(x, y);
  if (!before || !is_inexact(x->type)) return before;
  CxVal y_nan = np_is_nan(y);
  return cx_or(before, left ? cx_and(y_nan, cx_not(np_is_nan(x))) : y_nan);
}

/* Known values are searched at once. NULL: they are not known, or their dtype has no loop. */
static CxVal search_known(CxVal sorted, CxVal v, bool left) {
  if (cx_thread.trace || !node_is_array(sorted) || !node_is_array(v)) return NULL;
  CxDtype d = v->type->dtype;
  if (d != CX_F32 && d != CX_F64 && d != CX_I32 && d != CX_I64) return NULL;
  CxVal out = np_len(sorted) > INT32_MAX ? NULL : cx_array(CX_I32, v->type->rank, v->type->dims, NULL);
  return out && search_run(d, np_len(sorted), sorted->array.data, v->type->size, v->array.data, left, (int32_t *)(void *)out->array.data) ? out : NULL;
}

/* Every step halves what is left of all intervals: at = the elements known to stand before. Rounds are log2 of the length. */
CxVal np_search(CxVal sorted, CxVal v, bool left) {
  if (!sorted || !v) return NULL;
  CxVal known = search_known(sorted, v, left);
  if (known || cx_failed()) return known;
  int64_t n = np_len(sorted), width = 1;
  CxDtype d = n > INT32_MAX ? CX_I64 : CX_I32;
  CxVal at = cx_full(cx_type_with_dtype(v->type, d, false), 0);
  while (width <= n) width *= 2;
  for (width /= 2; n && width > 0; width /= 2) { /* after each: stands for the elements before `at`, and fewer than `width` more */
    CxVal next = cx_add(at, cx_scalar_i64(d, width)), fits = next ? cx_le(next, cx_scalar_i64(d, n)) : NULL;
    CxVal last = fits ? cx_sub(cx_select(fits, next, at), cx_scalar_i64(d, 1)) : NULL;
    if (last) last = cx_max(last, cx_scalar_i64(d, 0));
    CxVal before = last ? cx_and(fits, stands_before(np_at(sorted, 0, last), v, left)) : NULL;
    at = before ? cx_select(before, next, at) : NULL;
  }
  return at;
}
