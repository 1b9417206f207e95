/* lax.broadcast_shapes: shapes as tuples of Python. */
#include "python/transform.h"

static bool shapes_fail(PyObject *shapes) {
  PyErr_Format(PyExc_ValueError, "Incompatible shapes for broadcasting: shapes=%R", shapes);
  return false;
}

/* one shape into the extents so far, which are aligned at the right end of dims[CX_MAX_RANK] */
static bool merge(PyObject *shapes, PyObject *shape, int64_t *dims, Py_ssize_t *rank) {
  PyObject *fast = PySequence_Fast(shape, "broadcast_shapes takes sequences of integers");
  if (!fast) return false;
  Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
  bool ok = n <= CX_MAX_RANK || (PyErr_Format(PyExc_ValueError, "a shape can have %d axes at most", CX_MAX_RANK), false);
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    int64_t d = PyNumber_AsSsize_t(PySequence_Fast_GET_ITEM(fast, i), PyExc_OverflowError), *at = &dims[CX_MAX_RANK - n + i];
    if (d == -1 && PyErr_Occurred()) ok = false;
    else if (d != 1 && *at != 1 && d != *at) ok = shapes_fail(shapes);
    else if (d != 1) *at = d;
  }
  if (n > *rank) *rank = n;
  Py_DECREF(fast);
  return ok;
}

static PyObject *broadcast_shapes(PyObject *m, PyObject *shapes) {
  int64_t dims[CX_MAX_RANK];
  Py_ssize_t rank = 0;
  (void)m;
  for (int i = 0; i < CX_MAX_RANK; i++) dims[i] = 1;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(shapes); i++)
    if (!merge(shapes, PyTuple_GET_ITEM(shapes, i), dims, &rank)) return NULL;
  PyObject *r = PyTuple_New(rank);
  for (Py_ssize_t i = 0; r && i < rank; i++) PyTuple_SET_ITEM(r, i, PyLong_FromLongLong(dims[CX_MAX_RANK - rank + i]));
  return r;
}

static PyMethodDef functions[] = {{"broadcast_shapes", broadcast_shapes, METH_VARARGS, "The shape to which arrays of these shapes broadcast."}, {0}};

bool py_shapes_register(PyObject *m) { return PyModule_AddFunctions(m, functions) == 0; }
