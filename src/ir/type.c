/* dtypes and interned types. Types are never freed: programs use few distinct ones, and pointer equality is worth it. */
#include <cuirax/type.h>

#include "base/alloc.h"
#include "base/error.h"
#include "base/hash.h"
#include "base/thread.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
  const char *name, *abbr;
  int bytes, bits;
  char kind;
} dtype_rows[CX_DTYPE_COUNT] = {
    {"none", "none", 0, 0, '-'},
#define X(id, name, abbr, bytes, bits, kind) {name, abbr, bytes, bits, kind},
    CX_DTYPES(X)
#undef X
};

static CxDtype dtype_valid(CxDtype d) { return (unsigned)d < CX_DTYPE_COUNT ? d : CX_NO_DTYPE; }
const char *cx_dtype_name(CxDtype d) { return dtype_rows[dtype_valid(d)].name; }
const char *cx_dtype_short(CxDtype d) { return dtype_rows[dtype_valid(d)].abbr; }
int cx_dtype_bytes(CxDtype d) { return dtype_rows[dtype_valid(d)].bytes; }
int cx_dtype_bits(CxDtype d) { return dtype_rows[dtype_valid(d)].bits; }
char cx_dtype_kind(CxDtype d) { return dtype_rows[dtype_valid(d)].kind; }

CxDtype cx_dtype_from_name(const char *name) {
  for (int d = 1; d < CX_DTYPE_COUNT; d++)
    if (!strcmp(name, dtype_rows[d].name) || !strcmp(name, dtype_rows[d].abbr)) return (CxDtype)d;
  return CX_NO_DTYPE;
}

/* ---- the intern table: open addressing, grown at 1/2 load, behind a mutex; a small per-thread cache in front ---- */

static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static const CxType **table;
static size_t table_n, table_cap;
static CX_THREAD_LOCAL const CxType **recent; /* [RECENT], made on first use */
enum { RECENT = 128 };

static bool recent_new(void) {
  if (!(recent = calloc(RECENT, sizeof *recent))) return cx_fail(CX_ERR_MEMORY, "out of memory");
  thread_at_exit(free, recent);
  return true;
}

static bool type_is(const CxType *t, uint64_t hash, CxDtype dtype, int rank, const int64_t *dims, bool weak) {
  return t && t->hash == hash && t->dtype == dtype && t->rank == rank && t->weak == weak &&
         (rank == 0 || !memcmp(t->dims, dims, (size_t)rank * sizeof *dims));
}

static bool table_grow(void) {
  size_t cap = table_cap ? table_cap * 2 : 1024;
  const CxType **fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  for (size_t i = 0; i < table_cap; i++) {
    if (!table[i]) continue;
    size_t at = table[i]->hash & (cap - 1);
    while (fresh[at]) at = (at + 1) & (cap - 1);
    fresh[at] = table[i];
  }
  cx_free(table);
  table = fresh;
  table_cap = cap;
  return true;
}

static const CxType *type_new(uint64_t hash, int64_t size, CxDtype dtype, int rank, const int64_t *dims, bool weak) {
  CxType *t = cx_malloc(sizeof *t + (size_t)rank * sizeof *dims);
  if (!t) return NULL;
  *t = (CxType){.dtype = dtype, .weak = weak, .rank = rank, .size = size, .hash = hash};
  if (rank) memcpy(t->dims, dims, (size_t)rank * sizeof *dims);
  return t;
}

static const CxType *type_intern(uint64_t hash, int64_t size, CxDtype dtype, int rank, const int64_t *dims, bool weak) {
  if (table_n * 2 >= table_cap && !table_grow()) return NULL;
  size_t at = hash & (table_cap - 1);
  for (; table[at]; at = (at + 1) & (table_cap - 1))
    if (type_is(table[at], hash, dtype, rank, dims, weak)) return table[at];
  const CxType *t = type_new(hash, size, dtype, rank, dims, weak);
  if (t) table[at] = t, table_n++;
  return t;
}

static bool type_size(int rank, const int64_t *dims, int64_t *size) {
  *size = 1;
  bool zero = false;
  for (int i = 0; i < rank; i++) {
    FAIL_IF(dims[i] < 0, CX_ERR_TYPE, "shapes must be 1D sequences of concrete values of integer type >= 0, got extent %lld at axis %d",
            (long long)dims[i], i);
    FAIL_IF(dims[i] > (int64_t)1 << 59, CX_ERR_VALUE, "extent %lld at axis %d is too large: more than 2^59", (long long)dims[i], i);
    if (dims[i] == 0) zero = true;
    else if (__builtin_mul_overflow(*size, dims[i], size)) *size = INT64_MAX;
  }
  if (zero) *size = 0;
  FAIL_IF(*size > ((int64_t)1 << 59), CX_ERR_VALUE, "array of rank %d is too large: more than 2^59 elements", rank);
  return true;
}

const CxType *cx_type(CxDtype dtype, int rank, const int64_t *dims, bool weak) {
  FAIL_IF(rank < 0 || rank > CX_MAX_RANK, CX_ERR_VALUE, "rank %d is outside 0..%d", rank, CX_MAX_RANK);
  FAIL_IF(dtype <= CX_NO_DTYPE || dtype >= CX_DTYPE_COUNT, CX_ERR_TYPE, "a type needs a dtype");
  uint64_t hash = hash_bytes((uint64_t)dtype << 1 | weak, dims, (size_t)rank * sizeof *dims);
  TRY(recent || recent_new());
  const CxType **slot = &recent[hash & (RECENT - 1)];
  if (type_is(*slot, hash, dtype, rank, dims, weak)) return *slot;
  int64_t size;
  TRY(type_size(rank, dims, &size));
  pthread_mutex_lock(&table_lock);
  const CxType *t = type_intern(hash, size, dtype, rank, dims, weak);
  pthread_mutex_unlock(&table_lock);
  if (t) *slot = t;
  return t;
}

const CxType *cx_type_scalar(CxDtype dtype, bool weak) {
  static _Atomic(const CxType *) known[CX_DTYPE_COUNT][2];
  if ((unsigned)dtype >= CX_DTYPE_COUNT) return cx_type(dtype, 0, NULL, weak);
  const CxType *t = atomic_load_explicit(&known[dtype][weak], memory_order_acquire);
  if (t) return t;
  t = cx_type(dtype, 0, NULL, weak);
  if (t) atomic_store_explicit(&known[dtype][weak], t, memory_order_release);
  return t;
}

const CxType *cx_type_with_dtype(const CxType *t, CxDtype dtype, bool weak) {
  if (!t) return NULL;
  return t->dtype == dtype && t->weak == weak ? t : cx_type(dtype, t->rank, t->dims, weak);
}

bool cx_type_same_dims(const CxType *a, const CxType *b) {
  return a->rank == b->rank && (a->rank == 0 || !memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims));
}

char *cx_type_text(const CxType *t, char *buf, size_t n) {
  if (!t) return snprintf(buf, n, "?"), buf;
  size_t at = (size_t)snprintf(buf, n, "%s[", cx_dtype_short(t->dtype));
  for (int i = 0; i < t->rank && at < n; i++)
    at += (size_t)snprintf(buf + at, n - at, "%s%lld", i ? "," : "", (long long)t->dims[i]);
  if (at < n) snprintf(buf + at, n - at, "]");
  return buf;
}
