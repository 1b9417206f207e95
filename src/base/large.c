/* See large.h. A thread that finds the list of kept blocks in use goes without it, so nobody waits, also not in a forked child. */
#include "base/large.h"

#include "base/alloc.h"
#include "base/error.h"
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { HEAD = 64, SLOTS = 24, SLACK = 8, KEEP_LEAST = 1 << 16, HUGE_BYTES = 2 << 20, PAGE = 4096 };
static const size_t keep_most = (size_t)96 << 20; /* bytes kept in all */

typedef struct Block { /* lies HEAD bytes before what is handed out */
  void *memory;
  size_t bytes;
} Block;

static struct {
  atomic_flag busy;
  uint32_t n;
  size_t bytes;
  Block *block[SLOTS]; /* oldest first */
} kept = {.busy = ATOMIC_FLAG_INIT};

static Block *kept_remove(uint32_t i) {
  Block *b = kept.block[i];
  kept.bytes -= b->bytes;
  memmove(&kept.block[i], &kept.block[i + 1], (--kept.n - i) * sizeof *kept.block);
  return b;
}

/* One of this size or a little more. */
static Block *kept_take(size_t bytes) {
  Block *b = NULL;
  if (atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire)) return NULL;
  for (uint32_t i = kept.n; i-- > 0 && !b;)
    if (kept.block[i]->bytes >= bytes && kept.block[i]->bytes - bytes <= bytes / SLACK) b = kept_remove(i);
  atomic_flag_clear_explicit(&kept.busy, memory_order_release);
  return b;
}

/* Keeps b, dropping older ones for it; false if it is too large or the list is in use. */
static bool kept_add(Block *b) {
  Block *drop[SLOTS];
  uint32_t dropped = 0;
  if (b->bytes < KEEP_LEAST || b->bytes > keep_most / 2) return false;
  if (atomic_flag_test_and_set_explicit(&kept.busy, memory_order_acquire)) return false;
  while (kept.n == SLOTS || (kept.n && kept.bytes + b->bytes > keep_most)) drop[dropped++] = kept_remove(0);
  kept.block[kept.n++] = b;
  kept.bytes += b->bytes;
  atomic_flag_clear_explicit(&kept.busy, memory_order_release);
  while (dropped > 0) cx_free(drop[--dropped]->memory);
  return true;
}

static void pages_advise(void *data, size_t bytes) {
  uintptr_t from = ((uintptr_t)data + PAGE - 1) & ~(uintptr_t)(PAGE - 1), to = ((uintptr_t)data + bytes) & ~(uintptr_t)(PAGE - 1);
  if (bytes >= HUGE_BYTES && to > from) madvise((void *)from, to - from, MADV_HUGEPAGE);
}

void *large_new(size_t bytes) {
  Block *b = bytes >= KEEP_LEAST ? kept_take(bytes) : NULL;
  if (b) return (char *)b + HEAD;
  FAIL_IF(bytes > SIZE_MAX - 4 * HEAD, CX_ERR_MEMORY, "%zu bytes are more than memory can hold", bytes);
  void *memory = cx_malloc(bytes + 3 * HEAD);
  if (!memory) return NULL;
  char *data = (char *)(((uintptr_t)memory + 2 * HEAD - 1) & ~(uintptr_t)(HEAD - 1));
  b = (Block *)(void *)(data - HEAD);
  *b = (Block){memory, bytes};
  pages_advise(data, bytes);
  return data;
}

void large_free(void *block) {
  if (!block) return;
  Block *b = (Block *)(void *)((char *)block - HEAD);
  if (!kept_add(b)) cx_free(b->memory);
}
