/* Partial: functools.partial as a pytree, whose arguments are children and whose function is metadata. A function that is
 * itself a functools.partial is boxed, so that Python does not merge its arguments with ours; the box compares and hashes
 * as what it holds. */
#include <stddef.h>

#include "python/tree_inside.h"

static PyTypeObject *partial_base, *partial_type, *box_type;

typedef struct Box {
  PyObject_HEAD
  PyObject *fun, *func, *args, *keywords; /* the boxed partial, and its own three attributes */
} Box;

static PyObject *box_new(PyObject *fun) {
  Box *b = PyObject_GC_New(Box, box_type);
  if (!b) return NULL;
  b->fun = Py_NewRef(fun);
  b->func = b->args = b->keywords = NULL;
  PyObject_GC_Track(b);
  return (PyObject *)b;
}

/* Only once the Partial is made: before, a `func` attribute would have it merged. */
static bool box_expose(PyObject *self) {
  Box *b = (Box *)self;
  return (b->func = PyObject_GetAttrString(b->fun, "func")) && (b->args = PyObject_GetAttrString(b->fun, "args")) &&
         (b->keywords = PyObject_GetAttrString(b->fun, "keywords"));
}

static int box_traverse(PyObject *self, visitproc visit, void *arg) {
  Box *b = (Box *)self;
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(b->fun);
  Py_VISIT(b->func);
  Py_VISIT(b->args);
  Py_VISIT(b->keywords);
  return 0;
}

static int box_clear(PyObject *self) {
  Box *b = (Box *)self;
  Py_XSETREF(b->fun, Py_NewRef(Py_None));
  Py_CLEAR(b->func);
  Py_CLEAR(b->args);
  Py_CLEAR(b->keywords);
  return 0;
}

static void box_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  box_clear(self);
  Py_XDECREF(((Box *)self)->fun);
  PyObject_GC_Del(self);
  Py_DECREF(type);
}

static PyObject *box_call(PyObject *self, PyObject *args, PyObject *kwargs) {
  return PyObject_Call(((Box *)self)->fun, args, kwargs);
}

static Py_hash_t box_hash(PyObject *self) { return PyObject_Hash(((Box *)self)->fun); }

static PyObject *box_compare(PyObject *a, PyObject *b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  PyObject *other = Py_IS_TYPE(b, box_type) ? ((Box *)b)->fun : b;
  int equal = PyObject_RichCompareBool(((Box *)a)->fun, other, Py_EQ);
  return equal < 0 ? NULL : PyBool_FromLong((op == Py_EQ) == equal);
}

static PyObject *box_repr(PyObject *self) {
  return PyUnicode_FromFormat("_HashableCallableShim(%R)", ((Box *)self)->fun);
}

static PyObject *box_get(PyObject *self, void *offset) {
  PyObject *value = *(PyObject **)((char *)self + (size_t)offset);
  if (value) return Py_NewRef(value);
  PyErr_SetString(PyExc_AttributeError, "the function of this Partial is not known yet");
  return NULL;
}

static PyObject *box_reduce(PyObject *self, PyObject *none) {
  (void)none;
  return Py_BuildValue("(O(O))", Py_TYPE(self), ((Box *)self)->fun);
}

static PyObject *box_create(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *fun, *box;
  (void)type;
  if (!PyArg_ParseTuple(args, "O:_HashableCallableShim", &fun) || (kwargs && PyDict_GET_SIZE(kwargs))) {
    if (!PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "_HashableCallableShim() takes no keyword arguments");
    return NULL;
  }
  if ((box = box_new(fun)) && !box_expose(box)) Py_CLEAR(box);
  return box;
}

static PyMethodDef box_methods[] = {{"__reduce__", box_reduce, METH_NOARGS, NULL}, {0}};

static PyGetSetDef box_attributes[] = {
    {"fun", box_get, NULL, NULL, (void *)offsetof(Box, fun)},
    {"func", box_get, NULL, NULL, (void *)offsetof(Box, func)},
    {"args", box_get, NULL, NULL, (void *)offsetof(Box, args)},
    {"keywords", box_get, NULL, NULL, (void *)offsetof(Box, keywords)},
    {0},
};

static PyType_Slot box_slots[] = {
    {Py_tp_new, PY_SLOT(box_create)},
    {Py_tp_dealloc, PY_SLOT(box_dealloc)},
    {Py_tp_traverse, PY_SLOT(box_traverse)},
    {Py_tp_clear, PY_SLOT(box_clear)},
    {Py_tp_call, PY_SLOT(box_call)},
    {Py_tp_hash, PY_SLOT(box_hash)},
    {Py_tp_richcompare, PY_SLOT(box_compare)},
    {Py_tp_repr, PY_SLOT(box_repr)},
    {Py_tp_methods, box_methods},
    {Py_tp_getset, box_attributes},
    {0, NULL},
};

static PyType_Spec box_spec = {
    .name = "cuirax.tree_util._HashableCallableShim",
    .basicsize = sizeof(Box),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = box_slots,
};

/* ---- Partial ---- */

static PyObject *new_boxed(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  PyObject *box = box_new(PyTuple_GET_ITEM(args, 0)), *made = NULL;
  PyObject *list = box ? PySequence_List(args) : NULL;
  if (list && PyList_SetItem(list, 0, Py_NewRef(box)) == 0) {
    PyObject *tuple = PyList_AsTuple(list);
    if (tuple) made = partial_base->tp_new(type, tuple, kwargs);
    Py_XDECREF(tuple);
  }
  if (made && !box_expose(box)) Py_CLEAR(made);
  Py_XDECREF(list);
  Py_XDECREF(box);
  return made;
}

static PyObject *partial_create(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  bool merges = PyTuple_GET_SIZE(args) > 0 && PyObject_TypeCheck(PyTuple_GET_ITEM(args, 0), partial_base);
  return merges ? new_boxed(type, args, kwargs) : partial_base->tp_new(type, args, kwargs);
}

static PyObject *partial_flatten(PyObject *none, PyObject *p) {
  (void)none;
  PyObject *args = PyObject_GetAttrString(p, "args"), *keywords = args ? PyObject_GetAttrString(p, "keywords") : NULL;
  PyObject *func = keywords ? PyObject_GetAttrString(p, "func") : NULL;
  PyObject *pair = func ? Py_BuildValue("((OO)O)", args, keywords, func) : NULL;
  Py_XDECREF(args);
  Py_XDECREF(keywords);
  Py_XDECREF(func);
  return pair;
}

/* Partial(func, *args, **keywords) */
static PyObject *partial_unflatten(PyObject *none, PyObject *call_args) {
  (void)none;
  PyObject *func, *children, *rest, *keywords;
  if (!PyArg_ParseTuple(call_args, "OO", &func, &children) || !PyArg_ParseTuple(children, "OO", &rest, &keywords)) return NULL;
  PyObject *list = PySequence_List(rest), *args = NULL, *made = NULL;
  if (list && PyList_Insert(list, 0, func) == 0) args = PyList_AsTuple(list);
  if (args) made = PyObject_Call((PyObject *)partial_type, args, keywords);
  Py_XDECREF(list);
  Py_XDECREF(args);
  return made;
}

static bool partial_register(void) {
  static PyMethodDef flatten = {"partial_flatten", partial_flatten, METH_O, NULL};
  static PyMethodDef unflatten = {"partial_unflatten", partial_unflatten, METH_VARARGS, NULL};
  PyObject *to = PyCFunction_New(&flatten, NULL), *from = to ? PyCFunction_New(&unflatten, NULL) : NULL;
  bool ok = from && py_register_node(py_default_registry, (PyObject *)partial_type, to, from, NULL);
  Py_XDECREF(to);
  Py_XDECREF(from);
  return ok;
}

int tree_partial_init(PyObject *module) {
  static PyType_Slot slots[] = {
      {Py_tp_new, PY_SLOT(partial_create)},
      {Py_tp_doc,
       "Partial(func, *args, **kwargs)\n--\n\nfunctools.partial whose bound arguments are pytree children, so that it may be "
       "passed to transformed functions."},
      {0, NULL},
  };
  static PyType_Spec spec = {"cuirax.tree_util.Partial", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, slots};
  PyObject *functools = PyImport_ImportModule("_functools");
  partial_base = functools ? (PyTypeObject *)PyObject_GetAttrString(functools, "partial") : NULL;
  Py_XDECREF(functools);
  box_type = partial_base ? (PyTypeObject *)PyType_FromSpec(&box_spec) : NULL;
  PyObject *bases = box_type ? PyTuple_Pack(1, partial_base) : NULL;
  partial_type = bases ? (PyTypeObject *)PyType_FromSpecWithBases(&spec, bases) : NULL;
  Py_XDECREF(bases);
  if (!partial_type || !partial_register()) return -1;
  return PyModule_AddObjectRef(module, "_HashableCallableShim", (PyObject *)box_type) ||
                 PyModule_AddObjectRef(module, "Partial", (PyObject *)partial_type)
             ? -1
             : 0;
}
