/* The user's places: what a CxWhere means in Python (a code object and an instruction in it), as text; and how errors of running
 * programs name the line that made the failing operation. */
#include "python/leaks.h"
#include "python/view.h"

#include "base/error.h"
#include "runtime/execute.h"
#include <string.h>

/* "file.py:12:4 (f)" as JAX summarizes a place; NULL with an exception */
PyObject *py_where_summary(CxWhere w) {
  if (!w.host) return PyUnicode_FromString("<unknown>");
  PyCodeObject *code = (PyCodeObject *)(uintptr_t)w.host;
  int line, column, end_line, end_column;
  if (!PyCode_Addr2Location(code, w.at, &line, &column, &end_line, &end_column)) line = PyCode_Addr2Line(code, w.at), column = -1;
  if (column < 0) return PyUnicode_FromFormat("%U:%d (%U)", code->co_filename, line, code->co_qualname);
  return PyUnicode_FromFormat("%U:%d:%d (%U)", code->co_filename, line, column, code->co_qualname);
}

static PyObject *source_line(PyCodeObject *code, int line) {
  PyObject *linecache = PyImport_ImportModule("linecache");
  PyObject *text = linecache ? PyObject_CallMethod(linecache, "getline", "Oi", code->co_filename, line) : NULL;
  PyObject *plain = text ? PyObject_CallMethod(text, "strip", NULL) : NULL;
  Py_XDECREF(text);
  Py_XDECREF(linecache);
  return plain;
}

/* "At file.py:12 in f: y = jnp.log(x)" */
static PyObject *describe(CxWhere w, const char *op) {
  PyCodeObject *code = (PyCodeObject *)(uintptr_t)w.host;
  int line = PyCode_Addr2Line(code, w.at);
  PyObject *source = source_line(code, line);
  if (!source) PyErr_Clear();
  PyObject *r = source && PyUnicode_GET_LENGTH(source)
                    ? PyUnicode_FromFormat("At: %U:%d in %U, where %s was traced: %U", code->co_filename, line, code->co_qualname, op, source)
                    : PyUnicode_FromFormat("At: %U:%d in %U, where %s was traced", code->co_filename, line, code->co_qualname, op);
  Py_XDECREF(source);
  return r;
}

static bool has_note(PyObject *exception) {
  PyObject *notes = NULL;
  if (PyObject_GetOptionalAttrString(exception, "__notes__", &notes) < 0) PyErr_Clear();
  bool found = false;
  for (Py_ssize_t i = 0; notes && PyList_Check(notes) && i < PyList_GET_SIZE(notes); i++) {
    PyObject *n = PyList_GET_ITEM(notes, i);
    found |= PyUnicode_Check(n) && PyUnicode_GET_LENGTH(n) > 4 && !strncmp(PyUnicode_AsUTF8(n), "At: ", 4);
  }
  Py_XDECREF(notes);
  return found;
}

/* The innermost operation that fails names its place; the calls around it do not add theirs. */
static void place_failure(const CxEqn *e) {
  if (!e->where.host || !Py_IsInitialized() || e->op == CX_OP_JIT) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *raised = PyErr_GetRaisedException(), *text = NULL;
  bool said = raised ? has_note(raised) : cx_failed() && strstr(cx_error()->text, "\nAt: ");
  if (!said && (text = describe(e->where, cx_ops[e->op]->name))) {
    PyObject *none = raised ? PyObject_CallMethod(raised, "add_note", "O", text) : NULL;
    if (!raised) error_append(PyUnicode_AsUTF8(text));
    Py_XDECREF(none);
  }
  Py_XDECREF(text);
  PyErr_Clear();
  if (raised) PyErr_SetRaisedException(raised);
  PyGILState_Release(gil);
}

/* where the leaked value was made, for UnexpectedTracerError */
static bool describe_place(CxWhere w, char *to, size_t n) {
  if (!w.host || !Py_IsInitialized()) return false;
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *text = py_where_summary(w);
  const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
  if (s) snprintf(to, n, "%s", s);
  PyErr_Clear();
  Py_XDECREF(text);
  PyGILState_Release(gil);
  return s != NULL;
}

static void collect_garbage(void) {
  PyGILState_STATE gil = PyGILState_Ensure();
  PyGC_Collect();
  PyGILState_Release(gil);
}

static void warn(const char *text) {
  PyGILState_STATE gil = PyGILState_Ensure();
  if (PyErr_WarnEx(PyExc_UserWarning, text, 1) < 0) py_keep_exception();
  PyGILState_Release(gil);
}

void py_places_install(void) {
  trace_warn = warn;
  trace_collect_garbage = collect_garbage;
  trace_describe_leaks = py_describe_leaks;
  execute_failed = place_failure;
  trace_describe_place = describe_place;
}
