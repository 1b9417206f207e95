/* See random.h. The hashes run over blocks of counters held in small arrays, so that the rounds vectorise. */
#include "kernels/random.h"

#include "base/alloc.h"
#include "base/error.h"
#include "kernels/loop.h"
#include "runtime/pool.h"

enum { BLOCK = 256, BITS_GRAIN = 1 << 13 };

typedef struct Lanes {
  uint32_t a[BLOCK], b[BLOCK];
} Lanes;

static inline uint32_t rotate(uint32_t x, int by) { return x << by | x >> (32 - by); }

#define ROUND(by) x += y, y = rotate(y, by) ^ x;
#define ROUNDS_EVEN ROUND(13) ROUND(15) ROUND(26) ROUND(6)
#define ROUNDS_ODD ROUND(17) ROUND(29) ROUND(16) ROUND(24)

/* Salmon et al., Threefry-2x32 with 20 rounds. */
static inline __attribute__((always_inline)) void threefry(uint32_t k0, uint32_t k1, uint32_t *a, uint32_t *b) {
  uint32_t k2 = k0 ^ k1 ^ 0x1BD11BDAu, x = *a + k0, y = *b + k1;
  ROUNDS_EVEN x += k1, y += k2 + 1;
  ROUNDS_ODD x += k2, y += k0 + 2;
  ROUNDS_EVEN x += k0, y += k1 + 3;
  ROUNDS_ODD x += k1, y += k2 + 4;
  ROUNDS_EVEN *a = x + k2, *b = y + k0 + 5;
}

void random_threefry(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step, const uint32_t *x0, const uint32_t *x1, uint32_t *o0,
                     uint32_t *o1) {
  for (int64_t i = 0; i < n; i++) {
    uint32_t a = x0[i], b = x1[i];
    threefry(k0[i * key_step], k1[i * key_step], &a, &b);
    o0[i] = a;
    o1[i] = b;
  }
}

/* The hashes of n <= BLOCK counters from `first`; `swapped`: the low word goes first, as XLA's generator has it. */
static inline __attribute__((always_inline)) void lanes_fill(uint32_t k0, uint32_t k1, uint64_t first, int n, bool swapped, Lanes *v) {
  for (int i = 0; i < n; i++) {
    uint64_t c = first + (uint64_t)i;
    v->a[i] = (uint32_t)(swapped ? c : c >> 32);
    v->b[i] = (uint32_t)(swapped ? c >> 32 : c);
  }
  VECTOR_LOOP
  for (int i = 0; i < n; i++) threefry(k0, k1, &v->a[i], &v->b[i]);
}

/* The same for each instruction set: integers, so the same bits. */
static void lanes_base(uint32_t k0, uint32_t k1, uint64_t first, int n, bool swapped, Lanes *v) { lanes_fill(k0, k1, first, n, swapped, v); }
#if defined(__x86_64__)
__attribute__((target("avx2"))) static void lanes_avx2(uint32_t k0, uint32_t k1, uint64_t first, int n, bool swapped, Lanes *v) {
  lanes_fill(k0, k1, first, n, swapped, v);
}
__attribute__((target("avx512f,avx512vl,avx512bw,avx512dq"))) static void lanes_avx512(uint32_t k0, uint32_t k1, uint64_t first, int n, bool swapped, Lanes *v) {
  lanes_fill(k0, k1, first, n, swapped, v);
}
#endif

static void threefry_lanes(uint32_t k0, uint32_t k1, uint64_t first, int n, bool swapped, Lanes *v) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    lanes_avx512(k0, k1, first, n, swapped, v);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    lanes_avx2(k0, k1, first, n, swapped, v);
    return;
  }
#endif
  lanes_base(k0, k1, first, n, swapped, v);
}

static void bits_store(const Lanes *v, int n, int width, void *out, int64_t at) {
  for (int i = 0; i < n; i++) {
    uint32_t word = v->a[i] ^ v->b[i];
    if (width == 64) ((uint64_t *)out)[at + i] = (uint64_t)v->a[i] << 32 | v->b[i];
    else if (width == 32) ((uint32_t *)out)[at + i] = word;
    else if (width == 16) ((uint16_t *)out)[at + i] = (uint16_t)word;
    else ((uint8_t *)out)[at + i] = (uint8_t)word;
  }
}

static int block_of(int64_t left) { return left < BLOCK ? (int)left : BLOCK; }

typedef struct BitsCall {
  uint32_t k0, k1;
  uint64_t first;
  int width;
  void *out;
} BitsCall;

static bool bits_some(void *env, int64_t begin, int64_t end) {
  const BitsCall *c = env;
  Lanes v;
  for (int64_t i = begin; i < end; i += BLOCK) {
    int m = block_of(end - i);
    threefry_lanes(c->k0, c->k1, c->first + (uint64_t)i, m, false, &v);
    bits_store(&v, m, c->width, c->out, i);
  }
  return true;
}

void random_threefry_bits(uint32_t k0, uint32_t k1, uint64_t first, int64_t n, int width, void *out) {
  pool_for(n, BITS_GRAIN, bits_some, &(BitsCall){k0, k1, first, width, out});
}

void random_threefry_pairs(uint32_t k0, uint32_t k1, uint64_t first, int64_t n, uint32_t *out) {
  Lanes v;
  for (int64_t i = 0; i < n; i += BLOCK) {
    int m = block_of(n - i);
    threefry_lanes(k0, k1, first + (uint64_t)i, m, false, &v);
    for (int j = 0; j < m; j++) out[2 * (i + j)] = v.a[j], out[2 * (i + j) + 1] = v.b[j];
  }
}

bool random_threefry_words(uint32_t k0, uint32_t k1, int64_t n, uint32_t *out) {
  int64_t half = (n + 1) / 2;
  FAIL_IF(n >= UINT32_MAX, CX_ERR_NOT_IMPLEMENTED, "random bits of this size need jax_threefry_partitionable");
  for (int64_t i = 0; i < half; i++) {
    uint32_t a = (uint32_t)i, b = half + i < n ? (uint32_t)(half + i) : 0;
    threefry(k0, k1, &a, &b);
    out[i] = a;
    if (half + i < n) out[half + i] = b;
  }
  return true;
}

bool random_threefry_bits_unparted(uint32_t k0, uint32_t k1, int64_t n, int width, void *out) {
  int64_t pieces = 32 / width, count = width == 64 ? 2 * n : (n * width + 31) / 32;
  if (width == 32) return random_threefry_words(k0, k1, n, out);
  uint32_t *words = cx_malloc((size_t)count * sizeof *words + 1);
  bool ok = words && random_threefry_words(k0, k1, count, words);
  for (int64_t i = 0; ok && i < n; i++) {
    if (width == 64) ((uint64_t *)out)[i] = (uint64_t)words[i] << 32 | words[n + i];
    else if (width == 16) ((uint16_t *)out)[i] = (uint16_t)(words[i / pieces] >> i % pieces * 16);
    else ((uint8_t *)out)[i] = (uint8_t)(words[i / pieces] >> i % pieces * 8);
  }
  cx_free(words);
  return ok;
}

/* ---- XLA's generators ---- */

static void word_store(void *out, int64_t at, int width, uint32_t word) {
  if (width == 32) ((uint32_t *)out)[at] = word;
  else if (width == 16) ((uint16_t *)out)[at] = (uint16_t)word;
  else ((uint8_t *)out)[at] = (uint8_t)word;
}

/* Salmon et al., Philox-4x32 with 10 rounds. */
static void philox(const uint32_t key[2], uint32_t c[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  for (int r = 0; r < 10; r++, k0 += 0x9E3779B9u, k1 += 0xBB67AE85u) {
    uint64_t p = 0xD2511F53ull * c[0], q = 0xCD9E8D57ull * c[2];
    c[0] = (uint32_t)(q >> 32) ^ c[1] ^ k0;
    c[1] = (uint32_t)q;
    c[2] = (uint32_t)(p >> 32) ^ c[3] ^ k1;
    c[3] = (uint32_t)p;
  }
}

/* The upper half of the 128-bit counter is the key; a carry out of the lower half goes there. */
void random_philox_block(const uint64_t state[2], uint64_t block, uint32_t out[4]) {
  uint32_t key[2] = {(uint32_t)state[0], (uint32_t)(state[0] >> 32)};
  uint64_t low = state[1] + block, high = state[0] + (low < block);
  out[0] = (uint32_t)low, out[1] = (uint32_t)(low >> 32), out[2] = (uint32_t)high, out[3] = (uint32_t)(high >> 32);
  philox(key, out);
}

void random_philox_bits(uint64_t state[2], int64_t n, int width, void *out) {
  int64_t words = width == 64 ? 2 * n : n, blocks = (words + 3) / 4;
  uint32_t c[4];
  for (int64_t i = 0; i < blocks; i++) {
    random_philox_block(state, (uint64_t)i, c);
    for (int j = 0; j < 4 && 4 * i + j < words; j++) {
      if (width != 64) word_store(out, 4 * i + j, width, c[j]);
      else if (j & 1) ((uint64_t *)out)[2 * i + j / 2] = (uint64_t)c[j] << 32 | c[j - 1];
    }
  }
  state[1] += (uint64_t)blocks;
}

/* One hash gives two words. They go to neighbours along one dim: the first of even extent, else the longest. */
static int pair_dim(const int64_t *dims, int rank) {
  int best = 0;
  for (int i = 0; i < rank; i++)
    if (dims[i] % 2 == 0) return i;
  for (int i = 1; i < rank; i++)
    if (dims[i] > dims[best]) best = i;
  return best;
}

void random_generator_threefry_bits(uint64_t state[2], const int64_t *dims, int rank, int width, void *out) {
  uint32_t k0 = (uint32_t)state[0], k1 = (uint32_t)(state[0] >> 32);
  int64_t outer = 1, inner = 1, extent = rank ? 1 : 2;
  int dim = pair_dim(dims, rank);
  for (int i = 0; i < rank; i++) {
    if (i < dim) outer *= dims[i];
    else if (i > dim) inner *= dims[i];
    else extent = dims[i];
  }
  bool whole = width == 64;
  int64_t n = rank ? outer * extent * inner : 1, half = (extent + 1) / 2, count = whole ? n : outer * half * inner;
  Lanes v;
  for (int64_t i = 0; i < count; i += BLOCK) {
    int m = block_of(count - i);
    threefry_lanes(k0, k1, state[1] + (uint64_t)i, m, true, &v);
    for (int j = 0; j < m; j++) {
      int64_t c = i + j, at = (c / inner / half * extent + c / inner % half * 2) * inner + c % inner;
      if (whole) {
        ((uint64_t *)out)[c] = (uint64_t)v.b[j] << 32 | v.a[j];
        continue;
      }
      word_store(out, at, width, v.a[j]);
      if (rank && c / inner % half * 2 + 1 < extent) word_store(out, at + inner, width, v.b[j]);
    }
  }
  state[1] += (uint64_t)count;
}
