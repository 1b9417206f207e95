/* See arena.h. */
#include "base/arena.h"

#include "base/alloc.h"
#include <string.h>

struct CxArenaBlock {
  CxArenaBlock *next;
  size_t bytes;
  _Alignas(16) char data[];
};

static char *arena_grow(CxArena *a, size_t bytes) {
  size_t want = a->block ? a->block->bytes * 2 : 1024;
  if (want > (256u << 10)) want = 256u << 10;
  if (want < bytes) want = bytes;
  CxArenaBlock *b = cx_calloc(1, sizeof *b + want);
  if (!b) return NULL;
  b->next = a->block;
  b->bytes = want;
  a->block = b;
  a->at = b->data;
  a->end = b->data + want;
  return a->at;
}

void *arena_alloc(CxArena *a, size_t bytes) {
  if (bytes > SIZE_MAX / 4) bytes = SIZE_MAX / 4; /* fails below with a clear error */
  bytes = (bytes + 15) & ~(size_t)15;
  if ((!a->at || (size_t)(a->end - a->at) < bytes) && !arena_grow(a, bytes)) return NULL;
  void *p = a->at;
  a->at += bytes;
  return p;
}

void *arena_copy(CxArena *a, const void *from, size_t bytes) {
  void *p = arena_alloc(a, bytes);
  if (p && bytes) memcpy(p, from, bytes);
  return p;
}

char *arena_string(CxArena *a, const char *s) { return arena_copy(a, s, strlen(s) + 1); }

void arena_free(CxArena *a) {
  for (CxArenaBlock *b = a->block, *next; b; b = next) {
    next = b->next;
    cx_free(b);
  }
  *a = (CxArena){0};
}
