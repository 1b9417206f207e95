/* See sort_quick.h. Pivots are medians of samples; where partitions stay uneven for too long, heapsort bounds the time. */
#include "kernels/sort_quick.h"

#include "runtime/pool.h"

enum { SAMPLES = 32, QUICK_SHARED = 1 << 16 };

static const QuickLoops *quick_loops(void) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return &quick_avx512;
#endif
  return NULL;
}

static int quick_depth(size_t n) {
  int depth = 8;
  for (; n > 1; n /= 2) depth += 2;
  return depth;
}

#define QUICK(T, ID)                                                                                        \
  static void heap_sink_##ID(T *a, size_t i, size_t n) {                                                    \
    T x = a[i];                                                                                             \
    for (size_t child; (child = 2 * i + 1) < n; i = child) {                                                \
      if (child + 1 < n && a[child + 1] > a[child]) child++;                                                \
      if (a[child] <= x) break;                                                                             \
      a[i] = a[child];                                                                                      \
    }                                                                                                       \
    a[i] = x;                                                                                               \
  }                                                                                                         \
  static void heap_##ID(T *a, size_t n) {                                                                   \
    for (size_t i = n / 2; i-- > 0;) heap_sink_##ID(a, i, n);                                               \
    for (size_t last = n; last-- > 1;) {                                                                    \
      T most = a[0];                                                                                        \
      a[0] = a[last];                                                                                       \
      a[last] = most;                                                                                       \
      heap_sink_##ID(a, 0, last);                                                                           \
    }                                                                                                       \
  }                                                                                                         \
  static T pivot_##ID(const QuickLoops *q, const T *a, size_t n) {                                          \
    T sample[SAMPLES];                                                                                      \
    size_t step = n / SAMPLES, offset = step / 2;                                                           \
    for (size_t i = 0; i < SAMPLES; i++) sample[i] = a[i * step + (i * 7 + offset) % step];                 \
    q->small_##ID(sample, SAMPLES);                                                                         \
    return sample[SAMPLES / 2];                                                                             \
  }                                                                                                         \
  /* Splits a[n] at *at; what lies below `*done` is in place already. */                                    \
  static void split_##ID(const QuickLoops *q, T *a, T *b, size_t n, size_t *at, size_t *done) {             \
    T pivot = pivot_##ID(q, a, n);                                                                          \
    *done = 0;                                                                                              \
    *at = q->partition_##ID(a, b, n, pivot, false);                                                         \
    if (*at == 0) *done = *at = q->partition_##ID(a, b, n, pivot, true); /* the pivot is the least */       \
  }                                                                                                         \
  static void quick_##ID(const QuickLoops *q, T *a, T *b, size_t n, int depth) {                            \
    while (n > QUICK_SMALL) {                                                                               \
      size_t at, done;                                                                                      \
      if (depth-- == 0) {                                                                                   \
        heap_##ID(a, n);                                                                                    \
        return;                                                                                             \
      }                                                                                                     \
      split_##ID(q, a, b, n, &at, &done);                                                                   \
      if (!done) quick_##ID(q, a, b, at, depth);                                                            \
      a += at;                                                                                              \
      b += at;                                                                                              \
      n -= at;                                                                                              \
    }                                                                                                       \
    if (n > 1) q->small_##ID(a, n);                                                                         \
  }                                                                                                         \
  typedef struct Pieces_##ID {                                                                              \
    const QuickLoops *loops;                                                                                \
    T *a, *b;                                                                                               \
    size_t begin[QUICK_PIECES], n[QUICK_PIECES];                                                            \
    int count;                                                                                              \
  } Pieces_##ID;                                                                                            \
  static bool pieces_sort_##ID(void *env, int64_t begin, int64_t end) {                                     \
    const Pieces_##ID *p = env;                                                                             \
    for (int64_t i = begin; i < end; i++)                                                                   \
      quick_##ID(p->loops, p->a + p->begin[i], p->b + p->begin[i] + 16 * i, p->n[i], quick_depth(p->n[i])); \
    return true;                                                                                            \
  }                                                                                                         \
  /* The largest piece is split until there are enough. */                                                  \
  static void pieces_split_##ID(Pieces_##ID *p) {                                                           \
    while (p->count < QUICK_PIECES) {                                                                       \
      int most = 0;                                                                                         \
      size_t at, done;                                                                                      \
      for (int i = 1; i < p->count; i++)                                                                    \
        if (p->n[i] > p->n[most]) most = i;                                                                 \
      if (p->n[most] < QUICK_SHARED / 8) return;                                                            \
      T *a = p->a + p->begin[most];                                                                         \
      split_##ID(p->loops, a, p->b, p->n[most], &at, &done);                                                \
      p->begin[p->count] = p->begin[most] + at;                                                             \
      p->n[p->count++] = p->n[most] - at;                                                                   \
      p->n[most] = done ? 0 : at;                                                                           \
    }                                                                                                       \
  }                                                                                                         \
  /* In order of place, so that the scratch of one piece does not reach into another's. */                  \
  static void pieces_order_##ID(Pieces_##ID *p) {                                                           \
    for (int i = 1; i < p->count; i++)                                                                      \
      for (int j = i; j > 0 && p->begin[j - 1] > p->begin[j]; j--) {                                        \
        size_t begin = p->begin[j], n = p->n[j];                                                            \
        p->begin[j] = p->begin[j - 1], p->n[j] = p->n[j - 1];                                               \
        p->begin[j - 1] = begin, p->n[j - 1] = n;                                                           \
      }                                                                                                     \
  }                                                                                                         \
  bool quick_sort_##ID(T *a, T *b, size_t n) {                                                              \
    const QuickLoops *q = quick_loops();                                                                    \
    if (!q) return false;                                                                                   \
    Pieces_##ID p = {q, a, b, {0}, {n}, 1};                                                                 \
    if (n >= QUICK_SHARED && pool_threads() > 1) pieces_split_##ID(&p), pieces_order_##ID(&p);              \
    return pool_for(p.count, 1, pieces_sort_##ID, &p);                                                      \
  }

QUICK(uint32_t, u32)
QUICK(uint64_t, u64)
