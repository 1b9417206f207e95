/* Nodes, buffers and scopes (cuirax/value.h, node.h). */
#include "ir/node.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/large.h"
#include "base/thread.h"
#include "base/vec.h"
#include <stdlib.h>
#include <string.h>

void (*node_drop_payload)(CxVal v);

/* ---- per-thread free lists of small buffers (size classes of 64 << c bytes up to 64 KiB), of nodes, and of arrays: nodes
 * that still own their buffer, which is how most arrays come and go ---- */

enum { POOL_CLASSES = 11, POOL_KEEP = 64, NODE_KEEP = 256 };
typedef struct Pool {
  CxBuffer *buffers[POOL_CLASSES][POOL_KEEP];
  CxVal arrays[POOL_CLASSES][POOL_KEEP];
  CxVal nodes[NODE_KEEP];
  uint32_t n_buffers[POOL_CLASSES], n_arrays[POOL_CLASSES], n_nodes;
} Pool;
static CX_THREAD_LOCAL Pool *pool; /* made on first use; NULL again once the thread is ending */
static CX_THREAD_LOCAL bool pool_ended;

static void buffer_destroy(CxBuffer *b) {
  if (b->release) b->release(b->owner);
  else if (b->class_) cx_free(b->owner);
  else large_free(b->owner);
  cx_free(b);
}

static void pool_free(void *p) {
  Pool *ended = p;
  pool = NULL;
  pool_ended = true;
  for (int c = 0; c < POOL_CLASSES; c++) {
    for (uint32_t i = 0; i < ended->n_buffers[c]; i++) buffer_destroy(ended->buffers[c][i]);
    for (uint32_t i = 0; i < ended->n_arrays[c]; i++) {
      buffer_destroy(ended->arrays[c][i]->array.buffer);
      cx_free(ended->arrays[c][i]);
    }
  }
  for (uint32_t i = 0; i < ended->n_nodes; i++) cx_free(ended->nodes[i]);
  free(ended);
}

static Pool *pool_new(void) {
  if (pool_ended || !(pool = calloc(1, sizeof *pool))) return NULL;
  thread_at_exit(pool_free, pool);
  return pool;
}
static inline Pool *pool_get(void) { return pool ? pool : pool_new(); }

/* POOL_CLASSES and more: too large for the pool */
static inline uint32_t pool_class(size_t bytes) { return bytes <= 64 ? 0 : 58 - (uint32_t)__builtin_clzll(bytes - 1); }

/* ---- buffers ---- */

/* Padded to 64 bytes, with room for a vector more. */
static CxBuffer *buffer_fresh(size_t bytes, uint32_t class_) {
  size_t padded = (bytes + 127) & ~(size_t)63;
  CxBuffer *b = cx_calloc(1, sizeof *b);
  if (!b) return NULL;
  b->owner = class_ ? cx_malloc(padded + 64) : large_new(padded);
  if (!b->owner) return cx_free(b), NULL;
  b->data = (void *)(((uintptr_t)b->owner + 63) & ~(uintptr_t)63);
  b->bytes = padded;
  b->class_ = class_;
  atomic_init(&b->count, 1);
  return b;
}

CxBuffer *buffer_new(size_t bytes) {
  uint32_t c = pool_class(bytes);
  if (c >= POOL_CLASSES) return buffer_fresh(bytes, 0);
  Pool *p = pool_get();
  if (!p || !p->n_buffers[c]) return buffer_fresh((size_t)64 << c, c + 1);
  CxBuffer *b = p->buffers[c][--p->n_buffers[c]];
  atomic_store_explicit(&b->count, 1, memory_order_relaxed);
  return b;
}

static void owner_keeps(void *owner) { (void)owner; }

CxBuffer *buffer_foreign(void *data, size_t bytes, void (*release)(void *), void *owner) {
  CxBuffer *b = cx_calloc(1, sizeof *b);
  if (!b) return NULL;
  *b = (CxBuffer){.bytes = bytes, .data = data, .release = release ? release : owner_keeps, .owner = owner};
  atomic_init(&b->count, 1);
  return b;
}

void buffer_retain(CxBuffer *b) { atomic_fetch_add_explicit(&b->count, 1, memory_order_relaxed); }

static void buffer_free(CxBuffer *b) {
  Pool *p = b->class_ ? pool_get() : NULL;
  if (p && p->n_buffers[b->class_ - 1] < POOL_KEEP) {
    p->buffers[b->class_ - 1][p->n_buffers[b->class_ - 1]++] = b;
    return;
  }
  buffer_destroy(b);
}

/* Takes a reference away: true when it was the last. The holder of the only reference need not count it down. */
static inline bool count_drop(atomic_int *count) {
  return atomic_load_explicit(count, memory_order_acquire) == 1 || atomic_fetch_sub_explicit(count, 1, memory_order_acq_rel) == 1;
}

void buffer_release(CxBuffer *b) {
  if (b && count_drop(&b->count)) buffer_free(b);
}

/* ---- nodes ---- */

CxVal node_new(const CxType *type, CxTrace *trace) {
  if (!type) return NULL;
  Pool *p = pool_get();
  CxVal v = p && p->n_nodes ? p->nodes[--p->n_nodes] : cx_malloc(sizeof *v);
  if (!v) return NULL;
  memset(v, 0, sizeof *v);
  atomic_init(&v->count, 1);
  v->type = type;
  v->trace = ref_retain(trace);
  return v;
}

CxVal node_array(const CxType *type) {
  if (!type) return NULL;
  uint32_t c = pool_class(type_bytes(type));
  Pool *p = pool_get();
  if (c < POOL_CLASSES && p && p->n_arrays[c]) {
    CxVal kept = p->arrays[c][--p->n_arrays[c]];
    atomic_store_explicit(&kept->count, 1, memory_order_relaxed);
    kept->literal = false;
    kept->type = type;
    kept->array.data = kept->array.buffer->data;
    return kept;
  }
  CxVal v = node_new(type, NULL);
  if (!v) return NULL;
  v->array.buffer = buffer_new(type_bytes(type));
  if (!v->array.buffer) return cx_release(v), NULL;
  v->array.data = v->array.buffer->data;
  return v;
}

CxVal node_array_sharing(const CxType *type, CxVal of, size_t byte_offset) {
  CxVal v = node_new(type, NULL);
  if (!v) return NULL;
  v->array.buffer = of->array.buffer;
  buffer_retain(v->array.buffer);
  v->array.data = of->array.data + byte_offset;
  return v;
}

CxVal node_as(CxVal owned, const CxType *type) {
  if (!owned || owned->type == type) return owned;
  CxVal v = node_array_sharing(type, owned, 0);
  cx_release(owned);
  return v;
}

bool node_is_sole_owner(CxVal v) {
  return atomic_load_explicit(&v->count, memory_order_acquire) == 1 && !v->array.buffer->release &&
         atomic_load_explicit(&v->array.buffer->count, memory_order_acquire) == 1;
}

CxVal cx_retain(CxVal v) {
  if (v) atomic_fetch_add_explicit(&v->count, 1, memory_order_relaxed);
  return v;
}

/* An array nobody shares goes back to the pool whole. */
static bool array_pool(Pool *p, CxVal v) {
  CxBuffer *b = v->array.buffer;
  if (!p || !b || !b->class_ || atomic_load_explicit(&b->count, memory_order_acquire) != 1) return false;
  uint32_t c = b->class_ - 1;
  if (p->n_arrays[c] == POOL_KEEP) return false;
  p->arrays[c][p->n_arrays[c]++] = v;
  return true;
}

static void node_free(CxVal v) {
  Pool *p = pool_get();
  if (!v->trace) {
    if (array_pool(p, v)) return;
    buffer_release(v->array.buffer);
  } else {
    node_drop_payload(v);
    ref_release(v->trace);
    p = pool_get(); /* dropping may end in other nodes' */
  }
  if (p && p->n_nodes < NODE_KEEP) p->nodes[p->n_nodes++] = v;
  else cx_free(v);
}

void cx_release(CxVal v) {
  if (v && count_drop(&v->count)) node_free(v);
}

/* ---- scopes ---- */

static CX_THREAD_LOCAL CxScope *scope_top;

void cx_scope_open(CxScope *s) {
  s->up = scope_top;
  s->vals = s->inline_vals;
  s->n = 0;
  s->cap = sizeof s->inline_vals / sizeof *s->inline_vals;
  scope_top = s;
}

void cx_scope_close(CxScope *s) {
  scope_top = s->up;
  for (uint32_t i = s->n; i-- > 0;) cx_release(s->vals[i]);
  if (s->vals != s->inline_vals) cx_free(s->vals);
}

static bool scope_grow(CxScope *s) {
  CxVal *from = s->vals == s->inline_vals ? NULL : s->vals;
  CxVal *to = cx_realloc(from, (size_t)s->cap * 2 * sizeof *to);
  if (!to) return false;
  if (!from) memcpy(to, s->inline_vals, sizeof s->inline_vals);
  s->vals = to;
  s->cap *= 2;
  return true;
}

CxVal cx_keep(CxVal owned) {
  CxScope *s = scope_top;
  if (!owned) return NULL;
  if (!s) return cx_fail(CX_ERR_RUNTIME, "no open CxScope: call cx_scope_open before building values"), cx_release(owned), NULL;
  if (s->n == s->cap && !scope_grow(s)) return cx_release(owned), NULL;
  return s->vals[s->n++] = owned;
}

/* ---- arrays ---- */

CxVal cx_array(CxDtype dtype, int rank, const int64_t *dims, const void *data) {
  CxVal v = node_array(cx_type(dtype, rank, dims, false));
  if (!v) return NULL;
  if (data) memcpy(v->array.data, data, type_bytes(v->type));
  else memset(v->array.data, 0, type_bytes(v->type));
  return cx_keep(v);
}

CxVal cx_array_foreign(CxDtype dtype, int rank, const int64_t *dims, void *data, void (*release)(void *), void *owner) {
  CxVal v = node_new(cx_type(dtype, rank, dims, false), NULL);
  if (!v) return NULL;
  v->array.buffer = buffer_foreign(data, type_bytes(v->type), release, owner);
  if (!v->array.buffer) return cx_release(v), NULL;
  v->array.data = data;
  return cx_keep(v);
}

const CxType *cx_type_of(CxVal v) { return v ? v->type : NULL; }
bool cx_is_array(CxVal v) { return node_is_array(v); }

const void *cx_data(CxVal v) {
  if (!v) return NULL;
  FAIL_IF(v->trace, CX_ERR_CONCRETIZATION, "a traced value has no elements: it is known only by its type while the function is traced");
  return v->array.data;
}

bool cx_vals_push(CxVals *list, CxVal v) { return vec_push(list, v); }
void cx_vals_free(CxVals *list) { vec_free(list); }
