/* Library functions as Python callables: one object per row of py_api, arguments bound and converted from the row's parameter list.
 * Errors for wrong arguments are Python's own (TypeError with the usual texts). */
#include "python/bind.h"

#include "base/error.h"
#include "base/vec.h"

typedef struct Bound {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  const PyApi *api;
  PyObject **names; /* interned parameter names */
  PyObject *name, *module, *dict;
} Bound;

enum { MAX_PARAMS = 32 };

typedef struct Call { /* memory of one call */
  const Bound *f;
  PyArg args[MAX_PARAMS];
  PyObject *given[MAX_PARAMS]; /* borrowed */
  PyObject *const *rest;       /* of a starred parameter */
  Py_ssize_t n_rest;
  int64_t ints[96];
  int n_ints;
  void *heap[32];
  int n_heap;
} Call;

static void call_free(Call *c) {
  for (int i = 0; i < c->n_heap; i++) cx_free(c->heap[i]);
}

static void *call_memory(void *call, size_t bytes) {
  Call *c = call;
  if (c->n_heap == 32) return PyErr_SetString(PyExc_TypeError, "too many long arguments"), NULL;
  void *p = cx_malloc(bytes);
  if (p) c->heap[c->n_heap++] = p;
  return p;
}

/* ---- conversions ---- */

static bool bad_kind(const Call *c, int i, const char *want) {
  PyErr_Format(PyExc_TypeError, "%s: argument '%s' must be %s, got %R", c->f->api->name, c->f->api->params[i].name, want, (PyObject *)Py_TYPE(c->given[i]));
  return false;
}

static bool to_int(Call *c, int i, PyObject *o, int64_t *out) {
  if (PyLong_Check(o)) {
    int overflow;
    *out = PyLong_AsLongLongAndOverflow(o, &overflow);
    if (!overflow) return !(*out == -1 && PyErr_Occurred());
    PyErr_Format(PyExc_OverflowError, "%s: argument '%s' does not fit 64 bits", c->f->api->name, c->f->api->params[i].name);
    return false;
  }
  PyObject *index = PyNumber_Index(o);
  if (!index) {
    if (!PyErr_ExceptionMatches(PyExc_TypeError) || py_is_val(o)) return false;
    PyErr_Clear();
    return bad_kind(c, i, "an integer");
  }
  *out = PyLong_AsLongLong(index);
  Py_DECREF(index);
  return !(*out == -1 && PyErr_Occurred());
}

static bool to_ints(Call *c, int i, PyObject *o, CxInts *out) {
  *out = (CxInts){.v = c->ints + c->n_ints};
  if (PyLong_Check(o) || (py_is_val(o) ? ((PyVal *)o)->type->rank == 0 : !PySequence_Check(o) && PyIndex_Check(o))) {
    if (c->n_ints >= 96) return bad_kind(c, i, "shorter");
    out->n = 1;
    return to_int(c, i, o, &c->ints[c->n_ints++]);
  }
  PyObject *fast = PySequence_Fast(o, "expected an int or a sequence of ints");
  if (!fast) return PyErr_Clear(), bad_kind(c, i, "an integer or a sequence of integers");
  Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
  int64_t *v = c->ints + c->n_ints;
  if (n > 96 - c->n_ints) v = call_memory(c, (size_t)n * sizeof *v);
  else c->n_ints += (int)n;
  bool ok = v != NULL;
  for (Py_ssize_t k = 0; ok && k < n; k++) ok = to_int(c, i, PySequence_Fast_GET_ITEM(fast, k), &v[k]);
  Py_DECREF(fast);
  out->v = v;
  out->n = (int32_t)n;
  return ok;
}

static bool to_vals(Call *c, int i, PyObject *const *items, Py_ssize_t n, CxVals *out) {
  CxVal *v = call_memory(c, ((size_t)n + 1) * sizeof *v);
  *out = (CxVals){.v = v, .n = (uint32_t)n, .cap = (uint32_t)n};
  for (Py_ssize_t k = 0; v && k < n; k++)
    if (!(v[k] = py_arg(items[k], c->f->api->name, (int)k))) return false;
  (void)i;
  return v != NULL;
}

static bool to_val_sequence(Call *c, int i, PyObject *o, CxVals *out) {
  PyObject *fast = PySequence_Fast(o, "");
  if (!fast) return PyErr_Clear(), bad_kind(c, i, "a sequence of arrays");
  bool ok = to_vals(c, i, PySequence_Fast_ITEMS(fast), PySequence_Fast_GET_SIZE(fast), out);
  Py_DECREF(fast);
  return ok;
}

static CxVal to_seed(Call *c, int i, PyObject *o) {
  int64_t seed;
  if (!PyLong_Check(o)) return py_arg(o, c->f->api->name, i);
  if (!to_int(c, i, o, &seed)) return NULL;
  return config_x64() ? cx_scalar_i64(CX_I64, seed) : cx_scalar_i64(CX_I32, (int32_t)seed);
}

static bool to_impl(Call *c, int i, PyObject *o, const char **out) {
  CxDtype d = CX_NO_DTYPE;
  if (PyUnicode_Check(o)) return (*out = PyUnicode_AsUTF8(o)) != NULL;
  if (PyLong_Check(o) || !py_dtype_exact(o, &d) || cx_dtype_kind(d) != 'k') return PyErr_Clear(), bad_kind(c, i, "the name or the dtype of a kind of random keys");
  return *out = cx_dtype_name(d), true;
}

static bool to_dims(Call *c, int i, PyObject *o, CxInts *out) {
  if (PySequence_Check(o) && !(py_is_val(o) && !((PyVal *)o)->type->rank)) return to_ints(c, i, o, out);
  PyErr_Format(PyExc_TypeError, "Shapes must be 1D sequences of concrete values of integer type, got %R.", o);
  return false;
}

static bool to_shape(Call *c, int i, PyObject *o, CxInts *out) {
  bool sequence = !PyUnicode_Check(o) && (PySequence_Check(o) || PyIndex_Check(o) || py_is_val(o));
  if (PyObject_CheckBuffer(o) && PyIndex_Check(o)) { /* an array of rank 0 is a number, one of rank 1 a sequence */
    PyObject *index = PyNumber_Index(o);
    bool ok = index && to_ints(c, i, index, out);
    Py_XDECREF(index);
    if (ok) return true;
    PyErr_Clear();
  }
  if (sequence && to_ints(c, i, o, out)) return true;
  if (PyErr_Occurred() && !PyErr_ExceptionMatches(PyExc_TypeError)) return false;
  PyErr_Clear();
  PyErr_Format(PyExc_TypeError, "Shapes must be 1D sequences of concrete values of integer type, got %R.", o);
  return false;
}

/* The numbers of Python and NumPy's float64 keep their precision. */
static bool to_num(Call *c, int i, PyObject *o, CxNum *out) {
  if (PyErr_Occurred() || !(out->val = py_arg(o, c->f->api->name, i))) return false;
  bool python = PyFloat_Check(o) || PyLong_Check(o);
  if (!cx_is_array(out->val)) {
    cx_fail(CX_ERR_CONCRETIZATION, "Abstract tracer value encountered where concrete value is expected: argument '%s' of %s", c->f->api->params[i].name, c->f->api->name);
    return false;
  }
  if (out->val->type->size != 1) return true; /* the function says what is wrong */
  out->exact = python;
  out->f = python ? PyFloat_AsDouble(o) : cx_to_double(out->val);
  return !PyErr_Occurred();
}

static const CxType *duck_type(Call *c, PyObject *shape, PyObject *dtype, bool weak) {
  CxInts dims;
  CxDtype d;
  if (!shape || !dtype || !to_shape(c, 0, shape, &dims) || !py_dtype(dtype, &d)) return NULL;
  return cx_type(d, dims.n, dims.v, weak);
}

static bool to_like(Call *c, int i, PyObject *o, const CxType **out) {
  if (py_is_val(o) || !PyObject_HasAttrString(o, "dtype") || !PyObject_HasAttrString(o, "shape")) {
    CxVal v = py_arg(o, c->f->api->name, i);
    return v && (*out = v->type);
  }
  PyObject *shape = PyObject_GetAttrString(o, "shape"), *dtype = PyObject_GetAttrString(o, "dtype"), *weak = PyObject_GetAttrString(o, "weak_type");
  if (!weak) PyErr_Clear();
  *out = duck_type(c, shape, dtype, weak == Py_True);
  Py_XDECREF(shape), Py_XDECREF(dtype), Py_XDECREF(weak);
  return *out != NULL;
}

static bool convert(Call *c, int i) {
  const PyParam *p = &c->f->api->params[i];
  PyObject *o = c->given[i];
  PyArg *a = &c->args[i];
  if (p->kind >= PY_KIND_PRECISION && p->kind <= PY_KIND_ORD) return py_kind(p->kind, o, (PyMemory){call_memory, c}, a);
  if (o == Py_None && (p->flags & PY_PARAM_OPTIONAL) && p->kind != PY_KIND_FLOAT && p->kind != PY_KIND_INT && p->kind != PY_KIND_BOOL) {
    *a = (PyArg){0};
    if (p->kind == PY_KIND_AXES || p->kind == PY_KIND_INTS || p->kind == PY_KIND_SHAPE || p->kind == PY_KIND_DIMS) a->ints.none = true;
    return true;
  }
  switch (p->kind) {
    case PY_KIND_VAL: return (a->val = py_arg(o, c->f->api->name, i)) != NULL;
    case PY_KIND_CHOICE:
      a->choice = (CxChoice){0};
      return PyUnicode_Check(o) ? (a->choice.name = PyUnicode_AsUTF8(o)) != NULL : (a->choice.val = py_arg(o, c->f->api->name, i)) != NULL;
    case PY_KIND_NESTED: return (a->val = py_val_nested(o)) != NULL;
    case PY_KIND_SEED: return (a->val = to_seed(c, i, o)) != NULL;
    case PY_KIND_WORD: return (a->val = PyLong_Check(o) ? py_val_nested_as(o, CX_U32) : py_arg(o, c->f->api->name, i)) != NULL;
    case PY_KIND_DIMS: return to_dims(c, i, o, &a->ints);
    case PY_KIND_VALS: return to_val_sequence(c, i, o, &a->vals);
    case PY_KIND_AXES:
    case PY_KIND_INTS: return to_ints(c, i, o, &a->ints);
    case PY_KIND_SHAPE: return to_shape(c, i, o, &a->ints);
    case PY_KIND_NUM: return a->num = (CxNum){0}, to_num(c, i, o, &a->num);
    case PY_KIND_LIKE: return to_like(c, i, o, &a->like);
    case PY_KIND_SECTIONS: {
      bool number = PyLong_Check(o) || (!PySequence_Check(o) && PyIndex_Check(o)) || (py_is_val(o) && ((PyVal *)o)->type->rank == 0);
      if (number && py_is_val(o) && !cx_is_array(((PyVal *)o)->v))
        return cx_fail(CX_ERR_CONCRETIZATION, "Abstract tracer value encountered where concrete value is expected: argument '%s' of %s", p->name, c->f->api->name);
      bool ok = to_ints(c, i, o, &a->ints);
      if (number) a->ints.n = -1;
      return ok;
    }
    case PY_KIND_INT: return to_int(c, i, o, &a->i);
    case PY_KIND_OPTINT: a->opt.given = o != Py_None; return !a->opt.given || to_int(c, i, o, &a->opt.v);
    case PY_KIND_FLOAT: return a->f = PyFloat_AsDouble(o), !(a->f == -1 && PyErr_Occurred());
    case PY_KIND_BOOL: {
      int b = PyObject_IsTrue(o);
      return a->b = b > 0, b >= 0;
    }
    case PY_KIND_STR: return PyUnicode_Check(o) ? (a->s = PyUnicode_AsUTF8(o)) != NULL : bad_kind(c, i, "a string");
    case PY_KIND_IMPL: return to_impl(c, i, o, &a->s);
    case PY_KIND_DTYPE: return py_dtype(o, &a->dtype);
    case PY_KIND_NONE:
      PyErr_Format(PyExc_NotImplementedError, "The '%s' argument to jnp.%s is not supported.", p->name, c->f->api->name);
      return false;
    default: return true;
  }
  return false;
}

/* ---- binding ---- */

static int find_name(const Bound *f, PyObject *name) {
  for (int i = 0; i < f->api->n; i++)
    if (f->names[i] == name) return i;
  for (int i = 0; i < f->api->n; i++)
    if (PyUnicode_Compare(f->names[i], name) == 0) return i;
  return -1;
}

static bool bind_positional(Call *c, PyObject *const *args, Py_ssize_t n) {
  const PyApi *api = c->f->api;
  int slots = 0;
  for (; slots < api->n && !(api->params[slots].flags & (PY_PARAM_KW_ONLY | PY_PARAM_STAR)); slots++)
    if (slots < n) c->given[slots] = args[slots];
  if (n <= slots) return true;
  if (slots < api->n && (api->params[slots].flags & PY_PARAM_STAR)) {
    c->rest = args + slots;
    c->n_rest = n - slots;
    return true;
  }
  PyErr_Format(PyExc_TypeError, "%s() takes %d positional argument%s but %zd %s given", api->name, slots, slots == 1 ? "" : "s", n, n == 1 ? "was" : "were");
  return false;
}

static bool bind_keywords(Call *c, PyObject *const *values, PyObject *names) {
  const PyApi *api = c->f->api;
  for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
    PyObject *name = PyTuple_GET_ITEM(names, k);
    int i = find_name(c->f, name);
    if (i < 0 || i < api->pos_only || (api->params[i].flags & PY_PARAM_STAR)) {
      PyErr_Format(PyExc_TypeError, i < 0 ? "%s() got an unexpected keyword argument '%U'" : "%s() got some positional-only arguments passed as keyword arguments: '%U'", api->name, name);
      return false;
    }
    if (c->given[i]) {
      PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", api->name, name);
      return false;
    }
    c->given[i] = values[k];
  }
  return true;
}

static bool bind_missing(const Call *c) {
  const PyApi *api = c->f->api;
  int missing = 0;
  PyObject *list = PyUnicode_FromString("");
  for (int i = 0; list && i < api->n; i++) {
    if (c->given[i] || (api->params[i].flags & (PY_PARAM_OPTIONAL | PY_PARAM_STAR))) continue;
    PyObject *next = PyUnicode_FromFormat(missing ? "%U, '%s'" : "%U'%s'", list, api->params[i].name);
    Py_SETREF(list, next);
    missing++;
  }
  if (missing)
    PyErr_Format(PyExc_TypeError, "%s() missing %d required positional argument%s: %U", api->name, missing, missing == 1 ? "" : "s", list);
  Py_XDECREF(list);
  return !missing;
}

static bool bind_all(Call *c, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  const PyApi *api = c->f->api;
  if (!bind_positional(c, args, n) || (names && !bind_keywords(c, args + n, names))) return false;
  for (int i = 0; i < api->n; i++) {
    const PyParam *p = &api->params[i];
    if (p->flags & PY_PARAM_STAR) {
      if (!to_vals(c, i, c->rest, c->n_rest, &c->args[i].vals)) return false;
    } else if (c->given[i]) {
      if (!convert(c, i)) return false;
    } else if (p->flags & PY_PARAM_OPTIONAL) {
      c->args[i] = p->fallback;
    } else {
      return bind_missing(c);
    }
  }
  return true;
}

/* ---- results ---- */

static PyObject *wrap_vals(const CxVals *vals, bool list) {
  PyObject *r = list ? PyList_New(vals->n) : PyTuple_New(vals->n);
  for (uint32_t i = 0; r && i < vals->n; i++) {
    PyObject *item = py_wrap(vals->v[i]);
    if (!item) return Py_DECREF(r), NULL;
    if (list) PyList_SET_ITEM(r, i, item);
    else PyTuple_SET_ITEM(r, i, item);
  }
  return r;
}

static bool is_several(PyResultKind k) { return k == PY_RESULT_VALS || k == PY_RESULT_LIST || k == PY_RESULT_SOME || k == PY_RESULT_SOMELIST; }

static PyObject *wrap_result(const PyApi *api, PyResult *r, bool ok) {
  if (!ok || cx_failed() || PyErr_Occurred()) return py_raise();
  switch (api->result) {
    case PY_RESULT_VAL: return py_wrap(r->val);
    case PY_RESULT_SOME:
    case PY_RESULT_SOMELIST:
      if (r->vals.n == 1 && !r->vals.several) return py_wrap(r->vals.v[0]); /* fallthrough */
    case PY_RESULT_VALS:
    case PY_RESULT_LIST: return wrap_vals(&r->vals, api->result == PY_RESULT_LIST || api->result == PY_RESULT_SOMELIST);
    case PY_RESULT_INT: return PyLong_FromLongLong(r->i);
    case PY_RESULT_BOOL: return PyBool_FromLong(r->b);
    case PY_RESULT_DTYPE: return py_dtype_object(r->dtype);
    case PY_RESULT_STR: return PyUnicode_FromString(r->s);
    case PY_RESULT_SHAPE: {
      PyObject *t = PyTuple_New(r->ints.n);
      for (int i = 0; t && i < r->ints.n; i++) PyTuple_SET_ITEM(t, i, PyLong_FromLongLong(r->ints.v[i]));
      return t;
    }
  }
  return NULL;
}

static PyObject *bound_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names) {
  Call c;
  c.f = (const Bound *)self;
  c.n_ints = c.n_heap = 0;
  c.rest = NULL;
  c.n_rest = 0;
  for (int i = 0; i < c.f->api->n; i++) c.given[i] = NULL;
  CxScope s;
  cx_scope_open(&s);
  PyResult r = {0};
  PyObject *result = NULL;
  if (bind_all(&c, args, PyVectorcall_NARGS(nargsf), names)) {
    bool ok = c.f->api->call(c.args, &r);
    result = wrap_result(c.f->api, &r, ok);
    if (is_several(c.f->api->result)) cx_vals_free(&r.vals);
  } else {
    result = py_raise();
  }
  call_free(&c);
  cx_scope_close(&s);
  return result;
}

/* ---- the type ---- */

static PyObject *bound_get(PyObject *self, PyObject *obj, PyObject *type) {
  (void)type;
  return obj && obj != Py_None ? PyMethod_New(self, obj) : Py_NewRef(self);
}
static PyObject *bound_repr(PyObject *self) { return PyUnicode_FromFormat("<function %U>", ((Bound *)self)->name); }
static PyObject *bound_doc(PyObject *self, void *c) { return (void)c, PyUnicode_FromString(((Bound *)self)->api->doc); }
static PyObject *bound_text_signature(PyObject *self, void *c) { return (void)c, PyUnicode_FromString(((Bound *)self)->api->signature); }

static PyObject *bound_signature(PyObject *self, void *c) {
  (void)c;
  PyObject *inspect = PyImport_ImportModule("inspect"), *cls = NULL, *r = NULL;
  if (inspect) cls = PyObject_GetAttrString(inspect, "Signature");
  /* the row's text as a lambda: Python itself parses it */
  PyObject *text = cls ? PyUnicode_FromFormat("lambda %s: None", ((Bound *)self)->api->signature + 1) : NULL;
  if (text) {
    Py_ssize_t n = PyUnicode_GET_LENGTH(text), close = PyUnicode_FindChar(text, ')', 0, n, -1);
    PyObject *head = PyUnicode_Substring(text, 0, close), *tail = PyUnicode_Substring(text, close + 1, n);
    PyObject *code = head && tail ? PyUnicode_FromFormat("%U%U", head, tail) : NULL, *globals = PyDict_New();
    if (globals) PyDict_SetItemString(globals, "inf", Py_None), PyDict_SetItemString(globals, "pi", Py_None), PyDict_SetItemString(globals, "nan", Py_None);
    PyObject *fn = code && globals ? PyRun_String(PyUnicode_AsUTF8(code), Py_eval_input, globals, globals) : NULL;
    if (fn) r = PyObject_CallMethod(inspect, "signature", "O", fn);
    Py_XDECREF(fn), Py_XDECREF(globals), Py_XDECREF(code), Py_XDECREF(head), Py_XDECREF(tail);
  }
  Py_XDECREF(text), Py_XDECREF(cls), Py_XDECREF(inspect);
  return r;
}

static PyObject *bound_reduce(PyObject *self, PyObject *unused) {
  (void)unused;
  Bound *b = (Bound *)self;
  PyObject *module = PyImport_ImportModule("cuirax._core"), *fn = module ? PyObject_GetAttrString(module, "api_function") : NULL;
  PyObject *r = fn ? Py_BuildValue("(N(ss))", fn, b->api->module, b->api->name) : NULL;
  Py_XDECREF(module);
  return r;
}

/* reduce, accumulate, … of jnp.add and the other universal functions: numpy/_ufunc.py makes them when they are asked for */
static PyObject *bound_ufunc(PyObject *self, void *name) {
  PyObject *module = strcmp(((Bound *)self)->api->module, "numpy") ? NULL : PyImport_ImportModule("cuirax.numpy._ufunc");
  if (!module) return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_AttributeError, "a function has no attribute '%s'", (const char *)name);
  PyObject *r = PyObject_CallMethod(module, "attribute", "Os", self, (const char *)name);
  Py_DECREF(module);
  return r;
}
#define UFUNC(name) {#name, bound_ufunc, NULL, NULL, (char[]){#name}}

static PyGetSetDef bound_getset[] = {UFUNC(reduce), UFUNC(accumulate), UFUNC(at), UFUNC(reduceat), UFUNC(outer), UFUNC(nin), UFUNC(nout), UFUNC(nargs), UFUNC(identity),
                                     {"__doc__", bound_doc, NULL, NULL, NULL},
                                     {"__text_signature__", bound_text_signature, NULL, NULL, NULL},
                                     {"__signature__", bound_signature, NULL, NULL, NULL},
                                     {0}};
static PyMemberDef bound_members[] = {{"__name__", T_OBJECT, offsetof(Bound, name), READONLY, NULL},
                                      {"__qualname__", T_OBJECT, offsetof(Bound, name), READONLY, NULL},
                                      {"__module__", T_OBJECT, offsetof(Bound, module), READONLY, NULL},
                                      {0}};
static PyMethodDef bound_methods[] = {{"__reduce__", bound_reduce, METH_NOARGS, NULL}, {0}};

static PyTypeObject bound_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax._core.Function",
    .tp_basicsize = sizeof(Bound),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR,
    .tp_vectorcall_offset = offsetof(Bound, vectorcall),
    .tp_call = PyVectorcall_Call,
    .tp_descr_get = bound_get,
    .tp_repr = bound_repr,
    .tp_getset = bound_getset,
    .tp_members = bound_members,
    .tp_methods = bound_methods,
    .tp_dictoffset = offsetof(Bound, dict),
    .tp_getattro = PyObject_GenericGetAttr,
    .tp_setattro = PyObject_GenericSetAttr,
};

/* ---- the module: {"numpy": {"sum": function}, …} ---- */

static PyObject *api_modules; /* dict of dicts; functions are immortal */

static PyObject *bound_new(const PyApi *api) {
  Bound *b = PyObject_New(Bound, &bound_type);
  if (!b) return NULL;
  b->vectorcall = bound_call;
  b->api = api;
  b->dict = NULL;
  b->name = PyUnicode_InternFromString(api->name);
  b->module = PyUnicode_FromFormat("jax.%s", api->module);
  b->names = PyMem_Calloc((size_t)api->n + 1, sizeof *b->names);
  for (int i = 0; b->names && i < api->n; i++) b->names[i] = PyUnicode_InternFromString(api->params[i].name);
  return (PyObject *)b;
}

static PyObject *module_dict(const char *module) {
  PyObject *d = PyDict_GetItemString(api_modules, module);
  if (d) return d;
  d = PyDict_New();
  if (!d || PyDict_SetItemString(api_modules, module, d) < 0) return NULL;
  Py_DECREF(d);
  return d;
}

PyObject *py_api_function(const char *module, const char *name) {
  PyObject *d = PyDict_GetItemString(api_modules, module);
  return d ? PyDict_GetItemString(d, name) : NULL;
}

static PyObject *api_dict(PyObject *self, PyObject *name) {
  (void)self;
  const char *module = PyUnicode_AsUTF8(name);
  PyObject *d = module ? PyDict_GetItemString(api_modules, module) : NULL;
  if (!d && !PyErr_Occurred()) return PyDict_New();
  return Py_XNewRef(d);
}

static PyObject *api_function(PyObject *self, PyObject *args) {
  (void)self;
  const char *module, *name;
  if (!PyArg_ParseTuple(args, "ss", &module, &name)) return NULL;
  PyObject *f = py_api_function(module, name);
  if (!f) return PyErr_Format(PyExc_AttributeError, "no library function %s.%s", module, name);
  return Py_NewRef(f);
}

static PyMethodDef api_methods[] = {{"api", api_dict, METH_O, "api(module): the library functions of a namespace, by name."},
                                    {"api_function", api_function, METH_VARARGS, "api_function(module, name): one library function."},
                                    {0}};

bool py_api_register(PyObject *m) {
  if (PyType_Ready(&bound_type) < 0 || !(api_modules = PyDict_New())) return false;
  for (const PyApi *a = py_api; a->name; a++) {
    if (a->n > MAX_PARAMS) return PyErr_Format(PyExc_SystemError, "%s has too many parameters", a->name), false;
    PyObject *d = module_dict(a->module), *f = d ? bound_new(a) : NULL;
    if (!f || PyDict_SetItemString(d, a->name, f) < 0) return false;
    Py_DECREF(f);
  }
  for (const PyAlias *a = py_aliases; a->name; a++) {
    PyObject *d = module_dict(a->module), *f = py_api_function(a->of_module, a->of_name);
    if (!d || !f || PyDict_SetItemString(d, a->name, f) < 0) return f ? false : (PyErr_Format(PyExc_SystemError, "alias %s.%s has no target", a->module, a->name), false);
  }
  return PyModule_AddFunctions(m, api_methods) == 0;
}
