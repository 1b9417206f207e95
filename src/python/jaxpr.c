/* Graphs as Python sees them: ClosedJaxpr; make_jaxpr's part in C; ShapeDtypeStruct of a type. */
#include "python/transform.h"

#include "base/text.h"
#include "ir/print.h"

typedef struct JaxprObject {
  PyObject_HEAD
  CxGraph *graph;
} JaxprObject;

static void jaxpr_dealloc(PyObject *self) {
  ref_release(((JaxprObject *)self)->graph);
  PyObject_Free(self);
}

static PyObject *jaxpr_text(PyObject *self, bool exact) {
  CxText t = {0};
  CxGraph *g = ((JaxprObject *)self)->graph;
  bool ok = exact ? graph_print(g, &t) : graph_print_jax(g, &t, NULL);
  PyObject *r = ok ? PyUnicode_FromStringAndSize(t.s, (Py_ssize_t)t.n) : py_raise();
  text_free(&t);
  return r;
}
static PyObject *jaxpr_str(PyObject *self) { return jaxpr_text(self, false); }
static PyObject *jaxpr_exact(PyObject *self, PyObject *unused) { return (void)unused, jaxpr_text(self, true); }

static PyObject *avals(const CxGraph *g, const CxVar *v, uint32_t n) {
  PyObject *list = PyList_New(n);
  for (uint32_t i = 0; list && i < n; i++) {
    PyObject *a = py_aval(graph_type(g, v[i]));
    if (!a) return Py_DECREF(list), NULL;
    PyList_SET_ITEM(list, i, a);
  }
  return list;
}
static PyObject *jaxpr_in_avals(PyObject *self, void *c) { return (void)c, avals(((JaxprObject *)self)->graph, ((JaxprObject *)self)->graph->in.v, ((JaxprObject *)self)->graph->in.n); }
static PyObject *jaxpr_out_avals(PyObject *self, void *c) { return (void)c, avals(((JaxprObject *)self)->graph, ((JaxprObject *)self)->graph->out.v, ((JaxprObject *)self)->graph->out.n); }

static PyObject *jaxpr_consts(PyObject *self, void *c) {
  (void)c;
  const CxGraph *g = ((JaxprObject *)self)->graph;
  PyObject *list = PyList_New(0);
  for (uint32_t i = 0; list && i < g->consts.n; i++) {
    if (g->consts.v[i].value->literal) continue;
    PyObject *a = py_wrap(g->consts.v[i].value);
    if (!a || PyList_Append(list, a) < 0) Py_CLEAR(list);
    Py_XDECREF(a);
  }
  return list;
}

static PyObject *jaxpr_n_eqns(PyObject *self, void *c) { return (void)c, PyLong_FromUnsignedLong(((JaxprObject *)self)->graph->eqns.n); }

/* evaluates the graph's equations under the current trace: jax.core.eval_jaxpr and ClosedJaxpr as a function */
static PyObject *jaxpr_call(PyObject *self, PyObject *args, PyObject *kwargs) {
  (void)kwargs;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, out = {0};
  PyObject *r = NULL;
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(args); i++) {
    CxVal v = py_val(PyTuple_GET_ITEM(args, i));
    ok = v && cx_vals_push(&in, v);
  }
  if (ok && graph_apply(((JaxprObject *)self)->graph, in.v, in.n, &out)) {
    r = PyList_New(out.n);
    for (uint32_t i = 0; r && i < out.n; i++) {
      PyObject *item = py_wrap(out.v[i]);
      if (!item) {
        Py_CLEAR(r);
        break;
      }
      PyList_SET_ITEM(r, i, item);
    }
  }
  cx_vals_free(&in), cx_vals_free(&out);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyGetSetDef jaxpr_getset[] = {{"in_avals", jaxpr_in_avals, NULL, "Types of the operands.", NULL},
                                     {"out_avals", jaxpr_out_avals, NULL, "Types of the results.", NULL},
                                     {"consts", jaxpr_consts, NULL, "Arrays the graph is closed by.", NULL},
                                     {"n_eqns", jaxpr_n_eqns, NULL, "Number of equations.", NULL},
                                     {0}};
static PyMethodDef jaxpr_methods[] = {{"graph_text", jaxpr_exact, METH_NOARGS, "The exact text that parses back."}, {0}};

static PyTypeObject jaxpr_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.ClosedJaxpr", .tp_basicsize = sizeof(JaxprObject),
                                  .tp_dealloc = jaxpr_dealloc, .tp_str = jaxpr_str, .tp_repr = jaxpr_str, .tp_call = jaxpr_call,
                                  .tp_getset = jaxpr_getset, .tp_methods = jaxpr_methods, .tp_flags = Py_TPFLAGS_DEFAULT};

PyObject *py_jaxpr_new(CxGraph *g) {
  JaxprObject *o = PyObject_New(JaxprObject, &jaxpr_type);
  if (!o) return ref_release(g), NULL;
  o->graph = g;
  return (PyObject *)o;
}

bool py_jaxpr_register(PyObject *m) { return PyType_Ready(&jaxpr_type) == 0 && PyModule_AddObjectRef(m, "ClosedJaxpr", (PyObject *)&jaxpr_type) == 0; }

/* jax.ShapeDtypeStruct of a type: the class is Python (cuirax/_shapes.py) */
PyObject *py_shape_dtype_struct(const CxType *t) {
  PyObject *module = PyImport_ImportModule("cuirax._shapes"), *cls = module ? PyObject_GetAttrString(module, "ShapeDtypeStruct") : NULL;
  PyObject *shape = cls ? PyTuple_New(t->rank) : NULL, *dtype = shape ? py_dtype_object(t->dtype) : NULL, *r = NULL;
  for (int i = 0; dtype && i < t->rank; i++) PyTuple_SET_ITEM(shape, i, PyLong_FromLongLong(t->dims[i]));
  PyObject *args = dtype ? PyTuple_Pack(2, shape, dtype) : NULL, *kw = args ? Py_BuildValue("{s:O}", "weak_type", t->weak ? Py_True : Py_False) : NULL;
  if (kw) r = PyObject_Call(cls, args, kw);
  Py_XDECREF(kw), Py_XDECREF(args), Py_XDECREF(dtype), Py_XDECREF(shape), Py_XDECREF(cls), Py_XDECREF(module);
  return r;
}
