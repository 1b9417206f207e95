/* The verifier. Assumes only that pointers and lengths in the graph are sound. Ensures, for the graph and all its regions:
 *   every variable is defined once, before its uses; outputs are defined; constants have their variable's type and proper elements;
 *   every equation has its op's arity, attributes in range, and the result types that the op's own type rule gives;
 *   effects are flagged; the limits hold.
 * Regions are verified before the equation that holds them, each distinct one once; recursion is bounded by the region depth. */
#include "ir/verify.h"

#include "base/error.h"
#include "base/hash.h"
#include "ir/node.h"
#include <stdio.h>

/* ---- the graphs already verified ---- */

static CxVerified *seen_slot(CxVerified *seen, uint32_t cap, const CxGraph *g) {
  uint32_t at = (uint32_t)hash_mix((uintptr_t)g, 3) & (cap - 1);
  while (seen[at].graph && seen[at].graph != g) at = (at + 1) & (cap - 1);
  return &seen[at];
}

static uint32_t seen_height(const CxVerifier *v, const CxGraph *g) { return v->cap ? seen_slot(v->seen, v->cap, g)->height : 0; }

static bool seen_add(CxVerifier *v, const CxGraph *g, uint32_t height) {
  if (v->n * 2 >= v->cap) {
    uint32_t cap = v->cap ? v->cap * 2 : 16;
    CxVerified *fresh = cx_calloc(cap, sizeof *fresh);
    if (!fresh) return false;
    for (uint32_t i = 0; i < v->cap; i++)
      if (v->seen[i].graph) *seen_slot(fresh, cap, v->seen[i].graph) = v->seen[i];
    cx_free(v->seen);
    v->seen = fresh;
    v->cap = cap;
  }
  *seen_slot(v->seen, v->cap, g) = (CxVerified){g, height};
  v->n++;
  return true;
}

static bool spend(uint64_t *left, uint64_t amount, const char *what) {
  FAIL_IF(amount > *left, CX_ERR_VERIFY, "the graph exceeds its limit of %s", what);
  *left -= amount;
  return true;
}

/* ---- constants ---- */

static bool bytes_within(const void *data, int64_t n, int low, int high) {
  const signed char *p = data;
  for (int64_t i = 0; i < n; i++)
    if (p[i] < low || p[i] > high) return false;
  return true;
}

/* Narrow types are stored one element a byte: kernels rely on the unused bits. */
static bool elements_proper(const CxType *t, const void *data) {
  switch (t->dtype) {
    case CX_BOOL: return bytes_within(data, t->size, 0, 1);
    case CX_U2: return bytes_within(data, t->size, 0, 3);
    case CX_U4:
    case CX_F4E2M1FN: return bytes_within(data, t->size, 0, 15);
    case CX_I2: return bytes_within(data, t->size, -2, 1);
    case CX_I4: return bytes_within(data, t->size, -8, 7);
    case CX_FLOAT0: return bytes_within(data, t->size, 0, 0);
    default: return true;
  }
}

static bool define(const CxGraph *g, bool *defined, CxVar v, const char *what, uint32_t i) {
  FAIL_IF(v == 0 || v >= g->types.n || !g->types.v[v], CX_ERR_VERIFY, "%s %u: variable %u does not exist", what, i, v);
  FAIL_IF(defined[v], CX_ERR_VERIFY, "%s %u: variable %u is defined twice", what, i, v);
  return defined[v] = true;
}

static bool const_check(CxVerifier *v, const CxGraph *g, uint32_t i, bool *defined) {
  const CxConst *c = &g->consts.v[i];
  TRY(define(g, defined, c->var, "constant", i));
  FAIL_IF(!node_is_array(c->value), CX_ERR_VERIFY, "constant %u is not a concrete array", i);
  FAIL_IF(c->value->type != g->types.v[c->var], CX_ERR_VERIFY, "constant %u has another type than its variable", i);
  FAIL_IF(!elements_proper(c->value->type, c->value->array.data), CX_ERR_VERIFY, "constant %u has an element that no %s has", i,
          cx_dtype_name(c->value->type->dtype));
  TRY(spend(&v->left.constant_bytes, type_bytes(c->value->type), "bytes of constants"));
  return spend(&v->left.elements, (uint64_t)c->value->type->size, "elements");
}

/* ---- attributes: NULL, or what is wrong ---- */

static const char *ints_fault(const CxInts *x, int group) {
  if (x->n < 0 || (x->n && !x->v)) return "is not a list";
  if (x->none && x->n) return "is None but has entries";
  if (group > 1 && x->n % group) return "has a last tuple that is too short";
  return NULL;
}

static const char *dims_fault(const CxInts *x, int n) {
  for (int i = 0; i < n; i++) {
    const char *fault = ints_fault(&x[i], 0);
    if (fault) return fault;
  }
  return NULL;
}

static const char *strs_fault(const CxStrs *x) {
  if (x->n < 0 || (x->n && !x->v)) return "is not a list";
  for (int i = 0; i < x->n; i++)
    if (!x->v[i]) return "holds a missing string";
  return NULL;
}

static const char *graphs_fault(const CxGraphs *x) {
  if (x->n < 0 || (x->n && !x->v)) return "is not a list";
  for (int i = 0; i < x->n; i++)
    if (!x->v[i]) return "holds a missing region";
  return NULL;
}

static const char *types_fault(const CxTypes *x) {
  if (x->n < 0 || (x->n && !x->v)) return "is not a list";
  for (int i = 0; i < x->n; i++)
    if (!x->v[i]) return "holds a missing type";
  return NULL;
}

static const char *enum_fault(const CxField *f, int32_t i) {
  for (int32_t k = 0; f->names[k]; k++)
    if (k == i) return NULL;
  return "is none of its values";
}

static const char *number_fault(const CxNumber *x) {
  if (x->kind && !strchr("biufc", x->kind)) return "is no number";
  return x->kind == 'b' && (x->i & ~(int64_t)1) ? "is neither true nor false" : NULL;
}

static const char *field_fault(const CxField *f, const void *p) {
  switch (f->kind) {
    case CX_FIELD_BOOL: return *(const unsigned char *)p <= 1 ? NULL : "is neither true nor false";
    case CX_FIELD_DTYPE: return *(const unsigned *)p < CX_DTYPE_COUNT ? NULL : "is not a dtype";
    case CX_FIELD_ENUM: return enum_fault(f, *(const int32_t *)p);
    case CX_FIELD_INTS: return ints_fault(p, f->group);
    case CX_FIELD_DIMS: return dims_fault(p, f->group);
    case CX_FIELD_STRS: return strs_fault(p);
    case CX_FIELD_GRAPH: return *(CxGraph *const *)p ? NULL : "is a missing region";
    case CX_FIELD_GRAPHS: return graphs_fault(p);
    case CX_FIELD_TYPES: return types_fault(p);
    case CX_FIELD_NUMBER: return number_fault(p);
    case CX_FIELD_END:
    case CX_FIELD_INT:
    case CX_FIELD_FLOAT:
    case CX_FIELD_STR:
    case CX_FIELD_FN: return NULL;
  }
  return "is of an unknown kind";
}

static bool attrs_check(const CxOp *def, const void *attrs) {
  if (!def->fields) return true;
  FAIL_IF(!attrs, CX_ERR_VERIFY, "it has no attributes");
  for (const CxField *f = def->fields; f->name; f++) {
    const char *fault = field_fault(f, (const char *)attrs + f->offset);
    FAIL_IF(fault, CX_ERR_VERIFY, "%s %s", f->name, fault);
  }
  return true;
}

/* ---- equations ---- */

static bool graph_check(CxVerifier *v, const CxGraph *g, uint32_t depth, uint32_t *height);

static bool region_check(CxVerifier *v, const CxGraph *g, uint32_t depth, uint32_t *height) {
  uint32_t h = seen_height(v, g);
  if (!h) TRY(graph_check(v, g, depth + 1, &h));
  if (h > *height) *height = h;
  return true;
}

static bool regions_check(CxVerifier *v, const CxEqn *e, uint32_t depth, uint32_t *height) {
  const CxOp *def = cx_ops[e->op];
  if (!(def->flags & CX_OP_REFS)) return true;
  for (const CxField *f = def->fields; f->name; f++) {
    const void *p = (const char *)e->attrs + f->offset;
    if (f->kind == CX_FIELD_GRAPH) TRY(region_check(v, *(CxGraph *const *)p, depth, height));
    if (f->kind == CX_FIELD_GRAPHS)
      for (int i = 0; i < ((const CxGraphs *)p)->n; i++) TRY(region_check(v, ((const CxGraphs *)p)->v[i], depth, height));
  }
  return true;
}

static bool operands_check(const CxGraph *g, const CxEqn *e, const bool *defined, const CxType **types) {
  const CxOp *def = cx_ops[e->op];
  FAIL_IF(def->nin >= 0 && e->nin != (uint32_t)def->nin, CX_ERR_VERIFY, "takes %d operands, got %u", def->nin, e->nin);
  FAIL_IF(def->nin < 0 && e->nin < (uint32_t)(-1 - def->nin), CX_ERR_VERIFY, "takes %d operands or more, got %u", -1 - def->nin, e->nin);
  for (uint32_t i = 0; i < e->nin; i++) {
    FAIL_IF(e->in[i] == 0 || e->in[i] >= g->types.n || !defined[e->in[i]], CX_ERR_VERIFY, "operand %u is used before it is defined", i);
    types[i] = g->types.v[e->in[i]];
  }
  return true;
}

static bool results_check(CxVerifier *v, const CxGraph *g, const CxEqn *e, const CxType *const *types, bool *defined) {
  for (uint32_t i = 0; i < e->nout; i++) {
    TRY(spend(&v->left.elements, (uint64_t)types[i]->size, "elements"));
    if (!e->out[i]) continue;
    TRY(define(g, defined, e->out[i], "result", i));
    const CxType *has = g->types.v[e->out[i]];
    if (has == types[i]) continue;
    char want[512], got[512];
    cx_type_text(types[i], want, sizeof want);
    cx_type_text(has, got, sizeof got);
    return cx_fail(CX_ERR_VERIFY, "result %u is %s%s, but is recorded as %s%s", i, want, types[i]->weak ? "{weak}" : "", got,
                   has->weak ? "{weak}" : "");
  }
  return true;
}

static bool eqn_types_check(CxVerifier *v, const CxGraph *g, const CxEqn *e, bool *defined, const CxType **types) {
  const CxOp *def = cx_ops[e->op];
  TRY(operands_check(g, e, defined, types));
  uint32_t nout = op_nout(e->op, e->nin, e->attrs);
  FAIL_IF(nout != e->nout, CX_ERR_VERIFY, "gives %u results, recorded are %u", nout, e->nout);
  CxApp a = {.op = e->op, .def = def, .attrs = e->attrs, .nin = e->nin, .nout = e->nout, .types = types};
  TRY(def->type(&a, types + e->nin));
  return results_check(v, g, e, types + e->nin, defined);
}

static bool eqn_check(CxVerifier *v, const CxGraph *g, const CxEqn *e, bool *defined, uint32_t depth, uint32_t *height) {
  FAIL_IF(e->op <= CX_OP_NONE || e->op >= CX_OP_COUNT || !cx_ops[e->op], CX_ERR_VERIFY, "there is no such op");
  TRY(spend(&v->left.operations, 1, "operations"));
  TRY(attrs_check(cx_ops[e->op], e->attrs));
  TRY(regions_check(v, e, depth, height));
  FAIL_IF(eqn_has_effect(e) && !g->has_effects, CX_ERR_VERIFY, "has an effect that its graph does not declare");
  const CxType *small[24], **types = small;
  size_t n = (size_t)e->nin + e->nout;
  if (n > 24 && !(types = cx_malloc(n * sizeof *types))) return false;
  for (size_t i = 0; i < n; i++) types[i] = NULL;
  bool ok = eqn_types_check(v, g, e, defined, types);
  if (types != small) cx_free(types);
  return ok;
}

/* Says which equation failed. The op's own error becomes a verification error. */
static void eqn_blame(uint32_t i, const CxEqn *e) {
  const char *op = e->op > CX_OP_NONE && e->op < CX_OP_COUNT && cx_ops[e->op] ? cx_ops[e->op]->name : "unknown op";
  CxError error;
  cx_error_take(&error);
  if (error.code == CX_ERR_MEMORY) cx_fail(CX_ERR_MEMORY, "%s", error.text);
  else cx_fail(CX_ERR_VERIFY, "equation %u (%s): %s", i, op, error.text);
}

static bool graph_body_check(CxVerifier *v, const CxGraph *g, uint32_t depth, uint32_t *height, bool *defined) {
  bool effects = false;
  for (uint32_t i = 0; i < g->consts.n; i++) TRY(const_check(v, g, i, defined));
  for (uint32_t i = 0; i < g->in.n; i++) {
    TRY(define(g, defined, g->in.v[i], "input", i));
    TRY(spend(&v->left.elements, (uint64_t)g->types.v[g->in.v[i]]->size, "elements"));
  }
  for (uint32_t i = 0; i < g->eqns.n; i++) {
    if (!eqn_check(v, g, &g->eqns.v[i], defined, depth, height)) {
      v->bad_eqn = i;
      return eqn_blame(i, &g->eqns.v[i]), false;
    }
    effects |= eqn_has_effect(&g->eqns.v[i]);
  }
  FAIL_IF(g->has_effects && !effects, CX_ERR_VERIFY, "the graph declares an effect that it does not have");
  for (uint32_t i = 0; i < g->out.n; i++)
    FAIL_IF(g->out.v[i] == 0 || g->out.v[i] >= g->types.n || !defined[g->out.v[i]], CX_ERR_VERIFY, "output %u is not defined", i);
  return true;
}

static bool graph_check(CxVerifier *v, const CxGraph *g, uint32_t depth, uint32_t *height) {
  FAIL_IF(depth > v->left.region_depth, CX_ERR_VERIFY, "regions nest deeper than %u", v->left.region_depth);
  bool *defined = cx_calloc(g->types.n + 1, sizeof *defined);
  if (!defined) return false;
  uint32_t below = 0;
  v->bad_eqn = -1;
  bool ok = graph_body_check(v, g, depth, &below, defined);
  cx_free(defined);
  *height = below + 1;
  FAIL_IF(ok && below > v->left.region_depth, CX_ERR_VERIFY, "regions nest deeper than %u", v->left.region_depth);
  return ok && seen_add(v, g, *height);
}

/* ---- entry ---- */

void verifier_open(CxVerifier *v, const CxLimits *limits) {
  CxLimits l = limits ? *limits : (CxLimits){0};
  if (!l.operations) l.operations = (uint64_t)1 << 32;
  if (!l.constant_bytes) l.constant_bytes = (uint64_t)1 << 36;
  if (!l.elements) l.elements = (uint64_t)1 << 62;
  if (!l.region_depth || l.region_depth > REGION_DEPTH_MAX) l.region_depth = REGION_DEPTH_MAX;
  *v = (CxVerifier){.left = l, .bad_eqn = -1};
}

void verifier_close(CxVerifier *v) { cx_free(v->seen); }

bool verifier_check(CxVerifier *v, const CxGraph *g) {
  uint32_t height;
  return seen_height(v, g) || graph_check(v, g, 0, &height);
}

bool graph_verify(const CxGraph *g, const CxLimits *limits) {
  FAIL_IF(!g, CX_ERR_VERIFY, "there is no graph to verify");
  CxVerifier v;
  verifier_open(&v, limits);
  bool ok = verifier_check(&v, g);
  verifier_close(&v);
  return ok;
}
