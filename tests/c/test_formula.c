/* Compiled formulas give the bits of the kernels: every function of formula.def, f32 and f64, on each target this machine has. */
#include <cuirax/error.h>
#include <math.h>
#include <string.h>

#include "check.h"
#include "compile/formula_uops.h"
#include "emit/emit.h"
#include "kernels/elementwise.h"

enum { COUNT = 20011 };
typedef union Samples {
  float f[COUNT];
  double d[COUNT];
} Samples;
static Samples in[2], want, got;
static uint64_t seed = 1;

static uint64_t random_bits(void) {
  uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}
static double uniform(double half) { return ((double)(random_bits() >> 11) * 0x1p-52 - 1) * half; }

/* Special values, bits of any kind, and ranges in which functions do something. */
static double sample(int i, bool wide) {
  static const double special[] = {0.0, -0.0, 1, -1, 0.5, -0.5, 2, -2, 3, -3, INFINITY, -INFINITY, NAN, 1e-45, -1e-45, 1e-310, 131072, 1073741824, 1e22};
  enum { SPECIAL = sizeof special / sizeof *special };
  if (i < SPECIAL * SPECIAL) return special[i % SPECIAL];
  uint64_t bits = random_bits();
  uint32_t low = (uint32_t)bits;
  float f;
  double d;
  memcpy(&f, &low, 4), memcpy(&d, &bits, 8);
  switch (i % 5) {
    case 0: return wide ? d : (double)f;
    case 1: return uniform(1);
    case 2: return uniform(6);
    case 3: return uniform(100);
    default: return uniform(wide ? 750 : 1e5);
  }
}
static void samples(bool wide) {
  for (int k = 0; k < 2; k++)
    for (int i = 0; i < COUNT; i++) {
      double x = sample(k && i < 361 ? i / 19 : i, wide);
      if (wide) in[k].d[i] = x;
      else in[k].f[i] = (float)x;
    }
}

static bool same(CxDtype d, int i) {
  if (d == CX_F64) return memcmp(&got.d[i], &want.d[i], 8) == 0 || (isnan(got.d[i]) && isnan(want.d[i]));
  return memcmp(&got.f[i], &want.f[i], 4) == 0 || (isnan(got.f[i]) && isnan(want.f[i]));
}

static bool left_out(CxOpcode op, CxDtype d, int i) {
  if (op == CX_OP_REM) return d == CX_F64 ? isnan(got.d[i]) : isnan(got.f[i]);
  return d == CX_F64 ? isnan(got.d[i]) && fabs(in[0].d[i]) >= 0x1p30 : isnan(got.f[i]) && fabsf(in[0].f[i]) >= 0x1p17f;
}
/* near: the short forms, which mark what they leave out by NaN */
static bool run_compiled(CxOpcode op, int operands, CxDtype d, EmitTarget target, bool near) {
  UopCode c;
  bool wide = d == CX_F64;
  unsigned bytes = wide ? 8 : 4, lanes = uop_max_bytes(target) / bytes;
  UopType type = wide ? UOP_F64 : UOP_F32;
  int64_t stride[] = {bytes};
  uop_begin(&c, target);
  uop_loop(&c, COUNT, lanes, 0);
  UopVal v[2] = {0};
  for (int k = 0; k < operands; k++) v[k] = uop_load(&c, bytes, lanes, type, uop_mem(&c, (uint32_t)k, 0, bytes, 1, stride));
  UopVal beyond = 0, y = near ? formula_emit_near(&c, op, d, v, &beyond) : formula_emit(&c, op, d, v);
  if (beyond) y = uop_select(&c, beyond, uop_const(&c, bytes, lanes, ~(uint64_t)0), y);
  uop_store(&c, type, uop_mem(&c, 2, 0, bytes, 1, stride), y);
  uop_end(&c);
  EmitCode *code = emit_compile(&c);
  EmitExec *exec = code ? emit_load(code) : NULL;
  void *ptr[] = {&in[0], &in[1], &got};
  bool ok = exec && emit_fn(exec)(ptr) == 0;
  if (cx_failed()) fprintf(stderr, "%s\n", cx_error()->text), cx_error_clear();
  emit_unload(exec);
  emit_code_free(code);
  uop_free(&c);
  return ok;
}

static void compare(CxOpcode op, const char *name, int operands, CxDtype d, EmitTarget target, bool near) {
  int64_t dims[] = {COUNT}, strides[] = {1};
  CxView from[2] = {{&in[0], d, 1, dims, strides}, {&in[1], d, 1, dims, strides}}, out = {&want, d, 1, dims, strides};
  if (!CHECK(kernel_elementwise(op, from, operands, &out, 0, 0))) return;
  memset(&got, 0, sizeof got);
  if (!CHECK(run_compiled(op, operands, d, target, near))) return;
  int bad = 0, at = 0;
  for (int i = 0; i < COUNT; i++)
    if (!same(d, i) && !(near && left_out(op, d, i)) && bad++ == 0) at = i;
  if (!CHECK(bad == 0))
    fprintf(stderr, "%s %s %s: %d differ, first at %d: %a gives %a, not %a\n", name, d == CX_F64 ? "f64" : "f32", emit_target_name(target),
            bad, at, d == CX_F64 ? in[0].d[at] : (double)in[0].f[at], d == CX_F64 ? got.d[at] : (double)got.f[at],
            d == CX_F64 ? want.d[at] : (double)want.f[at]);
}

static const struct { CxOpcode op; const char *name; int operands; } ops[] = {
#define FORMULA_1(OP, name) {CX_OP_##OP, #name, 1},
#define CIRCULAR(OP, name) {CX_OP_##OP, #name, 1},
#define FORMULA_2(OP, name) {CX_OP_##OP, #name, 2},
#define REMAINDER(OP, name) {CX_OP_##OP, #name, 2},
#include "kernels/formula.def"
};

int main(void) {
  for (int d = 0; d < 2; d++) {
    CxDtype dtype = d ? CX_F64 : CX_F32;
    samples(d);
    for (EmitTarget t = EMIT_AVX2; t <= emit_target_detect(); t++)
      for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++)
        for (int near = 0; near < 2; near++) compare(ops[i].op, ops[i].name, ops[i].operands, dtype, t, near);
  }
  CHECK(!formula_known(CX_OP_ADD, CX_F32) && !formula_known(CX_OP_EXP, CX_F16) && !cx_failed());
  return check_report();
}
