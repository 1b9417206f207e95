/* See alloc.h. */
#include "base/alloc.h"

#include <cuirax/error.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static atomic_long alloc_count;
static atomic_long alloc_fail_at; /* 0: never */
static atomic_bool alloc_fail_sticky;

long cx_alloc_fail_after(long k, bool sticky) {
  long seen = atomic_exchange(&alloc_count, 0);
  atomic_store(&alloc_fail_sticky, sticky);
  atomic_store(&alloc_fail_at, k);
  return seen;
}

static bool alloc_injected(void) {
  long at = atomic_load_explicit(&alloc_fail_at, memory_order_relaxed);
  if (at == 0) return false;
  long n = atomic_fetch_add(&alloc_count, 1) + 1;
  return n == at || (n > at && atomic_load(&alloc_fail_sticky));
}

static void *alloc_check(void *p, size_t bytes) {
  if (!p) cx_fail(CX_ERR_MEMORY, "out of memory: could not allocate %zu bytes", bytes);
  return p;
}

void *cx_malloc(size_t bytes) {
  return alloc_check(alloc_injected() ? NULL : malloc(bytes ? bytes : 1), bytes);
}

void *cx_calloc(size_t count, size_t bytes) {
  return alloc_check(alloc_injected() ? NULL : calloc(count ? count : 1, bytes ? bytes : 1), bytes);
}

void *cx_realloc(void *p, size_t bytes) {
  return alloc_check(alloc_injected() ? NULL : realloc(p, bytes ? bytes : 1), bytes);
}

void cx_free(void *p) { free(p); }

char *cx_strdup(const char *s) {
  size_t n = strlen(s) + 1;
  char *d = cx_malloc(n);
  return d ? memcpy(d, s, n) : NULL;
}
