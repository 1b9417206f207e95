/* See split.h. */
#include "kernels/split.h"

#include "runtime/pool.h"
#include <cuirax/type.h>
#include <string.h>

enum { SPLIT_OPERANDS = 8, SPLIT_GRAIN = 16384 };

typedef struct Split {
  const CxView *in, *out;
  int nin, axis;
  const int *in_axis;
  bool (*run)(void *env, const CxView *in, int nin, const CxView *out);
  void *env;
} Split;

static int64_t stride_at(const CxView *v, int axis) {
  if (v->strides) return v->strides[axis];
  int64_t s = 1;
  for (int i = axis + 1; i < v->rank; i++) s *= v->dims[i];
  return s;
}

/* v restricted to begin … end along an axis; dims is room for its extents. Dense views stay dense when all earlier extents are 1. */
static CxView piece(const CxView *v, int axis, int64_t begin, int64_t end, int64_t *dims, int64_t *strides) {
  CxView p = *v;
  bool leading = true;
  memcpy(dims, v->dims, (size_t)v->rank * sizeof *dims);
  for (int i = 0; i < axis; i++) leading &= dims[i] == 1;
  p.data = (char *)v->data + (size_t)(begin * stride_at(v, axis)) * (size_t)cx_dtype_bytes(v->dtype);
  if (!leading && !v->strides) {
    for (int i = 0; i < v->rank; i++) strides[i] = stride_at(v, i);
    p.strides = strides;
  }
  dims[axis] = end - begin;
  p.dims = dims;
  return p;
}

static bool split_part(void *env, int64_t begin, int64_t end) {
  const Split *s = env;
  CxView in[SPLIT_OPERANDS];
  int64_t dims[SPLIT_OPERANDS + 1][CX_MAX_RANK], strides[SPLIT_OPERANDS + 1][CX_MAX_RANK];
  for (int i = 0; i < s->nin; i++) {
    int axis = s->in_axis ? s->in_axis[i] : s->axis;
    in[i] = axis < 0 ? s->in[i] : piece(&s->in[i], axis, begin, end, dims[i], strides[i]);
  }
  CxView out = piece(s->out, s->axis, begin, end, dims[SPLIT_OPERANDS], strides[SPLIT_OPERANDS]);
  return s->run(s->env, in, s->nin, &out);
}

bool split_run(const CxView *in, int nin, const int *in_axis, const CxView *out, int64_t work,
               bool (*run)(void *env, const CxView *in, int nin, const CxView *out), void *env) {
  int64_t total = 1;
  for (int i = 0; i < out->rank; i++) total *= out->dims[i];
  if (total * work < 2 * SPLIT_GRAIN || nin > SPLIT_OPERANDS) return run(env, in, nin, out);
  Split s = {in, out, nin, 0, in_axis, run, env};
  while (s.axis < out->rank - 1 && out->dims[s.axis] == 1) s.axis++;
  int64_t rows = out->dims[s.axis], grain = SPLIT_GRAIN / (total / rows * work) + 1;
  return pool_for(rows, grain, split_part, &s);
}
