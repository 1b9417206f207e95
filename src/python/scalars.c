/* jax.numpy.float32 and its kin: classes that name a dtype and make arrays when called; and the functions of jax.dtypes. */
#include "python/py.h"

#include "np/promote.h"
#include <string.h>

/* ---- the metaclass ---- */

static PyTypeObject scalar_meta;
static PyObject *classes[CX_DTYPE_COUNT]; /* owned for the life of the process */

CxDtype py_scalar_class_dtype(PyObject *o) {
  if (Py_TYPE(o) != &scalar_meta) return CX_NO_DTYPE;
  for (int d = 1; d < CX_DTYPE_COUNT; d++)
    if (classes[d] == o) return (CxDtype)d;
  return CX_NO_DTYPE;
}

static PyObject *meta_dtype(PyObject *o, void *c) { return (void)c, py_dtype_object(py_scalar_class_dtype(o)); }

static PyObject *meta_call(PyObject *o, PyObject *args, PyObject *kwargs) {
  PyObject *x;
  if (kwargs && PyDict_GET_SIZE(kwargs)) return PyErr_Format(PyExc_TypeError, "%s() takes no keyword arguments", ((PyTypeObject *)o)->tp_name);
  if (!PyArg_ParseTuple(args, "O", &x)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_wrap(py_val_nested_as(x, np_canonical(py_scalar_class_dtype(o))));
  cx_scope_close(&s);
  return r;
}

static PyObject *numpy_type_of(PyObject *o) { /* numpy.float32 */
  PyObject *d = meta_dtype(o, NULL), *t = d ? PyObject_GetAttrString(d, "type") : NULL;
  Py_XDECREF(d);
  return t;
}

static PyObject *meta_compare(PyObject *a, PyObject *b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  if (a == b) return PyBool_FromLong(op == Py_EQ);
  if (!PyType_Check(b) || Py_TYPE(b) == &scalar_meta || !py_numpy(false)) { /* a dtype compares itself with us */
    if (PyType_Check(b) || !py_numpy(false)) return PyBool_FromLong(op == Py_NE);
    Py_RETURN_NOTIMPLEMENTED;
  }
  PyObject *t = numpy_type_of(a);
  if (!t) return NULL;
  bool same = t == b;
  Py_DECREF(t);
  return PyBool_FromLong(same == (op == Py_EQ));
}

static Py_hash_t meta_hash(PyObject *o) { /* equal to numpy's class, so it must hash like it */
  PyObject *t = numpy_type_of(o);
  Py_hash_t h = t ? PyObject_Hash(t) : -1;
  Py_XDECREF(t);
  return h;
}

static PyObject *meta_instancecheck(PyObject *o, PyObject *x) {
  PyObject *t = numpy_type_of(o);
  int r = t ? PyObject_IsInstance(x, t) : -1;
  Py_XDECREF(t);
  return r < 0 ? NULL : PyBool_FromLong(r);
}

static PyGetSetDef meta_attributes[] = {{"dtype", meta_dtype, NULL, "The dtype, a NumPy object.", NULL}, {NULL, NULL, NULL, NULL, NULL}};
static PyMethodDef meta_methods[] = {{"__instancecheck__", meta_instancecheck, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static PyTypeObject scalar_meta = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.numpy.scalar_types._ScalarMeta", .tp_flags = Py_TPFLAGS_DEFAULT,
                                   .tp_call = meta_call, .tp_richcompare = meta_compare, .tp_hash = meta_hash, .tp_getset = meta_attributes,
                                   .tp_methods = meta_methods};

static bool class_make(CxDtype d, PyObject *names) {
  const char *name = cx_dtype_name(d);
  if (!strchr("biufc", cx_dtype_kind(d))) return true;
  PyObject *args = Py_BuildValue("(s(O){ssss})", name, &PyBaseObject_Type, "__module__", "jax.numpy", "__doc__", "A JAX scalar constructor.");
  if (args) classes[d] = PyType_Type.tp_new(&scalar_meta, args, NULL);
  Py_XDECREF(args);
  return classes[d] && PyDict_SetItemString(names, d == CX_BOOL ? "bool_" : name, classes[d]) == 0;
}

static bool aliases_add(PyObject *names) {
  static const struct { const char *alias; CxDtype d; } aliases[] = {
      {"bool", CX_BOOL}, {"single", CX_F32}, {"double", CX_F64}, {"csingle", CX_C64}, {"cdouble", CX_C128},
      {"int_", CX_I64}, {"uint", CX_U64}, {"float_", CX_F64}, {"complex_", CX_C128}};
  for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
    if (PyDict_SetItemString(names, aliases[i].alias, classes[i < 5 ? aliases[i].d : np_canonical(aliases[i].d)]) < 0) return false;
  return true;
}

static PyObject *scalar_types(PyObject *m, PyObject *unused) {
  (void)m, (void)unused;
  PyObject *names = PyDict_New();
  bool ok = names != NULL;
  for (int d = 1; ok && d < CX_DTYPE_COUNT; d++) {
    if (classes[d]) ok = PyDict_SetItemString(names, d == CX_BOOL ? "bool_" : cx_dtype_name((CxDtype)d), classes[d]) == 0;
    else ok = class_make((CxDtype)d, names);
  }
  if (ok && aliases_add(names)) return names;
  Py_XDECREF(names);
  return NULL;
}

/* ---- jax.dtypes ---- */

static PyObject *canonicalize_dtype(PyObject *m, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"dtype", "allow_extended_dtype", NULL};
  PyObject *o;
  int extended;
  CxDtype d;
  (void)m;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:canonicalize_dtype", names, &o, &extended)) return NULL;
  return py_dtype_exact(o, &d) ? py_dtype_object(np_canonical(d)) : NULL;
}

static bool weak_python_type(PyObject *o) { return o == (PyObject *)&PyLong_Type || o == (PyObject *)&PyFloat_Type || o == (PyObject *)&PyComplex_Type; }

static bool operand_type(PyObject *o, CxDtype *d, bool *weak) { /* of an array, a scalar, or something that names a dtype */
  *weak = weak_python_type(o);
  if (o == Py_None) return *d = np_canonical(CX_F64), true;
  if (PyType_Check(o) || PyUnicode_Check(o)) return py_dtype_exact(o, d) && (*d = np_canonical(*d), true);
  CxVal v = py_try_val(o);
  if (v) return *d = v->type->dtype, *weak = v->type->weak, true;
  if (cx_failed()) return py_raise(), false;
  return py_dtype_exact(o, d) && (*d = np_canonical(*d), true);
}

static CxDtype default_of_kind(CxDtype d) {
  switch (cx_dtype_kind(d)) {
  case 'i': case 'u': return np_canonical(CX_I64);
  case 'f': return np_canonical(CX_F64);
  case 'c': return np_canonical(CX_C128);
  default: return d;
  }
}

static bool result_of(PyObject *args, CxDtype *d, bool *weak) {
  CxDtype types[64];
  bool weaks[64];
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  if (n > 64) return PyErr_SetString(PyExc_ValueError, "result_type takes at most 64 arguments"), false;
  CxScope s;
  cx_scope_open(&s);
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < n; i++) ok = operand_type(PyTuple_GET_ITEM(args, i), &types[i], &weaks[i]);
  if (ok && !np_result_type((uint32_t)n, types, weaks, d, weak)) ok = (py_raise(), false);
  cx_scope_close(&s);
  if (ok && *weak) *d = default_of_kind(*d);
  return ok;
}

static PyObject *result_type(PyObject *m, PyObject *args, PyObject *kwargs) {
  CxDtype d;
  bool weak;
  (void)m;
  PyObject *flag = kwargs ? PyDict_GetItemString(kwargs, "return_weak_type_flag") : NULL;
  if (kwargs && PyDict_GET_SIZE(kwargs) != (flag != NULL)) return PyErr_Format(PyExc_TypeError, "result_type() got an unexpected keyword argument");
  if (!result_of(args, &d, &weak)) return NULL;
  PyObject *r = py_dtype_object(d);
  return r && flag && PyObject_IsTrue(flag) ? Py_BuildValue("(NO)", r, weak ? Py_True : Py_False) : r;
}

static PyObject *promote_types(PyObject *m, PyObject *args) {
  PyObject *o[2];
  CxDtype d[2], out;
  bool weak[2], out_weak;
  (void)m;
  if (!PyArg_ParseTuple(args, "OO:promote_types", &o[0], &o[1])) return NULL;
  for (int i = 0; i < 2; i++) {
    weak[i] = weak_python_type(o[i]);
    if (!py_dtype_exact(o[i], &d[i])) return NULL;
    if (weak[i]) d[i] = np_canonical(d[i]);
  }
  if (!np_result_type(2, d, weak, &out, &out_weak)) return py_raise();
  return py_dtype_object(out);
}

/* The kinds below an abstract NumPy type, "" if the name is none. */
static const char *abstract_kinds(PyObject *o) {
  static const char *const rows[][2] = {
      {"generic", "biufckv"}, {"number", "iufc"}, {"integer", "iu"}, {"signedinteger", "i"}, {"unsignedinteger", "u"}, {"inexact", "fc"},
      {"floating", "f"}, {"complexfloating", "c"}, {"extended", "k"}, {"prng_key", "k"}};
  if (!PyType_Check(o) || Py_TYPE(o) == &scalar_meta) return "";
  const char *name = strrchr(((PyTypeObject *)o)->tp_name, '.');
  name = name ? name + 1 : ((PyTypeObject *)o)->tp_name;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (!strcmp(rows[i][0], name)) return rows[i][1];
  return "";
}

static PyObject *issubdtype(PyObject *m, PyObject *args) {
  PyObject *a, *b;
  CxDtype da, db;
  (void)m;
  if (!PyArg_ParseTuple(args, "OO:issubdtype", &a, &b)) return NULL;
  const char *ka = abstract_kinds(a), *kb = abstract_kinds(b);
  if (*ka) return PyBool_FromLong(*kb && strspn(ka, kb) == strlen(ka));
  if (!py_dtype_exact(a, &da)) return NULL;
  if (*kb) return PyBool_FromLong(strchr(kb, cx_dtype_kind(da)) != NULL);
  if (!py_dtype_exact(b, &db)) return NULL;
  return PyBool_FromLong(da == db);
}

static PyObject *dtype_function(PyObject *m, PyObject *o) { /* the dtype object of anything that has or names one; not canonicalised */
  CxDtype d;
  (void)m;
  return py_dtype_exact(o, &d) ? py_dtype_object(d) : NULL;
}

#define KEYWORDS(f) (PyCFunction)(void (*)(void))f, METH_VARARGS | METH_KEYWORDS
bool py_scalars_register(PyObject *m) {
  static PyMethodDef functions[] = {
      {"scalar_types", scalar_types, METH_NOARGS, "The classes float32, int8, … by name."},
      {"canonicalize_dtype", KEYWORDS(canonicalize_dtype), "The dtype that stands for this one in the current x64 mode."},
      {"result_type", KEYWORDS(result_type), "The dtype that arrays, scalars and dtypes promote to."},
      {"promote_types", promote_types, METH_VARARGS, "The dtype that two dtypes promote to."},
      {"issubdtype", issubdtype, METH_VARARGS, "Whether a dtype is, or lies below, another or an abstract NumPy type."},
      {"as_dtype", dtype_function, METH_O, "The dtype object that something has or names."},
      {NULL, NULL, 0, NULL}};
  scalar_meta.tp_base = &PyType_Type;
  if (PyType_Ready(&scalar_meta) < 0 || PyModule_AddFunctions(m, functions) < 0) return false;
  PyObject *names = scalar_types(NULL, NULL);
  Py_XDECREF(names);
  return names != NULL;
}
