/* The attributes of gather and the scatters: other ops' batch rules turn into them. */
#ifndef OP_GATHER_H
#define OP_GATHER_H

#include "op/rules.h"

typedef struct CxGatherAttrs {
  CxGatherDims dims;
  CxNumber fill_value;
  int32_t mode; /* CxIndexMode */
  CxInts slice_sizes;
} CxGatherAttrs;

typedef struct CxScatterAttrs {
  CxScatterDims dims;
  int32_t mode; /* CxIndexMode */
} CxScatterAttrs;

/* Runs the batch rule of an op on operands that a rule has made. */
static inline void batch_as(CxOpcode op, const CxVal *in, uint32_t nin, const void *attrs, const int *axis, int64_t size, CxVal *out,
                            int *out_axis) {
  const CxType *types[4];
  for (uint32_t i = 0; i < nin; i++) {
    if (!in[i]) return;
    types[i] = in[i]->type;
  }
  CxApp a = {.op = op, .def = cx_ops[op], .attrs = attrs, .nin = nin, .nout = 1, .in = in, .types = types};
  a.def->batch(&a, axis, size, out, out_axis);
}

#endif
