/* What the transformation objects share. See transform.h. */
#include "python/transform.h"
#include "op/rules.h"
#include "python/symbolic.h"

PyObject *py_raise_traced(void) { return PyErr_Occurred() ? (cx_error_clear(), NULL) : py_raise(); }

static PyObject *float0_zeros(const CxType *type) {
  PyObject *np = py_numpy(true), *shape = np ? PyTuple_New(type->rank) : NULL;
  for (int i = 0; shape && i < type->rank; i++) PyTuple_SET_ITEM(shape, i, PyLong_FromLongLong(type->dims[i]));
  PyObject *dtype = shape ? py_dtype_object(CX_FLOAT0) : NULL, *r = dtype ? PyObject_CallMethod(np, "zeros", "OO", shape, dtype) : NULL;
  Py_XDECREF(dtype);
  Py_XDECREF(shape);
  return r;
}

PyObject *py_cotangent(CxVal v, const CxType *type) {
  if (!strchr("fc", cx_dtype_kind(type->dtype))) return float0_zeros(type);
  v = cx_instantiate(v, type);
  if (v && type->weak && !v->type->weak) v = cx_convert_weak(v, v->type->dtype, true);
  return py_wrap(v);
}

PyObject *py_kwargs_dict(PyObject *const *values, PyObject *names) {
  PyObject *d = PyDict_New();
  for (Py_ssize_t i = 0; d && names && i < PyTuple_GET_SIZE(names); i++)
    if (PyDict_SetItem(d, PyTuple_GET_ITEM(names, i), values[i]) < 0) Py_CLEAR(d);
  return d;
}

bool py_int_list(PyObject *o, int fallback, int **out, int *n) {
  PyObject *one = NULL, *fast;
  if (!o) o = one = PyLong_FromLong(fallback);
  else if (PyIndex_Check(o) && !PySequence_Check(o)) o = one = PyNumber_Index(o);
  if (!o) return false;
  fast = PyLong_Check(o) ? PyTuple_Pack(1, o) : PySequence_Tuple(o);
  Py_XDECREF(one);
  if (!fast) return false;
  *n = (int)PyTuple_GET_SIZE(fast);
  *out = PyMem_Calloc((size_t)*n + 1, sizeof **out);
  for (int i = 0; *out && i < *n; i++) {
    PyObject *index = PyNumber_Index(PyTuple_GET_ITEM(fast, i));
    long v = index ? PyLong_AsLong(index) : -1;
    Py_XDECREF(index);
    if (v == -1 && PyErr_Occurred()) return Py_DECREF(fast), false;
    (*out)[i] = (int)v;
  }
  Py_DECREF(fast);
  return *out != NULL;
}

bool py_copy_function_attrs(PyObject *wrapper, PyObject *fun) {
  static const char *const names[] = {"__name__", "__qualname__", "__doc__", "__module__"};
  for (int i = 0; i < 4; i++) {
    PyObject *v = PyObject_GetAttrString(fun, names[i]);
    if (!v) {
      PyErr_Clear();
      continue;
    }
    int r = PyObject_SetAttrString(wrapper, names[i], v);
    Py_DECREF(v);
    if (r < 0) return false;
  }
  return true;
}

PyObject *py_bind_method(PyObject *self, PyObject *obj, PyObject *type) {
  (void)type;
  return obj && obj != Py_None ? PyMethod_New(self, obj) : Py_NewRef(self);
}

bool py_transform_register(PyObject *m) {
  static bool (*const parts[])(PyObject *) = {py_grad_register, py_jit_register, py_vmap_register, py_jaxpr_register, py_config_register, py_control_register, py_fold_register,
                                              py_custom_register, py_symbolic_register, py_callback_register, py_shapes_register, py_jacobian_register, py_stablehlo_register};
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    if (!parts[i](m)) return false;
  return true;
}
