/* The types Array, ArrayImpl and Tracer: attributes and methods. Operators: operators.c; indexing: subscript.c; export to other
 * libraries: export.c; text: repr.c; devices: device.c. Methods that are library functions (sum, reshape, …) come from the API. */
#include "python/array.h"

#include "np/arith.h"
#include "np/promote.h"
#include "np/view.h"
#include <string.h>
#include <structmember.h>

/* ---- life ---- */

static void val_dealloc(PyObject *o) {
  PyVal *a = (PyVal *)o;
  if (a->weakrefs) PyObject_ClearWeakRefs(o);
  cx_release(a->v);
  if (Py_TYPE(o) == &py_array && py_array_spare(a)) return;
  Py_TYPE(o)->tp_free(o);
}

static PyObject *val_refuse_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  (void)args, (void)kwargs;
  return PyErr_Format(PyExc_TypeError, "%s cannot be instantiated directly: use jax.numpy.array", type->tp_name);
}

CxVal py_self(PyObject *o) {
  CxVal v = ((PyVal *)o)->v;
  return v ? v : py_try_val(o); /* deleted: leaves the error */
}

/* ---- attributes of the type: valid also when the array was deleted ---- */

PyObject *py_shape_tuple(const CxType *t) {
  PyObject *shape = PyTuple_New(t->rank);
  for (int i = 0; shape && i < t->rank; i++) {
    PyObject *n = PyLong_FromLongLong(t->dims[i]);
    if (!n) Py_CLEAR(shape);
    else PyTuple_SET_ITEM(shape, i, n);
  }
  return shape;
}

static const CxType *type_of(PyObject *o) { return ((PyVal *)o)->type; }
static int64_t nbytes_of(const CxType *t) { return t->size * cx_dtype_bytes(t->dtype); }

static PyObject *get_shape(PyObject *o, void *c) { return (void)c, py_shape_tuple(type_of(o)); }
static PyObject *get_dtype(PyObject *o, void *c) { return (void)c, py_dtype_object(type_of(o)->dtype); }
static PyObject *get_ndim(PyObject *o, void *c) { return (void)c, PyLong_FromLong(type_of(o)->rank); }
static PyObject *get_size(PyObject *o, void *c) { return (void)c, PyLong_FromLongLong(type_of(o)->size); }
static PyObject *get_itemsize(PyObject *o, void *c) { return (void)c, PyLong_FromLong(cx_dtype_bytes(type_of(o)->dtype)); }
static PyObject *get_nbytes(PyObject *o, void *c) { return (void)c, PyLong_FromLongLong(nbytes_of(type_of(o))); }
static PyObject *get_weak_type(PyObject *o, void *c) { return (void)c, PyBool_FromLong(type_of(o)->weak); }
static PyObject *get_aval(PyObject *o, void *c) { return (void)c, py_aval(type_of(o)); }

/* ---- computed attributes ---- */

static PyObject *get_T(PyObject *o, void *c) { return (void)c, py_unary(o, np_reversed); }
static PyObject *get_mT(PyObject *o, void *c) { return (void)c, py_unary(o, np_swap_last); }
static PyObject *get_real(PyObject *o, void *c) { return (void)c, py_unary(o, cx_np_real); }
static PyObject *get_imag(PyObject *o, void *c) { return (void)c, py_unary(o, cx_np_imag); }
static PyObject *get_flat(PyObject *o, void *c) {
  (void)o, (void)c;
  return PyErr_Format(PyExc_NotImplementedError, "JAX Arrays do not implement the arr.flat property: consider arr.flatten() instead.");
}

static PyGetSetDef base_attributes[] = {
    {"shape", get_shape, NULL, "The extents, a tuple.", NULL},
    {"dtype", get_dtype, NULL, "The element type.", NULL},
    {"ndim", get_ndim, NULL, "The number of axes.", NULL},
    {"size", get_size, NULL, "The number of elements.", NULL},
    {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL},
    {"nbytes", get_nbytes, NULL, "Bytes of all elements.", NULL},
    {"weak_type", get_weak_type, NULL, "Whether the dtype gives way in promotion, as that of a Python scalar.", NULL},
    {"aval", get_aval, NULL, "The type: a ShapedArray.", NULL},
    {"T", get_T, NULL, "The array with its axes reversed.", NULL},
    {"mT", get_mT, NULL, "The array with its last two axes swapped.", NULL},
    {"real", get_real, NULL, "The real part.", NULL},
    {"imag", get_imag, NULL, "The imaginary part.", NULL},
    {"flat", get_flat, NULL, "Not available; use flatten().", NULL},
    {"at", py_at, NULL, "x.at[i].set(y) and its kin: copies with some elements changed.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

/* ---- methods of arrays and tracers ---- */

static PyObject *val_copy(PyObject *o, PyObject *unused) { return (void)unused, py_unary(o, cx_copy); }

static PyObject *val_astype(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"dtype", "copy", "device", NULL};
  PyObject *dtype, *device = Py_None;
  int copy = 0;
  CxDtype d;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|pO:astype", names, &dtype, &copy, &device)) return NULL;
  if (dtype == Py_None) d = np_canonical(CX_F64);
  else if (!py_dtype(dtype, &d)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVal v = py_self(o), r = v ? cx_convert_weak(v, d, false) : NULL;
  PyObject *out = py_wrap(r && copy && r == v ? cx_copy(r) : r);
  cx_scope_close(&s);
  return out;
}

static PyObject *val_view(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"dtype", "type", NULL};
  PyObject *dtype = Py_None, *type = Py_None;
  CxDtype d;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|OO:view", names, &dtype, &type)) return NULL;
  if (type != Py_None) return PyErr_Format(PyExc_NotImplementedError, "`type` argument of array.view() is not supported.");
  if (dtype == Py_None) return Py_NewRef(o);
  if (!py_dtype(dtype, &d)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *out = py_wrap(np_view(py_self(o), d));
  cx_scope_close(&s);
  return out;
}

static PyObject *item_of(PyObject *o) {
  CxVal v = py_self(o), c = py_concrete(v);
  if (!v) return py_raise();
  if (!c) return py_concretization_fail(o, "This occurred in the item() method of jax.Array");
  if (v->type->size != 1) return PyErr_Format(PyExc_ValueError, "can only convert an array of size 1 to a Python scalar");
  return py_number(c->type->dtype, c->array.data);
}

static PyObject *val_item(PyObject *o, PyObject *args) {
  if (PyTuple_GET_SIZE(args) == 0) return item_of(o);
  PyObject *index = PyTuple_GET_SIZE(args) == 1 ? PyTuple_GET_ITEM(args, 0) : args;
  PyObject *flat = NULL;
  if (PyLong_Check(index) && type_of(o)->rank != 1) { /* counts in row-major order */
    CxScope s;
    cx_scope_open(&s);
    flat = py_wrap(cx_reshape(py_self(o), 1, &type_of(o)->size));
    cx_scope_close(&s);
    if (!flat) return NULL;
  }
  if (PyLong_Check(index)) {
    int64_t i = PyLong_AsLongLong(index), n = type_of(o)->size;
    if (!PyErr_Occurred() && (i < -n || i >= n)) PyErr_Format(PyExc_IndexError, "index %lld is out of bounds for size %lld", (long long)i, (long long)n);
    if (PyErr_Occurred()) return Py_XDECREF(flat), NULL;
  }
  PyObject *element = py_subscript(flat ? flat : o, index), *r = element ? item_of(element) : NULL;
  Py_XDECREF(flat);
  Py_XDECREF(element);
  return r;
}

static PyObject *val_deepcopy(PyObject *o, PyObject *memo) { return val_copy(o, memo); }

static PyObject *val_round(PyObject *o, PyObject *args) {
  PyObject *digits = Py_None;
  if (!PyArg_ParseTuple(args, "|O:__round__", &digits)) return NULL;
  long n = digits == Py_None ? 0 : PyLong_AsLong(digits);
  if (n == -1 && PyErr_Occurred()) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVal v = np_round_to(py_self(o), (int)n);
  PyObject *r = py_wrap(digits == Py_None ? np_convert(v, np_canonical(CX_I64), false) : v);
  cx_scope_close(&s);
  return r;
}

static PyObject *val_namespace(PyObject *o, PyObject *args, PyObject *kwargs) {
  (void)o, (void)args, (void)kwargs;
  return PyImport_ImportModule("cuirax.numpy");
}

static PyObject *val_same(PyObject *o, PyObject *args) { return (void)args, Py_NewRef(o); }

#define KEYWORDS(f) (PyCFunction)(void (*)(void))f, METH_VARARGS | METH_KEYWORDS
static PyMethodDef base_methods[] = {
    {"copy", val_copy, METH_NOARGS, "A copy."},
    {"__copy__", val_copy, METH_NOARGS, NULL},
    {"__deepcopy__", val_deepcopy, METH_O, NULL},
    {"astype", KEYWORDS(val_astype), "The elements converted to another dtype."},
    {"view", KEYWORDS(val_view), "The bits of the elements taken for another dtype."},
    {"item", val_item, METH_VARARGS, "One element as a Python number."},
    {"to_device", val_same, METH_VARARGS, "The array itself: there is one device."},
    {"__round__", val_round, METH_VARARGS, NULL},
    {"__complex__", py_complex, METH_NOARGS, NULL},
    {"__format__", py_format, METH_O, NULL},
    {"__array__", KEYWORDS(py_array_method), NULL},
    {"__array_namespace__", KEYWORDS(val_namespace), NULL},
    {NULL, NULL, 0, NULL}};

/* ---- length, iteration, membership ---- */

static Py_ssize_t val_length(PyObject *o) {
  if (type_of(o)->rank) return (Py_ssize_t)type_of(o)->dims[0];
  return PyErr_SetString(PyExc_TypeError, "len() of unsized object"), -1;
}

static PyObject *rows(CxVal v) {
  PyObject *list = PyList_New(v->type->dims[0]);
  for (int64_t i = 0; list && i < v->type->dims[0]; i++) {
    CxScope s;
    cx_scope_open(&s);
    PyObject *row = py_wrap(np_row(v, i));
    cx_scope_close(&s);
    if (!row) Py_CLEAR(list);
    else PyList_SET_ITEM(list, i, row);
  }
  return list;
}

static PyObject *val_iter(PyObject *o) {
  CxVal v = py_self(o);
  if (!v) return py_raise();
  if (!v->type->rank) return PyErr_Format(PyExc_TypeError, "iteration over a 0-d array");
  PyObject *list = rows(v), *iterator = list ? PyObject_GetIter(list) : NULL;
  Py_XDECREF(list);
  return iterator;
}

/* Only a vector is searched, and only for a scalar. */
static CxVal found(PyObject *o, PyObject *item) {
  CxVal v = py_self(o), query = v ? py_arg(item, "Array.__contains__", 0) : NULL;
  if (!query) return NULL;
  if (v->type->rank != 1 || query->type->rank != 0)
    return cx_fail(CX_ERR_VALUE, "Array.__contains__: search array must be one-dimensional and the query a scalar, got ranks %d and %d.", v->type->rank,
                   query->type->rank), NULL;
  CxVal equal = cx_np_equal(v, query);
  return equal ? cx_reduce_or(equal, cx_ints(0)) : NULL;
}

static int val_contains(PyObject *o, PyObject *item) {
  CxScope s;
  cx_scope_open(&s);
  PyObject *any = py_wrap(found(o, item));
  cx_scope_close(&s);
  int r = any ? PyObject_IsTrue(any) : -1;
  Py_XDECREF(any);
  return r;
}

static int val_refuse_assignment(PyObject *o, PyObject *index, PyObject *value) {
  (void)o, (void)index, (void)value;
  PyErr_SetString(PyExc_TypeError,
                  "JAX arrays are immutable and do not support in-place item assignment. Instead of x[idx] = y, use x = x.at[idx].set(y) or another "
                  ".at[] method: https://docs.jax.dev/en/latest/_autosummary/jax.numpy.ndarray.at.html");
  return -1;
}

static PyMappingMethods mapping_slots = {val_length, py_subscript, val_refuse_assignment};
static PySequenceMethods sequence_slots = {.sq_length = val_length, .sq_contains = val_contains};

/* ---- concrete arrays only ---- */

static PyObject *alive(PyObject *o, PyObject *r) { /* takes r */
  if (((PyVal *)o)->v) return r;
  Py_XDECREF(r);
  py_self(o);
  return py_raise();
}

static PyObject *get_device(PyObject *o, void *c) { return (void)c, alive(o, py_device()); }
static PyObject *get_sharding(PyObject *o, void *c) { return (void)o, (void)c, py_sharding(); }
static PyObject *get_true(PyObject *o, void *c) { return (void)o, (void)c, Py_NewRef(Py_True); }
static PyObject *get_false(PyObject *o, void *c) { return (void)o, (void)c, Py_NewRef(Py_False); }
static PyObject *get_value(PyObject *o, void *c) {
  (void)c;
  CxVal v = py_self(o);
  return v ? py_to_numpy(v) : py_raise();
}

static PyObject *array_devices(PyObject *o, PyObject *unused) {
  (void)unused;
  PyObject *s = alive(o, py_sharding()), *set = s ? PyObject_GetAttrString(s, "device_set") : NULL;
  Py_XDECREF(s);
  return set;
}

static PyObject *array_ready(PyObject *o, PyObject *unused) { return (void)unused, alive(o, Py_NewRef(o)); }
static PyObject *array_is_ready(PyObject *o, PyObject *unused) { return (void)unused, alive(o, Py_NewRef(Py_True)); }
static PyObject *array_to_host(PyObject *o, PyObject *unused) { return (void)unused, alive(o, Py_NewRef(Py_None)); }
static PyObject *array_is_deleted(PyObject *o, PyObject *unused) { return (void)unused, PyBool_FromLong(!((PyVal *)o)->v); }
static PyObject *array_platform(PyObject *o, PyObject *unused) { return (void)unused, alive(o, PyUnicode_FromString("cpu")); }
static PyObject *array_device_bytes(PyObject *o, PyObject *unused) { return (void)unused, PyLong_FromLongLong(nbytes_of(type_of(o))); }
static PyObject *array_data(PyObject *o, PyObject *index) { return (void)index, alive(o, Py_NewRef(o)); }

static PyObject *array_delete(PyObject *o, PyObject *unused) {
  (void)unused;
  CxVal v = ((PyVal *)o)->v;
  ((PyVal *)o)->v = NULL;
  cx_release(v);
  Py_RETURN_NONE;
}

static PyObject *array_pointer(PyObject *o, PyObject *unused) {
  (void)unused;
  CxVal v = py_self(o);
  return v ? PyLong_FromVoidPtr(v->array.data) : py_raise();
}

static PyGetSetDef array_attributes[] = {
    {"device", get_device, NULL, "The device that holds the array.", NULL},
    {"sharding", get_sharding, NULL, "How the array is spread over devices.", NULL},
    {"committed", get_false, NULL, "Whether the array was put on its device explicitly.", NULL},
    {"_committed", get_false, NULL, NULL, NULL},
    {"is_fully_addressable", get_true, NULL, NULL, NULL},
    {"is_fully_replicated", get_true, NULL, NULL, NULL},
    {"_value", get_value, NULL, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL}};

static PyMethodDef array_methods[] = {
    {"devices", array_devices, METH_NOARGS, "The set of devices that hold the array."},
    {"block_until_ready", array_ready, METH_NOARGS, "The array itself: results are ready when they are returned."},
    {"is_ready", array_is_ready, METH_NOARGS, NULL},
    {"copy_to_host_async", array_to_host, METH_NOARGS, NULL},
    {"is_deleted", array_is_deleted, METH_NOARGS, "Whether delete() was called or the array was donated."},
    {"delete", array_delete, METH_NOARGS, "Frees the memory now."},
    {"platform", array_platform, METH_NOARGS, NULL},
    {"on_device_size_in_bytes", array_device_bytes, METH_NOARGS, NULL},
    {"addressable_data", array_data, METH_O, "The part of the array on a device."},
    {"unsafe_buffer_pointer", array_pointer, METH_NOARGS, "The address of the first element."},
    {NULL, NULL, 0, NULL}};

/* ---- tracers: names that only arrays have ---- */

static PyObject *tracer_getattro(PyObject *o, PyObject *name) {
  PyObject *r = PyObject_GenericGetAttr(o, name);
  if (r || !PyErr_ExceptionMatches(PyExc_AttributeError)) return r;
  PyObject *of_array = PyDict_GetItemWithError(py_array.tp_dict, name); /* borrowed */
  PyErr_Clear();
  if (!of_array) return PyErr_Format(PyExc_AttributeError, "%s has no attribute %U", py_short_name(Py_TYPE(o)), name);
  char hint[160], type[256];
  const char *s = PyUnicode_AsUTF8(name);
  if (s && (!strcmp(s, "tolist") || !strcmp(s, "devices") || !strcmp(s, "is_deleted") || !strcmp(s, "delete") || !strcmp(s, "tobytes"))) {
    snprintf(hint, sizeof hint, "The %s() method is not available on a traced array.", s);
    return py_concretization_fail(o, hint);
  }
  return PyErr_Format(PyExc_AttributeError, "The '%U' attribute is not available on traced array with shape %s.", name, py_type_text(type_of(o), type, sizeof type));
}

/* ---- the types ---- */

#define BASE(type_name, what)                                                                                                      \
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = type_name, .tp_basicsize = sizeof(PyVal), .tp_doc = what, .tp_dealloc = val_dealloc, \
      .tp_new = val_refuse_new, .tp_weaklistoffset = offsetof(PyVal, weakrefs)

PyTypeObject py_array_base = {BASE("jax.Array", "Arrays and tracers."), .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                              .tp_getset = base_attributes, .tp_methods = base_methods, .tp_hash = PyObject_HashNotImplemented,
                              .tp_richcompare = py_richcompare, .tp_as_number = &py_number_slots, .tp_as_mapping = &mapping_slots,
                              .tp_as_sequence = &sequence_slots, .tp_iter = val_iter};
PyTypeObject py_array = {BASE("jaxlib._jax.ArrayImpl", "An array of concrete elements."), .tp_base = &py_array_base, .tp_flags = Py_TPFLAGS_DEFAULT,
                         .tp_getset = array_attributes, .tp_methods = array_methods, .tp_as_buffer = &py_buffer_slots, .tp_repr = py_array_repr,
                         .tp_str = py_array_str};
PyTypeObject py_tracer = {BASE("jax.core.Tracer", "A value known only by its type while a function is traced."), .tp_base = &py_array_base,
                          .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .tp_repr = py_tracer_repr, .tp_getattro = tracer_getattro};

#define TRACER(id, type_name, what) \
  PyTypeObject id = {BASE(type_name, what), .tp_base = &py_tracer, .tp_flags = Py_TPFLAGS_DEFAULT};
TRACER(py_stage_tracer, "jax._src.interpreters.partial_eval.DynamicJaxprTracer", "A value of a function traced by jit or make_jaxpr.")
TRACER(py_linear_tracer, "jax._src.interpreters.partial_eval.JaxprTracer", "A value of a linear function that is being recorded.")
TRACER(py_jvp_tracer, "jax._src.interpreters.ad.JVPTracer", "A value with its tangent.")
TRACER(py_grad_tracer, "jax._src.interpreters.ad.LinearizeTracer", "A value of a function that is being linearized.")
TRACER(py_batch_tracer, "jax._src.interpreters.batching.BatchTracer", "A value of a function that is being batched.")

bool py_add_methods(PyTypeObject *type, PyMethodDef *defs) {
  for (PyMethodDef *d = defs; d->ml_name; d++) {
    PyObject *method = PyDescr_NewMethod(type, d);
    int bad = !method || PyDict_SetItemString(type->tp_dict, d->ml_name, method) < 0;
    Py_XDECREF(method);
    if (bad) return false;
  }
  PyType_Modified(type);
  return true;
}

static bool add_priority(void) { /* NumPy's operators give way to ours */
  PyObject *n = PyLong_FromLong(100);
  bool ok = n && PyDict_SetItemString(py_array_base.tp_dict, "__array_priority__", n) == 0;
  Py_XDECREF(n);
  return ok;
}

bool py_array_register(PyObject *m) {
  static PyTypeObject *const all[] = {&py_array_base, &py_array, &py_tracer, &py_stage_tracer, &py_linear_tracer, &py_jvp_tracer,
                                      &py_grad_tracer, &py_batch_tracer};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (PyType_Ready(all[i]) < 0 || PyModule_AddType(m, all[i]) < 0) return false;
  return add_priority() && py_add_methods(&py_array, py_export_methods) && py_device_register(m) && py_export_register(m);
}
