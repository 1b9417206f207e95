/* Dtypes at the border: any Python object that names one, and numpy's dtype objects. NumPy and ml_dtypes are imported
 * only when one of their objects must be made. */
#include "python/py.h"

#include <string.h>

/* ---- the modules ---- */

static PyObject *numpy, *ml_dtypes;

PyObject *py_numpy(bool import) {
  if (numpy) return numpy;
  if (import) return numpy = PyImport_ImportModule("numpy");
  PyObject *m = PyDict_GetItemString(PyImport_GetModuleDict(), "numpy");
  if (m && PyObject_HasAttrString(m, "ndarray")) numpy = Py_NewRef(m);
  return numpy;
}

PyObject *py_numpy_type(const char *name) {
  static PyObject *array, *generic;
  PyObject **slot = name[0] == 'n' ? &array : &generic;
  if (!*slot && py_numpy(false)) *slot = PyObject_GetAttrString(numpy, name);
  return *slot;
}

PyObject *py_ml_dtypes(void) {
  if (!ml_dtypes) ml_dtypes = PyImport_ImportModule("ml_dtypes");
  return ml_dtypes;
}

/* ---- dtypes that NumPy does not have: random keys, tokens. One object each, so that equality is identity ---- */

typedef struct KeyType {
  PyObject_HEAD
  CxDtype dtype;
} KeyType;

static PyObject *key_repr(PyObject *o) { return PyUnicode_FromString(cx_dtype_name(((KeyType *)o)->dtype)); }
static PyObject *key_name(PyObject *o, void *c) { return (void)c, key_repr(o); }
static PyObject *key_bytes(PyObject *o, void *c) { return (void)c, PyLong_FromLong(cx_dtype_bytes(((KeyType *)o)->dtype)); }
static PyObject *key_reduce(PyObject *o, PyObject *unused) {
  (void)unused;
  PyObject *m = PyImport_ImportModule("cuirax._core"), *f = m ? PyObject_GetAttrString(m, "as_dtype") : NULL;
  PyObject *r = f ? Py_BuildValue("O(s)", f, cx_dtype_name(((KeyType *)o)->dtype)) : NULL;
  Py_XDECREF(m);
  Py_XDECREF(f);
  return r;
}
static PyGetSetDef key_attributes[] = {{"name", key_name, NULL, NULL, NULL}, {"itemsize", key_bytes, NULL, NULL, NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PyMethodDef key_methods[] = {{"__reduce__", key_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static PyTypeObject key_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.random.prng.KeyTy", .tp_basicsize = sizeof(KeyType),
                                .tp_flags = Py_TPFLAGS_DEFAULT, .tp_repr = key_repr, .tp_getset = key_attributes, .tp_methods = key_methods,
                                .tp_doc = "The dtype of random keys."};

static PyObject *key_make(CxDtype d) {
  KeyType *k = PyObject_New(KeyType, &key_type);
  if (k) k->dtype = d;
  return (PyObject *)k;
}

/* ---- from a dtype to its object ---- */

static PyObject *objects[CX_DTYPE_COUNT];

static PyObject *numpy_dtype_of(PyObject *spec) { /* takes spec */
  if (!spec || !py_numpy(true)) return Py_XDECREF(spec), NULL;
  PyObject *d = PyObject_CallMethod(numpy, "dtype", "O", spec);
  Py_DECREF(spec);
  return d;
}

static PyObject *object_make(CxDtype d) {
  const char *name = cx_dtype_name(d);
  if (d == CX_FLOAT0) return numpy_dtype_of(Py_BuildValue("[(ssi)]", "float0", "V", 0));
  switch (cx_dtype_kind(d)) {
  case 'k': case 't': return key_make(d);
  default: break;
  }
  if (!py_numpy(true)) return NULL;
  bool builtin = d == CX_BOOL || (strchr("iufc", cx_dtype_kind(d)) && (d == CX_F16 || cx_dtype_bits(d) >= 32 || (d >= CX_I8 && d <= CX_I64) ||
                                                                       (d >= CX_U8 && d <= CX_U64)));
  if (builtin) return numpy_dtype_of(PyUnicode_FromString(name));
  return py_ml_dtypes() ? numpy_dtype_of(PyObject_GetAttrString(ml_dtypes, name)) : NULL;
}

PyObject *py_dtype_object(CxDtype d) {
  if (!objects[d] && !(objects[d] = object_make(d))) return NULL;
  return Py_NewRef(objects[d]);
}

/* ---- from an object to its dtype ---- */

static CxDtype from_python_type(PyObject *o) {
  if (o == (PyObject *)&PyBool_Type) return CX_BOOL;
  if (o == (PyObject *)&PyLong_Type) return CX_I64;
  if (o == (PyObject *)&PyFloat_Type) return CX_F64;
  if (o == (PyObject *)&PyComplex_Type) return CX_C128;
  return CX_NO_DTYPE;
}

/* Objects seen before, by address; they are kept alive. */
enum { SEEN = 64 };
static struct {
  PyObject *o;
  CxDtype d;
} seen[SEEN];
static uint32_t seen_at(PyObject *o) { return (uint32_t)(((uintptr_t)o >> 4) ^ ((uintptr_t)o >> 10)) % SEEN; }

static void seen_add(PyObject *o, CxDtype d) {
  uint32_t at = seen_at(o);
  if (seen[at].o) return;
  seen[at].o = Py_NewRef(o);
  seen[at].d = d;
}

static bool from_numpy_dtype(PyObject *dtype, CxDtype *out) {
  PyObject *name = PyObject_GetAttrString(dtype, "name"), *fields = name ? PyObject_GetAttrString(dtype, "names") : NULL;
  const char *s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
  *out = s ? cx_dtype_from_name(s) : CX_NO_DTYPE;
  if (fields && PyTuple_Check(fields) && PyTuple_GET_SIZE(fields) == 1 &&
      PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(fields, 0), "float0") == 0)
    *out = CX_FLOAT0;
  if (s && !*out && !PyErr_Occurred())
    PyErr_Format(PyExc_TypeError, "dtype %R is not a valid JAX array type. Only arrays of numeric types are supported by JAX.", dtype);
  Py_XDECREF(name);
  Py_XDECREF(fields);
  return *out != CX_NO_DTYPE;
}

static bool from_text(PyObject *o, CxDtype *out) {
  const char *s = PyUnicode_AsUTF8(o);
  if (!s) return false;
  *out = cx_dtype_from_name(s);
  if (*out && !strcmp(cx_dtype_name(*out), s)) return true;
  PyObject *d = py_numpy(true) ? PyObject_CallMethod(numpy, "dtype", "O", o) : NULL; /* "f4", "<i8", "float" */
  bool ok = d && from_numpy_dtype(d, out);
  Py_XDECREF(d);
  return ok;
}

static bool from_object(PyObject *o, CxDtype *out) {
  PyObject *inner = PyObject_GetAttrString(o, "dtype"); /* scalar types of jax.numpy, arrays */
  if (!inner) PyErr_Clear();
  if (inner && Py_TYPE(inner) == Py_TYPE(o)) Py_CLEAR(inner);
  if (inner && !PyType_Check(inner) && !PyObject_HasAttrString(inner, "__get__")) {
    bool ok = py_dtype_exact(inner, out);
    Py_DECREF(inner);
    return ok;
  }
  Py_XDECREF(inner);
  PyObject *d = py_numpy(true) ? PyObject_CallMethod(numpy, "dtype", "O", o) : NULL;
  bool ok = d && from_numpy_dtype(d, out);
  Py_XDECREF(d);
  return ok;
}

bool py_dtype_exact(PyObject *o, CxDtype *out) {
  uint32_t at = seen_at(o);
  if (seen[at].o == o) return *out = seen[at].d, true;
  if ((*out = from_python_type(o)) || (*out = py_scalar_class_dtype(o))) return true;
  if (Py_TYPE(o) == &key_type) return *out = ((KeyType *)o)->dtype, true;
  if (PyUnicode_Check(o)) return from_text(o, out);
  if (py_is_val(o)) return *out = ((PyVal *)o)->type->dtype, true;
  if (o == Py_None) return PyErr_SetString(PyExc_TypeError, "None is not a dtype"), false;
  bool ok = from_object(o, out);
  if (ok && (PyType_Check(o) || !strcmp(Py_TYPE(o)->tp_name, "numpy.dtype"))) seen_add(o, *out);
  return ok;
}

static bool warn_truncated(CxDtype asked, CxDtype got) {
  return PyErr_WarnFormat(PyExc_UserWarning, 1,
                          "Explicitly requested dtype %s is not available, and will be truncated to dtype %s. To enable more dtypes, set the "
                          "jax_enable_x64 configuration option or the JAX_ENABLE_X64 shell environment variable. See "
                          "https://github.com/jax-ml/jax#current-gotchas for more.", cx_dtype_name(asked), cx_dtype_name(got)) == 0;
}

bool py_dtype(PyObject *o, CxDtype *out) {
  CxDtype asked;
  if (!py_dtype_exact(o, &asked)) return false;
  *out = np_canonical(asked);
  return *out == asked || from_python_type(o) || warn_truncated(asked, *out);
}

bool py_dtype_register(PyObject *m) { return PyType_Ready(&key_type) == 0 && py_scalars_register(m); }
