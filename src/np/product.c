/* Products of arrays: one dot_general after promotion. */
#include "np/arith.h"
#include "np/axes.h"
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

static bool rank_at_least(const char *name, CxVal x, int rank) {
  return x && (x->type->rank >= rank || cx_fail(CX_ERR_VALUE, "%s takes operands of at least %d axes, got %d", name, rank, x->type->rank));
}

/* Row times column, or matrix: the extra axis of extent 1 goes again. */
CxVal cx_np_vecdot(CxVal x, CxVal y, CxNpVecdot o) {
  if (!rank_at_least("vecdot", x, 1) || !rank_at_least("vecdot", y, 1)) return NULL;
  int a = np_axis(o.axis, x->type->rank), b = a < 0 ? -1 : np_axis(o.axis, y->type->rank);
  if (b < 0) return NULL;
  if (x->type->dims[a] != y->type->dims[b])
    return cx_fail(CX_ERR_VALUE, "vecdot requires arguments to have equal dimension along axis %lld; got %lld and %lld", (long long)o.axis,
                   (long long)x->type->dims[a], (long long)y->type->dims[b]), NULL;
  int nx = x->type->rank, ny = y->type->rank;
  CxVal row = cx_expand_dims(cx_np_conjugate(cx_move_axis(x, a, nx - 1)), cx_ints(nx - 1)), column = cx_expand_dims(cx_move_axis(y, b, ny - 1), cx_ints(ny));
  CxVal z = cx_np_matmul(row, column, (CxNpMatmul){.preferred_element_type = o.preferred_element_type});
  return z ? cx_squeeze(z, cx_ints(z->type->rank - 2, z->type->rank - 1)) : NULL;
}

CxVal cx_np_matvec(CxVal m, CxVal v) {
  if (!rank_at_least("matvec", m, 2) || !rank_at_least("matvec", v, 1)) return NULL;
  CxVal z = cx_np_matmul(m, cx_expand_dims(v, cx_ints(v->type->rank)), (CxNpMatmul){0});
  return z ? cx_squeeze(z, cx_ints(z->type->rank - 1)) : NULL;
}

CxVal cx_np_vecmat(CxVal v, CxVal m) {
  if (!rank_at_least("vecmat", v, 1) || !rank_at_least("vecmat", m, 2)) return NULL;
  CxVal z = cx_np_matmul(cx_expand_dims(cx_np_conjugate(v), cx_ints(v->type->rank - 1)), m, (CxNpMatmul){0});
  return z ? cx_squeeze(z, cx_ints(z->type->rank - 2)) : NULL;
}
