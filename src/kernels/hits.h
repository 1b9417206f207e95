/* Where a tap of a window meets elements, for convolutions and reductions over windows: the places o of one axis,
 * from <= o < to, for which o * stride + offset is a multiple of `gap` and the quotient is an element, in [0, extent).
 * They are o = first + j * step, j < count, and meet the elements at + j * at_step. */
#ifndef KERNELS_HITS_H
#define KERNELS_HITS_H

#include <stdint.h>

typedef struct Hits {
  int64_t first, step, count, at, at_step;
} Hits;

static inline int64_t greatest_divisor(int64_t a, int64_t b) {
  while (b) {
    int64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static inline Hits hits_of(int64_t stride, int64_t gap, int64_t extent, int64_t offset, int64_t from, int64_t to) {
  Hits h = {.first = from, .step = gap / greatest_divisor(gap, stride)};
  if (offset < 0 && h.first < (-offset + stride - 1) / stride) h.first = (-offset + stride - 1) / stride;
  for (int64_t tries = 0; tries < h.step && h.first < to && (h.first * stride + offset) % gap; tries++) h.first++;
  if (h.first >= to || (h.first * stride + offset) % gap) return h;
  h.at = (h.first * stride + offset) / gap;
  h.at_step = h.step * stride / gap;
  if (h.at >= extent) return h;
  int64_t by_place = (to - 1 - h.first) / h.step + 1, by_element = (extent - 1 - h.at) / h.at_step + 1;
  h.count = by_place < by_element ? by_place : by_element;
  return h;
}

#endif
