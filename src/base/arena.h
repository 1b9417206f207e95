/* Bump allocation with one free: everything a graph or a pass makes lives in its arena.
 * Blocks double up to 256 KiB. arena_alloc returns 16-byte aligned zeroed memory, or NULL with a sticky error. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

typedef struct CxArenaBlock CxArenaBlock;
typedef struct CxArena {
  CxArenaBlock *block; /* newest first */
  char *at, *end;
} CxArena;

void *arena_alloc(CxArena *a, size_t bytes);
void *arena_copy(CxArena *a, const void *from, size_t bytes);
char *arena_string(CxArena *a, const char *s);
void arena_free(CxArena *a); /* frees all; the arena may be used again */

#endif
