/* Elementwise operations. Most have a primitive of the same meaning; on booleans, arithmetic is logic. */
#include "stablehlo/import_rules.h"

#include "base/error.h"
#include "op/region.h"
#include <math.h>
#include <string.h>

bool same_types(const HloOp *op, const CxVal *in, uint32_t n) {
  for (uint32_t i = 1; i < n; i++)
    if (in[i]->type != in[0]->type) return hlo_wrong(op, "the operands must have the same type");
  return true;
}

static CxOpcode opcode_of(const HloOp *op) { return rule_find(op->name)->op; }

bool rule_same(Import *im, const HloOp *op, CxVal *out) {
  CxVal in[2];
  for (uint32_t i = 0; i < op->nin; i++) in[i] = operand(im, op, i);
  return same_types(op, in, op->nin) && (out[0] = cx_bind1(opcode_of(op), in, op->nin, NULL));
}

bool rule_logical(Import *im, const HloOp *op, CxVal *out) {
  CxVal in[] = {operand(im, op, 0), operand(im, op, 1)};
  CxOpcode code = opcode_of(op);
  TRY(same_types(op, in, 2));
  if (in[0]->type->dtype == CX_BOOL) code = code == CX_OP_ADD || code == CX_OP_MAX ? CX_OP_OR : CX_OP_AND;
  return (out[0] = cx_bind1(code, in, 2, NULL)) != NULL;
}

/* chlo.broadcast_*: NumPy's broadcasting of trailing axes */
bool rule_broadcasting(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  CxVal in[2];
  TRY(t);
  for (uint32_t i = 0; i < 2; i++) TRY(in[i] = cx_broadcast_to(operand(im, op, i), t->rank, t->dims));
  return (out[0] = cx_bind1(opcode_of(op), in, 2, NULL)) != NULL;
}

/* ---- comparison and choice ---- */

static CxVal compare_total(const char *d, CxVal x, CxVal y) {
  if (!strcmp(d, "EQ")) return cx_eq_to(x, y);
  if (!strcmp(d, "NE")) return cx_not(cx_eq_to(x, y));
  if (!strcmp(d, "LT")) return cx_lt_to(x, y);
  if (!strcmp(d, "LE")) return cx_le_to(x, y);
  return !strcmp(d, "GT") ? cx_lt_to(y, x) : cx_le_to(y, x);
}

static CxVal compare_usual(const char *d, CxVal x, CxVal y) {
  if (!strcmp(d, "EQ")) return cx_eq(x, y);
  if (!strcmp(d, "NE")) return cx_ne(x, y);
  if (!strcmp(d, "LT")) return cx_lt(x, y);
  if (!strcmp(d, "LE")) return cx_le(x, y);
  return !strcmp(d, "GT") ? cx_gt(x, y) : cx_ge(x, y);
}

static bool is_direction(const char *d) {
  return d && strlen(d) == 2 && strstr("EQ NE LT LE GT GE", d) != NULL;
}

bool rule_compare(Import *im, const HloOp *op, CxVal *out) {
  CxVal in[] = {operand(im, op, 0), operand(im, op, 1)};
  const char *d = attr_text(op, "comparison_direction");
  if (!is_direction(d)) return hlo_wrong(op, "comparison_direction must be one of EQ, NE, GE, GT, LE, LT");
  TRY(same_types(op, in, 2));
  bool total = attr_is(op, "compare_type", "TOTALORDER") && cx_dtype_kind(in[0]->type->dtype) == 'f';
  return (out[0] = total ? compare_total(d, in[0], in[1]) : compare_usual(d, in[0], in[1])) != NULL;
}

bool rule_select(Import *im, const HloOp *op, CxVal *out) {
  CxVal p = operand(im, op, 0), in[] = {operand(im, op, 1), operand(im, op, 2)};
  TRY(same_types(op, in, 2));
  if (p->type->dtype != CX_BOOL || (p->type->rank && !cx_type_same_dims(p->type, in[0]->type)))
    return hlo_wrong(op, "the predicate must be boolean, of the operands' shape or a scalar");
  return (out[0] = cx_select(p, in[0], in[1])) != NULL;
}

bool rule_clamp(Import *im, const HloOp *op, CxVal *out) {
  CxVal lo = operand(im, op, 0), x = operand(im, op, 1), hi = operand(im, op, 2);
  for (int i = 0; i < 2; i++) {
    const CxType *t = (i ? hi : lo)->type;
    if (t->dtype != x->type->dtype || (t->rank && t != x->type)) return hlo_wrong(op, "bounds must be scalars or of the operand's type");
  }
  return (out[0] = cx_clamp(lo, x, hi)) != NULL;
}

/* ---- with attributes ---- */

bool rule_round_away(Import *im, const HloOp *op, CxVal *out) { return (out[0] = cx_round(operand(im, op, 0), 0)) != NULL; }
bool rule_round_even(Import *im, const HloOp *op, CxVal *out) { return (out[0] = cx_round(operand(im, op, 0), 1)) != NULL; }

bool rule_reduce_precision(Import *im, const HloOp *op, CxVal *out) {
  int64_t exponent, mantissa;
  TRY(attr_int(op, "exponent_bits", &exponent) && attr_int(op, "mantissa_bits", &mantissa));
  if (exponent < 1 || exponent > 64 || mantissa < 0 || mantissa > 64) return hlo_wrong(op, "exponent_bits must be at least 1, mantissa_bits at least 0");
  return (out[0] = cx_reduce_precision(operand(im, op, 0), (int)exponent, (int)mantissa)) != NULL;
}

bool rule_convert(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  CxVal x = operand(im, op, 0);
  TRY(t);
  if (t->dtype == CX_TOKEN || x->type->dtype == CX_TOKEN) return hlo_wrong(op, "tokens have no elements");
  bool from_complex = cx_dtype_kind(x->type->dtype) == 'c' && cx_dtype_kind(t->dtype) != 'c';
  if (from_complex && t->dtype != CX_BOOL) x = cx_real(x);
  return (out[0] = cx_convert(x, t->dtype)) != NULL;
}

/* ---- parts of complex numbers; a real number is its own real part ---- */

static bool is_complex(CxVal x) { return cx_dtype_kind(x->type->dtype) == 'c'; }

bool rule_real(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  return (out[0] = is_complex(x) ? cx_real(x) : x) != NULL;
}

bool rule_imag(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  return (out[0] = is_complex(x) ? cx_imag(x) : cx_zeros(x->type)) != NULL;
}

bool rule_chlo_is_inf(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  if (cx_dtype_kind(x->type->dtype) != 'f') return hlo_wrong(op, "the operand must be of a float type");
  return (out[0] = cx_eq(cx_abs(x), cx_like(x, INFINITY))) != NULL;
}

/* ---- map: any computation of scalars, element by element ---- */

bool rule_map(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  CxGraph *g = in && op->nin ? region_closed(im, op, 0) : NULL;
  bool ok = g && g->in.n == op->nin && g->out.n == 1;
  for (uint32_t i = 0; ok && i < op->nin; i++)
    ok = cx_type_same_dims(in[i]->type, in[0]->type) && graph_type(g, g->in.v[i]) == cx_type_scalar(in[i]->type->dtype, false);
  if (g && !ok) hlo_wrong(op, "the computation must take one scalar per operand and give one");
  ok = ok && region_map(g, in, op->nin, out);
  ref_release(g);
  return ok;
}
