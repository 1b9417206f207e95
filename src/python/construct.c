/* jax.numpy.array and asarray. */
#include "python/py.h"

#include "np/promote.h"
#include "python/args.h"

static bool order_ok(PyObject *o) {
  if (!o || o == Py_None) return true;
  for (const char *s = "KACF"; *s && PyUnicode_Check(o); s++)
    if (PyUnicode_GET_LENGTH(o) == 1 && PyUnicode_READ_CHAR(o, 0) == (Py_UCS4)*s) {
      if (*s != 'F') return true;
      return PyErr_SetString(PyExc_NotImplementedError, "Only implemented for order='K'"), false;
    }
  return PyErr_Format(PyExc_ValueError, "order must be one of 'K', 'A', 'C', got %R", o), false;
}

static CxVal with_rank(CxVal v, int64_t rank) {
  int64_t axes[CX_MAX_RANK];
  if (!v || v->type->rank >= rank) return v;
  if (rank > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "ndmin is at most %d", CX_MAX_RANK), NULL;
  for (int i = 0; i < rank - v->type->rank; i++) axes[i] = i;
  return cx_expand_dims(v, (CxInts){axes, (int)rank - v->type->rank, false});
}

static CxVal construct(PyObject *o, CxDtype d, bool copy, int64_t ndmin) {
  CxVal v = py_val_nested_as(o, d);
  bool shares = v && py_is_val(o) && ((PyVal *)o)->v == v;
  return with_rank(shares && copy ? cx_copy(v) : v, ndmin);
}

static PyObject *make(PyObject *o, PyObject *dtype, bool copy, int64_t ndmin) {
  CxDtype d = CX_NO_DTYPE;
  if (dtype && dtype != Py_None && !py_dtype(dtype, &d)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_wrap(construct(o, d, copy, ndmin));
  cx_scope_close(&s);
  return r;
}

static PyObject *array(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const parameters[] = {"object", "dtype", "copy", "order", "ndmin", "device", "out_sharding"};
  static const PyParams spec = {"array", parameters, 1, 2, 7, false};
  PyObject *a[7];
  (void)m;
  if (!py_bind(&spec, args, n, names, a) || !order_ok(a[3])) return NULL;
  int copy = a[2] ? PyObject_IsTrue(a[2]) : 1;
  int64_t ndmin = a[4] ? PyLong_AsLongLong(a[4]) : 0;
  if (copy < 0 || (ndmin == -1 && PyErr_Occurred())) return NULL;
  return make(a[0], a[1], copy, ndmin);
}

static PyObject *asarray(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const parameters[] = {"a", "dtype", "order", "copy", "device", "out_sharding"};
  static const PyParams spec = {"asarray", parameters, 1, 3, 6, false};
  PyObject *a[6];
  (void)m;
  if (!py_bind(&spec, args, n, names, a) || !order_ok(a[2])) return NULL;
  int copy = a[3] && a[3] != Py_None ? PyObject_IsTrue(a[3]) : 0;
  if (copy < 0) return NULL;
  if (Py_TYPE(a[0]) == &py_array && ((PyVal *)a[0])->v && !copy && (!a[1] || a[1] == Py_None)) return Py_NewRef(a[0]);
  return make(a[0], a[1], copy, 0);
}

#define FAST(f) (PyCFunction)(void (*)(void))f, METH_FASTCALL | METH_KEYWORDS
bool py_construct_register(PyObject *m) {
  static PyMethodDef functions[] = {
      {"array", FAST(array), "array(object, dtype=None, *, copy=True, order='K', ndmin=0): an array of nested numbers or of another array."},
      {"asarray", FAST(asarray), "asarray(a, dtype=None, order=None, *, copy=None): the same without a copy where that is possible."},
      {NULL, NULL, 0, NULL}};
  return PyModule_AddFunctions(m, functions) == 0;
}
