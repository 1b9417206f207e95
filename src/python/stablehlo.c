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

static PyMethodDef functions[] = {{"stablehlo_parse", parse, METH_O, "The verified program of a StableHLO module, bytecode or text."}, {0}};

bool py_stablehlo_register(PyObject *m) { return PyModule_AddFunctions(m, functions) == 0; }
