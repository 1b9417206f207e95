/* See reduce.h. A view is cut into groups of kept and reduced dims. Innermost reduced: each result folds runs ("rows").
 * Innermost kept: a tile of results folds row segments side by side ("columns"). Both give the same bits. */
#include "kernels/reduce.h"
#include "base/alloc.h"
#include "kernels/convert.h"
#include "kernels/cursor.h"
#include "kernels/reduce_table.h"
#include "runtime/pool.h"
#include <cuirax/error.h>
#include <string.h>

enum { TREE_LEVELS = 40, SEARCH_BLOCK = 2048, NARROW_TILE = 32, RESULT_BYTES = REDUCE_BYTES };

static const ReduceTable *reductions(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return &reductions_avx512;
  if (__builtin_cpu_supports("avx2")) return &reductions_avx2;
#endif
  return &reductions_base;
}

/* ---- the binary counter of block results ---- */

typedef struct Tree {
  const Fold *fold;
  size_t bytes; /* of a result */
  int64_t width, count;
  _Alignas(64) char slot[TREE_LEVELS][RESULT_BYTES];
} Tree;

static void tree_start(Tree *t, const Fold *fold, int64_t width, int item) {
  t->fold = fold;
  t->width = width;
  t->bytes = (size_t)width * (size_t)item;
  t->count = 0;
}

static void tree_push(Tree *t, const void *result) {
  int level = 0;
  for (int64_t n = t->count++; n & 1; n >>= 1, level++) {
    t->fold->merge(t->slot[level], result, t->width);
    result = t->slot[level];
  }
  memcpy(t->slot[level], result, t->bytes);
}

/* Pushes what 2^level pushes would come to; only while the count is a multiple of that. */
static void tree_push_at(Tree *t, int level, const void *result) {
  int64_t n = t->count >> level;
  t->count += (int64_t)1 << level;
  for (; n & 1; n >>= 1, level++) {
    t->fold->merge(t->slot[level], result, t->width);
    result = t->slot[level];
  }
  memcpy(t->slot[level], result, t->bytes);
}

/* The whole, valid until the next start. */
static const void *tree_finish(Tree *t) {
  const void *whole = NULL;
  int level = 0;
  if (t->count == 0) {
    t->fold->identity(t->slot[0], t->width);
    return t->slot[0];
  }
  for (int64_t n = t->count; n != 0; n >>= 1, level++) {
    if (!(n & 1)) continue;
    if (whole) t->fold->merge(t->slot[level], whole, t->width);
    whole = t->slot[level];
  }
  return whole;
}

/* ---- groups of dims ---- */

typedef struct Axes { /* an odometer, innermost first */
  int rank;
  int64_t dims[CURSOR_RANK], index[CURSOR_RANK], count;
  ptrdiff_t strides[CURSOR_RANK]; /* bytes */
} Axes;

typedef struct Layout {
  Axes kept, reduced; /* without the innermost group */
  bool rows;          /* the innermost group is reduced */
  int64_t inner;      /* its extent */
} Layout;

static void axes_push(Axes *a, int64_t dim, ptrdiff_t stride) {
  if (a->rank > 0 && stride == a->strides[a->rank - 1] * a->dims[a->rank - 1]) {
    a->dims[a->rank - 1] *= dim;
  } else {
    a->dims[a->rank] = dim;
    a->strides[a->rank] = stride;
    a->index[a->rank++] = 0;
  }
  a->count *= dim;
}

/* The offset after the odometer has moved on by one. */
static ptrdiff_t axes_next(Axes *a, ptrdiff_t offset) {
  for (int i = 0; i < a->rank; i++) {
    offset += a->strides[i];
    if (++a->index[i] < a->dims[i]) return offset;
    offset -= a->dims[i] * a->strides[i];
    a->index[i] = 0;
  }
  return offset;
}

/* False when the innermost elements do not lie side by side. */
static bool layout_init(Layout *l, const CxView *in, uint64_t reduced) {
  ptrdiff_t size = cx_dtype_bytes(in->dtype), dense = size;
  l->kept = l->reduced = (Axes){.count = 1};
  l->rows = true;
  l->inner = 1;
  int level = 0; /* 0 before the innermost group, 1 in it, 2 after */
  for (int i = in->rank - 1; i >= 0; i--) {
    ptrdiff_t stride = in->strides ? in->strides[i] * size : dense;
    bool fold = reduced >> i & 1;
    dense *= in->dims[i];
    if (in->dims[i] == 1) continue;
    if (level == 0) {
      if (stride != size) return false;
      l->rows = fold;
      level = 1;
    }
    if (level == 1 && fold == l->rows && stride == size * l->inner) {
      l->inner *= in->dims[i];
      continue;
    }
    level = 2;
    axes_push(fold ? &l->reduced : &l->kept, in->dims[i], stride);
  }
  return true;
}

/* ---- folding ---- */

typedef struct Job {
  const Fold *fold;
  const Search *search;
  CxDtype from, compute, to;
  int64_t item;      /* bytes of a computed element */
  bool most, search_index;
  char *out;
  ptrdiff_t out_size;
  Tree tree;
} Job;

static void job_store(Job *j, const void *result, int64_t width) {
  convert_run(j->compute, j->to, width, result, j->out);
  j->out += width * j->out_size;
}

static void job_store_index(Job *j, const int64_t *at, int64_t width) {
  convert_run(CX_I64, j->to, width, at, j->out);
  j->out += width * j->out_size;
}

/* Hands a row-major sequence out in blocks of computed elements. */
typedef struct Blocks {
  const char *base;
  Axes runs;
  ptrdiff_t offset;
  int64_t run, done, left; /* extent of a run; elements of it taken; elements left in all */
} Blocks;

static int64_t blocks_next(Blocks *b, const Job *j, char *packed, char *computed, const void **block) {
  int64_t n = b->left < REDUCE_BLOCK ? b->left : REDUCE_BLOCK, size = cx_dtype_bytes(j->from);
  if (j->fold->any_order && b->runs.count == 1 && j->from == j->compute)
    n = j->search_index && b->left > SEARCH_BLOCK ? SEARCH_BLOCK : b->left;
  const char *at = b->base + b->offset + b->done * size;
  *block = at;
  if (b->runs.count == 1) {
    b->done += n;
  } else {
    for (int64_t filled = 0, part; filled < n; filled += part) {
      part = b->run - b->done < n - filled ? b->run - b->done : n - filled;
      memcpy(packed + filled * size, b->base + b->offset + b->done * size, (size_t)(part * size));
      b->done += part;
      if (b->done < b->run) continue;
      b->done = 0;
      b->offset = axes_next(&b->runs, b->offset);
    }
    *block = packed;
  }
  if (j->from != j->compute) {
    convert_run(j->from, j->compute, n, *block, computed);
    *block = computed;
  }
  b->left -= n;
  return n;
}

static void row_fold(Job *j, Blocks *b) {
  _Alignas(64) char packed[REDUCE_BLOCK * 16], computed[REDUCE_BLOCK * sizeof(float)], result[16];
  const void *block;
  tree_start(&j->tree, j->fold, 1, (int)j->item);
  if (b->left <= REDUCE_BLOCK && b->left > 0) { /* one block: no tree */
    int64_t n = blocks_next(b, j, packed, computed, &block);
    j->fold->block(block, n, result);
    job_store(j, result, 1);
    return;
  }
  while (b->left > 0) {
    int64_t n = blocks_next(b, j, packed, computed, &block);
    j->fold->block(block, n, result);
    tree_push(&j->tree, result);
  }
  job_store(j, tree_finish(&j->tree), 1);
}

static void row_search(Job *j, Blocks *b) {
  _Alignas(64) char packed[REDUCE_BLOCK * 16], computed[REDUCE_BLOCK * sizeof(float)], best[16], here[16];
  const void *block;
  int64_t at = 0, done = 0;
  while (b->left > 0) {
    int64_t n = blocks_next(b, j, packed, computed, &block), found = -1;
    j->fold->block(block, n, here);
    if (done == 0) memcpy(best, here, sizeof best), found = 0;
    else j->search->better(here, 1, j->most, done, best, &found);
    if (found >= 0) at = done + j->search->find(block, n, best);
    done += n;
  }
  job_store_index(j, &at, 1);
}

/* Rows of one block each: straight through, results stored many at a time. */
static void short_rows(Job *j, const CxView *in, Layout *l) {
  _Alignas(64) char result[REDUCE_BLOCK * 16], best[16];
  int64_t at[REDUCE_BLOCK], m = 0;
  ptrdiff_t offset = 0;
  for (int64_t k = 0; k < l->kept.count; k++) {
    const char *row = (const char *)in->data + offset;
    j->fold->block(row, l->inner, j->search_index ? best : result + m * j->item);
    if (j->search_index) at[m] = j->search->find(row, l->inner, best);
    offset = axes_next(&l->kept, offset);
    if (++m < REDUCE_BLOCK && k + 1 < l->kept.count) continue;
    if (j->search_index) job_store_index(j, at, m);
    else job_store(j, result, m);
    m = 0;
  }
}

/* ---- one long row, in chunks shared among threads: each chunk is a whole subtree of blocks ---- */

enum { CHUNK_LEVEL = 9, CHUNK = REDUCE_BLOCK << CHUNK_LEVEL };

typedef struct Chunk {
  _Alignas(16) char best[16];
  int64_t at;
} Chunk;

typedef struct ChunkCall {
  const Job *job;
  const char *data;
  int64_t n;
  Chunk *chunks;
} ChunkCall;

static void chunk_fold(const Job *j, const char *data, Chunk *to) {
  if (j->fold->any_order) {
    j->fold->block(data, CHUNK, to->best);
    return;
  }
  Tree tree;
  char result[16];
  tree_start(&tree, j->fold, 1, (int)j->item);
  for (int64_t i = 0; i < CHUNK; i += REDUCE_BLOCK) {
    j->fold->block(data + i * j->item, REDUCE_BLOCK, result);
    tree_push(&tree, result);
  }
  memcpy(to->best, tree_finish(&tree), (size_t)j->item);
}

/* The best of a run of any length, and where it stands. */
static void run_search(const Job *j, const char *data, int64_t n, Chunk *to) {
  for (int64_t i = 0; i < n; i += SEARCH_BLOCK) {
    _Alignas(16) char here[16];
    int64_t some = n - i < SEARCH_BLOCK ? n - i : SEARCH_BLOCK, found = -1;
    j->fold->block(data + i * j->item, some, here);
    if (i == 0) memcpy(to->best, here, sizeof here), found = 0;
    else j->search->better(here, 1, j->most, i, to->best, &found);
    if (found >= 0) to->at = i + j->search->find(data + i * j->item, some, to->best);
  }
}

static bool chunks_some(void *env, int64_t begin, int64_t end) {
  const ChunkCall *c = env;
  for (int64_t i = begin; i < end; i++) {
    const char *data = c->data + i * CHUNK * c->job->item;
    if (c->job->search_index) run_search(c->job, data, CHUNK, &c->chunks[i]);
    else chunk_fold(c->job, data, &c->chunks[i]);
  }
  return true;
}

static void chunks_search(Job *j, const ChunkCall *c, int64_t full) {
  Chunk last, best = c->chunks[0];
  if (full * CHUNK < c->n) run_search(j, c->data + full * CHUNK * j->item, c->n - full * CHUNK, &last);
  for (int64_t i = 1; i <= full; i++) {
    if (i * CHUNK >= c->n) break;
    const Chunk *here = i < full ? &c->chunks[i] : &last;
    int64_t found = -1;
    j->search->better(here->best, 1, j->most, i, best.best, &found);
    if (found >= 0) best.at = i * CHUNK + here->at;
  }
  job_store_index(j, &best.at, 1);
}

static void chunks_fold(Job *j, const ChunkCall *c, int64_t full) {
  char result[16];
  tree_start(&j->tree, j->fold, 1, (int)j->item);
  for (int64_t i = 0; i < full; i++) tree_push_at(&j->tree, CHUNK_LEVEL, c->chunks[i].best);
  for (int64_t i = full * CHUNK; i < c->n; i += REDUCE_BLOCK) {
    j->fold->block(c->data + i * j->item, c->n - i < REDUCE_BLOCK ? c->n - i : REDUCE_BLOCK, result);
    tree_push(&j->tree, result);
  }
  job_store(j, tree_finish(&j->tree), 1);
}

/* False when there is nothing to share, or no memory for it (then without an error). */
static bool long_row(Job *j, const CxView *in, const Layout *l) {
  if (l->kept.count != 1 || l->reduced.count != 1 || j->from != j->compute || l->inner < 2 * CHUNK || pool_threads() == 1) return false;
  ChunkCall c = {j, in->data, l->inner, cx_malloc((size_t)(l->inner / CHUNK) * sizeof(Chunk))};
  if (!c.chunks) return cx_error_clear(), false;
  int64_t full = l->inner / CHUNK;
  pool_for(full, 1, chunks_some, &c);
  if (j->search_index) chunks_search(j, &c, full);
  else chunks_fold(j, &c, full);
  cx_free(c.chunks);
  return true;
}

static void reduce_rows(Job *j, const CxView *in, Layout *l) {
  bool plain = l->reduced.count == 1 && j->from == j->compute;
  if (plain && l->inner > 0 && l->inner <= (j->search_index ? SEARCH_BLOCK : REDUCE_BLOCK)) {
    short_rows(j, in, l);
    return;
  }
  if (long_row(j, in, l)) return;
  ptrdiff_t offset = 0;
  Blocks b = {.runs = l->reduced, .run = l->inner};
  int64_t total = l->inner * l->reduced.count;
  for (int64_t k = 0; k < l->kept.count; k++) {
    b.base = (const char *)in->data + offset;
    b.offset = 0;
    b.done = 0;
    b.left = total;
    if (j->search_index) row_search(j, &b);
    else row_fold(j, &b);
    for (int i = 0; i < b.runs.rank; i++) b.runs.index[i] = 0;
    offset = axes_next(&l->kept, offset);
  }
}

/* Up to a block of row segments, computed; gives how many. */
static int64_t rows_next(Job *j, Axes *rows, ptrdiff_t *offset, int64_t left, const char *base, int64_t width, char *computed,
                         const void **row) {
  int64_t n = left < REDUCE_BLOCK ? left : REDUCE_BLOCK;
  for (int64_t i = 0; i < n; i++) {
    row[i] = base + *offset;
    if (j->from != j->compute) {
      char *to = computed + i * width * j->item;
      convert_run(j->from, j->compute, width, row[i], to);
      row[i] = to;
    }
    *offset = axes_next(rows, *offset);
  }
  return n;
}

static void tile_fold(Job *j, Axes rows, const char *base, int64_t width, char *computed) {
  const void *row[REDUCE_BLOCK];
  _Alignas(64) char result[RESULT_BYTES];
  ptrdiff_t offset = 0;
  tree_start(&j->tree, j->fold, width, (int)j->item);
  for (int64_t left = rows.count, n; left > 0; left -= n) {
    n = rows_next(j, &rows, &offset, left, base, width, computed, row);
    j->fold->columns(row, n, width, result);
    tree_push(&j->tree, result);
  }
  job_store(j, tree_finish(&j->tree), width);
}

static void tile_search(Job *j, Axes rows, const char *base, int64_t width, char *computed) {
  const void *row[REDUCE_BLOCK];
  _Alignas(64) char best[RESULT_BYTES];
  int64_t at[REDUCE_TILE] = {0}, done = 0;
  ptrdiff_t offset = 0;
  for (int64_t left = rows.count, n; left > 0; left -= n) {
    n = rows_next(j, &rows, &offset, left, base, width, computed, row);
    if (done == 0) memcpy(best, row[0], (size_t)(width * j->item));
    for (int64_t i = 0; i < n; i++) j->search->better(row[i], width, j->most, done + i, best, at);
    done += n;
  }
  job_store_index(j, at, width);
}

static void reduce_columns(Job *j, const CxView *in, Layout *l) {
  _Alignas(64) char computed[REDUCE_BLOCK * NARROW_TILE * sizeof(float)];
  int64_t tile = j->from == j->compute ? REDUCE_TILE : NARROW_TILE, size = cx_dtype_bytes(j->from);
  if (j->fold->any_order && !j->search_index && j->from == j->compute) tile = REDUCE_BYTES / j->item;
  ptrdiff_t offset = 0;
  for (int64_t k = 0; k < l->kept.count; k++) {
    for (int64_t c = 0; c < l->inner; c += tile) {
      const char *base = (const char *)in->data + offset + c * size;
      int64_t width = l->inner - c < tile ? l->inner - c : tile;
      if (j->search_index) tile_search(j, l->reduced, base, width, computed);
      else tile_fold(j, l->reduced, base, width, computed);
    }
    offset = axes_next(&l->kept, offset);
  }
}

/* ---- entry ---- */

static CxDtype compute_dtype(CxDtype d) {
  if (dtype_narrow(d)) return CX_F32;
  if (d == CX_I2 || d == CX_I4) return CX_I8;
  if (d == CX_U2 || d == CX_U4) return CX_U8;
  return d;
}

static bool job_init(Job *j, CxOpcode op, const CxView *in, const CxView *out) {
  j->search_index = op == CX_OP_ARGMAX || op == CX_OP_ARGMIN;
  j->most = op == CX_OP_ARGMAX;
  j->from = in->dtype;
  j->compute = compute_dtype(in->dtype);
  j->to = out->dtype;
  j->item = cx_dtype_bytes(j->compute);
  j->out = out->data;
  j->out_size = cx_dtype_bytes(out->dtype);
  CxOpcode fold = op == CX_OP_ARGMAX ? CX_OP_REDUCE_MAX : op == CX_OP_ARGMIN ? CX_OP_REDUCE_MIN : op;
  if ((int)fold < (int)REDUCE_FIRST || (int)fold >= (int)REDUCE_FIRST + (int)REDUCE_COUNT)
    return cx_fail(CX_ERR_INTERNAL, "op %d is not a reduction", (int)op);
  j->fold = &reductions()->fold[fold - REDUCE_FIRST][j->compute];
  j->search = &reductions()->search[j->compute];
  if (!j->fold->block || (j->search_index && !j->search->find))
    return cx_fail(CX_ERR_NOT_IMPLEMENTED, "this reduction is not defined for elements of dtype %s; convert them first",
                   cx_dtype_name(in->dtype));
  return true;
}

static bool reduce_dense(CxOpcode op, const CxView *in, uint64_t reduced, const CxView *out);

/* A copy whose innermost elements lie side by side. */
static bool reduce_packed(CxOpcode op, const CxView *in, uint64_t reduced, const CxView *out) {
  CxView dense = *in;
  size_t bytes;
  dense.strides = NULL;
  if (!size_mul((size_t)view_count(in), (size_t)cx_dtype_bytes(in->dtype), &bytes))
    return cx_fail(CX_ERR_MEMORY, "the operand of a reduction is too large");
  dense.data = cx_malloc(bytes);
  bool ok = dense.data && kernel_convert(in, &dense) && reduce_dense(op, &dense, reduced, out);
  cx_free(dense.data);
  return ok;
}

/* A complex sum is the sum of its parts: one more kept dim of extent 2. */
static bool reduce_parts(CxOpcode op, const CxView *in, uint64_t reduced, const CxView *out) {
  CxDtype part = in->dtype == CX_C64 ? CX_F32 : CX_F64;
  int64_t dims[CURSOR_RANK + 1], strides[CURSOR_RANK + 1], dense = 2;
  for (int i = in->rank - 1; i >= 0; i--) {
    dims[i] = in->dims[i];
    strides[i] = in->strides ? 2 * in->strides[i] : dense;
    dense *= dims[i];
  }
  dims[in->rank] = 2;
  strides[in->rank] = 1;
  CxView parts = {in->data, part, in->rank + 1, dims, strides}, result = *out;
  result.dtype = part;
  return reduce_dense(op, &parts, reduced, &result);
}

static bool reduce_dense(CxOpcode op, const CxView *in, uint64_t reduced, const CxView *out) {
  if (op == CX_OP_REDUCE_SUM && (in->dtype == CX_C64 || in->dtype == CX_C128)) return reduce_parts(op, in, reduced, out);
  Layout l;
  Job j;
  if (!job_init(&j, op, in, out)) return false;
  if (!layout_init(&l, in, reduced)) return reduce_packed(op, in, reduced, out);
  if (l.rows) reduce_rows(&j, in, &l);
  else reduce_columns(&j, in, &l);
  return true;
}

static bool reduce_nothing(CxOpcode op, const CxView *in, const CxView *out) {
  Job j;
  int64_t zero = 0, left = view_count(out);
  bool parts = op == CX_OP_REDUCE_SUM && (in->dtype == CX_C64 || in->dtype == CX_C128);
  if (parts) {
    memset(out->data, 0, (size_t)left * (size_t)cx_dtype_bytes(out->dtype));
    return true;
  }
  if (!job_init(&j, op, in, out)) return false;
  tree_start(&j.tree, j.fold, 1, (int)j.item);
  const void *identity = tree_finish(&j.tree);
  for (; left > 0; left--) {
    if (j.search_index) job_store_index(&j, &zero, 1);
    else job_store(&j, identity, 1);
  }
  return true;
}

bool kernel_reduce(CxOpcode op, const CxView *in, const int64_t *axes, int naxes, const CxView *out) {
  uint64_t reduced = 0;
  int64_t count = 1;
  if (in->rank > CURSOR_RANK - 1) return cx_fail(CX_ERR_VALUE, "an array may have at most %d dimensions", CURSOR_RANK - 1);
  for (int i = 0; i < naxes; i++) {
    reduced |= UINT64_C(1) << axes[i];
    count *= in->dims[axes[i]];
  }
  if (view_count(out) == 0) return true;
  return count == 0 ? reduce_nothing(op, in, out) : reduce_dense(op, in, reduced, out);
}
