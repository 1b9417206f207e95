/* Type promotion. See promote.h. */
#include "np/promote.h"

#include "kernels/convert.h"
#include <pthread.h>
#include <stdio.h>
#include <string.h>

CxDtype np_canonical(CxDtype d) {
  if (config_x64()) return d;
  switch (d) {
  case CX_I64: return CX_I32;
  case CX_U64: return CX_U32;
  case CX_F64: return CX_F32;
  case CX_C128: return CX_C64;
  default: return d;
  }
}

/* ---- the lattice: a node for each dtype and three weak ones; `up[n]` is the set of nodes at or above n ---- */

enum { WEAK_INT = 48, WEAK_FLOAT, WEAK_COMPLEX, NODES };
typedef uint64_t Set;
#define IN(n) ((Set)1 << (n))
static Set up[2][NODES]; /* [x64] */

#define SMALL_FLOATS                                                                                                            \
  (IN(CX_F4E2M1FN) | IN(CX_F8E3M4) | IN(CX_F8E4M3) | IN(CX_F8E4M3B11FNUZ) | IN(CX_F8E4M3FN) | IN(CX_F8E4M3FNUZ) | IN(CX_F8E5M2) | \
   IN(CX_F8E5M2FNUZ) | IN(CX_F8E8M0FNU))

static const struct {
  int node;
  Set above; /* directly */
} edges[] = {
    {CX_BOOL, IN(WEAK_INT)},
    {WEAK_INT, IN(CX_U8) | IN(CX_U2) | IN(CX_U4) | IN(CX_I8) | IN(CX_I2) | IN(CX_I4)},
    {CX_U8, IN(CX_I16) | IN(CX_U16)},
    {CX_U16, IN(CX_I32) | IN(CX_U32)},
    {CX_U32, IN(CX_I64) | IN(CX_U64)}, /* without x64: int32 instead of int64 */
    {CX_U64, IN(WEAK_FLOAT)},
    {CX_I8, IN(CX_I16)},
    {CX_I16, IN(CX_I32)},
    {CX_I32, IN(CX_I64)},
    {CX_I64, IN(WEAK_FLOAT)},
    {WEAK_FLOAT, SMALL_FLOATS | IN(CX_BF16) | IN(CX_F16) | IN(WEAK_COMPLEX)},
    {CX_BF16, IN(CX_F32)},
    {CX_F16, IN(CX_F32)},
    {CX_F32, IN(CX_F64) | IN(CX_C64)},
    {CX_F64, IN(CX_C128)},
    {WEAK_COMPLEX, IN(CX_C64)},
    {CX_C64, IN(CX_C128)},
};

static void lattice_make(void) {
  for (int x64 = 0; x64 < 2; x64++) {
    for (int n = 0; n < NODES; n++) up[x64][n] = IN(n);
    for (int round = 0; round < 16; round++)
      for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) {
        Set above = edges[i].above;
        if (!x64 && edges[i].node == CX_U32) above = IN(CX_I32) | IN(CX_U64);
        for (int n = 0; n < NODES; n++)
          if (above & IN(n)) up[x64][edges[i].node] |= up[x64][n];
      }
  }
}

static int lattice_node(CxDtype d, bool weak) {
  if (!weak) return (int)d;
  switch (cx_dtype_kind(d)) {
  case 'i': case 'u': return WEAK_INT;
  case 'f': return WEAK_FLOAT;
  case 'c': return WEAK_COMPLEX;
  default: return (int)d;
  }
}

static CxDtype node_dtype(int n) {
  return n == WEAK_INT ? np_canonical(CX_I64) : n == WEAK_FLOAT ? np_canonical(CX_F64) : n == WEAK_COMPLEX ? np_canonical(CX_C128) : (CxDtype)n;
}

static bool no_path(uint32_t n, const CxDtype *d) {
  char text[512];
  size_t at = 0;
  text[0] = 0;
  for (uint32_t i = 0; i < n && at + 32 < sizeof text; i++)
    at += (size_t)snprintf(text + at, sizeof text - at, "%s'%s'", i ? ", " : "", cx_dtype_name(d[i]));
  return cx_fail(CX_ERR_PROMOTION,
                 "Input dtypes (%s) have no available implicit dtype promotion path. To avoid unintended promotion, cast inputs explicitly, "
                 "as in x.astype('float32').", text);
}

static bool least(uint32_t n, const CxDtype *d, const bool *weak, bool all_weak, int *out) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, lattice_make);
  const Set *above = up[config_x64()];
  Set common = ~(Set)0;
  for (uint32_t i = 0; i < n; i++) common &= above[lattice_node(d[i], weak && weak[i] && !all_weak)];
  for (int c = 0; c < NODES; c++)
    if (common & IN(c) && !(common & ~above[c])) return *out = c, true;
  return no_path(n, d);
}

/* jax_numpy_dtype_promotion='strict': strong dtypes are equal, and weak ones give way to their kind or a wider one. */
static bool strict_pair(CxDtype strong, CxDtype weak) {
  static const char order[] = "biufc";
  char s = cx_dtype_kind(strong), w = cx_dtype_kind(weak);
  if (s == w) return true;
  if (s == 'b' || w == 'b') return false;
  return strchr("iu", w) || strchr(order, w) <= strchr(order, s);
}

static bool strict_allows(uint32_t n, const CxDtype *d, const bool *weak) {
  uint32_t strong = 0;
  while (strong < n && weak && weak[strong]) strong++;
  for (uint32_t i = 0; i < n && strong < n; i++)
    if (weak && weak[i] ? !strict_pair(d[strong], d[i]) : d[i] != d[strong]) return no_path(n, d);
  return true;
}

bool np_result_type(uint32_t n, const CxDtype *d, const bool *weak, CxDtype *out, bool *out_weak) {
  bool same = true, all_weak = weak != NULL;
  FAIL_IF(n == 0, CX_ERR_VALUE, "at least one array or dtype is required");
  for (uint32_t i = 0; i < n; i++) {
    same &= d[i] == d[0];
    all_weak &= weak && weak[i];
  }
  if (same) return *out = d[0], *out_weak = all_weak && d[0] != CX_BOOL, true;
  if (CX_SETTING(strict_dtypes)) TRY(strict_allows(n, d, weak));
  int node = 0;
  TRY(least(n, d, weak, all_weak, &node));
  *out = node_dtype(node);
  *out_weak = (all_weak || node >= WEAK_INT) && *out != CX_BOOL;
  return true;
}

bool np_common_type(uint32_t n, const CxVal *v, CxDtype *out, bool *out_weak) {
  CxDtype small[16], *d = small;
  bool weak_small[16], *weak = weak_small;
  for (uint32_t i = 0; i < n; i++)
    if (!v[i]) return false;
  if (n > 16) d = cx_malloc(n * sizeof *d), weak = cx_malloc(n * sizeof *weak);
  for (uint32_t i = 0; d && weak && i < n; i++) d[i] = v[i]->type->dtype, weak[i] = v[i]->type->weak;
  bool ok = d && weak && np_result_type(n, d, weak, out, out_weak);
  if (n > 16) cx_free(d), cx_free(weak);
  return ok;
}

/* ---- conversion ---- */

static CxVal literal_convert(CxVal v, CxDtype d, bool weak) {
  CxVal to = node_array(cx_type_scalar(d, weak));
  if (!to) return NULL;
  to->literal = true;
  if (v->type->dtype == d) memcpy(to->array.data, v->array.data, (size_t)cx_dtype_bytes(d));
  else if (!convert_run(v->type->dtype, d, 1, v->array.data, to->array.data)) return cx_release(to), NULL;
  return cx_keep(to);
}

CxVal np_convert(CxVal v, CxDtype d, bool weak) {
  if (!v || (v->type->dtype == d && v->type->weak == weak)) return v;
  if (node_is_array(v) && v->literal && v->type->rank == 0) return literal_convert(v, d, weak);
  return cx_convert_weak(v, d, weak);
}

CxDtype np_to_inexact(CxDtype d) {
  char kind = cx_dtype_kind(d);
  if (kind != 'i' && kind != 'u' && kind != 'b') return d;
  return d == CX_I64 || d == CX_U64 ? np_canonical(CX_F64) : CX_F32;
}

static bool convert_all(uint32_t n, CxVal *v, CxDtype d, bool weak) {
  for (uint32_t i = 0; i < n; i++)
    if (!(v[i] = np_convert(v[i], d, weak))) return false;
  return true;
}

bool np_promote_dtypes(uint32_t n, CxVal *v) {
  CxDtype d;
  bool weak;
  return np_common_type(n, v, &d, &weak) && convert_all(n, v, d, weak);
}

static bool shapes_fail(uint32_t n, const CxVal *v) {
  char text[512];
  size_t at = 0;
  text[0] = 0;
  for (uint32_t i = 0; i < n && at + 40 < sizeof text; i++) {
    const CxType *t = v[i]->type;
    at += (size_t)snprintf(text + at, sizeof text - at, "%s(", i ? ", " : "");
    for (int k = 0; k < t->rank && at + 40 < sizeof text; k++)
      at += (size_t)snprintf(text + at, sizeof text - at, "%lld%s", (long long)t->dims[k], k + 1 < t->rank ? ", " : t->rank == 1 ? "," : "");
    at += (size_t)snprintf(text + at, sizeof text - at, ")");
  }
  return cx_fail(CX_ERR_VALUE, "Incompatible shapes for broadcasting: shapes=[%s]", text);
}

bool np_broadcast_dims(uint32_t n, const CxVal *v, int *rank, int64_t *dims) {
  *rank = 0;
  for (uint32_t i = 0; i < n; i++) {
    if (!v[i]) return false;
    if (v[i]->type->rank > *rank) *rank = v[i]->type->rank;
  }
  for (int k = 0; k < *rank; k++) dims[k] = 1;
  for (uint32_t i = 0; i < n; i++)
    for (int k = 0, r = v[i]->type->rank; k < r; k++) {
      int64_t extent = v[i]->type->dims[k], *to = &dims[*rank - r + k];
      if (*to == 1) *to = extent;
      else if (extent != 1 && extent != *to) return shapes_fail(n, v);
    }
  return true;
}

/* jax_numpy_rank_promotion */
static bool ranks_differ(uint32_t n, const CxVal *v) {
  char text[400], shapes[256] = "";
  size_t at = 0;
  for (uint32_t i = 0; i < n && at + 40 < sizeof shapes; i++) {
    char one[256];
    at += (size_t)snprintf(shapes + at, sizeof shapes - at, " %s", cx_type_text(v[i]->type, one, sizeof one));
    if (at >= sizeof shapes) at = sizeof shapes - 1;
  }
  if (CX_SETTING(rank_promotion) == 2)
    return cx_fail(CX_ERR_VALUE, "Operands could not be broadcast together on shapes%s with the config option jax_numpy_rank_promotion='raise': "
                                 "reshape them to equal ranks.", shapes);
  snprintf(text, sizeof text, "Following NumPy automatic rank promotion on shapes%s. Set the jax_numpy_rank_promotion config option to 'allow' to disable this warning.", shapes);
  if (trace_warn) trace_warn(text);
  return true;
}

bool np_promote_shapes(uint32_t n, CxVal *v) {
  int64_t dims[CX_MAX_RANK];
  int rank = 0;
  bool mixed = false;
  for (uint32_t i = 0; i < n; i++) {
    if (!v[i]) return false;
    int r = v[i]->type->rank;
    mixed |= r && rank && r != rank;
    if (r > rank) rank = r;
  }
  if (mixed && CX_SETTING(rank_promotion)) TRY(ranks_differ(n, v));
  if (mixed) TRY(np_broadcast_dims(n, v, &rank, dims));
  for (uint32_t i = 0; mixed && i < n; i++) {
    int64_t axes[CX_MAX_RANK];
    CxInts lead = {axes, rank - v[i]->type->rank, false};
    for (int k = 0; k < lead.n; k++) axes[k] = k;
    if (lead.n && !(v[i] = cx_expand_dims(v[i], lead))) return false;
  }
  return true;
}

static bool promote_to(uint32_t n, CxVal *v, CxDtype (*raise)(CxDtype)) {
  CxDtype d;
  bool weak;
  return np_common_type(n, v, &d, &weak) && convert_all(n, v, raise(d), weak) && np_promote_shapes(n, v);
}

static CxDtype to_numeric(CxDtype d) { return d == CX_BOOL ? CX_I32 : d; }

bool np_promote(uint32_t n, CxVal *v) {
  if (n == 2 && v[0] && v[1] && v[0]->type == v[1]->type) return true;
  return np_promote_dtypes(n, v) && np_promote_shapes(n, v);
}
bool np_promote_numeric(uint32_t n, CxVal *v) { return promote_to(n, v, to_numeric); }
bool np_promote_inexact(uint32_t n, CxVal *v) { return promote_to(n, v, np_to_inexact); }
