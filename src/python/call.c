/* See call.h. */
#include "python/call.h"

#include "base/alloc.h"
#include "base/error.h"
#include "python/symbolic.h"

const char *py_fun_name(PyObject *fun) {
  static PyObject *key;
  if (!key) key = PyUnicode_InternFromString("__name__");
  PyObject *name = PyObject_GetAttr(fun, key);
  const char *s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
  if (!s) {
    PyErr_Clear();
    Py_XDECREF(name);
    PyObject *inner = PyObject_GetAttrString(fun, "func"); /* functools.partial */
    s = inner ? py_fun_name(inner) : NULL;
    Py_XDECREF(inner);
    PyErr_Clear();
    return s ? s : "<unnamed function>";
  }
  Py_DECREF(name); /* the function keeps it */
  return s;
}

PyCall *pycall_new(PyObject *fun, Py_ssize_t nargs) {
  PyCall *c = PyMem_Calloc(1, sizeof *c);
  if (!c) return (PyCall *)(void *)PyErr_NoMemory();
  c->fun = Py_NewRef(fun);
  c->nargs = nargs;
  c->fixed = PyMem_Calloc((size_t)nargs + 1, sizeof *c->fixed);
  c->trees = PyMem_Calloc((size_t)nargs + 1, sizeof *c->trees);
  py_leaves_init(&c->aux);
  if (c->fixed && c->trees) return c;
  pycall_free(c);
  return (PyCall *)(void *)PyErr_NoMemory();
}

static void pycall_clear_run(PyCall *c) {
  cx_tree_release(c->out_tree);
  cx_tree_release(c->aux_tree);
  c->out_tree = c->aux_tree = NULL;
  py_leaves_clear(&c->aux);
  PyMem_Free(c->aux_is_val);
  PyMem_Free(c->out_types);
  c->aux_is_val = NULL;
  c->out_types = NULL;
}

void pycall_free(void *env) {
  PyCall *c = env;
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  pycall_clear_run(c);
  for (Py_ssize_t i = 0; i < c->nargs; i++) {
    if (c->fixed) Py_XDECREF(c->fixed[i]);
    if (c->trees) cx_tree_release(c->trees[i]);
  }
  PyMem_Free(c->fixed);
  PyMem_Free(c->trees);
  Py_XDECREF(c->kw_fixed);
  cx_tree_release(c->kw_tree);
  Py_XDECREF(c->fun);
  PyMem_Free(c);
  PyGILState_Release(gil);
}

bool py_flatten_vals(PyObject *o, CxVals *vals, CxTree **tree) {
  if (py_is_val(o)) {
    CxVal v = py_val(o);
    *tree = v ? cx_tree_leaf() : NULL;
    return v && cx_vals_push(vals, v);
  }
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = py_flatten(o, NULL, &leaves, tree);
  for (uint32_t i = 0; ok && i < leaves.n; i++) {
    CxVal v = py_val(leaves.v[i]);
    ok = v && cx_vals_push(vals, v);
    if (!ok) cx_tree_release(*tree), *tree = NULL;
  }
  py_leaves_clear(&leaves);
  return ok;
}

bool pycall_dynamic(PyCall *c, Py_ssize_t i, PyObject *arg, CxVals *vals) { return py_flatten_vals(arg, vals, &c->trees[i]); }
bool pycall_dynamic_kwargs(PyCall *c, PyObject *kwargs, CxVals *vals) { return py_flatten_vals(kwargs, vals, &c->kw_tree); }
void pycall_fix(PyCall *c, Py_ssize_t i, PyObject *arg) { Py_XSETREF(c->fixed[i], Py_NewRef(arg)); }

PyObject *py_unflatten_owned_vals(const CxTree *tree, PyObject *templates, const CxVal *vals, uint32_t n) {
  PyObject *small[64], **items = small;
  if (n > 64) items = PyMem_Malloc(n * sizeof *items);
  uint32_t made = 0;
  while (items && made < n && (items[made] = py_wrap_owned(vals[made]))) made++;
  PyObject *r = NULL;
  if (!items) PyErr_NoMemory();
  else if (made == n) r = py_unflatten_owned(tree, templates, items, n);
  for (uint32_t i = made + (items != NULL); i < n; i++) cx_release(vals[i]); /* the one that failed is gone */
  while (made < n && made > 0) Py_DECREF(items[--made]);
  if (items != small) PyMem_Free(items);
  return r;
}

PyObject *py_unflatten_vals(const CxTree *tree, const CxVal *vals, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) cx_retain(vals[i]);
  return py_unflatten_owned_vals(tree, NULL, vals, n);
}

/* the operands of a call from `at` on, of `total`, as its `wrap` makes them */
static PyObject *unflatten_wrapped(const PyCall *c, const CxTree *tree, const CxVal *vals, uint32_t at, uint32_t total) {
  uint32_t made = 0, n = cx_tree_leaves(tree);
  PyObject **items = PyMem_Malloc(((size_t)n + 1) * sizeof *items);
  if (!items) return PyErr_NoMemory();
  while (made < n && (items[made] = c->wrap(vals, at + made, total))) made++;
  PyObject *r = made == n ? py_unflatten(tree, items) : NULL;
  while (made > 0) Py_DECREF(items[--made]);
  PyMem_Free(items);
  return r;
}

/* ---- running ---- */

static bool leaf_push(const PyCall *c, PyObject *leaf, CxVals *out) {
  if (c->zeros && py_is_symbolic_zero(leaf)) return cx_vals_push(out, NULL);
  CxVal v = py_try_val(leaf);
  if (!v && !cx_failed() && !PyErr_Occurred())
    PyErr_Format(PyExc_TypeError, "function %s returned a value of type %R, which is not a valid JAX type: return arrays, scalars or containers of them",
                 py_fun_name(c->fun), (PyObject *)Py_TYPE(leaf));
  return v && cx_vals_push(out, v);
}

static bool flatten_main(PyCall *c, PyObject *result, CxVals *out) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = py_flatten(result, NULL, &leaves, &c->out_tree);
  for (uint32_t i = 0; ok && i < leaves.n; i++) ok = leaf_push(c, leaves.v[i], out);
  c->n_main = leaves.n;
  py_leaves_clear(&leaves);
  return ok;
}

static bool flatten_aux(PyCall *c, PyObject *aux, CxVals *out) {
  bool ok = py_flatten(aux, NULL, &c->aux, &c->aux_tree);
  c->aux_is_val = ok ? PyMem_Calloc(c->aux.n + 1, 1) : NULL;
  ok = ok && c->aux_is_val;
  for (uint32_t i = 0; ok && i < c->aux.n; i++) {
    if (!py_is_val(c->aux.v[i])) continue;
    CxVal v = py_val(c->aux.v[i]);
    c->aux_is_val[i] = 1;
    Py_SETREF(c->aux.v[i], Py_NewRef(Py_None));
    ok = v && cx_vals_push(out, v);
  }
  return ok;
}

static bool flatten_result(PyCall *c, PyObject *result, CxVals *out) {
  pycall_clear_run(c);
  if (!c->has_aux) return flatten_main(c, result, out);
  if (!PyTuple_Check(result) || PyTuple_GET_SIZE(result) != 2) {
    PyErr_Format(PyExc_TypeError, "expected function with aux output to return a two-element tuple, but got type %R with value %R", (PyObject *)Py_TYPE(result), result);
    return false;
  }
  return flatten_main(c, PyTuple_GET_ITEM(result, 0), out) && flatten_aux(c, PyTuple_GET_ITEM(result, 1), out);
}

static PyObject *run_args(PyCall *c, const CxVal *in, uint32_t nin, uint32_t *at) {
  PyObject *args = PyTuple_New(c->nargs);
  for (Py_ssize_t i = 0; args && i < c->nargs; i++) {
    const CxTree *t = c->trees[i];
    PyObject *a = !t ? Py_XNewRef(c->fixed[i]) : c->wrap ? unflatten_wrapped(c, t, in, *at, nin) : py_unflatten_vals(t, in + *at, cx_tree_leaves(t));
    if (!a) return Py_DECREF(args), NULL;
    if (t) *at += cx_tree_leaves(t);
    PyTuple_SET_ITEM(args, i, a);
  }
  return args;
}

bool pycall_run(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  PyCall *c = f->env;
  uint32_t at = 0;
  PyObject *args = run_args(c, in, nin, &at), *kwargs = NULL, *result = NULL;
  bool ok = args != NULL;
  if (ok && c->kw_tree) ok = (kwargs = py_unflatten_vals(c->kw_tree, in + at, cx_tree_leaves(c->kw_tree))) != NULL;
  if (ok && c->kw_fixed) {
    if (!kwargs) kwargs = PyDict_New();
    ok = kwargs && PyDict_Update(kwargs, c->kw_fixed) == 0;
  }
  if (ok) result = PyObject_Call(c->fun, args, kwargs);
  ok = result && flatten_result(c, result, out);
  Py_XDECREF(result);
  Py_XDECREF(kwargs);
  Py_XDECREF(args);
  if (!ok && !cx_failed()) py_keep_exception();
  return ok;
}

CxFn *pycall_fn(PyCall *c) {
  CxFn *f = fn_new(py_fun_name(c->fun), pycall_run, c, pycall_free);
  if (!f) pycall_free(c);
  return f;
}

PyObject *pycall_result(const PyCall *c, const CxVal *vals) { return py_unflatten_vals(c->out_tree, vals, c->n_main); }

PyObject *pycall_aux(const PyCall *c, const CxVal *vals) {
  PyObject **items = PyMem_Calloc(c->aux.n + 1, sizeof *items), *r = NULL;
  if (!items) return PyErr_NoMemory();
  uint32_t n = 0, k = 0;
  for (; n < c->aux.n; n++)
    if (!(items[n] = c->aux_is_val[n] ? py_wrap(vals[k++]) : Py_NewRef(c->aux.v[n]))) break;
  if (n == c->aux.n) r = py_unflatten(c->aux_tree, items);
  while (n > 0) Py_DECREF(items[--n]);
  PyMem_Free(items);
  return r;
}

/* ---- types of example arguments ---- */

static const CxType *type_from_attrs(PyObject *leaf) {
  if (!PyObject_HasAttrString(leaf, "shape") || !PyObject_HasAttrString(leaf, "dtype"))
    return PyErr_Format(PyExc_TypeError, "Error interpreting an argument as an abstract array: the problematic value %.200R is of type %R", leaf, (PyObject *)Py_TYPE(leaf)), NULL;
  PyObject *shape = PyObject_GetAttrString(leaf, "shape"), *dtype = shape ? PyObject_GetAttrString(leaf, "dtype") : NULL;
  const CxType *t = NULL;
  CxDtype d;
  PyObject *fast = dtype ? PySequence_Fast(shape, "shape must be a sequence") : NULL;
  if (fast && py_dtype(dtype, &d) && PySequence_Fast_GET_SIZE(fast) <= CX_MAX_RANK) {
    int64_t dims[CX_MAX_RANK];
    Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
    for (Py_ssize_t i = 0; i < n; i++) dims[i] = PyLong_AsLongLong(PySequence_Fast_GET_ITEM(fast, i));
    PyObject *weak = PyErr_Occurred() ? NULL : PyObject_GetAttrString(leaf, "weak_type");
    bool is_weak = weak && PyObject_IsTrue(weak) == 1;
    if (!weak) PyErr_Clear();
    Py_XDECREF(weak);
    t = cx_type(d, (int)n, dims, is_weak);
  }
  Py_XDECREF(fast);
  Py_XDECREF(dtype);
  Py_XDECREF(shape);
  return t;
}

const CxType *py_type_of(PyObject *leaf) {
  if (py_is_val(leaf)) return ((PyVal *)leaf)->type;
  CxVal v = py_try_val(leaf);
  if (v) return v->type;
  if (cx_failed() || PyErr_Occurred()) return NULL;
  return type_from_attrs(leaf);
}
