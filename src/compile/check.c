/* The proof that a loop program is safe (loop.h, loop_check). It shares no code with what makes programs and believes nothing: every access is
 * bounded by the extents of the loops around it, every value is defined before and around its use, every buffer lies within what it is
 * said to hold, and no vector loop reads what another of its turns writes. Linear in the program. */
#include "compile/loop.h"

#include "base/error.h"

enum { ELEMENT, ACCUMULATOR, VARIABLE, OFFSET };

typedef struct Check {
  const LoopProgram *p;
  uint32_t at;                  /* instruction */
  int depth, blocks;            /* open FORs; open FORs and WHILEs */
  int64_t extent[LOOP_DEPTH];
  uint32_t opened[LOOP_BLOCKS]; /* instructions that opened the blocks */
  uint32_t *defined;            /* by value: instruction + 1 */
  uint32_t *block;              /* by value: the block (instruction + 1) it stands in; 0: none */
  uint8_t *class;               /* by value: ELEMENT, ACCUMULATOR, VARIABLE, OFFSET */
  int64_t *reach;               /* by OFFSET: its greatest value; the least is 0 */
  int64_t *part;                /* by buffer: elements of a turn of a shared loop */
  uint32_t *written;            /* by buffer: instruction + 1 of the last store in the open innermost loop */
} Check;

static bool wrong(const Check *c, const char *what) {
  return cx_fail(CX_ERR_INTERNAL, "loop program, instruction %u: %s", c->at, what);
}

static uint32_t current_block(const Check *c) { return c->blocks > 0 ? c->opened[c->blocks - 1] + 1 : 0; }

/* A value may be used where its block is still open. */
static bool check_use(const Check *c, LoopValue v, int class) {
  if (v == 0 || v >= c->p->values.n || !c->defined[v]) return wrong(c, "a value is used before it is defined");
  if (c->class[v] != class) return wrong(c, "an accumulator or variable is used as an element, or the reverse");
  if (c->block[v] != 0) {
    bool open = false;
    for (int k = 0; k < c->blocks; k++) open |= c->opened[k] + 1 == c->block[v];
    if (!open) return wrong(c, "a value is used outside of its loop");
  }
  return true;
}

static bool check_define(Check *c, const LoopInstr *i) {
  if (i->out == 0 || i->out >= c->p->values.n || c->defined[i->out]) return wrong(c, "a value is defined twice or has no number");
  if (c->p->values.v[i->out] != i->dtype) return wrong(c, "a value's dtype is not what the program says");
  c->defined[i->out] = c->at + 1;
  c->block[i->out] = current_block(c);
  c->class[i->out] = i->kind == LOOP_FOLD_NEW ? ACCUMULATOR : i->kind == LOOP_VAR ? VARIABLE : i->kind == LOOP_OFFSET ? OFFSET : ELEMENT;
  return true;
}

/* Least and greatest value of the affine form; false when it overflows. */
static bool affine_range(const Check *c, const LoopAccess *a, int64_t *least, int64_t *most) {
  *least = *most = a->offset;
  for (int k = 0; k < LOOP_DEPTH; k++) {
    if (k >= c->depth) {
      if (a->stride[k] != 0) return wrong(c, "an access uses a loop that is not open");
      continue;
    }
    int64_t last;
    if (__builtin_mul_overflow(a->stride[k], c->extent[k] - 1, &last) ||
        __builtin_add_overflow(last < 0 ? *least : *most, last, last < 0 ? least : most))
      return wrong(c, "the index of an access overflows");
  }
  if (a->dynamic == 0) return true;
  if (!check_use(c, a->dynamic, OFFSET)) return false;
  return !__builtin_add_overflow(*most, c->reach[a->dynamic], most) || wrong(c, "the index of an access overflows");
}

/* Clamped by construction; must fit 32 bits. */
static bool check_offset(Check *c, const LoopInstr *i) {
  int64_t reach;
  if ((i->in[0] && !check_use(c, i->in[0], OFFSET)) || !check_use(c, i->in[1], ELEMENT)) return false;
  if (i->dtype != CX_I32 || i->most < 0 || i->scale < 0 || __builtin_mul_overflow(i->most, i->scale, &reach)) return wrong(c, "an offset is out of range");
  char kind = cx_dtype_kind(c->p->values.v[i->in[1]]);
  if (kind != 'i' && kind != 'u') return wrong(c, "an offset takes an integer");
  if (i->in[0] && __builtin_add_overflow(reach, c->reach[i->in[0]], &reach)) return wrong(c, "an offset is out of range");
  if (reach > INT32_MAX || !check_define(c, i)) return wrong(c, "an offset is out of range");
  c->reach[i->out] = reach;
  return true;
}

/* In a shared program an access to what it writes stays within the turn's own part. */
static bool check_own_part(const Check *c, const LoopAccess *a) {
  LoopAccess rest = *a;
  int64_t least, most;
  rest.stride[0] = 0;
  if (!affine_range(c, &rest, &least, &most)) return false;
  return (least >= 0 && most < a->stride[0]) || wrong(c, "a turn of a shared loop leaves its part of a buffer");
}

static bool check_access(const Check *c, const LoopInstr *i) {
  int64_t least, most;
  if (!i->access || i->access->buffer >= c->p->buffers.n) return wrong(c, "an access has no buffer");
  const LoopBuffer *b = &c->p->buffers.v[i->access->buffer];
  if (b->dtype != i->dtype) return wrong(c, "an access has another dtype than its buffer");
  if (!affine_range(c, i->access, &least, &most)) return false;
  for (int k = 0; k < c->depth; k++)
    if (c->extent[k] == 0) return true; /* never runs */
  if (least < 0 || most >= b->count) return wrong(c, "an access may be out of its buffer's bounds");
  return !c->p->shared || b->where == LOOP_SCRATCH || !b->written || c->extent[0] == 1 || check_own_part(c, i->access);
}

/* In one loop, a buffer that is stored to may be read only at the very element that the same turn stores. */
static bool same_access(const LoopAccess *a, const LoopAccess *b) {
  bool same = a->offset == b->offset && a->dynamic == b->dynamic;
  for (int k = 0; k < LOOP_DEPTH; k++) same &= a->stride[k] == b->stride[k];
  return same;
}

static bool check_loop_accesses(Check *c, uint32_t from, uint32_t to) {
  const LoopProgram *p = c->p;
  bool ok = true;
  for (uint32_t i = from; i < to; i++) {
    const LoopInstr *q = &p->code.v[i];
    if (q->kind != LOOP_STORE) continue;
    uint32_t *first = &c->written[q->access->buffer];
    c->at = i;
    if (*first && !same_access(p->code.v[*first - 1].access, q->access)) ok = wrong(c, "two stores of a loop go to one buffer");
    if (c->depth > 0 && q->access->stride[c->depth - 1] == 0 && c->extent[c->depth - 1] > 1) ok = wrong(c, "turns of a vector loop store to one element");
    *first = i + 1;
  }
  for (uint32_t i = from; i < to; i++) {
    const LoopInstr *q = &p->code.v[i];
    if (q->kind != LOOP_LOAD || !c->written[q->access->buffer]) continue;
    c->at = i;
    if (!same_access(p->code.v[c->written[q->access->buffer] - 1].access, q->access)) ok = wrong(c, "a loop reads what another of its turns writes");
  }
  for (uint32_t i = from; i < to; i++)
    if (p->code.v[i].kind == LOOP_STORE) c->written[p->code.v[i].access->buffer] = 0;
  return ok;
}

static bool check_open(Check *c) {
  if (c->blocks == LOOP_BLOCKS) return wrong(c, "blocks nest too deep");
  c->opened[c->blocks++] = c->at;
  return true;
}

static bool check_for(Check *c, const LoopInstr *i) {
  if (c->depth == LOOP_DEPTH) return wrong(c, "loops nest too deep");
  if (i->extent < 1) return wrong(c, "a loop has no turns");
  c->extent[c->depth++] = i->extent;
  return check_open(c);
}

static bool check_do(const Check *c, const LoopInstr *i) {
  if (c->blocks == 0 || c->p->code.v[c->opened[c->blocks - 1]].kind != LOOP_WHILE) return wrong(c, "DO without WHILE");
  return check_use(c, i->in[0], ELEMENT) && (c->p->values.v[i->in[0]] == CX_BOOL || wrong(c, "a condition is no bool"));
}

/* What one way defines, the other does not see. */
static bool check_else(Check *c) {
  if (c->blocks == 0 || c->p->code.v[c->opened[c->blocks - 1]].kind != LOOP_IF) return wrong(c, "ELSE without IF");
  c->opened[c->blocks - 1] = c->at;
  return true;
}

static bool check_if(Check *c, const LoopInstr *i) {
  if (!check_use(c, i->in[0], ELEMENT)) return false;
  return c->p->values.v[i->in[0]] == CX_BOOL ? check_open(c) : wrong(c, "a condition is no bool");
}

/* A vector loop has independent turns: no variables, no inner blocks. */
static bool check_vector_loop(Check *c, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; i++)
    if (c->p->code.v[i].kind == LOOP_SET) return wrong(c, "a vector loop sets a variable");
  return check_loop_accesses(c, from, to);
}

static bool check_end(Check *c) {
  if (c->blocks == 0) return wrong(c, "END without FOR or WHILE");
  uint32_t start = c->opened[c->blocks - 1], end = c->at;
  bool is_for = c->p->code.v[start].kind == LOOP_FOR, innermost = is_for && !c->p->code.v[start].serial;
  for (uint32_t i = end; i-- > start + 1 && innermost;) innermost = c->p->code.v[i].kind != LOOP_END;
  if (innermost && !check_vector_loop(c, start + 1, end)) return false;
  c->at = end;
  c->depth -= is_for;
  c->blocks--;
  return true;
}

static bool check_set(const Check *c, const LoopInstr *i) {
  return check_use(c, i->in[0], VARIABLE) && check_use(c, i->in[1], ELEMENT) &&
         (c->p->values.v[i->in[0]] == c->p->values.v[i->in[1]] || wrong(c, "a variable is set to another dtype"));
}

static bool check_instr(Check *c, const LoopInstr *i) {
  switch (i->kind) {
    case LOOP_FOR: return check_for(c, i);
    case LOOP_WHILE: return check_open(c);
    case LOOP_DO: return check_do(c, i);
    case LOOP_IF: return check_if(c, i);
    case LOOP_ELSE: return check_else(c);
    case LOOP_END: return check_end(c);
    case LOOP_VAR: return check_use(c, i->in[0], ELEMENT) && check_define(c, i);
    case LOOP_GET: return check_use(c, i->in[0], VARIABLE) && check_define(c, i);
    case LOOP_SET: return check_set(c, i);
    case LOOP_LOAD: return check_access(c, i) && check_define(c, i);
    case LOOP_STORE:
      if (!check_access(c, i) || !check_use(c, i->in[0], ELEMENT)) return false;
      if (c->p->values.v[i->in[0]] != i->dtype) return wrong(c, "a store's value has another dtype");
      return c->p->buffers.v[i->access->buffer].written || wrong(c, "a store goes to a buffer that is not marked as written");
    case LOOP_CONST: return check_define(c, i);
    case LOOP_INDEX: {
      int64_t least, most;
      return affine_range(c, i->access, &least, &most) && check_define(c, i);
    }
    case LOOP_OFFSET: return check_offset(c, i);
    case LOOP_APPLY:
    case LOOP_MERGE:
      if (i->nin > LOOP_OPERANDS) return wrong(c, "too many operands");
      for (uint32_t k = 0; k < i->nin; k++)
        if (!check_use(c, i->in[k], ELEMENT)) return false;
      return check_define(c, i);
    case LOOP_FOLD_NEW: return check_define(c, i);
    case LOOP_FOLD:
      if (!check_use(c, i->in[0], ACCUMULATOR) || !check_use(c, i->in[1], ELEMENT)) return false;
      return c->p->values.v[i->in[0]] == c->p->values.v[i->in[1]] || wrong(c, "a fold takes another dtype");
    case LOOP_FOLD_END: return check_use(c, i->in[0], ACCUMULATOR) && check_define(c, i);
  }
  return wrong(c, "unknown instruction");
}

/* Scratch buffers lie in the scratch memory, one after the other. */
static bool check_buffers(Check *c) {
  int64_t end = 0;
  for (uint32_t i = 0; i < c->p->buffers.n; i++) {
    const LoopBuffer *b = &c->p->buffers.v[i];
    int64_t bytes;
    if (b->count < 0 || __builtin_mul_overflow(b->count, (int64_t)cx_dtype_bytes(b->dtype), &bytes)) return wrong(c, "a buffer is too large");
    if (b->where != LOOP_SCRATCH) continue;
    if (b->offset < end || __builtin_add_overflow(b->offset, bytes, &end) || end > c->p->scratch) return wrong(c, "scratch buffers overlap");
  }
  return true;
}

/* A shared program is one FOR; its turns may store to no element twice, and read nothing that it stores but the same turn's own elements. */
static bool check_shared(Check *c) {
  const LoopProgram *p = c->p;
  if (p->code.n < 2 || p->code.v[0].kind != LOOP_FOR) return wrong(c, "a shared program is not one loop");
  int64_t extent = p->code.v[0].extent;
  for (uint32_t i = 1, blocks = 1; i < p->code.n; i++) {
    const LoopInstr *q = &p->code.v[i];
    c->at = i;
    if (blocks == 0) return wrong(c, "a shared program goes on after its loop");
    blocks += (q->kind == LOOP_FOR || q->kind == LOOP_WHILE || q->kind == LOOP_IF);
    blocks -= q->kind == LOOP_END;
    if ((q->kind != LOOP_STORE && q->kind != LOOP_LOAD) || extent == 1) continue;
    const LoopBuffer *b = &p->buffers.v[q->access->buffer];
    if (b->where == LOOP_SCRATCH || !b->written) continue; /* every thread has scratch of its own */
    if (q->access->dynamic) return wrong(c, "a shared loop stores where data says");
    int64_t *part = &c->part[q->access->buffer];
    if (*part == 0) *part = q->access->stride[0];
    if (q->access->stride[0] < 1 || *part != q->access->stride[0]) return wrong(c, "turns of a shared loop touch one another's elements");
  }
  return true;
}

bool loop_check(const LoopProgram *p) {
  Check c = {.p = p};
  size_t n = (size_t)p->values.n + 1;
  c.defined = cx_calloc(n, sizeof *c.defined);
  c.block = cx_calloc(n, sizeof *c.block);
  c.class = cx_calloc(n, sizeof *c.class);
  c.reach = cx_calloc(n, sizeof *c.reach);
  c.part = cx_calloc((size_t)p->buffers.n + 1, sizeof *c.part);
  c.written = cx_calloc((size_t)p->buffers.n + 1, sizeof *c.written);
  bool ok = c.defined && c.block && c.class && c.reach && c.part && c.written && check_buffers(&c);
  for (uint32_t i = 0; ok && i < p->code.n; i++) {
    c.at = i;
    ok = check_instr(&c, &p->code.v[i]);
  }
  if (ok && c.blocks != 0) ok = wrong(&c, "a loop is not closed");
  if (ok && p->shared) ok = check_shared(&c);
  cx_free(c.defined);
  cx_free(c.block);
  cx_free(c.class);
  cx_free(c.reach);
  cx_free(c.part);
  cx_free(c.written);
  return ok;
}
