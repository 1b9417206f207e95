/* Elementwise ops. One row per op: operand kinds, result kind, the tangent as an expression per operand, the transpose.
 * Shapes: equal, or scalars, or extents of 1, which broadcast (as jax.lax's n-ary primitives do since 0.5).
 * In the expressions x, y are the operands, z the result, t the tangent of the operand in question. */
#include "op/attrs.h"
#include "kernels/elementwise.h"
#include "op/rules.h"

#include "base/arena.h"
#include "kernels/convert.h"
#include "kernels/cursor.h"
#include "kernels/split.h"
#include <math.h>
#include <stdio.h>

typedef CxVal Tangent(const CxApp *a, CxVal z, CxVal t);
typedef CxVal Transposed(const CxApp *a, int operand, CxVal ct); /* linear in that operand, the others constant */

typedef struct EwRow {
  const char *kinds; /* dtype kinds that operands may have */
  char result;       /* '=' the operands' dtype, 'b' bool, 'r' the real part's dtype, 'c' complex of it, 'i' as attributes say */
  Tangent *d[3];     /* NULL: no dependence (or not differentiable) */
  Transposed *transpose; /* NULL: not linear */
} EwRow;

/* ---- types ---- */

static CxDtype real_of(CxDtype d) { return d == CX_C64 ? CX_F32 : d == CX_C128 ? CX_F64 : d; }
static CxDtype complex_of(CxDtype d) { return d == CX_F32 ? CX_C64 : d == CX_F64 ? CX_C128 : CX_NO_DTYPE; }

static bool shapes_fail(const CxApp *a) {
  char text[600];
  size_t at = 0;
  for (uint32_t i = 0; i < a->nin && at + 32 < sizeof text; i++) {
    at += (size_t)snprintf(text + at, sizeof text - at, "%s(", i ? ", " : "");
    for (int k = 0; k < a->types[i]->rank && at + 24 < sizeof text; k++)
      at += (size_t)snprintf(text + at, sizeof text - at, "%s%lld%s", k ? ", " : "", (long long)a->types[i]->dims[k], a->types[i]->rank == 1 ? "," : "");
    at += (size_t)snprintf(text + at, sizeof text - at, ")");
  }
  return cx_fail(CX_ERR_TYPE, "%s got incompatible shapes for broadcasting: %s.", a->def->name, text);
}

static bool ew_dims(const CxApp *a, int *rank, int64_t *dims) {
  *rank = 0;
  for (uint32_t i = 0; i < a->nin; i++) {
    const CxType *t = a->types[i];
    if (!t->rank) continue;
    if (!*rank) {
      *rank = t->rank;
      memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
      continue;
    }
    if (t->rank != *rank)
      return cx_fail(CX_ERR_TYPE, "%s: arrays must have same number of dimensions, got %d and %d", a->def->name, *rank, t->rank);
    for (int k = 0; k < t->rank; k++) {
      if (dims[k] == 1) dims[k] = t->dims[k];
      else if (t->dims[k] != dims[k] && t->dims[k] != 1) return shapes_fail(a);
    }
  }
  return true;
}

static bool ew_dtypes(const CxApp *a, const EwRow *row, uint32_t first) {
  const CxType *t = a->types[first];
  if (!kind_in(t, row->kinds))
    return cx_fail(CX_ERR_TYPE, "%s does not accept dtype %s.", a->def->name, cx_dtype_name(t->dtype));
  for (uint32_t i = first + 1; i < a->nin; i++)
    if (a->types[i]->dtype != t->dtype)
      return cx_fail(CX_ERR_TYPE,
                     "lax.%s requires arguments to have the same dtypes, got %s, %s. (Tip: jnp.%s is a similar function that does "
                     "automatic type promotion on inputs).",
                     a->def->name, cx_dtype_name(t->dtype), cx_dtype_name(a->types[i]->dtype), a->def->name);
  return true;
}

static bool ew_type(const CxApp *a, const CxType **out) {
  const EwRow *row = a->def->row;
  uint32_t first = a->op == CX_OP_SELECT_N ? 1 : 0;
  int64_t dims[CX_MAX_RANK];
  int rank;
  if (a->nin <= first) return cx_fail(CX_ERR_TYPE, "%s needs at least %u operands", a->def->name, first + 1);
  TRY(ew_dtypes(a, row, first) && ew_dims(a, &rank, dims));
  bool weak = true;
  for (uint32_t i = first; i < a->nin; i++) weak &= a->types[i]->weak;
  CxDtype d = a->types[first]->dtype;
  if (row->result == 'b') d = CX_BOOL; /* weak too, as in JAX */
  if (row->result == 'r') d = real_of(d);
  if (row->result == 'c') d = complex_of(d);
  return (out[0] = cx_type(d, rank, dims, weak)) != NULL;
}

static bool select_type(const CxApp *a, const CxType **out) {
  CxDtype w = a->types[0]->dtype;
  if (w != CX_BOOL && w != CX_I32)
    return cx_fail(CX_ERR_TYPE, "select_n `which` must be boolean or int32, got %s.", cx_dtype_name(w));
  if (w == CX_BOOL && a->nin > 3)
    return cx_fail(CX_ERR_TYPE, "select_n with boolean `which` cannot have > 2 cases, got %u.", a->nin - 1);
  return ew_type(a, out);
}

static bool convert_type(const CxApp *a, const CxType **out) {
  const CxConvertAttrs *c = a->attrs;
  if (cx_dtype_kind(c->new_dtype) == 'k' || cx_dtype_kind(a->types[0]->dtype) == 'k')
    if (c->new_dtype != a->types[0]->dtype)
      return cx_fail(CX_ERR_TYPE, "cannot convert between %s and %s: random keys convert through random_wrap and random_unwrap",
                     cx_dtype_name(a->types[0]->dtype), cx_dtype_name(c->new_dtype));
  return (out[0] = cx_type_with_dtype(a->types[0], c->new_dtype, c->weak_type)) != NULL;
}

/* ---- execution ---- */

static void ew_strides(const CxType *t, const CxType *out, int64_t *strides) {
  int64_t step = 1;
  for (int i = out->rank - 1; i >= 0; i--) {
    bool same = t->rank && t->dims[i] == out->dims[i];
    strides[i] = same && out->dims[i] != 1 ? step : 0;
    if (t->rank) step *= t->dims[i];
  }
}

typedef struct EwCall {
  CxOpcode op;
  int64_t p0, p1;
} EwCall;

static bool ew_piece(void *env, const CxView *in, int nin, const CxView *out) {
  const EwCall *c = env;
  return kernel_elementwise(c->op, in, nin, out, c->p0, c->p1);
}

static bool convert_piece(void *env, const CxView *in, int nin, const CxView *out) {
  (void)env, (void)nin;
  return kernel_convert(in, out);
}

/* What the attributes say to the kernel. */
static void ew_parameters(CxOpcode op, const void *attrs, int64_t *p0, int64_t *p1) {
  *p0 = *p1 = 0;
  if (op == CX_OP_INTEGER_POW) *p0 = ((const CxIntegerPowAttrs *)attrs)->y;
  if (op == CX_OP_ROUND) *p0 = ((const CxRoundAttrs *)attrs)->rounding_method;
  if (op == CX_OP_REDUCE_PRECISION) {
    *p0 = ((const CxReducePrecisionAttrs *)attrs)->exponent_bits;
    *p1 = ((const CxReducePrecisionAttrs *)attrs)->mantissa_bits;
  }
}

static bool ew_run(const CxApp *a, const CxType *type, CxVal out) {
  CxView small[4], *in = small;
  int64_t strides_small[4][CX_MAX_RANK], (*strides)[CX_MAX_RANK] = strides_small;
  if (a->nin > 4) {
    in = cx_malloc(a->nin * sizeof *in);
    strides = cx_malloc(a->nin * sizeof *strides);
  }
  bool ok = in && strides;
  for (uint32_t i = 0; ok && i < a->nin; i++) {
    in[i] = (CxView){a->in[i]->array.data, a->types[i]->dtype, type->rank, type->dims, NULL};
    if (cx_type_same_dims(a->types[i], type)) continue;
    ew_strides(a->types[i], type, strides[i]);
    in[i].strides = strides[i];
  }
  int64_t p0, p1;
  ew_parameters(a->op, a->attrs, &p0, &p1);
  CxView to = node_view(out);
  ok = ok && split_run(in, (int)a->nin, NULL, &to, 1, ew_piece, &(EwCall){a->op, p0, p1});
  if (in != small) cx_free(in);
  if (strides != strides_small) cx_free(strides);
  return ok;
}

static CxVal ew_reuse(const CxApp *a, const CxType *type) { /* in place: an operand of the same type that dies here */
  for (uint32_t i = 0; i < a->nin && i < 64; i++)
    if (a->dying >> i & 1 && cx_type_same_dims(a->types[i], type) &&
        cx_dtype_bytes(a->types[i]->dtype) == cx_dtype_bytes(type->dtype) && node_is_sole_owner(a->in[i]))
      return node_array_sharing(type, a->in[i], 0);
  return node_array(type);
}

static bool ew_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  return (out[0] = ew_reuse(a, types[0])) && ew_run(a, types[0], out[0]);
}

/* Small and dense, scalars aside: straight into the loop. */
enum { EW_QUICK = 8192, EW_FILL = 1024 }; /* most elements of the result; most bytes to which a scalar is spread */
typedef struct EwQuick {
  LoopFn fn;
  Loop loop;                /* all but what changes from call to call */
  const CxType *type;
  uint32_t nin;
  uint32_t spread, reuse;   /* bit i: operand i is a scalar; its memory may take the result */
  int size[3];              /* bytes of an element */
  const void *filled[3];    /* a constant scalar, spread */
} EwQuick;

static bool ew_quick_operand(EwQuick *q, struct CxArena *arena, const CxApp *a, uint32_t i) {
  const CxType *t = a->types[i];
  q->size[i] = cx_dtype_bytes(t->dtype);
  if (cx_type_same_dims(t, q->type)) {
    if (q->size[i] == cx_dtype_bytes(q->type->dtype)) q->reuse |= 1u << i;
    return true;
  }
  if (t->size != 1 || q->type->size * q->size[i] > EW_FILL) return false;
  q->spread |= 1u << i;
  if (!a->in[i]) return true;
  void *filled = arena_alloc(arena, (size_t)(q->type->size * q->size[i]));
  if (filled) run_fill(q->type->size, q->size[i], filled, a->in[i]->array.data);
  return (q->filled[i] = filled) != NULL;
}

static const void *ew_prepare(struct CxArena *arena, const CxApp *a, const CxType *const *types) {
  if (a->nin > 3 || types[0]->size == 0 || types[0]->size > EW_QUICK) return NULL;
  if (a->op == CX_OP_SELECT_N && (a->nin != 3 || a->types[0]->dtype != CX_BOOL)) return NULL;
  if (a->op == CX_OP_POW && a->types[1]->dtype != a->types[0]->dtype) return NULL; /* an integer exponent */
  LoopFn fn = kernel_elementwise_loop(a->op, a->types[a->op == CX_OP_SELECT_N]->dtype, (int)a->nin);
  EwQuick *q = fn ? arena_alloc(arena, sizeof *q) : NULL;
  if (!q) return NULL;
  *q = (EwQuick){.fn = fn, .loop.n = types[0]->size, .type = types[0], .nin = a->nin};
  ew_parameters(a->op, a->attrs, &q->loop.p0, &q->loop.p1);
  for (uint32_t i = 0; i < a->nin; i++)
    if (!ew_quick_operand(q, arena, a, i)) return NULL;
  return q;
}

static CxVal ew_quick_result(const EwQuick *q, const CxVal *in, uint64_t dying) {
  dying &= q->reuse;
  for (uint32_t i = 0; dying && i < q->nin; i++)
    if (dying >> i & 1 && node_is_sole_owner(in[i])) return node_array_sharing(q->type, in[i], 0);
  return node_array(q->type);
}

static bool ew_run_quick(const void *prepared, const CxVal *in, uint64_t dying, CxVal *out) {
  const EwQuick *q = prepared;
  _Alignas(64) char spread[3][EW_FILL];
  Loop l = q->loop;
  TRY(out[0] = ew_quick_result(q, in, dying));
  l.out = out[0]->array.data;
  for (uint32_t i = 0; i < q->nin; i++) {
    l.in[i] = in[i]->array.data;
    if (!(q->spread >> i & 1)) continue;
    l.in[i] = q->filled[i] ? q->filled[i] : spread[i];
    if (!q->filled[i]) run_fill(l.n, q->size[i], spread[i], in[i]->array.data);
  }
  q->fn(&l);
  return true;
}

static bool same_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  return (out[0] = node_array_sharing(types[0], a->in[0], 0)) != NULL;
}

static bool convert_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  if (types[0]->dtype == a->types[0]->dtype) return same_exec(a, types, out);
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  return split_run(&in, 1, NULL, &to, 1, convert_piece, NULL);
}

/* ---- differentiation ---- */

static void ew_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const EwRow *row = a->def->row;
  cx_bind(a->op, a->in, a->nin, a->attrs, out, 1);
  if (!out[0]) return;
  for (uint32_t i = 0; i < a->nin && i < 3; i++) {
    if (!t[i]) continue;
    if (!row->d[i]) continue;
    CxVal d = row->d[i](a, out[0], t[i]);
    if (d) tout[0] = cx_add_tangents(tout[0], cx_broadcast_like(d, out[0]->type));
  }
}

static void ew_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const EwRow *row = a->def->row;
  if (!row->transpose) {
    rule_nonlinear(a, ct, ct_in);
    return;
  }
  for (uint32_t i = 0; i < a->nin && ct[0]; i++)
    if (!a->in[i]) ct_in[i] = cx_unbroadcast(row->transpose(a, (int)i, ct[0]), a->types[i]);
}

static void select_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  cx_bind(a->op, a->in, a->nin, NULL, out, 1);
  CxVal small[8], *in = small;
  bool any = false;
  for (uint32_t i = 1; i < a->nin; i++) any |= t[i] != NULL;
  if (!any || !out[0] || (a->nin > 8 && !(in = cx_malloc(a->nin * sizeof *in)))) return;
  in[0] = a->in[0];
  for (uint32_t i = 1; i < a->nin; i++) in[i] = t[i] ? t[i] : cx_like(a->in[i], 0);
  tout[0] = cx_broadcast_like(cx_bind1(a->op, in, a->nin, NULL), out[0]->type);
  if (in != small) cx_free(in);
}

static void select_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  CxVal small[8], *in = small;
  if (!ct[0] || (a->nin > 8 && !(in = cx_malloc(a->nin * sizeof *in)))) return;
  in[0] = a->in[0];
  for (uint32_t i = 1; i < a->nin; i++) {
    if (a->in[i]) continue;
    for (uint32_t k = 1; k < a->nin; k++) in[k] = k == i ? ct[0] : cx_like(ct[0], 0);
    ct_in[i] = cx_unbroadcast(cx_bind1(CX_OP_SELECT_N, in, a->nin, NULL), a->types[i]);
  }
  if (in != small) cx_free(in);
}

static void convert_jvp(const CxApp *a, const CxVal *t, CxVal *out, CxVal *tout) {
  const CxConvertAttrs *c = a->attrs;
  cx_bind(a->op, a->in, 1, c, out, 1);
  if (t[0] && strchr("fc", cx_dtype_kind(c->new_dtype))) tout[0] = cx_convert(t[0], c->new_dtype);
}

static void convert_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (ct[0]) ct_in[0] = cx_convert(ct[0], a->types[0]->dtype);
}

/* ---- batching: the batched axes are brought together; the others become extents of 1 ---- */

static CxVal ew_align(CxVal x, int axis, int rank) { /* batch axis first, then at least `rank` logical axes if x has any */
  if (axis < 0) {
    if (!x->type->rank) return x;
    return cx_expand_dims(x, cx_ints(0));
  }
  x = cx_move_axis(x, axis, 0);
  if (!x || x->type->rank - 1 == rank) return x;
  int64_t dims[CX_MAX_RANK] = {x->type->dims[0]};
  for (int i = 1; i <= rank; i++) dims[i] = 1; /* a batched scalar beside arrays */
  return cx_reshape(x, rank + 1, dims);
}

void ew_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis);
void ew_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  int rank = 0, common = -2;
  bool simple = true;
  for (uint32_t i = 0; i < a->nin; i++) {
    int r = a->types[i]->rank - (axis[i] >= 0);
    if (r > rank) rank = r;
  }
  for (uint32_t i = 0; i < a->nin; i++) {
    if (axis[i] < 0) {
      simple &= a->types[i]->rank == 0;
      continue;
    }
    simple &= a->types[i]->rank == rank + 1 && (common == -2 || common == axis[i]);
    common = axis[i];
  }
  *out_axis = simple ? common : 0;
  if (simple) {
    *out = cx_bind1(a->op, a->in, a->nin, a->attrs);
    return;
  }
  CxVal small[8] = {0}, *in = small;
  if (a->nin > 8 && !(in = cx_malloc(a->nin * sizeof *in))) return;
  for (uint32_t i = 0; i < a->nin; i++) in[i] = ew_align(a->in[i], axis[i], rank);
  *out = cx_bind1(a->op, in, a->nin, a->attrs);
  if (in != small) cx_free(in);
}

/* ---- tangents ---- */

#define D(name, ...)                                          \
  static CxVal d_##name(const CxApp *a, CxVal z, CxVal t) {   \
    CxVal x = a->in[0], y = a->nin > 1 ? a->in[1] : NULL;     \
    (void)x, (void)y, (void)z, (void)t;                       \
    return __VA_ARGS__;                                       \
  }
#define T(name, ...)                                               \
  static CxVal t_##name(const CxApp *a, int operand, CxVal ct) {   \
    (void)a, (void)operand, (void)ct;                              \
    return __VA_ARGS__;                                            \
  }

static CxVal one_minus(CxVal x) { return cx_sub(cx_like(x, 1), x); }
static CxVal one_plus(CxVal x) { return cx_add(cx_like(x, 1), x); }
static CxVal scaled(CxVal x, double k) { return cx_mul(cx_like(x, k), x); }
static bool is_complex(CxVal x) { return x && cx_dtype_kind(x->type->dtype) == 'c'; }
static CxVal zero_to_one(CxVal x) { return x ? cx_select(cx_eq(x, cx_like(x, 0)), cx_like(x, 1), x) : NULL; }

D(id, t)
D(neg, cx_neg(t))
D(exp, cx_mul(t, z))
D(exp2, cx_mul(cx_like(x, 0.69314718055994530942), cx_mul(t, z)))
D(log, cx_div(t, x))
D(expm1, cx_mul(t, one_plus(z)))
D(log1p, cx_div(t, one_plus(x)))
D(tanh, cx_mul(cx_add(t, cx_mul(t, z)), one_minus(z)))
D(logistic, cx_mul(t, cx_mul(z, one_minus(z))))
D(sin, cx_mul(t, cx_cos(x)))
D(cos, cx_neg(cx_mul(t, cx_sin(x))))
D(tan, cx_mul(t, one_plus(cx_square(z))))
D(asin, cx_mul(t, cx_rsqrt(one_minus(cx_square(x)))))
D(acos, cx_mul(t, cx_neg(cx_rsqrt(one_minus(cx_square(x))))))
D(atan, cx_div(t, one_plus(cx_square(x))))
D(sinh, cx_mul(t, cx_cosh(x)))
D(cosh, cx_mul(t, cx_sinh(x)))
D(asinh, cx_mul(t, cx_rsqrt(one_plus(cx_square(x)))))
D(acosh, cx_mul(t, cx_rsqrt(cx_mul(cx_sub(x, cx_like(x, 1)), one_plus(x)))))
D(atanh, cx_mul(t, cx_div(cx_like(x, 1), cx_mul(one_plus(x), one_minus(x)))))
D(lgamma, cx_mul(t, cx_digamma(x)))
D(digamma, cx_mul(t, cx_polygamma(cx_like(x, 1), x)))
D(bessel_i0e, cx_mul(t, cx_sub(cx_bessel_i1e(x), cx_mul(cx_sign(x), z))))
D(erf, cx_mul(cx_like(x, 1.12837916709551257390), cx_mul(t, cx_exp(cx_neg(cx_square(x))))))
D(erfc, cx_mul(cx_like(x, -1.12837916709551257390), cx_mul(t, cx_exp(cx_neg(cx_square(x))))))
D(erf_inv, cx_mul(cx_like(x, 0.88622692545275801365), cx_mul(t, cx_exp(cx_square(z)))))
D(real, cx_real(t))
D(imag, cx_imag(t))
D(conj, cx_conj(t))
D(sqrt, cx_mul(t, cx_div(cx_like(x, 0.5), z)))
D(rsqrt, cx_mul(t, cx_mul(cx_like(x, -0.5), cx_div(z, x))))
D(cbrt, cx_mul(t, cx_mul(cx_like(x, 1. / 3), cx_div(z, x))))
D(square, cx_mul(t, scaled(x, 2)))
D(mul_x, cx_mul(t, y))
D(mul_y, cx_mul(x, t))
D(div_x, cx_div(t, y))
D(div_y, cx_mul(cx_mul(cx_neg(t), x), cx_integer_pow(y, -2)))
D(atan2_x, cx_mul(t, cx_div(y, cx_add(cx_square(x), cx_square(y)))))
D(atan2_y, cx_mul(t, cx_div(cx_neg(x), cx_add(cx_square(x), cx_square(y)))))
D(complex_x, cx_complex(t, cx_like(t, 0)))
D(complex_y, cx_complex(cx_like(t, 0), t))

/* d/dx i1e(x), finite at 0 */
static CxVal d_bessel_i1e(const CxApp *a, CxVal z, CxVal t) {
  CxVal x = a->in[0], eps = cx_like(x, x->type->dtype == CX_F64 ? 2.220446049250313e-16 : 1.1920929e-7);
  CxVal is_zero = cx_lt(cx_abs(x), eps), safe = cx_select(is_zero, eps, x);
  CxVal dy = cx_sub(cx_bessel_i0e(safe), cx_mul(z, cx_add(cx_sign(safe), cx_div(cx_like(x, 1), safe))));
  return cx_mul(t, cx_select(is_zero, cx_like(x, 0.5), dy));
}

static CxVal d_abs(const CxApp *a, CxVal z, CxVal t) {
  CxVal x = a->in[0];
  if (!is_complex(x)) return cx_select(cx_ge(x, cx_like(x, 0)), t, cx_neg(t));
  return cx_real(cx_mul(t, cx_div(cx_conj(x), cx_convert(zero_to_one(z), x->type->dtype))));
}

static CxVal d_sign(const CxApp *a, CxVal z, CxVal t) { /* real: zero; complex: the direction turns */
  CxVal x = a->in[0];
  if (!is_complex(x)) return NULL;
  CxVal r = cx_convert(zero_to_one(cx_abs(x)), x->type->dtype);
  CxVal i = cx_complex(cx_like(cx_real(x), 0), cx_like(cx_real(x), 1));
  CxVal along = cx_imag(cx_mul(t, cx_conj(z)));
  return cx_div(cx_mul(cx_mul(cx_convert(along, x->type->dtype), i), z), r);
}

static CxVal d_integer_pow(const CxApp *a, CxVal z, CxVal t) {
  (void)z;
  int64_t y = ((const CxIntegerPowAttrs *)a->attrs)->y;
  CxVal x = a->in[0];
  if (y == 0) return NULL;
  return cx_mul(t, y == 1 ? cx_like(x, 1) : cx_mul(cx_like(x, (double)y), cx_integer_pow(x, y - 1)));
}

/* x^y: y x^(y-1), with 0 where y is 0 */
static CxVal d_pow_x(const CxApp *a, CxVal z, CxVal t) {
  (void)z;
  CxVal x = a->in[0], y = a->in[1];
  if (!is_inexact(y->type)) {
    CxVal one = cx_like(y, 1), zero_y = cx_eq(y, cx_like(y, 0));
    CxVal jac = cx_mul(cx_convert(y, x->type->dtype), cx_pow(x, cx_sub(y, one)));
    jac = cx_select(cx_broadcast_like(zero_y, jac ? jac->type : NULL), cx_full(jac ? jac->type : NULL, 0), jac);
    return cx_mul(t, jac);
  }
  CxVal jac = cx_mul(y, cx_pow(x, cx_sub(y, cx_like(y, 1))));
  if (!jac) return NULL;
  return cx_mul(t, cx_select(cx_broadcast_like(cx_eq(y, cx_like(y, 0)), jac->type), cx_full(jac->type, 0), jac));
}

/* x^y: log(x) x^y, with log(1) at x = 0 so that 0 * inf does not appear */
static CxVal d_pow_y(const CxApp *a, CxVal z, CxVal t) {
  if (!is_inexact(a->types[1])) return NULL;
  return cx_mul(t, cx_mul(cx_log(zero_to_one(a->in[0])), z));
}

/* max, min: the whole tangent to the winner, half to each in a tie */
static CxVal balanced(const CxApp *a, CxVal z, CxVal t, int self) {
  CxVal x = a->in[self], y = a->in[1 - self], one = cx_like(z, 1), zero = cx_like(z, 0);
  CxVal both = cx_select(cx_eq(y, z), cx_like(z, 0.5), one);
  return cx_mul(t, cx_select(cx_eq(x, z), both, zero));
}
static CxVal d_max_x(const CxApp *a, CxVal z, CxVal t) { return balanced(a, z, t, 0); }
static CxVal d_max_y(const CxApp *a, CxVal z, CxVal t) { return balanced(a, z, t, 1); }

static CxVal d_rem_y(const CxApp *a, CxVal z, CxVal t) { /* x - trunc(x/y) y */
  (void)z;
  CxVal q = cx_div(a->in[0], a->in[1]);
  CxVal trunc = cx_mul(cx_sign(q), cx_floor(cx_abs(q)));
  return cx_mul(cx_neg(t), trunc);
}
static CxVal d_clamp_lo(const CxApp *a, CxVal z, CxVal t) {
  return cx_select(cx_and(cx_gt(a->in[0], a->in[1]), cx_lt(a->in[0], a->in[2])), cx_broadcast_like(t, z->type), cx_zeros(z->type));
}
static CxVal d_clamp_x(const CxApp *a, CxVal z, CxVal t) {
  (void)z;
  return cx_select(cx_and(cx_gt(a->in[1], a->in[0]), cx_lt(a->in[1], a->in[2])), t, cx_like(t, 0));
}
static CxVal d_clamp_hi(const CxApp *a, CxVal z, CxVal t) {
  return cx_select(cx_lt(a->in[2], a->in[1]), cx_broadcast_like(t, z->type), cx_zeros(z->type));
}

/* x^(a-1) e^-x / Gamma(a), the density that igamma integrates */
static CxVal gamma_density(CxVal a, CxVal x) {
  return cx_exp(cx_sub(cx_sub(cx_mul(cx_sub(a, cx_like(a, 1)), cx_log(x)), x), cx_lgamma(a)));
}
D(igamma_a, cx_mul(t, cx_igamma_grad_a(x, y)))
D(igamma_x, cx_mul(t, gamma_density(x, y)))
D(igammac_a, cx_neg(cx_mul(t, cx_igamma_grad_a(x, y))))
D(igammac_x, cx_neg(cx_mul(t, gamma_density(x, y))))
D(zeta_q, cx_mul(t, cx_mul(cx_neg(x), cx_zeta(one_plus(x), y))))
D(polygamma_x, cx_mul(t, cx_polygamma(one_plus(x), y)))

static CxVal d_betainc_x(const CxApp *a, CxVal z, CxVal t) {
  (void)z;
  CxVal p = a->in[0], q = a->in[1], x = a->in[2];
  CxVal norm = cx_sub(cx_add(cx_lgamma(p), cx_lgamma(q)), cx_lgamma(cx_add(p, q)));
  CxVal log_density = cx_add(cx_mul(cx_sub(q, cx_like(q, 1)), cx_log1p(cx_neg(x))), cx_mul(cx_sub(p, cx_like(p, 1)), cx_log(x)));
  return cx_mul(t, cx_exp(cx_sub(log_density, norm)));
}
static CxVal d_unavailable(const CxApp *a, CxVal z, CxVal t) {
  (void)z, (void)t;
  return cx_fail(CX_ERR_VALUE, "%s is not differentiable with respect to this argument", a->def->name), NULL;
}

/* ---- transposes ---- */

T(id, ct)
T(neg, cx_neg(ct))
T(sub, operand ? cx_neg(ct) : ct)
T(conj, cx_conj(ct))
T(mul, cx_mul(ct, a->in[1 - operand]))
T(div, operand == 0 && a->in[1] ? cx_div(ct, a->in[1])
                                : (cx_fail(CX_ERR_NOT_IMPLEMENTED, "div is not linear in its denominator"), NULL))
T(real, cx_complex(ct, cx_like(ct, 0)))
T(imag, cx_complex(cx_like(ct, 0), cx_neg(ct)))
T(complex, operand ? cx_neg(cx_imag(ct)) : cx_real(ct))

/* ---- folding: identities exact for every value ---- */

static bool is_scalar_const(CxVal v, double value) {
  return node_is_array(v) && v->type->rank == 0 && kind_in(v->type, "iufb") && cx_to_double(v) == value;
}
static CxVal fold_keep(const CxApp *a, uint32_t i) { return a->types[i]->rank || !a->types[1 - i]->rank ? a->in[i] : NULL; }
static CxVal fold_mul(const CxApp *a) { return is_scalar_const(a->in[1], 1) ? fold_keep(a, 0) : NULL; }
static CxVal fold_add(const CxApp *a) { /* x + 0 is x for integers; for floats -0.0 + 0.0 is 0.0 */
  return kind_in(a->types[0], "iu") && is_scalar_const(a->in[1], 0) ? fold_keep(a, 0) : NULL;
}

/* ---- the rows ---- */

#define ROW(ID, id, n, doc_text, flag, kinds, result, dx, dy, dz, tr, fold_rule) \
  static const EwRow row_##id = {kinds, result, {dx, dy, dz}, tr};               \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = n, .nout = 1, .flags = CX_OP_ELEMENTWISE | (flag), .type = ew_type, \
      .exec = ew_exec, .prepare = ew_prepare, .run = ew_run_quick, .jvp = ew_jvp, .transpose = ew_transpose, .batch = ew_batch, .partial = rule_partial_default, .fold = fold_rule, .row = &row_##id};
#define UNARY(ID, id, doc, kinds, result, d) ROW(ID, id, 1, doc, 0, kinds, result, d, NULL, NULL, NULL, rule_nofold)
#define LINEAR1(ID, id, doc, kinds, result, d, tr) ROW(ID, id, 1, doc, CX_OP_LINEAR, kinds, result, d, NULL, NULL, tr, rule_nofold)
#define BINARY(ID, id, doc, kinds, result, dx, dy, tr) ROW(ID, id, 2, doc, 0, kinds, result, dx, dy, NULL, tr, rule_nofold)

LINEAR1(NEG, neg, "z = -x; integers wrap", "iufc", '=', d_neg, t_neg)
UNARY(SIGN, sign, "z = -1, 0 or 1; x/|x| for complex; NaN stays NaN", "iufc", '=', d_sign)
UNARY(FLOOR, floor, "greatest integer <= x", "f", '=', NULL)
UNARY(CEIL, ceil, "least integer >= x", "f", '=', NULL)
UNARY(IS_FINITE, is_finite, "z = x is neither NaN nor infinite", "f", 'b', NULL)
UNARY(EXP, exp, "z = e^x", "fc", '=', d_exp)
UNARY(EXP2, exp2, "z = 2^x", "fc", '=', d_exp2)
UNARY(LOG, log, "natural logarithm; NaN for x < 0", "fc", '=', d_log)
UNARY(EXPM1, expm1, "z = e^x - 1, accurate near 0", "fc", '=', d_expm1)
UNARY(LOG1P, log1p, "z = log(1 + x), accurate near 0", "fc", '=', d_log1p)
UNARY(TANH, tanh, "hyperbolic tangent", "fc", '=', d_tanh)
UNARY(LOGISTIC, logistic, "z = 1 / (1 + e^-x)", "fc", '=', d_logistic)
UNARY(SIN, sin, "sine, x in radians", "fc", '=', d_sin)
UNARY(COS, cos, "cosine, x in radians", "fc", '=', d_cos)
UNARY(TAN, tan, "tangent, x in radians", "fc", '=', d_tan)
UNARY(ASIN, asin, "arc sine", "fc", '=', d_asin)
UNARY(ACOS, acos, "arc cosine", "fc", '=', d_acos)
UNARY(ATAN, atan, "arc tangent", "fc", '=', d_atan)
UNARY(SINH, sinh, "hyperbolic sine", "fc", '=', d_sinh)
UNARY(COSH, cosh, "hyperbolic cosine", "fc", '=', d_cosh)
UNARY(ASINH, asinh, "inverse hyperbolic sine", "fc", '=', d_asinh)
UNARY(ACOSH, acosh, "inverse hyperbolic cosine", "fc", '=', d_acosh)
UNARY(ATANH, atanh, "inverse hyperbolic tangent", "fc", '=', d_atanh)
UNARY(LGAMMA, lgamma, "log |Gamma(x)|", "f", '=', d_lgamma)
UNARY(DIGAMMA, digamma, "derivative of lgamma", "f", '=', d_digamma)
UNARY(BESSEL_I0E, bessel_i0e, "e^-|x| I0(x)", "f", '=', d_bessel_i0e)
UNARY(BESSEL_I1E, bessel_i1e, "e^-|x| I1(x)", "f", '=', d_bessel_i1e)
UNARY(ERF, erf, "error function", "f", '=', d_erf)
UNARY(ERFC, erfc, "1 - erf(x)", "f", '=', d_erfc)
UNARY(ERF_INV, erf_inv, "inverse of erf on (-1, 1)", "f", '=', d_erf_inv)
LINEAR1(REAL, real, "real part", "c", 'r', d_real, t_real)
LINEAR1(IMAG, imag, "imaginary part", "c", 'r', d_imag, t_imag)
UNARY(ABS, abs, "|x|; INT_MIN stays", "ifc", 'r', d_abs)
UNARY(SQRT, sqrt, "square root; NaN for x < 0", "fc", '=', d_sqrt)
UNARY(RSQRT, rsqrt, "1 / sqrt(x)", "fc", '=', d_rsqrt)
UNARY(CBRT, cbrt, "real cube root", "f", '=', d_cbrt)
UNARY(NOT, not, "bitwise complement; logical for bool", "biu", '=', NULL)
UNARY(POPULATION_COUNT, population_count, "number of one bits", "iu", '=', NULL)
UNARY(CLZ, clz, "number of leading zero bits", "iu", '=', NULL)
UNARY(SQUARE, square, "x * x", "iufc", '=', d_square)
LINEAR1(COPY, copy, "x, in memory of its own", "biufckvt", '=', d_id, t_id)
UNARY(STOP_GRADIENT, stop_gradient, "x, a constant to differentiation", "biufckvt", '=', NULL)

ROW(ADD, add, 2, "x + y; integers wrap", CX_OP_LINEAR, "iufc", '=', d_id, d_id, NULL, t_id, fold_add)
ROW(ADD_ANY, add_any, 2, "x + y, of tangents or cotangents", CX_OP_LINEAR, "iufcv", '=', d_id, d_id, NULL, t_id, rule_nofold)
ROW(SUB, sub, 2, "x - y; integers wrap", CX_OP_LINEAR, "iufc", '=', d_id, d_neg, NULL, t_sub, rule_nofold)
ROW(MUL, mul, 2, "x * y; integers wrap", 0, "iufc", '=', d_mul_x, d_mul_y, NULL, t_mul, fold_mul)
BINARY(DIV, div, "x / y; integers truncate, x / 0 is all ones", "iufc", '=', d_div_x, d_div_y, t_div)
BINARY(REM, rem, "remainder of truncated division, sign of x; x rem 0 is x", "iuf", '=', d_id, d_rem_y, NULL)
BINARY(MAX, max, "greater; NaN wins; complex: lexicographic", "biufc", '=', d_max_x, d_max_y, NULL)
BINARY(MIN, min, "lesser; NaN wins; complex: lexicographic", "biufc", '=', d_max_x, d_max_y, NULL)
BINARY(AND, and, "bitwise and", "biu", '=', NULL, NULL, NULL)
BINARY(OR, or, "bitwise or", "biu", '=', NULL, NULL, NULL)
BINARY(XOR, xor, "bitwise exclusive or", "biu", '=', NULL, NULL, NULL)
BINARY(SHIFT_LEFT, shift_left, "x * 2^y; 0 if y is not below the width", "iu", '=', NULL, NULL, NULL)
BINARY(SHIFT_RIGHT_ARITHMETIC, shift_right_arithmetic, "sign-filling shift; all sign bits if y is not below the width", "iu", '=', NULL, NULL, NULL)
BINARY(SHIFT_RIGHT_LOGICAL, shift_right_logical, "zero-filling shift; 0 if y is not below the width", "iu", '=', NULL, NULL, NULL)
BINARY(ATAN2, atan2, "angle of the point (y, x)", "fc", '=', d_atan2_x, d_atan2_y, NULL)
BINARY(NEXTAFTER, nextafter, "next representable value from x towards y", "f", '=', NULL, NULL, NULL)
BINARY(COMPLEX, complex, "x + i y", "f", 'c', d_complex_x, d_complex_y, t_complex)
BINARY(EQ, eq, "x == y", "biufck", 'b', NULL, NULL, NULL)
BINARY(NE, ne, "x != y", "biufck", 'b', NULL, NULL, NULL)
BINARY(LT, lt, "x < y; false with NaN", "biuf", 'b', NULL, NULL, NULL)
BINARY(LE, le, "x <= y", "biuf", 'b', NULL, NULL, NULL)
BINARY(GT, gt, "x > y", "biuf", 'b', NULL, NULL, NULL)
BINARY(GE, ge, "x >= y", "biuf", 'b', NULL, NULL, NULL)
BINARY(EQ_TO, eq_to, "x == y in the total order: NaNs equal, -0 below +0", "f", 'b', NULL, NULL, NULL)
BINARY(LT_TO, lt_to, "x < y in the total order", "f", 'b', NULL, NULL, NULL)
BINARY(LE_TO, le_to, "x <= y in the total order", "f", 'b', NULL, NULL, NULL)
BINARY(IGAMMA, igamma, "regularised lower incomplete gamma P(x, y)", "f", '=', d_igamma_a, d_igamma_x, NULL)
BINARY(IGAMMAC, igammac, "regularised upper incomplete gamma Q(x, y)", "f", '=', d_igammac_a, d_igammac_x, NULL)
BINARY(IGAMMA_GRAD_A, igamma_grad_a, "derivative of igamma in its first argument", "f", '=', d_unavailable, d_unavailable, NULL)
BINARY(RANDOM_GAMMA_GRAD, random_gamma_grad, "derivative of a gamma sample in its shape parameter", "f", '=', d_unavailable, d_unavailable, NULL)
BINARY(ZETA, zeta, "Hurwitz zeta function", "f", '=', d_unavailable, d_zeta_q, NULL)
BINARY(POLYGAMMA, polygamma, "derivative of order x of digamma at y", "f", '=', d_unavailable, d_polygamma_x, NULL)
BINARY(MULHI, mulhi, "upper half of the full product", "iu", '=', NULL, NULL, NULL)
ROW(REGULARIZED_INCOMPLETE_BETA, regularized_incomplete_beta, 3, "I_z(x, y)", 0, "f", '=', d_unavailable, d_unavailable, d_betainc_x, NULL, rule_nofold)
ROW(CLAMP, clamp, 3, "min(max(y, x), z)", 0, "iuf", '=', d_clamp_lo, d_clamp_x, d_clamp_hi, NULL, rule_nofold)

/* pow takes an integer exponent too */
static bool pow_type(const CxApp *a, const CxType **out) {
  if (kind_in(a->types[1], "iu") && kind_in(a->types[0], "fc")) {
    int64_t dims[CX_MAX_RANK];
    int rank;
    TRY(ew_dims(a, &rank, dims));
    return (out[0] = cx_type(a->types[0]->dtype, rank, dims, a->types[0]->weak && a->types[1]->weak)) != NULL;
  }
  return ew_type(a, out);
}
static const EwRow row_pow = {"fc", '=', {d_pow_x, d_pow_y, NULL}, NULL};
const CxOp cx_op_POW = {.name = "pow", .doc = "x^y", .nin = 2, .nout = 1, .flags = CX_OP_ELEMENTWISE, .type = pow_type, .exec = ew_exec, .prepare = ew_prepare, .run = ew_run_quick,
    .jvp = ew_jvp, .transpose = ew_transpose, .batch = ew_batch, .partial = rule_partial_default, .fold = rule_nofold, .row = &row_pow};

/* conj accepts reals too and gives complex */
static bool conj_type(const CxApp *a, const CxType **out) {
  if (!kind_in(a->types[0], "fc")) return cx_fail(CX_ERR_TYPE, "conj does not accept dtype %s.", cx_dtype_name(a->types[0]->dtype));
  CxDtype d = kind_in(a->types[0], "c") ? a->types[0]->dtype : complex_of(a->types[0]->dtype);
  return (out[0] = cx_type_with_dtype(a->types[0], d, a->types[0]->weak)) != NULL;
}
static void conj_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  if (ct[0]) ct_in[0] = kind_in(a->types[0], "c") ? cx_conj(ct[0]) : cx_real(ct[0]);
}
static const EwRow row_conj = {"fc", '=', {d_conj, NULL, NULL}, t_conj};
const CxOp cx_op_CONJ = {.name = "conj", .doc = "complex conjugate", .nin = 1, .nout = 1, .flags = CX_OP_ELEMENTWISE | CX_OP_LINEAR, .type = conj_type,
    .exec = ew_exec, .prepare = ew_prepare, .run = ew_run_quick, .jvp = ew_jvp, .transpose = conj_transpose, .batch = ew_batch, .partial = rule_partial_default, .fold = rule_nofold, .row = &row_conj};

#define ATTRS_OP(ID, id, n, doc_text, Attrs, fields_, type_, exec_, jvp_, transpose_, flag)                                        \
  const CxOp cx_op_##ID = {.name = #id, .doc = doc_text, .nin = n, .nout = 1, .flags = CX_OP_ELEMENTWISE | (flag), .fields = fields_, \
      .attrs_bytes = sizeof(Attrs), .type = type_, .exec = exec_, .prepare = ew_prepare, .run = ew_run_quick, .jvp = jvp_, .transpose = transpose_, .batch = ew_batch,           \
      .partial = rule_partial_default, .fold = rule_nofold, .row = &row_##id};

static const CxField integer_pow_fields[] = {CX_FIELD(CxIntegerPowAttrs, y, INT, 0, NULL), CX_FIELDS_END};
static const EwRow row_integer_pow = {"iufc", '=', {d_integer_pow, NULL, NULL}, NULL};
ATTRS_OP(INTEGER_POW, integer_pow, 1, "x^y, y a constant integer", CxIntegerPowAttrs, integer_pow_fields, ew_type, ew_exec, ew_jvp, ew_transpose, 0)

static bool round_type(const CxApp *a, const CxType **out) {
  int64_t method = ((const CxRoundAttrs *)a->attrs)->rounding_method;
  FAIL_IF(method != 0 && method != 1, CX_ERR_VALUE, "round: rounding_method must be 0 (away from zero) or 1 (to nearest even), got %lld", (long long)method);
  return ew_type(a, out);
}
static const CxField round_fields[] = {CX_FIELD(CxRoundAttrs, rounding_method, INT, 0, NULL), CX_FIELDS_END};
static const EwRow row_round = {"f", '=', {NULL, NULL, NULL}, NULL};
ATTRS_OP(ROUND, round, 1, "nearest integer; ties away from zero (0) or to even (1)", CxRoundAttrs, round_fields, round_type, ew_exec, ew_jvp, ew_transpose, 0)

static CxVal d_reduce_precision(const CxApp *a, CxVal z, CxVal t) {
  (void)z;
  return cx_bind1(CX_OP_REDUCE_PRECISION, &t, 1, a->attrs);
}
static CxVal t_reduce_precision(const CxApp *a, int operand, CxVal ct) {
  (void)operand;
  return cx_bind1(CX_OP_REDUCE_PRECISION, &ct, 1, a->attrs);
}
static bool reduce_precision_type(const CxApp *a, const CxType **out) {
  const CxReducePrecisionAttrs *r = a->attrs;
  FAIL_IF(r->exponent_bits < 1, CX_ERR_VALUE, "reduce_precision: exponent_bits must be at least 1, got %lld", (long long)r->exponent_bits);
  FAIL_IF(r->mantissa_bits < 0, CX_ERR_VALUE, "reduce_precision: mantissa_bits must not be negative, got %lld", (long long)r->mantissa_bits);
  return ew_type(a, out);
}
static const CxField reduce_precision_fields[] = {CX_FIELD(CxReducePrecisionAttrs, exponent_bits, INT, 0, NULL),
                                                  CX_FIELD(CxReducePrecisionAttrs, mantissa_bits, INT, 0, NULL), CX_FIELDS_END};
static const EwRow row_reduce_precision = {"f", '=', {d_reduce_precision, NULL, NULL}, t_reduce_precision};
ATTRS_OP(REDUCE_PRECISION, reduce_precision, 1, "x rounded to a narrower float format", CxReducePrecisionAttrs, reduce_precision_fields, reduce_precision_type, ew_exec, ew_jvp, ew_transpose, 0)

static const CxField name_fields[] = {CX_FIELD(CxNameAttrs, name, STR, 0, NULL), CX_FIELDS_END};
static const EwRow row_name = {"biufckv", '=', {d_id, NULL, NULL}, t_id};
ATTRS_OP(NAME, name, 1, "x, named for checkpoint policies", CxNameAttrs, name_fields, ew_type, same_exec, ew_jvp, ew_transpose, CX_OP_LINEAR)

static const CxField convert_fields[] = {CX_FIELD(CxConvertAttrs, new_dtype, DTYPE, 0, NULL), CX_FIELD(CxConvertAttrs, weak_type, BOOL, 0, NULL), CX_FIELDS_END};
static const EwRow row_convert_element_type = {"biufckv", 'i', {d_id, NULL, NULL}, NULL};
ATTRS_OP(CONVERT_ELEMENT_TYPE, convert_element_type, 1, "x in another dtype", CxConvertAttrs, convert_fields, convert_type, convert_exec, convert_jvp, convert_transpose, CX_OP_LINEAR)

static const EwRow row_select_n = {"biufckv", '=', {NULL, NULL, NULL}, NULL};
const CxOp cx_op_SELECT_N = {.name = "select_n", .doc = "case number `which` of the following operands, elementwise; which is clamped", .nin = -3, .nout = 1,
    .flags = CX_OP_ELEMENTWISE, .type = select_type, .exec = ew_exec, .prepare = ew_prepare, .run = ew_run_quick, .jvp = select_jvp, .transpose = select_transpose, .batch = ew_batch,
    .partial = rule_partial_default, .fold = rule_nofold, .row = &row_select_n};

/* ---- builders ---- */

#define X(id, name) \
  CxVal cx_##name(CxVal x) { return cx_bind1(CX_OP_##id, &x, 1, NULL); }
CX_UNARY_BUILDERS(X)
#undef X
#define X(id, name) \
  CxVal cx_##name(CxVal x, CxVal y) { return cx_bind1(CX_OP_##id, (CxVal[]){x, y}, 2, NULL); }
CX_BINARY_BUILDERS(X)
#undef X

CxVal cx_clamp(CxVal lo, CxVal x, CxVal hi) { return cx_bind1(CX_OP_CLAMP, (CxVal[]){lo, x, hi}, 3, NULL); }
CxVal cx_regularized_incomplete_beta(CxVal a, CxVal b, CxVal x) {
  return cx_bind1(CX_OP_REGULARIZED_INCOMPLETE_BETA, (CxVal[]){a, b, x}, 3, NULL);
}
CxVal cx_select(CxVal which, CxVal on_true, CxVal on_false) {
  return cx_bind1(CX_OP_SELECT_N, (CxVal[]){which, on_false, on_true}, 3, NULL);
}
CxVal cx_select_n(CxVal which, uint32_t n, const CxVal *cases) {
  CxVal small[8], *in = small;
  if (n + 1 > 8 && !(in = cx_malloc((n + 1) * sizeof *in))) return NULL;
  in[0] = which;
  memcpy(in + 1, cases, n * sizeof *in);
  CxVal out = cx_bind1(CX_OP_SELECT_N, in, n + 1, NULL);
  if (in != small) cx_free(in);
  return out;
}
CxVal cx_integer_pow(CxVal x, int64_t y) {
  return cx_bind1(CX_OP_INTEGER_POW, &x, 1, &(CxIntegerPowAttrs){y});
}
CxVal cx_round(CxVal x, int method) { return cx_bind1(CX_OP_ROUND, &x, 1, &(CxRoundAttrs){method}); }
CxVal cx_reduce_precision(CxVal x, int e, int m) { return cx_bind1(CX_OP_REDUCE_PRECISION, &x, 1, &(CxReducePrecisionAttrs){e, m}); }
CxVal cx_name(CxVal x, const char *name) { return cx_bind1(CX_OP_NAME, &x, 1, &(CxNameAttrs){name}); }
CxVal cx_convert_weak(CxVal x, CxDtype dtype, bool weak) {
  if (!x || (x->type->dtype == dtype && x->type->weak == weak)) return x;
  if (kind_in(x->type, "c") && strchr("iuf", cx_dtype_kind(dtype))) x = cx_real(x);
  if (!x || (x->type->dtype == dtype && x->type->weak == weak)) return x;
  return cx_bind1(CX_OP_CONVERT_ELEMENT_TYPE, &x, 1, &(CxConvertAttrs){dtype, weak});
}
CxVal cx_convert(CxVal x, CxDtype dtype) { return cx_convert_weak(x, dtype, false); }

/* ---- scalars ---- */

static CxVal scalar_of(CxDtype dtype, bool weak, double d, int64_t i, bool exact) {
  CxVal v = node_array(cx_type_scalar(dtype, weak));
  if (!v) return NULL;
  v->literal = true;
  CxView to = node_view(v), from = {exact ? (void *)&i : (void *)&d, exact ? CX_I64 : CX_F64, 0, NULL, NULL};
  if (!kernel_convert(&from, &to)) return cx_release(v), NULL;
  return cx_keep(v);
}
CxVal cx_scalar(CxDtype dtype, double value) { return scalar_of(dtype, false, value, 0, false); }
CxVal cx_scalar_i64(CxDtype dtype, int64_t value) { return scalar_of(dtype, false, 0, value, true); }
CxVal cx_weak_scalar(CxDtype dtype, double value) { return scalar_of(dtype, true, value, 0, false); }
CxVal cx_like(CxVal x, double value) { return x ? cx_scalar(x->type->dtype, value) : NULL; }

static bool scalar_read(CxVal v, CxDtype as, void *to) {
  if (!v) return false;
  FAIL_IF(v->trace, CX_ERR_CONCRETIZATION, "a traced value has no concrete number");
  FAIL_IF(v->type->size != 1, CX_ERR_TYPE, "only arrays of size 1 convert to a number, got %lld elements", (long long)v->type->size);
  CxView from = {v->array.data, v->type->dtype, 0, NULL, NULL}, into = {to, as, 0, NULL, NULL};
  return kernel_convert(&from, &into);
}
double cx_to_double(CxVal v) {
  double d = NAN;
  return scalar_read(v, CX_F64, &d) ? d : NAN;
}
int64_t cx_to_int(CxVal v) {
  int64_t i = 0;
  return scalar_read(v, CX_I64, &i) ? i : 0;
}
