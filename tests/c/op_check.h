/* Checks that hold for every op, by definition: the tangent against finite differences, the transpose by <ct, J t> = <J' ct, t>,
 * a batched application against a loop over the elements of the batch. */
#ifndef TESTS_OP_CHECK_H
#define TESTS_OP_CHECK_H

#include "check.h"
#include "op/rules.h"
#include <math.h>
#include <stdlib.h>

#pragma GCC diagnostic ignored "-Wmissing-field-initializers" /* cases give what they need */
#pragma GCC diagnostic ignored "-Wunused-function"

enum { OPERANDS = 8, RESULTS = 8 };

typedef struct Case {
  CxOpcode op;
  uint32_t nin, nout;
  CxVal in[OPERANDS];
  const void *attrs;
  int axis[OPERANDS]; /* batch axes, for check_batch */
} Case;

static uint64_t random_state = 88172645463325252u;
static uint64_t random_bits(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  return random_state ^= random_state << 17;
}
static double random_unit(void) { return (double)(random_bits() >> 11) / 9007199254740992.0 * 2 - 1; }

static CxVal random_like(const CxType *t) { /* floats in (-1, 1), small integers, bools */
  CxVal flat = cx_array(CX_F64, t->rank, t->dims, NULL);
  for (int64_t i = 0; i < t->size; i++) {
    double x = random_unit();
    ((double *)(void *)flat->array.data)[i] = is_inexact(t) ? x : cx_dtype_kind(t->dtype) == 'b' ? x > 0 : (double)(int)(fabs(x) * 9);
  }
  return cx_convert(flat, t->dtype);
}
static CxVal random_array(CxDtype d, int rank, const int64_t *dims) { return random_like(cx_type(d, rank, dims, false)); }
#define RANDOM(d, ...) random_array(d, (int)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (int64_t[]){__VA_ARGS__})
#define ARRAY(d, T, n, ...) cx_array(d, 1, (int64_t[]){n}, (T[]){__VA_ARGS__})

/* The pending error is of this class; forgets it. */
static bool failed_with(CxErr code) {
  bool is = cx_error() && cx_error()->code == code;
  if (!is) fprintf(stderr, "expected %s, got %s\n", cx_error_name(code), cx_error() ? cx_error()->text : "no error");
  cx_error_clear();
  return is;
}
static bool no_error(void) {
  if (!cx_error()) return true;
  fprintf(stderr, "unexpected %s: %s\n", cx_error_name(cx_error()->code), cx_error()->text);
  cx_error_clear();
  return false;
}

static bool same_bits(CxVal a, CxVal b) {
  return a && b && a->type->dtype == b->type->dtype && cx_type_same_dims(a->type, b->type) && !memcmp(cx_data(a), cx_data(b), type_bytes(a->type));
}

static double at(CxVal v, int64_t i) { return ((const double *)cx_data(v))[i]; }
static double dot(CxVal a, CxVal b) {
  double s = 0;
  for (int64_t i = 0; i < a->type->size; i++) s += at(a, i) * at(b, i);
  return s;
}
static bool near(double a, double b, double tolerance) { return fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b)); }

static bool all_near(CxVal a, CxVal b, double tolerance) {
  if (!a || !b || !cx_type_same_dims(a->type, b->type) || a->type->dtype != b->type->dtype) return false;
  a = cx_convert(a, CX_F64), b = cx_convert(b, CX_F64);
  for (int64_t i = 0; i < a->type->size; i++)
    if (!near(at(a, i), at(b, i), tolerance)) return false;
  return true;
}

static bool is_f64(CxVal v) { return v->type->dtype == CX_F64; }

/* Tangents of all f64 operands at once, against central differences. */
static bool check_jvp(const Case *c, double step, double tolerance) {
  CxScope scope;
  cx_scope_open(&scope);
  CxVal t[OPERANDS] = {0}, lo[OPERANDS], hi[OPERANDS], duals[OPERANDS], out[RESULTS] = {0}, flo[RESULTS], fhi[RESULTS];
  CxTrace *trace = trace_new(&trace_jvp, cx_thread.trace, "check");
  for (uint32_t i = 0; i < c->nin; i++) {
    duals[i] = lo[i] = hi[i] = c->in[i];
    if (!is_f64(c->in[i])) continue;
    t[i] = random_like(c->in[i]->type);
    lo[i] = cx_sub(c->in[i], cx_mul(t[i], cx_scalar(CX_F64, step)));
    hi[i] = cx_add(c->in[i], cx_mul(t[i], cx_scalar(CX_F64, step)));
    duals[i] = jvp_val(trace, c->in[i], t[i]);
  }
  CxTrace *was = trace_enter(trace);
  cx_bind(c->op, duals, c->nin, c->attrs, out, c->nout);
  trace_leave(was);
  cx_bind(c->op, lo, c->nin, c->attrs, flo, c->nout);
  cx_bind(c->op, hi, c->nin, c->attrs, fhi, c->nout);
  bool ok = no_error();
  for (uint32_t i = 0; ok && i < c->nout; i++) {
    if (!is_f64(fhi[i])) continue;
    CxVal tangent = out[i]->trace == trace ? out[i]->jvp.tangent : cx_zeros(fhi[i]->type);
    CxVal slope = cx_mul(cx_sub(fhi[i], flo[i]), cx_scalar(CX_F64, 0.5 / step));
    ok = all_near(tangent, slope, tolerance);
  }
  ref_release(trace);
  cx_scope_close(&scope);
  return ok;
}

/* The operands in `linear` (bits) are the linear ones; in the others the op may be affine. */
static bool check_transpose(const Case *c, unsigned linear) {
  CxScope scope;
  cx_scope_open(&scope);
  CxVal in[OPERANDS], with[OPERANDS], zero[OPERANDS], ct[RESULTS], ct_in[OPERANDS] = {0}, out[RESULTS], base[RESULTS];
  const CxType *types[OPERANDS];
  for (uint32_t i = 0; i < c->nin; i++) {
    bool is = linear >> i & 1;
    types[i] = c->in[i]->type;
    in[i] = is ? NULL : c->in[i];
    with[i] = is ? random_like(types[i]) : c->in[i];
    zero[i] = is ? cx_zeros(types[i]) : c->in[i];
  }
  cx_bind(c->op, with, c->nin, c->attrs, out, c->nout);
  cx_bind(c->op, zero, c->nin, c->attrs, base, c->nout);
  double lhs = 0, rhs = 0;
  for (uint32_t i = 0; i < c->nout && !cx_failed(); i++) ct[i] = random_like(out[i]->type), lhs += dot(ct[i], cx_sub(out[i], base[i]));
  CxApp a = {.op = c->op, .def = cx_ops[c->op], .attrs = c->attrs, .nin = c->nin, .nout = c->nout, .in = in, .types = types};
  if (!cx_failed()) a.def->transpose(&a, ct, ct_in);
  bool ok = no_error();
  for (uint32_t i = 0; ok && i < c->nin; i++) {
    if (!(linear >> i & 1)) continue;
    ok = ct_in[i] && cx_type_same_dims(ct_in[i]->type, types[i]);
    if (ok) rhs += dot(ct_in[i], with[i]);
  }
  ok = ok && near(lhs, rhs, 1e-12);
  cx_scope_close(&scope);
  return ok;
}

static CxVal element(CxVal x, int axis, int64_t i) {
  return axis < 0 ? x : cx_squeeze(cx_slice_axis(x, axis, i, i + 1), cx_ints(axis));
}

/* Operand i is batched along axis[i]; -1: not. Compares bits. */
static bool check_batch(const Case *c) {
  CxScope scope;
  cx_scope_open(&scope);
  CxVal in[OPERANDS], out[RESULTS] = {0}, want[RESULTS];
  CxTrace *trace = trace_new(&trace_batch, cx_thread.trace, "check");
  for (uint32_t i = 0; i < c->nin; i++) {
    if (c->axis[i] >= 0) trace->size = c->in[i]->type->dims[c->axis[i]];
    in[i] = batch_val(trace, c->in[i], c->axis[i]);
  }
  CxTrace *was = trace_enter(trace);
  cx_bind(c->op, in, c->nin, c->attrs, out, c->nout);
  trace_leave(was);
  bool ok = no_error();
  for (int64_t b = 0; ok && b < trace->size; b++) {
    for (uint32_t i = 0; i < c->nin; i++) in[i] = element(c->in[i], c->axis[i], b);
    cx_bind(c->op, in, c->nin, c->attrs, want, c->nout);
    for (uint32_t i = 0; ok && i < c->nout; i++) {
      bool batched = out[i]->trace == trace;
      ok = no_error() && same_bits(element(batched ? out[i]->batch.value : out[i], batched ? out[i]->batch.axis : -1, b), want[i]);
      ok = ok && cx_type_same_dims(out[i]->type, want[i]->type);
    }
  }
  ref_release(trace);
  cx_scope_close(&scope);
  return ok;
}

#endif
