/* See vec.h. */
#include "base/vec.h"

bool vec_grow(void **data, uint32_t *cap, uint32_t need, size_t item) {
  size_t want = *cap ? (size_t)*cap * 2 : 8, bytes;
  if (want < need) want = need;
  if (want > UINT32_MAX || !size_mul(want, item, &bytes)) want = UINT32_MAX, bytes = SIZE_MAX / 2;
  void *p = cx_realloc(*data, bytes);
  if (!p) return false;
  *data = p;
  *cap = (uint32_t)want;
  return true;
}
