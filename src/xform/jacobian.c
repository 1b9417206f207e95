/* Jacobians by mapping a linear function over the standard basis, and the transpose of a linear function. */
#include "op/derive.h"
#include "xform/linear.h"

#include "base/error.h"

/* a linear function applied to one basis value at `at` of n arguments; the others are zero */
typedef struct Push {
  CxLinear *linear;
  uint32_t at, n;
  bool transposed;
} Push;

static bool push_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  const Push *p = f->env;
  CxVals args = {0};
  bool ok = nin == 1;
  for (uint32_t i = 0; ok && i < p->n; i++) ok = cx_vals_push(&args, i == p->at ? in[0] : NULL);
  CxVals r = {0};
  ok = ok && (p->transposed ? cx_linear_transpose(p->linear, args.v, &r) : cx_linear_apply(p->linear, args.v, &r));
  for (uint32_t i = 0; ok && i < r.n; i++) { /* zeros are made: a mapped function returns values */
    const CxType *t = p->transposed ? graph_type(p->linear->trace->graph, p->linear->in[i]) : p->linear->out[i].type;
    CxVal v = r.v[i] ? r.v[i] : p->transposed && !p->linear->in[i] ? cx_scalar(CX_F32, 0) : cx_instantiate(NULL, t);
    ok = v && cx_vals_push(out, v);
  }
  cx_vals_free(&args), cx_vals_free(&r);
  return ok;
}

/* eye(size) as (size, dims…) */
static CxVal basis(const CxType *t) {
  int64_t square[2] = {t->size, t->size}, dims[CX_MAX_RANK + 1] = {t->size};
  if (t->rank) memcpy(dims + 1, t->dims, (size_t)t->rank * sizeof *dims);
  CxVal eye = cx_convert(cx_eq(cx_iota(CX_I32, 2, square, 0), cx_iota(CX_I32, 2, square, 1)), t->dtype);
  return cx_reshape(eye, t->rank + 1, dims);
}

/* x (…) with axes (n, rest…) to (of…, rest…); moved: to (rest…, of…) */
static CxVal unpack(CxVal x, const CxType *of, bool moved) {
  if (!x) return NULL;
  int rest = x->type->rank - 1;
  int64_t dims[2 * CX_MAX_RANK], perm[2 * CX_MAX_RANK];
  if (of->rank + rest > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "the Jacobian would have more than %d axes", CX_MAX_RANK), NULL;
  for (int i = 0; i < of->rank; i++) dims[i] = of->dims[i];
  for (int i = 0; i < rest; i++) dims[of->rank + i] = x->type->dims[1 + i];
  CxVal r = cx_reshape(x, of->rank + rest, dims);
  if (!moved) return r;
  for (int i = 0; i < rest; i++) perm[i] = of->rank + i;
  for (int i = 0; i < of->rank; i++) perm[rest + i] = i;
  return cx_transpose(r, perm);
}

static bool map_basis(CxLinear *l, bool transposed, uint32_t at, const CxType *t, CxVals *out) {
  Push p = {l, at, transposed ? l->nout : l->nin, transposed};
  CxFn *f = fn_new("jacobian", push_call, &p, NULL);
  CxVal b = f ? basis(t) : NULL;
  bool ok = b && cx_vmap(f, &b, (int[]){0}, 1, t->size, NULL, out, NULL);
  ref_release(f);
  return ok;
}

bool cx_jacrev(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out, CxVals *jac) {
  CxLinear *l = cx_linearize(f, in, nin, wrt, out);
  bool ok = l != NULL;
  for (uint32_t k = 0; ok && k < l->nout; k++) {
    CxVals back = {0};
    const CxType *t = cx_type_with_dtype(l->out[k].type, l->out[k].type->dtype, false);
    if (cx_dtype_kind(t->dtype) != 'f' && cx_dtype_kind(t->dtype) != 'c')
      ok = cx_fail(CX_ERR_TYPE, "jacrev requires real-valued outputs (output dtype that is a sub-dtype of np.floating), but got %s.", cx_dtype_name(t->dtype));
    ok = ok && map_basis(l, true, k, t, &back);
    for (uint32_t i = 0; ok && i < nin; i++)
      if (!wrt || wrt[i]) ok = cx_vals_push(jac, unpack(back.v[i], t, false));
    cx_vals_free(&back);
  }
  if (l) cx_linear_release(l);
  return ok && !cx_failed();
}

bool cx_jacfwd(CxFn *f, const CxVal *in, uint32_t nin, const bool *wrt, CxVals *out, CxVals *jac) {
  CxLinear *l = cx_linearize(f, in, nin, wrt, out);
  uint32_t n_wrt = 0, at = 0;
  for (uint32_t i = 0; i < nin; i++) n_wrt += !wrt || wrt[i];
  CxVal *all = l ? cx_calloc((size_t)l->nout * n_wrt + 1, sizeof *all) : NULL;
  bool ok = all != NULL;
  for (uint32_t i = 0; ok && i < nin; i++) {
    if (wrt && !wrt[i]) continue;
    CxVals forward = {0};
    ok = map_basis(l, false, i, cx_type_with_dtype(in[i]->type, in[i]->type->dtype, false), &forward);
    for (uint32_t k = 0; ok && k < l->nout; k++) all[k * n_wrt + at] = unpack(forward.v[k], in[i]->type, true);
    cx_vals_free(&forward);
    at++;
  }
  for (uint32_t i = 0; ok && i < l->nout * n_wrt; i++) ok = cx_vals_push(jac, all[i]);
  cx_free(all);
  if (l) cx_linear_release(l);
  return ok && !cx_failed();
}

bool cx_linear_transpose_fn(CxFn *f, const CxType *const *types, uint32_t n, const CxVal *cts, uint32_t n_cts, CxVals *out) {
  CxVals captured = {0};
  CxGraph *g = cx_stage(f, types, n, &captured);
  if (!g) return cx_vals_free(&captured), false;
  CxVal *env = cx_calloc(g->types.n, sizeof *env), *ct = cx_calloc(g->types.n, sizeof *ct);
  bool *linear = cx_calloc(g->types.n, sizeof *linear);
  bool ok = env && ct && linear && (g->out.n == n_cts || cx_fail(CX_ERR_TYPE, "linear_transpose: %u cotangents for %u results", n_cts, g->out.n));
  for (uint32_t i = 0; ok && i < g->consts.n; i++) env[g->consts.v[i].var] = g->consts.v[i].value;
  for (uint32_t i = 0; ok && i < g->in.n; i++) {
    if (i < captured.n) env[g->in.v[i]] = captured.v[i];
    else linear[g->in.v[i]] = true;
  }
  for (uint32_t i = 0; ok && i < g->out.n; i++)
    if (cts[i]) ct[g->out.v[i]] = cx_add_tangents(ct[g->out.v[i]], cts[i]);
  ok = ok && graph_backward(g, env, linear, ct);
  for (uint32_t i = captured.n; ok && i < g->in.n; i++) ok = cx_vals_push(out, ct[g->in.v[i]]);
  cx_free(env), cx_free(ct), cx_free(linear);
  cx_vals_free(&captured);
  ref_release(g);
  return ok && !cx_failed();
}
