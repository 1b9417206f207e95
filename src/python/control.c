/* lax.scan, while_loop, fori_loop, cond, switch, map for Python: flatten, stage the bodies, bind, unflatten. */
#include "python/body.h"

#include "base/error.h"
#include "xform/region.h"

/* ---- shared ---- */

bool py_body_open(PyBody *b, PyObject *fun, CxTree *const *trees, Py_ssize_t n) {
  *b = (PyBody){0};
  if (!PyCallable_Check(fun)) return PyErr_Format(PyExc_TypeError, "Expected a callable value, got %R", fun), false;
  b->call = pycall_new(fun, n);
  for (Py_ssize_t i = 0; b->call && i < n; i++) b->call->trees[i] = cx_tree_retain(trees[i]);
  b->fn = b->call ? pycall_fn(b->call) : NULL;
  return b->fn != NULL;
}
bool py_body_stage(PyBody *b, const CxType *const *types, uint32_t n) {
  ref_release(b->graph);
  b->captured.n = 0;
  return (b->graph = cx_stage(b->fn, types, n, &b->captured)) != NULL;
}
void py_body_close(PyBody *b) {
  ref_release(b->graph);
  ref_release(b->fn);
  cx_vals_free(&b->captured);
}

static const CxType **types_of(const CxVals *v, uint32_t extra) {
  const CxType **t = PyMem_Calloc((size_t)v->n + extra + 1, sizeof *t);
  for (uint32_t i = 0; t && i < v->n; i++) t[i] = v->v[i]->type;
  return t;
}

static bool tree_fail(const char *what, const CxTree *want, const CxTree *got) {
  PyObject *a = py_treedef_text(want), *b = py_treedef_text(got);
  if (a && b) PyErr_Format(PyExc_TypeError, "%s must have the same type structure: the input is %U, the output %U", what, a, b);
  Py_XDECREF(a), Py_XDECREF(b);
  return false;
}

static bool carry_types_fail(const char *what, uint32_t i, const CxType *want, const CxType *got) {
  char a[256], b[256];
  return cx_fail(CX_ERR_TYPE, "%s must have equal types, but they differ: leaf %u of the input carry has type %s and the corresponding output has type %s. "
                 "Convert one of them, for example with .astype.", what, i, py_type_text(want, a, sizeof a), py_type_text(got, b, sizeof b));
}

/* the first n results of the body against the carry, which may differ in weakness: 1 settled, 0 stage again, -1 error */
static int carry_settle(const char *what, PyBody *b, CxVals *carry) {
  uint32_t n = carry->n;
  if (b->graph->out.n < n) return cx_fail(CX_ERR_TYPE, "%s returned too few values", what), -1;
  if (region_strengthen(carry->v, b->graph, n)) return cx_failed() ? -1 : 0;
  for (uint32_t i = 0; i < n; i++) {
    const CxType *t = graph_type(b->graph, b->graph->out.v[i]);
    if (!type_fits(t, carry->v[i]->type)) return carry_types_fail(what, i, carry->v[i]->type, t), -1;
  }
  return 1;
}

static bool push_all(CxVals *to, const CxVals *from) {
  for (uint32_t i = 0; i < from->n; i++)
    if (!cx_vals_push(to, from->v[i])) return false;
  return true;
}

/* ---- scan ---- */

static bool scan_length(const CxVals *xs, PyObject *length, int64_t *out) {
  *out = -1;
  if (length && length != Py_None) {
    *out = PyLong_AsLongLong(length);
    if (*out == -1 && PyErr_Occurred()) {
      PyErr_Clear();
      PyErr_Format(PyExc_TypeError, "The `length` argument to `scan` expects a concrete `int` value, got %R", length);
      return false;
    }
    if (*out < 0) return cx_fail(CX_ERR_VALUE, "scan: length must be non-negative, got %lld", (long long)*out);
  }
  for (uint32_t i = 0; i < xs->n; i++) {
    if (!xs->v[i]->type->rank) return cx_fail(CX_ERR_INDEX, "scan got value with no leading axis to scan over: leaf %u of xs is a scalar", i);
    int64_t n = xs->v[i]->type->dims[0];
    if (*out >= 0 && n != *out)
      return cx_fail(CX_ERR_VALUE, "scan got `length` argument or values with different leading axis sizes: %lld and %lld", (long long)*out, (long long)n);
    *out = n;
  }
  if (*out < 0) return cx_fail(CX_ERR_VALUE, "scan got no values to scan over and `length` not provided.");
  return true;
}

static const CxType *slice_type(const CxType *t) { return cx_type(t->dtype, t->rank - 1, t->dims + 1, t->weak); }

/* stages the body until the carry's types settle; args are then consts, carry, xs */
static bool scan_stage(PyBody *b, CxVals *carry, const CxVals *xs) {
  for (int tries = 0; tries < 4; tries++) {
    const CxType **types = types_of(carry, xs->n);
    bool ok = types != NULL;
    for (uint32_t i = 0; ok && i < xs->n; i++) ok = (types[carry->n + i] = slice_type(xs->v[i]->type)) != NULL;
    ok = ok && py_body_stage(b, types, carry->n + xs->n);
    PyMem_Free(types);
    if (!ok) return false;
    const CxTree *t = b->call->out_tree;
    CxTree *out_carry;
    if (cx_tree_kind(t) != CX_TREE_TUPLE || cx_tree_arity(t) != 2) return PyErr_SetString(PyExc_TypeError, "scan body output must be a pair (carry, y)"), false;
    out_carry = cx_tree_child(t, 0);
    ok = out_carry == b->call->trees[0] || tree_fail("scan body function carry input and carry output", b->call->trees[0], out_carry);
    cx_tree_release(out_carry);
    if (!ok) return false;
    int settled = carry_settle("scan body function carry input and carry output", b, carry);
    if (settled) return settled > 0;
  }
  return cx_fail(CX_ERR_TYPE, "scan: the carry's types do not settle");
}

static PyObject *scan_result(const PyBody *b, const CxVals *out, uint32_t n_carry) {
  CxTree *carry = cx_tree_child(b->call->out_tree, 0), *ys = cx_tree_child(b->call->out_tree, 1);
  PyObject *c = py_unflatten_vals(carry, out->v, n_carry), *y = c ? py_unflatten_vals(ys, out->v + n_carry, out->n - n_carry) : NULL;
  PyObject *r = y ? PyTuple_Pack(2, c, y) : NULL;
  Py_XDECREF(c), Py_XDECREF(y);
  cx_tree_release(carry), cx_tree_release(ys);
  return r;
}

static PyObject *scan_run(PyObject *f, PyObject *init, PyObject *xs_tree, PyObject *length, bool reverse, int64_t unroll) {
  CxVals carry = {0}, xs = {0}, args = {0}, out = {0};
  CxTree *trees[2] = {NULL, NULL};
  PyBody b = {0};
  int64_t n;
  PyObject *r = NULL;
  if (py_flatten_vals(init, &carry, &trees[0]) && py_flatten_vals(xs_tree, &xs, &trees[1]) && scan_length(&xs, length, &n) && py_body_open(&b, f, trees, 2) &&
      scan_stage(&b, &carry, &xs)) {
    bool ok = push_all(&args, &b.captured) && push_all(&args, &carry) && push_all(&args, &xs);
    if (ok && cx_scan(b.graph, b.captured.n, carry.n, n, reverse, unroll, args.v, args.n, &out)) r = scan_result(&b, &out, carry.n);
  }
  py_body_close(&b);
  cx_tree_release(trees[0]), cx_tree_release(trees[1]);
  cx_vals_free(&carry), cx_vals_free(&xs), cx_vals_free(&args), cx_vals_free(&out);
  return r;
}

static PyObject *fn_scan(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"f", "init", "xs", "length", "reverse", "unroll", "_split_transpose"};
  PyObject *a[7] = {0};
  PyParams p = {"scan", params, 2, 7, 7, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  int64_t unroll = 1;
  if (a[5] && a[5] != Py_None && !PyBool_Check(a[5]) && (unroll = PyLong_AsLongLong(a[5])) == -1 && PyErr_Occurred()) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = scan_run(a[0], a[1], a[2] ? a[2] : Py_None, a[3], a[4] && PyObject_IsTrue(a[4]) == 1, unroll);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* ---- while_loop ---- */

static PyObject *while_run(PyObject *cond_fun, PyObject *body_fun, PyObject *init) {
  CxVals carry = {0}, args = {0}, out = {0};
  CxTree *tree = NULL;
  PyBody c = {0}, b = {0};
  PyObject *r = NULL;
  bool ok = py_flatten_vals(init, &carry, &tree) && py_body_open(&c, cond_fun, &tree, 1) && py_body_open(&b, body_fun, &tree, 1);
  for (int settled = 0, tries = 0; ok && !settled; tries++) {
    const CxType **types = types_of(&carry, 0);
    ok = types && py_body_stage(&b, types, carry.n);
    PyMem_Free(types);
    ok = ok && (b.call->out_tree == tree || tree_fail("body_fun output and input", tree, b.call->out_tree));
    settled = ok ? carry_settle("body_fun output and input", &b, &carry) : -1;
    ok = settled >= 0 && (tries < 4 || cx_fail(CX_ERR_TYPE, "while_loop: the carry's types do not settle"));
  }
  const CxType **types = ok ? types_of(&carry, 0) : NULL;
  ok = types && py_body_stage(&c, types, carry.n);
  PyMem_Free(types);
  if (ok && (c.graph->out.n != 1 || c.call->n_main != 1)) ok = cx_fail(CX_ERR_TYPE, "cond_fun must return a boolean scalar, but got %u values.", c.graph->out.n);
  if (ok) {
    const CxType *t = graph_type(c.graph, c.graph->out.v[0]);
    char text[256];
    if (t->dtype != CX_BOOL || t->rank) ok = cx_fail(CX_ERR_TYPE, "cond_fun must return a boolean scalar, but got output type %s.", py_type_text(t, text, sizeof text));
  }
  ok = ok && push_all(&args, &c.captured) && push_all(&args, &b.captured) && push_all(&args, &carry);
  if (ok && cx_while(c.graph, c.captured.n, b.graph, b.captured.n, args.v, args.n, &out)) r = py_unflatten_vals(tree, out.v, out.n);
  py_body_close(&c), py_body_close(&b);
  cx_tree_release(tree);
  cx_vals_free(&carry), cx_vals_free(&args), cx_vals_free(&out);
  return r;
}

static PyObject *fn_while_loop(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"cond_fun", "body_fun", "init_val"};
  PyObject *a[3] = {0};
  PyParams p = {"while_loop", params, 3, 3, 3, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = while_run(a[0], a[1], a[2]);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* ---- fori_loop ---- */

static PyObject *fori_run(PyObject *lower, PyObject *upper, PyObject *fun, PyObject *init) {
  CxVals vals = {0}, out = {0};
  CxTree *trees[2] = {cx_tree_leaf(), NULL};
  PyBody b = {0};
  PyObject *r = NULL;
  CxVal lo = py_val(lower), hi = lo ? py_val(upper) : NULL;
  if (hi && py_flatten_vals(init, &vals, &trees[1]) && py_body_open(&b, fun, trees, 2) && cx_fori(lo, hi, b.fn, vals.v, vals.n, &out)) {
    if (b.call->out_tree == trees[1]) r = py_unflatten_vals(trees[1], out.v, out.n);
    else tree_fail("body_fun output and input", trees[1], b.call->out_tree);
  }
  py_body_close(&b);
  cx_tree_release(trees[0]), cx_tree_release(trees[1]);
  cx_vals_free(&vals), cx_vals_free(&out);
  return r;
}

static PyObject *fn_fori_loop(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"lower", "upper", "body_fun", "init_val", "unroll"};
  PyObject *a[5] = {0};
  PyParams p = {"fori_loop", params, 4, 4, 5, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  if (!PyCallable_Check(a[2])) return PyErr_SetString(PyExc_TypeError, "lax.fori_loop: body_fun argument should be callable."), NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = fori_run(a[0], a[1], a[2], a[3]);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* ---- cond and switch ---- */

/* The branches' results are of the same types, but for weakness: that of branch 0 holds. */
static bool same_results(CxGraph *const *graphs, uint32_t n) {
  char a[256], b[256];
  for (uint32_t i = 0; i < graphs[0]->out.n; i++) {
    const CxType *want = graph_type(graphs[0], graphs[0]->out.v[i]);
    for (uint32_t k = 1; k < n; k++) {
      const CxType *t = graph_type(graphs[k], graphs[k]->out.v[i]);
      if (!type_fits(t, want))
        return cx_fail(CX_ERR_TYPE, "cond branches must have equal output types but they differ: result %u of branch 0 has type %s, of branch %u type %s", i,
                       py_type_text(want, a, sizeof a), k, py_type_text(t, b, sizeof b));
    }
  }
  return true;
}

static PyObject *branches_run(CxVal index, PyObject *const *funs, uint32_t n, PyObject *const *operands, Py_ssize_t n_operands) {
  CxVals ops = {0}, joint = {0}, out = {0};
  CxTree **trees = PyMem_Calloc((size_t)n_operands + 1, sizeof *trees);
  PyBody *b = PyMem_Calloc((size_t)n + 1, sizeof *b);
  CxGraph **graphs = PyMem_Calloc((size_t)n + 1, sizeof *graphs);
  CxVals *captured = PyMem_Calloc((size_t)n + 1, sizeof *captured);
  const CxType **types = NULL;
  PyObject *r = NULL;
  bool ok = index && trees && b && graphs && captured;
  for (Py_ssize_t i = 0; ok && i < n_operands; i++) ok = py_flatten_vals(operands[i], &ops, &trees[i]);
  ok = ok && (types = types_of(&ops, 0));
  for (uint32_t k = 0; ok && k < n; k++) {
    ok = py_body_open(&b[k], funs[k], trees, n_operands) && py_body_stage(&b[k], types, ops.n);
    if (ok && b[k].call->out_tree != b[0].call->out_tree) ok = tree_fail("cond branch outputs", b[0].call->out_tree, b[k].call->out_tree);
    if (ok) graphs[k] = ref_retain(b[k].graph), captured[k] = b[k].captured;
  }
  ok = ok && region_unify(graphs, captured, n, &joint) && same_results(graphs, n) && push_all(&joint, &ops);
  if (ok && cx_cond(index, graphs, n, joint.v, joint.n, &out)) r = py_unflatten_vals(b[0].call->out_tree, out.v, out.n);
  for (uint32_t k = 0; b && k < n; k++) py_body_close(&b[k]), ref_release(graphs[k]);
  for (Py_ssize_t i = 0; trees && i < n_operands; i++) cx_tree_release(trees[i]);
  PyMem_Free(trees), PyMem_Free(b), PyMem_Free(graphs), PyMem_Free(captured), PyMem_Free(types);
  cx_vals_free(&ops), cx_vals_free(&joint), cx_vals_free(&out);
  return r;
}

static CxVal predicate(PyObject *o) {
  CxVal p = py_val(o);
  char text[256];
  if (!p) return NULL;
  if (p->type->rank) return cx_fail(CX_ERR_TYPE, "Pred must be a scalar, got %s", py_type_text(p->type, text, sizeof text)), NULL;
  if (!kind_in(p->type, "biuf")) return cx_fail(CX_ERR_TYPE, "Pred type must be either boolean or number, got %s.", cx_dtype_name(p->type->dtype)), NULL;
  if (p->type->dtype != CX_BOOL) p = cx_ne(p, cx_like(p, 0));
  return cx_convert(p, CX_I32);
}

static PyObject *fn_cond(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  (void)m;
  PyObject *operand = NULL, *a[3] = {n > 0 ? args[0] : NULL, n > 1 ? args[1] : NULL, n > 2 ? args[2] : NULL};
  for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
    const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
    if (!name) return NULL;
    if (!strcmp(name, "operand")) operand = args[n + k];
    else if (!strcmp(name, "pred")) a[0] = args[n + k];
    else if (!strcmp(name, "true_fun")) a[1] = args[n + k];
    else if (!strcmp(name, "false_fun")) a[2] = args[n + k];
    else if (strcmp(name, "linear")) return PyErr_Format(PyExc_TypeError, "cond() got an unexpected keyword argument '%s'", name);
  }
  if (!a[0] || !a[1] || !a[2]) return PyErr_SetString(PyExc_TypeError, "cond() takes pred, true_fun, false_fun and operands"), NULL;
  PyObject *const *operands = n > 3 ? args + 3 : operand ? &operand : NULL;
  Py_ssize_t count = n > 3 ? n - 3 : operand ? 1 : 0;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = NULL, *old[2];
  if (n == 5 && PyCallable_Check(args[2]) && PyCallable_Check(args[4]) && !PyCallable_Check(args[1])) { /* cond(pred, x, f, y, g) */
    PyObject *pair[2] = {args[1], args[3]};
    CxVal p = predicate(args[0]);
    PyObject *module = p ? PyImport_ImportModule("cuirax.lax._compat") : NULL, *pick = module ? PyObject_GetAttrString(module, "on_pair") : NULL;
    old[0] = pick ? PyObject_CallFunction(pick, "Oi", args[4], 1) : NULL;
    old[1] = old[0] ? PyObject_CallFunction(pick, "Oi", args[2], 0) : NULL;
    if (old[1]) r = branches_run(p, old, 2, pair, 2);
    Py_XDECREF(pick), Py_XDECREF(module), Py_XDECREF(old[0]), Py_XDECREF(old[0] ? old[1] : NULL);
  } else {
    PyObject *funs[2] = {a[2], a[1]};
    r = branches_run(predicate(a[0]), funs, 2, operands, count);
  }
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyObject *fn_switch(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  (void)m;
  PyObject *index = n > 0 ? args[0] : NULL, *branches = n > 1 ? args[1] : NULL, *operand = NULL;
  for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
    const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
    if (!name) return NULL;
    if (!strcmp(name, "index")) index = args[n + k];
    else if (!strcmp(name, "branches")) branches = args[n + k];
    else if (!strcmp(name, "operand")) operand = args[n + k];
    else return PyErr_Format(PyExc_TypeError, "switch() got an unexpected keyword argument '%s'", name);
  }
  if (!index || !branches) return PyErr_SetString(PyExc_TypeError, "switch() takes index, branches and operands"), NULL;
  PyObject *list = PySequence_Fast(branches, "switch: branches must be a sequence of callables");
  if (!list) return NULL;
  Py_ssize_t count = PySequence_Fast_GET_SIZE(list);
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = NULL;
  CxVal i = py_val(index);
  char text[256];
  if (!count) PyErr_SetString(PyExc_ValueError, "Empty branch sequence");
  else if (i && i->type->rank) cx_fail(CX_ERR_TYPE, "Branch index must be scalar, got %s", py_type_text(i->type, text, sizeof text));
  else if (i && !kind_in(i->type, "iu")) cx_fail(CX_ERR_TYPE, "Index type must be an integer, got %s", cx_dtype_name(i->type->dtype));
  else if (i) {
    i = cx_clamp(cx_scalar(CX_I32, 0), cx_convert(i, CX_I32), cx_scalar(CX_I32, (double)(count - 1)));
    r = branches_run(i, PySequence_Fast_ITEMS(list), (uint32_t)count, n > 2 ? args + 2 : operand ? &operand : NULL, n > 2 ? n - 2 : operand != NULL);
  }
  Py_DECREF(list);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

#define FAST(name, doc) {#name, (PyCFunction)(void (*)(void))fn_##name, METH_FASTCALL | METH_KEYWORDS, doc}
static PyMethodDef control_functions[] = {
    FAST(scan, "scan(f, init, xs=None, length=None, reverse=False, unroll=1): carry, y = f(carry, x) over the leading axis of xs; the last carry and the stacked ys."),
    FAST(while_loop, "while_loop(cond_fun, body_fun, init_val): repeats body_fun while cond_fun holds."),
    FAST(fori_loop, "fori_loop(lower, upper, body_fun, init_val): val = body_fun(i, val) for i from lower up to upper."),
    FAST(cond, "cond(pred, true_fun, false_fun, *operands): one of two functions, decided when the program runs."),
    FAST(switch, "switch(index, branches, *operands): branches[index], the index clamped."),
    {0}};

static bool host_interrupted(void) { /* Ctrl-C within long loops */
  PyGILState_STATE gil = PyGILState_Ensure();
  bool stop = PyErr_CheckSignals() != 0;
  if (stop) py_keep_exception();
  PyGILState_Release(gil);
  return stop;
}

extern bool (*execute_interrupted)(void);
bool py_control_register(PyObject *m) {
  execute_interrupted = host_interrupted;
  return PyModule_AddFunctions(m, control_functions) == 0;
}
