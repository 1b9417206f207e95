/* Values at the border: Python objects to handles and back. */
#include "python/leaks.h"
#include "python/py.h"
#include "python/compat.h"

#include "kernels/convert.h"
#include <math.h>
#include <string.h>

/* ---- the GIL ---- */

enum { WORTH_UNLOCKING = 1 << 15 };

PyThreadState *py_unlock(int64_t work) { return work >= WORTH_UNLOCKING && !cx_thread.trace ? PyEval_SaveThread() : NULL; }
PyThreadState *py_unlock2(int64_t work, CxVal x, CxVal y) {
  if (work < WORTH_UNLOCKING || cx_thread.trace) return NULL;
  cx_keep(cx_retain(x)); /* another thread may delete the arrays meanwhile */
  cx_keep(cx_retain(y));
  return PyEval_SaveThread();
}
void py_lock(PyThreadState *s) {
  if (s) PyEval_RestoreThread(s);
}

/* ---- the user's place ---- */

static bool is_ours(PyCodeObject *code) {
  static _Thread_local PyCodeObject *last;
  static _Thread_local bool last_ours;
  if (code == last) return last_ours;
  const char *file = PyUnicode_AsUTF8(code->co_filename);
  if (!file) PyErr_Clear();
  last = code;
  last_ours = file && strstr(file, "/cuirax/") && !strstr(file, "/tests/");
  return last_ours;
}

/* The innermost frame outside of the package. The frame object exists once per frame, so repeated calls are cheap. */
static CxWhere user_place(void) {
  if (!PyGILState_Check()) return (CxWhere){0}; /* a rule traces while a program runs */
  PyThreadState *ts = PyThreadState_Get();
  PyFrameObject *f = PyThreadState_GetFrame(ts);
  CxWhere w = {0};
  while (f) {
    PyCodeObject *code = PyFrame_GetCode(f);
    bool ours = is_ours(code);
    if (!ours) w = (CxWhere){code, PyFrame_GetLasti(f)};
    Py_DECREF(code); /* the frame holds it */
    PyFrameObject *back = ours ? PyFrame_GetBack(f) : NULL;
    Py_DECREF(f);
    f = back;
  }
  return w;
}

void py_where_install(void) { cx_thread.where = user_place; }

/* ---- out ---- */

static PyTypeObject *tracer_type(const CxTrace *t) {
  if (t->kind == &trace_stage) return &py_stage_tracer;
  if (t->kind == &trace_batch) return &py_batch_tracer;
  if (t->kind == &trace_jvp) return t->parent && t->parent->kind == &trace_linear ? &py_grad_tracer : &py_jvp_tracer;
  return &py_linear_tracer;
}

/* Array objects come and go with every call: some are kept for the next. Guarded by the GIL; off in free-threaded builds. */
enum { SPARE_MAX = PY_TREE_HAS_GIL ? 256 : 0 };
static PyVal *spare[SPARE_MAX + 1];
static uint32_t n_spare;

bool py_array_spare(PyVal *o) {
  if (n_spare == SPARE_MAX) return false;
  spare[n_spare++] = o;
  return true;
}

static PyVal *array_object(void) {
  if (!n_spare) return PyObject_New(PyVal, &py_array);
  return (PyVal *)(void *)PyObject_Init((PyObject *)spare[--n_spare], &py_array);
}

PyObject *py_wrap_owned(CxVal v) {
  if (!v || cx_failed()) return cx_release(v), py_raise();
  PyVal *o = v->trace ? PyObject_New(PyVal, tracer_type(v->trace)) : array_object();
  if (!o) return cx_release(v), NULL;
  o->v = v;
  o->type = v->type;
  o->weakrefs = NULL;
  if (v->trace && CX_SETTING(checking_leaks)) py_watch_tracer((PyObject *)o);
  return (PyObject *)o;
}

PyObject *py_wrap(CxVal v) { return py_wrap_owned(cx_retain(v)); }

CxVal py_concrete(CxVal v) {
  while (v && v->trace && v->trace->kind == &trace_jvp) v = v->jvp.primal;
  return node_is_array(v) ? v : NULL;
}

/* ---- in: Python scalars, weak and inlined as literals ---- */

static CxVal literal(CxDtype dtype, bool weak, const void *bytes) {
  CxVal v = node_array(cx_type_scalar(dtype, weak));
  if (!v) return NULL;
  memcpy(v->array.data, bytes, (size_t)cx_dtype_bytes(dtype));
  v->literal = true;
  return cx_keep(v);
}

static CxVal from_bool(PyObject *o) { return literal(CX_BOOL, false, &(uint8_t){o == Py_True}); }

static CxVal from_float(PyObject *o) {
  double d = PyFloat_AS_DOUBLE(o);
  float f = (float)d;
  return config_x64() ? literal(CX_F64, true, &d) : literal(CX_F32, true, &f);
}

static CxVal from_complex(PyObject *o) {
  Py_complex c = PyComplex_AsCComplex(o);
  double d[2] = {c.real, c.imag};
  float f[2] = {(float)c.real, (float)c.imag};
  return config_x64() ? literal(CX_C128, true, d) : literal(CX_C64, true, f);
}

static CxVal int_overflow(PyObject *o, const char *dtype) {
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_OverflowError)) return py_keep_exception(), NULL;
  PyErr_Format(PyExc_OverflowError, "Python int %S too large to convert to %s", o, dtype);
  return py_keep_exception(), NULL;
}

static CxVal from_int(PyObject *o) {
  int overflow;
  long long i = PyLong_AsLongLongAndOverflow(o, &overflow);
  if (config_x64()) return overflow ? int_overflow(o, "int64") : literal(CX_I64, true, &(int64_t){i});
  if (overflow || i != (int32_t)i) return int_overflow(o, "int32");
  return literal(CX_I32, true, &(int32_t){(int32_t)i});
}

/* ---- in: buffers ---- */

static bool strides_of(const Py_buffer *b, int64_t *dims, int64_t *strides) {
  for (int i = 0; i < b->ndim; i++) {
    dims[i] = b->shape[i];
    if (b->itemsize && b->strides[i] % b->itemsize) return false;
    strides[i] = b->itemsize ? b->strides[i] / b->itemsize : 0;
  }
  return true;
}

static CxVal from_view(const Py_buffer *b, CxDtype dtype) {
  int64_t dims[CX_MAX_RANK], strides[CX_MAX_RANK];
  if (b->ndim > CX_MAX_RANK) return cx_fail(CX_ERR_VALUE, "arrays have at most %d axes, got %d", CX_MAX_RANK, b->ndim), NULL;
  if (!strides_of(b, dims, strides)) return cx_fail(CX_ERR_VALUE, "the array's strides are not multiples of its item size: make a copy first"), NULL;
  CxVal v = node_array(cx_type(np_canonical(dtype), b->ndim, dims, false));
  if (!v) return NULL;
  if (v->type->dtype == dtype && PyBuffer_IsContiguous(b, 'C')) {
    memcpy(v->array.data, b->buf, type_bytes(v->type));
    return cx_keep(v);
  }
  CxView from = {b->buf, dtype, b->ndim, dims, strides}, to = node_view(v);
  return kernel_convert(&from, &to) ? cx_keep(v) : (cx_release(v), NULL);
}

CxVal py_from_buffer(PyObject *o, CxDtype dtype) {
  Py_buffer b;
  if (PyObject_GetBuffer(o, &b, PyBUF_STRIDED_RO) < 0) return py_keep_exception(), NULL;
  CxVal v = b.itemsize == cx_dtype_bytes(dtype) ? from_view(&b, dtype)
                                                : (cx_fail(CX_ERR_VALUE, "the buffer's items have %zd bytes, but %s has %d", b.itemsize,
                                                           cx_dtype_name(dtype), cx_dtype_bytes(dtype)), NULL);
  PyBuffer_Release(&b);
  return v;
}

/* An ndarray whose dtype the buffer protocol cannot name is viewed as unsigned integers of the same width. */
static PyObject *plain_view(PyObject *array, CxDtype d) {
  if (d == CX_BOOL || d == CX_F16 || strchr("iu", cx_dtype_kind(d)) || d == CX_F32 || d == CX_F64 || cx_dtype_kind(d) == 'c')
    if (cx_dtype_bits(d) >= 8 || d == CX_BOOL) return Py_NewRef(array);
  return PyObject_CallMethod(array, "view", "s", cx_dtype_bytes(d) == 1 ? "u1" : "u2");
}

static CxVal float0_zeros(PyObject *array) {
  PyObject *bytes = PyObject_CallMethod(array, "astype", "s", "?");
  CxVal v = bytes ? py_from_buffer(bytes, CX_BOOL) : (py_keep_exception(), NULL);
  Py_XDECREF(bytes);
  return v ? cx_array(CX_FLOAT0, v->type->rank, v->type->dims, NULL) : NULL;
}

static CxVal from_native(PyObject *array, CxDtype d) {
  if (d == CX_FLOAT0) return float0_zeros(array);
  PyObject *plain = plain_view(array, d);
  CxVal v = plain ? py_from_buffer(plain, d) : (py_keep_exception(), NULL);
  Py_XDECREF(plain);
  if (v && cx_dtype_bits(d) < 8 && cx_dtype_kind(d) == 'i') v = cx_convert(cx_convert(v, CX_I8), d); /* sign-extends */
  return v;
}

static CxVal from_ndarray(PyObject *array) {
  PyObject *dtype = PyObject_GetAttrString(array, "dtype"), *native = dtype ? PyObject_GetAttrString(dtype, "isnative") : NULL;
  CxDtype d;
  CxVal v = NULL;
  if (!native || !py_dtype_exact(dtype, &d)) {
    py_keep_exception();
  } else if (native == Py_True) {
    v = from_native(array, d);
  } else {
    PyObject *order = PyObject_CallMethod(dtype, "newbyteorder", "s", "=");
    PyObject *swapped = order ? PyObject_CallMethod(array, "astype", "O", order) : NULL;
    v = swapped ? from_native(swapped, d) : (py_keep_exception(), NULL);
    Py_XDECREF(order);
    Py_XDECREF(swapped);
  }
  Py_XDECREF(dtype);
  Py_XDECREF(native);
  return v;
}

static CxVal from_numpy_scalar(PyObject *o) {
  PyObject *array = PyObject_CallMethod(py_numpy(true), "asarray", "O", o);
  CxVal v = array ? from_ndarray(array) : (py_keep_exception(), NULL);
  Py_XDECREF(array);
  return v;
}

/* ---- in: anything ---- */

static bool is_a(PyObject *o, const char *numpy_type) {
  PyObject *t = py_numpy_type(numpy_type);
  return t && PyObject_TypeCheck(o, (PyTypeObject *)t);
}

char *py_type_text(const CxType *t, char *buf, size_t n) {
  size_t at = (size_t)snprintf(buf, n, "%s[", cx_dtype_name(t->dtype));
  for (int i = 0; i < t->rank && at < n; i++)
    at += (size_t)snprintf(buf + at, n - at, "%s%lld", i ? "," : "", (long long)t->dims[i]);
  if (at < n) snprintf(buf + at, n - at, "]");
  return buf;
}

static CxVal from_deleted(PyVal *a) {
  char text[256];
  PyErr_Clear();
  py_type_text(a->type, text, sizeof text);
  return cx_fail(CX_ERR_RUNTIME, "Array has been deleted with shape=%s.", text), NULL;
}

static CxVal from_protocol(PyObject *method) {
  PyObject *inner = PyObject_CallNoArgs(method);
  CxVal v = inner ? py_val(inner) : (py_keep_exception(), NULL);
  Py_XDECREF(inner);
  return v;
}

CxVal py_try_val(PyObject *o) {
  cx_thread.where = user_place;
  PyTypeObject *t = Py_TYPE(o);
  if (py_is_val(o)) return ((PyVal *)o)->v ? cx_keep(cx_retain(((PyVal *)o)->v)) : from_deleted((PyVal *)o);
  if (t == &PyFloat_Type) return from_float(o);
  if (t == &PyLong_Type) return from_int(o);
  if (t == &PyBool_Type) return from_bool(o);
  if (t == &PyComplex_Type) return from_complex(o);
  if (is_a(o, "ndarray")) return from_ndarray(o);
  if (is_a(o, "generic")) return from_numpy_scalar(o);
  if (PyLong_Check(o)) return from_int(o);
  if (PyFloat_Check(o)) return from_float(o);
  if (PyComplex_Check(o)) return from_complex(o);
  if (t == &PyTuple_Type || t == &PyList_Type || t == &PyDict_Type || t == &PyUnicode_Type || o == Py_None) return NULL;
  PyObject *method = PyObject_GetAttrString(o, "__jax_array__");
  if (!method) return PyErr_Clear(), NULL;
  CxVal v = PyType_Check(o) ? NULL : from_protocol(method);
  Py_DECREF(method);
  return v;
}

CxVal py_val(PyObject *o) {
  CxVal v = py_try_val(o);
  if (!v && !cx_failed()) {
    PyErr_Format(PyExc_TypeError, "Argument '%.200S' of type %R is not a valid JAX type.", o, Py_TYPE(o));
    py_keep_exception();
  }
  return v;
}

CxVal py_arg(PyObject *o, const char *function, int position) {
  CxVal v = py_try_val(o);
  if (!v && !cx_failed()) {
    PyErr_Format(PyExc_TypeError, "%s requires ndarray or scalar arguments, got %R at position %d.", function, Py_TYPE(o), position);
    py_keep_exception();
  }
  return v;
}
