/* Products of arrays: one dot_general after promotion. */
#include "np/arith.h"
#include "np/broadcast.h"
#include <cuirax/library.h>

static CxVal contracted(CxVal x, CxVal y, int64_t axis_x, int64_t axis_y, CxDtype preferred) {
  CxVal v[2] = {x, y};
  CxDtype d;
  bool weak;
  if (!np_common_type(2, v, &d, &weak)) return NULL;
  for (int i = 0; i < 2; i++) v[i] = np_convert(v[i], d, false);
  CxDotDims dims = {.lhs_contract = {&axis_x, 1, false}, .rhs_contract = {&axis_y, 1, false}, .lhs_batch = CX_NO_INTS, .rhs_batch = CX_NO_INTS};
  CxVal z = cx_dot_general(v[0], v[1], dims, preferred ? preferred : d);
  return z && weak && !preferred ? np_convert(z, d, true) : z;
}

static CxVal preferring(CxVal z, CxDtype d) { return d ? np_convert(z, d, false) : z; }

CxVal cx_np_matmul(CxVal a, CxVal b, CxNpMatmul o) { return preferring(np_matrix_product(a, b), o.preferred_element_type); }

CxVal cx_np_dot(CxVal a, CxVal b, CxNpDot o) {
  if (!a || !b) return NULL;
  int ra = a->type->rank, rb = b->type->rank;
  if (!ra || !rb) return preferring(cx_np_multiply(a, b), o.preferred_element_type);
  return contracted(a, b, ra - 1, rb > 1 ? rb - 2 : 0, o.preferred_element_type);
}

CxVal cx_np_vdot(CxVal a, CxVal b, CxNpVdot o) {
  return a && b ? contracted(np_flat(cx_np_conjugate(a)), np_flat(b), 0, 0, o.preferred_element_type) : NULL;
}

CxVal cx_np_inner(CxVal a, CxVal b, CxNpInner o) {
  if (!a || !b) return NULL;
  if (!a->type->rank || !b->type->rank) return preferring(cx_np_multiply(a, b), o.preferred_element_type);
  return contracted(a, b, a->type->rank - 1, b->type->rank - 1, o.preferred_element_type);
}

CxVal cx_np_outer(CxVal a, CxVal b) {
  CxVal x = np_flat(a), y = np_flat(b);
  return x && y ? cx_np_multiply(cx_expand_dims(x, cx_ints(1)), cx_expand_dims(y, cx_ints(0))) : NULL;
}
