/* lax.reduce, reduce_window and associative_scan for Python: computations that combine two elements into one. */
#include "python/bind.h"
#include "python/body.h"

#include "lax/pads.h"
#include "op/region.h"

/* ---- reduce and reduce_window ---- */

typedef struct Fold {
  CxVals xs, inits;
  CxTree *tree;
  PyBody body;
} Fold;

static void fold_close(Fold *f) {
  py_body_close(&f->body);
  cx_tree_release(f->tree);
  cx_vals_free(&f->xs), cx_vals_free(&f->inits);
}

static bool fold_check(const char *what, const Fold *f) {
  if (!f->xs.n) return cx_fail(CX_ERR_VALUE, "%s requires at least one operand", what);
  if (f->xs.n != f->inits.n) return cx_fail(CX_ERR_VALUE, "%s: operands and init_values must have the same tree structure", what);
  for (uint32_t i = 0; i < f->xs.n; i++) {
    CxVal x = f->xs.v[i], init = f->inits.v[i];
    if (init->type->rank) return cx_fail(CX_ERR_VALUE, "%s: initial values must be scalars, init_value %u has %d axes", what, i, init->type->rank);
    if (x->type->dtype != init->type->dtype)
      return cx_fail(CX_ERR_TYPE, "%s operand dtypes should match corresponding initial value dtypes, got %s and %s", what, cx_dtype_name(x->type->dtype),
                     cx_dtype_name(init->type->dtype));
    if (!cx_type_same_dims(x->type, f->xs.v[0]->type)) return cx_fail(CX_ERR_TYPE, "%s: operands must have the same shape", what);
  }
  return true;
}

static bool fold_stage(const char *what, Fold *f, PyObject *fun) {
  CxTree *trees[2] = {f->tree, f->tree};
  uint32_t n = f->xs.n;
  const CxType **types = PyMem_Calloc(2 * (size_t)n, sizeof *types);
  bool ok = types != NULL;
  for (uint32_t i = 0; ok && i < n; i++) ok = (types[i] = types[n + i] = cx_type_scalar(f->xs.v[i]->type->dtype, false)) != NULL;
  ok = ok && py_body_open(&f->body, fun, trees, 2) && py_body_stage(&f->body, types, 2 * n);
  PyMem_Free(types);
  if (ok && f->body.captured.n) return cx_fail(CX_ERR_NOT_IMPLEMENTED, "%s: the computation must not use traced values from outside of it", what);
  if (ok && f->body.graph->out.n != n) return cx_fail(CX_ERR_TYPE, "%s: the computation must give %u values, it gives %u", what, n, f->body.graph->out.n);
  return ok;
}

static bool fold_open(const char *what, Fold *f, PyObject *operands, PyObject *inits, PyObject *fun) {
  CxTree *init_tree = NULL;
  bool ok = py_flatten_vals(operands, &f->xs, &f->tree) && py_flatten_vals(inits, &f->inits, &init_tree);
  cx_tree_release(init_tree);
  return ok && fold_check(what, f) && fold_stage(what, f, fun);
}

/* The operation of a computation that is one, when the initial value is its identity. */
static CxOpcode fold_monoid(const Fold *f) {
  if (f->xs.n != 1 || !node_is_array(f->inits.v[0])) return CX_OP_NONE;
  CxOpcode op = region_monoid(f->body.graph);
  CxVal init = f->inits.v[0];
  CxVal identity = op ? monoid_identity_scalar(op, init->type->dtype) : NULL;
  return identity && !memcmp(identity->array.data, init->array.data, (size_t)cx_dtype_bytes(init->type->dtype)) ? op : CX_OP_NONE;
}

static CxVal reduce_monoid(CxOpcode op, CxVal x, CxInts axes) {
  switch (op) {
    case CX_OP_ADD: return cx_reduce_sum(x, axes);
    case CX_OP_MUL: return cx_reduce_prod(x, axes);
    case CX_OP_MAX: return cx_reduce_max(x, axes);
    case CX_OP_MIN: return cx_reduce_min(x, axes);
    case CX_OP_AND: return cx_reduce_and(x, axes);
    case CX_OP_OR: return cx_reduce_or(x, axes);
    default: return cx_reduce_xor(x, axes);
  }
}

static PyObject *fold_result(const Fold *f, bool ok, CxVal *out) {
  return ok ? py_unflatten_vals(f->body.call->out_tree, out, f->xs.n) : NULL;
}

static PyObject *reduce_run(Fold *f, CxInts axes) {
  CxVal *out = cx_calloc(f->xs.n, sizeof *out);
  CxOpcode op = fold_monoid(f);
  bool seen[CX_MAX_RANK] = {0}, ok = out != NULL;
  for (int i = 0; ok && i < axes.n; i++) {
    int64_t a = axes.v[i];
    ok = (a >= 0 && a < f->xs.v[0]->type->rank && !seen[a]) || cx_fail(CX_ERR_VALUE, "reduce: axis %lld is out of bounds or given twice", (long long)a);
    if (ok) seen[a] = true;
  }
  if (ok) ok = op ? (out[0] = reduce_monoid(op, f->xs.v[0], axes)) != NULL : cx_reduce(f->xs.n, f->xs.v, f->inits.v, f->body.graph, axes, out);
  PyObject *r = fold_result(f, ok, out);
  cx_free(out);
  return r;
}

typedef struct Lists { /* memory of integer lists, until the call ends */
  void *v[64];
  int n;
} Lists;

static void *lists_get(void *owner, size_t bytes) {
  Lists *l = owner;
  if (l->n == 64) return PyErr_SetString(PyExc_TypeError, "too many nested lists"), NULL;
  return l->v[l->n++] = PyMem_Malloc(bytes);
}
static void lists_free(Lists *l) {
  for (int i = 0; i < l->n; i++) PyMem_Free(l->v[i]);
}

static bool list_arg(PyObject *o, Lists *l, CxInts *out) { /* a flat sequence, read as padding without a name */
  PyArg a;
  PyObject *one = o ? PyTuple_Pack(1, o) : NULL;
  bool ok = one && py_kind(PY_KIND_PADS, one, (PyMemory){lists_get, l}, &a);
  Py_XDECREF(one);
  if (ok) *out = a.pads.v;
  return ok;
}

static PyObject *fn_reduce(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"operands", "init_values", "computation", "dimensions", "out_sharding"};
  PyObject *a[5] = {0}, *r = NULL;
  PyParams p = {"reduce", params, 4, 5, 5, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  Lists lists = {.n = 0};
  Fold f = {0};
  CxInts axes;
  if (list_arg(a[3], &lists, &axes) && fold_open("reduce", &f, a[0], a[1], a[2])) r = reduce_run(&f, axes);
  fold_close(&f);
  lists_free(&lists);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static bool window_list(PyObject *o, Lists *l, int rank, const char *what, int64_t *ones, CxInts *out) {
  *out = (CxInts){ones, rank, false};
  if (o && o != Py_None && !list_arg(o, l, out)) return false;
  return out->n == rank || cx_fail(CX_ERR_VALUE, "reduce_window: %s must have one entry for each of the %d axes, got %d", what, rank, out->n);
}

/* a: window_dimensions, window_strides, padding, base_dilation, window_dilation */
static bool window_of(PyObject *const *a, Lists *l, const CxType *x, int64_t *ones, int64_t *pads, CxWindow *w) {
  int rank = x->rank;
  int64_t base[CX_MAX_RANK], window[CX_MAX_RANK];
  PyArg padding = {.pads = {.name = "VALID"}};
  for (int i = 0; i < rank; i++) ones[i] = 1;
  if (!window_list(a[0], l, rank, "window_dimensions", ones, &w->dimensions) || !window_list(a[1], l, rank, "window_strides", ones, &w->strides) ||
      !window_list(a[3], l, rank, "base_dilation", ones, &w->base_dilation) || !window_list(a[4], l, rank, "window_dilation", ones, &w->window_dilation))
    return false;
  if (a[2] && !py_kind(PY_KIND_PADS, a[2], (PyMemory){lists_get, l}, &padding)) return false;
  for (int i = 0; i < rank; i++) {
    base[i] = x->dims[i] ? (x->dims[i] - 1) * w->base_dilation.v[i] + 1 : 0;
    window[i] = w->dimensions.v[i] ? (w->dimensions.v[i] - 1) * w->window_dilation.v[i] + 1 : 0;
  }
  if (!lax_pads(padding.pads, rank, base, window, w->strides.v, pads)) return false;
  w->padding = (CxInts){pads, 2 * rank, false};
  return true;
}

static PyObject *window_run(Fold *f, const CxWindow *w) {
  CxVal *out = cx_calloc(f->xs.n, sizeof *out), x = f->xs.v[0];
  CxOpcode op = fold_monoid(f);
  bool ok = out != NULL;
  if (op == CX_OP_ADD) ok = ok && (out[0] = cx_reduce_window_sum(x, w));
  else if (op == CX_OP_MAX) ok = ok && (out[0] = cx_reduce_window_max(x, w));
  else if (op == CX_OP_MIN) ok = ok && (out[0] = cx_reduce_window_min(x, w));
  else ok = ok && cx_reduce_window(f->xs.n, f->xs.v, f->inits.v, f->body.graph, w, out);
  PyObject *r = fold_result(f, ok, out);
  cx_free(out);
  return r;
}

static PyObject *fn_reduce_window(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"operand", "init_value", "computation", "window_dimensions", "window_strides", "padding", "base_dilation", "window_dilation"};
  PyObject *a[8] = {0}, *r = NULL;
  PyParams p = {"reduce_window", params, 4, 8, 8, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  Lists lists = {.n = 0};
  Fold f = {0};
  CxWindow w = {0};
  int64_t ones[CX_MAX_RANK], pads[2 * CX_MAX_RANK];
  if (fold_open("reduce_window", &f, a[0], a[1], a[2]) && window_of(a + 3, &lists, f.xs.v[0]->type, ones, pads, &w)) r = window_run(&f, &w);
  fold_close(&f);
  lists_free(&lists);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* ---- associative_scan: pairs are combined, the half-length list is scanned, and the gaps are filled ---- */

typedef struct Scan {
  CxFn *fn;
  uint32_t n; /* leaves */
  int axis;
} Scan;

static CxVal strided(CxVal x, int axis, int64_t start, int64_t limit, int64_t stride) {
  int64_t lo[CX_MAX_RANK] = {0}, hi[CX_MAX_RANK], step[CX_MAX_RANK];
  if (!x) return NULL;
  for (int i = 0; i < x->type->rank; i++) hi[i] = x->type->dims[i], step[i] = 1;
  lo[axis] = start, hi[axis] = limit, step[axis] = stride;
  return cx_slice(x, lo, hi, stride == 1 ? NULL : step);
}

static bool combine(const Scan *s, const CxVal *a, const CxVal *b, CxVal *out) {
  CxVals got = {0};
  CxVal *in = cx_malloc(2 * s->n * sizeof *in);
  for (uint32_t i = 0; in && i < s->n; i++) in[i] = a[i], in[s->n + i] = b[i];
  bool ok = in && cx_call(s->fn, in, 2 * s->n, &got);
  if (ok && got.n != s->n) ok = cx_fail(CX_ERR_TYPE, "associative_scan: fn must give %u values, it gives %u", s->n, got.n);
  for (uint32_t i = 0; ok && i < s->n; i++) out[i] = got.v[i];
  cx_free(in);
  cx_vals_free(&got);
  return ok;
}

/* even[0], odd[0], even[1], odd[1], … along the axis: both padded with gaps, and added (or or-ed) */
static CxVal interleave(CxVal even, CxVal odd, int axis) {
  int64_t ne = even->type->dims[axis], no = odd->type->dims[axis];
  int64_t e[3 * CX_MAX_RANK] = {0}, o[3 * CX_MAX_RANK] = {0};
  CxVal zero = cx_scalar(even->type->dtype, 0);
  e[3 * axis + 2] = o[3 * axis + 2] = 1;
  e[3 * axis + 1] = ne == no ? 1 : 0;
  o[3 * axis] = 1;
  o[3 * axis + 1] = ne == no ? 0 : 1;
  CxVal a = cx_pad(even, zero, e), b = cx_pad(odd, zero, o);
  return even->type->dtype == CX_BOOL ? cx_or(a, b) : cx_add(a, b);
}

static bool scan_recurse(const Scan *s, const CxVal *x, CxVal *out) {
  int64_t n = x[0]->type->dims[s->axis];
  if (n < 2) {
    for (uint32_t i = 0; i < s->n; i++) out[i] = x[i];
    return true;
  }
  CxVal *v = cx_calloc(6 * (size_t)s->n, sizeof *v), *a = v, *b = v + s->n, *half = v + 2 * s->n, *odd = v + 3 * s->n, *even = v + 4 * s->n;
  bool ok = v != NULL;
  for (uint32_t i = 0; ok && i < s->n; i++) ok = (a[i] = strided(x[i], s->axis, 0, n - 1, 2)) && (b[i] = strided(x[i], s->axis, 1, n, 2));
  ok = ok && combine(s, a, b, half) && scan_recurse(s, half, odd);
  int64_t gaps = n % 2 ? n / 2 : n / 2 - 1; /* even places after the first */
  for (uint32_t i = 0; ok && i < s->n; i++) ok = (a[i] = strided(odd[i], s->axis, 0, gaps, 1)) && (b[i] = strided(x[i], s->axis, 2, n, 2));
  ok = ok && combine(s, a, b, even);
  for (uint32_t i = 0; ok && i < s->n; i++) {
    CxVal pair[2] = {strided(x[i], s->axis, 0, 1, 1), even[i]};
    CxVal all = cx_concatenate(2, pair, s->axis);
    ok = all && (out[i] = interleave(all, odd[i], s->axis));
  }
  cx_free(v);
  return ok;
}

static bool scan_reverse(const Scan *s, CxVal *v) {
  for (uint32_t i = 0; i < s->n; i++)
    if (!(v[i] = cx_rev(v[i], cx_ints(s->axis)))) return false;
  return true;
}

static PyObject *associative_run(PyObject *fun, PyObject *elems, bool reverse, int64_t axis) {
  CxVals xs = {0};
  CxTree *tree = NULL;
  PyBody b = {0};
  PyObject *r = NULL;
  CxVal *out = NULL;
  bool ok = py_flatten_vals(elems, &xs, &tree);
  if (ok && !xs.n) r = Py_NewRef(elems), ok = false;
  CxTree *trees[2] = {tree, tree};
  ok = ok && py_body_open(&b, fun, trees, 2) && (out = cx_calloc(xs.n, sizeof *out));
  Scan s = {b.fn, xs.n, 0};
  if (ok && (axis < -xs.v[0]->type->rank || axis >= xs.v[0]->type->rank))
    ok = cx_fail(CX_ERR_VALUE, "associative_scan: axis %lld is out of bounds for array of dimension %d", (long long)axis, xs.v[0]->type->rank);
  if (ok) s.axis = (int)(axis < 0 ? axis + xs.v[0]->type->rank : axis);
  for (uint32_t i = 0; ok && i < xs.n; i++)
    if (xs.v[i]->type->rank <= s.axis || xs.v[i]->type->dims[s.axis] != xs.v[0]->type->dims[s.axis])
      ok = cx_fail(CX_ERR_VALUE, "Array inputs to associative_scan must have the same first dimension.");
  ok = ok && (!reverse || scan_reverse(&s, xs.v)) && scan_recurse(&s, xs.v, out) && (!reverse || scan_reverse(&s, out));
  if (ok) r = py_unflatten_vals(tree, out, xs.n);
  py_body_close(&b);
  cx_tree_release(tree);
  cx_vals_free(&xs);
  cx_free(out);
  return r;
}

static PyObject *fn_associative_scan(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"fn", "elems", "reverse", "axis"};
  PyObject *a[4] = {0};
  PyParams p = {"associative_scan", params, 2, 4, 4, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  if (!PyCallable_Check(a[0])) return PyErr_SetString(PyExc_TypeError, "lax.associative_scan: fn argument should be callable."), NULL;
  int64_t axis = a[3] ? PyLong_AsLongLong(a[3]) : 0;
  if (axis == -1 && PyErr_Occurred()) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = associative_run(a[0], a[1], a[2] && PyObject_IsTrue(a[2]) == 1, axis);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

#define FAST(name, doc) {#name, (PyCFunction)(void (*)(void))fn_##name, METH_FASTCALL | METH_KEYWORDS, doc}
static PyMethodDef fold_functions[] = {
    FAST(reduce, "reduce(operands, init_values, computation, dimensions): elements combined over axes by any associative computation of two scalars."),
    FAST(reduce_window, "reduce_window(operand, init_value, computation, window_dimensions, window_strides=None, padding='VALID', base_dilation=None, "
                        "window_dilation=None): a reduction of every sliding window."),
    FAST(associative_scan, "associative_scan(fn, elems, reverse=False, axis=0): all prefixes combined by an associative fn, in logarithmic depth."),
    {0}};

bool py_fold_register(PyObject *m) { return PyModule_AddFunctions(m, fold_functions) == 0; }
