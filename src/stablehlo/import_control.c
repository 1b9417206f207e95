/* Control flow, calls, tokens, operations between devices (of which there is one), and what is made of several primitives. */
#include "stablehlo/import_rules.h"

#include "base/error.h"
#include <cuirax/control.h>
#include <string.h>

/* ---- loops and branches: values from outside become leading operands ---- */

static bool push_all(Import *im, CxVals *to, const HloId *ids, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) TRY(cx_vals_push(to, im->env[ids[i]]));
  return true;
}

static bool copy_out(const HloOp *op, const CxVals *from, CxVal *out) {
  if (from->n != op->nout) return hlo_wrong(op, "has another number of results than its regions");
  for (uint32_t i = 0; i < op->nout; i++) out[i] = from->v[i];
  return true;
}

static bool while_built(Import *im, const HloOp *op, CxGraph *cond, CxGraph *body, const HloIds outer[2], CxVal *out) {
  CxVals in = {0}, results = {0};
  bool ok = push_all(im, &in, outer[0].v, outer[0].n) && push_all(im, &in, outer[1].v, outer[1].n) && push_all(im, &in, op->in, op->nin);
  if (ok && (cond->in.n != outer[0].n + op->nin || body->in.n != outer[1].n + op->nin || cond->out.n != 1 || body->out.n != op->nin))
    ok = hlo_wrong(op, "the condition and the body must take the loop's values");
  ok = ok && cx_while(cond, outer[0].n, body, outer[1].n, in.v, in.n, &results) && copy_out(op, &results, out);
  cx_vals_free(&in), cx_vals_free(&results);
  return ok;
}

bool rule_while(Import *im, const HloOp *op, CxVal *out) {
  HloIds outer[2] = {0};
  CxGraph *graphs[2] = {NULL, NULL};
  bool ok = true;
  for (uint32_t i = 0; ok && i < 2; i++)
    ok = region_captures(im, &op->regions[i], &outer[i]) && (graphs[i] = region_graph(im, &op->regions[i], &outer[i], i ? "body" : "cond"));
  ok = ok && while_built(im, op, graphs[0], graphs[1], outer, out);
  ref_release(graphs[0]), ref_release(graphs[1]);
  vec_free(&outer[0]), vec_free(&outer[1]);
  return ok;
}

static bool branches_fit(const HloOp *op, CxGraph *const *graphs, uint32_t n, uint32_t nin) {
  for (uint32_t i = 0; i < n; i++)
    if (graphs[i]->in.n != nin || graphs[i]->out.n != op->nout) return hlo_wrong(op, "branches take no operands and give the same results");
  return true;
}

/* order[i]: the region of branch i */
static bool branch(Import *im, const HloOp *op, CxVal index, const uint32_t *order, CxVal *out) {
  HloIds outer = {0};
  CxVals in = {0}, results = {0};
  CxGraph **graphs = arena_alloc(&im->arena, ((size_t)op->nregions + 1) * sizeof *graphs);
  bool ok = graphs && index;
  for (uint32_t i = 0; ok && i < op->nregions; i++) ok = region_captures(im, &op->regions[i], &outer);
  for (uint32_t i = 0; ok && i < op->nregions; i++) ok = (graphs[i] = region_graph(im, &op->regions[order[i]], &outer, "branch")) != NULL;
  ok = ok && branches_fit(op, graphs, op->nregions, outer.n) && push_all(im, &in, outer.v, outer.n) &&
       cx_cond(index, graphs, op->nregions, in.v, in.n, &results) && copy_out(op, &results, out);
  for (uint32_t i = 0; graphs && i < op->nregions; i++) ref_release(graphs[i]);
  vec_free(&outer);
  cx_vals_free(&in), cx_vals_free(&results);
  return ok;
}

bool rule_if(Import *im, const HloOp *op, CxVal *out) {
  CxVal p = operand(im, op, 0);
  if (p->type != cx_type_scalar(CX_BOOL, false)) return hlo_wrong(op, "the predicate must be a boolean scalar");
  return branch(im, op, cx_convert(p, CX_I32), (uint32_t[]){1, 0}, out);
}

/* Indices that are out of range choose the last branch; here they are clamped. */
static CxVal case_index(Import *im, const HloOp *op) {
  CxVal i = operand(im, op, 0);
  const HloOp *by = im->by[op->in[0]];
  if (by && !strcmp(by->name, "clamp")) return i; /* as JAX writes it */
  return cx_select(cx_lt(i, cx_scalar_i64(CX_I32, 0)), cx_scalar_i64(CX_I32, (int64_t)op->nregions - 1), i);
}

bool rule_case(Import *im, const HloOp *op, CxVal *out) {
  uint32_t *order = arena_alloc(&im->arena, ((size_t)op->nregions + 1) * sizeof *order);
  TRY(order);
  for (uint32_t i = 0; i < op->nregions; i++) order[i] = i;
  if (!op->nregions) return hlo_wrong(op, "needs at least one branch");
  if (operand(im, op, 0)->type != cx_type_scalar(CX_I32, false)) return hlo_wrong(op, "the index must be a 32-bit integer scalar");
  return branch(im, op, case_index(im, op), order, out);
}

/* ---- calls ---- */

bool rule_call(Import *im, const HloOp *op, CxVal *out) {
  const char *name = attr_text(op, "callee");
  if (!name) return hlo_wrong(op, "names no function");
  CxGraph *g = function_graph(im, name);
  return g && call_graph(im, g, op, name, out);
}

/* Functions of CHLO that other versions spell as composites or custom calls. */
static const HloRuleRow *known_function(const HloOp *op, const char *prefix, const char *name) {
  char text[64];
  size_t n = strlen(prefix), k = strlen(name);
  if (strncmp(name, prefix, n) || k - n + 6 > sizeof text) return NULL;
  memcpy(text, "chlo.", 5);
  memcpy(text + 5, name + n, k - n + 1);
  const HloRuleRow *row = rule_find(text);
  return row && row->nin == (int)op->nin && row->nout == (int)op->nout ? row : NULL;
}

static bool call_known(Import *im, const HloOp *op, const HloRuleRow *row, CxVal *out) {
  HloOp as = *op;
  as.name = row->name;
  return row->rule(im, &as, out);
}

bool rule_composite(Import *im, const HloOp *op, CxVal *out) {
  const char *name = attr_text(op, "name"), *decomposition = attr_text(op, "decomposition");
  if (!name || !decomposition) return hlo_wrong(op, "needs a name and a decomposition");
  const HloRuleRow *row = known_function(op, "chlo.", name);
  if (row && row->rule != rule_top_k) return call_known(im, op, row, out);
  if (row && attr_flag(op, "largest")) return call_known(im, op, row, out);
  CxGraph *g = function_graph(im, decomposition);
  return g && call_graph(im, g, op, name, out);
}

static const char *const calls_without_meaning[] = {"Sharding", "SPMDFullToShardShape", "SPMDShardToFullShape", "annotate_device_placement",
                                                    "LayoutConstraint", "xla.sdy.GlobalToLocalShape", "xla.sdy.LocalToGlobalShape",
                                                    "xla.sdy.FuncResultSharding", NULL};

bool rule_custom_call(Import *im, const HloOp *op, CxVal *out) {
  const char *name = attr_text(op, "call_target_name");
  if (!name) return hlo_wrong(op, "names no function");
  if (!strcmp(name, "dce_sink") && !op->nout) return true;
  for (int i = 0; calls_without_meaning[i]; i++)
    if (!strcmp(name, calls_without_meaning[i]) && op->nin == 1 && op->nout == 1) return out[0] = operand(im, op, 0), true;
  const HloRuleRow *row = known_function(op, "mhlo.", name);
  if (row) return call_known(im, op, row, out);
  bool known, built = import_lapack(im, op, name, out, &known);
  if (known) return built;
  return cx_fail(CX_ERR_NOT_IMPLEMENTED, "stablehlo.custom_call: there is no function of the name @%.100s here", name);
}

bool rule_barrier(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  if (op->nin != op->nout) return hlo_wrong(op, "gives back its operands");
  return in && (!op->nin || cx_optimization_barrier(op->nin, in, out));
}

/* ---- tokens, devices ---- */

bool rule_first(Import *im, const HloOp *op, CxVal *out) { return (out[0] = operand(im, op, 0)) != NULL; }

bool rule_zero(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  return t && (out[0] = cx_zeros(t));
}

bool rule_token(Import *im, const HloOp *op, CxVal *out) {
  if (op->nin) return rule_first(im, op, out);
  return (out[0] = cx_array(CX_TOKEN, 0, (int64_t[]){0}, NULL)) != NULL;
}

/* Among one device, what is exchanged comes back; a permutation that does not name the device gives zeros. */
bool rule_one_device(Import *im, const HloOp *op, CxVal *out) {
  CxInts pairs;
  if (op->nin != op->nout) return hlo_unsupported(op, "between several devices is not supported");
  for (uint32_t i = 0; i < op->nin; i++) out[i] = operand(im, op, i);
  if (strcmp(op->name, "collective_permute")) return true;
  TRY(attr_ints(im, op, "source_target_pairs", &pairs));
  bool itself = false;
  for (int i = 0; i + 1 < pairs.n; i += 2) itself |= !pairs.v[i] && !pairs.v[i + 1];
  return itself || (out[0] = cx_zeros(out[0]->type)) != NULL;
}

/* ---- random bits ---- */

bool rule_rng_bit_generator(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 1);
  const char *name = attr_text(op, "rng_algorithm");
  TRY(t);
  int algorithm = name && !strcmp(name, "THREE_FRY") ? 1 : name && !strcmp(name, "PHILOX") ? 2 : 0;
  return cx_rng_bit_generator(operand(im, op, 0), t->dtype, (CxInts){.v = t->dims, .n = t->rank}, algorithm, out);
}

bool rule_rng(Import *im, const HloOp *op, CxVal *out) {
  const CxType *t = result_type(im, op, 0);
  TRY(t);
  if (!attr_is(op, "rng_distribution", "UNIFORM")) return hlo_unsupported(op, "only the uniform distribution is supported");
  return (out[0] = cx_rng_uniform(operand(im, op, 0), operand(im, op, 1), (CxInts){.v = t->dims, .n = t->rank})) != NULL;
}

/* ---- batch normalisation, over all axes but the feature's ---- */

typedef struct Norm {
  const CxType *type;
  int64_t feature;
  CxVal epsilon, count;
  int64_t others[CX_MAX_RANK];
  CxInts axes;
} Norm;

static bool norm_of(Import *im, const HloOp *op, Norm *n) {
  const HloAttr *e = op_attr(op, "epsilon");
  CxVal x = operand(im, op, 0);
  *n = (Norm){.type = x->type};
  TRY(attr_int(op, "feature_index", &n->feature));
  if (!e || e->kind != HLO_FLOAT || n->feature < 0 || n->feature >= x->type->rank) return hlo_wrong(op, "needs an epsilon and the axis of the features");
  for (uint32_t i = 1; i < op->nin; i++) {
    const CxType *t = operand(im, op, i)->type;
    if (t != x->type && (t->rank != 1 || t->dims[0] != x->type->dims[n->feature])) return hlo_wrong(op, "an operand does not have one element per feature");
  }
  n->axes = (CxInts){.v = n->others};
  for (int i = 0; i < x->type->rank; i++)
    if (i != n->feature) n->others[n->axes.n++] = i;
  int64_t features = x->type->dims[n->feature];
  n->epsilon = cx_scalar(x->type->dtype, e->f);
  n->count = cx_scalar(x->type->dtype, features ? (double)(x->type->size / features) : 0);
  return true;
}

static CxVal spread(const Norm *n, CxVal v) { return cx_broadcast_in_dim(v, n->type->rank, n->type->dims, &n->feature); }
static CxVal mean_of(const Norm *n, CxVal x) { return cx_div(cx_reduce_sum(x, n->axes), n->count); }
static CxVal deviation(const Norm *n, CxVal variance) { return cx_sqrt(cx_add(variance, n->epsilon)); }

static CxVal normalise(const Norm *n, CxVal x, CxVal scale, CxVal offset, CxVal mean, CxVal variance) {
  CxVal centred = cx_sub(x, spread(n, mean));
  return cx_add(cx_mul(spread(n, scale), cx_div(centred, spread(n, deviation(n, variance)))), spread(n, offset));
}

bool rule_batch_norm_inference(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  Norm n;
  return in && norm_of(im, op, &n) && (out[0] = normalise(&n, in[0], in[1], in[2], in[3], in[4]));
}

bool rule_batch_norm_training(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  Norm n;
  TRY(in && norm_of(im, op, &n));
  out[1] = mean_of(&n, in[0]);
  out[2] = mean_of(&n, cx_square(cx_sub(in[0], spread(&n, out[1]))));
  return (out[0] = normalise(&n, in[0], in[1], in[2], out[1], out[2])) != NULL;
}

/* operand, scale, mean, variance, gradient of the result -> gradients of operand, scale, offset */
bool rule_batch_norm_grad(Import *im, const HloOp *op, CxVal *out) {
  CxVal *in = operands(im, op);
  Norm n;
  TRY(in && norm_of(im, op, &n));
  CxVal centred = cx_sub(in[0], spread(&n, in[2])), d = deviation(&n, in[3]), g = in[4];
  CxVal sum = cx_reduce_sum(g, n.axes), moment = cx_reduce_sum(cx_mul(g, centred), n.axes);
  CxVal inner = cx_sub(cx_sub(cx_mul(n.count, g), spread(&n, sum)), cx_div(cx_mul(centred, spread(&n, moment)), spread(&n, cx_mul(d, d))));
  out[0] = cx_mul(cx_div(cx_div(spread(&n, in[1]), spread(&n, d)), n.count), inner);
  out[1] = cx_div(moment, d);
  return (out[2] = sum) != NULL;
}
