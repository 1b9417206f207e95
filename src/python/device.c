/* What stands around an array: the device (one CPU today), its sharding, and abstract values (ShapedArray). */
#include "python/array.h"

#include "np/promote.h"
#include <string.h>
#include <structmember.h>

/* ---- the device ---- */

typedef struct Device { PyObject_HEAD } Device;
static PyObject *the_device, *the_sharding;

static PyObject *device_repr(PyObject *o) { return (void)o, PyUnicode_FromString("CpuDevice(id=0)"); }
static PyObject *device_str(PyObject *o) { return (void)o, PyUnicode_FromString("cpu:0"); }
static PyObject *device_text(PyObject *o, void *text) { return (void)o, PyUnicode_FromString(text); }
static PyObject *device_zero(PyObject *o, void *c) { return (void)o, (void)c, PyLong_FromLong(0); }
static PyObject *device_memory_stats(PyObject *o, PyObject *a) {
  (void)o, (void)a;
  Py_RETURN_NONE;
}
static PyObject *device_reduce(PyObject *o, PyObject *a) {
  (void)o, (void)a;
  PyObject *m = PyImport_ImportModule("cuirax._core"), *f = m ? PyObject_GetAttrString(m, "_the_device") : NULL;
  PyObject *r = f ? Py_BuildValue("O()", f) : NULL;
  Py_XDECREF(m);
  Py_XDECREF(f);
  return r;
}

static PyGetSetDef device_attributes[] = {
    {"platform", device_text, NULL, NULL, "cpu"},           {"device_kind", device_text, NULL, NULL, "cpu"},
    {"id", device_zero, NULL, NULL, NULL},                  {"process_index", device_zero, NULL, NULL, NULL},
    {"local_hardware_id", device_zero, NULL, NULL, NULL},   {NULL, NULL, NULL, NULL, NULL}};
static PyMethodDef device_methods[] = {
    {"memory_stats", device_memory_stats, METH_NOARGS, NULL}, {"__reduce__", device_reduce, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

static PyTypeObject device_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jaxlib._jax.Device", .tp_basicsize = sizeof(Device),
                                   .tp_flags = Py_TPFLAGS_DEFAULT, .tp_repr = device_repr, .tp_str = device_str,
                                   .tp_getset = device_attributes, .tp_methods = device_methods, .tp_doc = "A device that holds arrays."};

PyObject *py_device(void) {
  if (!the_device) the_device = PyObject_New(PyObject, &device_type);
  return Py_XNewRef(the_device);
}

static PyObject *devices(PyObject *m, PyObject *args) {
  const char *backend = NULL;
  (void)m;
  if (!PyArg_ParseTuple(args, "|z:devices", &backend)) return NULL;
  if (backend && strcmp(backend, "cpu"))
    return PyErr_Format(PyExc_RuntimeError, "Unknown backend: '%s' requested, but no platforms that are instances of %s are present. Platforms present are: cpu", backend, backend);
  PyObject *d = py_device(), *list = d ? PyList_New(1) : NULL;
  if (list) PyList_SET_ITEM(list, 0, d);
  return list;
}

static PyObject *the_device_function(PyObject *m, PyObject *a) { return (void)m, (void)a, py_device(); }

/* ---- the sharding ---- */

typedef struct Sharding {
  PyObject_HEAD
  PyObject *device;
} Sharding;

static void sharding_dealloc(PyObject *o) {
  Py_XDECREF(((Sharding *)o)->device);
  Py_TYPE(o)->tp_free(o);
}

static PyObject *sharding_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"device", "memory_kind", NULL};
  PyObject *device, *memory_kind = Py_None;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!|$O:SingleDeviceSharding", names, &device_type, &device, &memory_kind)) return NULL;
  Sharding *s = (Sharding *)type->tp_alloc(type, 0);
  if (s) s->device = Py_NewRef(device);
  return (PyObject *)s;
}

static PyObject *sharding_repr(PyObject *o) {
  return PyUnicode_FromFormat("SingleDeviceSharding(device=%R, memory_kind=device)", ((Sharding *)o)->device);
}
static PyObject *sharding_devices(PyObject *o, void *c) {
  (void)c;
  PyObject *set = PySet_New(NULL);
  if (set && PySet_Add(set, ((Sharding *)o)->device) < 0) Py_CLEAR(set);
  return set;
}
static PyObject *sharding_true(PyObject *o, void *c) { return (void)o, (void)c, Py_NewRef(Py_True); }
static PyObject *sharding_one(PyObject *o, void *c) { return (void)o, (void)c, PyLong_FromLong(1); }

static PyGetSetDef sharding_attributes[] = {
    {"device_set", sharding_devices, NULL, NULL, NULL},           {"addressable_devices", sharding_devices, NULL, NULL, NULL},
    {"is_fully_addressable", sharding_true, NULL, NULL, NULL},    {"is_fully_replicated", sharding_true, NULL, NULL, NULL},
    {"has_addressable_devices", sharding_true, NULL, NULL, NULL}, {"num_devices", sharding_one, NULL, NULL, NULL},
    {"memory_kind", device_text, NULL, NULL, "device"},           {NULL, NULL, NULL, NULL, NULL}};
static PyMemberDef sharding_members[] = {{"_device", T_OBJECT_EX, offsetof(Sharding, device), READONLY, NULL}, {NULL, 0, 0, 0, NULL}};

static PyTypeObject sharding_type;
static PyObject *sharding_compare(PyObject *a, PyObject *b, int op) {
  if (Py_TYPE(a) != &sharding_type || Py_TYPE(b) != &sharding_type || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((((Sharding *)a)->device == ((Sharding *)b)->device) == (op == Py_EQ));
}
static Py_hash_t sharding_hash(PyObject *o) { return PyObject_Hash(((Sharding *)o)->device); }

static PyTypeObject sharding_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax.sharding.SingleDeviceSharding", .tp_basicsize = sizeof(Sharding),
                                     .tp_flags = Py_TPFLAGS_DEFAULT, .tp_new = sharding_new, .tp_dealloc = sharding_dealloc, .tp_repr = sharding_repr,
                                     .tp_getset = sharding_attributes, .tp_members = sharding_members, .tp_richcompare = sharding_compare,
                                     .tp_hash = sharding_hash, .tp_doc = "The whole array on one device."};

PyObject *py_sharding(void) {
  PyObject *d = the_sharding ? NULL : py_device();
  if (d) the_sharding = PyObject_CallOneArg((PyObject *)&sharding_type, d);
  Py_XDECREF(d);
  return Py_XNewRef(the_sharding);
}

/* ---- abstract values ---- */

typedef struct Aval {
  PyObject_HEAD
  const CxType *type;
} Aval;
static PyTypeObject aval_type;

PyObject *py_aval(const CxType *t) {
  Aval *a = PyObject_New(Aval, &aval_type);
  if (a) a->type = t;
  return (PyObject *)a;
}

const CxType *py_aval_type(PyObject *o) { return Py_TYPE(o) == &aval_type ? ((Aval *)o)->type : NULL; }

static PyObject *aval_of(PyObject *shape, PyObject *dtype, bool weak) {
  CxDtype d;
  int rank;
  int64_t dims[CX_MAX_RANK];
  if (!py_dtype(dtype, &d) || !py_dims(shape, dims, &rank)) return NULL;
  const CxType *t = cx_type(d, rank, dims, weak);
  return t ? py_aval(t) : py_raise();
}

static PyObject *aval_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"shape", "dtype", "weak_type", "sharding", NULL};
  PyObject *shape, *dtype, *sharding = Py_None;
  int weak = 0;
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|p$O:ShapedArray", names, &shape, &dtype, &weak, &sharding)) return NULL;
  return aval_of(shape, dtype, weak);
}

static const CxType *aval_get(PyObject *o) { return ((Aval *)o)->type; }
static PyObject *aval_shape(PyObject *o, void *c) { return (void)c, py_shape_tuple(aval_get(o)); }
static PyObject *aval_dtype(PyObject *o, void *c) { return (void)c, py_dtype_object(aval_get(o)->dtype); }
static PyObject *aval_ndim(PyObject *o, void *c) { return (void)c, PyLong_FromLong(aval_get(o)->rank); }
static PyObject *aval_size(PyObject *o, void *c) { return (void)c, PyLong_FromLongLong(aval_get(o)->size); }
static PyObject *aval_weak(PyObject *o, void *c) { return (void)c, PyBool_FromLong(aval_get(o)->weak); }

static PyObject *aval_str(PyObject *o) {
  char text[512];
  return PyUnicode_FromFormat("%s%s", aval_get(o)->weak ? "~" : "", py_type_text(aval_get(o), text, sizeof text));
}
static PyObject *aval_repr(PyObject *o) {
  char text[512];
  return PyUnicode_FromFormat("ShapedArray(%s%s)", py_type_text(aval_get(o), text, sizeof text), aval_get(o)->weak ? ", weak_type=True" : "");
}
static PyObject *aval_str_short(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"short_dtypes", "mesh_axis_types", NULL};
  char text[512];
  int brief = 0, mesh = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|pp:str_short", names, &brief, &mesh)) return NULL;
  return brief ? PyUnicode_FromString(cx_type_text(aval_get(o), text, sizeof text)) : aval_str(o);
}
static PyObject *aval_update(PyObject *o, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"shape", "dtype", "weak_type", "sharding", NULL};
  PyObject *shape = NULL, *dtype = NULL, *sharding = NULL;
  int weak = aval_get(o)->weak;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|$OOpO:update", names, &shape, &dtype, &weak, &sharding)) return NULL;
  shape = shape ? Py_NewRef(shape) : aval_shape(o, NULL);
  dtype = dtype ? Py_NewRef(dtype) : aval_dtype(o, NULL);
  PyObject *r = shape && dtype ? aval_of(shape, dtype, weak) : NULL;
  Py_XDECREF(shape);
  Py_XDECREF(dtype);
  return r;
}
static PyObject *aval_strip_weak(PyObject *o, PyObject *a) {
  (void)a;
  return py_aval(cx_type_with_dtype(aval_get(o), aval_get(o)->dtype, false));
}
static PyObject *aval_compare(PyObject *a, PyObject *b, int op) {
  if (Py_TYPE(b) != &aval_type || (op != Py_EQ && op != Py_NE)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((aval_get(a) == aval_get(b)) == (op == Py_EQ)); /* types are interned */
}
static Py_hash_t aval_hash(PyObject *o) {
  Py_hash_t h = (Py_hash_t)aval_get(o)->hash;
  return h == -1 ? -2 : h;
}
static Py_ssize_t aval_len(PyObject *o) {
  if (aval_get(o)->rank) return (Py_ssize_t)aval_get(o)->dims[0];
  return PyErr_SetString(PyExc_TypeError, "len() of unsized object"), -1;
}

static PyGetSetDef aval_attributes[] = {{"shape", aval_shape, NULL, "The extents.", NULL}, {"dtype", aval_dtype, NULL, "The element type.", NULL},
                                        {"ndim", aval_ndim, NULL, NULL, NULL},             {"size", aval_size, NULL, NULL, NULL},
                                        {"weak_type", aval_weak, NULL, NULL, NULL},        {NULL, NULL, NULL, NULL, NULL}};
static PyMethodDef aval_methods[] = {
    {"str_short", (PyCFunction)(void (*)(void))aval_str_short, METH_VARARGS | METH_KEYWORDS, "float32[3], or f32[3]."},
    {"update", (PyCFunction)(void (*)(void))aval_update, METH_VARARGS | METH_KEYWORDS, "The same with some parts replaced."},
    {"strip_weak_type", aval_strip_weak, METH_NOARGS, "The same, strongly typed."},
    {NULL, NULL, 0, NULL}};
static PySequenceMethods aval_sequence = {.sq_length = aval_len};

static PyTypeObject aval_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.core.ShapedArray", .tp_basicsize = sizeof(Aval),
                                 .tp_flags = Py_TPFLAGS_DEFAULT, .tp_new = aval_new, .tp_repr = aval_repr, .tp_str = aval_str, .tp_getset = aval_attributes,
                                 .tp_methods = aval_methods, .tp_richcompare = aval_compare, .tp_hash = aval_hash, .tp_as_sequence = &aval_sequence,
                                 .tp_doc = "The type of a value: shape, dtype and weakness."};

bool py_device_register(PyObject *m) {
  static PyMethodDef functions[] = {{"devices", devices, METH_VARARGS, "The devices of a backend."},
                                    {"_the_device", the_device_function, METH_NOARGS, NULL},
                                    {NULL, NULL, 0, NULL}};
  static PyTypeObject *const all[] = {&device_type, &sharding_type, &aval_type};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (PyType_Ready(all[i]) < 0 || PyModule_AddType(m, all[i]) < 0) return false;
  return PyModule_AddFunctions(m, functions) == 0;
}
