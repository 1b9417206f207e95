/* Graphs as Python sees them: ClosedJaxpr; make_jaxpr's part in C; ShapeDtypeStruct of a type. */
#include "python/view.h"

#include "base/text.h"
#include "base/error.h"
#include "ir/print.h"
#include "python/transform.h"
#include <cuirax/graph.h>

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

/* The results as a list. whole: as one operation named so; otherwise equation by equation under the current trace. */
static PyObject *jaxpr_apply(PyObject *self, PyObject *args, const char *whole) {
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, out = {0};
  PyObject *r = NULL;
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(args); i++) {
    CxVal v = py_val(PyTuple_GET_ITEM(args, i));
    ok = v && cx_vals_push(&in, v);
  }
  CxGraph *g = ((JaxprObject *)self)->graph;
  ok = ok && (in.n == g->in.n || cx_fail(CX_ERR_TYPE, "the program takes %u values, got %u", g->in.n, in.n));
  if (ok && (whole ? cx_call_graph(g, whole, in.v, in.n, &out) : graph_apply(g, in.v, in.n, &out))) {
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

/* ClosedJaxpr as a function, and jax.core.eval_jaxpr */
static PyObject *jaxpr_call(PyObject *self, PyObject *args, PyObject *kwargs) { return (void)kwargs, jaxpr_apply(self, args, NULL); }

/* j._run(name, leaves): as one operation */
static PyObject *jaxpr_run(PyObject *self, PyObject *pair) {
  const char *name;
  PyObject *leaves;
  if (!PyArg_ParseTuple(pair, "sO!", &name, &PyTuple_Type, &leaves)) return NULL;
  return jaxpr_apply(self, leaves, name);
}

static PyObject *jaxpr_optimize(PyObject *self, PyObject *args) {
  const char *passes = NULL;
  if (!PyArg_ParseTuple(args, "|z", &passes)) return NULL;
  CxGraph *g = cx_graph_optimize(((JaxprObject *)self)->graph, passes);
  return g ? py_jaxpr_new(g) : py_raise();
}

static PyObject *jaxpr_compiled(PyObject *self, PyObject *args) {
  const char *what = "report";
  if (!PyArg_ParseTuple(args, "|s", &what)) return NULL;
  char *text = cx_graph_compiled_text(((JaxprObject *)self)->graph, what);
  PyObject *r = text ? PyUnicode_FromString(text) : py_raise();
  cx_string_free(text);
  return r;
}

static PyObject *jaxpr_memory(PyObject *self, PyObject *unused) {
  CxMemory m;
  (void)unused;
  if (!cx_graph_memory(((JaxprObject *)self)->graph, &m)) return py_raise();
  return Py_BuildValue("LLLL", (long long)m.operands, (long long)m.results, (long long)m.temporary, (long long)m.code);
}

static CxGraph *closed_graph(PyObject *self) { return ((JaxprObject *)self)->graph; }
static PyObject *jaxpr_open(PyObject *self, void *c) { return (void)c, py_jaxpr_open(closed_graph(self)); }
static PyObject *jaxpr_part(PyObject *self, void *name) { /* of the open graph */
  PyObject *open = py_jaxpr_open(closed_graph(self)), *r = open ? PyObject_GetAttrString(open, name) : NULL;
  Py_XDECREF(open);
  return r;
}

static PyGetSetDef jaxpr_getset[] = {{"jaxpr", jaxpr_open, NULL, "The program without its constants.", NULL},
                                     {"eqns", jaxpr_part, NULL, "The equations in order.", "eqns"},
                                     {"effects", jaxpr_part, NULL, "Names of effects.", "effects"},
                                     {"literals", jaxpr_consts, NULL, "Arrays the graph is closed by.", NULL},
                                     {"in_avals", jaxpr_in_avals, NULL, "Types of the operands.", NULL},
                                     {"out_avals", jaxpr_out_avals, NULL, "Types of the results.", NULL},
                                     {"consts", jaxpr_consts, NULL, "Arrays the graph is closed by.", NULL},
                                     {"n_eqns", jaxpr_n_eqns, NULL, "Number of equations.", NULL},
                                     {0}};
static PyMethodDef jaxpr_methods[] = {{"_run", jaxpr_run, METH_VARARGS, NULL},
                                      {"graph_text", jaxpr_exact, METH_NOARGS, "The exact text that parses back."},
                                      {"compiled_text", jaxpr_compiled, METH_VARARGS, "Compiled, as text: report, graph, loops or uops."},
                                      {"memory", jaxpr_memory, METH_NOARGS, "Bytes of operands, results, temporaries and code, before running."},
                                      {"optimize", jaxpr_optimize, METH_VARARGS, "The program after a list of compiler passes, as cuirax/graph.h says."},
                                      {0}};

static PyObject *jaxpr_compare(PyObject *a, PyObject *b, int op) {
  if ((op != Py_EQ && op != Py_NE) || Py_TYPE(a) != Py_TYPE(b)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((closed_graph(a) == closed_graph(b)) == (op == Py_EQ));
}
static Py_hash_t jaxpr_hash(PyObject *self) { return (Py_hash_t)((uintptr_t)closed_graph(self) >> 4); }

static PyTypeObject jaxpr_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.ClosedJaxpr", .tp_basicsize = sizeof(JaxprObject),
                                  .tp_dealloc = jaxpr_dealloc, .tp_str = jaxpr_str, .tp_repr = jaxpr_str, .tp_call = jaxpr_call,
                                  .tp_getset = jaxpr_getset, .tp_richcompare = jaxpr_compare, .tp_hash = jaxpr_hash, .tp_methods = jaxpr_methods, .tp_flags = Py_TPFLAGS_DEFAULT};

PyObject *py_jaxpr_new(CxGraph *g) {
  JaxprObject *o = PyObject_New(JaxprObject, &jaxpr_type);
  if (!o) return ref_release(g), NULL;
  o->graph = g;
  return (PyObject *)o;
}

CxGraph *py_jaxpr_graph(PyObject *o) { return Py_TYPE(o) == &jaxpr_type ? ((JaxprObject *)o)->graph : NULL; }

bool py_jaxpr_register(PyObject *m) { return PyType_Ready(&jaxpr_type) == 0 && py_view_register(m) && PyModule_AddObjectRef(m, "ClosedJaxpr", (PyObject *)&jaxpr_type) == 0; }

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
