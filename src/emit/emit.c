/* The walk that writes the code: control flow here, the rest in select.c and memory.c; then prologue, epilogue and pool.
 * rbx is ptr, rsp the frame: argument list of calls, saved rsp, homes of counters and pointers, masks, then slots. */
#include "emit/emit.h"

#include <cuirax/error.h>
#include <string.h>

#include "emit/gen.h"

enum { ENTRY_ROOM = 256 }; /* the prologue is written last and ends where the body starts */

static int32_t frame_bytes(Gen *g, int32_t bytes) {
  int32_t at = g->fixed;
  g->fixed += bytes;
  return at;
}

/* --- LOOP */

static bool is_cut(const UopInst *in) { return in->mem > 1 && !(in->aux & UOP_PADDED); } /* may have a partial last turn */

static Frame *open_frame(Gen *g, uint32_t at, uint32_t loop) {
  if (!vec_push(&g->frame, ((Frame){.at = at, .loop = loop}))) return g->failed = true, NULL;
  return &g->frame.v[g->frame.n - 1];
}

/* the dynamic count to [limit] and, cut, what is beyond whole turns to [rest] */
static void count_dynamic(Gen *g, const UopInst *in, const Loop *loop) {
  unsigned a = reg_use(g, in->a);
  x86_vec(&g->x, X86_MOVQ_OUT, 0, a, a, rm_reg(RAX), -1, 0);
  reg_release_dead(g);
  if (is_cut(in)) {
    x86_gpr(&g->x, GPR_TEST64, RAX, rm_reg(RAX), 0);
    uint32_t ok = x86_jump(&g->x, CC_NS);
    x86_mov_imm(&g->x, RAX, 0);
    x86_land(&g->x, ok);
    x86_gpr(&g->x, GPR_LOAD64, RCX, rm_reg(RAX), 0);
    x86_gpr(&g->x, GPR_AND_I, 0, rm_reg(RCX), (int32_t)in->mem - 1);
    x86_gpr(&g->x, GPR_STORE64, RCX, rm_at(RSP, loop->rest), 0);
    x86_gpr(&g->x, GPR_AND_I, 0, rm_reg(RAX), -(int32_t)in->mem);
  }
  x86_gpr(&g->x, GPR_STORE64, RAX, rm_at(RSP, loop->limit), 0);
}

static X86Rm counter_rm(const Loop *loop) { return loop->counter != NO_REG ? rm_reg(loop->counter) : rm_at(RSP, loop->home); }

static void masks_make(Gen *g, const UopInst *in, const Loop *loop) {
  unsigned t = reg_take(g, -1);
  uint64_t rest = in->imm % in->mem;
  if (g->ones_zeros < 0) {
    uint8_t table[192];
    memset(table, 0xff, 64);
    memset(table + 64, 0, 128);
    g->ones_zeros = (int32_t)pool_bytes(g, table, 192, 64);
  }
  X86Rm table = {.kind = RM_POOL, .pool = (uint32_t)g->ones_zeros + 64};
  if (in->a) {
    x86_gpr(&g->x, GPR_LOAD64, RCX, rm_at(RSP, loop->rest), 0);
    x86_gpr(&g->x, GPR_NEG, 0, rm_reg(RCX), 0);
    x86_gpr(&g->x, GPR_LEA, RAX, table, 0);
  }
  for (unsigned size = 4; size <= 8 && in->mem * size <= uop_max_bytes(g->c->target); size += 4) {
    unsigned vl = vl_bytes(in->mem * size);
    X86Rm from = in->a ? rm_index(RAX, RCX, size, 0) : (X86Rm){.kind = RM_POOL, .pool = table.pool - (uint32_t)rest * size};
    x86_vec(&g->x, X86_MOVUPS, vl, t, 0, from, -1, 0);
    x86_vec(&g->x, X86_MOVUPS_ST, vl, t, t, rm_at(RSP, g->masks + (size == 8 ? 64 : 0)), -1, 0);
    if (g->wide && size == 4) x86_vec(&g->x, X86_PMOVD2M, vl, 1, 0, rm_reg(t), -1, 0);
  }
  reg_begin(g);
}

/* returns the position to go on from */
static uint32_t tail_begin(Gen *g, Frame *f, const UopInst *in, const Loop *loop) {
  f->tail = true;
  f->has_skip = false;
  if (in->a) {
    x86_gpr(&g->x, GPR_CMP_I, 0, rm_at(RSP, loop->rest), 0);
    f->skip = x86_jump(&g->x, CC_E);
    f->has_skip = true;
  }
  masks_make(g, in, loop);
  g->tail = f->loop;
  return f->at + 1;
}

static uint32_t loop_begin(Gen *g, uint32_t at) {
  const UopInst *in = &g->c->inst.v[at];
  Loop *loop = &g->loop.v[g->loop_at[at]];
  reg_begin(g);
  if (in->a) g->unit[in->a].use = g->next[at][0];
  uint64_t whole = is_cut(in) ? in->imm / in->mem : (in->imm + in->mem - 1) / in->mem;
  if (!in->a && !in->imm) { /* no turn at all */
    unit_expire(g, loop->end);
    return loop->end + 1;
  }
  if (in->a) count_dynamic(g, in, loop);
  reg_begin(g);
  state_enter_loop(g, loop);
  address_enter(g, loop);
  Frame *f = open_frame(g, at, g->loop_at[at]);
  if (!f) return at + 1;
  state_save(g, &f->entry);
  if (!in->a && !whole) return tail_begin(g, f, in, loop);
  f->once = !in->a && whole == 1;
  if (in->a) {
    x86_gpr(&g->x, GPR_CMP_I, 0, rm_at(RSP, loop->limit), 0);
    f->skip = x86_jump(&g->x, CC_LE);
    f->has_skip = true;
  }
  if (loop->leaf && !f->once) x86_align(&g->x, 16);
  f->head = g->x.code.n;
  return at + 1;
}

static void loop_back(Gen *g, const Frame *f, const UopInst *in, const Loop *loop) {
  int64_t limit = (int64_t)(is_cut(in) ? in->imm - in->imm % in->mem : in->imm);
  if (!in->a && limit <= INT32_MAX) {
    x86_gpr(&g->x, GPR_CMP_I, 0, counter_rm(loop), (int32_t)limit);
    x86_jump_back(&g->x, CC_L, f->head);
    return;
  }
  if (in->a) x86_gpr(&g->x, GPR_LOAD64, RAX, rm_at(RSP, loop->limit), 0);
  else x86_mov_imm(&g->x, RAX, (uint64_t)limit);
  x86_gpr(&g->x, GPR_CMP_RM, RAX, counter_rm(loop), 0);
  x86_jump_back(&g->x, CC_G, f->head);
}

static uint32_t loop_end(Gen *g, uint32_t at) {
  Frame *f = &g->frame.v[g->frame.n - 1];
  Loop *loop = &g->loop.v[f->loop];
  const UopInst *in = &g->c->inst.v[f->at];
  bool partial = is_cut(in) && (in->a || in->imm % in->mem);
  if (!f->tail) {
    if (!f->once) state_restore(g, &f->entry);
    if (!f->once || partial) address_advance(g, loop);
    if (!f->once) loop_back(g, f, in, loop);
    if (f->has_skip) x86_land(&g->x, f->skip);
    if (partial) return tail_begin(g, f, in, loop);
  } else {
    if (in->a) state_restore(g, &f->entry);
    if (f->has_skip) x86_land(&g->x, f->skip);
    g->tail = 0;
  }
  if (loop->leaf) address_leave_leaf(g, loop);
  g->frame.n--;
  unit_expire(g, at);
  return at + 1;
}

/* --- WHILE and IF */

static void while_begin(Gen *g, uint32_t at) {
  Loop *loop = &g->loop.v[g->loop_at[at]];
  reg_begin(g);
  state_enter_loop(g, loop);
  if (loop->leaf) address_enter(g, loop);
  Frame *f = open_frame(g, at, g->loop_at[at]);
  if (!f) return;
  state_save(g, &f->entry);
  if (loop->leaf) x86_align(&g->x, 16);
  f->head = g->x.code.n;
}

static uint32_t test_and_jump(Gen *g, uint32_t at) {
  const UopInst *in = &g->c->inst.v[at];
  reg_begin(g);
  g->unit[in->a].use = g->next[at][0];
  select_test_any(g, in->a);
  reg_release_dead(g);
  return x86_jump(&g->x, CC_E);
}

static void while_do(Gen *g, uint32_t at) {
  uint32_t jump = test_and_jump(g, at);
  Frame *f = &g->frame.v[g->frame.n - 1];
  f->skip = jump;
  state_save(g, &f->exit);
}
static void while_end(Gen *g, uint32_t at) {
  Frame *f = &g->frame.v[g->frame.n - 1];
  state_restore(g, &f->entry);
  x86_jump_back(&g->x, -1, f->head);
  x86_land(&g->x, f->skip);
  state_set(g, &f->exit);
  if (g->loop.v[f->loop].leaf) address_leave_leaf(g, &g->loop.v[f->loop]);
  g->frame.n--;
  unit_expire(g, at);
}

static void if_begin(Gen *g, uint32_t at) {
  uint32_t jump = test_and_jump(g, at);
  Frame *f = open_frame(g, at, 0);
  if (!f) return;
  f->skip = jump;
  state_save(g, &f->entry);
}
static void if_else(Gen *g, uint32_t at) {
  Frame *f = &g->frame.v[g->frame.n - 1];
  g->pos = at;
  state_restore(g, &f->entry);
  uint32_t over = x86_jump(&g->x, -1);
  x86_land(&g->x, f->skip);
  state_set(g, &f->entry);
  f->skip = over;
}
static void if_end(Gen *g) {
  Frame *f = &g->frame.v[g->frame.n - 1];
  state_restore(g, &f->entry);
  x86_land(&g->x, f->skip);
  g->frame.n--;
}

/* --- leaving early, calls */

static void leave_with_eax(Gen *g, int cc) {
  if (!vec_push(&g->leave, x86_jump(&g->x, cc))) g->failed = true;
}
static void return_if(Gen *g, uint32_t at) {
  uint32_t on = test_and_jump(g, at);
  x86_mov_imm(&g->x, RAX, (uint32_t)g->c->inst.v[at].imm);
  leave_with_eax(g, -1);
  x86_land(&g->x, on);
}
static void poll(Gen *g, const UopInst *in) {
  x86_gpr(&g->x, GPR_LOAD64, RAX, rm_at(RBX, (int32_t)in->imm * 8), 0);
  x86_gpr(&g->x, GPR_LOAD32, RAX, rm_at(RAX, 0), 0);
  x86_gpr(&g->x, GPR_TEST_RR, RAX, rm_reg(RAX), 0);
  leave_with_eax(g, CC_NE);
}

static void call(Gen *g, uint32_t at) {
  const UopInst *in = &g->c->inst.v[at];
  uint32_t n = (uint32_t)in->imm, callee = (uint32_t)(in->imm >> 32);
  for (uint32_t k = 0; k < n; k++) {
    address_to(g, g->call_place.v[g->place[at].node + k], g->c->arg.v[in->mem + k], RAX);
    x86_gpr(&g->x, GPR_STORE64, RAX, rm_at(RSP, g->args + (int32_t)k * 8), 0);
  }
  reg_begin(g);
  state_flush(g);
  uint64_t zero = 0;
  uint32_t r = 0;
  while (r < g->reloc.n && g->reloc.v[r].callee != callee) r++;
  if (r == g->reloc.n && !vec_push(&g->reloc, ((EmitReloc){pool_bytes(g, &zero, 8, 8), callee}))) g->failed = true;
  if (g->failed) return;
  x86_vec(&g->x, X86_ZEROUPPER, 0, 0, 0, rm_reg(0), -1, 0);
  x86_gpr(&g->x, GPR_LEA, RDI, rm_at(RSP, g->args), 0);
  x86_gpr(&g->x, GPR_CALL, 0, (X86Rm){.kind = RM_POOL, .pool = g->reloc.v[r].at}, 0);
  x86_gpr(&g->x, GPR_TEST_RR, RAX, rm_reg(RAX), 0);
  leave_with_eax(g, CC_NE);
}

/* --- the walk */

static uint32_t end_of(Gen *g, uint32_t at) {
  const Frame *f = &g->frame.v[g->frame.n - 1];
  unsigned op = g->c->inst.v[f->at].op;
  reg_begin(g);
  if (op == UOP_LOOP) return loop_end(g, at);
  if (op == UOP_WHILE) while_end(g, at);
  else if_end(g);
  return at + 1;
}

static void body(Gen *g) {
  for (uint32_t i = 1; i < g->n && !g->failed && !g->x.failed;) {
    const UopInst *in = &g->c->inst.v[i];
    g->pos = i;
    switch (in->op) {
      case UOP_CONST: i++; break;
      case UOP_LOOP: i = loop_begin(g, i); break;
      case UOP_WHILE: while_begin(g, i++); break;
      case UOP_DO: while_do(g, i++); break;
      case UOP_IF: if_begin(g, i++); break;
      case UOP_ELSE: if_else(g, i++); break;
      case UOP_END: i = end_of(g, i); break;
      case UOP_RETURN_IF: return_if(g, i++); break;
      case UOP_POLL: poll(g, in), i++; break;
      case UOP_CALL: call(g, i++); break;
      default:
        if (g->unit[i].first || !uop_is_pure(in->op)) select_emit(g, i);
        i++;
    }
  }
}

/* --- frame, prologue, epilogue */

static const uint8_t saved[] = {RBX, RBP, R12, R13, R14, R15};

static void frame_plan(Gen *g) {
  uint32_t args = 0;
  bool cut = false;
  for (uint32_t i = 1; i < g->n; i++) {
    const UopInst *in = &g->c->inst.v[i];
    if (in->op == UOP_CALL && (uint32_t)in->imm > args) args = (uint32_t)in->imm;
    if (in->op == UOP_LOOP && is_cut(in)) cut = true;
  }
  g->args = frame_bytes(g, (int32_t)args * 8);
  g->saved_sp = frame_bytes(g, 8);
  g->fixed = address_homes(g, g->fixed);
  g->fixed = (g->fixed + 63) & ~63;
  g->masks = cut ? frame_bytes(g, 128) : 0;
  if (g->fixed > FRAME_MAX) g->failed = true;
}

static void epilogue(Gen *g, bool frame) {
  x86_mov_imm(&g->x, RAX, 0);
  for (uint32_t k = 0; k < g->leave.n; k++) x86_land(&g->x, g->leave.v[k]);
  x86_vec(&g->x, X86_ZEROUPPER, 0, 0, 0, rm_reg(0), -1, 0);
  if (frame) x86_gpr(&g->x, GPR_LOAD64, RSP, rm_at(RSP, g->saved_sp), 0);
  for (unsigned k = sizeof saved; k--;)
    if (g->used_gpr >> saved[k] & 1) x86_gpr(&g->x, GPR_POP, 0, rm_reg(saved[k]), 0);
  x86_gpr(&g->x, GPR_RET, 0, rm_reg(0), 0);
}

static void prologue(Gen *g, bool frame, uint32_t bytes) {
  X86 body_code = g->x;
  g->x = (X86){0};
  for (unsigned k = 0; k < sizeof saved; k++)
    if (g->used_gpr >> saved[k] & 1) x86_gpr(&g->x, GPR_PUSH, 0, rm_reg(saved[k]), 0);
  if (frame) {
    x86_gpr(&g->x, GPR_LOAD64, RAX, rm_reg(RSP), 0);
    for (uint32_t page = 4096; page < bytes; page += 4096) x86_gpr(&g->x, GPR_OR_I, 0, rm_at(RSP, -(int32_t)page), 0);
    x86_gpr(&g->x, GPR_SUB_I, 0, rm_reg(RSP), (int32_t)bytes);
    x86_gpr(&g->x, GPR_AND_I, 0, rm_reg(RSP), -64);
    x86_gpr(&g->x, GPR_STORE64, RAX, rm_at(RSP, g->saved_sp), 0);
  }
  x86_gpr(&g->x, GPR_LOAD64, RBX, rm_reg(RDI), 0);
  X86 p = g->x;
  g->x = body_code;
  if (p.failed || p.code.n > ENTRY_ROOM) g->failed = true;
  else memcpy(g->x.code.v + ENTRY_ROOM - p.code.n, p.code.v, p.code.n);
  g->args = (int32_t)(ENTRY_ROOM - p.code.n); /* from here on: where the function starts */
  vec_free(&p.code);
  vec_free(&p.fixup);
}

static bool gen_begin(Gen *g, const UopCode *c) {
  *g = (Gen){.c = c, .n = c->inst.n, .wide = c->target == EMIT_AVX512};
  g->regs = g->wide ? 32 : 16;
  g->slot_bytes = g->wide ? 64 : 32;
  g->free_regs = g->wide ? ~0u : 0xffffu;
  g->used_gpr = 1u << RBX;
  memset(g->iota, -1, sizeof g->iota);
  memset(g->narrow, -1, sizeof g->narrow);
  g->ones_zeros = -1;
  if (!vec_reserve(&g->x.code, ENTRY_ROOM + g->n * 8 + 64)) return false;
  memset(g->x.code.v, 0xcc, ENTRY_ROOM);
  g->x.code.n = ENTRY_ROOM;
  return true;
}
static void gen_end(Gen *g) {
  arena_free(&g->arena);
  vec_free(&g->x.code);
  vec_free(&g->x.fixup);
  vec_free(&g->loop);
  vec_free(&g->node);
  vec_free(&g->wanted);
  vec_free(&g->hash);
  vec_free(&g->frame);
  vec_free(&g->free_slot);
  vec_free(&g->freed);
  vec_free(&g->pool);
  vec_free(&g->reloc);
  vec_free(&g->leave);
  vec_free(&g->call_place);
}

/* which displacements are calls */
static bool call_sites(const Gen *g, EmitCode *code, uint32_t start) {
  VEC(EmitReloc) site = {0};
  bool ok = true;
  for (uint32_t k = 0; code->relocs && ok && k < g->x.fixup.n; k++)
    for (uint32_t r = 0; ok && r < code->relocs; r++)
      if (g->x.fixup.v[k].pool + code->pool == code->reloc[r].at)
        ok = vec_push(&site, ((EmitReloc){g->x.fixup.v[k].at - start, code->reloc[r].callee}));
  code->site = site.v;
  code->sites = site.n;
  return ok;
}

/* code and pool together, displacements into the pool filled in */
static EmitCode *finish(Gen *g) {
  uint32_t start = (uint32_t)g->args & ~63u, end = g->x.code.n, pool = (end - start + 63) & ~63u, size = pool + g->pool.n;
  EmitCode *code = cx_calloc(1, sizeof *code);
  uint8_t *bytes = code ? cx_malloc(size) : NULL;
  if (!bytes) return cx_free(code), NULL;
  memcpy(bytes, g->x.code.v + start, end - start);
  memset(bytes + (end - start), 0xcc, pool - (end - start));
  if (g->pool.n) memcpy(bytes + pool, g->pool.v, g->pool.n);
  for (uint32_t k = 0; k < g->x.fixup.n; k++) {
    const X86Fixup *f = &g->x.fixup.v[k];
    uint32_t disp = pool + f->pool - (f->next - start);
    memcpy(bytes + f->at - start, &disp, 4);
  }
  *code = (EmitCode){.target = g->c->target, .bytes = bytes, .size = size, .entry = (uint32_t)g->args - start, .code_end = end - start,
                     .pool = pool, .slots = g->c->slots, .spills = g->spills, .reloads = g->reloads};
  code->frame = (uint32_t)g->fixed + g->slots * g->slot_bytes;
  for (uint32_t k = 0; k < g->reloc.n; k++) g->reloc.v[k].at += pool;
  code->reloc = g->reloc.v;
  code->relocs = g->reloc.n;
  g->reloc.v = NULL;
  if (!call_sites(g, code, start)) return emit_code_free(code), NULL;
  code->callees = g->c->callee.n;
  if (code->callees) {
    code->callee = cx_malloc(code->callees * sizeof *code->callee);
    if (!code->callee) return emit_code_free(code), NULL;
    memcpy(code->callee, g->c->callee.v, code->callees * sizeof *code->callee);
  }
  return code;
}

EmitCode *emit_compile(const UopCode *c) {
  if (!uop_verify(c)) return NULL;
  if (c->target == EMIT_NONE) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "this machine has no AVX2: programs run in the reference executor"), NULL;
  Gen g;
  EmitCode *code = NULL;
  if (gen_begin(&g, c) && live_build(&g)) {
    frame_plan(&g);
    body(&g);
    bool frame = g.fixed > 8 || g.slots;
    uint32_t bytes = (((uint32_t)g.fixed + 63) & ~63u) + g.slots * g.slot_bytes + 64;
    if (bytes > FRAME_MAX) g.failed = true;
    epilogue(&g, frame);
    prologue(&g, frame, bytes);
    if (!g.failed && !g.x.failed) code = finish(&g);
  }
  if (!code && !cx_failed()) cx_fail(CX_ERR_RUNTIME, "the code generator ran out of registers or frame; split the program");
  gen_end(&g);
  return code;
}

void emit_code_free(EmitCode *code) {
  if (!code) return;
  cx_free(code->bytes);
  cx_free(code->reloc);
  cx_free(code->site);
  cx_free(code->callee);
  cx_free(code);
}
