/* Growable arrays: VEC(T) declares one, vec_push appends (false + sticky error when memory is out). */
#ifndef BASE_VEC_H
#define BASE_VEC_H

#include "base/alloc.h"

#define VEC(T)       \
  struct {           \
    T *v;            \
    uint32_t n, cap; \
  }

bool vec_grow(void **data, uint32_t *cap, uint32_t need, size_t item);

#define vec_reserve(x, need) \
  ((need) <= (x)->cap || vec_grow((void **)&(x)->v, &(x)->cap, (uint32_t)(need), sizeof *(x)->v))
#define vec_push(x, item) (vec_reserve(x, (x)->n + 1) && ((x)->v[(x)->n++] = (item), true))
#define vec_free(x) (cx_free((x)->v), (x)->v = NULL, (x)->n = (x)->cap = 0)

#endif
