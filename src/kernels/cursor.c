/* See cursor.h. The invariant: `at` points at the element that `index` names; a dense cursor uses only `at`. */
#include "kernels/cursor.h"
#include <cuirax/error.h>
#include <string.h>

int64_t view_count(const CxView *v) {
  int64_t n = 1;
  for (int i = 0; i < v->rank; i++) n *= v->dims[i];
  return n;
}

bool view_dense(const CxView *v) {
  if (!v->strides) return true;
  int64_t expected = 1;
  for (int i = v->rank - 1; i >= 0; i--) {
    if (v->dims[i] == 0) return true;
    if (v->dims[i] == 1) continue;
    if (v->strides[i] != expected) return false;
    expected *= v->dims[i];
  }
  return true;
}

static bool cursor_push(Cursor *c, int64_t dim, ptrdiff_t stride) {
  if (c->rank > 0) {
    int last = c->rank - 1;
    if (stride == c->strides[last] * c->dims[last]) {
      c->dims[last] *= dim;
      return true;
    }
  }
  if (c->rank == CURSOR_RANK) return cx_fail(CX_ERR_VALUE, "an array may have at most %d strided dimensions", CURSOR_RANK);
  c->dims[c->rank] = dim;
  c->strides[c->rank] = stride;
  c->index[c->rank++] = 0;
  return true;
}

bool cursor_init(Cursor *c, const CxView *v) {
  c->at = v->data;
  c->size = cx_dtype_bytes(v->dtype);
  c->rank = 0;
  c->dense = view_dense(v);
  if (c->dense) return true;
  for (int i = v->rank - 1; i >= 0; i--)
    if (v->dims[i] != 1 && !cursor_push(c, v->dims[i], v->strides[i] * c->size)) return false;
  return true;
}

int64_t cursor_span(const Cursor *c) {
  if (c->dense) return INT64_MAX;
  return c->strides[0] == c->size ? c->dims[0] - c->index[0] : 0;
}

/* Moves n elements on inside the innermost dim, n <= what is left of it. */
static void cursor_step(Cursor *c, int64_t n) {
  c->index[0] += n;
  c->at += n * c->strides[0];
  for (int i = 0; c->index[i] == c->dims[i];) {
    c->at -= c->dims[i] * c->strides[i];
    c->index[i] = 0;
    if (++i == c->rank) return;
    c->index[i]++;
    c->at += c->strides[i];
  }
}

#define COPY_STRIDED(T)                                                                                           \
  for (int64_t i = 0; i < n; i++) memcpy((char *)to + i * to_stride, (const char *)from + i * from_stride, sizeof(T))

typedef struct Wide {
  uint64_t lo, hi;
} Wide;

#define FILL(T)                                           \
  {                                                       \
    T value, *o = to;                                     \
    memcpy(&value, from, sizeof value);                   \
    for (int64_t i = 0; i < n; i++) o[i] = value;         \
  }

void run_fill(int64_t n, ptrdiff_t size, void *to, const void *from) {
  switch (size) {
    case 1: memset(to, *(const uint8_t *)from, (size_t)n); return;
    case 2: FILL(uint16_t) return;
    case 4: FILL(uint32_t) return;
    case 8: FILL(uint64_t) return;
    case 16: FILL(Wide) return;
    default: return;
  }
}

/* n elements of `size` bytes from one stride to another. */
static void run_copy(int64_t n, ptrdiff_t size, void *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride) {
  if (to_stride == size && from_stride == size) {
    memcpy(to, from, (size_t)(n * size));
    return;
  }
  if (to_stride == size && from_stride == 0) {
    run_fill(n, size, to, from);
    return;
  }
  switch (size) {
    case 1: COPY_STRIDED(uint8_t); return;
    case 2: COPY_STRIDED(uint16_t); return;
    case 4: COPY_STRIDED(uint32_t); return;
    case 8: COPY_STRIDED(uint64_t); return;
    case 16: COPY_STRIDED(Wide); return;
    default: return; /* size 0: a token has no bytes */
  }
}

const void *cursor_read(Cursor *c, int64_t n, void *buffer) {
  const void *here = c->at;
  if (c->dense) {
    c->at += n * c->size;
    return here;
  }
  if (cursor_span(c) >= n) {
    cursor_step(c, n);
    return here;
  }
  char *to = buffer;
  while (n > 0) {
    int64_t left = c->dims[0] - c->index[0], run = n < left ? n : left;
    run_copy(run, c->size, to, c->size, c->at, c->strides[0]);
    cursor_step(c, run);
    to += run * c->size;
    n -= run;
  }
  return buffer;
}

void *cursor_target(const Cursor *c, int64_t n, void *buffer) { return cursor_span(c) >= n ? c->at : buffer; }

void cursor_flush(Cursor *c, int64_t n, const void *written) {
  if (c->dense) {
    c->at += n * c->size;
    return;
  }
  const char *from = written;
  bool in_place = written == c->at;
  while (n > 0) {
    int64_t left = c->dims[0] - c->index[0], run = n < left ? n : left;
    if (!in_place) run_copy(run, c->size, c->at, c->strides[0], from, c->size);
    cursor_step(c, run);
    from += run * c->size;
    n -= run;
  }
}
