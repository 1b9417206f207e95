/* jax.flatten_util: arrays ravelled into one vector of their common dtype, and back. */
#include "python/view.h"

#include "base/error.h"

static PyObject *avals_tuple(const CxVals *v) {
  PyObject *t = PyTuple_New(v->n);
  for (uint32_t i = 0; t && i < v->n; i++) {
    PyObject *a = py_aval(v->v[i]->type);
    if (!a) return Py_DECREF(t), NULL;
    PyTuple_SET_ITEM(t, i, a);
  }
  return t;
}

static CxVal ravel_values(CxVals *v) {
  CxDtype d = np_canonical(CX_F64);
  bool weak;
  if (!v->n) return cx_array(d, 1, (int64_t[]){0}, NULL);
  if (!np_common_type(v->n, v->v, &d, &weak)) return NULL;
  CxVals flat = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < v->n; i++) {
    CxVal x = np_convert(v->v[i], d, false);
    x = x ? cx_reshape(x, 1, (int64_t[]){x->type->size}) : NULL;
    ok = x && cx_vals_push(&flat, x);
  }
  CxVal r = !ok ? NULL : flat.n == 1 ? flat.v[0] : cx_concatenate(flat.n, flat.v, 0);
  cx_vals_free(&flat);
  return r;
}

/* ravel(leaves) -> (vector, types) */
static PyObject *ravel(PyObject *m, PyObject *leaves) {
  (void)m;
  if (!PyList_Check(leaves)) return PyErr_SetString(PyExc_TypeError, "a list of arrays is needed"), NULL;
  CxScope s;
  CxVals in = {0};
  cx_scope_open(&s);
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(leaves); i++) {
    CxVal v = py_val_nested(PyList_GET_ITEM(leaves, i));
    ok = v && cx_vals_push(&in, v);
  }
  CxVal flat = ok ? ravel_values(&in) : NULL;
  PyObject *vector = flat ? py_wrap(flat) : NULL, *types = vector ? avals_tuple(&in) : NULL;
  PyObject *r = types ? PyTuple_Pack(2, vector, types) : NULL;
  Py_XDECREF(types);
  Py_XDECREF(vector);
  if (!r) py_raise_traced();
  cx_vals_free(&in);
  cx_scope_close(&s);
  return r;
}

static bool unravel_into(CxVal x, PyObject *types, PyObject *list) {
  int64_t total = 0, at = 0;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(types); i++) {
    const CxType *t = py_type_of(PyTuple_GET_ITEM(types, i));
    if (!t) return false;
    total += t->size;
  }
  FAIL_IF(x->type->rank != 1 || x->type->dims[0] != total, CX_ERR_VALUE, "The function returned by `ravel_pytree` needs an array of shape (%lld,)", (long long)total);
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(types); i++) {
    const CxType *t = py_type_of(PyTuple_GET_ITEM(types, i));
    CxVal part = cx_slice(x, (int64_t[]){at}, (int64_t[]){at + t->size}, NULL);
    PyObject *o = py_wrap(np_convert(cx_reshape(part, t->rank, t->dims), t->dtype, t->weak));
    if (!o || PyList_Append(list, o) < 0) return Py_XDECREF(o), false;
    Py_DECREF(o);
    at += t->size;
  }
  return true;
}

/* unravel(vector, types) -> leaves */
static PyObject *unravel(PyObject *m, PyObject *args) {
  PyObject *vector, *types;
  (void)m;
  if (!PyArg_ParseTuple(args, "OO!:unravel", &vector, &PyTuple_Type, &types)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVal x = py_val(vector);
  PyObject *list = x ? PyList_New(0) : NULL;
  if (list && !unravel_into(x, types, list)) Py_CLEAR(list);
  if (!list) py_raise_traced();
  cx_scope_close(&s);
  return list;
}

bool py_ravel_register(PyObject *m) {
  static PyMethodDef functions[] = {{"ravel", ravel, METH_O, NULL}, {"unravel", unravel, METH_VARARGS, NULL}, {0}};
  return PyModule_AddFunctions(m, functions) == 0;
}
