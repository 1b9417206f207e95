/* See loop.h: builders and the text form. */
#include "compile/loop.h"

#include "base/error.h"
#include "base/text.h"
#include <string.h>

LoopProgram *loop_new(void) {
  LoopProgram *p = cx_calloc(1, sizeof *p);
  if (p && !vec_push(&p->values, CX_NO_DTYPE)) return loop_free(p), NULL;
  return p;
}

void loop_free(LoopProgram *p) {
  if (!p) return;
  vec_free(&p->code);
  vec_free(&p->buffers);
  vec_free(&p->values);
  arena_free(&p->arena);
  cx_free(p);
}

uint32_t loop_buffer(LoopProgram *p, LoopBuffer b) {
  if (!vec_push(&p->buffers, b)) p->failed = true;
  return p->buffers.n - 1;
}

static LoopInstr *append(LoopProgram *p, LoopInstr i) {
  if (p->failed || !vec_push(&p->code, i)) return p->failed = true, NULL;
  return &p->code.v[p->code.n - 1];
}

static LoopValue define(LoopProgram *p, LoopInstr i) {
  i.out = p->values.n;
  if (p->failed || !vec_push(&p->values, i.dtype)) return p->failed = true, 0;
  return append(p, i) ? i.out : 0;
}

static const LoopAccess *access_copy(LoopProgram *p, const LoopAccess *at) {
  const LoopAccess *copy = arena_copy(&p->arena, at, sizeof *at);
  if (!copy) p->failed = true;
  return copy;
}

void loop_for(LoopProgram *p, int64_t extent) {
  append(p, (LoopInstr){.kind = LOOP_FOR, .extent = extent});
  p->depth++;
}
void loop_for_serial(LoopProgram *p, int64_t extent) {
  append(p, (LoopInstr){.kind = LOOP_FOR, .extent = extent, .serial = true});
  p->depth++;
}
void loop_while(LoopProgram *p) { append(p, (LoopInstr){.kind = LOOP_WHILE}); }
void loop_do(LoopProgram *p, LoopValue go_on) { append(p, (LoopInstr){.kind = LOOP_DO, .in = {go_on}, .nin = 1}); }
void loop_if(LoopProgram *p, LoopValue condition) { append(p, (LoopInstr){.kind = LOOP_IF, .in = {condition}, .nin = 1}); }
void loop_else(LoopProgram *p) { append(p, (LoopInstr){.kind = LOOP_ELSE}); }
void loop_block_end(LoopProgram *p) { append(p, (LoopInstr){.kind = LOOP_END}); }
void loop_end(LoopProgram *p) {
  append(p, (LoopInstr){.kind = LOOP_END});
  p->depth--;
}
LoopValue loop_load(LoopProgram *p, CxDtype dtype, const LoopAccess *at) {
  return define(p, (LoopInstr){.kind = LOOP_LOAD, .dtype = dtype, .access = access_copy(p, at)});
}
void loop_store(LoopProgram *p, CxDtype dtype, const LoopAccess *at, LoopValue v) {
  append(p, (LoopInstr){.kind = LOOP_STORE, .dtype = dtype, .access = access_copy(p, at), .in = {v}, .nin = 1});
  if (!p->failed) p->buffers.v[at->buffer].written = true;
}
LoopValue loop_const(LoopProgram *p, CxDtype dtype, const void *element) {
  LoopInstr i = {.kind = LOOP_CONST, .dtype = dtype};
  memcpy(i.bits, element, (size_t)cx_dtype_bytes(dtype));
  return define(p, i);
}
LoopValue loop_index(LoopProgram *p, CxDtype dtype, const LoopAccess *at) {
  return define(p, (LoopInstr){.kind = LOOP_INDEX, .dtype = dtype, .access = access_copy(p, at)});
}
LoopValue loop_apply(LoopProgram *p, CxOpcode op, const void *attrs, CxDtype dtype, uint32_t n, const LoopValue *in) {
  LoopInstr i = {.kind = LOOP_APPLY, .op = op, .attrs = attrs, .dtype = dtype, .nin = n};
  for (uint32_t k = 0; k < n && k < LOOP_OPERANDS; k++) i.in[k] = in[k];
  return define(p, i);
}
LoopValue loop_fold_new(LoopProgram *p, CxOpcode op, CxDtype dtype) {
  return define(p, (LoopInstr){.kind = LOOP_FOLD_NEW, .op = op, .dtype = dtype});
}
void loop_fold(LoopProgram *p, LoopValue accumulator, LoopValue v) {
  append(p, (LoopInstr){.kind = LOOP_FOLD, .in = {accumulator, v}, .nin = 2});
}
LoopValue loop_fold_end(LoopProgram *p, LoopValue accumulator) {
  CxDtype dtype = p->failed ? CX_NO_DTYPE : p->values.v[accumulator];
  return define(p, (LoopInstr){.kind = LOOP_FOLD_END, .dtype = dtype, .in = {accumulator}, .nin = 1});
}
LoopValue loop_merge(LoopProgram *p, CxOpcode op, LoopValue left, LoopValue right) {
  CxDtype dtype = p->failed ? CX_NO_DTYPE : p->values.v[left];
  return define(p, (LoopInstr){.kind = LOOP_MERGE, .op = op, .dtype = dtype, .in = {left, right}, .nin = 2});
}
LoopValue loop_offset(LoopProgram *p, LoopValue sum, LoopValue index, int64_t most, int64_t scale) {
  return define(p, (LoopInstr){.kind = LOOP_OFFSET, .dtype = CX_I32, .in = {sum, index}, .nin = 2, .most = most, .scale = scale});
}
LoopValue loop_var(LoopProgram *p, LoopValue init) {
  CxDtype dtype = p->failed ? CX_NO_DTYPE : p->values.v[init];
  return define(p, (LoopInstr){.kind = LOOP_VAR, .dtype = dtype, .in = {init}, .nin = 1});
}
LoopValue loop_get(LoopProgram *p, LoopValue variable) {
  CxDtype dtype = p->failed ? CX_NO_DTYPE : p->values.v[variable];
  return define(p, (LoopInstr){.kind = LOOP_GET, .dtype = dtype, .in = {variable}, .nin = 1});
}
void loop_set(LoopProgram *p, LoopValue variable, LoopValue v) {
  append(p, (LoopInstr){.kind = LOOP_SET, .in = {variable, v}, .nin = 2});
}

/* ---- text ---- */

static void print_affine(const LoopAccess *at, int depth, CxText *to) {
  text_addf(to, "%lld", (long long)at->offset);
  for (int k = 0; k < depth; k++)
    if (at->stride[k]) text_addf(to, " + %lld*i%d", (long long)at->stride[k], k);
  if (at->dynamic) text_addf(to, " + %%%u", at->dynamic);
}

static void print_instr(const LoopInstr *i, int indent, int depth, CxText *to) {
  for (int k = 0; k < indent; k++) text_add(to, "  ");
  if (i->out) text_addf(to, "%%%u:%s = ", i->out, cx_dtype_short(i->dtype));
  switch (i->kind) {
    case LOOP_FOR: text_addf(to, "%s i%d in %lld {", i->serial ? "serial" : "for", depth, (long long)i->extent); break;
    case LOOP_WHILE: text_add(to, "while {"); break;
    case LOOP_DO: text_add(to, "do"); break;
    case LOOP_IF: text_add(to, "if"); break;
    case LOOP_ELSE: text_add(to, "else"); break;
    case LOOP_END: text_add(to, "}"); break;
    case LOOP_LOAD: text_addf(to, "load b%u[", i->access->buffer), print_affine(i->access, depth, to), text_add(to, "]"); break;
    case LOOP_STORE:
      text_addf(to, "store b%u[", i->access->buffer), print_affine(i->access, depth, to);
      text_addf(to, "]:%s %%%u", cx_dtype_short(i->dtype), i->in[0]);
      break;
    case LOOP_CONST: text_addf(to, "const 0x%llx", (unsigned long long)i->bits[0]); break;
    case LOOP_INDEX: text_add(to, "index "), print_affine(i->access, depth, to); break;
    case LOOP_APPLY: text_add(to, cx_ops[i->op]->name); break;
    case LOOP_FOLD_NEW: text_addf(to, "fold_new %s", cx_ops[i->op]->name); break;
    case LOOP_FOLD: text_add(to, "fold"); break;
    case LOOP_FOLD_END: text_add(to, "fold_end"); break;
    case LOOP_MERGE: text_addf(to, "merge %s", cx_ops[i->op]->name); break;
    case LOOP_OFFSET: text_addf(to, "offset most %lld scale %lld", (long long)i->most, (long long)i->scale); break;
    case LOOP_VAR: text_add(to, "var"); break;
    case LOOP_GET: text_add(to, "get"); break;
    case LOOP_SET: text_add(to, "set"); break;
  }
  for (uint32_t k = 0; i->kind != LOOP_STORE && k < i->nin; k++) text_addf(to, " %%%u", i->in[k]);
  text_add(to, "\n");
}

bool loop_print(const LoopProgram *p, CxText *to) {
  for (uint32_t i = 0; i < p->buffers.n; i++) {
    const LoopBuffer *b = &p->buffers.v[i];
    text_addf(to, "b%u: %s[%lld]", i, cx_dtype_short(b->dtype), (long long)b->count);
    if (b->where == LOOP_SCRATCH) text_addf(to, " scratch+%lld\n", (long long)b->offset);
    else text_addf(to, " v%u%s\n", b->var, b->written ? " written" : "");
  }
  int depth = 0, indent = 0;
  bool is_for[LOOP_BLOCKS] = {0};
  for (uint32_t i = 0; i < p->code.n; i++) {
    const LoopInstr *q = &p->code.v[i];
    if (q->kind == LOOP_END && indent > 0) depth -= is_for[--indent % LOOP_BLOCKS];
    print_instr(q, indent, depth, to);
    if (q->kind == LOOP_FOR || q->kind == LOOP_WHILE || q->kind == LOOP_IF) depth += is_for[indent++ % LOOP_BLOCKS] = q->kind == LOOP_FOR;
  }
  return !cx_failed();
}
