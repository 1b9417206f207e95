/* x[index] and x.at[index]: Python's index objects to the core's index items. */
#include "python/array.h"

#include "np/arith.h"
#include "np/index.h"
#include "np/promote.h"
#include "np/view.h"
#include <string.h>

/* ---- items ---- */

typedef struct Items {
  NpIndex v[NP_MAX_ITEMS];
  int n;
} Items;

static bool type_error(PyObject *o) {
  PyObject *np_generic = py_numpy_type("generic");
  if (PyUnicode_Check(o)) PyErr_Format(PyExc_TypeError, "JAX does not support string indexing; got idx=%R", o);
  else if (PyFloat_Check(o)) PyErr_SetString(PyExc_TypeError, "Indexer must have integer or boolean type, got indexer with type float64");
  else if (PyComplex_Check(o) || (np_generic && PyObject_TypeCheck(o, (PyTypeObject *)np_generic)))
    PyErr_Format(PyExc_TypeError, "Indexer must have integer or boolean type, got indexer with type %s", Py_TYPE(o)->tp_name);
  else
    PyErr_Format(PyExc_IndexError, "only integers, slices (`:`), ellipsis (`...`), newaxis (`None`) and integer or boolean arrays are valid indices. Got %S", o);
  return py_keep_exception();
}

static bool bound_of(PyObject *o, PyObject *slice, int position, bool *given, int64_t *out) {
  *given = o != Py_None;
  if (!*given) return true;
  Py_ssize_t i = PyNumber_AsSsize_t(o, NULL); /* saturates */
  if (i == -1 && PyErr_Occurred()) {
    if (py_is_val(o) && ((PyVal *)o)->v && ((PyVal *)o)->v->trace) {
      PyErr_Clear();
      PyErr_Format(PyExc_IndexError, "Slice entries must be static integers. Got %R at position %d. To take a slice of static size at a traced start, use "
                                     "lax.dynamic_slice.", slice, position);
    }
    return py_keep_exception();
  }
  return *out = i, true;
}

static bool slice_item(PyObject *o, int position, NpIndex *it) {
  const PySliceObject *s = (PySliceObject *)o;
  bool has_step;
  it->kind = NP_INDEX_SLICE;
  it->step = 1;
  return bound_of(s->start, o, position, &it->has_start, &it->start) && bound_of(s->stop, o, position, &it->has_stop, &it->stop) &&
         bound_of(s->step, o, position, &has_step, &it->step);
}

static bool value_item(CxVal v, NpIndex *it) {
  if (!v) return false;
  char kind = cx_dtype_kind(v->type->dtype);
  it->array = v;
  it->kind = kind == 'b' ? NP_INDEX_BOOL : NP_INDEX_ARRAY;
  if (kind == 'b' || kind == 'i' || kind == 'u') return true;
  return cx_fail(CX_ERR_TYPE, "Indexer must have integer or boolean type, got indexer with type %s", cx_dtype_name(v->type->dtype));
}

static bool sequence_item(PyObject *o, NpIndex *it) {
  if (PySequence_Fast_GET_SIZE(o) == 0) return value_item(cx_array(CX_I32, 1, (int64_t[]){0}, NULL), it);
  return value_item(py_val_nested(o), it);
}

static bool is_numpy(PyObject *o, const char *type) {
  PyObject *t = py_numpy_type(type);
  return t && PyObject_TypeCheck(o, (PyTypeObject *)t);
}

static bool int_item(PyObject *o, NpIndex *it) {
  int overflow;
  it->kind = NP_INDEX_INT;
  it->i = PyLong_AsLongLongAndOverflow(o, &overflow);
  if (overflow) it->i = overflow > 0 ? INT64_MAX / 2 : INT64_MIN / 2;
  return true;
}

static bool numpy_scalar_item(PyObject *o, NpIndex *it) {
  CxVal v = py_val(o);
  if (!value_item(v, it)) return false;
  if (it->kind != NP_INDEX_ARRAY) return true;
  it->kind = NP_INDEX_INT;
  it->i = cx_to_int(v);
  return true;
}

static bool item_of(PyObject *o, int position, NpIndex *it) {
  memset(it, 0, sizeof *it);
  if (PyLong_CheckExact(o)) return int_item(o, it);
  if (PySlice_Check(o)) return slice_item(o, position, it);
  if (o == Py_None) return it->kind = NP_INDEX_NEWAXIS, true;
  if (o == Py_Ellipsis) return it->kind = NP_INDEX_ELLIPSIS, true;
  if (py_is_val(o) || PyBool_Check(o) || is_numpy(o, "ndarray")) return value_item(py_val(o), it);
  if (is_numpy(o, "generic")) return PyFloat_Check(o) || PyComplex_Check(o) ? type_error(o) : numpy_scalar_item(o, it);
  if (PyLong_Check(o)) return int_item(o, it);
  if (PyList_Check(o) || PyTuple_Check(o)) return sequence_item(o, it);
  return type_error(o);
}

static bool unpacks(PyObject *o) { return o == Py_None || o == Py_Ellipsis || PySlice_Check(o) || PyList_Check(o) || PyTuple_Check(o) || (py_is_val(o) && ((PyVal *)o)->type->rank); }

static bool refuse_list(PyObject *list) {
  const char *instead = "array";
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++)
    if (unpacks(PyList_GET_ITEM(list, i))) instead = "tuple";
  PyErr_Format(PyExc_TypeError, "Using a non-tuple sequence for multidimensional indexing is not allowed; use `arr[%s(seq)]` instead of `arr[seq]`. See "
                                "https://github.com/jax-ml/jax/issues/4564 for more information.", instead);
  return py_keep_exception();
}

static bool items_of(PyObject *index, Items *items) {
  items->n = 1;
  if (PyList_Check(index)) return refuse_list(index);
  if (!PyTuple_Check(index)) return item_of(index, 0, items->v);
  Py_ssize_t n = PyTuple_GET_SIZE(index);
  FAIL_IF(n > NP_MAX_ITEMS, CX_ERR_INDEX, "Too many indices: %zd", n);
  items->n = (int)n;
  for (int i = 0; i < items->n; i++)
    if (!item_of(PyTuple_GET_ITEM(index, i), i, &items->v[i])) return false;
  return true;
}

/* ---- x[index] ---- */

/* x[i] of a concrete array shares memory where the row is a good part of the whole. */
static bool shares_row(CxVal v, PyObject *index) {
  if (!node_is_array(v) || cx_thread.trace || !PyLong_CheckExact(index) || v->type->rank == 0) return false;
  return v->type->dims[0] > 0 && (v->type->dims[0] <= 8 || type_bytes(v->type) <= 4096);
}

static CxVal shared_row(CxVal v, PyObject *index) {
  NpIndex it = {0};
  int_item(index, &it);
  int64_t n = v->type->dims[0], i = it.i < 0 ? it.i + n : it.i;
  return np_row(v, i < 0 ? 0 : i >= n ? n - 1 : i);
}

static CxVal subscript(PyObject *o, PyObject *index) {
  Items items;
  CxVal v = py_self(o);
  if (!v) return NULL;
  if (shares_row(v, index)) return shared_row(v, index);
  return items_of(index, &items) ? np_index(v, items.v, items.n, &(NpIndexHow){0}) : NULL;
}

PyObject *py_subscript(PyObject *o, PyObject *index) {
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_wrap(subscript(o, index));
  cx_scope_close(&s);
  return r;
}

/* ---- x.at and x.at[index] ---- */

typedef struct At {
  PyObject_HEAD
  PyObject *array, *index; /* index NULL: x.at */
} At;

static PyTypeObject at_type, ref_type;

static PyObject *at_new(PyTypeObject *type, PyObject *array, PyObject *index) {
  At *a = PyObject_GC_New(At, type);
  if (!a) return NULL;
  a->array = Py_NewRef(array);
  a->index = Py_XNewRef(index);
  PyObject_GC_Track(a);
  return (PyObject *)a;
}

static void at_dealloc(PyObject *o) {
  PyObject_GC_UnTrack(o);
  Py_XDECREF(((At *)o)->array);
  Py_XDECREF(((At *)o)->index);
  PyObject_GC_Del(o);
}

static int at_traverse(PyObject *o, visitproc visit, void *arg) {
  Py_VISIT(((At *)o)->array);
  Py_VISIT(((At *)o)->index);
  return 0;
}

PyObject *py_at(PyObject *o, void *closure) { return (void)closure, at_new(&at_type, o, NULL); }
static PyObject *at_subscript(PyObject *o, PyObject *index) { return at_new(&ref_type, ((At *)o)->array, index); }
static PyObject *at_repr(PyObject *o) { return PyUnicode_FromFormat("_IndexUpdateHelper(%R)", ((At *)o)->array); }
static PyObject *ref_repr(PyObject *o) { return PyUnicode_FromFormat("_IndexUpdateRef(%R, %R)", ((At *)o)->array, ((At *)o)->index); }

/* ---- options of the methods ---- */

static bool lower_name(PyObject *o, char *out, size_t n) { /* a string, or an enum member by its name */
  PyObject *name = PyUnicode_Check(o) ? Py_NewRef(o) : PyObject_GetAttrString(o, "name");
  const char *s = name && PyUnicode_Check(name) ? PyUnicode_AsUTF8(name) : NULL;
  size_t i = 0;
  for (; s && s[i] && i + 1 < n; i++) out[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
  out[i] = 0;
  Py_XDECREF(name);
  return s != NULL;
}

static bool mode_of(PyObject *o, NpIndexHow *how) {
  static const struct { const char *name; CxIndexMode mode; } modes[] = {
      {"clip", CX_INDEX_CLIP}, {"fill", CX_INDEX_FILL_OR_DROP}, {"drop", CX_INDEX_FILL_OR_DROP}, {"fill_or_drop", CX_INDEX_FILL_OR_DROP},
      {"promise_in_bounds", CX_INDEX_PROMISE}};
  char name[32];
  if (o == Py_None) return true;
  how->mode_given = true;
  if (lower_name(o, name, sizeof name))
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
      if (!strcmp(modes[i].name, name)) return how->mode = modes[i].mode, true;
  PyErr_Clear();
  PyErr_Format(PyExc_ValueError, "Unknown gather mode %R: use \"clip\", \"fill\", \"drop\" or \"promise_in_bounds\"", o);
  return false;
}

static bool fill_of(PyObject *o, CxNumber *out) {
  if (o == Py_None) return true;
  CxVal v = py_arg(o, "fill_value argument to indexed get()", 0);
  if (!v) return py_raise(), false;
  if (v->trace) return py_concretization_fail(o, "fill_value argument to indexed get()"), false;
  if (v->type->rank) return PyErr_SetString(PyExc_ValueError, "fill_value argument to indexed get() must be a scalar"), false;
  char kind = cx_dtype_kind(v->type->dtype);
  if (kind == 'f') *out = CX_FLOAT(cx_to_double(v));
  else if (kind == 'c') *out = (CxNumber){.kind = 'c', .re = cx_to_double(cx_real(v)), .im = cx_to_double(cx_imag(v))};
  else *out = (CxNumber){.kind = kind, .i = cx_to_int(v)};
  return true;
}

typedef struct AtArgs {
  PyObject *value, *fill;
  NpIndexHow how;
} AtArgs;

static bool at_args(PyObject *args, PyObject *kwargs, const char *name, bool takes_value, AtArgs *a) {
  static char *with_value[] = {"values", "indices_are_sorted", "unique_indices", "mode", "out_sharding", "wrap_negative_indices", NULL};
  static char *with_func[] = {"func", "indices_are_sorted", "unique_indices", "mode", "out_sharding", "wrap_negative_indices", NULL};
  static char *without[] = {"indices_are_sorted", "unique_indices", "mode", "fill_value", "out_sharding", "wrap_negative_indices", NULL};
  PyObject *mode = Py_None, *sharding = Py_None;
  int sorted = 0, unique = 0, wrap = 1;
  char format[32];
  memset(a, 0, sizeof *a);
  a->fill = Py_None;
  snprintf(format, sizeof format, takes_value ? "O|$ppOOp:%s" : "|$ppOOOp:%s", name);
  char **names = !strcmp(name, "apply") ? with_func : with_value;
  bool ok = takes_value ? PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &a->value, &sorted, &unique, &mode, &sharding, &wrap)
                        : PyArg_ParseTupleAndKeywords(args, kwargs, format, without, &sorted, &unique, &mode, &a->fill, &sharding, &wrap);
  a->how.sorted = sorted;
  a->how.unique = unique;
  a->how.no_wrap = !wrap;
  return ok && mode_of(mode, &a->how);
}

/* ---- the methods ---- */

static PyObject *ref_get(PyObject *o, PyObject *args, PyObject *kwargs) {
  AtArgs a;
  Items items;
  if (!at_args(args, kwargs, "get", false, &a)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = NULL;
  if (fill_of(a.fill, &a.how.fill)) {
    CxVal v = py_self(((At *)o)->array);
    r = py_wrap(v && items_of(((At *)o)->index, &items) ? np_index(v, items.v, items.n, &a.how) : NULL);
  }
  cx_scope_close(&s);
  return r;
}

static bool warn_unsafe(CxVal x, CxVal y) { /* float values into integers lose what follows the point */
  CxDtype d;
  bool weak;
  if (!x || !y || !np_common_type(2, (CxVal[]){x, y}, &d, &weak) || d == x->type->dtype) return !cx_failed();
  int bad = PyErr_WarnFormat(PyExc_FutureWarning, 1,
                             "scatter inputs have incompatible types: cannot safely cast value from dtype=%s to dtype=%s with "
                             "jax_numpy_dtype_promotion=standard. In future JAX releases this will result in an error.",
                             cx_dtype_name(y->type->dtype), cx_dtype_name(x->type->dtype));
  return bad == 0 || py_keep_exception();
}

static CxVal updated(At *ref, CxVal x, CxVal y, NpUpdate op, const NpIndexHow *how) {
  Items items;
  if (!x || !y || !warn_unsafe(x, y) || !items_of(ref->index, &items)) return NULL;
  PyThreadState *unlocked = py_unlock2(x->type->size, x, y);
  CxVal r = np_update(x, items.v, items.n, y, op, how);
  py_lock(unlocked);
  return r;
}

typedef CxVal Combine(CxVal x, CxVal changed);

/* combine: the update acts on an array of ones, and the result is combined with x */
static PyObject *ref_update(PyObject *o, PyObject *args, PyObject *kwargs, const char *name, NpUpdate op, Combine *combine) {
  AtArgs a;
  At *ref = (At *)o;
  if (!at_args(args, kwargs, name, true, &a)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVal x = py_self(ref->array), y = x ? py_val_nested(a.value) : NULL, r;
  if (combine && x) r = combine(x, updated(ref, cx_full(x->type, 1), y, op, &a.how));
  else r = updated(ref, x, y, op, &a.how);
  PyObject *out = py_wrap(r);
  cx_scope_close(&s);
  return out;
}

static CxVal divided(CxVal x, CxVal changed) { return changed ? cx_np_true_divide(x, changed) : NULL; }
static CxVal raised(CxVal x, CxVal changed) { return changed ? cx_np_power(x, changed) : NULL; }

#define UPDATE(id, op, combine) \
  static PyObject *ref_##id(PyObject *o, PyObject *args, PyObject *kwargs) { return ref_update(o, args, kwargs, #id, op, combine); }
UPDATE(set, NP_UPDATE_SET, NULL)
UPDATE(add, NP_UPDATE_ADD, NULL)
UPDATE(subtract, NP_UPDATE_SUB, NULL)
UPDATE(multiply, NP_UPDATE_MUL, NULL)
UPDATE(divide, NP_UPDATE_MUL, divided)
UPDATE(power, NP_UPDATE_MUL, raised)
UPDATE(min, NP_UPDATE_MIN, NULL)
UPDATE(max, NP_UPDATE_MAX, NULL)

static PyObject *ref_apply(PyObject *o, PyObject *args, PyObject *kwargs) { /* set(func(get())) */
  AtArgs a;
  Items items;
  At *ref = (At *)o;
  if (!at_args(args, kwargs, "apply", true, &a)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  NpIndexHow read = a.how;
  read.mode_given = true;
  read.mode = CX_INDEX_CLIP; /* what lies outside is dropped when it is written back */
  CxVal x = py_self(ref->array);
  if (x && x->type->size == 0) return cx_scope_close(&s), Py_NewRef(ref->array);
  PyObject *old = py_wrap(x && items_of(ref->index, &items) ? np_index(x, items.v, items.n, &read) : NULL);
  PyObject *changed = old ? PyObject_CallOneArg(a.value, old) : NULL;
  PyObject *out = changed ? py_wrap(updated(ref, x, py_val(changed), NP_UPDATE_SET, &a.how)) : NULL;
  Py_XDECREF(old);
  Py_XDECREF(changed);
  cx_scope_close(&s);
  return out;
}

#define KEYWORDS(f) (PyCFunction)(void (*)(void))f, METH_VARARGS | METH_KEYWORDS
static PyMethodDef ref_methods[] = {
    {"get", KEYWORDS(ref_get), "x[index], with options."},
    {"set", KEYWORDS(ref_set), "A copy of x with x[index] = values."},
    {"add", KEYWORDS(ref_add), "A copy of x with x[index] += values; repeated indices add up."},
    {"subtract", KEYWORDS(ref_subtract), "A copy of x with x[index] -= values."},
    {"sub", KEYWORDS(ref_subtract), "A copy of x with x[index] -= values."},
    {"multiply", KEYWORDS(ref_multiply), "A copy of x with x[index] *= values."},
    {"mul", KEYWORDS(ref_multiply), "A copy of x with x[index] *= values."},
    {"divide", KEYWORDS(ref_divide), "A copy of x with x[index] /= values."},
    {"power", KEYWORDS(ref_power), "A copy of x with x[index] **= values."},
    {"min", KEYWORDS(ref_min), "A copy of x with x[index] = minimum(x[index], values)."},
    {"max", KEYWORDS(ref_max), "A copy of x with x[index] = maximum(x[index], values)."},
    {"apply", KEYWORDS(ref_apply), "A copy of x with x[index] = func(x[index])."},
    {NULL, NULL, 0, NULL}};

static PyMappingMethods at_mapping = {.mp_subscript = at_subscript};
static PyTypeObject at_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.numpy.array_methods._IndexUpdateHelper", .tp_basicsize = sizeof(At),
                               .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_traverse = at_traverse, .tp_dealloc = at_dealloc,
                               .tp_repr = at_repr, .tp_as_mapping = &at_mapping};
static PyTypeObject ref_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.numpy.array_methods._IndexUpdateRef", .tp_basicsize = sizeof(At),
                                .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_traverse = at_traverse, .tp_dealloc = at_dealloc,
                                .tp_repr = ref_repr, .tp_methods = ref_methods};

bool py_at_register(PyObject *m) {
  (void)m;
  return PyType_Ready(&at_type) == 0 && PyType_Ready(&ref_type) == 0;
}
