/* StableHLO at the Python border: bytes or text to a ClosedJaxpr. */
#include "python/view.h"

#include "ir/graph.h"
#include <cuirax/stablehlo.h>

static PyObject *parse(PyObject *m, PyObject *program) {
  (void)m;
  const char *bytes;
  char *raw = NULL;
  Py_ssize_t n;
  if (PyUnicode_Check(program)) bytes = PyUnicode_AsUTF8AndSize(program, &n);
  else bytes = PyBytes_AsStringAndSize(program, &raw, &n) < 0 ? NULL : raw;
  if (!bytes) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxGraph *g = cx_stablehlo_parse(bytes, (size_t)n);
  cx_scope_close(&s);
  return g ? py_jaxpr_new(g) : py_raise();
}

static PyObject *text(PyObject *m, PyObject *args) {
  (void)m;
  PyObject *jaxpr;
  const char *name;
  int generic = 0;
  if (!PyArg_ParseTuple(args, "Os|p:stablehlo_text", &jaxpr, &name, &generic)) return NULL;
  CxGraph *g = py_jaxpr_graph(jaxpr);
  if (!g) return PyErr_SetString(PyExc_TypeError, "stablehlo_text takes a ClosedJaxpr"), NULL;
  CxScope s;
  cx_scope_open(&s);
  char *t = cx_stablehlo_text(g, name, generic);
  cx_scope_close(&s);
  PyObject *r = t ? PyUnicode_FromString(t) : py_raise();
  cx_string_free(t);
  return r;
}

static PyObject *bytecode(PyObject *m, PyObject *jaxpr) {
  (void)m;
  CxGraph *g = py_jaxpr_graph(jaxpr);
  if (!g) return PyErr_SetString(PyExc_TypeError, "stablehlo_bytecode takes a ClosedJaxpr"), NULL;
  CxScope s;
  size_t n = 0;
  cx_scope_open(&s);
  void *bytes = cx_stablehlo_bytecode(g, &n);
  cx_scope_close(&s);
  PyObject *r = bytes ? PyBytes_FromStringAndSize(bytes, (Py_ssize_t)n) : py_raise();
  cx_string_free(bytes);
  return r;
}

static PyMethodDef functions[] = {{"stablehlo_bytecode", bytecode, METH_O, "A program as portable StableHLO bytecode."},
                                  {"stablehlo_text", text, METH_VARARGS, "A program as the text of a StableHLO module of this name."},
                                  {"stablehlo_parse", parse, METH_O, "The verified program of a StableHLO module, bytecode or text."}, {0}};

bool py_stablehlo_register(PyObject *m) { return PyModule_AddFunctions(m, functions) == 0; }
