/* Methods of arrays that are functions of jax.numpy: x.sum() is jnp.sum(x). They come from the signature tables. */
#include "python/array.h"

#include "python/bind.h"

static const struct { const char *method, *function; } rows[] = {
    {"all", "all"}, {"any", "any"}, {"argmax", "argmax"}, {"argmin", "argmin"}, {"argpartition", "argpartition"}, {"argsort", "argsort"},
    {"choose", "choose"}, {"clip", "clip"}, {"conj", "conjugate"}, {"conjugate", "conjugate"}, {"cumprod", "cumprod"}, {"cumsum", "cumsum"},
    {"diagonal", "diagonal"}, {"dot", "dot"}, {"flatten", "ravel"}, {"max", "max"}, {"mean", "mean"}, {"min", "min"}, {"nonzero", "nonzero"},
    {"prod", "prod"}, {"ptp", "ptp"}, {"ravel", "ravel"}, {"repeat", "repeat"}, {"round", "round"}, {"searchsorted", "searchsorted"}, {"sort", "sort"}, {"squeeze", "squeeze"},
    {"std", "std"}, {"sum", "sum"}, {"swapaxes", "swapaxes"}, {"take", "take"}, {"trace", "trace"}, {"var", "var"}};

static PyObject *function_of(const char *name) {
  PyObject *f = py_api_function("numpy", name);
  if (!f && !PyErr_Occurred()) PyErr_Format(PyExc_NotImplementedError, "jax.numpy.%s is not available", name);
  return f;
}

/* x.reshape(2, 3), x.reshape((2, 3)), x.transpose(1, 0): the extents may stand for a tuple. */
static PyObject *call_packed(PyObject *o, PyObject *args, PyObject *kwargs, const char *name) {
  PyObject *f = function_of(name);
  if (!f) return NULL;
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  PyObject *packed = n == 0 ? PyTuple_Pack(1, o) : PyTuple_Pack(2, o, n == 1 ? PyTuple_GET_ITEM(args, 0) : args);
  PyObject *r = packed ? PyObject_Call(f, packed, kwargs) : NULL;
  Py_XDECREF(packed);
  return r;
}

static PyObject *val_reshape(PyObject *o, PyObject *args, PyObject *kwargs) { return call_packed(o, args, kwargs, "reshape"); }
static PyObject *val_transpose(PyObject *o, PyObject *args, PyObject *kwargs) { return call_packed(o, args, kwargs, "transpose"); }

static PyObject *call_swapped(PyObject *o, PyObject *args, PyObject *kwargs, const char *name) { /* f(args[0], o, rest…) */
  PyObject *f = function_of(name);
  if (!f) return NULL;
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  if (n == 0) return PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument", name);
  PyObject *all = PyTuple_New(n + 1);
  if (!all) return NULL;
  PyTuple_SET_ITEM(all, 0, Py_NewRef(PyTuple_GET_ITEM(args, 0)));
  PyTuple_SET_ITEM(all, 1, Py_NewRef(o));
  for (Py_ssize_t i = 1; i < n; i++) PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
  PyObject *r = PyObject_Call(f, all, kwargs);
  Py_DECREF(all);
  return r;
}

static PyObject *val_compress(PyObject *o, PyObject *args, PyObject *kwargs) { return call_swapped(o, args, kwargs, "compress"); }

static bool add_row(const char *method, const char *function) {
  PyObject *f = py_api_function("numpy", function);
  if (!f) return !PyErr_Occurred();
  PyObject *m = PyInstanceMethod_New(f);
  bool ok = m && PyDict_SetItemString(py_array_base.tp_dict, method, m) == 0;
  Py_XDECREF(m);
  return ok;
}

#define KEYWORDS(f) (PyCFunction)(void (*)(void))f, METH_VARARGS | METH_KEYWORDS
static PyMethodDef packed_methods[] = {{"reshape", KEYWORDS(val_reshape), "The same elements in another shape."},
                                       {"transpose", KEYWORDS(val_transpose), "The axes in another order, by default reversed."},
                                       {"compress", KEYWORDS(val_compress), "Slices along an axis where a condition holds."},
                                       {NULL, NULL, 0, NULL}};

bool py_methods_register(void) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!add_row(rows[i].method, rows[i].function)) return false;
  return py_add_methods(&py_array_base, packed_methods);
}
