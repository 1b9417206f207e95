/* Random micro-op programs: native code (AVX2 and, where there is, AVX-512) against the interpreter, byte for byte.
 * The same choices are made for every target; a program is named by its seed and number of lanes.
 * Arguments: [first seed [number of programs]]. */
#include <cuirax/error.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "emit/check_code.h"
#include "uop_interpret.h"

enum { BUFFER = 1 << 16, MIDDLE = 1 << 15, VALUES = 256, LEVELS = 4 };
enum Kind { FLOAT, INT, MASK };

typedef struct Known {
  UopVal v;
  uint8_t kind, size, lanes, var;
} Known;

typedef struct Maker {
  UopCode *c;
  uint64_t seed;
  unsigned lanes; /* of the program's vectors */
  bool both;      /* 8-byte vectors too */
  Known known[VALUES];
  unsigned knowns, budget, level;
  unsigned step[LEVELS], count[LEVELS];
  bool cut; /* inside a vector loop that may have a partial turn */
} Maker;

static uint32_t draw(Maker *m, uint32_t below) {
  m->seed = m->seed * 6364136223846793005u + 1442695040888963407u;
  uint64_t x = m->seed >> 29 ^ m->seed;
  return (uint32_t)((x >> 13 & 0xffffffffu) * below >> 32);
}
static bool chance(Maker *m, unsigned percent) { return draw(m, 100) < percent; }
static void keep(Maker *m, UopVal v, enum Kind kind, unsigned size, unsigned lanes, bool var) {
  unsigned at = m->knowns < VALUES ? m->knowns++ : VALUES - 1;
  m->known[at] = (Known){v, (uint8_t)kind, (uint8_t)size, (uint8_t)lanes, var};
}

static const uint64_t special[] = {0, 1, 2, 0x7fffffff, 0x80000000, 0xffffffff, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000,
  0x7fc00000, 1u << 23, 0x4f000000, 0x5f000000, 0x7fffffffffffffff, 0x8000000000000000, 0xffffffffffffffff, 0x3ff0000000000000,
  0xbff0000000000000, 0x7ff0000000000000, 0x7ff8000000000000, 0x41e0000000000000, 0x43e0000000000000, 33, 63, 64, 31, 32};
static UopVal fresh(Maker *m, enum Kind kind, unsigned size, unsigned lanes) {
  uint64_t bits = special[draw(m, sizeof special / sizeof *special)];
  if (chance(m, 40)) {
    float x = (float)draw(m, 2000) / 16 - 50;
    double y = x;
    bits = 0;
    memcpy(&bits, size == 4 ? (void *)&x : (void *)&y, size);
  }
  if (kind == MASK) bits = bits & 1 ? ~(uint64_t)0 : 0;
  return uop_const(m->c, size, lanes, bits);
}

/* a value of the shape: one that is known, or a constant */
static UopVal want(Maker *m, enum Kind kind, unsigned size, unsigned lanes) {
  unsigned first = draw(m, m->knowns + 1);
  for (unsigned k = 0; k < m->knowns; k++) {
    const Known *x = &m->known[(first + k) % m->knowns];
    if (x->kind == kind && x->size == size && x->lanes == lanes && !chance(m, 20)) return x->v;
  }
  return fresh(m, kind, size, lanes);
}
/* one NaN, so that bits may be looked at */
static UopVal canonical(Maker *m, unsigned size, UopVal x) {
  UopVal nan = uop_const(m->c, size, uop_lanes(m->c, x) ? uop_lanes(m->c, x) : 1, size == 4 ? 0x7fc00000 : 0x7ff8000000000000u);
  return uop_select(m->c, uop_fcmp(m->c, UOP_FUNORD, x, x), nan, x);
}

static UopPtr place(Maker *m, unsigned slot, unsigned lanes, unsigned bytes) {
  int64_t strides[LEVELS] = {0}, lane = bytes;
  for (unsigned k = 0; k < m->level; k++) {
    strides[k] = chance(m, 70) ? (int64_t)bytes : (int64_t)draw(m, 33) - 16;
    if (m->step[k] > 1) {
      lane = chance(m, 70) ? (int64_t)bytes : slot || chance(m, 60) ? (int64_t)bytes * 3 : 0;
      if (chance(m, 15)) lane = -lane;
      strides[k] = lane;
    }
  }
  if (lanes > 1 && !m->cut && chance(m, 20)) lane = (int64_t)bytes * (chance(m, 50) ? 2 : -1);
  return uop_mem(m->c, slot, MIDDLE + draw(m, 64), lane, m->level, strides);
}

static unsigned some_size(Maker *m, unsigned lanes) { return (lanes == 1 || m->both) && chance(m, 40) ? 8 : 4; }
static unsigned some_lanes(Maker *m) { return chance(m, 80) ? m->lanes : 1; }

static UopType some_type(Maker *m, enum Kind kind, unsigned size) {
  static const UopType f4[] = {UOP_F32, UOP_F32, UOP_F16, UOP_BF16}, i4[] = {UOP_I8, UOP_U8, UOP_I16, UOP_U16, UOP_I32, UOP_U32},
                       i8[] = {UOP_I8, UOP_U8, UOP_I16, UOP_U16, UOP_I32, UOP_U32, UOP_I64, UOP_U64};
  if (kind == MASK) return UOP_BOOL;
  if (kind == FLOAT) return size == 8 ? UOP_F64 : f4[draw(m, 4)];
  return size == 4 ? i4[draw(m, 6)] : i8[draw(m, 8)];
}

static UopVal further(Maker *m) {
  unsigned lanes = m->cut ? 1 : some_lanes(m), size = some_size(m, lanes);
  return uop_isub(m->c, uop_and(m->c, want(m, INT, size, lanes), uop_const(m->c, size, lanes, 511)), uop_const(m->c, size, lanes, 200));
}

static void do_load(Maker *m) {
  unsigned lanes = some_lanes(m), size = some_size(m, lanes);
  enum Kind kind = (enum Kind)draw(m, 3);
  UopType t = some_type(m, kind, size);
  UopVal v;
  if (chance(m, 80)) {
    UopPtr from = place(m, 0, lanes, uop_type_bytes(t));
    if (chance(m, 80)) v = uop_load(m->c, size, lanes, t, from);
    else v = uop_load_at(m->c, size, lanes, t, from, further(m));
  } else {
    unsigned isize = some_size(m, lanes);
    UopVal index = uop_and(m->c, want(m, INT, isize, lanes), uop_const(m->c, isize, lanes, 1023));
    v = uop_gather(m->c, size, t, place(m, 0, 1, 1), index);
  }
  if (kind == FLOAT) v = canonical(m, size, v);
  keep(m, v, kind, size, lanes, false);
}
static void do_store(Maker *m) {
  unsigned lanes = some_lanes(m), size = some_size(m, lanes);
  enum Kind kind = (enum Kind)draw(m, 3);
  UopType t = some_type(m, kind, size);
  UopVal v = want(m, kind, size, lanes);
  if (kind == FLOAT) v = canonical(m, size, v);
  if (chance(m, 85)) {
    UopPtr to = place(m, 1, lanes, uop_type_bytes(t));
    if (chance(m, 80)) uop_store(m->c, t, to, v);
    else uop_store_at(m->c, t, to, v, further(m));
    return;
  }
  unsigned isize = some_size(m, lanes), msize = some_size(m, lanes);
  UopVal index = uop_and(m->c, want(m, INT, isize, lanes), uop_const(m->c, isize, lanes, 1023));
  UopVal mask = chance(m, 50) ? want(m, MASK, msize, lanes) : 0;
  uop_scatter(m->c, t, place(m, 1, 1, 1), index, v, mask);
}

static UopVal float_op(Maker *m, unsigned size, unsigned lanes) {
  UopCode *c = m->c;
  UopVal a = want(m, FLOAT, size, lanes), b = want(m, FLOAT, size, lanes), d = want(m, FLOAT, size, lanes);
  unsigned other = lanes == 1 || m->both ? some_size(m, lanes) : 4;
  switch (draw(m, 22)) {
    case 0: return uop_fadd(c, a, b);
    case 1: return uop_fsub(c, a, b);
    case 2: return uop_fmul(c, a, b);
    case 3: return uop_fdiv(c, a, b);
    case 4: return uop_fmin(c, a, b);
    case 5: return uop_fmax(c, a, b);
    case 6: return uop_fsqrt(c, a);
    case 7: case 8: return uop_fma(c, a, b, d);
    case 9: return uop_fms(c, a, b, d);
    case 10: return uop_fnma(c, a, b, d);
    case 11: return uop_fnms(c, a, b, d);
    case 12: return uop_fround(c, (UopRound)draw(m, 4), a);
    case 13: return uop_fneg(c, a);
    case 14: return uop_fabs(c, a);
    case 15: return uop_select(c, want(m, MASK, size, lanes), a, b);
    case 16: return uop_i2f(c, size, want(m, INT, other, lanes));
    case 17: return uop_u2f(c, size, want(m, INT, other, lanes));
    case 18: return uop_f2f(c, size, want(m, FLOAT, other, lanes));
    case 19: return size == 4 ? uop_round_f16(c, a) : uop_fma(c, a, a, b);
    case 20: return size == 4 ? uop_round_bf16(c, a) : uop_fma(c, a, b, a);
    default: return uop_fma(c, a, b, b);
  }
}

/* inside the range of the unsigned type; NaN becomes 0 */
static UopVal unsigned_range(Maker *m, unsigned from, unsigned to, UopVal a) {
  unsigned lanes = uop_lanes(m->c, a);
  UopVal zero = from == 4 ? uop_f32(m->c, lanes, 0) : uop_f64(m->c, lanes, 0);
  UopVal top = from == 4 ? uop_f32(m->c, lanes, to == 4 ? 0x1.fffffep31f : 0x1.fffffep63f) : uop_f64(m->c, lanes, to == 4 ? 0x1.fffffffep31 : 0x1.fffffffffffffp63);
  return uop_fmin(m->c, uop_fmax(m->c, a, zero), top);
}

static UopVal int_op(Maker *m, unsigned size, unsigned lanes) {
  UopCode *c = m->c;
  UopVal a = want(m, INT, size, lanes), b = want(m, INT, size, lanes), one = uop_const(c, size, lanes, 1);
  unsigned other = lanes == 1 || m->both ? some_size(m, lanes) : 4, n = draw(m, 70);
  switch (draw(m, 38)) {
    case 0: return uop_iadd(c, a, b);
    case 1: return uop_isub(c, a, b);
    case 2: return uop_imul(c, a, b);
    case 3: return uop_umulhi(c, a, b);
    case 4: return uop_imulhi(c, a, b);
    case 5: return uop_shl(c, a, n);
    case 6: return uop_shr(c, a, n);
    case 7: return uop_sar(c, a, n);
    case 8: return uop_rotl(c, a, n);
    case 9: return uop_shlv(c, a, chance(m, 70) ? uop_and(c, b, uop_const(c, size, lanes, 127)) : b);
    case 10: return uop_shrv(c, a, chance(m, 70) ? uop_and(c, b, uop_const(c, size, lanes, 127)) : b);
    case 11: return uop_sarv(c, a, chance(m, 70) ? uop_and(c, b, uop_const(c, size, lanes, 127)) : b);
    case 12: return uop_imin(c, a, b);
    case 13: return uop_imax(c, a, b);
    case 14: return uop_umin(c, a, b);
    case 15: return uop_umax(c, a, b);
    case 16: return uop_iabs(c, a);
    case 17: return uop_idiv(c, a, uop_or(c, b, one));
    case 18: return uop_irem(c, a, uop_or(c, b, one));
    case 19: return uop_udiv(c, a, uop_or(c, b, one));
    case 20: return uop_urem(c, a, uop_or(c, b, one));
    case 21: return uop_popcnt(c, a);
    case 22: return uop_clz(c, a);
    case 23: return uop_and(c, a, b);
    case 24: return uop_or(c, a, b);
    case 25: return uop_xor(c, a, b);
    case 26: return uop_andn(c, a, b);
    case 27: return uop_not(c, a);
    case 28: return uop_select(c, want(m, MASK, size, lanes), a, b);
    case 29: return uop_f2i(c, size, want(m, FLOAT, other, lanes));
    case 30: return uop_f2u(c, size, unsigned_range(m, other, size, want(m, FLOAT, other, lanes)));
    case 31: return size == 8 ? uop_exts(c, want(m, INT, 4, lanes)) : a;
    case 32: return size == 8 ? uop_extu(c, want(m, INT, 4, lanes)) : b;
    case 33: return size == 4 && (m->both || lanes == 1) ? uop_trunc(c, want(m, INT, 8, lanes)) : a;
    case 34: return size == 8 ? uop_mulu(c, a, b) : uop_iadd(c, a, a);
    case 35: return size == 8 ? uop_muls(c, a, b) : uop_imul(c, a, a);
    case 36: return m->level ? uop_index(c, size, lanes, draw(m, m->level)) : a;
    default: return uop_and(c, canonical(m, size, want(m, FLOAT, size, lanes)), b);
  }
}
static UopVal mask_op(Maker *m, unsigned size, unsigned lanes) {
  static const UopFcmp f[] = {UOP_FEQ, UOP_FLT, UOP_FLE, UOP_FGE, UOP_FGT, UOP_FNE, UOP_FONE, UOP_FUEQ, UOP_FULT, UOP_FULE, UOP_FUGE,
                              UOP_FUGT, UOP_FORD, UOP_FUNORD};
  UopCode *c = m->c;
  UopVal a = want(m, MASK, size, lanes), b = want(m, MASK, size, lanes);
  switch (draw(m, 8)) {
    case 0: case 1: return uop_fcmp(c, f[draw(m, 14)], want(m, FLOAT, size, lanes), want(m, FLOAT, size, lanes));
    case 2: case 3: return uop_icmp(c, (UopIcmp)draw(m, 10), want(m, INT, size, lanes), want(m, INT, size, lanes));
    case 4: return uop_and(c, a, b);
    case 5: return uop_xor(c, a, b);
    case 6: return size == 8 ? uop_exts(c, want(m, MASK, 4, lanes)) : uop_not(c, a);
    default: return size == 4 && (m->both || lanes == 1) ? uop_trunc(c, want(m, MASK, 8, lanes)) : uop_or(c, a, b);
  }
}

static void do_op(Maker *m) {
  unsigned lanes = some_lanes(m), size = some_size(m, lanes);
  switch (draw(m, 5)) {
    case 0: case 1: keep(m, float_op(m, size, lanes), FLOAT, size, lanes, false); break;
    case 2: case 3: keep(m, int_op(m, size, lanes), INT, size, lanes, false); break;
    default: keep(m, mask_op(m, size, lanes), MASK, size, lanes, false);
  }
}
/* lanes move: not where some of them do not count */
static void do_lanes(Maker *m) {
  if (m->cut) return;
  unsigned size = some_size(m, m->lanes);
  UopVal v = canonical(m, size, want(m, FLOAT, size, m->lanes));
  switch (draw(m, 6)) {
    case 4: keep(m, uop_lane(m->c, size, m->lanes), INT, size, m->lanes, false); break;
    case 5: {
      uint8_t from[UOP_MAX_LANES];
      for (unsigned k = 0; k < m->lanes; k++) from[k] = (uint8_t)draw(m, m->lanes);
      keep(m, uop_perm(m->c, v, from), INT, size, m->lanes, false);
      break;
    }
    case 0:
      for (unsigned l = m->lanes; l > 1; l /= 2)
        v = chance(m, 50) ? uop_iadd(m->c, uop_half(m->c, v, 0), uop_half(m->c, v, 1)) : uop_xor(m->c, uop_half(m->c, v, 1), uop_half(m->c, v, 0));
      keep(m, v, INT, size, 1, false);
      break;
    case 1: keep(m, uop_splat(m->c, want(m, INT, size, 1), m->lanes), INT, size, m->lanes, false); break;
    case 2:
      if (m->lanes > 1) keep(m, uop_join(m->c, uop_half(m->c, v, 1), uop_half(m->c, v, 0)), INT, size, m->lanes, false);
      break;
    default: keep(m, uop_splat(m->c, v, m->lanes), INT, size, m->lanes, false);
  }
}
static void do_var(Maker *m) {
  unsigned lanes = some_lanes(m), size = some_size(m, lanes);
  enum Kind kind = (enum Kind)draw(m, 3);
  keep(m, uop_var(m->c, want(m, kind, size, lanes)), kind, size, lanes, true);
}
static void do_set(Maker *m) {
  unsigned first = draw(m, m->knowns + 1);
  for (unsigned k = 0; k < m->knowns; k++) {
    const Known *x = &m->known[(first + k) % m->knowns];
    if (!x->var) continue;
    Known old = *x;
    UopVal v = want(m, old.kind, old.size, old.lanes);
    if (chance(m, 60)) v = old.kind == FLOAT ? float_op(m, old.size, old.lanes) : old.kind == INT ? int_op(m, old.size, old.lanes) : mask_op(m, old.size, old.lanes);
    if (chance(m, 30)) keep(m, uop_get(m->c, old.v), (enum Kind)old.kind, old.size, old.lanes, false);
    uop_set(m->c, old.v, v);
    return;
  }
}

static void block(Maker *m, unsigned statements);

static void do_loop(Maker *m) {
  if (m->level == LEVELS - 1 || m->cut) return;
  unsigned known = m->knowns, count = draw(m, 4) ? draw(m, 21) : draw(m, 4), step = chance(m, 60) ? m->lanes : 1;
  if (m->level == 2) count %= 5;
  bool padded = chance(m, 30), was = m->cut;
  m->step[m->level] = step;
  if (chance(m, 60)) {
    uop_loop(m->c, count, step, padded ? UOP_PADDED : 0);
  } else { /* the count is only known when it runs */
    UopVal n = uop_load(m->c, 8, 1, UOP_U8, uop_mem(m->c, 0, MIDDLE + draw(m, 1000), 0, 0, NULL));
    n = uop_isub(m->c, uop_and(m->c, n, uop_i64(m->c, 1, 15)), uop_i64(m->c, 1, 1));
    uop_loop_dynamic(m->c, n, step, padded ? UOP_PADDED : 0);
  }
  m->cut = was || (step > 1 && !padded);
  m->level++;
  block(m, 1 + draw(m, 12));
  m->level--;
  m->cut = was;
  uop_end(m->c);
  m->knowns = known;
}
static void do_while(Maker *m) {
  unsigned known = m->knowns;
  UopCode *c = m->c;
  UopVal i = uop_var(c, uop_i64(c, 1, 0));
  uop_while(c);
  block(m, draw(m, 4));
  uop_do(c, uop_icmp(c, UOP_ILT, i, uop_i64(c, 1, draw(m, 6))));
  block(m, 1 + draw(m, 6));
  uop_set(c, i, uop_iadd(c, i, uop_i64(c, 1, 1)));
  uop_end(c);
  m->knowns = known;
}
static void do_if(Maker *m) {
  unsigned known = m->knowns, lanes = m->cut ? 1 : some_lanes(m), size = some_size(m, lanes);
  uop_if(m->c, want(m, MASK, size, lanes));
  block(m, 1 + draw(m, 6));
  m->knowns = known;
  if (chance(m, 60)) {
    uop_else(m->c);
    block(m, 1 + draw(m, 6));
  }
  uop_end(m->c);
  m->knowns = known;
}

static int32_t callee(void *const *ptr) {
  uint64_t x;
  memcpy(&x, ptr[1], 8);
  x = x * 31 + *(uint8_t *)ptr[0];
  memcpy(ptr[1], &x, 8);
  return x % 97 == 5 ? 9 : 0;
}
static void do_call(Maker *m) {
  if (m->cut) return;
  UopPtr args[] = {place(m, 0, 1, 4), uop_mem(m->c, 1, 8, 0, 0, NULL)};
  uop_call(m->c, callee, "callee", 2, args);
}

static void block(Maker *m, unsigned statements) {
  while (statements-- && m->budget) {
    m->budget--;
    unsigned what = draw(m, 100);
    if (what < 14) do_load(m);
    else if (what < 26) do_store(m);
    else if (what < 68) do_op(m);
    else if (what < 73) do_lanes(m);
    else if (what < 78) do_var(m);
    else if (what < 86) do_set(m);
    else if (what < 92) do_loop(m);
    else if (what < 95) do_while(m);
    else if (what < 98) do_if(m);
    else if (what < 99) do_call(m);
    else if (!m->cut) uop_return_if(m->c, want(m, MASK, 4, m->lanes), (int32_t)draw(m, 100) + 1);
  }
}

/* The knowns at the start are live to the end: with many of them, registers run out. */
static bool make(UopCode *c, EmitTarget target, uint64_t seed, unsigned lanes, bool both) {
  static Maker maker;
  Maker *m = &maker;
  *m = (Maker){.c = c, .seed = seed * 0x9e3779b97f4a7c15u + 1, .lanes = lanes, .both = both};
  for (int k = 0; k < 4; k++) draw(m, 2);
  uop_begin(c, target);
  m->budget = 20 + draw(m, 200);
  if (getenv("BUDGET")) m->budget = (unsigned)atoi(getenv("BUDGET")); /* a shorter beginning of the program */
  for (unsigned k = draw(m, chance(m, 30) ? 60 : 8); k--;) do_load(m);
  unsigned start = m->knowns;
  while (m->budget) block(m, m->budget);
  for (unsigned k = 0; k < start; k++) {
    const Known *x = &m->known[k];
    UopVal v = x->kind == FLOAT ? canonical(m, x->size, x->v) : x->v;
    uop_store(c, x->size == 4 ? UOP_I32 : UOP_I64, uop_mem(c, 1, 1024 + (int64_t)k * 128, x->size, 0, NULL), v);
  }
  return uop_verify(c);
}

static char input[BUFFER], expected[BUFFER], got[BUFFER];

static void fill(void) {
  uint64_t s = 12345;
  for (unsigned k = 0; k < BUFFER; k++) {
    s = s * 6364136223846793005u + 1;
    input[k] = (char)(s >> 57 == 1 ? 0 : s >> 40);
  }
  for (unsigned k = 0; k + 4 <= BUFFER; k += 4) { /* mostly modest floats */
    if (k % 64 < 16) continue;
    float x = (float)((int)(k * 2654435761u >> 20) - 2048) / 64;
    memcpy(input + k, &x, 4);
  }
}

/* for a failure that is looked into: the micro-ops and the first difference */
static void explain(const UopCode *c) {
  if (!getenv("EXPLAIN")) return;
  CxText text = {0};
  uop_print(c, &text);
  fputs(text.s, stderr);
  text_free(&text);
  for (unsigned k = 0; k < BUFFER; k++)
    if (expected[k] != got[k]) {
      fprintf(stderr, "byte %u: %02x, not %02x\n", k, (unsigned char)got[k], (unsigned char)expected[k]);
      break;
    }
}

static bool compare(uint64_t seed, EmitTarget target, unsigned lanes, bool both, unsigned *spilled) {
  UopCode meaning, c;
  bool same = false;
  if (make(&meaning, EMIT_NONE, seed, lanes, both) && make(&c, target, seed, lanes, both)) {
    void *ptr[] = {input, expected};
    memset(expected, 0, BUFFER);
    int32_t status = uop_interpret(&meaning, ptr);
    EmitCode *code = emit_compile(&c);
    EmitExec *exec = code && emit_check(code) ? emit_load(code) : NULL;
    if (exec) {
      memset(got, 0, BUFFER);
      ptr[1] = got;
      same = emit_fn(exec)(ptr) == status && !memcmp(expected, got, BUFFER);
      *spilled += code->spills != 0;
    }
    emit_unload(exec);
    emit_code_free(code);
    if (!same) {
      explain(&c);
      memset(got, 0, BUFFER);
      ptr[1] = got;
      bool expansion = uop_interpret(&c, ptr) != status || memcmp(expected, got, BUFFER);
      fprintf(stderr, "seed %llu, %s, %u lanes%s: %s differs (%s)\n", (unsigned long long)seed, emit_target_name(target), lanes,
              both ? ", 8-byte vectors" : "", expansion ? "the expansion" : "the code", cx_failed() ? cx_error()->text : "");
    }
  } else {
    fprintf(stderr, "seed %llu: %s\n", (unsigned long long)seed, cx_failed() ? cx_error()->text : "not built");
  }
  cx_error_clear();
  uop_free(&meaning);
  uop_free(&c);
  return same;
}

int main(int argc, char **argv) {
  uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1, count = argc > 2 ? strtoull(argv[2], NULL, 10) : 200;
  static const struct {
    unsigned lanes;
    bool both;
    EmitTarget least;
  } shape[] = {{1, true, EMIT_AVX2}, {4, true, EMIT_AVX2}, {8, false, EMIT_AVX2}, {2, true, EMIT_AVX2}, {8, true, EMIT_AVX512}, {16, false, EMIT_AVX512}};
  EmitTarget have = emit_target_detect();
  unsigned spilled = 0, programs = 0;
  fill();
  for (uint64_t seed = first; seed < first + count && checks_failed < 20; seed++)
    for (unsigned k = 0; k < sizeof shape / sizeof *shape; k++)
      for (EmitTarget t = shape[k].least; t <= have; t++) programs++, CHECK(compare(seed, t, shape[k].lanes, shape[k].both, &spilled));
  printf("%u programs, %u with spills\n", programs, spilled);
  return check_report();
}
