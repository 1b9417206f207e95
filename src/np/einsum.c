/* Contractions named by axes (tensordot, einsum, kron), and take. einsum works pairwise from the left: an axis that nothing later
 * needs is contracted as soon as both operands that have it meet. */
#include "np/arith.h"
#include "np/axes.h"
#include "np/broadcast.h"
#include "np/index.h"
#include <ctype.h>
#include "np/build.h"
#include <cuirax/library.h>

/* ---- tensordot ---- */

static int64_t int_at(CxVal v, int64_t i) {
  const void *data = cx_data(v);
  return !data ? 0 : v->type->dtype == CX_I64 ? ((const int64_t *)data)[i] : ((const int32_t *)data)[i];
}

static bool contracted_axes(CxVal axes, int ra, int rb, int64_t *a, int64_t *b, int *n) {
  int64_t count = 2;
  bool pair = axes && axes->type->rank;
  if (axes && !cx_is_array(axes)) return cx_fail(CX_ERR_TYPE, "tensordot: axes must be known integers");
  if (axes && axes->type->size && axes->type->dtype != CX_I32 && axes->type->dtype != CX_I64) return cx_fail(CX_ERR_TYPE, "tensordot: axes must be integers");
  if (pair && (axes->type->dims[0] != 2 || axes->type->rank > 2)) return cx_fail(CX_ERR_VALUE, "tensordot: axes must be a number or a pair of lists of equal length");
  if (pair) count = axes->type->size / 2;
  else if (axes) count = int_at(axes, 0);
  if (count < 0 || count > ra || count > rb) return cx_fail(CX_ERR_TYPE, "tensordot cannot contract %lld axes of operands with %d and %d axes", (long long)count, ra, rb);
  *n = (int)count;
  for (int i = 0; i < *n; i++) a[i] = pair ? int_at(axes, i) : ra - count + i, b[i] = pair ? int_at(axes, count + i) : i;
  return np_axes((CxInts){a, *n, false}, ra, a).n >= 0 && np_axes((CxInts){b, *n, false}, rb, b).n >= 0;
}

CxVal cx_np_tensordot(CxVal a, CxVal b, CxNpTensordot o) {
  int64_t at[CX_MAX_RANK], bt[CX_MAX_RANK];
  int n = 0;
  CxVal v[2] = {a, b};
  CxDtype d;
  bool weak;
  if (!a || !b || !contracted_axes(o.axes, a->type->rank, b->type->rank, at, bt, &n) || !np_common_type(2, v, &d, &weak)) return NULL;
  CxDotDims dims = {.lhs_contract = {at, n, false}, .rhs_contract = {bt, n, false}, .lhs_batch = CX_NO_INTS, .rhs_batch = CX_NO_INTS};
  CxVal z = cx_dot_general(np_convert(a, d, false), np_convert(b, d, false), dims, o.preferred_element_type ? o.preferred_element_type : d);
  return z && weak && !o.preferred_element_type ? np_convert(z, d, true) : z;
}

/* ---- einsum ---- */

enum { DOTS = 128, MAX_OPERANDS = 32 }; /* labels from DOTS on are axes of the ellipsis, counted from the last */

typedef struct Term {
  CxVal x;
  int n, label[CX_MAX_RANK];
} Term;

typedef struct Einsum {
  Term in[MAX_OPERANDS], out;
  int n, dots; /* dots: the greatest number of axes of an ellipsis */
  int64_t extent[DOTS + CX_MAX_RANK];
} Einsum;

static int find(const Term *t, int label) {
  for (int i = 0; i < t->n; i++)
    if (t->label[i] == label) return i;
  return -1;
}

static void drop(Term *t, int i) {
  t->n--;
  for (; i < t->n; i++) t->label[i] = t->label[i + 1];
}

/* The labels of one comma-separated part; dots: how many axes its ellipsis has, or -1 for what is left of the rank. */
static bool term_read(const char **text, int rank, int dots, Term *t, bool *has_dots) {
  int letters = 0;
  const char *s = *text;
  for (; *s && *s != ',' && *s != '-'; s++) letters += isalpha((unsigned char)*s) != 0;
  if (dots < 0) dots = rank - letters;
  for (s = *text; *s && *s != ',' && *s != '-'; s++) {
    if (*s == ' ') continue;
    bool ellipsis = !strncmp(s, "...", 3);
    int add = ellipsis ? dots : 1;
    if ((!ellipsis && !isalpha((unsigned char)*s)) || (ellipsis && *has_dots)) return cx_fail(CX_ERR_VALUE, "einsum: cannot read the subscripts at '%s'", s);
    if (add < 0 || t->n + add > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "einsum: the subscripts do not fit an operand with %d axes", rank);
    for (int i = 0; i < add; i++) t->label[t->n++] = ellipsis ? DOTS + dots - 1 - i : *s;
    if (ellipsis) *has_dots = true, s += 2;
  }
  *text = s;
  return true;
}

static bool inputs_read(Einsum *e, const char **s, CxVals operands) {
  for (uint32_t i = 0; i < operands.n; i++) {
    Term *t = &e->in[e->n++];
    bool dots = false;
    if (!(t->x = operands.v[i])) return false;
    if (i && *(*s)++ != ',') return cx_fail(CX_ERR_VALUE, "einsum: there are more operands than subscripts");
    if (!term_read(s, t->x->type->rank, -1, t, &dots)) return false;
    if (t->n != t->x->type->rank) return cx_fail(CX_ERR_VALUE, "einsum: %d subscripts for operand %u with %d axes", t->n, i, t->x->type->rank);
    for (int k = 0; k < t->n; k++) {
      int64_t *have = &e->extent[t->label[k]], d = t->x->type->dims[k];
      if (*have >= 0 && *have != d && *have != 1 && d != 1) return cx_fail(CX_ERR_VALUE, "einsum: a label has extents %lld and %lld", (long long)*have, (long long)d);
      if (*have < 0 || *have == 1) *have = d;
      if (t->label[k] - DOTS >= e->dots) e->dots = t->label[k] - DOTS + 1;
    }
  }
  return **s != ',' || cx_fail(CX_ERR_VALUE, "einsum: there are more subscripts than operands");
}

static void output_implied(Einsum *e) { /* the ellipsis, then letters that occur once, by the alphabet */
  for (int i = e->dots; i-- > 0;) e->out.label[e->out.n++] = DOTS + i;
  for (int c = 'A'; c <= 'z'; c++) {
    int count = 0;
    for (int i = 0; i < e->n; i++)
      for (int k = 0; k < e->in[i].n; k++) count += e->in[i].label[k] == c;
    if (count == 1 && e->out.n < CX_MAX_RANK) e->out.label[e->out.n++] = c;
  }
}

static bool output_read(Einsum *e, const char *s) {
  bool dots = false;
  if (!*s) return output_implied(e), true;
  if (strncmp(s, "->", 2)) return cx_fail(CX_ERR_VALUE, "einsum: cannot read the subscripts at '%s'", s);
  s += 2;
  if (!term_read(&s, 0, e->dots, &e->out, &dots)) return false;
  if (*s) return cx_fail(CX_ERR_VALUE, "einsum: cannot read the subscripts at '%s'", s);
  for (int i = 0; i < e->out.n; i++)
    if (find(&e->out, e->out.label[i]) != i || e->extent[e->out.label[i]] < 0) return cx_fail(CX_ERR_VALUE, "einsum: each output label occurs once, and in an input");
  return true;
}

static bool needed(const Einsum *e, int label, int from) {
  if (find(&e->out, label) >= 0) return true;
  for (int i = from; i < e->n; i++)
    if (find(&e->in[i], label) >= 0) return true;
  return false;
}

/* Extents of 1 that broadcast go; a label twice becomes a diagonal. */
static bool term_simplify(const Einsum *e, Term *t) {
  for (int i = t->n; i-- > 0;)
    if (t->x->type->dims[i] != e->extent[t->label[i]]) {
      if (!(t->x = cx_squeeze(t->x, cx_ints(i)))) return false;
      drop(t, i);
    }
  for (int i = t->n; i-- > 0;) {
    int label = t->label[i], first = find(t, label);
    if (first == i) continue;
    if (!(t->x = np_diagonal(t->x, .axis1 = first, .axis2 = i))) return false;
    drop(t, i), drop(t, first);
    t->label[t->n++] = label;
    i = t->n;
  }
  return true;
}

static bool term_sum(const Einsum *e, Term *t, const Term *other, int from) { /* over labels that nobody else needs */
  int64_t axes[CX_MAX_RANK];
  int n = 0, kept = 0;
  for (int i = 0; i < t->n; i++) {
    if (needed(e, t->label[i], from) || (other && find(other, t->label[i]) >= 0)) t->label[kept++] = t->label[i];
    else axes[n++] = i;
  }
  t->n = kept;
  return !n || (t->x = cx_reduce_sum(t->x, (CxInts){axes, n, false}));
}

static bool terms_join(const Einsum *e, Term *x, const Term *y, int from, CxDtype d) {
  int64_t xc[CX_MAX_RANK], yc[CX_MAX_RANK], xb[CX_MAX_RANK], yb[CX_MAX_RANK];
  int nc = 0, nb = 0;
  Term z = {0};
  for (int i = 0; i < x->n; i++) {
    int k = find(y, x->label[i]);
    if (k < 0) continue;
    if (needed(e, x->label[i], from)) xb[nb] = i, yb[nb++] = k, z.label[z.n++] = x->label[i];
    else xc[nc] = i, yc[nc++] = k;
  }
  if (x->n + y->n - nb - 2 * nc > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "einsum: an intermediate array would have more than %d axes", CX_MAX_RANK);
  for (int i = 0; i < x->n; i++)
    if (find(y, x->label[i]) < 0) z.label[z.n++] = x->label[i];
  for (int i = 0; i < y->n; i++)
    if (find(x, y->label[i]) < 0) z.label[z.n++] = y->label[i];
  CxDotDims dims = {.lhs_contract = {xc, nc, false}, .rhs_contract = {yc, nc, false}, .lhs_batch = {xb, nb, false}, .rhs_batch = {yb, nb, false}};
  z.x = cx_dot_general(x->x, y->x, dims, d);
  *x = z;
  return x->x != NULL;
}

static CxVal arranged(const Einsum *e, Term *t) {
  int64_t permutation[CX_MAX_RANK];
  for (int i = 0; i < e->out.n; i++)
    if ((permutation[i] = find(t, e->out.label[i])) < 0) return cx_fail(CX_ERR_INTERNAL, "einsum: a label was lost"), NULL;
  return cx_transpose(t->x, permutation);
}

CxVal cx_np_einsum(const char *subscripts, CxVals operands, CxNpEinsum o) {
  Einsum e = {0};
  CxDtype d;
  bool weak;
  const char *s = subscripts;
  for (int i = 0; i < DOTS + CX_MAX_RANK; i++) e.extent[i] = -1;
  if (!operands.n || operands.n > MAX_OPERANDS) return cx_fail(CX_ERR_VALUE, "einsum takes 1 to %d operands, got %u", MAX_OPERANDS, operands.n), NULL;
  if (!s || !inputs_read(&e, &s, operands) || !output_read(&e, s) || !np_common_type(operands.n, operands.v, &d, &weak)) return NULL;
  CxDtype result = o.preferred_element_type ? o.preferred_element_type : d;
  for (int i = 0; i < e.n; i++) {
    e.in[i].x = np_convert(e.in[i].x, d, false);
    if (!e.in[i].x || !term_simplify(&e, &e.in[i])) return NULL;
  }
  Term *x = &e.in[0];
  if (e.n == 1 && !term_sum(&e, x, NULL, 1)) return NULL;
  for (int i = 1; i < e.n; i++) {
    if (!term_sum(&e, x, &e.in[i], i + 1) || !term_sum(&e, &e.in[i], x, i + 1)) return NULL;
    e.in[i].x = np_convert(e.in[i].x, x->x->type->dtype, false);
    if (!terms_join(&e, x, &e.in[i], i + 1, result)) return NULL;
  }
  CxVal z = arranged(&e, x);
  return z ? np_convert(z, result, weak && !o.preferred_element_type) : NULL;
}

/* ---- take, kron ---- */

CxVal cx_np_take(CxVal a, CxVal indices, CxNpTake o) {
  const char *mode = o.mode ? o.mode : "fill";
  NpIndexHow how = {.mode_given = true, .mode = CX_INDEX_FILL_OR_DROP, .sorted = o.indices_are_sorted, .unique = o.unique_indices};
  NpIndex items[CX_MAX_RANK];
  if (!a || !indices) return NULL;
  if (!kind_in(indices->type, "iu")) return cx_fail(CX_ERR_VALUE, "take requires indices to be of integer type, got %s", cx_dtype_name(indices->type->dtype)), NULL;
  if (!np_number(o.fill_value, &how.fill)) return NULL;
  if (!o.axis.given || !a->type->rank) a = np_flat(a);
  int at = !a ? -1 : o.axis.given ? np_axis(o.axis.v, a->type->rank) : 0;
  if (at < 0) return NULL;
  if (!strcmp(mode, "wrap")) indices = cx_np_remainder(indices, cx_weak_scalar(CX_I32, (double)a->type->dims[at])), how.mode = CX_INDEX_PROMISE;
  else if (!strcmp(mode, "clip")) how.mode = CX_INDEX_CLIP, how.no_wrap = true;
  else if (strcmp(mode, "fill")) return cx_fail(!strcmp(mode, "raise") ? CX_ERR_NOT_IMPLEMENTED : CX_ERR_VALUE, "take: mode must be 'fill', 'wrap' or 'clip', got '%s'", mode), NULL;
  if (!indices) return NULL;
  for (int i = 0; i < at; i++) items[i] = (NpIndex){.kind = NP_INDEX_SLICE, .step = 1};
  items[at] = (NpIndex){.kind = NP_INDEX_ARRAY, .array = indices};
  return np_index(a, items, at + 1, &how);
}

CxVal cx_np_kron(CxVal a, CxVal b) {
  int64_t da[CX_MAX_RANK], db[CX_MAX_RANK], dims[CX_MAX_RANK];
  if (!a || !b) return NULL;
  int ra = a->type->rank, rb = b->type->rank, rank = ra > rb ? ra : rb;
  if (2 * rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "kron takes operands of at most %d axes", CX_MAX_RANK / 2), NULL;
  for (int i = 0; i < rank; i++) {
    int ia = i - (rank - ra), ib = i - (rank - rb);
    int64_t na = ia < 0 ? 1 : a->type->dims[ia], nb = ib < 0 ? 1 : b->type->dims[ib];
    da[2 * i] = na, da[2 * i + 1] = 1, db[2 * i] = 1, db[2 * i + 1] = nb;
    if (__builtin_mul_overflow(na, nb, &dims[i])) return cx_fail(CX_ERR_VALUE, "kron: the result is too large"), NULL;
  }
  CxVal z = cx_np_multiply(cx_reshape(a, 2 * rank, da), cx_reshape(b, 2 * rank, db));
  return z ? cx_reshape(z, rank, dims) : NULL;
}
