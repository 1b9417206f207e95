/* Loops and branches as StableHLO. A scan is a loop that counts. */
#include "stablehlo/export.h"

#include "base/error.h"
#include <string.h>

#define NEW(ex, type, n) ((type *)arena_alloc(&(ex)->module->arena, ((size_t)(n) + 1) * sizeof(type)))

/* A region whose arguments are the carry; the graph takes constants from outside before it. */
static bool carry_region(Export *ex, const CxGraph *g, uint32_t nconsts, const HloId *consts, uint32_t ncarry, const CxType *const *types, HloRegion *to) {
  HloId *in = NEW(ex, HloId, nconsts + ncarry), *out = NEW(ex, HloId, g->out.n);
  RegionDraft r;
  if (!in || !out) return false;
  if (region_open(ex, &r, ncarry, types)) {
    for (uint32_t i = 0; i < nconsts; i++) in[i] = consts[i];
    for (uint32_t i = 0; i < ncarry; i++) in[nconsts + i] = r.region.args + i;
    export_body(ex, g, in, out);
  }
  bool ok = region_close(ex, &r, g->out.n, out);
  *to = r.region;
  return ok;
}

bool export_while(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxWhileAttrs *w = e->attrs;
  uint32_t nc = (uint32_t)w->cond_nconsts, nb = (uint32_t)w->body_nconsts, n = e->nout;
  const CxType **types = NEW(ex, const CxType *, n);
  HloRegion r[2];
  (void)g;
  for (uint32_t i = 0; types && i < n; i++) types[i] = type_of_id(ex, in[nc + nb + i]);
  if (!types || !carry_region(ex, w->cond_jaxpr, nc, in, n, types, &r[0]) || !carry_region(ex, w->body_jaxpr, nb, in + nc, n, types, &r[1])) return false;
  return add_regions(ex, emit_op(ex, "while", n, types, n, in + nc + nb, NULL, out), 2, r);
}

bool export_cond(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxGraphs *b = &((const CxCondAttrs *)e->attrs)->branches;
  HloRegion *r = NEW(ex, HloRegion, b->n);
  const CxType **types = NEW(ex, const CxType *, e->nout);
  (void)g;
  if (!r || !types) return false;
  for (uint32_t i = 0; i < e->nout; i++) types[i] = graph_type(b->v[0], b->v[0]->out.v[i]);
  HloId index = in[0]; /* clamped here; out of range is the last branch there */
  const CxType *t = type_of_id(ex, index);
  index = EMIT(ex, "clamp", t, emit_splat(ex, t, 0), index, emit_splat(ex, t, b->n - 1));
  for (int k = 0; k < b->n; k++) TRY(carry_region(ex, b->v[k], e->nin - 1, in + 1, 0, NULL, &r[k]));
  return add_regions(ex, emit_op(ex, "case", e->nout, types, 1, &index, NULL, out), (uint32_t)b->n, r);
}

/* ---- scan: while (i < length) over i, the carry and the stacked results ---- */

typedef struct Loop {
  const CxScanAttrs *s;
  const CxGraph *body;
  const HloId *consts, *xs;
  uint32_t nconsts, ncarry, nxs, nys;
} Loop;

static HloId zero_of(Export *ex) { return emit_splat(ex, cx_type_scalar(CX_I32, false), 0); }

static HloId element_at(Export *ex, HloId x, HloId i) { /* x[i] */
  const CxType *t = type_of_id(ex, x);
  int64_t sizes[CX_MAX_RANK];
  HloId in[CX_MAX_RANK + 1] = {x, i};
  HloAttrs a = {0};
  for (int k = 0; k < t->rank; k++) sizes[k] = k ? t->dims[k] : 1;
  for (int k = 1; k < t->rank; k++) TRY(in[k + 1] = zero_of(ex));
  put(&a, "slice_sizes", of_ints(ex, t->rank, sizes));
  HloId s = emit(ex, "dynamic_slice", cx_type(t->dtype, t->rank, sizes, false), (uint32_t)t->rank + 1, in, &a);
  return emit_reshape(ex, s, t->rank - 1, t->dims + 1);
}

static HloId element_set(Export *ex, HloId ys, HloId y, HloId i) {
  const CxType *t = type_of_id(ex, ys);
  int64_t dims[CX_MAX_RANK] = {1};
  HloId in[CX_MAX_RANK + 2] = {ys, 0, i};
  for (int k = 1; k < t->rank; k++) dims[k] = t->dims[k];
  TRY(in[1] = emit_reshape(ex, y, t->rank, dims));
  for (int k = 1; k < t->rank; k++) TRY(in[k + 2] = zero_of(ex));
  return emit(ex, "dynamic_update_slice", t, (uint32_t)t->rank + 2, in, NULL);
}

static bool scan_step(Export *ex, const Loop *l, HloId args, HloId *z) {
  HloId *in = NEW(ex, HloId, l->nconsts + l->ncarry + l->nxs), *out = NEW(ex, HloId, l->ncarry + l->nys);
  const CxType *t = cx_type_scalar(CX_I32, false);
  if (!in || !out) return false;
  HloId i = args;
  if (l->s->reverse) i = EMIT(ex, "subtract", t, emit_splat(ex, t, (double)(l->s->length - 1)), args);
  for (uint32_t k = 0; k < l->nconsts; k++) in[k] = l->consts[k];
  for (uint32_t k = 0; k < l->ncarry; k++) in[l->nconsts + k] = args + 1 + k;
  for (uint32_t k = 0; k < l->nxs; k++) TRY(in[l->nconsts + l->ncarry + k] = element_at(ex, l->xs[k], i));
  TRY(export_body(ex, l->body, in, out));
  z[0] = EMIT(ex, "add", t, args, emit_splat(ex, t, 1));
  for (uint32_t k = 0; k < l->ncarry; k++) z[1 + k] = out[k];
  for (uint32_t k = 0; k < l->nys; k++) TRY(z[1 + l->ncarry + k] = element_set(ex, args + 1 + l->ncarry + k, out[l->ncarry + k], i));
  return z[0] != 0;
}

static bool scan_regions(Export *ex, const Loop *l, uint32_t n, const CxType *const *types, HloRegion r[2]) {
  RegionDraft cond, body;
  HloId go = 0, *z = NEW(ex, HloId, n);
  if (!z) return false;
  if (region_open(ex, &cond, n, types))
    go = emit_compare(ex, "LT", cond.region.args, emit_splat(ex, types[0], (double)l->s->length), false);
  TRY(region_close(ex, &cond, 1, &go));
  if (region_open(ex, &body, n, types)) scan_step(ex, l, body.region.args, z);
  TRY(region_close(ex, &body, n, z));
  r[0] = cond.region, r[1] = body.region;
  return true;
}

bool export_scan(Export *ex, const CxGraph *g, const CxEqn *e, const HloId *in, HloId *out) {
  const CxScanAttrs *s = e->attrs;
  Loop l = {.s = s, .body = s->jaxpr, .consts = in, .nconsts = (uint32_t)s->num_consts, .ncarry = (uint32_t)s->num_carry};
  l.nxs = e->nin - l.nconsts - l.ncarry, l.nys = e->nout - l.ncarry, l.xs = in + l.nconsts + l.ncarry;
  uint32_t n = 1 + e->nout;
  const CxType **types = NEW(ex, const CxType *, n);
  HloId *init = NEW(ex, HloId, n), *z = NEW(ex, HloId, n);
  HloRegion r[2];
  (void)g;
  FAIL_IF(s->length > INT32_MAX, CX_ERR_NOT_IMPLEMENTED, "a scan of more than 2^31 steps has no form in StableHLO yet");
  if (!types || !init || !z) return false;
  TRY(init[0] = zero_of(ex));
  for (uint32_t k = 0; k < l.ncarry; k++) init[1 + k] = in[l.nconsts + k];
  for (uint32_t k = 0; k < l.nys; k++) {
    const CxType *y = graph_type(l.body, l.body->out.v[l.ncarry + k]);
    int64_t dims[CX_MAX_RANK + 1] = {s->length};
    for (int i = 0; i < y->rank; i++) dims[i + 1] = y->dims[i];
    const CxType *t = cx_type(y->dtype, y->rank + 1, dims, false);
    TRY(t && (init[1 + l.ncarry + k] = emit_splat(ex, t, 0)));
  }
  for (uint32_t k = 0; k < n; k++) types[k] = type_of_id(ex, init[k]);
  TRY(scan_regions(ex, &l, n, types, r));
  TRY(add_regions(ex, emit_op(ex, "while", n, types, n, init, NULL, z), 2, r));
  memcpy(out, z + 1, e->nout * sizeof *out);
  return true;
}
