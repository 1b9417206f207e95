/* Builders of micro-ops: each checks shapes and appends one instruction. */
#include "emit/uop.h"

#include <cuirax/error.h>
#include <string.h>

#include "base/hash.h"
#include "emit/build.h"

static const char *const op_text[] = {
#define UOP(id, text, operands, result, flags) text,
#include "emit/uops.def"
#undef UOP
};
const char *uop_text(unsigned op) { return op < UOP_COUNT ? op_text[op] : "?"; }

bool uop_begin(UopCode *c, EmitTarget target) {
  *c = (UopCode){.target = target};
  bool ok = vec_push(&c->inst, (UopInst){0}) && vec_push(&c->mem, (UopMem){0});
  c->failed = !ok;
  return ok;
}

void uop_free(UopCode *c) {
  vec_free(&c->inst);
  vec_free(&c->mem);
  vec_free(&c->stride);
  vec_free(&c->callee);
  vec_free(&c->arg);
  vec_free(&c->open);
  vec_free(&c->table);
}

UopVal uop_reject(UopCode *c, unsigned op, const char *why) {
  if (!c->failed) cx_fail(CX_ERR_VERIFY, "micro-op %u (%s): %s", c->inst.n, uop_text(op), why);
  c->failed = true;
  return 0;
}

UopVal uop_put(UopCode *c, UopInst i) {
  if (c->failed) return 0;
  if ((size_t)i.size * i.lanes > uop_max_bytes(c->target) && i.size)
    return uop_reject(c, i.op, "the value is wider than a register of the target; use fewer lanes");
  if (!vec_push(&c->inst, i)) return c->failed = true, 0;
  return c->inst.n - 1;
}

static bool shape_ok(unsigned size, unsigned lanes) {
  return (size == 4 || size == 8) && lanes && lanes <= UOP_MAX_LANES && !(lanes & (lanes - 1));
}
bool uop_is_value(const UopCode *c, UopVal v) { return v && v < c->inst.n && c->inst.v[v].size; }
static bool same_shape(const UopCode *c, UopVal a, UopVal b) {
  return uop_size(c, a) == uop_size(c, b) && uop_lanes(c, a) == uop_lanes(c, b);
}

/* one to three operands of one shape; the result has it too */
UopVal uop_same(UopCode *c, unsigned op, UopVal a, UopVal b, UopVal d, uint64_t imm) {
  if (c->failed) return 0;
  if (!uop_is_value(c, a) || (b && !uop_is_value(c, b)) || (d && !uop_is_value(c, d)))
    return uop_reject(c, op, "an operand is no value");
  if ((b && !same_shape(c, a, b)) || (d && !same_shape(c, a, d))) return uop_reject(c, op, "the operands differ in shape");
  UopInst i = {.op = (uint8_t)op, .size = (uint8_t)uop_size(c, a), .lanes = (uint8_t)uop_lanes(c, a), .a = a, .b = b, .c = d,
               .imm = imm};
  return uop_put(c, i);
}
/* one operand, another shape */
UopVal uop_other(UopCode *c, unsigned op, UopVal a, unsigned size, unsigned lanes, uint64_t imm) {
  if (c->failed) return 0;
  if (!uop_is_value(c, a)) return uop_reject(c, op, "the operand is no value");
  if (!shape_ok(size, lanes)) return uop_reject(c, op, "there is no such shape");
  return uop_put(c, (UopInst){.op = (uint8_t)op, .size = (uint8_t)size, .lanes = (uint8_t)lanes, .a = a, .imm = imm});
}

/* --- constants, kept once each in an open hash table */

static uint32_t constant_hash(unsigned size, unsigned lanes, uint64_t bits) {
  uint64_t h = (bits + size * 31 + lanes) * 0x9e3779b97f4a7c15u;
  return (uint32_t)(h >> 32) ^ (uint32_t)h;
}

static bool table_grow(UopCode *c) {
  uint32_t n = c->table.cap ? c->table.cap * 2 : 64;
  uint32_t *old = c->table.v, m = c->table.cap;
  uint32_t *fresh = cx_calloc(n, sizeof *fresh);
  if (!fresh) return false;
  for (uint32_t k = 0; k < m; k++) {
    if (!old[k]) continue;
    const UopInst *i = &c->inst.v[old[k]];
    uint32_t h = constant_hash(i->size, i->lanes, i->imm) & (n - 1);
    while (fresh[h]) h = (h + 1) & (n - 1);
    fresh[h] = old[k];
  }
  cx_free(old);
  c->table.v = fresh;
  c->table.cap = n;
  return true;
}

UopVal uop_const(UopCode *c, unsigned size, unsigned lanes, uint64_t bits) {
  if (c->failed) return 0;
  if (!shape_ok(size, lanes)) return uop_reject(c, UOP_CONST, "there is no such shape");
  if (size == 4) bits &= 0xffffffffu;
  if (c->constants * 2 >= c->table.cap && !table_grow(c)) return c->failed = true, 0;
  uint32_t mask = c->table.cap - 1, h = constant_hash(size, lanes, bits) & mask;
  for (; c->table.v[h]; h = (h + 1) & mask) {
    const UopInst *i = &c->inst.v[c->table.v[h]];
    if (i->size == size && i->lanes == lanes && i->imm == bits) return c->table.v[h];
  }
  UopVal v = uop_put(c, (UopInst){.op = UOP_CONST, .size = (uint8_t)size, .lanes = (uint8_t)lanes, .imm = bits});
  if (v) c->table.v[h] = v, c->constants++;
  return v;
}
UopVal uop_f32(UopCode *c, unsigned lanes, float x) {
  uint32_t u;
  memcpy(&u, &x, 4);
  return uop_const(c, 4, lanes, u);
}
UopVal uop_f64(UopCode *c, unsigned lanes, double x) {
  uint64_t u;
  memcpy(&u, &x, 8);
  return uop_const(c, 8, lanes, u);
}
UopVal uop_i32(UopCode *c, unsigned lanes, int32_t x) { return uop_const(c, 4, lanes, (uint32_t)x); }
UopVal uop_i64(UopCode *c, unsigned lanes, int64_t x) { return uop_const(c, 8, lanes, (uint64_t)x); }

UopVal uop_index(UopCode *c, unsigned size, unsigned lanes, unsigned level) {
  if (c->failed) return 0;
  if (!shape_ok(size, lanes)) return uop_reject(c, UOP_INDEX, "there is no such shape");
  return uop_put(c, (UopInst){.op = UOP_INDEX, .size = (uint8_t)size, .lanes = (uint8_t)lanes, .imm = level});
}

UopVal uop_lane(UopCode *c, unsigned size, unsigned lanes) {
  if (c->failed) return 0;
  if (!shape_ok(size, lanes)) return uop_reject(c, UOP_LANE, "there is no such shape");
  return uop_put(c, (UopInst){.op = UOP_LANE, .size = (uint8_t)size, .lanes = (uint8_t)lanes});
}

/* --- memory */

UopPtr uop_mem(UopCode *c, uint32_t slot, int64_t offset, int64_t lane, unsigned levels, const int64_t *strides) {
  if (c->failed) return 0;
  if (slot >= UOP_MAX_SLOTS) return uop_reject(c, UOP_LOAD, "too many base pointers");
  while (levels && !strides[levels - 1]) levels--;
  UopMem m = {.slot = slot, .levels = levels, .strides = c->stride.n, .offset = offset, .lane = lane};
  if (!vec_reserve(&c->stride, c->stride.n + levels) || !vec_push(&c->mem, m)) return c->failed = true, 0;
  if (levels) memcpy(c->stride.v + c->stride.n, strides, levels * sizeof *strides);
  c->stride.n += levels;
  if (slot >= c->slots) c->slots = slot + 1;
  return c->mem.n - 1;
}

static bool type_fits(UopType t, unsigned size, bool store) {
  if (t > UOP_BOOL) return false;
  if (t == UOP_F32 || t == UOP_F16 || t == UOP_BF16) return size == 4;
  if (t == UOP_F64 || t == UOP_I64 || t == UOP_U64) return size == 8;
  (void)store;
  return size == 4 || size == 8;
}
static bool access_ok(UopCode *c, unsigned op, UopType t, UopPtr p, unsigned size) {
  if (c->failed) return false;
  if (!p || p >= c->mem.n) return uop_reject(c, op, "no such memory operand"), false;
  if (!type_fits(t, size, op == UOP_STORE)) return uop_reject(c, op, "the type in memory does not fit the lane size"), false;
  return true;
}

static UopVal load(UopCode *c, unsigned size, unsigned lanes, UopType t, UopPtr from, UopVal index) {
  if (!access_ok(c, UOP_LOAD, t, from, size)) return 0;
  if (!shape_ok(size, lanes)) return uop_reject(c, UOP_LOAD, "there is no such shape");
  UopInst i = {.op = UOP_LOAD, .size = (uint8_t)size, .lanes = (uint8_t)lanes, .a = index, .mem = from};
  i.aux = (uint8_t)(t == UOP_BOOL ? UOP_U8 : t == UOP_BF16 ? UOP_U16 : t);
  UopVal v = uop_put(c, i);
  return uop_after_load(c, t, v);
}

UopVal uop_load(UopCode *c, unsigned size, unsigned lanes, UopType t, UopPtr from) { return load(c, size, lanes, t, from, 0); }
UopVal uop_load_at(UopCode *c, unsigned size, unsigned lanes, UopType t, UopPtr from, UopVal index) {
  if (c->failed) return 0;
  if (!uop_is_value(c, index)) return uop_reject(c, UOP_LOAD, "the index is no value");
  return load(c, size, lanes, t, from, index);
}

static void store(UopCode *c, UopType t, UopPtr to, UopVal v, UopVal index) {
  if (c->failed) return;
  if (!uop_is_value(c, v)) {
    uop_reject(c, UOP_STORE, "the stored operand is no value");
    return;
  }
  if (!access_ok(c, UOP_STORE, t, to, uop_size(c, v))) return;
  v = uop_before_store(c, &t, v);
  if (c->failed) return;
  uop_put(c, (UopInst){.op = UOP_STORE, .size = (uint8_t)uop_size(c, v), .lanes = (uint8_t)uop_lanes(c, v), .aux = (uint8_t)t,
                       .a = v, .b = index, .mem = to});
}
void uop_store(UopCode *c, UopType t, UopPtr to, UopVal v) { store(c, t, to, v, 0); }
void uop_store_at(UopCode *c, UopType t, UopPtr to, UopVal v, UopVal index) {
  if (c->failed) return;
  if (uop_is_value(c, index)) store(c, t, to, v, index);
  else uop_reject(c, UOP_STORE, "the index is no value");
}

UopVal uop_gather(UopCode *c, unsigned size, UopType t, UopPtr from, UopVal index) {
  if (c->failed) return 0;
  if (!uop_is_value(c, index)) return uop_reject(c, UOP_GATHER, "the index is no value");
  if (!access_ok(c, UOP_GATHER, t, from, size)) return 0;
  UopInst i = {.op = UOP_GATHER, .size = (uint8_t)size, .lanes = (uint8_t)uop_lanes(c, index), .a = index, .mem = from};
  i.aux = (uint8_t)(t == UOP_BOOL ? UOP_U8 : t == UOP_BF16 ? UOP_U16 : t);
  UopVal v = uop_put(c, i);
  return uop_after_load(c, t, v);
}

void uop_scatter(UopCode *c, UopType t, UopPtr to, UopVal index, UopVal v, UopVal mask) {
  if (c->failed) return;
  if (!uop_is_value(c, v) || !uop_is_value(c, index) || (mask && !uop_is_value(c, mask))) {
    uop_reject(c, UOP_SCATTER, "an operand is no value");
    return;
  }
  if (!access_ok(c, UOP_SCATTER, t, to, uop_size(c, v))) return;
  v = uop_before_store(c, &t, v);
  if (c->failed) return;
  if (uop_lanes(c, index) != uop_lanes(c, v) || (mask && uop_lanes(c, mask) != uop_lanes(c, v))) {
    uop_reject(c, UOP_SCATTER, "index, value and mask differ in lanes");
    return;
  }
  uop_put(c, (UopInst){.op = UOP_SCATTER, .size = (uint8_t)uop_size(c, v), .lanes = (uint8_t)uop_lanes(c, v), .aux = (uint8_t)t,
                       .a = index, .b = v, .c = mask, .mem = to});
}

/* --- variables */

UopVal uop_var(UopCode *c, UopVal init) { return uop_same(c, UOP_VAR, init, 0, 0, 0); }
UopVal uop_get(UopCode *c, UopVal var) { return uop_same(c, UOP_GET, var, 0, 0, 0); }
void uop_set(UopCode *c, UopVal var, UopVal value) {
  if (c->failed) return;
  if (!uop_is_value(c, var) || c->inst.v[var].op != UOP_VAR) {
    uop_reject(c, UOP_SET, "not a variable");
    return;
  }

  if (!uop_is_value(c, value) || !same_shape(c, var, value)) {
    uop_reject(c, UOP_SET, "the value's shape is not the variable's");
    return;
  }
  uop_put(c, (UopInst){.op = UOP_SET, .a = var, .b = value});
}

/* --- regular ops */

#define UOP_UNARY(id, name) \
  UopVal uop_##name(UopCode *c, UopVal a) { return uop_same(c, UOP_##id, a, 0, 0, 0); }
#define UOP_BINARY(id, name)                            \
  UopVal uop_##name(UopCode *c, UopVal a, UopVal b) { \
    if (!b) return c->failed ? 0 : uop_reject(c, UOP_##id, "an operand is no value"); \
    return uop_same(c, UOP_##id, a, b, 0, 0);           \
  }
#define UOP_TERNARY(id, name)                                     \
  UopVal uop_##name(UopCode *c, UopVal a, UopVal b, UopVal d) { \
    if (!b || !d) return c->failed ? 0 : uop_reject(c, UOP_##id, "an operand is no value"); \
    return uop_same(c, UOP_##id, a, b, d, 0);                     \
  }
UOP_REGULAR
#undef UOP_UNARY
#undef UOP_BINARY
#undef UOP_TERNARY

UopVal uop_fround(UopCode *c, UopRound mode, UopVal a) { return uop_same(c, UOP_FROUND, a, 0, 0, mode); }
UopVal uop_fcmp(UopCode *c, UopFcmp p, UopVal a, UopVal b) {
  if (!b && !c->failed) return uop_reject(c, UOP_FCMP, "an operand is no value");
  return uop_same(c, UOP_FCMP, a, b, 0, p);
}

UopVal uop_shl(UopCode *c, UopVal a, unsigned count) {
  if (!c->failed && uop_is_value(c, a) && count >= uop_size(c, a) * 8) return uop_const(c, uop_size(c, a), uop_lanes(c, a), 0);
  return count ? uop_same(c, UOP_SHL, a, 0, 0, count) : a;
}
UopVal uop_shr(UopCode *c, UopVal a, unsigned count) {
  if (!c->failed && uop_is_value(c, a) && count >= uop_size(c, a) * 8) return uop_const(c, uop_size(c, a), uop_lanes(c, a), 0);
  return count ? uop_same(c, UOP_SHR, a, 0, 0, count) : a;
}

/* --- lanes */

UopVal uop_half(UopCode *c, UopVal a, unsigned upper) {
  if (c->failed) return 0;
  if (!uop_is_value(c, a)) return uop_reject(c, UOP_HALF, "the operand is no value");
  return uop_other(c, UOP_HALF, a, uop_size(c, a), uop_lanes(c, a) / 2, upper != 0);
}
UopVal uop_join(UopCode *c, UopVal low, UopVal high) {
  if (c->failed) return 0;
  if (!uop_is_value(c, low) || !uop_is_value(c, high) || !same_shape(c, low, high) || uop_lanes(c, low) > UOP_MAX_LANES / 2)
    return uop_reject(c, UOP_JOIN, "the halves do not fit together");
  return uop_put(c, (UopInst){.op = UOP_JOIN, .size = (uint8_t)uop_size(c, low), .lanes = (uint8_t)(uop_lanes(c, low) * 2),
                              .a = low, .b = high});
}
UopVal uop_splat(UopCode *c, UopVal a, unsigned lanes) {
  if (c->failed) return 0;
  if (!uop_is_value(c, a)) return uop_reject(c, UOP_SPLAT, "the operand is no value");
  return uop_other(c, UOP_SPLAT, a, uop_size(c, a), lanes, 0);
}
UopVal uop_perm(UopCode *c, UopVal a, const uint8_t *from) {
  if (c->failed) return 0;
  if (!uop_is_value(c, a)) return uop_reject(c, UOP_PERM, "the operand is no value");
  uint64_t imm = 0;
  for (unsigned k = 0; k < uop_lanes(c, a); k++) {
    if (from[k] >= uop_lanes(c, a)) return uop_reject(c, UOP_PERM, "there is no such lane");
    imm |= (uint64_t)from[k] << 4 * k;
  }
  return uop_same(c, UOP_PERM, a, 0, 0, imm);
}
UopVal uop_cast(UopCode *c, UopVal a, unsigned size) {
  if (c->failed) return 0;
  if (!uop_is_value(c, a)) return uop_reject(c, UOP_CAST, "the operand is no value");
  if (size == uop_size(c, a)) return a;
  unsigned bytes = uop_size(c, a) * uop_lanes(c, a);
  if ((size != 4 && size != 8) || bytes % size) return uop_reject(c, UOP_CAST, "there is no such shape");
  return uop_other(c, UOP_CAST, a, size, bytes / size, 0);
}

/* --- control: `open` holds the instructions whose END is still to come */

static UopVal block_open(UopCode *c, UopInst i) {
  UopVal v = uop_put(c, i);
  if (v && !vec_push(&c->open, v)) c->failed = true;
  return v;
}
static unsigned block_kind(const UopCode *c) { return c->open.n ? c->inst.v[c->open.v[c->open.n - 1]].op : 0; }

static void loop_open(UopCode *c, UopVal count, int64_t times, unsigned step, unsigned flags) {
  if (!step || step > INT32_MAX) {
    uop_reject(c, UOP_LOOP, "the step must be positive");
    return;
  }
  block_open(c, (UopInst){.op = UOP_LOOP, .aux = (uint8_t)flags, .a = count, .mem = step,
                          .imm = (uint64_t)(times < 0 ? 0 : times)});
}
void uop_loop(UopCode *c, int64_t count, unsigned step, unsigned flags) {
  if (!c->failed) loop_open(c, 0, count, step, flags);
}
void uop_loop_dynamic(UopCode *c, UopVal count, unsigned step, unsigned flags) {
  if (c->failed) return;
  if (!uop_is_value(c, count) || uop_size(c, count) != 8) {
    uop_reject(c, UOP_LOOP, "the count is no value of 8-byte lanes");
    return;
  }
  loop_open(c, count, 0, step, flags);
}
void uop_while(UopCode *c) { block_open(c, (UopInst){.op = UOP_WHILE}); }
void uop_do(UopCode *c, UopVal any) {
  if (c->failed) return;
  if (block_kind(c) != UOP_WHILE || !uop_is_value(c, any)) {
    uop_reject(c, UOP_DO, "needs a while and a condition");
    return;
  }
  UopVal v = uop_put(c, (UopInst){.op = UOP_DO, .a = any});
  c->open.v[c->open.n - 1] = v;
}
void uop_if(UopCode *c, UopVal any) {
  if (c->failed) return;
  if (!uop_is_value(c, any)) {
    uop_reject(c, UOP_IF, "the condition is no value");
    return;
  }
  block_open(c, (UopInst){.op = UOP_IF, .a = any});
}
void uop_else(UopCode *c) {
  if (c->failed) return;
  if (block_kind(c) != UOP_IF) {
    uop_reject(c, UOP_ELSE, "no if is open");
    return;
  }
  UopVal v = uop_put(c, (UopInst){.op = UOP_ELSE});
  c->open.v[c->open.n - 1] = v;
}
void uop_end(UopCode *c) {
  if (c->failed) return;
  if (!c->open.n || block_kind(c) == UOP_WHILE) {
    uop_reject(c, UOP_END, "no block is open, or a while lacks its do");
    return;
  }
  uop_put(c, (UopInst){.op = UOP_END});
  c->open.n--;
}

void uop_call(UopCode *c, UopFn fn, const char *name, unsigned n, const UopPtr *args) {
  if (c->failed) return;
  for (unsigned k = 0; k < n; k++)
    if (!args[k] || args[k] >= c->mem.n) {
      uop_reject(c, UOP_CALL, "no such memory operand");
      return;
    }
  uint32_t which = 0;
  while (which < c->callee.n && c->callee.v[which].fn != fn && which < 64) which++;
  if (which == c->callee.n || c->callee.v[which].fn != fn) {
    which = c->callee.n;
    if (!vec_push(&c->callee, ((UopCallee){fn, name}))) {
      c->failed = true;
      return;
    }
  }
  uint32_t first = c->arg.n;
  for (unsigned k = 0; k < n; k++)
    if (!vec_push(&c->arg, args[k])) {
      c->failed = true;
      return;
    }
  uop_put(c, (UopInst){.op = UOP_CALL, .mem = first, .imm = (uint64_t)which << 32 | n});
}
void uop_return_if(UopCode *c, UopVal any, int32_t status) {
  if (c->failed) return;
  if (!uop_is_value(c, any)) {
    uop_reject(c, UOP_RETURN_IF, "the condition is no value");
    return;
  }
  uop_put(c, (UopInst){.op = UOP_RETURN_IF, .a = any, .imm = (uint32_t)status});
}
void uop_poll(UopCode *c, uint32_t slot) {
  if (c->failed) return;
  if (slot >= UOP_MAX_SLOTS) {
    uop_reject(c, UOP_POLL, "too many base pointers");
    return;
  }
  if (slot >= c->slots) c->slots = slot + 1;
  uop_put(c, (UopInst){.op = UOP_POLL, .imm = slot});
}
