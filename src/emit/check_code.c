#include "emit/check_code.h"

#include <cuirax/error.h>
#include <string.h>

enum { AX, CX, DX, BX, SP, DI = 7 };

/* opcodes of VEX and EVEX instructions by map and prefix; i: with imm8, s: writes its memory operand */
typedef struct Allowed {
  uint8_t map, pp;
  const char *plain, *imm, *store, *store_imm; /* hexadecimal, two digits each */
} Allowed;
static const Allowed allowed[] = {
  {1, 0, "10 28 58 5c 59 5e 5d 5f 51 5b 5a 78 50 93 92 90", "c2 c6", "11", ""},
  {1, 1, "10 58 5c 59 5e 5d 5f 51 db df eb ef fe d4 fa fb f4 76 66 6e e6 5a 7a 78 61 62 6c 50", "c2 72 73 70", "11 7e", ""},
  {1, 2, "10 5b e6 7a", "", "11", ""},
  {1, 3, "10 7a 2c", "", "11", ""},
  {2, 1, "2c 2d 64 58 59 7c 98 9a 9c 9e a8 aa ac ae b8 ba bc be 40 28 39 3b 3d 3f 1e 1f 29 37 47 45 46 44 13 21 22 23 24 25 31 32 33 34 35 36 00 90 91", "",
   "2e 2f", ""},
  {2, 2, "38 39", "", "31 32 33 34 35", ""},
  {3, 1, "", "08 09 25 43 4a 4b 1e 1f 38 3a 22 00", "", "1d 39 3b 14 15 16"},
};

typedef struct Code {
  const EmitCode *c;
  const uint8_t *b;
  uint32_t at, start, end; /* present byte, start of the present instruction */
  uint8_t *boundary;       /* bit 0: an instruction starts here; bit 1: something jumps here */
  int64_t frame;           /* bytes below the entry's rsp, 0 before the prologue has taken them */
  unsigned pushed, popped;
  bool based;              /* rbx has the base pointers */
  bool left;               /* the epilogue has begun */
  const char *why;
} Code;

typedef struct Operand {
  unsigned mod, reg, rm, base, index; /* 16: none; base 17: rip */
  int64_t disp;
} Operand;

static bool bad(Code *k, const char *why) {
  if (!k->why) k->why = why;
  return false;
}
static unsigned byte(Code *k) {
  if (k->at < k->end) return k->b[k->at++];
  bad(k, "the last instruction is cut off");
  return 0;
}
static int32_t word(Code *k) {
  uint32_t u = 0;
  for (int n = 0; n < 4; n++) u |= (uint32_t)byte(k) << 8 * n;
  return (int32_t)u;
}

/* modrm, sib, displacement; r, x, b are the extension bits, unit that of a short displacement */
static Operand operand(Code *k, unsigned r, unsigned x, unsigned b, int64_t unit) {
  unsigned m = byte(k);
  Operand o = {.mod = m >> 6, .reg = (m >> 3 & 7) | r << 3, .rm = (m & 7) | b << 3, .base = 16, .index = 16};
  if (o.mod == 3) return o;
  o.base = o.rm;
  if ((m & 7) == 4) {
    unsigned sib = byte(k);
    o.base = (sib & 7) | b << 3;
    o.index = (sib >> 3 & 7) | x << 3;
    if (o.index == 4) o.index = 16;
    if ((sib & 7) == 5 && !o.mod) bad(k, "an absolute address");
  } else if ((m & 7) == 5 && !o.mod) {
    o.base = 17;
    o.disp = word(k);
  }
  if (o.mod == 1) o.disp = (int8_t)byte(k) * unit;
  if (o.mod == 2) o.disp = word(k);
  return o;
}

/* after the whole instruction is read: where does it read or write? */
static bool memory_ok(Code *k, const Operand *o, unsigned bytes, bool store) {
  if (o->mod == 3) return true;
  if (o->base == 17) {
    int64_t to = (int64_t)k->at + o->disp;
    if (store) return bad(k, "a store into the pool");
    if (to < k->c->pool || to + bytes > k->c->size) return bad(k, "a constant outside the pool");
  } else if (o->base == SP) {
    if (o->index != 16) return bad(k, "an indexed access to the frame");
    if (!k->frame || o->disp < 0 || o->disp + bytes > k->frame) return bad(k, "an access outside the frame");
  } else if (o->base == BX) {
    if (store || o->index != 16 || bytes != 8 || o->disp < 0 || o->disp % 8 || o->disp / 8 >= k->c->slots) return bad(k, "not one of the base pointers");
  }
  return true;
}
static bool writes_ok(Code *k, unsigned reg) {
  return reg == SP || reg == BX ? bad(k, "rsp or rbx is overwritten") : true;
}

static bool has(const char *list, unsigned op) {
  for (; *list; list += list[2] ? 3 : 2) {
    unsigned high = list[0] <= '9' ? list[0] - '0' : list[0] - 'a' + 10, low = list[1] <= '9' ? list[1] - '0' : list[1] - 'a' + 10;
    if (high * 16 + low == op) return true;
  }
  return false;
}

/* results that go to a general register instead of a vector or mask */
static bool to_general(unsigned map, unsigned pp, unsigned op) {
  return map == 1 && (op == 0x50 || op == 0x93 || (pp == 3 && op == 0x2c));
}
static bool store_to_general(unsigned map, unsigned op) { return (map == 1 && op == 0x7e) || (map == 3 && op >= 0x14 && op <= 0x16); }

/* the bytes of a memory operand: at most the vector; less for forms that read or write a part of it */
static unsigned access_bytes(unsigned map, unsigned pp, unsigned op, unsigned vl, bool wide) {
  unsigned all = 16u << vl;
  if (map == 1 && pp >= 2 && (op == 0x10 || op == 0x11 || op == 0x2c)) return pp == 2 ? 4 : 8;
  if (map == 1 && (op == 0x6e || op == 0x7e)) return wide ? 8 : 4;
  if (map == 1 && !wide && ((op == 0xe6 && pp == 2) || (op == 0x5a && pp == 0) || (op == 0x7a && pp < 3) || (op == 0x78 && pp == 1))) return all / 2;
  if (map == 2 && op >= 0x20 && op <= 0x35 && op != 0x28 && op != 0x29 && op != 0x2c && op != 0x2d && op != 0x2e && op != 0x2f) {
    unsigned kind = op & 15;
    return kind == 1 || kind == 4 ? all / 4 : kind == 2 ? all / 8 : all / 2;
  }
  if (map == 2 && (op == 0x58 || op == 0x59)) return op == 0x59 ? 8 : 4;
  if (map == 2 && op == 0x13) return all / 2;
  if (map == 3 && op == 0x1d) return all / 2;
  if (map == 3 && (op == 0x38 || op == 0x39)) return 16;
  if (map == 3 && (op == 0x3a || op == 0x3b)) return 32;
  if (map == 3 && op >= 0x14 && op <= 0x16) return op == 0x14 ? 1 : op == 0x15 ? 2 : wide ? 8 : 4;
  if (map == 3 && op == 0x22) return wide ? 8 : 4;
  return all;
}

static bool vector(Code *k, unsigned map, unsigned pp, unsigned r, unsigned x, unsigned b, unsigned vl, bool wide, bool broadcast, bool evex) {
  unsigned op = byte(k);
  if (map == 1 && pp == 0 && op == 0x77 && !evex && !vl) return true; /* vzeroupper */
  const Allowed *a = NULL;
  for (size_t n = 0; n < sizeof allowed / sizeof *allowed; n++)
    if (allowed[n].map == map && allowed[n].pp == pp) a = &allowed[n];
  if (!a || vl > 2) return bad(k, "an instruction that is not allowed");
  bool imm = has(a->imm, op) || has(a->store_imm, op), store = has(a->store, op) || has(a->store_imm, op);
  if (!imm && !store && !has(a->plain, op)) return bad(k, "an instruction that is not allowed");
  bool gather = map == 2 && (op == 0x90 || op == 0x91);
  unsigned bytes = access_bytes(map, pp, op, vl, wide);
  if (broadcast) bytes = wide ? 8 : 4;
  Operand o = operand(k, r, x, b, evex ? (gather ? (wide ? 8 : 4) : bytes) : 1);
  if (imm) byte(k);
  if (gather) return o.mod == 3 || o.base >= 16 || o.base == SP || o.base == BX ? bad(k, "a gather from the frame or the pool") : true;
  if (to_general(map, pp, op) && !writes_ok(k, o.reg)) return false;
  if (store_to_general(map, op) && o.mod == 3 && !writes_ok(k, o.rm)) return false;
  return memory_ok(k, &o, bytes, store);
}

static bool vex2(Code *k) {
  unsigned p = byte(k);
  return vector(k, 1, p & 3, ~p >> 7 & 1, 0, 0, p >> 2 & 1, false, false, false);
}
static bool vex3(Code *k) {
  unsigned p = byte(k), q = byte(k);
  return vector(k, p & 31, q & 3, ~p >> 7 & 1, ~p >> 6 & 1, ~p >> 5 & 1, q >> 2 & 1, q >> 7, false, false);
}
static bool evex(Code *k) {
  unsigned p = byte(k), q = byte(k), s = byte(k);
  if (k->c->target != EMIT_AVX512) return bad(k, "an AVX-512 instruction in code for AVX2");
  if ((p & 8) || !(q & 4)) return bad(k, "a malformed EVEX prefix");
  return vector(k, p & 7, q & 3, ~p >> 7 & 1, ~p >> 6 & 1, ~p >> 5 & 1, s >> 5 & 3, q >> 7, s >> 4 & 1, true);
}

/* --- general registers */

static bool jump(Code *k, int64_t by) {
  int64_t to = (int64_t)k->at + by;
  if (to < k->c->entry || to >= k->end) return bad(k, "a jump out of the function");
  k->boundary[to] |= 2;
  return true;
}

/* 81 and 83: add, or, and, sub, cmp with an immediate */
static bool with_immediate(Code *k, Operand *o, unsigned op, bool wide) {
  int64_t imm = op == 0x81 ? word(k) : (int8_t)byte(k);
  unsigned digit = o->reg & 7;
  if (!wide || digit == 2 || digit == 3 || digit == 6) return bad(k, "an instruction that is not allowed");
  if (o->mod == 3 && o->rm == SP) {
    if (digit == 5 && !k->frame && imm > 0) return k->frame = imm, true;
    return digit == 4 && imm == -64 ? true : bad(k, "rsp is overwritten");
  }
  if (digit == 1 && o->mod != 3 && o->base == SP && o->index == 16 && !imm && !k->frame) return o->disp >= -65536; /* the prologue touches its pages */
  if (o->mod == 3) return digit == 7 || writes_ok(k, o->rm);
  return memory_ok(k, o, 8, digit != 7);
}

static bool load_or_move(Code *k, const Operand *o, bool wide) {
  if (o->reg == SP) { /* the epilogue */
    if (o->mod == 3 || o->base != SP) return bad(k, "rsp is overwritten");
    if (!memory_ok(k, o, 8, false)) return false;
    k->left = true;
    return true;
  }
  if (o->reg == BX) {
    if (o->mod != 3 || o->rm != DI || k->based) return bad(k, "rbx is overwritten");
    return k->based = true;
  }
  return memory_ok(k, o, wide ? 8 : 4, false);
}

static bool extended(Code *k, unsigned r, unsigned x, unsigned b) {
  unsigned op = byte(k);
  if (op >= 0x80 && op <= 0x8f) {
    int32_t by = word(k);
    return jump(k, by);
  }
  if (op == 0x1f) return operand(k, r, x, b, 1), true; /* nop */
  if (op != 0xb6 && op != 0xb7 && op != 0xbe && op != 0xbf) return bad(k, "an instruction that is not allowed");
  Operand o = operand(k, r, x, b, 1);
  return writes_ok(k, o.reg) && memory_ok(k, &o, op & 1 ? 2 : 1, false);
}

static bool group(Code *k, Operand *o, unsigned op, bool wide) {
  unsigned digit = o->reg & 7;
  switch (op) {
    case 0xc7: word(k); return digit ? bad(k, "an instruction that is not allowed") : o->mod == 3 ? writes_ok(k, o->rm) : memory_ok(k, o, 8, true);
    case 0xc1: byte(k); return digit == 7 && o->mod == 3 ? writes_ok(k, o->rm) : bad(k, "an instruction that is not allowed");
    case 0xf7:
      if (!digit) return word(k), memory_ok(k, o, 4, false);
      if (digit == 3) return o->mod == 3 ? writes_ok(k, o->rm) : memory_ok(k, o, 8, true);
      return (digit == 6 || digit == 7) && wide ? memory_ok(k, o, 8, false) : bad(k, "an instruction that is not allowed");
    case 0xff:
      if (digit == 6 && o->mod == 3) return k->frame ? bad(k, "a push after the prologue") : (k->pushed++, true);
      if (digit == 2 && o->mod != 3 && o->base == 17) {
        for (uint32_t r = 0; r < k->c->relocs; r++)
          if ((int64_t)k->c->reloc[r].at == (int64_t)k->at + o->disp) return true;
      }
      return bad(k, "a call that is not through the pool");
    default: /* 8f */
      if (digit || o->mod != 3 || !k->left || o->rm == SP) return bad(k, "a pop before the epilogue");
      k->popped++;
      return true;
  }
}

static bool general(Code *k, unsigned op, unsigned rex) {
  bool wide = rex >> 3 & 1;
  unsigned r = rex >> 2 & 1, x = rex >> 1 & 1, b = rex & 1;
  if (op == 0x0f) return extended(k, r, x, b);
  if (op == 0x90) return true;
  if (op == 0xc3) return k->at == k->end && k->left && k->popped == k->pushed ? true : bad(k, "a return that is not the end");
  if (op == 0xeb || (op >= 0x70 && op <= 0x7f)) {
    int8_t by = (int8_t)byte(k);
    return jump(k, by);
  }
  if (op == 0xe9) {
    int32_t by = word(k);
    return jump(k, by);
  }
  if (op >= 0xb8 && op <= 0xbf) {
    word(k);
    if (wide) word(k);
    return writes_ok(k, (op & 7) | b << 3);
  }
  if (!memchr("\x8b\x89\x63\x8d\x03\x01\x3b\x81\x83\x85\x33\xc7\xc1\xf7\xff\x8f", (int)op, 16)) return bad(k, "an instruction that is not allowed");
  Operand o = operand(k, r, x, b, 1);
  switch (op) {
    case 0x8b: return load_or_move(k, &o, wide);
    case 0x89: return o.mod == 3 ? writes_ok(k, o.rm) : memory_ok(k, &o, wide ? 8 : 4, true);
    case 0x63: return writes_ok(k, o.reg) && memory_ok(k, &o, 4, false);
    case 0x8d: return writes_ok(k, o.reg) && o.mod != 3; /* an address is only a number */
    case 0x03: case 0x33: return writes_ok(k, o.reg) && memory_ok(k, &o, wide ? 8 : 4, false);
    case 0x01: return o.mod == 3 ? writes_ok(k, o.rm) : memory_ok(k, &o, 8, true);
    case 0x3b: case 0x85: return memory_ok(k, &o, wide ? 8 : 4, false);
    case 0x81: case 0x83: return with_immediate(k, &o, op, wide);
    default: return group(k, &o, op, wide);
  }
}

static bool instruction(Code *k) {
  unsigned op = byte(k);
  if (op == 0xc5) return vex2(k);
  if (op == 0xc4) return vex3(k);
  if (op == 0x62) return evex(k);
  if (op == 0x66) { /* only as a part of a nop */
    unsigned next = byte(k);
    if (next == 0x90) return true;
    if (next == 0x0f && byte(k) == 0x1f) return operand(k, 0, 0, 0, 1), true;
    return bad(k, "an instruction that is not allowed");
  }
  unsigned rex = 0;
  if ((op & 0xf0) == 0x40) rex = op, op = byte(k);
  return general(k, op, rex);
}

bool emit_check(const EmitCode *code) {
  Code k = {.c = code, .b = code->bytes, .at = code->entry, .end = code->code_end};
  if (code->entry >= code->code_end || code->code_end > code->pool || code->pool > code->size)
    return cx_fail(CX_ERR_VERIFY, "native code: entry, code and constants do not lie one after the other");
  k.boundary = cx_calloc(code->code_end, 1);
  if (!k.boundary) return false;
  bool ended = false;
  while (!k.why && k.at < k.end) {
    k.start = k.at;
    k.boundary[k.at] |= 1;
    ended = code->bytes[k.at] == 0xc3;
    if (!instruction(&k)) bad(&k, "an instruction that is not allowed");
  }
  if (!k.why && !ended) bad(&k, "the function does not return");
  for (uint32_t at = 0; !k.why && at < code->code_end; at++)
    if (k.boundary[at] == 2) k.start = at, bad(&k, "a jump into the middle of an instruction");
  cx_free(k.boundary);
  return k.why ? cx_fail(CX_ERR_VERIFY, "native code at offset %u: %s", k.start, k.why) : true;
}

static void list_bytes(const EmitCode *code, uint32_t from, uint32_t to, CxText *text) {
  text_addf(text, "%6x:", from);
  for (uint32_t k = from; k < to; k++) text_addf(text, " %02x", code->bytes[k]);
  text_add(text, "\n");
}
void emit_listing(const EmitCode *code, CxText *to) {
  Code k = {.c = code, .b = code->bytes, .at = code->entry, .end = code->code_end};
  k.boundary = cx_calloc((size_t)code->code_end + 1, 1);
  if (!k.boundary) return;
  text_addf(to, "; %s, frame %u, %u spills, %u reloads\n", emit_target_name(code->target), code->frame, code->spills, code->reloads);
  while (k.at < k.end) {
    k.start = k.at;
    k.boundary[k.at] |= 1;
    if (!instruction(&k) || k.why) k.at = k.end;
    list_bytes(code, k.start, k.at, to);
  }
  text_addf(to, "; constants\n");
  for (uint32_t at = code->pool; at < code->size; at += 16) list_bytes(code, at, at + 16 < code->size ? at + 16 : code->size, to);
  cx_free(k.boundary);
}
