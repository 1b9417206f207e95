/* Arrays in other libraries' hands: the buffer protocol, NumPy's __array__, DLPack both ways, Python lists, pickles. All
 * exports share memory and are read-only, except copies. */
#include "python/array.h"

#include <string.h>

/* ---- the buffer protocol ---- */

static const char *buffer_format(CxDtype d) {
  switch (d) {
  case CX_BOOL: return "?";
  case CX_I8: return "b";
  case CX_I16: return "h";
  case CX_I32: return "i";
  case CX_I64: return "q";
  case CX_U8: return "B";
  case CX_U16: return "H";
  case CX_U32: return "I";
  case CX_U64: return "Q";
  case CX_F16: return "e";
  case CX_F32: return "f";
  case CX_F64: return "d";
  case CX_C64: return "Zf";
  case CX_C128: return "Zd";
  default: return NULL;
  }
}

static bool buffer_fill(Py_buffer *b, CxVal v, int flags) {
  const CxType *t = v->type;
  Py_ssize_t *shape = PyMem_Malloc(2 * ((size_t)t->rank + 1) * sizeof *shape), *strides = shape + t->rank + 1;
  if (!shape) return PyErr_NoMemory(), false;
  Py_ssize_t step = cx_dtype_bytes(t->dtype);
  *b = (Py_buffer){.buf = v->array.data, .len = (Py_ssize_t)type_bytes(t), .itemsize = step, .readonly = 1, .ndim = t->rank, .internal = shape};
  for (int i = t->rank - 1; i >= 0; i--) {
    shape[i] = t->dims[i];
    strides[i] = step;
    step *= t->dims[i];
  }
  if (flags & PyBUF_FORMAT) b->format = (char *)(uintptr_t)buffer_format(t->dtype);
  if (flags & PyBUF_ND) b->shape = shape;
  if ((flags & PyBUF_STRIDES) == PyBUF_STRIDES) b->strides = strides;
  return true;
}

static int buffer_refuse(Py_buffer *b, const char *why) {
  b->obj = NULL;
  PyErr_SetString(PyExc_BufferError, why);
  return -1;
}

static int buffer_get(PyObject *o, Py_buffer *b, int flags) {
  CxVal v = py_self(o);
  if (!v) return b->obj = NULL, py_raise(), -1;
  if (v->trace) return buffer_refuse(b, "a traced array has no elements to export");
  if (!buffer_format(v->type->dtype)) return buffer_refuse(b, "the Python buffer protocol has no format for this dtype");
  if (flags & PyBUF_WRITABLE) return buffer_refuse(b, "arrays are immutable: only read-only buffers can be exported");
  if (!buffer_fill(b, v, flags)) return b->obj = NULL, -1;
  b->obj = Py_NewRef(o);
  return 0;
}

static void buffer_drop(PyObject *o, Py_buffer *b) {
  (void)o;
  PyMem_Free(b->internal);
}

PyBufferProcs py_buffer_slots = {buffer_get, buffer_drop};

/* ---- NumPy ---- */

static PyObject *numpy_view(CxVal v, CxDtype as) { /* over the same memory, elements named as `as` */
  CxScope s;
  cx_scope_open(&s);
  CxVal shared = as == v->type->dtype ? v : cx_keep(node_array_sharing(cx_type_with_dtype(v->type, as, false), v, 0));
  PyObject *o = py_wrap(shared), *view = o ? PyMemoryView_FromObject(o) : NULL;
  PyObject *array = view ? PyObject_CallMethod(py_numpy(true), "asarray", "O", view) : NULL;
  Py_XDECREF(o);
  Py_XDECREF(view);
  cx_scope_close(&s);
  return array;
}

PyObject *py_to_numpy(CxVal v) {
  if (!py_numpy(true)) return NULL;
  CxDtype d = v->type->dtype;
  if (cx_dtype_kind(d) == 'k')
    return PyErr_Format(PyExc_TypeError, "JAX array with PRNGKey dtype cannot be converted to a NumPy array. Use jax.random.key_data(arr) if you wish "
                                         "to extract the underlying integer array.");
  PyObject *dtype = py_dtype_object(d), *array = NULL;
  if (dtype && buffer_format(d)) {
    array = numpy_view(v, d);
  } else if (dtype && d == CX_FLOAT0) {
    PyObject *shape = py_shape_tuple(v->type);
    array = shape ? PyObject_CallMethod(py_numpy(true), "zeros", "OO", shape, dtype) : NULL;
    Py_XDECREF(shape);
  } else if (dtype) {
    PyObject *raw = numpy_view(v, cx_dtype_bytes(d) == 1 ? CX_U8 : CX_U16);
    array = raw ? PyObject_CallMethod(raw, "view", "O", dtype) : NULL;
    Py_XDECREF(raw);
  }
  Py_XDECREF(dtype);
  return array;
}

static PyObject *numpy_converted(PyObject *array, PyObject *dtype, PyObject *copy) {
  PyObject *kwargs = PyDict_New(), *args = PyTuple_Pack(1, array), *as = PyObject_GetAttrString(py_numpy(true), "asarray"), *r = NULL;
  bool ok = kwargs && args && as && PyDict_SetItemString(kwargs, "dtype", dtype) == 0;
  if (ok && copy != Py_None) ok = PyDict_SetItemString(kwargs, "copy", copy) == 0;
  if (ok) r = PyObject_Call(as, args, kwargs);
  Py_XDECREF(kwargs);
  Py_XDECREF(args);
  Py_XDECREF(as);
  return r;
}

PyObject *py_array_method(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"dtype", "context", "copy", NULL};
  PyObject *dtype = Py_None, *context = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OOO:__array__", names, &dtype, &context, &copy)) return NULL;
  CxVal v = py_self(o);
  if (!v) return py_raise();
  if (v->trace) return py_tracer_fail(o, CX_ERR_TRACER_ARRAY, "The numpy.ndarray conversion method __array__() was called on", NULL);
  PyObject *array = py_to_numpy(v);
  if (!array || (dtype == Py_None && copy == Py_None)) return array;
  PyObject *r = numpy_converted(array, dtype, copy);
  Py_DECREF(array);
  return r;
}

/* ---- Python numbers ---- */

static PyObject *list_of(const CxType *t, int axis, const char **at) {
  if (axis == t->rank) {
    const char *p = *at;
    *at += cx_dtype_bytes(t->dtype);
    return py_number(t->dtype, p);
  }
  PyObject *list = PyList_New(t->dims[axis]);
  for (int64_t i = 0; list && i < t->dims[axis]; i++) {
    PyObject *item = list_of(t, axis + 1, at);
    if (!item) Py_CLEAR(list);
    else PyList_SET_ITEM(list, i, item);
  }
  return list;
}

static PyObject *array_tolist(PyObject *o, PyObject *unused) {
  (void)unused;
  CxVal v = py_self(o);
  if (!v) return py_raise();
  const char *at = v->array.data;
  return list_of(v->type, 0, &at);
}

static PyObject *array_tobytes(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"order", NULL};
  const char *order = "C";
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|s:tobytes", names, &order)) return NULL;
  CxVal v = py_self(o);
  if (!v) return py_raise();
  if (!strcmp(order, "C") || !strcmp(order, "K") || !strcmp(order, "A"))
    return PyBytes_FromStringAndSize(v->array.data, (Py_ssize_t)type_bytes(v->type));
  PyObject *array = py_to_numpy(v), *r = array ? PyObject_CallMethod(array, "tobytes", "s", order) : NULL;
  Py_XDECREF(array);
  return r;
}

/* ---- pickling: dtype, shape, bytes, weakness ---- */

static PyObject *array_reduce(PyObject *o, PyObject *unused) {
  (void)unused;
  CxVal v = py_self(o);
  if (!v) return py_raise();
  PyObject *m = PyImport_ImportModule("cuirax._core"), *make = m ? PyObject_GetAttrString(m, "_reconstruct_array") : NULL;
  PyObject *shape = py_shape_tuple(v->type), *bytes = PyBytes_FromStringAndSize(v->array.data, (Py_ssize_t)type_bytes(v->type));
  PyObject *r = make && shape && bytes ? Py_BuildValue("O(sOOO)", make, cx_dtype_name(v->type->dtype), shape, bytes, v->type->weak ? Py_True : Py_False) : NULL;
  Py_XDECREF(m);
  Py_XDECREF(make);
  Py_XDECREF(shape);
  Py_XDECREF(bytes);
  return r;
}

bool py_dims(PyObject *shape, int64_t *dims, int *rank) {
  PyObject *items = PySequence_Fast(shape, "a shape is a sequence of integers");
  if (!items) return false;
  Py_ssize_t n = PySequence_Fast_GET_SIZE(items);
  bool ok = n <= CX_MAX_RANK || (PyErr_Format(PyExc_ValueError, "arrays have at most %d axes, got %zd", CX_MAX_RANK, n), false);
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    dims[i] = PyNumber_AsSsize_t(PySequence_Fast_GET_ITEM(items, i), PyExc_OverflowError);
    ok = dims[i] != -1 || !PyErr_Occurred();
  }
  *rank = (int)n;
  Py_DECREF(items);
  return ok;
}

static CxVal reconstruct(CxDtype d, int rank, const int64_t *dims, const Py_buffer *bytes, bool weak) {
  const CxType *t = cx_type(d, rank, dims, weak);
  if (!t) return NULL;
  if ((size_t)bytes->len != type_bytes(t)) return cx_fail(CX_ERR_VALUE, "a pickled array has %zd bytes where its type needs %zu", bytes->len, type_bytes(t)), NULL;
  CxVal v = node_array(t);
  if (v) memcpy(v->array.data, bytes->buf, (size_t)bytes->len);
  return cx_keep(v);
}

static PyObject *reconstruct_array(PyObject *m, PyObject *args) {
  (void)m;
  const char *name;
  PyObject *shape;
  Py_buffer bytes;
  int weak, rank;
  int64_t dims[CX_MAX_RANK];
  if (!PyArg_ParseTuple(args, "sOy*p:_reconstruct_array", &name, &shape, &bytes, &weak)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_dims(shape, dims, &rank) ? py_wrap(reconstruct(cx_dtype_from_name(name), rank, dims, &bytes, weak)) : NULL;
  cx_scope_close(&s);
  PyBuffer_Release(&bytes);
  return r;
}

/* ---- DLPack: the ABI of dlpack.h, version 1.0 and before ---- */

typedef struct DlDevice { int32_t type, id; } DlDevice;
typedef struct DlType { uint8_t code, bits; uint16_t lanes; } DlType;
typedef struct DlTensor {
  void *data;
  DlDevice device;
  int32_t ndim;
  DlType dtype;
  int64_t *shape, *strides;
  uint64_t byte_offset;
} DlTensor;
typedef struct DlManaged {
  DlTensor tensor;
  void *context;
  void (*deleter)(struct DlManaged *);
} DlManaged;
typedef struct DlVersioned {
  struct { uint32_t major, minor; } version;
  void *context;
  void (*deleter)(struct DlVersioned *);
  uint64_t flags;
  DlTensor tensor;
} DlVersioned;
enum { DL_CPU = 1, DL_READ_ONLY = 1, DL_COPIED = 2 };

static const struct {
  CxDtype dtype;
  DlType dl;
} dl_types[] = {
    {CX_BOOL, {6, 8, 1}},       {CX_I8, {0, 8, 1}},        {CX_I16, {0, 16, 1}},     {CX_I32, {0, 32, 1}},         {CX_I64, {0, 64, 1}},
    {CX_U8, {1, 8, 1}},         {CX_U16, {1, 16, 1}},      {CX_U32, {1, 32, 1}},     {CX_U64, {1, 64, 1}},         {CX_F16, {2, 16, 1}},
    {CX_F32, {2, 32, 1}},       {CX_F64, {2, 64, 1}},      {CX_BF16, {4, 16, 1}},    {CX_C64, {5, 64, 1}},         {CX_C128, {5, 128, 1}},
    {CX_F8E3M4, {7, 8, 1}},     {CX_F8E4M3, {8, 8, 1}},    {CX_F8E4M3B11FNUZ, {9, 8, 1}}, {CX_F8E4M3FN, {10, 8, 1}}, {CX_F8E4M3FNUZ, {11, 8, 1}},
    {CX_F8E5M2, {12, 8, 1}},    {CX_F8E5M2FNUZ, {13, 8, 1}}, {CX_F8E8M0FNU, {14, 8, 1}},
};
enum { DL_TYPES = sizeof dl_types / sizeof *dl_types };

static bool to_dl_type(CxDtype d, DlType *out) {
  for (int i = 0; i < DL_TYPES; i++)
    if (dl_types[i].dtype == d) return *out = dl_types[i].dl, true;
  return PyErr_Format(PyExc_BufferError, "DLPack has no type for %s", cx_dtype_name(d)), false;
}

static CxDtype from_dl_type(DlType t) {
  for (int i = 0; i < DL_TYPES; i++)
    if (dl_types[i].dl.code == t.code && dl_types[i].dl.bits == t.bits && t.lanes == 1) return dl_types[i].dtype;
  return CX_NO_DTYPE;
}

/* The exported struct, with room for shape and strides behind it; the context is the retained value. */
typedef struct DlExport {
  union {
    DlManaged plain;
    DlVersioned versioned;
  };
  CxVal v;
  int64_t dims[];
} DlExport;

static void export_free(DlExport *e) {
  cx_release(e->v);
  free(e);
}
static void plain_deleter(DlManaged *m) { export_free(m->context); }
static void versioned_deleter(DlVersioned *m) { export_free(m->context); }

static DlExport *export_new(CxVal v, bool versioned, bool copied) {
  DlType type;
  int rank = v->type->rank;
  if (!to_dl_type(v->type->dtype, &type)) return NULL;
  DlExport *e = calloc(1, sizeof *e + 2 * ((size_t)rank + 1) * sizeof *e->dims);
  if (!e) return PyErr_NoMemory(), NULL;
  e->v = cx_retain(v);
  int64_t *strides = e->dims + rank + 1, step = 1;
  for (int i = rank - 1; i >= 0; i--) {
    e->dims[i] = v->type->dims[i];
    strides[i] = step;
    step *= v->type->dims[i];
  }
  DlTensor tensor = {v->array.data, {DL_CPU, 0}, rank, type, e->dims, strides, 0};
  if (versioned) e->versioned = (DlVersioned){{1, 0}, e, versioned_deleter, DL_READ_ONLY | (copied ? DL_COPIED : 0), tensor};
  else e->plain = (DlManaged){tensor, e, plain_deleter};
  return e;
}

static void capsule_drop(PyObject *capsule) { /* nobody consumed it */
  if (PyCapsule_IsValid(capsule, "dltensor")) {
    DlManaged *m = PyCapsule_GetPointer(capsule, "dltensor");
    if (m && m->deleter) m->deleter(m);
  } else if (PyCapsule_IsValid(capsule, "dltensor_versioned")) {
    DlVersioned *m = PyCapsule_GetPointer(capsule, "dltensor_versioned");
    if (m && m->deleter) m->deleter(m);
  }
}

static PyObject *dlpack_capsule(CxVal v, bool versioned, bool copied) {
  DlExport *e = v ? export_new(v, versioned, copied) : (DlExport *)py_raise();
  if (!e) return NULL;
  PyObject *c = PyCapsule_New(e, versioned ? "dltensor_versioned" : "dltensor", capsule_drop);
  if (!c) export_free(e);
  return c;
}

static CxVal fresh_copy(CxVal v) {
  CxVal c = v ? node_array(v->type) : NULL;
  if (c) memcpy(c->array.data, v->array.data, type_bytes(v->type));
  return cx_keep(c);
}

static PyObject *array_dlpack(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"stream", "max_version", "dl_device", "copy", NULL};
  PyObject *stream = Py_None, *max_version = Py_None, *device = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOOO:__dlpack__", names, &stream, &max_version, &device, &copy)) return NULL;
  long major = 0, minor = 0, type = DL_CPU, id = 0;
  if (max_version != Py_None && !PyArg_ParseTuple(max_version, "ll", &major, &minor)) return NULL;
  if (device != Py_None && !PyArg_ParseTuple(device, "ll", &type, &id)) return NULL;
  if (type != DL_CPU) return PyErr_Format(PyExc_BufferError, "the array is on the CPU; it cannot be exported to DLPack device type %ld", type);
  CxScope s;
  cx_scope_open(&s);
  CxVal v = py_self(o);
  PyObject *r = dlpack_capsule(copy == Py_True ? fresh_copy(v) : v, major >= 1, copy == Py_True);
  cx_scope_close(&s);
  return r;
}

static PyObject *array_dlpack_device(PyObject *o, PyObject *unused) {
  (void)o, (void)unused;
  return Py_BuildValue("(ii)", DL_CPU, 0);
}

/* ---- DLPack in ---- */

typedef struct DlImport { /* keeps the producer's memory */
  DlManaged *plain;
  DlVersioned *versioned;
} DlImport;

static void import_release(void *owner) {
  DlImport *i = owner;
  PyGILState_STATE gil = PyGILState_Ensure();
  if (i->plain && i->plain->deleter) i->plain->deleter(i->plain);
  if (i->versioned && i->versioned->deleter) i->versioned->deleter(i->versioned);
  PyGILState_Release(gil);
  free(i);
}

static bool is_dense(const DlTensor *t) {
  int64_t step = 1;
  for (int i = t->ndim - 1; t->strides && i >= 0; i--) {
    if (t->shape[i] != 1 && t->strides[i] != step) return false;
    step *= t->shape[i];
  }
  return true;
}

static bool import_check(const DlTensor *t, CxDtype d) {
  FAIL_IF(t->device.type != DL_CPU, CX_ERR_VALUE, "from_dlpack: the tensor lies on DLPack device type %d; only CPU memory (1) can be used", t->device.type);
  FAIL_IF(!d, CX_ERR_TYPE, "from_dlpack: no dtype for DLPack type code %u with %u bits and %u lanes", t->dtype.code, t->dtype.bits, t->dtype.lanes);
  FAIL_IF(t->ndim < 0 || t->ndim > CX_MAX_RANK, CX_ERR_VALUE, "from_dlpack: arrays have at most %d axes, got %d", CX_MAX_RANK, t->ndim);
  for (int i = 0; i < t->ndim; i++) FAIL_IF(t->shape[i] < 0, CX_ERR_VALUE, "from_dlpack: negative extent at axis %d", i);
  return true;
}

static CxVal import_copy(const DlTensor *t, CxDtype d) { /* strided or unaligned memory */
  CxVal v = node_array(cx_type(d, t->ndim, t->shape, false));
  if (!v) return NULL;
  CxView from = {(char *)t->data + t->byte_offset, d, t->ndim, t->shape, t->strides}, to = node_view(v);
  return kernel_convert(&from, &to) ? cx_keep(v) : (cx_release(v), NULL);
}

static CxVal import_tensor(const DlTensor *t, DlImport keep, bool copy) {
  CxDtype d = from_dl_type(t->dtype);
  if (!import_check(t, d)) return NULL;
  char *data = (char *)t->data + t->byte_offset;
  bool usable = is_dense(t) && (uintptr_t)data % (uintptr_t)cx_dtype_bytes(d) == 0 && !copy;
  if (!usable) return import_copy(t, d);
  DlImport *owner = malloc(sizeof *owner);
  if (!owner) return cx_fail(CX_ERR_MEMORY, "out of memory"), NULL;
  *owner = keep;
  CxVal v = cx_array_foreign(d, t->ndim, t->shape, data, import_release, owner);
  if (!v) free(owner);
  return v;
}

static CxVal import_capsule(PyObject *capsule, bool copy) {
  DlImport keep = {0};
  const DlTensor *t;
  bool versioned = PyCapsule_IsValid(capsule, "dltensor_versioned");
  if (versioned) keep.versioned = PyCapsule_GetPointer(capsule, "dltensor_versioned"), t = &keep.versioned->tensor;
  else keep.plain = PyCapsule_GetPointer(capsule, "dltensor"), t = keep.plain ? &keep.plain->tensor : NULL;
  if (!t) return py_keep_exception(), NULL;
  if (versioned && keep.versioned->version.major > 1)
    return cx_fail(CX_ERR_VALUE, "from_dlpack: version %u of DLPack is not known", keep.versioned->version.major), NULL;
  CxVal v = import_tensor(t, keep, copy);
  if (v && v->array.buffer->release) PyCapsule_SetName(capsule, versioned ? "used_dltensor_versioned" : "used_dltensor");
  return v; /* after a copy the capsule's own destructor releases the tensor */
}

static PyObject *export_capsule_of(PyObject *o) {
  if (PyCapsule_CheckExact(o)) return Py_NewRef(o);
  PyObject *method = PyObject_GetAttrString(o, "__dlpack__");
  if (!method) return NULL;
  PyObject *kwargs = Py_BuildValue("{s:(ii)}", "max_version", 1, 0), *none = PyTuple_New(0);
  PyObject *capsule = kwargs && none ? PyObject_Call(method, none, kwargs) : NULL;
  if (!capsule && PyErr_ExceptionMatches(PyExc_TypeError)) { /* a producer from before DLPack 1.0 */
    PyErr_Clear();
    capsule = PyObject_CallNoArgs(method);
  }
  Py_XDECREF(kwargs);
  Py_XDECREF(none);
  Py_DECREF(method);
  return capsule;
}

static PyObject *from_dlpack(PyObject *m, PyObject *args, PyObject *kwargs) {
  (void)m;
  static char *names[] = {"external_array", "device", "copy", NULL};
  PyObject *o, *device = Py_None, *copy = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO:from_dlpack", names, &o, &device, &copy)) return NULL;
  PyObject *capsule = export_capsule_of(o);
  if (!capsule) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_wrap(import_capsule(capsule, copy == Py_True));
  cx_scope_close(&s);
  Py_DECREF(capsule);
  return r;
}

PyMethodDef py_export_methods[] = {
    {"tolist", array_tolist, METH_NOARGS, "The elements as nested lists of Python numbers."},
    {"tobytes", (PyCFunction)(void (*)(void))array_tobytes, METH_VARARGS | METH_KEYWORDS, "The elements' memory."},
    {"__reduce__", array_reduce, METH_NOARGS, NULL},
    {"__dlpack__", (PyCFunction)(void (*)(void))array_dlpack, METH_VARARGS | METH_KEYWORDS, NULL},
    {"__dlpack_device__", array_dlpack_device, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL}};

bool py_export_register(PyObject *m) {
  static PyMethodDef functions[] = {
      {"_reconstruct_array", reconstruct_array, METH_VARARGS, "Makes an array from its pickled parts."},
      {"from_dlpack", (PyCFunction)(void (*)(void))from_dlpack, METH_VARARGS | METH_KEYWORDS, "An array from any object with __dlpack__, without a copy where possible."},
      {NULL, NULL, 0, NULL}};
  return PyModule_AddFunctions(m, functions) == 0;
}
