/* jacrev, jacfwd, linear_transpose, closure_convert for Python. */
#include "python/transform.h"

#include "base/error.h"
#include "op/derive.h"

static bool pack_positions(const int *argnums, int n, Py_ssize_t nargs, Py_ssize_t *pos) {
  for (int i = 0; i < n; i++) {
    pos[i] = argnums[i] < 0 ? argnums[i] + nargs : argnums[i];
    if (pos[i] < 0 || pos[i] >= nargs) return PyErr_Format(PyExc_TypeError, "argnums %d is out of range for %zd positional arguments", argnums[i], nargs), false;
  }
  return true;
}

/* one result leaf's row of the Jacobian: a tree per argnum */
static PyObject *jac_row(const PyCall *c, const Py_ssize_t *pos, int n, bool single, const CxVal *row) {
  PyObject *t = PyTuple_New(n);
  for (int i = 0; t && i < n; i++) {
    uint32_t at = 0;
    for (Py_ssize_t p = 0; p < pos[i]; p++) at += c->trees[p] ? cx_tree_leaves(c->trees[p]) : 0;
    PyObject *item = py_unflatten_vals(c->trees[pos[i]], row + at, cx_tree_leaves(c->trees[pos[i]]));
    if (!item) return Py_DECREF(t), NULL;
    PyTuple_SET_ITEM(t, i, item);
  }
  if (!t || !single) return t;
  PyObject *one = Py_NewRef(PyTuple_GET_ITEM(t, 0));
  Py_DECREF(t);
  return one;
}

/* jacobian(fun, argnums, has_aux, holomorphic, allow_int, reverse, args, kwargs) */
static PyObject *jacobian(PyObject *m, PyObject *packed) {
  PyObject *fun, *nums, *args, *kwargs, *r = NULL;
  int has_aux, holomorphic, allow_int, reverse;
  (void)m;
  if (!PyArg_ParseTuple(packed, "OOppppO!O!", &fun, &nums, &has_aux, &holomorphic, &allow_int, &reverse, &PyTuple_Type, &args, &PyDict_Type, &kwargs)) return NULL;
  int *argnums = NULL, n = 0;
  Py_ssize_t nargs = PyTuple_GET_SIZE(args), pos[64];
  bool single = PyIndex_Check(nums) && !PySequence_Check(nums);
  if (!py_int_list(nums, 0, &argnums, &n) || n > 64 || !pack_positions(argnums, n, nargs, pos)) return PyMem_Free(argnums), NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, out = {0}, jac = {0};
  PyCall *c = pycall_new(fun, nargs);
  if (c) c->has_aux = has_aux;
  bool ok = c != NULL;
  for (Py_ssize_t i = 0; ok && i < nargs; i++) {
    bool wanted = false;
    for (int k = 0; k < n; k++) wanted |= pos[k] == i;
    if (wanted) ok = pycall_dynamic(c, i, PyTuple_GET_ITEM(args, i), &in);
    else pycall_fix(c, i, PyTuple_GET_ITEM(args, i));
  }
  const char *name = reverse ? "jacrev" : "jacfwd";
  for (uint32_t i = 0; ok && i < in.n; i++) {
    char kind = cx_dtype_kind(in.v[i]->type->dtype);
    if (kind == 'c' && !holomorphic) ok = cx_fail(CX_ERR_TYPE, "%s requires real-valued inputs (input dtype that is a sub-dtype of np.floating), but got %s. For holomorphic differentiation, pass holomorphic=True.", name, cx_dtype_name(in.v[i]->type->dtype));
    else if (kind != 'f' && kind != 'c' && !allow_int) ok = cx_fail(CX_ERR_TYPE, "%s requires real- or complex-valued inputs (input dtype that is a sub-dtype of np.inexact), but got %s. If you want to use Boolean- or integer-valued inputs, use vjp or set allow_int to True.", name, cx_dtype_name(in.v[i]->type->dtype));
  }
  if (ok && PyDict_GET_SIZE(kwargs)) c->kw_fixed = Py_NewRef(kwargs);
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  ok = f && (reverse ? cx_jacrev(f, in.v, in.n, NULL, &out, &jac) : cx_jacfwd(f, in.v, in.n, NULL, &out, &jac));
  PyObject **rows = ok ? PyMem_Calloc((size_t)c->n_main + 1, sizeof *rows) : NULL;
  for (uint32_t k = 0; rows && ok && k < c->n_main; k++) ok = (rows[k] = jac_row(c, pos, n, single, jac.v + k * in.n)) != NULL;
  if (rows && ok) r = py_unflatten(c->out_tree, rows);
  for (uint32_t k = 0; rows && k < c->n_main; k++) Py_XDECREF(rows[k]);
  if (r && has_aux) {
    PyObject *aux = pycall_aux(c, out.v + c->n_main);
    Py_SETREF(r, aux ? PyTuple_Pack(2, r, aux) : NULL);
    Py_XDECREF(aux);
  }
  PyMem_Free(rows);
  ref_release(f);
  PyMem_Free(argnums);
  cx_vals_free(&in), cx_vals_free(&out), cx_vals_free(&jac);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* transpose_linear(fun, primals, cotangent): the cotangents of the operands, as a tuple */
static PyObject *transpose_linear(PyObject *m, PyObject *packed) {
  PyObject *fun, *primals, *cotangent, *r = NULL;
  (void)m;
  if (!PyArg_ParseTuple(packed, "OO!O", &fun, &PyTuple_Type, &primals, &cotangent)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  Py_ssize_t n = PyTuple_GET_SIZE(primals);
  CxVals cts = {0}, out = {0};
  CxTree *tree = NULL, *ct_tree = NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  PyCall *c = pycall_new(fun, n);
  bool ok = c && py_flatten(primals, NULL, &leaves, &tree) && py_flatten_vals(cotangent, &cts, &ct_tree);
  for (Py_ssize_t i = 0; ok && i < n; i++) ok = (c->trees[i] = cx_tree_child(tree, (uint32_t)i)) != NULL;
  const CxType **types = PyMem_Calloc((size_t)leaves.n + 1, sizeof *types);
  for (uint32_t i = 0; ok && i < leaves.n; i++) ok = (types[i] = py_type_of(leaves.v[i])) != NULL;
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  if (f && cx_linear_transpose_fn(f, types, leaves.n, cts.v, cts.n, &out)) {
    for (uint32_t i = 0; i < out.n; i++) out.v[i] = cx_instantiate(out.v[i], types[i]);
    r = py_unflatten_vals(tree, out.v, out.n);
  }
  ref_release(f);
  PyMem_Free(types);
  py_leaves_clear(&leaves);
  cx_tree_release(tree), cx_tree_release(ct_tree);
  cx_vals_free(&cts), cx_vals_free(&out);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* close_over(fun, args): (ClosedJaxpr with the closed-over tracers leading, PyTreeDef of results, list of those tracers) */
static PyObject *close_over(PyObject *m, PyObject *packed) {
  PyObject *fun, *args, *r = NULL;
  (void)m;
  if (!PyArg_ParseTuple(packed, "OO!", &fun, &PyTuple_Type, &args)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  CxVals in = {0}, captured = {0};
  PyCall *c = pycall_new(fun, n);
  bool ok = c != NULL;
  for (Py_ssize_t i = 0; ok && i < n; i++) ok = pycall_dynamic(c, i, PyTuple_GET_ITEM(args, i), &in);
  const CxType **types = PyMem_Calloc((size_t)in.n + 1, sizeof *types);
  for (uint32_t i = 0; types && i < in.n; i++) types[i] = in.v[i]->type;
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  CxGraph *g = f && types ? cx_stage(f, types, in.n, &captured) : NULL;
  if (g) {
    PyObject *jaxpr = py_jaxpr_new(g), *def = jaxpr ? py_treedef_new(cx_tree_retain(c->out_tree)) : NULL, *consts = def ? PyList_New(captured.n) : NULL;
    for (uint32_t i = 0; consts && i < captured.n; i++) {
      PyObject *item = py_wrap(captured.v[i]);
      if (!item) Py_CLEAR(consts);
      else PyList_SET_ITEM(consts, i, item);
    }
    if (consts) r = PyTuple_Pack(3, jaxpr, def, consts);
    Py_XDECREF(jaxpr), Py_XDECREF(def), Py_XDECREF(consts);
  }
  ref_release(f);
  PyMem_Free(types);
  cx_vals_free(&in), cx_vals_free(&captured);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyMethodDef jacobian_functions[] = {{"jacobian", jacobian, METH_VARARGS, NULL}, {"transpose_linear", transpose_linear, METH_VARARGS, NULL}, {"close_over", close_over, METH_VARARGS, NULL}, {0}};
bool py_jacobian_register(PyObject *m) { return PyModule_AddFunctions(m, jacobian_functions) == 0; }
