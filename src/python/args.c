/* See args.h. */
#include "python/args.h"

#include <string.h>

static bool args_missing(const PyParams *p, PyObject *const *to) {
  const char *missing[8];
  int n = 0;
  for (int i = 0; i < p->required; i++)
    if (!to[i] && n < 8) missing[n++] = p->names[i];
  if (!n) return false;
  PyObject *list = PyUnicode_FromFormat("'%s'", missing[0]);
  for (int i = 1; list && i < n; i++) {
    const char *glue = i < n - 1 ? "," : n == 2 ? " and" : ", and";
    PyObject *longer = PyUnicode_FromFormat("%U%s '%s'", list, glue, missing[i]);
    Py_SETREF(list, longer);
  }
  if (list)
    PyErr_Format(PyExc_TypeError, "%s() missing %d required positional argument%s: %U", p->function, n, n == 1 ? "" : "s",
                 list);
  Py_XDECREF(list);
  return true;
}

static bool args_too_many(const PyParams *p, Py_ssize_t count) {
  const char *were = count == 1 ? "was" : "were", *s = p->positional == 1 ? "" : "s";
  if (p->required == p->positional)
    PyErr_Format(PyExc_TypeError, "%s() takes %d positional argument%s but %zd %s given", p->function, p->positional, s,
                 count, were);
  else
    PyErr_Format(PyExc_TypeError, "%s() takes from %d to %d positional arguments but %zd %s given", p->function,
                 p->required, p->positional, count, were);
  return false;
}

static bool args_keyword(const PyParams *p, PyObject *name, PyObject *value, PyObject **to) {
  for (int i = 0; i < p->total; i++) {
    if (PyUnicode_CompareWithASCIIString(name, p->names[i])) continue;
    if (to[i]) return PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", p->function, name), false;
    to[i] = value;
    return true;
  }
  PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", p->function, name);
  return false;
}

bool py_bind(const PyParams *p, PyObject *const *args, Py_ssize_t count, PyObject *names, PyObject **to) {
  memset(to, 0, (size_t)p->total * sizeof *to);
  if (count > p->positional && !p->variadic) return args_too_many(p, count);
  Py_ssize_t keywords = names ? PyTuple_GET_SIZE(names) : 0;
  for (Py_ssize_t i = 0; i < count && i < p->positional; i++) to[i] = args[i];
  for (Py_ssize_t i = 0; i < keywords; i++)
    if (!args_keyword(p, PyTuple_GET_ITEM(names, i), args[count + i], to)) return false;
  return !args_missing(p, to);
}
