/* Small non-cryptographic hashing for intern tables (multiply-mix). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint64_t hash_mix(uint64_t a, uint64_t b) {
  __extension__ unsigned __int128 p = (unsigned __int128)(a ^ 0x9e3779b97f4a7c15u) * (b ^ 0xe7037ed1a0b428dbu);
  return (uint64_t)p ^ (uint64_t)(p >> 64);
}

static inline uint64_t hash_bytes(uint64_t seed, const void *data, size_t n) {
  const unsigned char *p = data;
  uint64_t h = hash_mix(seed, n), w;
  for (; n >= 8; n -= 8, p += 8) memcpy(&w, p, 8), h = hash_mix(h, w);
  if (n) w = 0, memcpy(&w, p, n), h = hash_mix(h, w);
  return h;
}

#endif
