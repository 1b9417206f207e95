/* Random bits: the Threefry-2x32 hash, and XLA's two bit generators, equal to JAX's to the bit. */
#ifndef KERNELS_RANDOM_H
#define KERNELS_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

/* o0[i], o1[i] = threefry2x32 of the counter x0[i], x1[i] under the key k0[i * key_step], k1[i * key_step]; key_step is 0 or 1.
 * Results may be the operands. */
void random_threefry(int64_t n, const uint32_t *k0, const uint32_t *k1, int64_t key_step, const uint32_t *x0, const uint32_t *x1, uint32_t *o0,
                     uint32_t *o1);

/* The same for the counters first, first + 1, …, high word before low word; width 8, 16, 32 (words xored, cut) or 64 (both words). */
void random_threefry_bits(uint32_t k0, uint32_t k1, uint64_t first, int64_t n, int width, void *out);
/* The two words of each, interleaved: new keys. */
void random_threefry_pairs(uint32_t k0, uint32_t k1, uint64_t first, int64_t n, uint32_t *out);

/* What JAX did before its bits could be cut into parts (jax_threefry_partitionable off): the counters 0 … n - 1 are hashed in pairs
 * from the two halves of the list. */
bool random_threefry_words(uint32_t k0, uint32_t k1, int64_t n, uint32_t *out);
bool random_threefry_bits_unparted(uint32_t k0, uint32_t k1, int64_t n, int width, void *out);

/* XLA's generators: state[0] is the key, state[1] the counter, which is moved on. */
void random_philox_bits(uint64_t state[2], int64_t n, int width, void *out);
void random_philox_block(const uint64_t state[2], uint64_t block, uint32_t out[4]); /* words 4 block … 4 block + 3 */
void random_generator_threefry_bits(uint64_t state[2], const int64_t *dims, int rank, int width, void *out);

#endif
