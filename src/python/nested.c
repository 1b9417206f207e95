/* Nested sequences to arrays, as jnp.array and jnp.asarray read them: [[1, 2], [3, 4.5]]. */
#include "python/py.h"

#include "kernels/convert.h"
#include <string.h>

static bool is_sequence(PyObject *o) { return PyList_Check(o) || PyTuple_Check(o); }

/* What the leaves of a nested sequence have in common. */
typedef struct Shape {
  int64_t dims[CX_MAX_RANK];
  int rank, at_leaf; /* at_leaf: depth of the first leaf, -1 before it */
  bool arrays;       /* some leaf is not a Python number */
  int kind;          /* 0 none, 1 bool, 2 int, 3 float, 4 complex: of the Python numbers */
} Shape;

static int number_kind(PyObject *o) {
  PyTypeObject *t = Py_TYPE(o);
  return t == &PyBool_Type ? 1 : t == &PyLong_Type ? 2 : t == &PyFloat_Type ? 3 : t == &PyComplex_Type ? 4 : 0;
}

static bool ragged(int depth) {
  return cx_fail(CX_ERR_VALUE, "setting an array element with a sequence. The requested array has an inhomogeneous shape after %d dimensions.", depth);
}

static bool scan(PyObject *o, int depth, Shape *s) {
  if (!is_sequence(o)) {
    int kind = number_kind(o);
    s->arrays |= !kind;
    if (kind > s->kind) s->kind = kind;
    if (s->at_leaf < 0) s->at_leaf = s->rank = depth;
    return s->arrays || s->at_leaf == depth || ragged(s->at_leaf < depth ? s->at_leaf : depth);
  }
  Py_ssize_t n = PySequence_Fast_GET_SIZE(o);
  FAIL_IF(depth == CX_MAX_RANK, CX_ERR_VALUE, "arrays have at most %d axes", CX_MAX_RANK);
  if (s->at_leaf >= 0 && depth >= s->rank && !s->arrays) return ragged(depth);
  if (depth < s->rank) {
    if (s->dims[depth] != n) return ragged(depth);
  } else {
    s->dims[depth] = n;
    s->rank = depth + 1;
  }
  if (n == 0 && s->at_leaf < 0) s->at_leaf = s->rank;
  for (Py_ssize_t i = 0; i < n && i < PySequence_Fast_GET_SIZE(o); i++)
    if (!scan(PySequence_Fast_GET_ITEM(o, i), depth + 1, s)) return false;
  return true;
}

/* ---- Python numbers only: written straight into the array ---- */

typedef struct Fill {
  char *to;
  CxDtype dtype;
  int64_t left;
} Fill;

static bool out_of_bounds(PyObject *o, CxDtype dtype) {
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_OverflowError)) return py_keep_exception();
  PyErr_Format(PyExc_OverflowError, "Python integer %S out of bounds for %s", o, cx_dtype_name(dtype));
  return py_keep_exception();
}

static bool int_in_range(int64_t i, CxDtype d) {
  int bits = cx_dtype_bits(d);
  if (cx_dtype_kind(d) == 'u') return i >= 0 && (bits >= 63 || i < (int64_t)1 << bits);
  return bits >= 64 || (i >= -((int64_t)1 << (bits - 1)) && i < (int64_t)1 << (bits - 1));
}

static bool put(Fill *f, CxDtype from, const void *data) {
  CxView in = {(void *)(uintptr_t)data, from, 0, NULL, NULL}, out = {f->to, f->dtype, 0, NULL, NULL};
  f->to += cx_dtype_bytes(f->dtype);
  f->left--;
  return kernel_convert(&in, &out);
}

static bool put_int(Fill *f, PyObject *o) {
  int overflow;
  int64_t i = PyLong_AsLongLongAndOverflow(o, &overflow);
  char kind = cx_dtype_kind(f->dtype);
  if (kind == 'f' || kind == 'c') {
    double d = PyLong_AsDouble(o);
    return d == -1 && PyErr_Occurred() ? py_keep_exception() : put(f, CX_F64, &d);
  }
  if (f->dtype == CX_U64 && overflow > 0) {
    uint64_t u = PyLong_AsUnsignedLongLong(o);
    return u == (uint64_t)-1 && PyErr_Occurred() ? out_of_bounds(o, f->dtype) : put(f, CX_U64, &u);
  }
  if (kind != 'b' && (overflow || !int_in_range(i, f->dtype))) return out_of_bounds(o, f->dtype);
  return put(f, CX_I64, &i);
}

static bool put_number(Fill *f, PyObject *o) {
  if (f->left <= 0) return ragged(0); /* the sequence changed meanwhile */
  switch (number_kind(o)) {
  case 1: return put(f, CX_BOOL, &(uint8_t){o == Py_True});
  case 2: return put_int(f, o);
  case 3: return put(f, CX_F64, &(double){PyFloat_AS_DOUBLE(o)});
  case 4: {
    Py_complex c = PyComplex_AsCComplex(o);
    return put(f, CX_C128, (double[]){c.real, c.imag});
  }
  default: return ragged(0);
  }
}

static bool fill(Fill *f, PyObject *o) {
  if (!is_sequence(o)) return put_number(f, o);
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(o); i++)
    if (!fill(f, PySequence_Fast_GET_ITEM(o, i))) return false;
  return true;
}

static CxDtype natural(int kind) {
  static const CxDtype of_kind[] = {CX_F64, CX_BOOL, CX_I64, CX_F64, CX_C128};
  return np_canonical(of_kind[kind]);
}

static CxVal from_numbers(PyObject *o, const Shape *s, CxDtype dtype) {
  CxDtype d = dtype ? dtype : natural(s->kind);
  CxVal v = node_array(cx_type(d, s->rank, s->dims, false));
  if (!v) return NULL;
  Fill f = {v->array.data, d, v->type->size};
  bool ok = fill(&f, o) && (f.left == 0 || ragged(0));
  return ok ? cx_keep(v) : (cx_release(v), NULL);
}

/* ---- arrays among the leaves: stacked ---- */

static CxVal stack(PyObject *o, CxDtype dtype);

static CxVal element(PyObject *o, CxDtype dtype) { return is_sequence(o) ? stack(o, dtype) : py_val_nested_as(o, dtype); }

static CxVal stack_of(CxVals *parts) {
  CxDtype d = CX_NO_DTYPE;
  bool weak = false;
  if (!np_common_type(parts->n, parts->v, &d, &weak)) return NULL;
  for (uint32_t i = 1; i < parts->n; i++)
    if (!cx_type_same_dims(parts->v[i]->type, parts->v[0]->type))
      return cx_fail(CX_ERR_TYPE, "Cannot concatenate arrays of different shapes: items 0 and %u of a sequence differ", i), NULL;
  for (uint32_t i = 0; i < parts->n; i++) {
    parts->v[i] = cx_expand_dims(np_convert(parts->v[i], d, false), cx_ints(0));
    if (!parts->v[i]) return NULL;
  }
  return cx_concatenate(parts->n, parts->v, 0);
}

static CxVal stack(PyObject *o, CxDtype dtype) {
  CxVals parts = {0};
  bool ok = PySequence_Fast_GET_SIZE(o) > 0;
  if (!ok) return cx_array(dtype ? dtype : natural(0), 1, (int64_t[]){0}, NULL);
  for (Py_ssize_t i = 0; ok && i < PySequence_Fast_GET_SIZE(o); i++) {
    PyObject *item = Py_NewRef(PySequence_Fast_GET_ITEM(o, i));
    CxVal v = element(item, dtype);
    ok = v && cx_vals_push(&parts, v);
    Py_DECREF(item);
  }
  CxVal v = ok ? stack_of(&parts) : NULL;
  cx_vals_free(&parts);
  return v;
}

/* ---- entry ---- */

static CxVal invalid(PyObject *o) {
  if (PyUnicode_Check(o)) PyErr_Format(PyExc_TypeError, "Value %R with dtype <U%zd is not a valid JAX array type. Only arrays of numeric types are supported by JAX.", o, PyUnicode_GET_LENGTH(o));
  else if (PyBytes_Check(o)) PyErr_Format(PyExc_TypeError, "Value %R with dtype |S%zd is not a valid JAX array type. Only arrays of numeric types are supported by JAX.", o, PyBytes_GET_SIZE(o));
  else if (o == Py_None) PyErr_SetString(PyExc_ValueError, "None is not a valid value for jnp.array");
  else PyErr_Format(PyExc_TypeError, "Value '%S' with dtype object is not a valid JAX array type. Only arrays of numeric types are supported by JAX.", o);
  return py_keep_exception(), NULL;
}

static CxVal from_array_method(PyObject *o) {
  if (PyType_Check(o) || PyBytes_Check(o) || !(PyObject_HasAttrString(o, "__array__") || PyObject_CheckBuffer(o))) return invalid(o);
  PyObject *a = py_numpy(true) ? PyObject_CallMethod(py_numpy(true), "asarray", "O", o) : NULL;
  CxVal v = a ? py_val(a) : (py_keep_exception(), NULL);
  Py_XDECREF(a);
  return v;
}

static bool other_sequence(PyObject *o) { /* range and the like */
  return PySequence_Check(o) && !PyUnicode_Check(o) && !PyBytes_Check(o) && !PyByteArray_Check(o) && !PyObject_CheckBuffer(o) &&
         !PyObject_HasAttrString(o, "__array__");
}

static CxVal from_other_sequence(PyObject *o, CxDtype dtype) {
  PyObject *list = PySequence_List(o);
  CxVal v = list ? py_val_nested_as(list, dtype) : (py_keep_exception(), NULL);
  Py_XDECREF(list);
  return v;
}

CxVal py_val_nested_as(PyObject *o, CxDtype dtype) {
  if (!is_sequence(o) && !(dtype && number_kind(o))) {
    CxVal v = py_try_val(o);
    if (!v && !cx_failed()) v = other_sequence(o) ? from_other_sequence(o, dtype) : from_array_method(o);
    return dtype ? np_convert(v, dtype, false) : v;
  }
  Shape s = {.at_leaf = -1};
  if (!scan(o, 0, &s)) return NULL;
  return s.arrays ? stack(o, dtype) : from_numbers(o, &s, dtype);
}

CxVal py_val_nested(PyObject *o) { return py_val_nested_as(o, CX_NO_DTYPE); }
