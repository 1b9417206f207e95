/* See select.h. An innermost loop becomes a vector loop: as many lanes as the widest type in it allows, the last turn cut by the emitter. A loop
 * with an ordered fold takes 8 elements a turn (in two parts where 8 lanes of the widest type do not fit a register), since 8 lanes are what
 * kernels/reduce.h fixes. */
#include "compile/select.h"

#include "base/error.h"
#include "compile/element.h"
#include "kernels/convert.h"

enum { ORDERED_LANES = 8, PARTS = 2, LONG = 1024 };

typedef struct Held {
  UopVal part[PARTS]; /* vectors in the loop they belong to, else one lane in part[0] */
  uint32_t loop;      /* the vector loop's number; 0: one lane */
  const LoopInstr *constant;
  UopVal spread;      /* a one-lane value in all lanes of loop `spread_loop` */
  uint32_t spread_loop;
} Held;

typedef struct Fold {
  CxOpcode op;
  CxDtype dtype;
  unsigned lanes, parts; /* 0: not open */
  UopVal variable[PARTS];
} Fold;

typedef struct Select {
  const LoopProgram *p;
  UopCode *c;
  Slots *slots;
  uint32_t *first;     /* by buffer: its first slot */
  uint32_t stop;       /* the slot of the word that stops loops, or 0 */
  bool near;           /* short forms of functions, which tell in `beyond` where they do not hold */
  UopVal beyond;
  Held *held;
  Fold *fold;          /* by value: accumulators */
  int depth;           /* open loops */
  uint32_t loops;      /* vector loops so far */
  uint32_t loop;       /* the open vector loop, or 0 */
  unsigned lanes;      /* of the open vector loop; 1 outside */
  unsigned part, parts;
  unsigned fold_part;  /* the accumulator of part 0 */
  int64_t start;       /* of the open vector loop, in elements */
} Select;

/* ---- the shape of a vector loop ---- */

typedef struct Shape {
  uint32_t end; /* index of its END */
  bool innermost, ordered;
  unsigned widest;
} Shape;

static bool ordered_fold(const LoopInstr *i) {
  return (i->op == CX_OP_REDUCE_SUM || i->op == CX_OP_REDUCE_PROD) && cx_dtype_kind(i->dtype) == 'f';
}

static const LoopInstr *definition(const LoopProgram *p, const uint32_t *at, LoopValue v) { return &p->code.v[at[v]]; }

static void widen(Shape *s, CxDtype d) {
  if (d != CX_BOOL && element_size(d) > s->widest) s->widest = element_size(d);
}

static Shape loop_shape(const LoopProgram *p, const uint32_t *at, uint32_t start) {
  Shape s = {.innermost = true, .widest = 4};
  for (uint32_t i = start + 1;; i++) {
    const LoopInstr *q = &p->code.v[i];
    if (q->kind == LOOP_END) return s.end = i, s;
    if (q->kind == LOOP_FOR || q->kind == LOOP_WHILE || q->kind == LOOP_IF) return s.innermost = false, s;
    for (uint32_t k = 0; k < q->nin; k++) widen(&s, p->values.v[q->in[k]]);
    if (q->out) widen(&s, q->dtype);
    if (q->kind == LOOP_FOLD) s.ordered |= ordered_fold(definition(p, at, q->in[0]));
  }
}

static unsigned lanes_of(const Select *s, const Shape *shape) {
  unsigned most = uop_max_bytes(s->c->target) / shape->widest;
  if (most > UOP_MAX_LANES) most = UOP_MAX_LANES;
  return shape->ordered && most > ORDERED_LANES ? ORDERED_LANES : most;
}

/* Does every turn stay within the 64-byte padding of its buffers, stores included? */
static bool loop_padded(const Select *s, uint32_t start, const Shape *shape, unsigned lanes, int64_t extent) {
  if (s->depth != 0 || shape->ordered || s->p->shared) return false;
  for (uint32_t i = start + 1; i < shape->end; i++) {
    const LoopInstr *q = &s->p->code.v[i];
    if (q->kind == LOOP_FOLD || (q->kind == LOOP_APPLY && (q->op == CX_OP_SIN || q->op == CX_OP_COS || q->op == CX_OP_TAN))) return false;
    if (q->kind != LOOP_LOAD && q->kind != LOOP_STORE) continue;
    if (q->access->stride[0] == 0 && q->kind == LOOP_LOAD) continue;
    if (q->access->dynamic || q->access->stride[0] != 1 || q->access->offset != 0 || s->p->buffers.v[q->access->buffer].count != extent) return false;
    if (lanes * (unsigned)cx_dtype_bytes(q->dtype) > 64) return false;
  }
  return true;
}

/* ---- values ---- */

static UopVal constant(Select *s, const LoopInstr *i, unsigned lanes) {
  const uint8_t *bytes = (const uint8_t *)i->bits;
  uint64_t bits = i->bits[0];
  switch ((int)i->dtype) {
    case CX_BOOL: return uop_const(s->c, 4, lanes, bytes[0] ? ~UINT64_C(0) : 0);
    case CX_I8: return uop_i32(s->c, lanes, (int8_t)bytes[0]);
    case CX_I16: return uop_i32(s->c, lanes, (int16_t)(uint16_t)bits);
    case CX_F16: return uop_f32(s->c, lanes, cx_half_to_float((uint16_t)bits));
    case CX_BF16: return uop_f32(s->c, lanes, cx_bfloat_to_float((uint16_t)bits));
    default: return uop_const(s->c, element_size(i->dtype), lanes, bits);
  }
}

static UopVal value_of(Select *s, LoopValue v) {
  Held *h = &s->held[v];
  if (h->constant) return constant(s, h->constant, s->lanes);
  if (!s->loop) return h->part[0];
  if (h->loop == s->loop) return h->part[s->part];
  return h->spread_loop == s->loop ? h->spread : uop_splat(s->c, h->part[0], s->lanes);
}

static void value_define(Select *s, LoopValue v, UopVal x) {
  s->held[v].part[s->part] = x;
  s->held[v].loop = s->loop;
}

static void spread_one(Select *s, LoopValue v, unsigned lanes, uint32_t loop) {
  Held *h = &s->held[v];
  if (h->constant || !h->part[0] || h->loop || h->spread_loop == loop || s->fold[v].lanes) return;
  h->spread = uop_splat(s->c, h->part[0], lanes);
  h->spread_loop = loop;
}

/* Values of one lane that a vector loop uses are spread before it. */
static void spread_before(Select *s, uint32_t start, uint32_t end, unsigned lanes, uint32_t loop) {
  for (uint32_t i = start + 1; i < end; i++) {
    const LoopInstr *q = &s->p->code.v[i];
    for (uint32_t k = 0; k < q->nin; k++) spread_one(s, q->in[k], lanes, loop);
    if (q->access && q->access->dynamic) spread_one(s, q->access->dynamic, lanes, loop);
  }
}

/* ---- instructions ---- */

static uint32_t slot_of(Select *s, uint32_t buffer, int64_t step) {
  if (!s->p->shared) step = 0;
  for (uint32_t k = s->first[buffer]; k != 0; k = s->slots->v[k].next)
    if (s->slots->v[k].step == step) return k;
  if (!vec_push(s->slots, ((Slot){buffer, s->first[buffer], step}))) return s->c->failed = true, 0;
  return s->first[buffer] = s->slots->n - 1;
}

static UopPtr address(Select *s, const LoopAccess *a, CxDtype dtype) {
  int64_t bytes = cx_dtype_bytes(dtype), stride[LOOP_DEPTH], offset = a->offset, lane = 0;
  for (int k = 0; k < s->depth; k++) stride[k] = a->stride[k] * bytes;
  if (s->loop) {
    offset += a->stride[s->depth - 1] * (s->start + (int64_t)s->part * s->lanes);
    lane = stride[s->depth - 1];
  }
  return uop_mem(s->c, slot_of(s, a->buffer, s->depth > 0 ? stride[0] : 0), offset * bytes, lane, (unsigned)s->depth, stride);
}

static UopVal select_index(Select *s, const LoopInstr *i) {
  const LoopAccess *a = i->access;
  unsigned size = element_size(i->dtype);
  int64_t offset = a->offset;
  if (s->loop) offset += a->stride[s->depth - 1] * (s->start + (int64_t)s->part * s->lanes);
  UopVal x = uop_const(s->c, size, s->lanes, (uint64_t)offset);
  if (s->p->shared && a->stride[0] != 0) {
    UopVal turn = uop_load(s->c, 8, s->lanes, UOP_I64, uop_mem(s->c, 0, 0, 0, 0, NULL));
    if (size == 4) turn = uop_trunc(s->c, turn);
    x = uop_iadd(s->c, x, uop_imul(s->c, turn, uop_const(s->c, size, s->lanes, (uint64_t)a->stride[0])));
  }
  for (int k = 0; k < s->depth; k++) {
    if (a->stride[k] == 0) continue;
    UopVal counter = uop_index(s->c, size, s->lanes, (unsigned)k);
    if (a->stride[k] != 1) counter = uop_imul(s->c, counter, uop_const(s->c, size, s->lanes, (uint64_t)a->stride[k]));
    x = uop_iadd(s->c, x, counter);
  }
  Element e = {x, size == 8 ? CX_I64 : CX_I32};
  return element_apply(s->c, CX_OP_CONVERT_ELEMENT_TYPE, NULL, i->dtype, 1, &e, NULL);
}

/* clamp(index, 0, most) * scale, in 32 bits: what is clamped fits. */
static UopVal select_offset(Select *s, const LoopInstr *i) {
  CxDtype d = s->p->values.v[i->in[1]];
  UopVal x = value_of(s, i->in[1]);
  unsigned size = element_size(d), lanes = s->lanes;
  UopVal most = uop_const(s->c, size, lanes, (uint64_t)i->most);
  if (cx_dtype_kind(d) == 'i') {
    UopVal zero = uop_const(s->c, size, lanes, 0);
    x = uop_select(s->c, uop_icmp(s->c, UOP_ILT, x, zero), zero, x);
  }
  x = uop_select(s->c, uop_icmp(s->c, UOP_UGT, x, most), most, x);
  if (size == 8) x = uop_trunc(s->c, x);
  if (i->scale != 1) x = uop_imul(s->c, x, uop_const(s->c, 4, lanes, (uint64_t)i->scale));
  return i->in[0] ? uop_iadd(s->c, x, value_of(s, i->in[0])) : x;
}

/* Lanes of a load at base + dynamic offset: the affine part is the memory operand's, but for the lanes. */
static UopVal dynamic_index(Select *s, const LoopAccess *a) {
  UopVal x = value_of(s, a->dynamic);
  int64_t step = s->loop ? a->stride[s->depth - 1] : 0;
  if (step == 0) return x;
  UopVal lane = uop_index(s->c, 4, s->lanes, (unsigned)s->depth - 1);
  if (step != 1) lane = uop_imul(s->c, lane, uop_const(s->c, 4, s->lanes, (uint64_t)step));
  return uop_iadd(s->c, x, lane);
}

static UopPtr address(Select *s, const LoopAccess *a, CxDtype dtype);

static UopPtr dynamic_base(Select *s, const LoopAccess *a, CxDtype dtype) {
  LoopAccess base = *a;
  if (s->loop) {
    base.offset += base.stride[s->depth - 1] * (s->start + (int64_t)s->part * s->lanes);
    base.stride[s->depth - 1] = 0;
  }
  return address(s, &base, dtype);
}

/* A step of 0 or 1 from lane to lane: one access at a base that data decides. */
static bool dynamic_even(const Select *s, const LoopAccess *a) {
  int64_t step = s->loop ? a->stride[s->depth - 1] : 0;
  return step == 0 || step == 1;
}

static UopVal select_load(Select *s, const LoopInstr *i) {
  unsigned size = element_size(i->dtype);
  if (!i->access->dynamic) return uop_load(s->c, size, s->lanes, element_memory(i->dtype), address(s, i->access, i->dtype));
  if (dynamic_even(s, i->access))
    return uop_load_at(s->c, size, s->lanes, element_memory(i->dtype), address(s, i->access, i->dtype), s->held[i->access->dynamic].part[0]);
  return uop_gather(s->c, size, element_memory(i->dtype), dynamic_base(s, i->access, i->dtype), dynamic_index(s, i->access));
}

static void select_store(Select *s, const LoopInstr *i) {
  UopVal x = value_of(s, i->in[0]);
  if (!i->access->dynamic) uop_store(s->c, element_memory(i->dtype), address(s, i->access, i->dtype), x);
  else if (dynamic_even(s, i->access)) uop_store_at(s->c, element_memory(i->dtype), address(s, i->access, i->dtype), x, s->held[i->access->dynamic].part[0]);
  else uop_scatter(s->c, element_memory(i->dtype), dynamic_base(s, i->access, i->dtype), dynamic_index(s, i->access), x, 0);
}

static void check_beyond(Select *s) {
  if (s->beyond) uop_return_if(s->c, s->beyond, STATUS_FAR);
  s->beyond = 0;
}

static UopVal select_apply(Select *s, const LoopInstr *i) {
  Element in[LOOP_OPERANDS];
  for (uint32_t k = 0; k < i->nin; k++) in[k] = (Element){value_of(s, i->in[k]), s->p->values.v[i->in[k]]};
  UopVal x = element_apply(s->c, i->op, i->attrs, i->dtype, i->nin, in, s->near ? &s->beyond : NULL);
  if (!s->loop) check_beyond(s);
  return x;
}

static void fold_take(Select *s, const LoopInstr *i) {
  const Fold *f = &s->fold[i->in[0]];
  UopVal variable = f->variable[s->fold_part + s->part];
  uop_set(s->c, variable, element_combine(s->c, f->op, f->dtype, variable, value_of(s, i->in[1])));
}

/* ((0+4)+(2+6)) + ((1+5)+(3+7)), halving. */
static UopVal fold_lanes(Select *s, const Fold *f) {
  UopVal x = uop_get(s->c, f->variable[0]);
  if (f->parts == 2) x = element_combine(s->c, f->op, f->dtype, x, uop_get(s->c, f->variable[1]));
  for (unsigned n = f->lanes; n > 1; n /= 2)
    x = element_combine(s->c, f->op, f->dtype, uop_half(s->c, x, 0), uop_half(s->c, x, 1));
  return x;
}

static void select_set(Select *s, const LoopInstr *i) {
  UopVal variable = s->held[i->in[0]].part[0], x = value_of(s, i->in[1]);
  uop_set(s->c, variable, i->dtype == CX_BOOL || uop_size(s->c, x) != uop_size(s->c, variable) ? element_mask(s->c, x, uop_size(s->c, variable)) : x);
}

static void select_one(Select *s, const LoopInstr *i) {
  switch (i->kind) {
    case LOOP_LOAD: value_define(s, i->out, select_load(s, i)); break;
    case LOOP_STORE: select_store(s, i); break;
    case LOOP_OFFSET: value_define(s, i->out, select_offset(s, i)); break;
    case LOOP_CONST: s->held[i->out].constant = i; break;
    case LOOP_INDEX: value_define(s, i->out, select_index(s, i)); break;
    case LOOP_APPLY: value_define(s, i->out, select_apply(s, i)); break;
    case LOOP_FOLD: fold_take(s, i); break;
    case LOOP_FOLD_END: value_define(s, i->out, fold_lanes(s, &s->fold[i->in[0]])); break;
    case LOOP_MERGE: value_define(s, i->out, element_combine(s->c, i->op, i->dtype, value_of(s, i->in[0]), value_of(s, i->in[1]))); break;
    case LOOP_VAR: s->held[i->out].part[0] = uop_var(s->c, value_of(s, i->in[0])); break;
    case LOOP_GET: value_define(s, i->out, uop_get(s->c, s->held[i->in[0]].part[0])); break;
    case LOOP_SET: select_set(s, i); break;
    default: break; /* FOLD_NEW: at the loop that uses it */
  }
}

/* ---- loops ---- */

static void folds_open(Select *s, const uint32_t *at, uint32_t start, uint32_t end, unsigned lanes, unsigned parts) {
  for (uint32_t i = start + 1; i < end; i++) {
    const LoopInstr *q = &s->p->code.v[i];
    if (q->kind != LOOP_FOLD || s->fold[q->in[0]].lanes) continue;
    const LoopInstr *d = definition(s->p, at, q->in[0]);
    Fold *f = &s->fold[q->in[0]];
    *f = (Fold){.op = d->op, .dtype = d->dtype, .lanes = lanes, .parts = parts};
    for (unsigned k = 0; k < parts; k++) f->variable[k] = uop_var(s->c, element_identity(s->c, d->op, d->dtype, lanes));
  }
}

static void body(Select *s, uint32_t start, uint32_t end) {
  for (uint32_t i = start + 1; i < end; i++)
    for (s->part = 0; s->part < s->parts; s->part++) select_one(s, &s->p->code.v[i]);
  s->part = 0;
  check_beyond(s);
}

/* The outermost loop of a shared program runs as many turns as its share says. */
static void loop_open(Select *s, int64_t count, unsigned step, unsigned flags) {
  if (s->depth > 0 || !s->p->shared) uop_loop(s->c, count, step, flags);
  else uop_loop_dynamic(s->c, uop_load(s->c, 8, 1, UOP_I64, uop_mem(s->c, 0, 8, 0, 0, NULL)), step, flags);
}

/* One vector loop over `count` elements from `first`. */
static void vector_loop(Select *s, uint32_t start, const Shape *shape, int64_t first, int64_t count, unsigned parts, unsigned flags) {
  s->start = first;
  s->parts = parts;
  loop_open(s, count, s->lanes * parts, flags);
  s->depth++;
  body(s, start, shape->end);
  s->depth--;
  uop_end(s->c);
}

/* 8 elements a turn in two parts; what is left fills the first part and then the second. */
static void loop_in_parts(Select *s, uint32_t start, const Shape *shape, int64_t extent) {
  int64_t rest = extent % ORDERED_LANES, at = extent - rest;
  if (at > 0) vector_loop(s, start, shape, 0, at, PARTS, 0);
  for (s->fold_part = 0; rest > 0; s->fold_part++, at += s->lanes, rest -= s->lanes)
    vector_loop(s, start, shape, at, rest < s->lanes ? rest : s->lanes, 1, 0);
  s->fold_part = 0;
}

static void select_vector_loop(Select *s, const uint32_t *at, uint32_t start, const Shape *shape) {
  int64_t extent = s->p->code.v[start].extent;
  unsigned lanes = lanes_of(s, shape), parts = shape->ordered ? ORDERED_LANES / lanes : 1;
  folds_open(s, at, start, shape->end, lanes, parts);
  spread_before(s, start, shape->end, lanes, ++s->loops);
  s->loop = s->loops;
  s->lanes = lanes;
  if (parts == 1) vector_loop(s, start, shape, 0, extent, 1, loop_padded(s, start, shape, lanes, extent) ? UOP_PADDED : 0);
  else loop_in_parts(s, start, shape, extent);
  s->loop = 0;
  s->lanes = s->parts = 1;
  s->start = 0;
}

/* Long loops ask at every turn whether to stop. */
static void select_poll(Select *s) {
  if (!s->stop) {
    if (!vec_push(s->slots, ((Slot){SLOT_STOP, 0, 0}))) s->c->failed = true;
    s->stop = s->slots->n - 1;
  }
  uop_poll(s->c, s->stop);
}

static void select_for(Select *s, int64_t extent) {
  loop_open(s, extent, 1, 0);
  s->depth++;
}

static void select_all(Select *s, const uint32_t *at) {
  bool is_for[LOOP_BLOCKS] = {0};
  int blocks = 0;
  for (uint32_t i = 0; i < s->p->code.n && !s->c->failed; i++) {
    const LoopInstr *q = &s->p->code.v[i];
    switch (q->kind) {
      case LOOP_FOR: {
        Shape shape = loop_shape(s->p, at, i);
        if (shape.innermost && !q->serial) {
          select_vector_loop(s, at, i, &shape);
          i = shape.end;
          break;
        }
        is_for[blocks++] = true;
        select_for(s, q->extent);
        if (q->serial && q->extent >= LONG) select_poll(s);
        break;
      }
      case LOOP_WHILE:
        is_for[blocks++] = false;
        uop_while(s->c);
        select_poll(s);
        break;
      case LOOP_DO: uop_do(s->c, value_of(s, q->in[0])); break;
      case LOOP_IF:
        is_for[blocks++] = false;
        uop_if(s->c, value_of(s, q->in[0]));
        break;
      case LOOP_ELSE: uop_else(s->c); break;
      case LOOP_END:
        uop_end(s->c);
        s->depth -= is_for[--blocks];
        break;
      case LOOP_FOLD_NEW: s->fold[q->out] = (Fold){0}; break; /* each turn of an outer loop starts anew */
      default: select_one(s, q);
    }
  }
}

bool select_program(const LoopProgram *p, EmitTarget target, bool near, UopCode *out, Slots *slots) {
  if (!uop_begin(out, target) || !vec_push(slots, (Slot){0})) return false;
  Select s = {.p = p, .c = out, .slots = slots, .lanes = 1, .parts = 1, .near = near};
  s.first = cx_calloc((size_t)p->buffers.n + 1, sizeof *s.first);
  uint32_t *at = cx_calloc(p->values.n, sizeof *at);
  s.held = cx_calloc(p->values.n, sizeof *s.held);
  s.fold = cx_calloc(p->values.n, sizeof *s.fold);
  bool ok = at && s.held && s.fold && s.first;
  for (uint32_t i = 0; ok && i < p->code.n; i++)
    if (p->code.v[i].out) at[p->code.v[i].out] = i;
  if (ok) select_all(&s, at);
  cx_free(at);
  cx_free(s.first);
  cx_free(s.held);
  cx_free(s.fold);
  return ok && !out->failed;
}
