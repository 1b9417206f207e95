/* All memory of the core comes through here, so that tests can make the k-th allocation fail.
 * On failure: NULL and a sticky CX_ERR_MEMORY. */
#ifndef BASE_ALLOC_H
#define BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *cx_malloc(size_t bytes);
void *cx_calloc(size_t count, size_t bytes);
void *cx_realloc(void *p, size_t bytes); /* on failure p stays valid */
void cx_free(void *p);
char *cx_strdup(const char *s);

/* Checked size arithmetic: false on overflow. */
static inline bool size_mul(size_t a, size_t b, size_t *out) { return !__builtin_mul_overflow(a, b, out); }
static inline bool size_add(size_t a, size_t b, size_t *out) { return !__builtin_add_overflow(a, b, out); }

/* Test hook: fail the k-th allocation from now (1-based), and every later one if `sticky`; 0 switches it off.
 * Returns the number of allocations seen since the last call. Per process, not per thread. */
long cx_alloc_fail_after(long k, bool sticky);

#endif
