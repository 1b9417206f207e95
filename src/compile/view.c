/* See view.h. */
#include "compile/view.h"

#include "op/attrs.h"
#include <string.h>

static int64_t *strides_new(CxArena *arena, int rank) { return arena_alloc(arena, (size_t)(rank + 1) * sizeof(int64_t)); }

bool map_identity(CxArena *arena, CxVar v, const CxType *type, IndexMap *out) {
  int64_t *s = strides_new(arena, type->rank), dense = 1;
  if (!s) return false;
  for (int i = type->rank - 1; i >= 0; i--) s[i] = dense, dense *= type->dims[i];
  *out = (IndexMap){v, 0, s};
  return true;
}

bool map_dense(const IndexMap *m, const CxType *type, int64_t root_size) {
  int64_t dense = 1;
  if (m->offset != 0 || type->size != root_size) return false;
  for (int i = type->rank - 1; i >= 0; i--) {
    if (type->dims[i] != 1 && m->stride[i] != dense) return false;
    dense *= type->dims[i];
  }
  return true;
}

static void through_broadcast(const CxBroadcastAttrs *a, const CxType *from, const CxType *to, const IndexMap *in, int64_t *s) {
  for (int i = 0; i < a->broadcast_dimensions.n; i++) {
    int64_t k = a->broadcast_dimensions.v[i];
    s[k] = from->dims[i] == to->dims[k] ? in->stride[i] : 0;
  }
}

/* Axes of both sides are matched in groups of equal extent; a group of the operand must be a single run of even steps. */
static bool through_reshape(const CxType *from, const CxType *to, const IndexMap *in, int64_t *s) {
  int i = from->rank - 1, k = to->rank - 1;
  if (from->size == 0) return true;
  while (k >= 0) {
    if (to->dims[k] == 1) {
      k--;
      continue;
    }
    while (i >= 0 && from->dims[i] == 1) i--;
    if (i < 0) return false;
    int64_t run = from->dims[i], step = in->stride[i], made = to->dims[k];
    s[k--] = step;
    i--;
    while (made != run) {
      if (made < run) {
        while (k >= 0 && to->dims[k] == 1) k--;
        if (k < 0) return false;
        s[k] = step * made;
        made *= to->dims[k--];
      } else {
        while (i >= 0 && from->dims[i] == 1) i--;
        if (i < 0 || in->stride[i] != step * run) return false;
        run *= from->dims[i--];
      }
    }
  }
  return true;
}

static void through_squeeze(const CxType *from, const CxInts *gone, const IndexMap *in, int64_t *s) {
  for (int i = 0, k = 0; i < from->rank; i++) {
    bool drop = false;
    for (int j = 0; j < gone->n; j++) drop |= gone->v[j] == i || gone->v[j] + from->rank == i;
    if (!drop) s[k++] = in->stride[i];
  }
}

static void through_slice(const CxSliceAttrs *a, const CxType *from, const IndexMap *in, int64_t *s, int64_t *offset) {
  for (int i = 0; i < from->rank; i++) {
    *offset += a->start_indices.v[i] * in->stride[i];
    s[i] = in->stride[i] * (a->strides.n > 0 ? a->strides.v[i] : 1);
  }
}

static void through_rev(const CxRevAttrs *a, const CxType *from, int64_t *s, int64_t *offset) {
  for (int i = 0; i < a->dimensions.n; i++) {
    int64_t k = a->dimensions.v[i];
    if (from->dims[k] == 0) continue;
    *offset += (from->dims[k] - 1) * s[k];
    s[k] = -s[k];
  }
}

MapAnswer map_through(CxArena *arena, const CxGraph *g, const CxEqn *e, const IndexMap *in, IndexMap *out) {
  if (e->nin != 1 || e->nout != 1) return MAP_NO;
  const CxType *from = graph_type(g, e->in[0]), *to = graph_type(g, e->out[0]);
  if (from->dtype != to->dtype) return MAP_NO;
  int64_t *s = strides_new(arena, to->rank);
  if (!s) return MAP_FAILED;
  *out = (IndexMap){in->root, in->offset, s};
  switch ((int)e->op) {
    case CX_OP_BROADCAST_IN_DIM: return through_broadcast(e->attrs, from, to, in, s), MAP_YES;
    case CX_OP_RESHAPE: return through_reshape(from, to, in, s) ? MAP_YES : MAP_NO;
    case CX_OP_TRANSPOSE:
      for (int i = 0; i < to->rank; i++) s[i] = in->stride[((const CxTransposeAttrs *)e->attrs)->permutation.v[i]];
      return MAP_YES;
    case CX_OP_SQUEEZE: return through_squeeze(from, &((const CxSqueezeAttrs *)e->attrs)->dimensions, in, s), MAP_YES;
    case CX_OP_SLICE: return through_slice(e->attrs, from, in, s, &out->offset), MAP_YES;
    case CX_OP_REV:
      memcpy(s, in->stride, (size_t)from->rank * sizeof *s);
      return through_rev(e->attrs, from, s, &out->offset), MAP_YES;
    case CX_OP_COPY:
    case CX_OP_STOP_GRADIENT:
    case CX_OP_NAME:
    case CX_OP_CONVERT_ELEMENT_TYPE: memcpy(s, in->stride, (size_t)from->rank * sizeof *s); return MAP_YES;
    default: return MAP_NO;
  }
}
