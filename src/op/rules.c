/* Rules and helpers shared by op families. See rules.h. */
#include "op/rules.h"

#include <stdarg.h>
#include <stdio.h>

void rule_nondiff(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  (void)t;
  cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
  for (uint32_t i = 0; i < a->nout; i++) tout[i] = NULL;
}

void rule_nonlinear(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  (void)ct;
  (void)ct_in;
  cx_fail(CX_ERR_NOT_IMPLEMENTED, "Transpose rule (for reverse-mode differentiation) for '%s' not implemented", a->def->name);
}

CxVal rule_nofold(const CxApp *a) {
  (void)a;
  return NULL;
}

void rule_nobatch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)axis, (void)size, (void)out, (void)out_axis;
  cx_fail(CX_ERR_NOT_IMPLEMENTED, "Batching rule for '%s' not implemented", a->def->name);
}

void rule_jvp_nojvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  (void)t, (void)out, (void)tout;
  cx_fail(CX_ERR_NOT_IMPLEMENTED, "Differentiation rule for '%s' not implemented", a->def->name);
}

void rule_partial_default(CxTrace *t, const CxApp *a, CxVal *out) { stage_append(t, a, out); }

void rule_jvp_linear_first(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
  if (!t[0]) return;
  CxVal small[16], *in = small;
  if (a->nin > 16 && !(in = cx_malloc(a->nin * sizeof *in))) return;
  memcpy(in, a->in, a->nin * sizeof *in);
  in[0] = t[0];
  cx_bind(a->op, in, a->nin, a->attrs, tout, a->nout);
  if (in != small) cx_free(in);
}

void rule_jvp_linear_all(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, a->nin, a->attrs, out, a->nout);
  CxVal small[16], *in = small;
  if (a->nin > 16 && !(in = cx_malloc(a->nin * sizeof *in))) return;
  for (uint32_t i = 0; i < a->nin; i++) in[i] = cx_instantiate(t[i], a->types[i]);
  cx_bind(a->op, in, a->nin, a->attrs, tout, a->nout);
  if (in != small) cx_free(in);
}

char *app_types_text(const CxApp *a, char *buf, size_t n) {
  size_t at = 0;
  buf[0] = 0;
  for (uint32_t i = 0; i < a->nin && at + 32 < n; i++) {
    if (i) at += (size_t)snprintf(buf + at, n - at, ", ");
    cx_type_text(a->types[i], buf + at, n - at);
    at += strlen(buf + at);
  }
  return buf;
}

char *dims_text(const int64_t *v, int n, char *buf, size_t size) {
  size_t at = (size_t)snprintf(buf, size, "(");
  for (int i = 0; i < n && at + 32 < size; i++) at += (size_t)snprintf(buf + at, size - at, "%s%lld", i ? ", " : "", (long long)v[i]);
  snprintf(buf + at, size - at, n == 1 ? ",)" : ")");
  return buf;
}

char *shapes_text(const CxApp *a, char *buf, size_t size) {
  size_t at = 0;
  buf[0] = 0;
  for (uint32_t i = 0; i < a->nin && at + 64 < size; i++) {
    if (i) at += (size_t)snprintf(buf + at, size - at, ", ");
    dims_text(a->types[i]->dims, a->types[i]->rank, buf + at, size - at);
    at += strlen(buf + at);
  }
  return buf;
}

bool type_fail(const CxApp *a, const char *format, ...) {
  char text[1024], types[512];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  return cx_fail(CX_ERR_TYPE, "%s %s (operands: %s)", a->def->name, text, app_types_text(a, types, sizeof types));
}

bool extent_spread(const CxApp *a, int64_t n, int64_t by, int64_t low, int64_t high, int64_t *out) {
  int64_t x = 0;
  bool bad = n > 0 && (__builtin_mul_overflow(by, n - 1, &x) || __builtin_add_overflow(x, 1, &x));
  if (bad || __builtin_add_overflow(x, low, &x) || __builtin_add_overflow(x, high, &x) || x > INT64_MAX / 4 || x < -INT64_MAX / 4)
    return type_fail(a, "extents, dilations and padding are too large together");
  return *out = x, true;
}

bool exec_alloc(const CxApp *a, const CxType *const *types, CxVal *out) {
  for (uint32_t i = 0; i < a->nout; i++)
    if (!(out[i] = node_array(types[i]))) {
      while (i-- > 0) cx_release(out[i]), out[i] = NULL;
      return false;
    }
  return true;
}

CxVal exec_take(const CxApp *a, uint32_t i, const CxType *type) {
  bool free = i < 64 && a->dying >> i & 1 && node_is_sole_owner(a->in[i]);
  for (uint32_t k = 0; k < a->nin && free; k++) free = k == i || a->in[k] != a->in[i];
  return free ? node_array_sharing(type, a->in[i], 0) : node_array(type);
}

bool exec_build(const CxApp *a, const CxType *const *types, CxBuildRule *build, CxVal *out) {
  CxScope scope;
  cx_scope_open(&scope);
  CxTrace *was = trace_enter(NULL);
  CxVal *built = cx_calloc(a->nout + 1, sizeof *built);
  bool ok = built && build(a, types, built) && !cx_failed();
  for (uint32_t i = 0; ok && i < a->nout; i++) ok = (out[i] = node_array_sharing(types[i], built[i], 0)) != NULL;
  cx_free(built);
  trace_leave(was);
  cx_scope_close(&scope);
  return ok;
}

CxVal cx_instantiate(CxVal tangent, const CxType *type) {
  if (tangent || cx_failed()) return tangent;
  return cx_zeros(cx_type_with_dtype(type, type->dtype, false));
}

CxVal cx_add_tangents(CxVal a, CxVal b) {
  if (!a) return b;
  return b ? cx_add_any(a, b) : a;
}

CxVal cx_unbroadcast(CxVal ct, const CxType *type) {
  if (!ct || cx_type_same_dims(ct->type, type)) return ct;
  int64_t axes[CX_MAX_RANK];
  CxInts list = {.v = axes};
  if (type->rank == 0) {
    for (int i = 0; i < ct->type->rank; i++) axes[list.n++] = i;
    return cx_reduce_sum(ct, list);
  }
  for (int i = 0; i < ct->type->rank; i++)
    if (type->dims[i] != ct->type->dims[i]) axes[list.n++] = i;
  return cx_reshape(cx_reduce_sum(ct, list), type->rank, type->dims);
}

CxVal batch_move(CxVal x, int axis, int to, int64_t size) {
  if (!x) return NULL;
  if (axis >= 0) return cx_move_axis(x, axis, to);
  int64_t dims[CX_MAX_RANK], where[CX_MAX_RANK];
  if (x->type->rank >= CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "vmap: the rank would exceed %d", CX_MAX_RANK), NULL;
  for (int i = 0; i <= x->type->rank; i++) dims[i] = i < to ? x->type->dims[i] : i == to ? size : x->type->dims[i - 1];
  for (int i = 0; i < x->type->rank; i++) where[i] = i < to ? i : i + 1;
  return cx_broadcast_in_dim(x, x->type->rank + 1, dims, where);
}

CxVal batch_to_front(CxVal x, int axis, int64_t size) { return batch_move(x, axis, 0, size); }
