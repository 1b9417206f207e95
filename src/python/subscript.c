/* x[index] and x.at[index]: Python's index objects to the core's index items. */
#include "python/array.h"

PyObject *py_subscript(PyObject *o, PyObject *index) {
  (void)o, (void)index;
  return PyErr_Format(PyExc_NotImplementedError, "indexing is not available yet");
}

PyObject *py_at(PyObject *o, void *closure) {
  (void)o, (void)closure;
  return PyErr_Format(PyExc_NotImplementedError, ".at is not available yet");
}
