/* vmap as a Python object over cx_vmap. */
#include "python/transform.h"

#include "base/error.h"
#include "op/rules.h"

typedef struct Vmap {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *fun, *in_axes, *out_axes, *axis_name, *dict, *weakrefs;
  int64_t axis_size; /* -1: from the arguments */
} Vmap;

/* one flat axis per leaf: -1 for None */
static bool axes_read(const PyLeaves *l, const CxVals *vals, int *out) {
  for (uint32_t i = 0; i < l->n; i++) {
    if (l->v[i] == Py_None) {
      out[i] = -1;
      continue;
    }
    long a = PyLong_AsLong(l->v[i]);
    if (a == -1 && PyErr_Occurred()) return false;
    int rank = vals->v[i]->type->rank;
    if (a < 0 && a >= -rank) a += rank;
    if (a < 0)
      return cx_fail(CX_ERR_VALUE, "vmap was requested to map its argument along axis %ld, which implies that its rank should be at least %ld, but is only %d (its shape has %d axes)",
                     a, -a, rank, rank);
    out[i] = (int)a;
  }
  return true;
}

static bool vmap_args_tree(PyObject *const *args, Py_ssize_t nargs, CxTree **tree) {
  PyObject *t = PyTuple_New(nargs);
  PyLeaves l;
  py_leaves_init(&l);
  for (Py_ssize_t i = 0; t && i < nargs; i++) PyTuple_SET_ITEM(t, i, Py_NewRef(args[i]));
  bool ok = t && py_flatten(t, NULL, &l, tree);
  py_leaves_clear(&l);
  Py_XDECREF(t);
  return ok;
}

static bool vmap_in_axes(const Vmap *v, PyObject *const *args, Py_ssize_t nargs, const CxVals *in, int *axes) {
  CxTree *tree = NULL;
  PyLeaves flat;
  py_leaves_init(&flat);
  PyObject *spec = PyList_Check(v->in_axes) ? PyList_AsTuple(v->in_axes) : Py_NewRef(v->in_axes);
  bool ok = spec && vmap_args_tree(args, nargs, &tree) && py_flatten_axes("vmap in_axes", tree, spec, PY_AXES_TUPLED, &flat) && axes_read(&flat, in, axes);
  for (uint32_t i = flat.n; ok && i < in->n; i++) axes[i] = 0; /* keyword arguments map along axis 0 */
  Py_XDECREF(spec);
  py_leaves_clear(&flat);
  cx_tree_release(tree);
  return ok;
}

static CxVal vmap_out(CxVal x, int found, PyObject *wanted, int64_t size) {
  if (wanted == Py_None) {
    if (found >= 0) return cx_fail(CX_ERR_VALUE, "vmap has mapped output but out_axes is None"), NULL;
    return x;
  }
  long a = PyLong_AsLong(wanted);
  if (a == -1 && PyErr_Occurred()) return NULL;
  int rank = x->type->rank + (found < 0);
  if (a < 0) a += rank;
  if (a < 0 || a >= rank) return cx_fail(CX_ERR_VALUE, "vmap out_axes %ld is out of bounds for a result of rank %d", a, rank), NULL;
  return batch_move(x, found, (int)a, size);
}

static int64_t found_size(const Vmap *v, const CxVals *in, const int *axes) {
  for (uint32_t i = 0; i < in->n; i++)
    if (axes[i] >= 0) return in->v[i]->type->dims[axes[i]];
  return v->axis_size;
}

static PyObject *vmap_run(const Vmap *v, CxFn *f, const CxVals *in, const int *axes) {
  const PyCall *c = f->env;
  CxVals out = {0};
  int *found = PyMem_Calloc(4096, sizeof *found);
  PyObject *r = NULL;
  PyLeaves flat;
  py_leaves_init(&flat);
  const char *name = v->axis_name && v->axis_name != Py_None ? PyUnicode_AsUTF8(v->axis_name) : NULL;
  if (PyErr_Occurred()) PyErr_Clear();
  bool ok = found && cx_vmap(f, in->v, axes, in->n, v->axis_size, name, &out, found) && py_flatten_axes("vmap out_axes", c->out_tree, v->out_axes, 0, &flat);
  int64_t size = found_size(v, in, axes);
  for (uint32_t i = 0; ok && i < out.n; i++) ok = (out.v[i] = vmap_out(out.v[i], found[i], flat.v[i], size)) != NULL;
  if (ok) r = pycall_result(c, out.v);
  py_leaves_clear(&flat);
  PyMem_Free(found);
  cx_vals_free(&out);
  return r;
}

static PyObject *vmap_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names) {
  const Vmap *v = (const Vmap *)self;
  Py_ssize_t nargs = PyVectorcall_NARGS(nargsf);
  if (PyTuple_Check(v->in_axes) && PyTuple_GET_SIZE(v->in_axes) != nargs)
    return PyErr_Format(PyExc_ValueError, "vmap in_axes must be an int, None, or a tuple of entries corresponding to the positional arguments passed to the function, but got len(in_axes)=%zd, len(args)=%zd",
                        PyTuple_GET_SIZE(v->in_axes), nargs);
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0};
  PyObject *r = NULL;
  PyCall *c = pycall_new(v->fun, nargs);
  bool ok = c != NULL;
  for (Py_ssize_t i = 0; ok && i < nargs; i++) ok = pycall_dynamic(c, i, args[i], &in);
  if (ok && names && PyTuple_GET_SIZE(names)) {
    PyObject *kw = py_kwargs_dict(args + nargs, names);
    ok = kw && pycall_dynamic_kwargs(c, kw, &in);
    Py_XDECREF(kw);
  }
  int *axes = PyMem_Calloc(in.n + 1, sizeof *axes);
  ok = ok && axes && vmap_in_axes(v, args, nargs, &in, axes);
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  if (f) r = vmap_run(v, f, &in, axes);
  ref_release(f);
  PyMem_Free(axes);
  cx_vals_free(&in);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static void vmap_dealloc(PyObject *self) {
  Vmap *v = (Vmap *)self;
  if (v->weakrefs) PyObject_ClearWeakRefs(self);
  Py_XDECREF(v->fun), Py_XDECREF(v->in_axes), Py_XDECREF(v->out_axes), Py_XDECREF(v->axis_name), Py_XDECREF(v->dict);
  PyObject_Free(self);
}

static PyMemberDef vmap_members[] = {{"__wrapped__", T_OBJECT, offsetof(Vmap, fun), READONLY, NULL}, {0}};
static PyTypeObject vmap_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.VmapFunction", .tp_basicsize = sizeof(Vmap), .tp_dealloc = vmap_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR, .tp_vectorcall_offset = offsetof(Vmap, vectorcall),
    .tp_call = PyVectorcall_Call, .tp_members = vmap_members, .tp_dictoffset = offsetof(Vmap, dict), .tp_weaklistoffset = offsetof(Vmap, weakrefs),
    .tp_descr_get = py_bind_method, .tp_getattro = PyObject_GenericGetAttr, .tp_setattro = PyObject_GenericSetAttr};

static PyObject *fn_vmap(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"fun", "in_axes", "out_axes", "axis_name", "axis_size", "spmd_axis_name", "sum_match"};
  PyObject *a[7] = {0};
  PyParams p = {"vmap", params, 1, 6, 7, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  if (!PyCallable_Check(a[0])) return PyErr_Format(PyExc_TypeError, "Expected a callable value, got %R", a[0]);
  int64_t size = -1;
  if (a[4] && a[4] != Py_None && (size = PyLong_AsLongLong(a[4])) == -1 && PyErr_Occurred()) return NULL;
  Vmap *v = PyObject_New(Vmap, &vmap_type);
  if (!v) return NULL;
  *v = (Vmap){.ob_base = v->ob_base, .vectorcall = vmap_call, .fun = Py_NewRef(a[0]), .axis_size = size};
  v->in_axes = a[1] ? Py_NewRef(a[1]) : PyLong_FromLong(0);
  v->out_axes = a[2] ? Py_NewRef(a[2]) : PyLong_FromLong(0);
  v->axis_name = Py_XNewRef(a[3]);
  if (!v->in_axes || !v->out_axes || !py_copy_function_attrs((PyObject *)v, a[0])) return Py_DECREF(v), NULL;
  return (PyObject *)v;
}

static PyMethodDef vmap_functions[] = {{"vmap", (PyCFunction)(void (*)(void))fn_vmap, METH_FASTCALL | METH_KEYWORDS,
                                        "vmap(fun, in_axes=0, out_axes=0, axis_name=None, axis_size=None): fun mapped over an axis of its arguments."},
                                       {0}};

bool py_vmap_register(PyObject *m) { return PyType_Ready(&vmap_type) == 0 && PyModule_AddFunctions(m, vmap_functions) == 0; }
