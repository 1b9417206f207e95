/* Text of arrays and tracers. Elements are printed by NumPy, so that they look as its users expect. */
#include "python/array.h"

#include <string.h>



static PyObject *elements_text(CxVal v, Py_ssize_t *width) {
  PyObject *np = py_numpy(true), *array = np ? py_to_numpy(v) : NULL;
  PyObject *options = array ? PyObject_CallMethod(np, "get_printoptions", NULL) : NULL;
  PyObject *line = options ? PyMapping_GetItemString(options, "linewidth") : NULL;
  PyObject *print = line ? PyObject_GetAttrString(np, "array2string") : NULL, *text = NULL;
  if (print) {
    *width = PyLong_AsSsize_t(line);
    PyObject *args = PyTuple_Pack(1, array);
    PyObject *kwargs = Py_BuildValue("{s:s,s:s,s:s,s:O}", "prefix", "Array(", "suffix", ",", "separator", ", ", "max_line_width", line);
    if (args && kwargs) text = PyObject_Call(print, args, kwargs);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
  }
  Py_XDECREF(array);
  Py_XDECREF(options);
  Py_XDECREF(line);
  Py_XDECREF(print);
  return text;
}

static PyObject *empty_text(const CxType *t, Py_ssize_t *width) {
  PyObject *shape = py_shape_tuple(t), *text = shape ? PyUnicode_FromFormat("[], shape=%R", shape) : NULL;
  Py_XDECREF(shape);
  *width = 75;
  return text;
}

/* Keys print their bits. */
static PyObject *key_text(CxVal v) {
  PyObject *shape = py_shape_tuple(v->type);
  int words = cx_dtype_bytes(v->type->dtype) / 4;
  int64_t dims[CX_MAX_RANK + 1];
  memcpy(dims, v->type->dims, (size_t)v->type->rank * sizeof *dims);
  dims[v->type->rank] = words;
  CxVal bits = cx_keep(node_array_sharing(cx_type(CX_U32, v->type->rank + 1, dims, false), v, 0));
  PyObject *array = bits ? py_to_numpy(bits) : py_raise(), *inner = array ? PyObject_Str(array) : NULL;
  PyObject *text = shape && inner ? PyUnicode_FromFormat("Array(%R, dtype=%s) overlaying:\n%U", shape, cx_dtype_name(v->type->dtype), inner) : NULL;
  Py_XDECREF(shape);
  Py_XDECREF(array);
  Py_XDECREF(inner);
  return text;
}

static PyObject *array_text(CxVal v) {
  char dtype[64];
  const CxType *t = v->type;
  Py_ssize_t width = 75;
  if (cx_dtype_kind(t->dtype) == 'k') return key_text(v);
  int n = snprintf(dtype, sizeof dtype, "dtype=%s%s", t->dtype == CX_FLOAT0 ? "[('float0', 'V')]" : cx_dtype_name(t->dtype), t->weak ? ", weak_type=True" : "");
  PyObject *s = t->size ? elements_text(v, &width) : empty_text(t, &width);
  if (!s) return NULL;
  Py_ssize_t length = PyUnicode_GET_LENGTH(s), newline = PyUnicode_FindChar(s, '\n', 0, length, -1);
  bool fits = length - newline + 1 + n + 2 <= width;
  PyObject *r = PyUnicode_FromFormat("Array(%U,%s%s)", s, fits ? " " : "      ", dtype);
  Py_DECREF(s);
  return r;
}

PyObject *py_array_repr(PyObject *o) {
  CxScope s;
  cx_scope_open(&s);
  CxVal v = py_self(o);
  PyObject *r = v ? array_text(v) : py_raise();
  cx_scope_close(&s);
  return r;
}

PyObject *py_array_str(PyObject *o) {
  CxVal v = py_self(o);
  if (!v) return py_raise();
  if (cx_dtype_kind(v->type->dtype) == 'k') return py_array_repr(o);
  PyObject *array = py_to_numpy(v), *r = array ? PyObject_Str(array) : NULL;
  Py_XDECREF(array);
  return r;
}

PyObject *py_format(PyObject *o, PyObject *spec) {
  CxVal v = py_self(o);
  if (!v) return py_raise();
  if (v->trace) {
    if (PyUnicode_Check(spec) && PyUnicode_GET_LENGTH(spec) == 0) return PyObject_Str(o);
    return PyErr_Format(PyExc_TypeError, "unsupported format string passed to %s.__format__", py_short_name(Py_TYPE(o)));
  }
  PyObject *array = py_to_numpy(v), *inner = array;
  if (array && v->type->rank == 0) {
    PyObject *unit = PyTuple_New(0);
    inner = unit ? PyObject_GetItem(array, unit) : NULL;
    Py_XDECREF(unit);
    Py_DECREF(array);
  }
  PyObject *r = inner ? PyObject_Format(inner, spec) : NULL;
  Py_XDECREF(inner);
  return r;
}

/* ---- tracers ---- */

static PyObject *inner_text(CxVal v) { /* a component of a tracer */
  PyObject *o = py_wrap(v), *s = o ? PyObject_Str(o) : NULL;
  Py_XDECREF(o);
  return s;
}

static PyObject *jvp_text(PyObject *o, CxVal v) {
  char tangent[256];
  PyObject *p = inner_text(v->jvp.primal), *t = NULL, *r = NULL;
  if (p && Py_TYPE(o) == &py_grad_tracer) {
    r = PyUnicode_FromFormat("GradTracer(primal=%U, typeof(tangent)=%s)", p, cx_type_text(v->jvp.tangent->type, tangent, sizeof tangent));
  } else if (p && (t = inner_text(v->jvp.tangent))) {
    r = PyUnicode_FromFormat("JVPTracer(primal=%U, tangent=%U)", p, t);
  }
  Py_XDECREF(p);
  Py_XDECREF(t);
  return r;
}

PyObject *py_tracer_repr(PyObject *o) {
  CxVal v = py_self(o);
  char type[256], inner[256];
  if (!v) return py_raise();
  py_type_text(v->type, type, sizeof type);
  const char *weak = v->type->weak ? "~" : "";
  if (v->trace->kind == &trace_jvp) return jvp_text(o, v);
  if (v->trace->kind == &trace_batch)
    return PyUnicode_FromFormat("VmapTracer(aval=%s%s, batched=%s)", weak, type, py_type_text(v->batch.value->type, inner, sizeof inner));
  return PyUnicode_FromFormat("%s(%s%s)", v->trace->kind == &trace_stage ? "JitTracer" : "JaxprTracer", weak, type);
}
