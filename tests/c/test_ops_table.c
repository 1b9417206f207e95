/* Walks the op table: every row has every cell; and the rules agree with the ops they belong to, on generated operands: tangents with
 * central differences, <ct, J v> with <J^T ct, v>, batching with a loop over slices. */
#include "check.h"
#include "ir/graph.h"
#include "trace/trace.h"
#include <cuirax/ops.h>
#include <cuirax/transform.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_IN = 4, MAX_OUT = 4, SLICES = 3 };
enum { NO_DIFF = 1, NO_TRANSPOSE = 2, NO_BATCH = 4, NO_DIFFERENCES = 8, HOLED = 16 }; /* HOLED: tangents of some operands are not implemented */

typedef struct Spec { CxDtype dtype; double lo, hi; int rank; int64_t dims[5]; } Spec;
typedef struct Sample {
  const char *name;
  CxOpcode op; /* applied without attributes when f is NULL */
  bool (*f)(const CxVal *x, CxVal *out);
  int nin, nout;
  Spec in[MAX_IN];
  unsigned flags;
} Sample;

/* ---- generated operands ---- */

static uint64_t random_state = 88172645463325252u;
static double random_unit(void) {
  random_state ^= random_state << 13, random_state ^= random_state >> 7, random_state ^= random_state << 17;
  return (double)(random_state >> 11) / 9007199254740992.0;
}

static int components(const CxType *t) { return cx_dtype_kind(t->dtype) == 'c' ? 2 : 1; } /* of c128; every other float here is f64 */

static CxVal random_array(CxDtype d, int rank, const int64_t *dims, double lo, double hi) {
  CxVal v = cx_array(CX_F64, rank, dims, NULL), w;
  if (!v) return NULL;
  int64_t n = cx_type_of(v)->size;
  for (int part = 0; part < 2; part++) {
    double *p = malloc((size_t)(n + 1) * sizeof *p);
    for (int64_t i = 0; i < n; i++) {
      p[i] = lo + (hi - lo) * random_unit();
      if (strchr("iub", cx_dtype_kind(d))) p[i] = floor(lo + (hi - lo + 1) * random_unit());
    }
    w = cx_array(CX_F64, rank, dims, p);
    free(p);
    if (cx_dtype_kind(d) != 'c') return cx_convert(w, d);
    v = part ? cx_complex(v, w) : w;
  }
  return v;
}
static CxVal random_like(const CxType *t) { return random_array(t->dtype, t->rank, t->dims, -1, 1); }
static bool differentiable(const CxType *t) { return strchr("fc", cx_dtype_kind(t->dtype)) != NULL; }

/* ---- calling ---- */

static bool sample_apply(const Sample *s, const CxVal *in, CxVal *out) {
  if (s->f) return s->f(in, out) && !cx_failed();
  return cx_bind(s->op, in, (uint32_t)s->nin, NULL, out, (uint32_t)s->nout);
}

static bool sample_call(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  const Sample *s = env;
  CxVal got[MAX_OUT] = {NULL};
  (void)nin;
  if (!sample_apply(s, in, got)) return false;
  for (int i = 0; i < s->nout; i++)
    if (!cx_vals_push(out, got[i])) return false;
  return true;
}

static bool fail_sample(const Sample *s, const char *what, double got, double want) {
  fprintf(stderr, "%s: %s: %.17g, expected %.17g\n", s->name, what, got, want);
  return CHECK(!"the rule agrees with the op");
}

/* A kernel that is still to be written says so; then nothing can be checked. */
static bool kernel_pending(const Sample *s) {
  const CxError *e = cx_error();
  if (e->code != CX_ERR_NOT_IMPLEMENTED || !(strstr(e->text, "no kernel yet") || strstr(e->text, "is not defined for operands"))) return false;
  printf("not checked: %s: %s\n", s->name, e->text);
  cx_error_clear();
  return true;
}

static bool ok_or_report(const Sample *s, const char *what) {
  if (!cx_failed()) return true;
  if (kernel_pending(s)) return false;
  fprintf(stderr, "%s: %s: %s\n", s->name, what, cx_error()->text);
  cx_error_clear();
  return CHECK(!"no error");
}

static double number_at(CxVal v, int64_t i) { return v ? ((const double *)cx_data(v))[i] : 0; }
static bool near(double a, double b, double tolerance) {
  if (isnan(a) && isnan(b)) return true;
  return a == b || fabs(a - b) <= tolerance * (1 + fabs(a) + fabs(b));
}

/* sum of the real parts of a * b: the pairing under which transposes are transposes */
static double paired(CxVal a, CxVal b) {
  double sum = 0;
  if (!a || !b) return 0;
  int64_t n = cx_type_of(a)->size;
  if (components(cx_type_of(a)) == 1)
    for (int64_t i = 0; i < n; i++) sum += number_at(a, i) * number_at(b, i);
  else
    for (int64_t i = 0; i < 2 * n; i += 2) sum += number_at(a, i) * number_at(b, i) - number_at(a, i + 1) * number_at(b, i + 1);
  return sum;
}

/* ---- the properties ---- */

static bool shifted(const Sample *s, const CxVal *in, const CxVal *t, double h, CxVal *out) {
  CxVal x[MAX_IN];
  for (int i = 0; i < s->nin; i++) x[i] = t[i] ? cx_add(in[i], cx_mul(t[i], cx_like(t[i], h))) : in[i];
  return sample_apply(s, x, out);
}

static bool check_tangents(const Sample *s, CxFn *f, const CxVal *in, const CxVal *t) {
  const double h = 1e-5;
  CxVal plus[MAX_OUT], minus[MAX_OUT];
  CxVals out = {0}, tout = {0};
  bool ok = cx_jvp(f, in, t, (uint32_t)s->nin, &out, &tout) && shifted(s, in, t, h, plus) && shifted(s, in, t, -h, minus);
  ok = ok_or_report(s, "jvp") && ok;
  for (int k = 0; ok && k < s->nout; k++) {
    const CxType *type = cx_type_of(plus[k]);
    if (!differentiable(type)) continue;
    for (int64_t i = 0; ok && i < type->size * components(type); i++) {
      double up = number_at(plus[k], i), down = number_at(minus[k], i), want = up == down ? 0 : (up - down) / (2 * h), got = number_at(tout.v[k], i);
      if (!near(got, want, 2e-6)) ok = fail_sample(s, "tangent against central difference", got, want);
    }
  }
  cx_vals_free(&out), cx_vals_free(&tout);
  return ok;
}

static bool check_transpose(const Sample *s, CxFn *f, const CxVal *in, const CxVal *t) {
  CxVals out = {0}, jv = {0}, back = {0};
  CxVal ct[MAX_OUT] = {NULL};
  CxLinear *l = cx_linearize(f, in, (uint32_t)s->nin, NULL, &out);
  bool ok = l && cx_linear_apply(l, t, &jv);
  for (int k = 0; ok && k < s->nout; k++)
    if (differentiable(cx_type_of(out.v[k]))) ct[k] = random_like(cx_type_of(out.v[k]));
  ok = ok && cx_linear_transpose(l, ct, &back);
  ok = ok_or_report(s, "linearize and transpose") && ok;
  double forward = 0, reverse = 0;
  for (int k = 0; ok && k < s->nout; k++) forward += paired(ct[k], jv.v[k]);
  for (int i = 0; ok && i < s->nin; i++) {
    if (back.v[i] && !CHECK(cx_type_same_dims(cx_type_of(back.v[i]), cx_type_of(in[i])))) fprintf(stderr, "in %s\n", s->name), ok = false;
    else reverse += paired(back.v[i], t[i]);
  }
  if (ok && !near(forward, reverse, 1e-9)) ok = fail_sample(s, "<J^T ct, v> against <ct, J v>", reverse, forward);
  if (l) cx_linear_release(l);
  cx_vals_free(&out), cx_vals_free(&jv), cx_vals_free(&back);
  return ok;
}

static CxVal stacked(const CxVal *slices, int axis) {
  CxVal wide[SLICES];
  for (int b = 0; b < SLICES; b++) wide[b] = cx_expand_dims(slices[b], cx_ints(axis));
  return cx_concatenate(SLICES, wide, axis);
}

static bool same_slice(const Sample *s, CxVal all, int b, CxVal one) {
  const CxType *t = cx_type_of(one);
  CxVal got = cx_slice_axis(all, 0, b, b + 1);
  if (!got || !CHECK(cx_type_of(got)->size == t->size && cx_type_of(got)->rank == t->rank + 1)) return fprintf(stderr, "in %s\n", s->name), false;
  bool exact = !differentiable(t);
  CxVal x = exact ? cx_convert(got, CX_F64) : got, y = exact ? cx_convert(one, CX_F64) : one;
  for (int64_t i = 0; i < t->size * components(t); i++)
    if (!near(number_at(x, i), number_at(y, i), exact ? 0 : 1e-12)) return fail_sample(s, "batched against a loop", number_at(x, i), number_at(y, i));
  return true;
}

static bool check_batch(const Sample *s, CxFn *f, unsigned mask, bool last) {
  CxVal slices[MAX_IN][SLICES], in[MAX_IN], x[MAX_IN], one[MAX_OUT];
  int axes[MAX_IN];
  for (int i = 0; i < s->nin; i++) {
    const Spec *p = &s->in[i];
    for (int b = 0; b < SLICES; b++)
      slices[i][b] = b && !(mask >> i & 1) ? slices[i][0] : random_array(p->dtype, p->rank, p->dims, p->lo, p->hi);
    axes[i] = !(mask >> i & 1) ? -1 : last && i % 2 == 0 ? p->rank : 0; /* the axes of neighbours differ */
    in[i] = axes[i] < 0 ? slices[i][0] : stacked(slices[i], axes[i]);
  }
  CxVals out = {0};
  bool ok = cx_vmap(f, in, axes, (uint32_t)s->nin, SLICES, NULL, &out, NULL);
  ok = ok_or_report(s, "vmap") && ok;
  for (int b = 0; ok && b < SLICES; b++) {
    for (int i = 0; i < s->nin; i++) x[i] = slices[i][b];
    ok = sample_apply(s, x, one) && ok_or_report(s, "one slice");
    for (int k = 0; ok && k < s->nout; k++) ok = same_slice(s, out.v[k], b, one[k]);
  }
  ok = ok_or_report(s, "batch comparison") && ok;
  cx_vals_free(&out);
  return ok;
}

static void run_sample(const Sample *s) {
  CxScope scope;
  cx_scope_open(&scope);
  CxFn *f = cx_fn(s->name, sample_call, (void *)(uintptr_t)s, NULL);
  CxVal in[MAX_IN] = {NULL}, t[MAX_IN] = {NULL};
  for (int i = 0; i < s->nin; i++) {
    const Spec *p = &s->in[i];
    in[i] = random_array(p->dtype, p->rank, p->dims, p->lo, p->hi);
    if (in[i] && differentiable(cx_type_of(in[i]))) t[i] = random_like(cx_type_of(in[i]));
  }
  bool ok = ok_or_report(s, "operands");
  if (ok && !(s->flags & (NO_DIFF | NO_DIFFERENCES))) ok = check_tangents(s, f, in, t);
  if (ok && !(s->flags & (NO_DIFF | NO_TRANSPOSE))) ok = check_transpose(s, f, in, t);
  for (unsigned mask = 1; ok && !(s->flags & NO_BATCH) && mask < 1u << s->nin; mask++) ok = check_batch(s, f, mask, false) && check_batch(s, f, mask, true);
  if (ok) CHECK(ok);
  cx_fn_release(f);
  cx_scope_close(&scope);
}

/* ---- the elementwise ops: every one, real and complex ---- */

typedef struct Range { CxOpcode op; double lo[3], hi[3]; unsigned flags; } Range;
static const Range ranges[] = {
    {CX_OP_ACOSH, {1.2}, {3}, 0},
    {CX_OP_NEXTAFTER, {0}, {1, 1}, NO_DIFF},
    {CX_OP_STOP_GRADIENT, {-1}, {1}, NO_DIFF},
    {CX_OP_POLYGAMMA, {1, 0.5}, {1, 3}, HOLED},
    {CX_OP_ZETA, {2, 0.5}, {4, 3}, HOLED},
    {CX_OP_IGAMMA_GRAD_A, {0.5, 0.5}, {2, 2}, NO_DIFF},
    {CX_OP_RANDOM_GAMMA_GRAD, {0.5, 0.5}, {2, 2}, NO_DIFF},
    {CX_OP_REGULARIZED_INCOMPLETE_BETA, {0.5, 0.5, 0.2}, {2, 2, 0.8}, HOLED},
    {CX_OP_CLAMP, {-1, -1, 0.3}, {-0.3, 1, 1}, 0},
    {CX_OP_REM, {3.1, 1.1}, {3.9, 1.4}, 0},
};

static Sample elementwise_sample(CxOpcode op, CxDtype d) {
  const CxOp *def = cx_ops[op];
  Sample s = {.name = def->name, .op = op, .nin = def->nin, .nout = 1};
  bool whole = strchr("iub", cx_dtype_kind(d)) != NULL;
  for (int i = 0; i < def->nin; i++) s.in[i] = (Spec){d, whole ? 0 : 0.2, whole ? (d == CX_BOOL ? 1 : 6) : 0.9, 2, {2, 3}};
  for (size_t k = 0; k < sizeof ranges / sizeof *ranges; k++)
    if (ranges[k].op == op && !whole)
      for (int i = 0; i < def->nin; i++) s.in[i].lo = ranges[k].lo[i], s.in[i].hi = ranges[k].hi[i], s.flags = ranges[k].flags;
  if (whole) s.flags |= NO_DIFF;
  return s;
}

static bool type_accepts(CxOpcode op, const Sample *s) {
  const CxType *types[MAX_IN], *out;
  for (int i = 0; i < s->nin; i++) types[i] = cx_type(s->in[i].dtype, 2, s->in[i].dims, false);
  CxApp a = {.op = op, .def = cx_ops[op], .nin = (uint32_t)s->nin, .nout = 1, .types = types};
  bool ok = cx_ops[op]->type(&a, &out);
  cx_error_clear();
  return ok;
}

static int test_elementwise(void) {
  int count = 0;
  for (int op = 1; op < CX_OP_COUNT; op++) {
    const CxOp *def = cx_ops[op];
    if (!def || !(def->flags & CX_OP_ELEMENTWISE) || def->fields || def->nin < 1) continue;
    bool any = false;
    for (int k = 0; k < 5; k++) {
      Sample s = elementwise_sample((CxOpcode)op, (const CxDtype[]){CX_F64, CX_C128, CX_I32, CX_U8, CX_BOOL}[k]);
      if (!type_accepts((CxOpcode)op, &s)) continue;
      any = true;
      if (s.flags & HOLED) s.flags |= NO_DIFF;
      if (def->flags & CX_OP_ELEMENTWISE && def->nin == 2) s.in[1].dims[0] = 1; /* an extent of 1 broadcasts */
      run_sample(&s);
    }
    if (!CHECK(any)) fprintf(stderr, "%s accepts no dtype\n", def->name);
    count++;
  }
  return count;
}

/* ---- structural ops with sample attributes ---- */

#define ONE(name, expression) \
  static bool name(const CxVal *x, CxVal *out) { return (out[0] = (expression)) != NULL; }
#define MANY(name, expression) \
  static bool name(const CxVal *x, CxVal *out) { return expression; }

ONE(f_integer_pow, cx_integer_pow(x[0], 3))
ONE(f_integer_pow_negative, cx_integer_pow(x[0], -2))
ONE(f_reduce_precision, cx_reduce_precision(x[0], 11, 52))
ONE(f_pow_integer, cx_pow(x[0], x[1]))
ONE(f_name, cx_name(x[0], "a name"))
ONE(f_convert, cx_convert(x[0], CX_C128))
ONE(f_select, cx_select(x[0], x[1], x[2]))
ONE(f_select_n, cx_select_n(x[0], 3, x + 1))
ONE(f_broadcast, cx_broadcast_in_dim(x[0], 3, (int64_t[]){2, 4, 3}, (int64_t[]){0, 2}))
ONE(f_reshape, cx_reshape(x[0], 3, (int64_t[]){3, 1, 2}))
ONE(f_transpose, cx_transpose(x[0], (int64_t[]){2, 0, 1}))
ONE(f_squeeze, cx_squeeze(x[0], cx_ints(1)))
ONE(f_concatenate, cx_concatenate(2, x, 1))
ONE(f_pad, cx_pad(x[0], x[1], (int64_t[]){1, 2, 1, -1, 0, 2}))
ONE(f_slice, cx_slice(x[0], (int64_t[]){0, 1}, (int64_t[]){3, 5}, (int64_t[]){2, 2}))
ONE(f_dynamic_slice, cx_dynamic_slice(x[0], x + 1, (int64_t[]){2, 3}))
ONE(f_dynamic_update_slice, cx_dynamic_update_slice(x[0], x[1], x + 2))
ONE(f_rev, cx_rev(x[0], cx_ints(1)))
MANY(f_split, cx_split(x[0], cx_ints(1, 3), 1, out))
ONE(f_tile, cx_tile(x[0], (int64_t[]){2, 3}))
ONE(f_bitcast, cx_bitcast(x[0], CX_I64))
#define ROWS ((CxGatherDims){.offset_dims = cx_ints(1), .collapsed_slice_dims = cx_ints(0), .start_index_map = cx_ints(0, 1), \
                             .operand_batching_dims = CX_NO_INTS, .start_indices_batching_dims = CX_NO_INTS})
#define INTO_ROWS ((CxScatterDims){.update_window_dims = cx_ints(1), .inserted_window_dims = cx_ints(0), .scatter_dims_to_operand_dims = cx_ints(0, 1), \
                                   .operand_batching_dims = CX_NO_INTS, .scatter_indices_batching_dims = CX_NO_INTS})
#define PAIRED ((CxGatherDims){.offset_dims = CX_NO_INTS, .collapsed_slice_dims = cx_ints(1), .start_index_map = cx_ints(1), \
                               .operand_batching_dims = cx_ints(0), .start_indices_batching_dims = cx_ints(0)})
static CxScatterDims unique(CxScatterDims d) {
  d.unique_indices = true;
  return d;
}
static const int64_t row[] = {1, 2}, one_element[] = {1, 1};
ONE(f_gather_clip, cx_gather(x[0], x[1], ROWS, row, CX_INDEX_CLIP, CX_NO_NUMBER))
ONE(f_gather_fill, cx_gather(x[0], x[1], ROWS, row, CX_INDEX_FILL_OR_DROP, CX_FLOAT(0)))
ONE(f_gather_paired, cx_gather(x[0], x[1], PAIRED, one_element, CX_INDEX_CLIP, CX_NO_NUMBER))
ONE(f_scatter, cx_scatter(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_CLIP))
ONE(f_scatter_drop, cx_scatter(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_FILL_OR_DROP))
ONE(f_scatter_add, cx_scatter_add(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_CLIP))
ONE(f_scatter_add_drop, cx_scatter_add(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_FILL_OR_DROP))
ONE(f_scatter_sub, cx_scatter_sub(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_CLIP))
ONE(f_scatter_mul, cx_scatter_mul(x[0], x[1], x[2], unique(INTO_ROWS), CX_INDEX_CLIP))
ONE(f_scatter_min, cx_scatter_min(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_FILL_OR_DROP))
ONE(f_scatter_max, cx_scatter_max(x[0], x[1], x[2], INTO_ROWS, CX_INDEX_CLIP))
ONE(f_sum, cx_reduce_sum(x[0], cx_ints(0, 2)))
ONE(f_prod, cx_reduce_prod(x[0], cx_ints(0, 2)))
ONE(f_max, cx_reduce_max(x[0], cx_ints(1)))
ONE(f_min, cx_reduce_min(x[0], cx_ints(1)))
ONE(f_and, cx_reduce_and(x[0], cx_ints(0)))
ONE(f_or, cx_reduce_or(x[0], cx_ints(0)))
ONE(f_xor, cx_reduce_xor(x[0], cx_ints(1)))
ONE(f_argmax, cx_argmax(x[0], 1, CX_I32))
ONE(f_argmin, cx_argmin(x[0], 0, CX_I32))
ONE(f_cumsum, cx_cumsum(x[0], 1, false))
ONE(f_cumsum_reverse, cx_cumsum(x[0], 0, true))
ONE(f_cumprod, cx_cumprod(x[0], 1, false))
ONE(f_cumprod_reverse, cx_cumprod(x[0], 1, true))
ONE(f_cummax, cx_cummax(x[0], 0, false))
ONE(f_cummin, cx_cummin(x[0], 1, true))
ONE(f_cumlogsumexp, cx_cumlogsumexp(x[0], 1, false))
ONE(f_cumlogsumexp_reverse, cx_cumlogsumexp(x[0], 1, true))
ONE(f_matmul, cx_dot_general(x[0], x[1], ((CxDotDims){cx_ints(1), cx_ints(0), CX_NO_INTS, CX_NO_INTS}), CX_NO_DTYPE))
ONE(f_dot_batch, cx_dot_general(x[0], x[1], ((CxDotDims){cx_ints(3, 1), cx_ints(0, 2), cx_ints(2), cx_ints(3)}), CX_NO_DTYPE))
ONE(f_dot_outer, cx_dot_general(x[0], x[1], ((CxDotDims){CX_NO_INTS, CX_NO_INTS, CX_NO_INTS, CX_NO_INTS}), CX_NO_DTYPE))

static CxVal conv(const CxVal *x, int64_t feature_groups, int64_t batch_groups) {
  CxConv c = {.window_strides = cx_ints(2, 1), .padding = cx_ints(1, 2, -1, 1), .lhs_dilation = cx_ints(1, 2), .rhs_dilation = cx_ints(2, 1),
              .dims = {cx_ints(0, 3, 1, 2), cx_ints(3, 2, 0, 1), cx_ints(0, 1, 2, 3)},
              .feature_group_count = feature_groups, .batch_group_count = batch_groups};
  return cx_conv_general_dilated(x[0], x[1], &c);
}
ONE(f_conv, conv(x, 1, 1))
ONE(f_conv_features, conv(x, 2, 1))
ONE(f_conv_batches, conv(x, 1, 2))

#define WINDOW ((CxWindow){.dimensions = cx_ints(2, 3), .strides = cx_ints(1, 2), .padding = cx_ints(0, 1, 1, 0)})
#define DILATED ((CxWindow){.dimensions = cx_ints(2, 2), .strides = cx_ints(2, 1), .padding = cx_ints(1, 1, 0, 2), .base_dilation = cx_ints(1, 2), \
                            .window_dilation = cx_ints(2, 1)})
#define SPREAD ((CxWindow){.dimensions = cx_ints(2, 2), .padding = cx_ints(1, 0, 0, 1), .base_dilation = cx_ints(1, 2)})
ONE(f_window_sum, cx_reduce_window_sum(x[0], &WINDOW))
ONE(f_window_sum_dilated, cx_reduce_window_sum(x[0], &DILATED))
ONE(f_window_max, cx_reduce_window_max(x[0], &WINDOW))
ONE(f_window_max_dilated, cx_reduce_window_max(x[0], &DILATED))
ONE(f_window_max_spread, cx_reduce_window_max(x[0], &SPREAD))
ONE(f_window_min, cx_reduce_window_min(x[0], &WINDOW))
ONE(f_select_scatter, cx_select_and_scatter_add(x[0], x[1], false, &WINDOW))
ONE(f_select_gather, cx_select_and_gather_add(x[0], x[1], true, &WINDOW))

MANY(f_sort, cx_sort(1, x, 1, true, 1, out))
MANY(f_sort_two, cx_sort(3, x, 0, true, 2, out))
MANY(f_top_k, cx_top_k(x[0], 2, 1, &out[0], &out[1]))
MANY(f_barrier, cx_optimization_barrier(2, x, out))

/* Regions: (a, b) -> a + b + a * b, whose identity is 0; and the pair (greatest key, its companion). */
static CxGraph *region_circle, *region_best, *region_ge, *region_add;

static bool circle(void *env, const CxVal *x, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  return cx_vals_push(out, cx_add(cx_add(x[0], x[1]), cx_mul(x[0], x[1])));
}
static bool best(void *env, const CxVal *x, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  CxVal left = cx_ge(x[0], x[2]);
  return cx_vals_push(out, cx_select(left, x[0], x[2])) && cx_vals_push(out, cx_select(left, x[1], x[3]));
}
static bool ge(void *env, const CxVal *x, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  return cx_vals_push(out, cx_ge(x[0], x[1]));
}
static bool add(void *env, const CxVal *x, uint32_t n, CxVals *out) {
  (void)env, (void)n;
  return cx_vals_push(out, cx_add(x[0], x[1]));
}

static CxGraph *region(const char *name, bool (*call)(void *, const CxVal *, uint32_t, CxVals *), uint32_t n) {
  const CxType *scalars[4];
  CxVals captured = {0};
  for (int i = 0; i < 4; i++) scalars[i] = cx_type_scalar(CX_F64, false);
  CxFn *f = cx_fn(name, call, NULL, NULL);
  CxGraph *g = cx_stage(f, scalars, n, &captured);
  cx_fn_release(f);
  cx_vals_free(&captured);
  return g;
}

static CxVal reduce_circle(const CxVal *x, CxInts axes) {
  CxVal out = NULL, init = cx_scalar(CX_F64, 0);
  return cx_reduce(1, x, &init, region_circle, axes, &out) ? out : NULL;
}
static bool reduce_best(const CxVal *x, CxVal *out) {
  CxVal init[] = {cx_scalar(CX_F64, -INFINITY), cx_scalar(CX_F64, 0)};
  return cx_reduce(2, x, init, region_best, cx_ints(1), out);
}
static CxVal window_circle(const CxVal *x, const CxWindow *w) {
  CxVal out = NULL, init = cx_scalar(CX_F64, 0);
  return cx_reduce_window(1, x, &init, region_circle, w, &out) ? out : NULL;
}
static bool window_best(const CxVal *x, CxVal *out) {
  CxVal init[] = {cx_scalar(CX_F64, -INFINITY), cx_scalar(CX_F64, 0)};
  return cx_reduce_window(2, x, init, region_best, &DILATED, out);
}
ONE(f_reduce, reduce_circle(x, cx_ints(0, 2)))
MANY(f_reduce_pair, reduce_best(x, out))
ONE(f_window, window_circle(x, &WINDOW))
MANY(f_window_pair, window_best(x, out))
MANY(f_closed_call, cx_closed_call(region_best, x, 4, out))

#define REAL(...) {CX_F64, -2, 2, DIMS_(__VA_ARGS__)}
#define SCALAR {CX_F64, -2, 2, 0, {0}}
#define INDEX {CX_I32, -1, 3, 0, {0}}
#define POSITIVE(...) {CX_F64, 0.3, 2, DIMS_(__VA_ARGS__)}
#define COMPLEX(...) {CX_C128, -2, 2, DIMS_(__VA_ARGS__)}
#define INTEGER(lo, hi, ...) {CX_I32, lo, hi, DIMS_(__VA_ARGS__)}
#define DIMS_(...) (int)(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), {__VA_ARGS__}
#define SAMPLE(f, nin, nout, flags, ...) {#f, CX_OP_NONE, f, nin, nout, {__VA_ARGS__}, flags}

static const Sample samples[] = {
    SAMPLE(f_integer_pow, 1, 1, 0, REAL(3)),
    SAMPLE(f_integer_pow, 1, 1, 0, COMPLEX(3)),
    SAMPLE(f_integer_pow_negative, 1, 1, 0, POSITIVE(3)),
    SAMPLE(f_pow_integer, 2, 1, 0, POSITIVE(3), INTEGER(0, 4, 3)),
    SAMPLE(f_reduce_precision, 1, 1, 0, REAL(3)),
    SAMPLE(f_name, 1, 1, 0, REAL(3)),
    SAMPLE(f_convert, 1, 1, 0, REAL(3)),
    SAMPLE(f_select, 3, 1, 0, {CX_BOOL, 0, 1, 2, {2, 3}}, REAL(2, 3), REAL(2, 3)),
    SAMPLE(f_select_n, 4, 1, 0, INTEGER(0, 2, 2, 3), REAL(2, 3), REAL(2, 3), REAL(2, 3)),
    SAMPLE(f_broadcast, 1, 1, 0, REAL(1, 3)),
    SAMPLE(f_reshape, 1, 1, 0, REAL(2, 3)),
    SAMPLE(f_transpose, 1, 1, 0, REAL(2, 3, 4)),
    SAMPLE(f_squeeze, 1, 1, 0, REAL(2, 1, 3)),
    SAMPLE(f_concatenate, 2, 1, 0, REAL(2, 3), REAL(2, 1)),
    SAMPLE(f_pad, 2, 1, 0, REAL(2, 3), SCALAR),
    SAMPLE(f_slice, 1, 1, 0, REAL(3, 5)),
    SAMPLE(f_dynamic_slice, 3, 1, 0, REAL(3, 5), INDEX, INDEX),
    SAMPLE(f_dynamic_update_slice, 4, 1, 0, REAL(3, 5), REAL(2, 3), INDEX, INDEX),
    SAMPLE(f_rev, 1, 1, 0, REAL(2, 3)),
    SAMPLE(f_split, 1, 2, 0, REAL(2, 4)),
    SAMPLE(f_tile, 1, 1, 0, REAL(2, 2)),
    SAMPLE(f_bitcast, 1, 1, NO_DIFF, REAL(3)),
    SAMPLE(f_gather_clip, 2, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2)),
    SAMPLE(f_gather_fill, 2, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2)),
    SAMPLE(f_gather_paired, 2, 1, 0, REAL(3, 4), INTEGER(-1, 4, 3, 5, 1)),
    SAMPLE(f_scatter, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_scatter_drop, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_scatter_add, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_scatter_add_drop, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_scatter_sub, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_scatter_mul, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 1, 2), REAL(1, 2)),
    SAMPLE(f_scatter_min, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_scatter_max, 3, 1, 0, REAL(3, 4), INTEGER(-1, 4, 5, 2), REAL(5, 2)),
    SAMPLE(f_sum, 1, 1, 0, REAL(2, 3, 2)),
    SAMPLE(f_sum, 1, 1, 0, COMPLEX(2, 3, 2)),
    SAMPLE(f_prod, 1, 1, 0, REAL(2, 3, 2)),
    SAMPLE(f_max, 1, 1, 0, REAL(2, 4)),
    SAMPLE(f_min, 1, 1, 0, REAL(2, 4)),
    SAMPLE(f_and, 1, 1, NO_DIFF, INTEGER(0, 100, 3, 2)),
    SAMPLE(f_or, 1, 1, NO_DIFF, INTEGER(0, 100, 3, 2)),
    SAMPLE(f_xor, 1, 1, NO_DIFF, INTEGER(0, 100, 3, 2)),
    SAMPLE(f_argmax, 1, 1, NO_DIFF, REAL(3, 4)),
    SAMPLE(f_argmin, 1, 1, NO_DIFF, REAL(3, 4)),
    SAMPLE(f_cumsum, 1, 1, 0, REAL(2, 5)),
    SAMPLE(f_cumsum_reverse, 1, 1, 0, REAL(5, 2)),
    SAMPLE(f_cumprod, 1, 1, 0, REAL(2, 5)),
    SAMPLE(f_cumprod, 1, 1, 0, COMPLEX(2, 4)),
    SAMPLE(f_cumprod_reverse, 1, 1, 0, REAL(2, 6)),
    SAMPLE(f_cummax, 1, 1, 0, REAL(7, 2)),
    SAMPLE(f_cummin, 1, 1, 0, REAL(2, 7)),
    SAMPLE(f_cumlogsumexp, 1, 1, 0, REAL(2, 5)),
    SAMPLE(f_cumlogsumexp_reverse, 1, 1, 0, REAL(2, 6)),
    SAMPLE(f_matmul, 2, 1, 0, REAL(2, 3), REAL(3, 4)),
    SAMPLE(f_matmul, 2, 1, 0, COMPLEX(2, 3), COMPLEX(3, 2)),
    SAMPLE(f_dot_batch, 2, 1, 0, REAL(2, 3, 4, 5), REAL(5, 2, 3, 4)),
    SAMPLE(f_dot_outer, 2, 1, 0, REAL(2), REAL(3, 2)),
    SAMPLE(f_conv, 2, 1, 0, REAL(2, 5, 4, 2), REAL(2, 3, 2, 4)),
    SAMPLE(f_conv_features, 2, 1, 0, REAL(2, 5, 4, 4), REAL(2, 3, 2, 6)),
    SAMPLE(f_conv_batches, 2, 1, 0, REAL(4, 5, 4, 2), REAL(2, 3, 2, 6)),
    SAMPLE(f_window_sum, 1, 1, 0, REAL(4, 5)),
    SAMPLE(f_window_sum_dilated, 1, 1, 0, REAL(4, 5)),
    SAMPLE(f_window_max, 1, 1, 0, REAL(4, 5)),
    SAMPLE(f_window_max_dilated, 1, 1, NO_TRANSPOSE, REAL(4, 5)),
    SAMPLE(f_window_max_spread, 1, 1, 0, REAL(4, 5)),
    SAMPLE(f_window_min, 1, 1, 0, REAL(4, 5)),
    SAMPLE(f_select_scatter, 2, 1, NO_DIFFERENCES, REAL(4, 2), REAL(4, 5)),
    SAMPLE(f_select_gather, 2, 1, NO_DIFFERENCES, REAL(4, 5), REAL(4, 5)),
    SAMPLE(f_reduce, 1, 1, 0, REAL(3, 2, 3)),
    SAMPLE(f_reduce_pair, 2, 2, 0, REAL(2, 5), REAL(2, 5)),
    SAMPLE(f_window, 1, 1, NO_TRANSPOSE, REAL(4, 5)),
    SAMPLE(f_window_pair, 2, 2, NO_TRANSPOSE, REAL(4, 5), REAL(4, 5)),
    SAMPLE(f_sort, 1, 1, 0, REAL(3, 5)),
    SAMPLE(f_sort_two, 3, 3, 0, INTEGER(0, 1, 6, 2), REAL(6, 2), REAL(6, 2)),
    SAMPLE(f_top_k, 1, 2, 0, REAL(3, 5)),
    SAMPLE(f_barrier, 2, 2, 0, REAL(3), REAL(2, 2)),
    SAMPLE(f_closed_call, 4, 2, 0, SCALAR, SCALAR, SCALAR, SCALAR),
};

/* select_and_scatter has no derivative: against select_and_scatter_add, which does the same with one select and one scatter. */
static void test_select_and_scatter(void) {
  CxScope scope;
  cx_scope_open(&scope);
  CxVal x = random_array(CX_F64, 2, (int64_t[]){4, 5}, -2, 2), source = random_array(CX_F64, 2, (int64_t[]){4, 2}, -2, 2);
  CxVal got = cx_select_and_scatter(x, source, cx_scalar(CX_F64, 0), region_ge, region_add, &WINDOW);
  CxVal want = cx_select_and_scatter_add(source, x, false, &WINDOW);
  if (ok_or_report(&(Sample){.name = "select_and_scatter"}, "select and scatter") && CHECK(got && want && cx_type_of(got) == cx_type_of(want)))
    for (int64_t i = 0; i < 20; i++) CHECK(near(number_at(got, i), number_at(want, i), 1e-14));
  cx_scope_close(&scope);
}

/* Attributes that would overflow are type errors. */
static void test_large_attributes(void) {
  CxScope scope;
  cx_scope_open(&scope);
  CxVal x = cx_array(CX_F64, 1, (int64_t[]){3}, NULL), w = cx_array(CX_F64, 3, (int64_t[]){1, 1, 3}, NULL);
  const CxWindow windows[] = {{.dimensions = cx_ints(INT64_MAX), .window_dilation = cx_ints(INT64_MAX)},
                              {.padding = cx_ints(INT64_MAX, INT64_MAX)}, {.base_dilation = cx_ints(INT64_MAX)},
                              {.padding = cx_ints(INT64_MIN, INT64_MIN)}};
  for (size_t i = 0; i < sizeof windows / sizeof *windows; i++) {
    CHECK(!cx_reduce_window_sum(x, &windows[i]));
    CHECK(cx_error_take(NULL) == CX_ERR_TYPE);
  }
  CxInts one = cx_ints(1), big = cx_ints(INT64_MAX), spec = cx_ints(0, 1, 2);
  CxConv conv_large = {one, cx_ints(1, 1), big, one, {spec, spec, spec}, 1, 1, CX_PRECISION_NONE, CX_NO_DTYPE};
  CHECK(!cx_conv_general_dilated(w, w, &conv_large) && cx_error_take(NULL) == CX_ERR_TYPE);
  cx_scope_close(&scope);
}

/* ---- the cells ---- */

static bool has_references(const CxOp *op) {
  for (const CxField *f = op->fields; f && f->name; f++)
    if (f->kind == CX_FIELD_GRAPH || f->kind == CX_FIELD_GRAPHS || f->kind == CX_FIELD_FN) return true;
  return false;
}

static bool row_complete(const CxOp *op, const char *name) {
  int failed = checks_failed;
  CHECK(op->name && !strcmp(op->name, name));
  CHECK(op->doc && op->doc[0]);
  CHECK(op->type && op->exec && op->jvp && op->transpose && op->batch && op->partial && op->fold);
  CHECK(op->nout >= 0 || op->nout_rule);
  CHECK(!op->fields || op->attrs_bytes);
  CHECK(has_references(op) == !!(op->flags & CX_OP_REFS));
  for (const CxField *f = op->fields; f && f->name; f++) CHECK(f->offset < op->attrs_bytes && (f->kind != CX_FIELD_ENUM || f->names));
  CHECK(op_from_name(name) != CX_OP_NONE && cx_ops[op_from_name(name)] == op);
  if (checks_failed != failed) fprintf(stderr, "the row of %s is incomplete\n", name);
  return checks_failed == failed;
}

static void test_cells(void) {
  static const char *const names[] = {"",
#define OP(id, name) name,
#include "ir/ops.def"
#undef OP
  };
  int complete = 0, missing = 0;
  for (int i = 1; i < CX_OP_COUNT; i++) {
    if (cx_ops[i]) complete += row_complete(cx_ops[i], names[i]);
    else missing++, printf("not defined: %s\n", names[i]);
  }
  printf("%d of %d primitives with all cells\n", complete, CX_OP_COUNT - 1);
}

int main(void) {
  CxScope scope;
  cx_scope_open(&scope);
  test_cells();
  region_circle = region("circle", circle, 2), region_best = region("best", best, 4);
  region_ge = region("ge", ge, 2), region_add = region("add", add, 2);
  CHECK(region_circle && region_best && region_ge && region_add);
  int elementwise = test_elementwise();
  for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) run_sample(&samples[i]);
  printf("rules checked: %d elementwise ops, %zu structural samples\n", elementwise, sizeof samples / sizeof *samples);
  test_select_and_scatter();
  test_large_attributes();
  cx_graph_release(region_circle), cx_graph_release(region_best), cx_graph_release(region_ge), cx_graph_release(region_add);
  cx_scope_close(&scope);
  return check_report();
}
