/* Index maps: where the elements of a value lie when it only rearranges another (broadcast, reshape, transpose, slice, …). Such values cost
 * nothing: loads of their users absorb the map. */
#ifndef COMPILE_VIEW_H
#define COMPILE_VIEW_H

#include "base/arena.h"
#include "ir/graph.h"

/* Element (i0, i1, …) of the value is element offset + sum of stride[k] * ik of `root`, counted row-major. */
typedef struct IndexMap {
  CxVar root;
  int64_t offset;
  const int64_t *stride; /* one per axis of the value */
} IndexMap;

/* The map of a value of this type onto itself; false when memory is out. */
bool map_identity(CxArena *arena, CxVar v, const CxType *type, IndexMap *out);

/* The map of e's result if e only rearranges its operand, whose map is `in`. NO: it does more, or no affine map exists. */
typedef enum MapAnswer { MAP_NO, MAP_YES, MAP_FAILED } MapAnswer;
MapAnswer map_through(CxArena *arena, const CxGraph *g, const CxEqn *e, const IndexMap *in, IndexMap *out);

/* Does the map keep the order and number of the root's elements? */
bool map_dense(const IndexMap *m, const CxType *type, int64_t root_size);

#endif
