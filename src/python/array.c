/* The types Array, ArrayImpl and Tracer: attributes and methods that need no computation. Operators: operators.c; export to
 * other libraries: export.c; text: repr.c. */
#include "python/array.h"

#include <structmember.h>

/* ---- life ---- */

static void val_dealloc(PyObject *o) {
  PyVal *a = (PyVal *)o;
  if (a->weakrefs) PyObject_ClearWeakRefs(o);
  cx_release(a->v);
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

/* ---- attributes of the type ---- */

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

static PyGetSetDef val_attributes[] = {
    {"shape", get_shape, NULL, "The extents, a tuple.", NULL},
    {"dtype", get_dtype, NULL, "The element type.", NULL},
    {"ndim", get_ndim, NULL, "The number of axes.", NULL},
    {"size", get_size, NULL, "The number of elements.", NULL},
    {"itemsize", get_itemsize, NULL, "Bytes of one element.", NULL},
    {"nbytes", get_nbytes, NULL, "Bytes of all elements.", NULL},
    {"weak_type", get_weak_type, NULL, "Whether the dtype gives way in promotion, as that of a Python scalar.", NULL},
    {NULL, NULL, NULL, NULL, NULL}};

/* ---- the types ---- */

#define BASE(type_name, what)                                                                                                      \
  PyVarObject_HEAD_INIT(NULL, 0).tp_name = type_name, .tp_basicsize = sizeof(PyVal), .tp_doc = what, .tp_dealloc = val_dealloc, \
      .tp_new = val_refuse_new, .tp_weaklistoffset = offsetof(PyVal, weakrefs)

PyTypeObject py_array_base = {BASE("jax.Array", "Arrays and tracers."), .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                              .tp_getset = val_attributes, .tp_hash = PyObject_HashNotImplemented};
PyTypeObject py_array = {BASE("jaxlib._jax.ArrayImpl", "An array of concrete elements."), .tp_base = &py_array_base, .tp_flags = Py_TPFLAGS_DEFAULT};
PyTypeObject py_tracer = {BASE("jax.core.Tracer", "A value known only by its type while a function is traced."), .tp_base = &py_array_base,
                          .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE};

#define TRACER(id, type_name, what) \
  PyTypeObject id = {BASE(type_name, what), .tp_base = &py_tracer, .tp_flags = Py_TPFLAGS_DEFAULT};
TRACER(py_stage_tracer, "jax._src.interpreters.partial_eval.DynamicJaxprTracer", "A value of a function traced by jit or make_jaxpr.")
TRACER(py_linear_tracer, "jax._src.interpreters.partial_eval.JaxprTracer", "A value of a linear function that is being recorded.")
TRACER(py_jvp_tracer, "jax._src.interpreters.ad.JVPTracer", "A value with its tangent.")
TRACER(py_grad_tracer, "jax._src.interpreters.ad.LinearizeTracer", "A value of a function that is being linearized.")
TRACER(py_batch_tracer, "jax._src.interpreters.batching.BatchTracer", "A value of a function that is being batched.")

bool py_array_register(PyObject *m) {
  static PyTypeObject *const all[] = {&py_array_base, &py_array, &py_tracer, &py_stage_tracer, &py_linear_tracer, &py_jvp_tracer,
                                      &py_grad_tracer, &py_batch_tracer};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (PyType_Ready(all[i]) < 0 || PyModule_AddType(m, all[i]) < 0) return false;
  return true;
}
