#include "uop_interpret.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernels/half.h"

typedef struct Value {
  uint64_t lane[UOP_MAX_LANES];
} Value;

typedef struct Machine {
  const UopCode *c;
  void *const *ptr;
  Value *v;
  uint32_t *match; /* the next marker of a block: LOOP to END, WHILE to DO to END, IF to ELSE or END, ELSE to END */
  int64_t counter[64], stride[64]; /* of the open loops: counter, and 1 where lanes count on */
  unsigned depth, active, step; /* step: of the cut loop whose last turn runs, of which `active` lanes count; 0 none */
  int32_t status;
} Machine;

static float as_f32(uint64_t u) { return from_bits_F32((uint32_t)u); }
static double as_f64(uint64_t u) { return from_bits_F64(u); }
static int64_t sign_extend(uint64_t u, unsigned size) { return size == 4 ? (int32_t)(uint32_t)u : (int64_t)u; }
static uint64_t cut_to(uint64_t u, unsigned size) { return size == 4 ? (uint32_t)u : u; }

static uint64_t load_item(const char *p, UopType t, unsigned size) {
  uint64_t u = 0;
  memcpy(&u, p, uop_type_bytes(t));
  switch (t) {
    case UOP_I8: u = (uint64_t)(int8_t)u; break;
    case UOP_I16: u = (uint64_t)(int16_t)u; break;
    case UOP_I32: u = (uint64_t)(int32_t)u; break;
    case UOP_F16: u = bits_F32(half_widen((uint16_t)u)); break;
    default: break;
  }
  return cut_to(u, size);
}
static void store_item(char *p, UopType t, uint64_t u) {
  if (t == UOP_F16) u = half_narrow(as_f32(u));
  memcpy(p, &u, uop_type_bytes(t));
}

static char *address(const Machine *m, const UopMem *mem) {
  char *p = (char *)m->ptr[mem->slot] + mem->offset;
  for (unsigned k = 0; k < mem->levels; k++) p += m->counter[k] * m->c->stride.v[mem->strides + k];
  return p;
}
static bool lane_off(const Machine *m, const UopInst *in, unsigned lane) { return m->step && in->lanes == m->step && lane >= m->active; }

static void memory(Machine *m, const UopInst *in, Value *out) {
  const UopMem *mem = &m->c->mem.v[in->mem];
  char *p = address(m, mem);
  UopType t = (UopType)in->aux;
  UopVal further = in->op == UOP_LOAD ? in->a : in->op == UOP_STORE ? in->b : 0;
  if (further) p += sign_extend(m->v[further].lane[0], uop_size(m->c, further)) * (int64_t)uop_type_bytes(t);
  for (unsigned k = 0; k < in->lanes; k++) {
    bool off = lane_off(m, in, k);
    char *item = p + (int64_t)k * mem->lane;
    if (in->op == UOP_GATHER || in->op == UOP_SCATTER)
      item = p + sign_extend(m->v[in->a].lane[k], uop_size(m->c, in->a)) * (int64_t)uop_type_bytes(t);
    switch (in->op) {
      case UOP_LOAD: out->lane[k] = off && mem->lane ? 0 : load_item(item, t, in->size); break;
      case UOP_GATHER: out->lane[k] = off ? 0 : load_item(item, t, in->size); break;
      case UOP_STORE:
        if (!off) store_item(item, t, m->v[in->a].lane[k]);
        break;
      default:
        if (!off && (!in->c || m->v[in->c].lane[k])) store_item(item, t, m->v[in->b].lane[k]);
    }
  }
}

static uint64_t f32_op(const UopInst *in, float a, float b, float c) {
  switch (in->op) {
    case UOP_FADD: return bits_F32(a + b);
    case UOP_FSUB: return bits_F32(a - b);
    case UOP_FMUL: return bits_F32(a * b);
    case UOP_FDIV: return bits_F32(a / b);
    case UOP_FMIN: return bits_F32(a < b ? a : b);
    case UOP_FMAX: return bits_F32(a > b ? a : b);
    case UOP_FSQRT: return bits_F32(sqrtf(a));
    case UOP_FMA: return bits_F32(fmaf(a, b, c));
    case UOP_FMS: return bits_F32(fmaf(a, b, -c));
    case UOP_FNMA: return bits_F32(fmaf(-a, b, c));
    case UOP_FNMS: return bits_F32(fmaf(-a, b, -c));
    case UOP_ROUND16: return bits_F32(half_widen(half_narrow(a)));
    default: break;
  }
  float r[] = {nearbyintf(a), floorf(a), ceilf(a), truncf(a)};
  return bits_F32(r[in->imm & 3]);
}
static uint64_t f64_op(const UopInst *in, double a, double b, double c) {
  switch (in->op) {
    case UOP_FADD: return bits_F64(a + b);
    case UOP_FSUB: return bits_F64(a - b);
    case UOP_FMUL: return bits_F64(a * b);
    case UOP_FDIV: return bits_F64(a / b);
    case UOP_FMIN: return bits_F64(a < b ? a : b);
    case UOP_FMAX: return bits_F64(a > b ? a : b);
    case UOP_FSQRT: return bits_F64(sqrt(a));
    case UOP_FMA: return bits_F64(fma(a, b, c));
    case UOP_FMS: return bits_F64(fma(a, b, -c));
    case UOP_FNMA: return bits_F64(fma(-a, b, c));
    case UOP_FNMS: return bits_F64(fma(-a, b, -c));
    default: break;
  }
  double r[] = {nearbyint(a), floor(a), ceil(a), trunc(a)};
  return bits_F64(r[in->imm & 3]);
}

static bool fcmp(uint64_t p, double a, double b) {
  bool un = a != a || b != b;
  switch (p) {
    case UOP_FEQ: return a == b;
    case UOP_FLT: return a < b;
    case UOP_FLE: return a <= b;
    case UOP_FGE: return a >= b;
    case UOP_FGT: return a > b;
    case UOP_FNE: return !(a == b);
    case UOP_FONE: return !un && a != b;
    case UOP_FUEQ: return un || a == b;
    case UOP_FULT: return !(a >= b);
    case UOP_FULE: return !(a > b);
    case UOP_FUGE: return !(a < b);
    case UOP_FUGT: return !(a <= b);
    case UOP_FORD: return !un;
    default: return un;
  }
}
static bool icmp(uint64_t p, int64_t a, int64_t b) {
  uint64_t ua = (uint64_t)a, ub = (uint64_t)b; /* sign extension keeps the unsigned order of 32-bit lanes */
  switch (p) {
    case UOP_IEQ: return a == b;
    case UOP_INE: return a != b;
    case UOP_ILT: return a < b;
    case UOP_ILE: return a <= b;
    case UOP_IGT: return a > b;
    case UOP_IGE: return a >= b;
    case UOP_ULT: return ua < ub;
    case UOP_ULE: return ua <= ub;
    case UOP_UGT: return ua > ub;
    default: return ua >= ub;
  }
}

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 Uint128;

/* a and b sign-extended; ua and ub zero-extended */
static uint64_t int_op(const UopInst *in, int64_t a, int64_t b, uint64_t ua, uint64_t ub) {
  unsigned width = in->size * 8u, n = (unsigned)in->imm;
  uint64_t s = (uint64_t)a, t = (uint64_t)b;
  switch (in->op) {
    case UOP_AND: return s & t;
    case UOP_OR: return s | t;
    case UOP_XOR: return s ^ t;
    case UOP_ANDN: return ~s & t;
    case UOP_IADD: return s + t;
    case UOP_ISUB: return s - t;
    case UOP_IMUL: return s * t;
    case UOP_UMULHI: return (uint64_t)((Uint128)ua * ub >> width);
    case UOP_IMULHI: return (uint64_t)((Int128)a * b >> width);
    case UOP_MULU: return (uint64_t)(uint32_t)s * (uint32_t)t;
    case UOP_MULS: return (uint64_t)((int64_t)(int32_t)(uint32_t)s * (int32_t)(uint32_t)t);
    case UOP_SHL: return s << n;
    case UOP_SHR: return ua >> n;
    case UOP_SAR: return (uint64_t)(a >> n);
    case UOP_ROTL: return n ? ua << n | ua >> (width - n) : ua;
    case UOP_SHLV: return ub < width ? s << ub : 0;
    case UOP_SHRV: return ub < width ? ua >> ub : 0;
    case UOP_SARV: return (uint64_t)(a >> (ub < width ? ub : width - 1));
    case UOP_ICMP: return icmp(in->imm, a, b) ? ~(uint64_t)0 : 0;
    case UOP_IMIN: return a < b ? s : t;
    case UOP_IMAX: return a > b ? s : t;
    case UOP_UMIN: return ua < ub ? s : t;
    case UOP_UMAX: return ua > ub ? s : t;
    case UOP_IABS: return a < 0 ? 0 - s : s;
    case UOP_IDIV: return !b ? 0 : b == -1 ? 0 - s : (uint64_t)(a / b);
    case UOP_IREM: return !b || b == -1 ? 0 : (uint64_t)(a % b);
    case UOP_UDIV: return !ub ? 0 : ua / ub;
    case UOP_UREM: return !ub ? 0 : ua % ub;
    case UOP_POPCNT: return (uint64_t)__builtin_popcountll(ua);
    default: return ua ? (uint64_t)__builtin_clzll(ua) - (64 - width) : width; /* CLZ */
  }
}

static uint64_t to_integer(double x, unsigned size, bool is_signed) {
  if (is_signed) {
    double limit = size == 4 ? 0x1p31 : 0x1p63;
    if (size == 4) return x > -limit - 1 && x < limit ? (uint64_t)(int64_t)x : 0x80000000u;
    return x >= -limit && x < limit ? (uint64_t)(int64_t)x : (uint64_t)1 << 63;
  }
  return x > -1 && x < (size == 4 ? 0x1p32 : 0x1p64) ? (x < 0x1p63 ? (uint64_t)(int64_t)x : (uint64_t)x) : 0;
}
static uint64_t convert(const UopInst *in, unsigned from, uint64_t u) {
  int64_t s = sign_extend(u, from);
  double f = from == 4 ? as_f32(u) : as_f64(u);
  switch (in->op) {
    case UOP_I2F: return in->size == 4 ? bits_F32((float)s) : bits_F64((double)s);
    case UOP_U2F: return in->size == 4 ? bits_F32((float)u) : bits_F64((double)u);
    case UOP_F2I: return to_integer(f, in->size, true);
    case UOP_F2U: return to_integer(f, in->size, false);
    case UOP_F2F: return in->size == 4 ? bits_F32((float)f) : bits_F64(f);
    case UOP_EXTS: return (uint64_t)s;
    default: return u; /* EXTU, TRUNC */
  }
}

static void cast(const Value *from, unsigned size, unsigned lanes, Value *to, unsigned to_size, unsigned to_lanes) {
  uint8_t bytes[128] = {0};
  for (unsigned k = 0; k < lanes; k++) memcpy(bytes + k * size, &from->lane[k], size);
  for (unsigned k = 0; k < to_lanes; k++) to->lane[k] = 0, memcpy(&to->lane[k], bytes + k * to_size, to_size);
}

static void compute(Machine *m, const UopInst *in, Value *out) {
  const UopCode *c = m->c;
  const Value *a = &m->v[in->a], *b = &m->v[in->b], *d = &m->v[in->c];
  unsigned from = uop_size(c, in->a), half = in->lanes;
  for (unsigned k = 0; k < in->lanes; k++) {
    uint64_t x = a->lane[k], y = b->lane[k], z = d->lane[k], r;
    switch (in->op) {
      case UOP_FADD: case UOP_FSUB: case UOP_FMUL: case UOP_FDIV: case UOP_FMIN: case UOP_FMAX: case UOP_FSQRT: case UOP_FMA:
      case UOP_FMS: case UOP_FNMA: case UOP_FNMS: case UOP_FROUND: case UOP_ROUND16:
        r = in->size == 4 ? f32_op(in, as_f32(x), as_f32(y), as_f32(z)) : f64_op(in, as_f64(x), as_f64(y), as_f64(z));
        break;
      case UOP_FCMP:
        r = fcmp(in->imm, in->size == 4 ? as_f32(x) : as_f64(x), in->size == 4 ? as_f32(y) : as_f64(y)) ? ~(uint64_t)0 : 0;
        break;
      case UOP_I2F: case UOP_U2F: case UOP_F2I: case UOP_F2U: case UOP_F2F: case UOP_EXTS: case UOP_EXTU: case UOP_TRUNC:
        r = convert(in, from, x);
        break;
      case UOP_SELECT: r = x ? y : z; break;
      case UOP_VAR: case UOP_GET: r = x; break;
      case UOP_HALF: r = a->lane[k + (in->imm ? half : 0)]; break;
      case UOP_JOIN: r = k < in->lanes / 2 ? x : b->lane[k - in->lanes / 2]; break;
      case UOP_LANE: r = k; break;
      case UOP_PERM: r = a->lane[in->imm >> 4 * k & 15]; break;
      case UOP_SPLAT: r = a->lane[0]; break;
      case UOP_CONST: r = in->imm; break;
      case UOP_INDEX: r = (uint64_t)(m->counter[in->imm] + m->stride[in->imm] * k); break;
      default: r = int_op(in, sign_extend(x, from), sign_extend(y, from), cut_to(x, from), cut_to(y, from));
    }
    out->lane[k] = cut_to(r, in->size);
  }
  if (in->op == UOP_CAST) cast(a, from, uop_lanes(c, in->a), out, in->size, in->lanes);
}

static bool any(const Machine *m, UopVal v) {
  for (unsigned k = 0; k < uop_lanes(m->c, v); k++)
    if (m->v[v].lane[k]) return true;
  return false;
}

static void block(Machine *m, uint32_t from, uint32_t to);

static void loop(Machine *m, uint32_t at) {
  const UopInst *in = &m->c->inst.v[at];
  int64_t n = in->a ? (int64_t)m->v[in->a].lane[0] : (int64_t)in->imm, step = in->mem;
  unsigned level = m->depth++;
  m->stride[level] = step > 1;
  for (int64_t i = 0; i < n && !m->status; i += step) {
    m->counter[level] = i;
    if (step > 1 && !(in->aux & UOP_PADDED) && i + step > n) m->step = (unsigned)step, m->active = (unsigned)(n - i);
    block(m, at + 1, m->match[at]);
    m->step = 0;
  }
  m->depth--;
}

static void set(Machine *m, const UopInst *in) {
  Value *x = &m->v[in->a];
  const UopInst *shape = &m->c->inst.v[in->a];
  for (unsigned k = 0; k < shape->lanes; k++)
    if (!lane_off(m, shape, k)) x->lane[k] = m->v[in->b].lane[k];
}

static void call(Machine *m, const UopInst *in) {
  uint32_t n = (uint32_t)in->imm;
  void *args[32];
  for (uint32_t k = 0; k < n && k < 32; k++) args[k] = address(m, &m->c->mem.v[m->c->arg.v[in->mem + k]]);
  m->status = m->c->callee.v[in->imm >> 32].fn(args);
}

static void block(Machine *m, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to && !m->status; i++) {
    const UopInst *in = &m->c->inst.v[i];
    uint32_t next = m->match[i];
    Value out = {{0}};
    switch (in->op) {
      case UOP_LOOP: loop(m, i), i = next; break;
      case UOP_WHILE:
        for (;;) {
          block(m, i + 1, next);
          if (m->status || !any(m, m->c->inst.v[next].a)) break;
          block(m, next + 1, m->match[next]);
        }
        i = m->match[next];
        break;
      case UOP_IF: {
        bool has_else = m->c->inst.v[next].op == UOP_ELSE, yes = any(m, in->a);
        if (yes) block(m, i + 1, next);
        else if (has_else) block(m, next + 1, m->match[next]);
        i = has_else ? m->match[next] : next;
        break;
      }
      case UOP_SET: set(m, in); break;
      case UOP_CALL: call(m, in); break;
      case UOP_RETURN_IF:
        if (any(m, in->a)) m->status = (int32_t)in->imm;
        break;
      case UOP_POLL: memcpy(&m->status, m->ptr[in->imm], 4); break;
      case UOP_LOAD: case UOP_STORE: case UOP_GATHER: case UOP_SCATTER:
        memory(m, in, &out);
        if (in->op == UOP_LOAD || in->op == UOP_GATHER) m->v[i] = out;
        break;
      default:
        compute(m, in, &out);
        m->v[i] = out;
    }
  }
}

static void match_blocks(Machine *m, uint32_t *open) {
  uint32_t n = 0;
  for (uint32_t i = 1; i < m->c->inst.n; i++) {
    switch (m->c->inst.v[i].op) {
      case UOP_LOOP: case UOP_WHILE: case UOP_IF: open[n++] = i; break;
      case UOP_DO: case UOP_ELSE: m->match[open[n - 1]] = i, open[n - 1] = i; break;
      case UOP_END: m->match[open[--n]] = i; break;
      default: break;
    }
  }
}

int32_t uop_interpret(const UopCode *c, void *const *ptr) {
  Machine m = {.c = c, .ptr = ptr};
  m.v = calloc(c->inst.n, sizeof *m.v);
  m.match = calloc(c->inst.n, sizeof *m.match);
  uint32_t *open = calloc(c->inst.n, sizeof *open);
  int32_t status = -1;
  if (m.v && m.match && open) {
    match_blocks(&m, open);
    for (uint32_t i = 1; i < c->inst.n; i++)
      if (c->inst.v[i].op == UOP_CONST) compute(&m, &c->inst.v[i], &m.v[i]);
    block(&m, 1, c->inst.n);
    status = m.status;
  }
  free(m.v);
  free(m.match);
  free(open);
  return status;
}
