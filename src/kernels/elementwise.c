/* See elementwise.h. Finds the loop for an op and a dtype, then feeds it: in one call when everything is dense, else a block
 * at a time with strided operands packed, narrow ones widened and constant ones filled once. */
#include "kernels/elementwise.h"
#include "base/alloc.h"
#include "kernels/convert.h"
#include "kernels/cursor.h"
#include "kernels/loop.h"
#include <cuirax/error.h>
#include <string.h>

enum { BLOCK_BYTES = CURSOR_BLOCK * 16, SPAN_WORTH_IT = 128 };

const LoopTable *loops_best(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &loops_avx512;
  if (__builtin_cpu_supports("avx2")) return &loops_avx2;
#endif
  return &loops_base;
}

static const LoopTable *formulas_best(void) {
#if defined(__x86_64__)
  if (loops_best() == &loops_avx512) return &formulas_avx512;
  if (loops_best() == &loops_avx2 && __builtin_cpu_supports("fma")) return &formulas_avx2;
#endif
  return &formulas_base;
}

static LoopFn loop_find(CxOpcode op, CxDtype d) {
  const LoopTable *const tables[] = {loops_best(), formulas_best(), &loops_math};
  LoopFn fn = NULL;
  for (int i = 0; !fn && i < 3; i++) fn = tables[i]->fn[op - LOOP_FIRST][d];
  return fn;
}

/* One operand on its way into a loop. */
typedef struct Feed {
  Cursor cursor;
  CxDtype from, to;  /* as stored; as the loop takes it */
  const void *fixed; /* a constant operand, ready once */
  CxDtype bits;      /* the sub-byte type in whose bits the operand must be read, or none */
} Feed;

typedef struct Buffers {
  _Alignas(64) char packed[BLOCK_BYTES], ready[BLOCK_BYTES];
} Buffers;

static const void *feed_read(Feed *f, int64_t n, Buffers *b) {
  if (f->fixed) return f->fixed;
  const void *p = cursor_read(&f->cursor, n, b->packed);
  if (f->bits) {
    nibble_wrap(f->bits, n, p, b->ready);
    return b->ready;
  }
  if (f->from == f->to || cx_dtype_bytes(f->from) == 0) return p;
  convert_run(f->from, f->to, n, p, b->ready);
  return b->ready;
}

static bool cursor_constant(const Cursor *c) { return !c->dense && c->rank == 1 && c->strides[0] == 0; }

static bool feed_init(Feed *f, const CxView *v, CxDtype to, CxDtype bits) {
  f->from = v->dtype;
  f->to = to;
  f->fixed = NULL;
  f->bits = bits;
  return cursor_init(&f->cursor, v);
}

/* Elements in the next block: as many as strided operands with long runs let through without packing. */
static int64_t block_size(const Feed *feeds, int nin, const Cursor *out, int64_t left) {
  int64_t n = left < CURSOR_BLOCK ? left : CURSOR_BLOCK;
  for (int i = 0; i <= nin; i++) {
    int64_t span = cursor_span(i < nin ? &feeds[i].cursor : out);
    if (span >= SPAN_WORTH_IT && span < n) n = span;
  }
  return n;
}

/* What a loop's result needs before it is the op's: narrowing or wrapping. */
typedef struct Result {
  Cursor cursor;
  CxDtype dtype;
  bool narrow, nibble;
  int excess; /* subtracted from each byte: clz of a sub-byte type counted in 8 bits */
} Result;

static void result_finish(const Result *r, int64_t n, void *computed, void *target) {
  if (r->narrow) float_to_narrow(r->dtype, n, computed, target);
  for (int64_t i = 0; r->excess != 0 && i < n; i++) ((uint8_t *)target)[i] = (uint8_t)(((uint8_t *)target)[i] - r->excess);
  if (r->nibble) nibble_wrap(r->dtype, n, target, target);
}

static void run_blocks(LoopFn fn, Loop *l, Feed *feeds, int nin, Result *r, int64_t left) {
  Buffers buffers[3];
  _Alignas(64) char packed[BLOCK_BYTES], computed[CURSOR_BLOCK * sizeof(float)];
  int64_t first = left < CURSOR_BLOCK ? left : CURSOR_BLOCK;
  for (int i = 0; i < nin; i++)
    if (cursor_constant(&feeds[i].cursor)) feeds[i].fixed = feed_read(&feeds[i], first, &buffers[i]);
  while (left > 0) {
    int64_t n = block_size(feeds, nin, &r->cursor, left);
    for (int i = 0; i < nin; i++) l->in[i] = feed_read(&feeds[i], n, &buffers[i]);
    void *target = cursor_target(&r->cursor, n, packed);
    l->n = n;
    l->out = r->narrow ? computed : target;
    fn(l);
    result_finish(r, n, computed, target);
    cursor_flush(&r->cursor, n, target);
    left -= n;
  }
}

/* What the loops for d compute in. */
static CxDtype loop_dtype(CxOpcode op, CxDtype d) {
  if (dtype_narrow(d)) return CX_F32;
  if (d == CX_U2 || d == CX_U4) return op == CX_OP_SHIFT_RIGHT_ARITHMETIC ? CX_I8 : CX_U8;
  if (d == CX_I2 || d == CX_I4) return op == CX_OP_SHIFT_RIGHT_LOGICAL ? CX_U8 : CX_I8;
  return d;
}

/* Ops on the bits of a sub-byte integer see only those it has, extended as the op asks. */
static CxDtype operand_bits(CxOpcode op, CxDtype d, int operand) {
  bool zero = op == CX_OP_POPULATION_COUNT || op == CX_OP_CLZ || (op == CX_OP_SHIFT_RIGHT_LOGICAL && operand == 0);
  bool sign = op == CX_OP_SHIFT_RIGHT_ARITHMETIC && operand == 0;
  if (zero) return d == CX_I2 ? CX_U2 : d == CX_I4 ? CX_U4 : CX_NO_DTYPE;
  if (sign) return d == CX_U2 ? CX_I2 : d == CX_U4 ? CX_I4 : CX_NO_DTYPE;
  return CX_NO_DTYPE;
}

static bool no_loop(CxOpcode op, CxDtype d) {
  static const char *const names[] = {
      "",
#define OP(id, name) name,
#include "ir/ops.def"
#undef OP
  };
  return cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s is not defined for operands of dtype %s; convert them first", names[op],
                 cx_dtype_name(d));
}

static bool view_constant(const CxView *v) {
  for (int i = 0; i < v->rank; i++)
    if (v->dims[i] != 1 && v->strides[i] != 0) return false;
  return true;
}

/* Everything dense, or constant and few: straight into the loop. */
static bool run_plain(LoopFn fn, const CxView *in, int nin, const CxView *out, CxDtype to, Loop *l) {
  _Alignas(64) char filled[3][CURSOR_BLOCK * 16];
  if (!view_dense(out)) return false;
  for (int i = 0; i < nin; i++) {
    l->in[i] = in[i].data;
    if (in[i].dtype != to) return false;
    if (view_dense(&in[i])) continue;
    if (l->n > CURSOR_BLOCK || !view_constant(&in[i])) return false;
    run_fill(l->n, cx_dtype_bytes(to), filled[i], in[i].data);
    l->in[i] = filled[i];
  }
  l->out = out->data;
  fn(l);
  return true;
}

static bool loop_apply(CxOpcode op, LoopFn fn, const CxView *in, int nin, const CxView *out, CxDtype to, Loop *l) {
  CxDtype d = in[0].dtype;
  int64_t count = view_count(out);
  if (count == 0) return true;
  bool nibble = dtype_nibble(out->dtype) && d == out->dtype, narrow = to != d && dtype_narrow(out->dtype);
  l->n = count;
  if (!nibble && !narrow && run_plain(fn, in, nin, out, to, l)) return true;
  Feed feeds[3];
  Result r = {.dtype = out->dtype, .narrow = narrow, .nibble = nibble};
  if (op == CX_OP_CLZ && nibble) r.excess = 8 - cx_dtype_bits(d);
  for (int i = 0; i < nin; i++)
    if (!feed_init(&feeds[i], &in[i], dtype_nibble(d) ? in[i].dtype : to, operand_bits(op, d, i))) return false;
  if (!cursor_init(&r.cursor, out)) return false;
  run_blocks(fn, l, feeds, nin, &r, count);
  return true;
}

/* ---- select_n ---- */

/* out[i] = cases[clamp(which[i], 0, ncases - 1)][i], one case a pass over a block. */
static void select_block(const CxView *in, Feed *feeds, int nin, int64_t n, char *out, Buffers *b, int32_t *which) {
  int cases = nin - 1;
  size_t size = (size_t)cx_dtype_bytes(in[1].dtype);
  convert_run(in[0].dtype, CX_I32, n, cursor_read(&feeds[0].cursor, n, b->packed), which);
  for (int64_t i = 0; i < n; i++) which[i] = which[i] < 0 ? 0 : which[i] >= cases ? cases - 1 : which[i];
  for (int k = 0; k < cases; k++) {
    const char *from = cursor_read(&feeds[k + 1].cursor, n, b->packed);
    for (int64_t i = 0; i < n; i++)
      if (which[i] == k) memcpy(out + (size_t)i * size, from + (size_t)i * size, size);
  }
}

static bool select_many(const CxView *in, int nin, const CxView *out, Feed *feeds) {
  Cursor target;
  for (int i = 0; i < nin; i++)
    if (!feed_init(&feeds[i], &in[i], in[i].dtype, CX_NO_DTYPE)) return false;
  if (!cursor_init(&target, out)) return false;
  Buffers b;
  int32_t which[CURSOR_BLOCK];
  for (int64_t left = view_count(out), n; left > 0; left -= n) {
    n = left < CURSOR_BLOCK ? left : CURSOR_BLOCK;
    select_block(in, feeds, nin, n, b.ready, &b, which);
    char *to = cursor_target(&target, n, b.ready);
    if (to != b.ready) memcpy(to, b.ready, (size_t)n * (size_t)target.size);
    cursor_flush(&target, n, to);
  }
  return true;
}

static bool kernel_select(const CxView *in, int nin, const CxView *out) {
  int size = cx_dtype_bytes(out->dtype);
  if (nin == 2) return kernel_convert(&in[1], out);
  if (nin == 3 && in[0].dtype == CX_BOOL && size <= 16) {
    LoopFn fn = loops_best()->select[size];
    if (!fn) return true; /* tokens have no bytes */
    Loop l = {0};
    Feed feeds[3];
    Result r = {.dtype = out->dtype};
    if (view_dense(&in[0]) && view_dense(&in[1]) && view_dense(&in[2]) && view_dense(out)) {
      fn(&(Loop){.n = view_count(out), .out = out->data, .in = {in[0].data, in[1].data, in[2].data}});
      return true;
    }
    for (int i = 0; i < 3; i++)
      if (!feed_init(&feeds[i], &in[i], in[i].dtype, CX_NO_DTYPE)) return false;
    if (!cursor_init(&r.cursor, out)) return false;
    run_blocks(fn, &l, feeds, 3, &r, view_count(out));
    return true;
  }
  Feed *feeds = cx_malloc((size_t)nin * sizeof *feeds);
  bool ok = feeds && select_many(in, nin, out, feeds);
  cx_free(feeds);
  return ok;
}

bool kernel_elementwise(CxOpcode op, const CxView *in, int nin, const CxView *out, int64_t p0, int64_t p1) {
  if (op == CX_OP_SELECT_N) return kernel_select(in, nin, out);
  if (op == CX_OP_CONVERT_ELEMENT_TYPE || op == CX_OP_COPY || op == CX_OP_STOP_GRADIENT || op == CX_OP_NAME)
    return kernel_convert(in, out);
  if ((int)op < (int)LOOP_FIRST || (int)op >= (int)LOOP_FIRST + (int)LOOP_COUNT || nin < 1 || nin > 3)
    return cx_fail(CX_ERR_INTERNAL, "op %d with %d operands is not elementwise", (int)op, nin);
  Loop l = {.p0 = p0, .p1 = p1};
  CxDtype d = in[0].dtype, to = d;
  LoopFn fn = loop_find(op, d);
  bool widens = op == CX_OP_CONJ || op == CX_OP_COMPLEX; /* there is no complex type for narrow floats */
  if (!fn && !widens) fn = loop_find(op, to = loop_dtype(op, d));
  return fn ? loop_apply(op, fn, in, nin, out, to, &l) : no_loop(op, d);
}

LoopFn kernel_elementwise_loop(CxOpcode op, CxDtype d, int nin) {
  int size = cx_dtype_bytes(d);
  if (op == CX_OP_SELECT_N) return nin == 3 && size <= 16 ? loops_best()->select[size] : NULL;
  bool known = (int)op >= (int)LOOP_FIRST && (int)op < (int)LOOP_FIRST + (int)LOOP_COUNT && nin >= 1 && nin <= 3;
  return known && !dtype_nibble(d) ? loop_find(op, d) : NULL;
}
