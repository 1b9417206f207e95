/* Which equations loops can compute. */
#include "compile/element.h"
#include "compile/lower.h"

bool lower_can_fuse(const CxGraph *g, const CxEqn *e) {
  CxDtype in[LOOP_OPERANDS];
  if (e->nout != 1 || e->nin == 0 || e->nin > LOOP_OPERANDS) return false;
  for (uint32_t k = 0; k < e->nin; k++) in[k] = graph_type(g, e->in[k])->dtype;
  if (e->op >= CX_OP_REDUCE_SUM && e->op <= CX_OP_REDUCE_XOR) return element_can_fold(e->op, in[0]);
  bool elementwise = (cx_ops[e->op]->flags & CX_OP_ELEMENTWISE) || e->op == CX_OP_BITCAST_CONVERT_TYPE;
  return elementwise && element_can(e->op, e->attrs, graph_type(g, e->out[0])->dtype, e->nin, in);
}

bool lower_dtype(CxDtype d) { return element_dtype(d); }
