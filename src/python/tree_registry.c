/* Registries of container types, and how the core sees Python objects in a tree definition.
 * Readers of a registry take no lock: the table is open-addressed by type pointer, a slot is published once, entries are
 * never removed, and an outgrown table is kept for readers that still hold it. */
#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "base/hash.h"
#include "base/text.h"
#include "python/py.h"
#include "python/tree_inside.h"

/* ---- errors ---- */

bool py_tree_raise(void) {
  if (cx_failed()) py_raise();
  return false;
}

/* ---- entries ---- */

static PyTypeObject *entry_type;

static void entry_dealloc(PyObject *self) {
  PyTreeEntry *e = (PyTreeEntry *)self;
  PyTypeObject *type = Py_TYPE(self);
  Py_XDECREF(e->type);
  Py_XDECREF(e->to_iter);
  Py_XDECREF(e->from_iter);
  Py_XDECREF(e->to_iter_with_keys);
  Py_XDECREF(e->data_fields);
  Py_XDECREF(e->meta_fields);
  Py_XDECREF(e->fields);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyTreeEntry *entry_new(CxTreeKind kind, PyObject *type) {
  PyTreeEntry *e = PyObject_New(PyTreeEntry, entry_type);
  if (!e) return NULL;
  memset((char *)e + sizeof(PyObject), 0, sizeof *e - sizeof(PyObject));
  e->kind = kind;
  e->type = Py_NewRef(type);
  return e;
}

/* ---- the table of entries ---- */

typedef struct Slots {
  size_t mask, count;
  struct Slots *older;
  PyTreeEntry *slot[]; /* atomic */
} Slots;

struct PyTreeTypes {
  pthread_mutex_t lock; /* of writers */
  Slots *slots;         /* atomic */
  long owners;
};

static size_t type_hash(const void *type) { return (size_t)hash_mix((uintptr_t)type, 1); }

PyTreeEntry *tree_types_find(const PyTreeTypes *t, const void *type) {
  Slots *s = __atomic_load_n(&t->slots, __ATOMIC_ACQUIRE);
  for (size_t i = type_hash(type);; i++) {
    PyTreeEntry *e = __atomic_load_n(&s->slot[i & s->mask], __ATOMIC_ACQUIRE);
    if (!e || e->type == type) return e;
  }
}

static Slots *slots_new(size_t n) {
  Slots *s = cx_calloc(1, sizeof *s + n * sizeof *s->slot);
  if (s) s->mask = n - 1;
  return s;
}

static void slots_put(Slots *s, PyTreeEntry *e) {
  size_t i = type_hash(e->type);
  while (s->slot[i & s->mask]) i++;
  __atomic_store_n(&s->slot[i & s->mask], e, __ATOMIC_RELEASE);
  s->count++;
}

static bool slots_grow(PyTreeTypes *t) {
  Slots *old = t->slots, *s = slots_new((old->mask + 1) * 2);
  if (!s) return false;
  for (size_t i = 0; i <= old->mask; i++)
    if (old->slot[i]) slots_put(s, old->slot[i]);
  s->older = old;
  __atomic_store_n(&t->slots, s, __ATOMIC_RELEASE);
  return true;
}

/* Adds an entry, whose reference is taken on success: 1; 0 if the type has one; -1 out of memory. */
static int types_add(PyTreeTypes *t, PyTreeEntry *e) {
  pthread_mutex_lock(&t->lock);
  int done = !tree_types_find(t, e->type);
  if (done && 2 * t->slots->count >= t->slots->mask && !slots_grow(t)) done = -1;
  if (done == 1) slots_put(t->slots, e);
  pthread_mutex_unlock(&t->lock);
  return done;
}

static PyTreeTypes *types_new(void) {
  PyTreeTypes *t = cx_calloc(1, sizeof *t);
  if (t) t->slots = slots_new(64);
  if (!t || !t->slots) return cx_free(t), NULL;
  pthread_mutex_init(&t->lock, NULL);
  t->owners = 1;
  return t;
}

static void types_release(PyTreeTypes *t) {
  if (!t || --t->owners) return;
  for (size_t i = 0; i <= t->slots->mask; i++) Py_XDECREF(t->slots->slot[i]);
  for (Slots *s = t->slots, *older; s; s = older) older = s->older, cx_free(s);
  pthread_mutex_destroy(&t->lock);
  cx_free(t);
}

/* ---- registries ---- */

PyTreeRegistry *py_default_registry, *py_none_leaf_registry;
PyTypeObject *tree_registry_type;

static PyTreeRegistry *registry_new(PyTreeTypes *types, unsigned enabled, const char *name) {
  PyTreeRegistry *r = types ? PyObject_New(PyTreeRegistry, tree_registry_type) : NULL;
  if (!r) return types_release(types), NULL;
  r->types = types;
  r->enabled = enabled;
  r->name = name;
  return r;
}

static void registry_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  types_release(((PyTreeRegistry *)self)->types);
  PyObject_Free(self);
  Py_DECREF(type);
}

static PyObject *registry_create(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"enable_none", "enable_tuple", "enable_namedtuple", "enable_list", "enable_dict", NULL};
  int none = 1, tuple = 1, named = 1, list = 1, dict = 1;
  (void)type;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|ppppp:PyTreeRegistry", names, &none, &tuple, &named, &list, &dict))
    return NULL;
  unsigned enabled = (none ? TREE_NONE : 0) | (tuple ? TREE_TUPLE : 0) | (named ? TREE_NAMEDTUPLE : 0) |
                     (list ? TREE_LIST : 0) | (dict ? TREE_DICT : 0);
  PyTreeRegistry *r = registry_new(types_new(), enabled, NULL);
  if (!r && !PyErr_Occurred()) py_tree_raise();
  return (PyObject *)r;
}

bool py_enables_none(const PyTreeRegistry *r) { return r->enabled & TREE_NONE; }

PyTreeEntry *py_entry_find(PyTreeRegistry *r, PyObject *type) { return tree_types_find(r->types, type); }

static bool builtin_node(const PyTreeRegistry *r, PyObject *type) {
  unsigned which = type == (PyObject *)Py_TYPE(Py_None)    ? TREE_NONE
                   : type == (PyObject *)&PyTuple_Type     ? TREE_TUPLE
                   : type == (PyObject *)&PyList_Type      ? TREE_LIST
                   : type == (PyObject *)&PyDict_Type      ? TREE_DICT
                                                           : 0;
  return r->enabled & which;
}

int py_is_node_type(PyTreeRegistry *r, PyObject *type) {
  if (builtin_node(r, type) || tree_types_find(r->types, type)) return 1;
  if (!PyType_Check(type) || !PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type)) return 0;
  PyObject *fields;
  int has = PyObject_GetOptionalAttrString(type, "_fields", &fields);
  Py_XDECREF(fields);
  return has;
}

static bool register_entry(PyTreeRegistry *r, PyTreeEntry *e, const char *what) {
  int added = builtin_node(r, e->type) ? 0 : types_add(r->types, e);
  if (added == 1) return true;
  if (added < 0)
    py_tree_raise();
  else
    PyErr_Format(PyExc_ValueError, "Duplicate custom %sPyTreeDef type registration for %R.", what, e->type);
  Py_DECREF(e);
  return false;
}

static bool must_be_callable(PyObject *f, const char *what) {
  if (PyCallable_Check(f)) return true;
  PyErr_Format(PyExc_TypeError, "register_node(): %s must be callable, got %R", what, f);
  return false;
}

bool py_register_node(PyTreeRegistry *r, PyObject *type, PyObject *to_iter, PyObject *from_iter, PyObject *with_keys) {
  if (with_keys == Py_None) with_keys = NULL;
  if (!must_be_callable(to_iter, "the flatten function") || !must_be_callable(from_iter, "the unflatten function") ||
      (with_keys && !must_be_callable(with_keys, "the flatten function with keys")))
    return false;
  PyTreeEntry *e = entry_new(CX_TREE_CUSTOM, type);
  if (!e) return false;
  e->to_iter = Py_NewRef(to_iter);
  e->from_iter = Py_NewRef(from_iter);
  e->to_iter_with_keys = Py_XNewRef(with_keys);
  return register_entry(r, e, "");
}

/* A tuple of strings, interned because they become keyword names. */
static PyObject *names_tuple(PyObject *names) {
  PyObject *list = PySequence_List(names), *tuple = NULL;
  for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list); i++) {
    PyObject *name = PyList_GET_ITEM(list, i);
    if (!PyUnicode_Check(name)) {
      PyErr_Format(PyExc_TypeError, "field names must be strings, got %R", name);
      Py_CLEAR(list);
    } else {
      Py_INCREF(name);
      PyUnicode_InternInPlace(&name);
      PyList_SetItem(list, i, name);
    }
  }
  if (list) tuple = PyList_AsTuple(list);
  Py_XDECREF(list);
  return tuple;
}

bool py_register_dataclass(PyTreeRegistry *r, PyObject *type, PyObject *data_fields, PyObject *meta_fields) {
  PyTreeEntry *e = entry_new(CX_TREE_DATACLASS, type);
  if (!e) return false;
  e->data_fields = names_tuple(data_fields);
  e->meta_fields = e->data_fields ? names_tuple(meta_fields) : NULL;
  e->fields = e->meta_fields ? PySequence_Concat(e->meta_fields, e->data_fields) : NULL;
  if (!e->fields) return Py_DECREF(e), false;
  return register_entry(r, e, "dataclass ");
}

PyObject *tree_defaultdict_type;

static bool register_dicts(PyTreeRegistry *r) {
  PyObject *m = PyImport_ImportModule("_collections");
  tree_defaultdict_type = m ? PyObject_GetAttrString(m, "defaultdict") : NULL;
  Py_XDECREF(m);
  if (!tree_defaultdict_type) return false;
  PyTreeEntry *ordered = entry_new(CX_TREE_ORDEREDDICT, (PyObject *)&PyODict_Type);
  PyTreeEntry *missing = entry_new(CX_TREE_DEFAULTDICT, tree_defaultdict_type);
  return ordered && missing && register_entry(r, ordered, "") && register_entry(r, missing, "");
}

/* ---- what the core asks about Python objects ---- */

enum { SAME_DEPTH = 16 }; /* of nested tuples that are looked into; deeper ones are the same only if identical */

static uint64_t bits_of(double x) {
  uint64_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

static uint64_t object_hash(PyObject *o, int depth) {
  PyTypeObject *t = Py_TYPE(o);
  if (t == &PyUnicode_Type || t == &PyLong_Type || t == &PyBytes_Type) return (uint64_t)PyObject_Hash(o);
  if (t == &PyFloat_Type) return hash_mix(2, bits_of(PyFloat_AS_DOUBLE(o)));
  if (t == &PyTuple_Type && depth < SAME_DEPTH) {
    uint64_t h = (uint64_t)PyTuple_GET_SIZE(o);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); i++) h = hash_mix(h, object_hash(PyTuple_GET_ITEM(o, i), depth + 1));
    return h;
  }
  if (t == &PyMethod_Type) return hash_mix((uintptr_t)PyMethod_GET_SELF(o), (uintptr_t)PyMethod_GET_FUNCTION(o));
  if (t == py_treedef_type) return (uintptr_t)((TreeDef *)o)->tree;
  return (uintptr_t)o;
}

static bool object_same(PyObject *a, PyObject *b, int depth) {
  PyTypeObject *t = Py_TYPE(a);
  if (a == b) return true;
  if (t != Py_TYPE(b)) return false;
  if (t == &PyUnicode_Type) return PyUnicode_GET_LENGTH(a) == PyUnicode_GET_LENGTH(b) && PyUnicode_Compare(a, b) == 0;
  if (t == &PyLong_Type || t == &PyBytes_Type) return PyObject_RichCompareBool(a, b, Py_EQ) == 1;
  if (t == &PyFloat_Type) return bits_of(PyFloat_AS_DOUBLE(a)) == bits_of(PyFloat_AS_DOUBLE(b));
  if (t == &PyTuple_Type && depth < SAME_DEPTH) {
    if (PyTuple_GET_SIZE(a) != PyTuple_GET_SIZE(b)) return false;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(a); i++)
      if (!object_same(PyTuple_GET_ITEM(a, i), PyTuple_GET_ITEM(b, i), depth + 1)) return false;
    return true;
  }
  if (t == &PyMethod_Type)
    return PyMethod_GET_SELF(a) == PyMethod_GET_SELF(b) && PyMethod_GET_FUNCTION(a) == PyMethod_GET_FUNCTION(b);
  return t == py_treedef_type && ((TreeDef *)a)->tree == ((TreeDef *)b)->tree;
}

static uint64_t host_hash(const void *o) { return object_hash((PyObject *)(uintptr_t)o, 0); }

static bool host_same(const void *a, const void *b) {
  return object_same((PyObject *)(uintptr_t)a, (PyObject *)(uintptr_t)b, 0);
}

static int entries_equal(const PyTreeEntry *a, const PyTreeEntry *b) {
  return a->kind == b->kind && a->type == b->type && a->from_iter == b->from_iter;
}

static int host_equal(const void *x, const void *y) {
  PyObject *a = (PyObject *)(uintptr_t)x, *b = (PyObject *)(uintptr_t)y;
  if (Py_IS_TYPE(a, entry_type)) return Py_IS_TYPE(b, entry_type) && entries_equal((void *)a, (void *)b);
  int differs = PyObject_RichCompareBool(a, b, Py_NE);
  return differs < 0 ? -1 : !differs;
}

int py_trees_equal(const CxTree *a, const CxTree *b) {
  int equal = cx_tree_equal(a, b);
  if (equal < 0) tree_raise_equality();
  return equal;
}

/* 1 and True are equal and not the same; a cache may well tell them apart. */
static bool object_strict(PyObject *o, int depth) {
  PyTypeObject *t = Py_TYPE(o);
  if (t == &PyUnicode_Type || t == &PyLong_Type || t == &PyBool_Type || t == &PyFloat_Type || t == &PyBytes_Type ||
      t == &PyMethod_Type || t == entry_type || t->tp_richcompare == PyBaseObject_Type.tp_richcompare)
    return true;
  if (t != &PyTuple_Type || depth >= SAME_DEPTH) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(o); i++)
    if (!object_strict(PyTuple_GET_ITEM(o, i), depth + 1)) return false;
  return true;
}

static bool host_strict(const void *o) { return object_strict((PyObject *)(uintptr_t)o, 0); }

static uint64_t host_equal_hash(const void *x) {
  PyObject *o = (PyObject *)(uintptr_t)x;
  if (Py_IS_TYPE(o, entry_type)) o = ((PyTreeEntry *)o)->type;
  Py_hash_t h = PyObject_Hash(o);
  if (h != -1 || !PyErr_Occurred()) return (uint64_t)h;
  PyErr_Clear();
  return 0;
}

static void *host_retain(void *o) { return Py_NewRef((PyObject *)o); }
static void host_release(void *o) { Py_DECREF((PyObject *)o); }

/* Takes the reference to a string. */
static bool print_string(PyObject *s, CxText *to) {
  PyObject *bytes = s ? PyUnicode_AsEncodedString(s, "utf-8", "surrogatepass") : NULL;
  Py_XDECREF(s);
  if (!bytes) return false;
  text_add_n(to, PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes));
  Py_DECREF(bytes);
  return true;
}

static bool host_print_key(const void *o, CxText *to) { return print_string(PyObject_Repr((PyObject *)(uintptr_t)o), to); }
static bool host_print_aux(const void *o, CxText *to) { return print_string(PyObject_Str((PyObject *)(uintptr_t)o), to); }

static bool host_print_type(const void *o, CxText *to) {
  PyObject *type = (PyObject *)(uintptr_t)o;
  if (Py_IS_TYPE(type, entry_type)) type = ((PyTreeEntry *)type)->type;
  PyObject *name = PyObject_GetAttrString(type, "__name__");
  PyObject *text = name ? PyObject_Str(name) : NULL;
  Py_XDECREF(name);
  return print_string(text, to);
}

const CxTreeHost py_tree_host = {
    .hash = host_hash,
    .same = host_same,
    .equal = host_equal,
    .strict = host_strict,
    .equal_hash = host_equal_hash,
    .retain = host_retain,
    .release = host_release,
    .print_key = host_print_key,
    .print_type = host_print_type,
    .print_aux = host_print_aux,
};

/* ---- the Python type PyTreeRegistry ---- */

static PyObject *pair_new(PyObject *leaves, PyObject *def) {
  PyObject *pair = leaves && def ? PyTuple_Pack(2, leaves, def) : NULL;
  Py_XDECREF(leaves);
  Py_XDECREF(def);
  return pair;
}

static const char *const flatten_names[] = {"tree", "leaf_predicate"};

static PyObject *registry_flatten(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"flatten", flatten_names, 1, 2, 2, false};
  PyObject *a[2];
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  CxTree *def;
  py_leaves_init(&leaves);
  if (!py_flatten_with((PyTreeRegistry *)self, a[0], a[1], &leaves, &def)) return NULL;
  return pair_new(py_leaves_list(&leaves), py_treedef_new(def));
}

static PyObject *registry_flatten_with_path(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"flatten_with_path", flatten_names, 1, 2, 2, false};
  PyObject *a[2];
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  CxTree *def;
  py_leaves_init(&leaves);
  if (!py_flatten_with_path((PyTreeRegistry *)self, a[0], a[1], true, &leaves, &def)) return NULL;
  return pair_new(py_leaves_list(&leaves), py_treedef_new(def));
}

static PyObject *one_level(PyObject *self, PyObject *tree, bool with_keys) {
  PyObject *out = NULL;
  int node = py_flatten_one_level((PyTreeRegistry *)self, tree, with_keys, &out);
  return node < 0 ? NULL : node ? out : Py_NewRef(Py_None);
}

static PyObject *registry_one_level(PyObject *self, PyObject *tree) { return one_level(self, tree, false); }
static PyObject *registry_one_level_with_keys(PyObject *self, PyObject *tree) { return one_level(self, tree, true); }

static PyObject *registry_register_node(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"type", "to_iterable", "from_iterable", "to_iterable_with_keys"};
  static const PyParams params = {"register_node", names, 3, 4, 4, false};
  PyObject *a[4];
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  if (!py_register_node((PyTreeRegistry *)self, a[0], a[1], a[2], a[3])) return NULL;
  Py_RETURN_NONE;
}

static PyObject *registry_register_dataclass(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"type", "data_fields", "meta_fields"};
  static const PyParams params = {"register_dataclass_node", names, 3, 3, 3, false};
  PyObject *a[3];
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  if (!py_register_dataclass((PyTreeRegistry *)self, a[0], a[1], a[2])) return NULL;
  Py_RETURN_NONE;
}

static PyObject *registry_is_node(PyObject *self, PyObject *type) {
  int is = py_is_node_type((PyTreeRegistry *)self, type);
  return is < 0 ? NULL : PyBool_FromLong(is);
}

static PyObject *registry_reduce(PyObject *self, PyObject *none) {
  (void)none;
  const char *name = ((PyTreeRegistry *)self)->name;
  if (name) return PyUnicode_FromString(name);
  PyErr_SetString(PyExc_TypeError, "only the registries that the package defines can be pickled");
  return NULL;
}

static PyMethodDef registry_methods[] = {
    {"flatten", PY_FAST(registry_flatten), METH_FASTCALL | METH_KEYWORDS, "flatten($self, tree, leaf_predicate=None)\n--\n\n"},
    {"flatten_with_path", PY_FAST(registry_flatten_with_path), METH_FASTCALL | METH_KEYWORDS,
     "flatten_with_path($self, tree, leaf_predicate=None)\n--\n\n"},
    {"flatten_one_level", registry_one_level, METH_O, "flatten_one_level($self, tree)\n--\n\n"},
    {"flatten_one_level_with_keys", registry_one_level_with_keys, METH_O,
     "flatten_one_level_with_keys($self, tree)\n--\n\n"},
    {"register_node", PY_FAST(registry_register_node), METH_FASTCALL | METH_KEYWORDS,
     "register_node($self, type, to_iterable, from_iterable, to_iterable_with_keys=None)\n--\n\n"},
    {"register_dataclass_node", PY_FAST(registry_register_dataclass), METH_FASTCALL | METH_KEYWORDS,
     "register_dataclass_node($self, type, data_fields, meta_fields)\n--\n\n"},
    {"is_node", registry_is_node, METH_O, "is_node($self, type)\n--\n\n"},
    {"__reduce__", registry_reduce, METH_NOARGS, NULL},
    {0},
};

static PyType_Slot registry_slots[] = {
    {Py_tp_new, PY_SLOT(registry_create)},
    {Py_tp_dealloc, PY_SLOT(registry_dealloc)},
    {Py_tp_methods, registry_methods},
    {Py_tp_doc, "Which Python types are pytree containers, and how they are taken apart and put together."},
    {0, NULL},
};

static PyType_Spec registry_spec = {
    .name = "cuirax.tree_util.PyTreeRegistry",
    .basicsize = sizeof(PyTreeRegistry),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = registry_slots,
};

static PyType_Slot entry_slots[] = {{Py_tp_dealloc, PY_SLOT(entry_dealloc)}, {0, NULL}};

static PyType_Spec entry_spec = {
    .name = "cuirax.tree_util._PyTreeEntry",
    .basicsize = sizeof(PyTreeEntry),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = entry_slots,
};

int tree_registry_init(PyObject *module) {
  if (!(entry_type = (PyTypeObject *)PyType_FromSpec(&entry_spec))) return -1;
  if (!(tree_registry_type = (PyTypeObject *)PyType_FromSpec(&registry_spec))) return -1;
  PyTreeTypes *types = types_new();
  if (!(py_default_registry = registry_new(types, TREE_ALL, "default_registry"))) return -1;
  types->owners++;
  if (!(py_none_leaf_registry = registry_new(types, TREE_ALL & ~TREE_NONE, "none_leaf_registry"))) return -1;
  if (!register_dicts(py_default_registry)) return -1;
  return PyModule_AddObjectRef(module, "PyTreeRegistry", (PyObject *)tree_registry_type) ||
                 PyModule_AddObjectRef(module, "default_registry", (PyObject *)py_default_registry) ||
                 PyModule_AddObjectRef(module, "none_leaf_registry", (PyObject *)py_none_leaf_registry)
             ? -1
             : 0;
}
