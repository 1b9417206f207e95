/* See region.h. */
#include "xform/region.h"

#include "base/error.h"

static int32_t index_of(const CxVals *list, CxVal v) {
  for (uint32_t i = 0; i < list->n; i++)
    if (list->v[i] == v) return (int32_t)i;
  return -1;
}

bool region_unify(CxGraph **graphs, const CxVals *captured, uint32_t n, CxVals *joint) {
  for (uint32_t k = 0; k < n; k++)
    for (uint32_t i = 0; i < captured[k].n; i++)
      if (index_of(joint, captured[k].v[i]) < 0) TRY(cx_vals_push(joint, captured[k].v[i]));
  bool ok = true;
  for (uint32_t k = 0; ok && k < n; k++) {
    CxGraph *g = graphs[k];
    uint32_t own = captured[k].n, args = g->in.n - own, total = joint->n + args;
    const CxType **types = cx_calloc(total + 1, sizeof *types);
    int32_t *in_of = cx_calloc(g->in.n + 1, sizeof *in_of), *from = cx_calloc(g->out.n + 1, sizeof *from);
    ok = types && in_of && from;
    for (uint32_t i = 0; ok && i < joint->n; i++) types[i] = cx_type_of(joint->v[i]);
    for (uint32_t i = 0; ok && i < g->in.n; i++) {
      in_of[i] = i < own ? index_of(joint, captured[k].v[i]) : (int32_t)(joint->n + i - own);
      if (i >= own) types[joint->n + i - own] = graph_type(g, g->in.v[i]);
    }
    for (uint32_t i = 0; ok && i < g->out.n; i++) from[i] = (int32_t)i;
    if (ok && joint->n) {
      CxGraph *r = derive_rewired(g, total, types, in_of, g->out.n, from);
      ok = r != NULL;
      if (ok) {
        ref_retain(r);
        ref_release(g);
        graphs[k] = r;
      }
    }
    cx_free(types), cx_free(in_of), cx_free(from);
  }
  return ok;
}

bool region_strengthen(CxVal *init, const CxGraph *g, uint32_t n) {
  bool changed = false;
  for (uint32_t i = 0; i < n && i < g->out.n; i++) {
    const CxType *t = graph_type(g, g->out.v[i]);
    if (!init[i] || !init[i]->type->weak || type_fits(t, init[i]->type) || !cx_type_same_dims(t, init[i]->type)) continue;
    if (strchr("biufc", cx_dtype_kind(t->dtype)) < strchr("biufc", cx_dtype_kind(init[i]->type->dtype))) continue;
    init[i] = cx_convert(init[i], t->dtype);
    changed = true;
  }
  return changed;
}

/* ---- fori_loop ---- */

/* i + 1, as weak as i */
static CxVal fori_next(CxVal i) { return cx_add(i, i->type->weak ? cx_weak_scalar(i->type->dtype, 1) : cx_like(i, 1)); }

/* (i, values…[, slice]) -> (i + 1, body(i, values…)…) */
static bool fori_step(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  return cx_vals_push(out, fori_next(in[0])) && fn_call(f->env, in, nin, out);
}
/* (i, upper, values…) -> (i + 1, upper, …) */
static bool fori_step_bounded(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  CxVals args = {0};
  bool ok = cx_vals_push(&args, in[0]);
  for (uint32_t i = 2; ok && i < nin; i++) ok = cx_vals_push(&args, in[i]);
  ok = ok && cx_vals_push(out, fori_next(in[0])) && cx_vals_push(out, in[1]) && fn_call(f->env, args.v, args.n, out);
  cx_vals_free(&args);
  return ok;
}
static bool fori_below(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)f, (void)nin;
  return cx_vals_push(out, cx_lt(in[0], in[1]));
}
static void fn_drop_env(void *env) { ref_release(env); }

static bool types_of(const CxVals *v, const CxType **types) {
  for (uint32_t i = 0; i < v->n; i++) TRY(types[i] = cx_type_of(v->v[i]));
  return true;
}

static bool carry_fail(const CxType *in, const CxType *out) {
  char a[256], b[256];
  return cx_fail(CX_ERR_TYPE, "fori_loop: body_fun input and output must have equal types, but the input carry has type %s and the output type %s", cx_type_text(in, a, sizeof a),
                 cx_type_text(out, b, sizeof b));
}

/* stages step on args, strengthening weak operands until results have the operands' types */
static CxGraph *fori_stage(CxFn *step, CxVals *args, uint32_t skip, CxVals *captured) {
  for (int tries = 0; tries < 4; tries++) {
    const CxType **types = cx_calloc(args->n + 1, sizeof *types);
    captured->n = 0;
    CxGraph *g = types && types_of(args, types) ? cx_stage(step, types, args->n, captured) : NULL;
    cx_free(types);
    if (!g) return NULL;
    if (g->out.n != args->n) return cx_fail(CX_ERR_TYPE, "fori_loop: body_fun must return as many values as it carries: %u, it returned %u", args->n - skip, g->out.n - skip), ref_release(g), NULL;
    if (!region_strengthen(args->v, g, args->n)) {
      for (uint32_t i = 0; i < args->n; i++) {
        const CxType *t = graph_type(g, g->out.v[i]), *want = cx_type_of(args->v[i]);
        if (!type_fits(t, want)) return carry_fail(want, t), ref_release(g), NULL;
      }
      return g;
    }
    ref_release(g);
  }
  return cx_fail(CX_ERR_TYPE, "fori_loop: the carry's types do not settle"), NULL;
}

static bool fori_scan(int64_t length, CxVal lower, CxFn *body, const CxVal *init, uint32_t n, CxVals *out) {
  CxFn *step = fn_new(body->name, fori_step, ref_retain(body), fn_drop_env);
  CxVals args = {0}, captured = {0}, r = {0};
  bool ok = step && cx_vals_push(&args, lower);
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(&args, init[i]);
  CxGraph *g = ok ? fori_stage(step, &args, 1, &captured) : NULL;
  uint32_t consts = captured.n;
  for (uint32_t i = 0; g && i < args.n; i++) ok = ok && cx_vals_push(&captured, args.v[i]);
  ok = g && ok && cx_scan(g, consts, args.n, length, false, 1, captured.v, captured.n, &r);
  for (uint32_t i = 1; ok && i < r.n; i++) ok = cx_vals_push(out, r.v[i]);
  ref_release(g);
  ref_release(step);
  cx_vals_free(&args), cx_vals_free(&captured), cx_vals_free(&r);
  return ok;
}

static bool fori_while(CxVal lower, CxVal upper, CxFn *body, const CxVal *init, uint32_t n, CxVals *out) {
  CxFn *step = fn_new(body->name, fori_step_bounded, ref_retain(body), fn_drop_env), *below = fn_new("cond", fori_below, NULL, NULL);
  CxVals args = {0}, captured = {0}, none = {0}, r = {0};
  bool ok = step && below && cx_vals_push(&args, lower) && cx_vals_push(&args, upper);
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(&args, init[i]);
  CxGraph *g = ok ? fori_stage(step, &args, 2, &captured) : NULL;
  const CxType **types = cx_calloc(args.n + 1, sizeof *types);
  CxGraph *c = g && types && types_of(&args, types) ? cx_stage(below, types, args.n, &none) : NULL;
  uint32_t consts = captured.n;
  for (uint32_t i = 0; c && i < args.n; i++) ok = ok && cx_vals_push(&captured, args.v[i]);
  ok = c && ok && cx_while(c, 0, g, consts, captured.v, captured.n, &r);
  for (uint32_t i = 2; ok && i < r.n; i++) ok = cx_vals_push(out, r.v[i]);
  cx_free(types);
  ref_release(g), ref_release(c), ref_release(step), ref_release(below);
  cx_vals_free(&args), cx_vals_free(&captured), cx_vals_free(&none), cx_vals_free(&r);
  return ok;
}

bool cx_fori(CxVal lower, CxVal upper, CxFn *body, const CxVal *init, uint32_t n, CxVals *out) {
  if (!lower || !upper) return false;
  FAIL_IF(lower->type->rank || upper->type->rank || !kind_in(lower->type, "iu") || !kind_in(upper->type, "iu"), CX_ERR_TYPE,
          "lower and upper arguments to fori_loop must be integer scalars");
  if (lower->type->dtype != upper->type->dtype) {
    FAIL_IF(!lower->type->weak && !upper->type->weak, CX_ERR_TYPE, "lower and upper arguments to fori_loop must have equal types, got %s and %s",
            cx_dtype_name(lower->type->dtype), cx_dtype_name(upper->type->dtype));
    if (lower->type->weak) lower = cx_convert(lower, upper->type->dtype);
    else upper = cx_convert(upper, lower->type->dtype);
  }
  if (node_is_array(lower) && node_is_array(upper)) {
    int64_t length = cx_to_int(upper) - cx_to_int(lower);
    return fori_scan(length < 0 ? 0 : length, lower, body, init, n, out);
  }
  bool weak = lower->type->weak && upper->type->weak;
  return fori_while(cx_convert_weak(lower, lower->type->dtype, weak), cx_convert_weak(upper, upper->type->dtype, weak), body, init, n, out);
}
