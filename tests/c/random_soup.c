/* See random_soup.h. */
#include "random_soup.h"

#include "base/error.h"
#include "ir/node.h"
#include "kernels/convert.h"
#include "op/attrs.h"
#include <string.h>

typedef struct Soup {
  CxRandom *r;
  CxGraph *g;
  CxDtype dtype;
} Soup;

/* ---- values ---- */

/* Bits that matter: zeros of both signs, ones, powers of two, limits, infinities, the default NaN, and any other. */
static void soup_element(CxRandom *r, CxDtype d, void *to) {
  static const double numbers[] = {0, -0.0, 1, -1, 2, 0.5, 4, -4, 3, 1e-40, 7, 0.25};
  char kind = cx_dtype_kind(d);
  double x = numbers[random_below(r, 12)];
  uint64_t bits = random_next(r), limit = (uint64_t)1 << (cx_dtype_bits(d) - 1);
  uint32_t pick = random_below(r, 10);
  if (kind == 'f' && pick == 0) x = __builtin_inf();
  if (kind == 'f' && pick == 1) x = -__builtin_inf();
  if (kind == 'f' && pick == 2) x = __builtin_nan("");
  if (kind == 'f' && pick >= 6) x = ((double)(int64_t)random_next(r)) * (pick == 6 ? 1e-25 : pick == 7 ? 1e-50 : 1e-18);
  CxView in = {&x, CX_F64, 0, NULL, NULL}, out = {to, d, 0, NULL, NULL};
  kernel_convert(&in, &out);
  if (!strchr("iu", kind) || pick < 4) return;
  if (pick == 4) bits = limit;
  if (pick == 5) bits = limit - 1;
  if (pick == 6) bits = ~(uint64_t)0;
  CxView from = {&bits, CX_U64, 0, NULL, NULL};
  kernel_convert(&from, &out); /* wraps, and keeps narrow types proper */
}

CxVal soup_value(CxRandom *r, const CxType *t, bool uniform) {
  CxVal v = node_array(t);
  size_t item = (size_t)cx_dtype_bytes(t->dtype);
  if (v) memset(v->array.data, 0, type_bytes(t));
  for (int64_t i = 0; v && i < t->size && strchr("biufc", cx_dtype_kind(t->dtype)); i++) {
    char *to = v->array.data + (size_t)i * item;
    if (t->dtype == CX_C64 || t->dtype == CX_C128) {
      CxDtype part = t->dtype == CX_C64 ? CX_F32 : CX_F64;
      soup_element(r, part, to), soup_element(r, part, to + item / 2);
    } else {
      soup_element(r, t->dtype, to);
    }
    if (uniform && i) memcpy(to, v->array.data, item);
  }
  return v;
}

static CxVar soup_const(Soup *s, const CxType *t) {
  CxVal v = soup_value(s->r, t, random_below(s->r, 4) != 0);
  CxVar var = v ? graph_const(s->g, v) : 0;
  cx_release(v);
  return var;
}

/* ---- equations ---- */

static CxVar any_of(Soup *s, const char *kinds) { /* a recent variable more often */
  for (int i = 0; i < 30; i++) {
    uint32_t n = s->g->types.n, back = random_below(s->r, 2) ? random_below(s->r, n < 6 ? n : 6) : random_below(s->r, n);
    CxVar v = n - 1 - back;
    if (v && strchr(kinds, cx_dtype_kind(s->g->types.v[v]->dtype))) return v;
  }
  return 0;
}

static CxVar like(Soup *s, CxVar x) { /* of x's dtype; its shape, a scalar or a constant */
  const CxType *t = s->g->types.v[x];
  uint32_t pick = random_below(s->r, 10);
  if (pick == 0) return x;
  if (pick < 3) return soup_const(s, cx_type_scalar(t->dtype, random_below(s->r, 2)));
  if (pick == 3) return soup_const(s, t);
  for (int i = 0; i < 20; i++) {
    CxVar v = any_of(s, "biufc");
    const CxType *u = v ? s->g->types.v[v] : NULL;
    if (u && u->dtype == t->dtype && (!u->rank || !t->rank || cx_type_same_dims(u, t))) return v;
  }
  return x;
}

static bool emit(Soup *s, CxOpcode op, uint32_t nin, const CxVar *in, const void *attrs) {
  const CxType *types[8], *out[1];
  CxVar var;
  for (uint32_t i = 0; i < nin; i++) {
    if (!in[i]) return false;
    types[i] = s->g->types.v[in[i]];
  }
  CxApp a = {.op = op, .def = cx_ops[op], .attrs = attrs, .nin = nin, .nout = 1, .types = types};
  bool ok = a.def->type(&a, out) && out[0]->size <= 4096 && graph_eqn(s->g, op, nin, in, attrs, 1, out, &var, (CxWhere){0});
  cx_error_clear();
  return ok;
}

static bool arithmetic(Soup *s) {
  static const CxOpcode unary[] = {CX_OP_NEG, CX_OP_NEG, CX_OP_NOT, CX_OP_NOT, CX_OP_ABS, CX_OP_SQUARE, CX_OP_SIGN, CX_OP_FLOOR,
                                   CX_OP_CEIL, CX_OP_COPY, CX_OP_STOP_GRADIENT, CX_OP_CONJ, CX_OP_REAL, CX_OP_IMAG};
  static const CxOpcode binary[] = {CX_OP_ADD, CX_OP_SUB, CX_OP_MUL, CX_OP_DIV, CX_OP_REM, CX_OP_MAX, CX_OP_MIN, CX_OP_AND, CX_OP_OR,
                                    CX_OP_XOR, CX_OP_SHIFT_LEFT, CX_OP_SHIFT_RIGHT_LOGICAL, CX_OP_SHIFT_RIGHT_ARITHMETIC, CX_OP_EQ,
                                    CX_OP_NE, CX_OP_LT, CX_OP_LE, CX_OP_GT, CX_OP_GE, CX_OP_ADD_ANY, CX_OP_COMPLEX};
  static const CxDtype to[] = {CX_BOOL, CX_I8, CX_I32, CX_I64, CX_U8, CX_U32, CX_F16, CX_BF16, CX_F32, CX_F64, CX_I4, CX_U2, CX_I16, CX_U64};
  CxVar x = any_of(s, "biufc");
  uint32_t pick = random_below(s->r, 20);
  if (!x) return false;
  if (pick < 5) return emit(s, unary[random_below(s->r, 14)], 1, &x, NULL);
  if (pick == 5) return emit(s, CX_OP_INTEGER_POW, 1, &x, &(CxIntegerPowAttrs){random_below(s->r, 4)});
  if (pick == 6) return emit(s, CX_OP_CLAMP, 3, (CxVar[]){like(s, x), x, like(s, x)}, NULL);
  if (pick < 9) {
    CxVar p = any_of(s, "b");
    return emit(s, CX_OP_SELECT_N, 3, (CxVar[]){p, x, like(s, x)}, NULL);
  }
  if (pick < 11) {
    CxDtype d = random_below(s->r, 3) ? to[random_below(s->r, 14)] : s->dtype;
    return emit(s, CX_OP_CONVERT_ELEMENT_TYPE, 1, &x, &(CxConvertAttrs){d, random_below(s->r, 8) == 0 && d != CX_BOOL});
  }
  CxVar pair[2] = {x, like(s, x)};
  if (random_below(s->r, 3) == 0) pair[0] = pair[1], pair[1] = x;
  return emit(s, binary[random_below(s->r, 21)], 2, pair, NULL);
}

typedef struct List {
  int64_t v[16];
} List;
#define INTS(list, count) ((CxInts){.v = (list).v, .n = (count)})

static bool broadcast(Soup *s, CxVar x, const CxType *t) { /* new axes, and extents of 1 repeated */
  List shape, where;
  int n = 0;
  for (int i = 0; i < t->rank; i++) {
    if (n < 5 && random_below(s->r, 3) == 0) shape.v[n++] = 1 + random_below(s->r, 3);
    where.v[i] = n;
    shape.v[n++] = t->dims[i] == 1 && random_below(s->r, 2) ? 3 : t->dims[i];
  }
  if (n < 5 && random_below(s->r, 2)) shape.v[n++] = 1 + random_below(s->r, 3);
  return emit(s, CX_OP_BROADCAST_IN_DIM, 1, &x, &(CxBroadcastAttrs){INTS(shape, n), INTS(where, t->rank)});
}

static bool reshape(Soup *s, CxVar x, const CxType *t) { /* an extent of 1 more or less, two axes joined, or flat */
  List shape;
  int n = 0, at = t->rank ? (int)random_below(s->r, (uint32_t)t->rank) : 0;
  uint32_t how = random_below(s->r, 4);
  for (int i = 0; i < t->rank; i++) {
    if (how == 0 && i == at && n < 6) shape.v[n++] = 1;
    if (how == 1 && t->dims[i] == 1) continue;
    if (how == 2 && i == at && n) shape.v[n - 1] *= t->dims[i];
    else shape.v[n++] = t->dims[i];
  }
  if (how == 3) shape.v[0] = t->size, n = 1;
  return emit(s, CX_OP_RESHAPE, 1, &x, &(CxReshapeAttrs){INTS(shape, n)});
}

static bool transpose(Soup *s, CxVar x, const CxType *t) {
  List perm;
  for (int i = 0; i < t->rank; i++) perm.v[i] = i;
  for (int i = t->rank - 1; i > 0; i--) {
    int k = (int)random_below(s->r, (uint32_t)i + 1);
    int64_t was = perm.v[i];
    perm.v[i] = perm.v[k];
    perm.v[k] = was;
  }
  return emit(s, CX_OP_TRANSPOSE, 1, &x, &(CxTransposeAttrs){INTS(perm, t->rank)});
}

static bool slice(Soup *s, CxVar x, const CxType *t) {
  List start, limit, step;
  bool whole = random_below(s->r, 6) == 0;
  for (int i = 0; i < t->rank; i++) {
    start.v[i] = whole || !t->dims[i] ? 0 : random_below(s->r, (uint32_t)t->dims[i]);
    limit.v[i] = whole ? t->dims[i] : start.v[i] + (int64_t)random_below(s->r, (uint32_t)(t->dims[i] - start.v[i]) + 1);
    step.v[i] = whole ? 1 : 1 + random_below(s->r, 2);
  }
  CxInts steps = random_below(s->r, 2) ? INTS(step, t->rank) : (CxInts){.v = step.v, .none = true};
  return emit(s, CX_OP_SLICE, 1, &x, &(CxSliceAttrs){INTS(limit, t->rank), INTS(start, t->rank), steps});
}

static List some_axes(Soup *s, int rank, int *n) {
  List d;
  *n = 0;
  for (int i = 0; i < rank; i++)
    if (random_below(s->r, 2)) d.v[(*n)++] = i;
  return d;
}

static bool join(Soup *s, CxVar x, const CxType *t) {
  CxVar in[3] = {x, x, x};
  if (!t->rank) return false;
  int64_t axis = random_below(s->r, (uint32_t)t->rank);
  for (int i = 1; i < 3; i++) {
    CxVar v = any_of(s, "biufc");
    if (!v) return false;
    const CxType *u = s->g->types.v[v];
    bool fits = u->dtype == t->dtype && u->rank == t->rank;
    for (int k = 0; fits && k < t->rank; k++) fits = k == axis || u->dims[k] == t->dims[k];
    if (fits) in[i] = v;
  }
  return emit(s, CX_OP_CONCATENATE, 1 + random_below(s->r, 3), in, &(CxConcatenateAttrs){axis});
}

static bool dynamic(Soup *s, CxVar x, const CxType *t) {
  CxVar in[8] = {x};
  List sizes;
  if (t->rank > 4) return false;
  for (int i = 0; i < t->rank; i++) {
    sizes.v[i] = random_below(s->r, 4) ? t->dims[i] : (int64_t)random_below(s->r, (uint32_t)t->dims[i] + 1);
    int32_t at = (int32_t)random_below(s->r, 5) - 1;
    CxVal v = cx_scalar_i64(CX_I32, at);
    in[1 + i] = v ? graph_const(s->g, v) : 0;
  }
  return emit(s, CX_OP_DYNAMIC_SLICE, 1 + (uint32_t)t->rank, in, &(CxDynamicSliceAttrs){INTS(sizes, t->rank)});
}

static bool view(Soup *s) {
  CxVar x = any_of(s, "biufc");
  const CxType *t = x ? s->g->types.v[x] : NULL;
  if (!t || t->rank > 6) return false;
  int n;
  List d = some_axes(s, t->rank, &n);
  switch (random_below(s->r, 12)) {
    case 0:
    case 1: return broadcast(s, x, t);
    case 2:
    case 3: return reshape(s, x, t);
    case 4:
    case 5: return transpose(s, x, t);
    case 6:
    case 7: return slice(s, x, t);
    case 8: return emit(s, CX_OP_REV, 1, &x, &(CxRevAttrs){INTS(d, n)});
    case 9: return join(s, x, t);
    case 10: return dynamic(s, x, t);
    default: break;
  }
  static const CxOpcode reductions[] = {CX_OP_REDUCE_SUM, CX_OP_REDUCE_MAX, CX_OP_REDUCE_MIN, CX_OP_REDUCE_AND, CX_OP_REDUCE_OR, CX_OP_REDUCE_PROD};
  int ones = 0;
  for (int i = 0; i < t->rank; i++)
    if (t->dims[i] == 1) d.v[ones++] = i;
  List zeros = {{0}};
  if (random_below(s->r, 2)) return emit(s, CX_OP_SQUEEZE, 1, &x, &(CxSqueezeAttrs){INTS(d, ones)});
  if (random_below(s->r, 2) && t->rank <= 2)
    return emit(s, CX_OP_PAD, 2, (CxVar[]){x, soup_const(s, cx_type_scalar(t->dtype, false))}, &(CxPadAttrs){INTS(zeros, 3 * t->rank)});
  return emit(s, reductions[random_below(s->r, 6)], 1, &x, &(CxReduceAttrs){INTS(d, random_below(s->r, 2) ? 0 : ones)});
}

CxGraph *random_soup(CxRandom *r, uint32_t eqns, CxDtype dtype) {
  Soup s = {r, graph_new("soup"), dtype};
  static const int64_t shapes[][3] = {{3, 2, 4}, {4, 3, 1}, {1, 4, 2}, {2, 2, 2}};
  const int64_t *shape = shapes[random_below(r, 4)];
  int rank = (int)random_below(r, 4);
  CxScope scope;
  if (!s.g) return NULL;
  cx_scope_open(&scope);
  graph_input(s.g, cx_type(dtype, rank, shape, false));
  graph_input(s.g, cx_type(dtype, rank, shape, false));
  graph_input(s.g, cx_type(CX_BOOL, random_below(r, 2) ? rank : 0, shape, false));
  graph_input(s.g, cx_type_scalar(dtype, false));
  for (uint32_t i = 0; i < 3 * eqns && s.g->eqns.n < eqns; i++)
    if (random_below(r, 10) < 7) arithmetic(&s);
    else view(&s);
  for (int i = 0; i < 3; i++) graph_output(s.g, s.g->types.n - 1 - random_below(r, s.g->types.n < 8 ? s.g->types.n - 1 : 7));
  cx_scope_close(&scope);
  cx_error_clear();
  return s.g;
}
