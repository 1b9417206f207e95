/* Host functions called from programs: debug.callback, pure_callback, io_callback. */
#include "python/transform.h"

#include "base/error.h"
#include <cuirax/callback.h>

/* fun(*args, **kwargs) on NumPy-convertible arrays; results are flattened and become arrays. The GIL is taken here. */
typedef struct Host {
  PyObject *fun;
  CxTree *args; /* of (args, kwargs) */
  bool discard; /* results do not matter */
} Host;

static void host_drop(void *env) {
  Host *h = env;
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_XDECREF(h->fun);
  cx_tree_release(h->args);
  PyMem_RawFree(h);
  PyGILState_Release(gil);
}

static bool host_results(PyObject *r, CxVals *out) {
  PyLeaves leaves;
  CxTree *tree = NULL;
  py_leaves_init(&leaves);
  bool ok = py_flatten(r, NULL, &leaves, &tree);
  for (uint32_t i = 0; ok && i < leaves.n; i++) {
    CxVal v = py_val(leaves.v[i]);
    ok = v && cx_vals_push(out, v);
  }
  py_leaves_clear(&leaves);
  cx_tree_release(tree);
  return ok;
}

static bool host_call(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  const Host *h = f->env;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *both = py_unflatten_vals(h->args, in, nin);
  PyObject *r = both ? PyObject_Call(h->fun, PyTuple_GET_ITEM(both, 0), PyTuple_GET_ITEM(both, 1)) : NULL;
  bool ok = r && (h->discard || host_results(r, out));
  Py_XDECREF(r);
  Py_XDECREF(both);
  if (!ok && !cx_failed()) py_keep_exception();
  PyGILState_Release(gil);
  return ok;
}

static CxFn *host_new(PyObject *fun, PyObject *args, PyObject *kwargs, bool discard, CxVals *in) {
  Host *h = PyMem_RawCalloc(1, sizeof *h);
  if (!h) return NULL;
  h->fun = Py_NewRef(fun);
  h->discard = discard;
  PyObject *both = PyTuple_Pack(2, args, kwargs);
  bool ok = both && py_flatten_vals(both, in, &h->args);
  Py_XDECREF(both);
  CxFn *f = ok ? fn_new(py_fun_name(fun), host_call, h, host_drop) : NULL;
  if (!f) host_drop(h);
  return f;
}

/* debug_callback(fun, args, kwargs, ordered) */
static PyObject *debug_callback(PyObject *m, PyObject *packed) {
  PyObject *fun, *args, *kwargs;
  int ordered;
  (void)m;
  if (!PyArg_ParseTuple(packed, "OO!O!p", &fun, &PyTuple_Type, &args, &PyDict_Type, &kwargs, &ordered)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0};
  CxFn *f = host_new(fun, args, kwargs, true, &in);
  bool ok = f && cx_debug_callback(f, ordered, in.v, in.n);
  ref_release(f);
  cx_vals_free(&in);
  PyObject *r = ok ? Py_NewRef(Py_None) : py_raise_traced();
  cx_scope_close(&s);
  return r;
}

/* host_callback(fun, result_shape_dtypes, args, kwargs, vmap_method, ordered, io) */
static PyObject *host_callback(PyObject *m, PyObject *packed) {
  PyObject *fun, *shapes, *args, *kwargs, *r = NULL;
  int method, ordered, io;
  (void)m;
  if (!PyArg_ParseTuple(packed, "OOO!O!ipp", &fun, &shapes, &PyTuple_Type, &args, &PyDict_Type, &kwargs, &method, &ordered, &io)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, out = {0};
  PyLeaves leaves;
  CxTree *tree = NULL;
  py_leaves_init(&leaves);
  bool ok = py_flatten(shapes, NULL, &leaves, &tree);
  const CxType **types = PyMem_Calloc((size_t)leaves.n + 1, sizeof *types);
  for (uint32_t i = 0; ok && i < leaves.n; i++) ok = (types[i] = py_type_of(leaves.v[i])) != NULL;
  CxFn *f = ok ? host_new(fun, args, kwargs, false, &in) : NULL;
  ok = f && (io ? cx_io_callback(f, types, leaves.n, ordered, in.v, in.n, &out) : cx_pure_callback(f, types, leaves.n, (CxCallbackMapping)method, in.v, in.n, &out));
  if (ok) r = py_unflatten_vals(tree, out.v, out.n);
  ref_release(f);
  PyMem_Free(types);
  py_leaves_clear(&leaves);
  cx_tree_release(tree);
  cx_vals_free(&in), cx_vals_free(&out);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyMethodDef callback_functions[] = {{"debug_callback", debug_callback, METH_VARARGS, NULL}, {"host_callback", host_callback, METH_VARARGS, NULL}, {0}};

bool py_callback_register(PyObject *m) { return PyModule_AddFunctions(m, callback_functions) == 0; }
