/* Primitives, and the attributes of equations as dictionaries and back: everything is read through the ops' field tables. */
#include "python/view.h"

#include "base/arena.h"
#include "base/error.h"
#include "python/array.h"
#include "trace/fn.h"
#include <math.h>
#include <string.h>

/* ---- a function of the host inside of attributes ---- */

typedef struct FnObject {
  PyObject_HEAD
  CxFn *fn;
} FnObject;

static void fn_object_dealloc(PyObject *o) {
  ref_release(((FnObject *)o)->fn);
  PyObject_Free(o);
}
static PyObject *fn_object_repr(PyObject *o) { return PyUnicode_FromFormat("<function %s>", fn_name(((FnObject *)o)->fn)); }
static PyTypeObject fn_object_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.Function", .tp_basicsize = sizeof(FnObject),
                                      .tp_dealloc = fn_object_dealloc, .tp_repr = fn_object_repr, .tp_flags = Py_TPFLAGS_DEFAULT,
                                      .tp_doc = "A host function that a program calls."};

static PyObject *fn_object(CxFn *f) {
  if (!f) Py_RETURN_NONE;
  FnObject *o = PyObject_New(FnObject, &fn_object_type);
  if (o) o->fn = ref_retain(f);
  return (PyObject *)o;
}

/* ---- to Python ---- */

static PyObject *graph_object(CxGraph *g) { return g ? py_jaxpr_new(ref_retain(g)) : Py_NewRef(Py_None); }

static PyObject *ints_run(const int64_t *v, int n) {
  PyObject *t = PyTuple_New(n);
  for (int i = 0; t && i < n; i++) {
    PyObject *x = PyLong_FromLongLong(v[i]);
    if (!x) return Py_DECREF(t), NULL;
    PyTuple_SET_ITEM(t, i, x);
  }
  return t;
}

static PyObject *ints_object(const CxInts *x, int group) {
  if (x->none) Py_RETURN_NONE;
  if (group < 2) return ints_run(x->v, x->n);
  PyObject *t = PyTuple_New(x->n / group);
  for (int i = 0; t && i < x->n / group; i++) {
    PyObject *item = ints_run(x->v + (size_t)i * (size_t)group, group);
    if (!item) return Py_DECREF(t), NULL;
    PyTuple_SET_ITEM(t, i, item);
  }
  return t;
}

/* The named tuple class of a DIMS field. */
static PyObject *dims_class(const CxField *f) { /* new reference */
  static PyObject *made;
  if (!made && !(made = PyDict_New())) return NULL;
  PyObject *class = PyDict_GetItemString(made, f->names[0]);
  if (class) return Py_NewRef(class);
  PyObject *names = PyList_New(0), *collections = PyImport_ImportModule("collections");
  for (int i = 0; names && i < f->group; i++) {
    PyObject *s = PyUnicode_FromString(f->names[i + 1]);
    if (!s || PyList_Append(names, s) < 0) Py_CLEAR(names);
    Py_XDECREF(s);
  }
  if (names && collections) class = PyObject_CallMethod(collections, "namedtuple", "sO", f->names[0], names);
  if (class) PyDict_SetItemString(made, f->names[0], class);
  Py_XDECREF(names);
  Py_XDECREF(collections);
  return class;
}

static PyObject *dims_object(const CxField *f, const CxInts *x) {
  PyObject *parts = PyTuple_New(f->group);
  for (int i = 0; parts && i < f->group; i++) {
    PyObject *item = ints_object(&x[i], 0);
    if (!item) return Py_DECREF(parts), NULL;
    PyTuple_SET_ITEM(parts, i, item);
  }
  if (!parts) return NULL;
  PyObject *r = NULL;
  if (!*f->names[0]) { /* ((a, b), (c, d)) */
    PyObject *first = PyTuple_GetSlice(parts, 0, 2), *second = PyTuple_GetSlice(parts, 2, f->group);
    r = first && second ? PyTuple_Pack(2, first, second) : NULL;
    Py_XDECREF(first);
    Py_XDECREF(second);
  } else {
    PyObject *class = dims_class(f);
    r = class ? PyObject_CallObject(class, parts) : NULL;
    Py_XDECREF(class);
  }
  Py_DECREF(parts);
  return r;
}

static PyObject *number_object(const CxNumber *x) {
  switch (x->kind) {
  case 'b': return PyBool_FromLong(x->i != 0);
  case 'i': return PyLong_FromLongLong(x->i);
  case 'u': return PyLong_FromUnsignedLongLong((uint64_t)x->i);
  case 'f': return PyFloat_FromDouble(x->re);
  case 'c': return PyComplex_FromDoubles(x->re, x->im);
  default: Py_RETURN_NONE;
  }
}

typedef PyObject *Item(const void *list, int i);
static PyObject *item_str(const void *list, int i) { return PyUnicode_FromString(((const CxStrs *)list)->v[i]); }
static PyObject *item_graph(const void *list, int i) { return graph_object(((const CxGraphs *)list)->v[i]); }
static PyObject *item_type(const void *list, int i) { return py_aval(((const CxTypes *)list)->v[i]); }

static PyObject *tuple_of(const void *list, int n, Item *item) {
  PyObject *t = PyTuple_New(n);
  for (int i = 0; t && i < n; i++) {
    PyObject *x = item(list, i);
    if (!x) return Py_DECREF(t), NULL;
    PyTuple_SET_ITEM(t, i, x);
  }
  return t;
}

static PyObject *text_or_none(const char *s) { return s && strcmp(s, "None") ? PyUnicode_FromString(s) : Py_NewRef(Py_None); }

static PyObject *field_object(const CxField *f, const void *at) {
  switch (f->kind) {
  case CX_FIELD_INT: return PyLong_FromLongLong(*(const int64_t *)at);
  case CX_FIELD_BOOL: return PyBool_FromLong(*(const bool *)at);
  case CX_FIELD_FLOAT: return PyFloat_FromDouble(*(const double *)at);
  case CX_FIELD_DTYPE: return *(const CxDtype *)at ? py_dtype_object(*(const CxDtype *)at) : Py_NewRef(Py_None);
  case CX_FIELD_ENUM: return text_or_none(f->names[*(const int32_t *)at]);
  case CX_FIELD_INTS: return ints_object(at, f->group);
  case CX_FIELD_STR: return text_or_none(*(const char *const *)at);
  case CX_FIELD_STRS: return tuple_of(at, ((const CxStrs *)at)->n, item_str);
  case CX_FIELD_GRAPH: return graph_object(*(CxGraph *const *)at);
  case CX_FIELD_GRAPHS: return tuple_of(at, ((const CxGraphs *)at)->n, item_graph);
  case CX_FIELD_FN: return fn_object(*(CxFn *const *)at);
  case CX_FIELD_TYPES: return tuple_of(at, ((const CxTypes *)at)->n, item_type);
  case CX_FIELD_DIMS: return dims_object(f, at);
  case CX_FIELD_NUMBER: return number_object(at);
  case CX_FIELD_END: break;
  }
  Py_RETURN_NONE;
}

PyObject *py_params_dict(const CxEqn *e) {
  PyObject *d = PyDict_New();
  for (const CxField *f = cx_ops[e->op]->fields; d && f && f->name; f++) {
    PyObject *v = field_object(f, (const char *)e->attrs + f->offset);
    if (!v || PyDict_SetItemString(d, f->name, v) < 0) Py_CLEAR(d);
    Py_XDECREF(v);
  }
  return d;
}

/* ---- from Python ---- */

static bool wrong(const CxField *f, PyObject *o) {
  if (!PyErr_Occurred()) PyErr_Format(PyExc_TypeError, "parameter '%s' cannot be %R", f->name, o);
  return false;
}

static bool read_int(PyObject *o, int64_t *to) {
  PyObject *i = PyNumber_Index(o);
  *to = i ? PyLong_AsLongLong(i) : -1;
  Py_XDECREF(i);
  return !(*to == -1 && PyErr_Occurred());
}

/* a sequence, possibly of sequences of `group` integers */
static bool read_ints(CxArena *arena, const CxField *f, PyObject *o, int group, CxInts *to) {
  if (o == Py_None) return to->none = true, to->v = arena_alloc(arena, 8), to->v != NULL;
  PyObject *fast = PySequence_Fast(o, "a sequence of integers is needed");
  if (!fast) return false;
  Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
  int64_t *v = n < 1 << 20 ? arena_alloc(arena, ((size_t)n * (size_t)(group > 1 ? group : 1) + 1) * sizeof *v) : NULL;
  bool ok = v != NULL || wrong(f, o);
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
    CxInts inner = {0};
    if (group < 2) ok = read_int(item, &v[i]);
    else ok = read_ints(arena, f, item, 0, &inner) && (inner.n == group || wrong(f, o));
    if (ok && group > 1) memcpy(v + i * group, inner.v, (size_t)group * sizeof *v);
  }
  Py_DECREF(fast);
  to->v = v;
  to->n = (int32_t)(n * (group > 1 ? group : 1));
  return ok;
}

static bool read_dims(CxArena *arena, const CxField *f, PyObject *o, CxInts *to) {
  PyObject *flat = *f->names[0] ? PySequence_Tuple(o) : NULL;
  if (!*f->names[0]) { /* pairs of pairs */
    PyObject *outer = PySequence_Tuple(o);
    PyObject *a = outer && PyTuple_GET_SIZE(outer) == 2 ? PySequence_List(PyTuple_GET_ITEM(outer, 0)) : NULL;
    PyObject *b = a ? PySequence_List(PyTuple_GET_ITEM(outer, 1)) : NULL, *both = b ? PySequence_Concat(a, b) : NULL;
    flat = both ? PyList_AsTuple(both) : NULL;
    Py_XDECREF(both), Py_XDECREF(b), Py_XDECREF(a), Py_XDECREF(outer);
  }
  bool ok = flat && PyTuple_GET_SIZE(flat) == f->group;
  for (int i = 0; ok && i < f->group; i++) ok = read_ints(arena, f, PyTuple_GET_ITEM(flat, i), 0, &to[i]);
  Py_XDECREF(flat);
  return ok || wrong(f, o);
}

static bool read_number(const CxField *f, PyObject *o, CxNumber *to) {
  *to = (CxNumber){0};
  if (o == Py_None) return true;
  if (PyBool_Check(o)) return *to = (CxNumber){.kind = 'b', .i = o == Py_True}, true;
  if (PyFloat_Check(o)) return *to = (CxNumber){.kind = 'f', .re = PyFloat_AS_DOUBLE(o)}, true;
  if (PyComplex_Check(o)) return *to = (CxNumber){.kind = 'c', .re = PyComplex_RealAsDouble(o), .im = PyComplex_ImagAsDouble(o)}, true;
  to->kind = 'i';
  return (PyLong_Check(o) && read_int(o, &to->i)) || wrong(f, o);
}

static bool read_enum(const CxField *f, PyObject *o, int32_t *to) {
  PyObject *s = o == Py_None ? PyUnicode_FromString("None") : PyObject_Str(o);
  const char *text = s ? PyUnicode_AsUTF8(s) : NULL, *dot = text ? strrchr(text, '.') : NULL;
  int32_t i = 0;
  while (text && f->names[i] && strcmp(f->names[i], text) && (!dot || strcmp(f->names[i], dot + 1))) i++;
  bool ok = text && f->names[i];
  *to = i;
  Py_XDECREF(s);
  return ok || wrong(f, o);
}

static bool read_str(CxArena *arena, const CxField *f, PyObject *o, const char **to) {
  *to = NULL;
  if (o == Py_None) return true;
  const char *s = PyUnicode_Check(o) ? PyUnicode_AsUTF8(o) : NULL;
  return s ? (*to = arena_string(arena, s)) != NULL : wrong(f, o);
}

static bool read_graph(const CxField *f, PyObject *o, CxGraph **to) {
  *to = py_jaxpr_graph(o);
  return *to || o == Py_None || wrong(f, o);
}

static bool read_list(CxArena *arena, const CxField *f, PyObject *o, void *to) {
  PyObject *fast = PySequence_Fast(o, "a sequence is needed");
  int32_t n = fast ? (int32_t)PySequence_Fast_GET_SIZE(fast) : 0;
  const void **v = fast ? arena_alloc(arena, ((size_t)n + 1) * sizeof *v) : NULL;
  bool ok = v != NULL;
  for (int32_t i = 0; ok && i < n; i++) {
    PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
    const char *s = NULL;
    CxGraph *g = NULL;
    if (f->kind == CX_FIELD_STRS) ok = read_str(arena, f, item, &s), v[i] = s;
    else if (f->kind == CX_FIELD_GRAPHS) ok = read_graph(f, item, &g), v[i] = g;
    else ok = (v[i] = py_type_of(item)) != NULL;
  }
  Py_XDECREF(fast);
  if (f->kind == CX_FIELD_STRS) *(CxStrs *)to = (CxStrs){(const char *const *)(const void *)v, n};
  else if (f->kind == CX_FIELD_GRAPHS) *(CxGraphs *)to = (CxGraphs){(CxGraph *const *)(const void *)v, n};
  else *(CxTypes *)to = (CxTypes){(const CxType *const *)(const void *)v, n};
  return ok || wrong(f, o);
}

static bool field_read(CxArena *arena, const CxField *f, PyObject *o, void *at) {
  switch (f->kind) {
  case CX_FIELD_INT: return read_int(o, at);
  case CX_FIELD_BOOL: {
    int truth = PyObject_IsTrue(o);
    *(bool *)at = truth > 0;
    return truth >= 0;
  }
  case CX_FIELD_FLOAT: return (*(double *)at = PyFloat_AsDouble(o), !PyErr_Occurred());
  case CX_FIELD_DTYPE: return o == Py_None ? (*(CxDtype *)at = CX_NO_DTYPE, true) : py_dtype(o, at);
  case CX_FIELD_ENUM: return read_enum(f, o, at);
  case CX_FIELD_INTS: return read_ints(arena, f, o, f->group, at);
  case CX_FIELD_STR: return read_str(arena, f, o, at);
  case CX_FIELD_GRAPH: return read_graph(f, o, at);
  case CX_FIELD_FN: return o == Py_None || Py_TYPE(o) == &fn_object_type ? (*(CxFn **)at = o == Py_None ? NULL : ((FnObject *)o)->fn, true) : wrong(f, o);
  case CX_FIELD_DIMS: return read_dims(arena, f, o, at);
  case CX_FIELD_NUMBER: return read_number(f, o, at);
  case CX_FIELD_STRS:
  case CX_FIELD_GRAPHS:
  case CX_FIELD_TYPES: return read_list(arena, f, o, at);
  case CX_FIELD_END: break;
  }
  return true;
}

/* JAX has parameters that no program here has: None for one of those means nothing. */
static bool params_known(const CxOp *def, PyObject *kwargs) {
  PyObject *name, *value;
  for (Py_ssize_t at = 0; kwargs && PyDict_Next(kwargs, &at, &name, &value);) {
    const CxField *f = def->fields;
    while (f && f->name && PyUnicode_CompareWithASCIIString(name, f->name)) f++;
    if ((!f || !f->name) && value != Py_None) return PyErr_Format(PyExc_TypeError, "%s has no parameter '%U'", def->name, name), false;
  }
  return true;
}

static void *params_read(CxArena *arena, const CxOp *def, PyObject *kwargs) {
  char *attrs = arena_alloc(arena, def->attrs_bytes + 16);
  bool ok = attrs != NULL && params_known(def, kwargs);
  for (const CxField *f = def->fields; ok && f && f->name; f++) {
    PyObject *v = kwargs ? PyDict_GetItemString(kwargs, f->name) : NULL;
    if (!v) return PyErr_Format(PyExc_TypeError, "%s: parameter '%s' is missing", def->name, f->name), NULL;
    ok = field_read(arena, f, v, attrs + f->offset);
  }
  return ok ? attrs : NULL;
}

/* ---- primitives ---- */

typedef struct PrimitiveObject {
  PyObject_HEAD
  CxOpcode op;
} PrimitiveObject;
static PyTypeObject primitive_type;
static PyObject *primitives[CX_OP_COUNT];

PyObject *py_primitive(CxOpcode op) {
  if (primitives[op]) return primitives[op];
  PrimitiveObject *o = PyObject_New(PrimitiveObject, &primitive_type);
  if (o) o->op = op, primitives[op] = (PyObject *)o;
  return (PyObject *)o;
}

static const CxOp *primitive_def(PyObject *o) { return cx_ops[((PrimitiveObject *)o)->op]; }
static PyObject *primitive_repr(PyObject *o) { return PyUnicode_FromString(primitive_def(o)->name); }
static PyObject *primitive_name(PyObject *o, void *c) { return (void)c, PyUnicode_FromString(primitive_def(o)->name); }
static PyObject *primitive_doc(PyObject *o, void *c) { return (void)c, PyUnicode_FromString(primitive_def(o)->doc ? primitive_def(o)->doc : ""); }
static PyObject *primitive_multiple(PyObject *o, void *c) { return (void)c, PyBool_FromLong(primitive_def(o)->nout != 1); }
static PyObject *primitive_false(PyObject *o, void *c) { return (void)o, (void)c, Py_NewRef(Py_False); }

static bool operands_count(const CxOp *def, uint32_t n) {
  if (def->nin >= 0 ? (int)n == def->nin : (int)n >= -1 - def->nin) return true;
  return cx_fail(CX_ERR_TYPE, "%s takes %d operands, got %u", def->name, def->nin >= 0 ? def->nin : -1 - def->nin, n);
}

static PyObject *bind_values(CxOpcode op, CxVals *in, const void *attrs) {
  const CxOp *def = cx_ops[op];
  uint32_t nout = op_nout(op, in->n, attrs);
  CxVal *out = cx_calloc((size_t)nout + 1, sizeof *out);
  PyObject *r = NULL;
  bool ok = out && cx_bind(op, in->v, in->n, def->fields ? attrs : NULL, out, nout);
  if (ok && def->nout == 1) {
    r = py_wrap(out[0]);
  } else if (ok && (r = PyList_New(nout))) {
    for (uint32_t i = 0; r && i < nout; i++) {
      PyObject *item = py_wrap(out[i]);
      if (item) PyList_SET_ITEM(r, i, item);
      else Py_CLEAR(r);
    }
  }
  cx_free(out);
  return r;
}

/* primitive.bind(*operands, **params) */
static PyObject *primitive_bind(PyObject *self, PyObject *args, PyObject *kwargs) {
  CxScope s;
  CxArena arena = {0};
  CxVals in = {0};
  cx_scope_open(&s);
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(args); i++) {
    CxVal v = py_val(PyTuple_GET_ITEM(args, i));
    ok = v && cx_vals_push(&in, v);
  }
  ok = ok && operands_count(primitive_def(self), in.n);
  const void *attrs = ok ? params_read(&arena, primitive_def(self), kwargs) : NULL;
  PyObject *r = attrs ? bind_values(((PrimitiveObject *)self)->op, &in, attrs) : NULL;
  if (!r) py_raise_traced();
  cx_vals_free(&in);
  arena_free(&arena);
  cx_scope_close(&s);
  return r;
}

static PyGetSetDef primitive_getset[] = {{"name", primitive_name, NULL, "The name of the operation.", NULL},
                                         {"doc", primitive_doc, NULL, "What it computes.", NULL},
                                         {"multiple_results", primitive_multiple, NULL, "Whether bind returns a list.", NULL},
                                         {"call_primitive", primitive_false, NULL, NULL, NULL},
                                         {"map_primitive", primitive_false, NULL, NULL, NULL},
                                         {0}};
static PyMethodDef primitive_methods[] = {{"bind", PY_FAST(primitive_bind), METH_VARARGS | METH_KEYWORDS, "Applies the operation."}, {0}};
static PyTypeObject primitive_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.core.Primitive", .tp_basicsize = sizeof(PrimitiveObject),
                                      .tp_flags = Py_TPFLAGS_DEFAULT, .tp_repr = primitive_repr, .tp_getset = primitive_getset,
                                      .tp_methods = primitive_methods, .tp_doc = "An operation of programs."};

/* primitive(name): the operation of this name; LookupError for others */
static PyObject *primitive_named(PyObject *m, PyObject *name) {
  (void)m;
  const char *s = PyUnicode_AsUTF8(name);
  CxOpcode op = s ? op_from_name(s) : CX_OP_NONE;
  if (!s) return NULL;
  return op ? Py_XNewRef(py_primitive(op)) : PyErr_Format(PyExc_LookupError, "no operation is called '%s'", s);
}

bool py_params_register(PyObject *m) {
  static PyMethodDef functions[] = {{"primitive", primitive_named, METH_O, "The operation of this name."}, {0}};
  return PyType_Ready(&fn_object_type) == 0 && PyType_Ready(&primitive_type) == 0 && PyModule_AddObjectRef(m, "Primitive", (PyObject *)&primitive_type) == 0 &&
         PyModule_AddFunctions(m, functions) == 0;
}
