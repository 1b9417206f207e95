/* Sorting of unsigned integers, not stable (equal ones cannot be told apart): a quicksort that partitions whole vectors, down to
 * networks in registers. Only where the processor has AVX-512; elsewhere sort.c counts digits. */
#ifndef KERNELS_SORT_QUICK_H
#define KERNELS_SORT_QUICK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUICK_PIECES = 16, QUICK_PAD = 16 * (QUICK_PIECES + 1) }; /* elements of scratch beyond n */

/* Sort a[n] with scratch b[n + QUICK_PAD]; false: nothing was done, there is no such code for this processor. Shared among threads when
 * n is large; the result is the same for any number. */
bool quick_sort_u32(uint32_t *a, uint32_t *b, size_t n);
bool quick_sort_u64(uint64_t *a, uint64_t *b, size_t n);

/* The loops of one instruction set. */
typedef struct QuickLoops {
  size_t (*partition_u32)(uint32_t *a, uint32_t *b, size_t n, uint32_t pivot, bool equal_low); /* how many are below the pivot */
  size_t (*partition_u64)(uint64_t *a, uint64_t *b, size_t n, uint64_t pivot, bool equal_low);
  void (*small_u32)(uint32_t *a, size_t n); /* n <= QUICK_SMALL */
  void (*small_u64)(uint64_t *a, size_t n);
} QuickLoops;
enum { QUICK_SMALL = 64 };
extern const QuickLoops quick_avx512;

#endif
