/* From containers to leaves and a tree definition.
 * The walk collects nodes, their objects and the leaves into buffers that begin on the stack, then interns the whole
 * definition with one look-up. Everything collected is owned, because user code may run between any two steps: registered
 * functions, predicates and key comparisons may change a container while it is being walked. */
#include "python/pytree.h"

#include <string.h>

#include "base/alloc.h"
#include "python/tree_inside.h"

/* ---- leaves ---- */

void py_leaves_init(PyLeaves *l) {
  l->v = l->small;
  l->n = 0;
  l->cap = sizeof l->small / sizeof *l->small;
}

/* Doubles a buffer that begins as an array inside a struct. */
static bool buffer_grow(void **v, uint32_t *cap, const void *small, size_t item) {
  size_t n = (size_t)*cap * 2;
  void *p = n > UINT32_MAX / 2 ? NULL : *v == small ? PyMem_Malloc(n * item) : PyMem_Realloc(*v, n * item);
  if (!p) return PyErr_NoMemory(), false;
  if (*v == small) memcpy(p, small, *cap * item);
  *v = p;
  *cap = (uint32_t)n;
  return true;
}

bool py_leaves_push(PyLeaves *l, PyObject *owned) {
  if (l->n == l->cap && !buffer_grow((void **)&l->v, &l->cap, l->small, sizeof *l->v)) return Py_DECREF(owned), false;
  l->v[l->n++] = owned;
  return true;
}

void py_leaves_cut(PyLeaves *l, uint32_t n) {
  while (l->n > n) {
    PyObject *o = l->v[--l->n];
    Py_DECREF(o);
  }
}

void py_leaves_clear(PyLeaves *l) {
  py_leaves_cut(l, 0);
  if (l->v != l->small) PyMem_Free(l->v);
  py_leaves_init(l);
}

PyObject *py_leaves_list(PyLeaves *l) {
  PyObject *list = PyList_New(l->n);
  for (uint32_t i = 0; list && i < l->n; i++) PyList_SET_ITEM(list, i, l->v[i]);
  if (list) l->n = 0;
  py_leaves_clear(l);
  return list;
}

/* ---- the walk ---- */

typedef struct Walk {
  const PyTreeRegistry *registry;
  PyObject *is_leaf; /* borrowed, or NULL */
  PyLeaves *leaves;
  PyLeaves *path;    /* the keys from the root to here, or NULL when leaves come without paths */
  bool takes_path;   /* the predicate is called with the path, too */
  bool wants_def;
  uint32_t num_nodes, cap_nodes, num_objects, cap_objects, num_items, cap_items;
  CxTreeNode *nodes;
  PyObject **objects; /* owned */
  TreeItem *items;    /* of the dictionaries being walked; owned, a value that has been handed on is NULL */
  CxTreeNode small_nodes[96];
  PyObject *small_objects[64];
  TreeItem small_items[64];
} Walk;

static void walk_init(Walk *w, const PyTreeRegistry *registry, PyLeaves *leaves) {
  w->registry = registry;
  w->leaves = leaves;
  w->is_leaf = NULL;
  w->path = NULL;
  w->takes_path = false;
  w->wants_def = true;
  w->num_nodes = w->num_objects = w->num_items = 0;
  w->nodes = w->small_nodes, w->cap_nodes = sizeof w->small_nodes / sizeof *w->nodes;
  w->objects = w->small_objects, w->cap_objects = sizeof w->small_objects / sizeof *w->objects;
  w->items = w->small_items, w->cap_items = sizeof w->small_items / sizeof *w->items;
}

static void walk_free(Walk *w) {
  for (uint32_t i = 0; i < w->num_objects; i++) Py_DECREF(w->objects[i]);
  for (uint32_t i = 0; i < w->num_items; i++) {
    Py_XDECREF(w->items[i].key);
    Py_XDECREF(w->items[i].value);
  }
  if (w->nodes != w->small_nodes) PyMem_Free(w->nodes);
  if (w->objects != w->small_objects) PyMem_Free(w->objects);
  if (w->items != w->small_items) PyMem_Free(w->items);
}

static inline bool walk_node(Walk *w, CxTreeKind kind, Py_ssize_t arity) {
  if (w->num_nodes == w->cap_nodes && !buffer_grow((void **)&w->nodes, &w->cap_nodes, w->small_nodes, sizeof *w->nodes))
    return false;
  w->nodes[w->num_nodes++] = (CxTreeNode){(uint32_t)kind, (uint32_t)arity};
  return true;
}

/* Takes the reference. */
static inline bool walk_object(Walk *w, PyObject *owned) {
  if (w->num_objects == w->cap_objects &&
      !buffer_grow((void **)&w->objects, &w->cap_objects, w->small_objects, sizeof *w->objects))
    return Py_DECREF(owned), false;
  w->objects[w->num_objects++] = owned;
  return true;
}

static inline bool walk_item(Walk *w, PyObject *key, PyObject *value) {
  if (w->num_items == w->cap_items && !buffer_grow((void **)&w->items, &w->cap_items, w->small_items, sizeof *w->items))
    return false;
  w->items[w->num_items++] = (TreeItem){Py_NewRef(key), Py_XNewRef(value)};
  return true;
}

static PyObject *walk_path(const Walk *w) {
  PyObject *path = PyTuple_New(w->path->n);
  for (uint32_t i = 0; path && i < w->path->n; i++) PyTuple_SET_ITEM(path, i, Py_NewRef(w->path->v[i]));
  return path;
}

static bool is_iterator_type(PyTypeObject *t) {
  static PyTypeObject *const types[] = {
      &PyGen_Type,     &PyZip_Type,         &PyListIter_Type,    &PySetIter_Type,      &PyMap_Type,          &PyFilter_Type,
      &PyEnum_Type,    &PyReversed_Type,    &PyTupleIter_Type,   &PyDictIterKey_Type,  &PyDictIterValue_Type,
      &PyDictIterItem_Type, &PyDictValues_Type,
  };
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (PyType_IsSubtype(t, types[i])) return true;
  return false;
}

/* An iterator as a leaf is most likely a mistake. */
static bool leaf_check(PyObject *x) {
  PyTypeObject *t = Py_TYPE(x);
  if ((!t->tp_iternext && t != &PyDictValues_Type) || !is_iterator_type(t)) return true;
  return PyErr_WarnFormat(PyExc_DeprecationWarning, 1,
                          "Python iterable type '%s' is treated as a leaf in PyTree. Use is_leaf to suppress this warning "
                          "if you want this behavior. In a future version of JAX, this will become an error.",
                          t->tp_name) == 0;
}

/* Takes the reference. */
static inline bool walk_leaf(Walk *w, PyObject *owned) {
  if (w->path) {
    PyObject *path = walk_path(w), *pair = path ? PyTuple_Pack(2, path, owned) : NULL;
    Py_XDECREF(path);
    Py_DECREF(owned);
    if (!(owned = pair)) return false;
  }
  return py_leaves_push(w->leaves, owned) && (!w->wants_def || walk_node(w, CX_TREE_LEAF, 0));
}

/* 1, 0 or -1. */
static int walk_ask(const Walk *w, PyObject *x) {
  PyObject *answer;
  if (w->path && w->takes_path) {
    PyObject *path = walk_path(w);
    answer = path ? PyObject_CallFunctionObjArgs(w->is_leaf, path, x, NULL) : NULL;
    Py_XDECREF(path);
  } else {
    answer = PyObject_CallOneArg(w->is_leaf, x);
  }
  if (!answer) return -1;
  int yes = answer == Py_True ? 1 : answer == Py_False || answer == Py_None ? 0 : -1;
  if (yes < 0)
    PyErr_Format(PyExc_ValueError, "is_leaf predicate returned a non-boolean value %R; expected a boolean", answer);
  Py_DECREF(answer);
  return yes;
}

static int has_fields(PyObject *x) {
  PyObject *fields;
  int has = PyObject_GetOptionalAttrString(x, "_fields", &fields);
  Py_XDECREF(fields);
  return has;
}

CxTreeKind tree_kind_of(const PyTreeRegistry *r, PyObject *x, PyTreeEntry **entry) {
  PyTypeObject *t = Py_TYPE(x);
  *entry = NULL;
  if (t == &PyDict_Type && r->enabled & TREE_DICT) return CX_TREE_DICT;
  if (t == &PyTuple_Type && r->enabled & TREE_TUPLE) return CX_TREE_TUPLE;
  if (t == &PyList_Type && r->enabled & TREE_LIST) return CX_TREE_LIST;
  if (x == Py_None && r->enabled & TREE_NONE) return CX_TREE_NONE;
  PyTreeEntry *e = tree_types_find(r->types, t);
  if (e) return *entry = e, e->kind;
  /* As in JAX, whether named tuples are enabled is not asked here. */
  if (!PyType_HasFeature(t, Py_TPFLAGS_TUPLE_SUBCLASS)) return CX_TREE_LEAF;
  int named = has_fields(x);
  return named < 0 ? CX_TREE_KINDS : named ? CX_TREE_NAMEDTUPLE : CX_TREE_LEAF;
}

static bool walk(Walk *w, PyObject *x);

/* Is x a leaf that nothing needs to be asked about? Quick, and may say no. */
static inline bool plain_leaf(const Walk *w, PyObject *x) {
  PyTypeObject *t = Py_TYPE(x);
  return !w->is_leaf && !w->path && !PyType_HasFeature(t, Py_TPFLAGS_TUPLE_SUBCLASS | Py_TPFLAGS_LIST_SUBCLASS |
                                                              Py_TPFLAGS_DICT_SUBCLASS) &&
         x != Py_None && !t->tp_iternext && t != &PyDictValues_Type && !tree_types_find(w->registry->types, t);
}

/* Goes down to a child, whose reference is taken. */
static inline bool walk_child(Walk *w, PyObject *owned) {
  if (plain_leaf(w, owned)) return walk_leaf(w, owned);
  if (Py_EnterRecursiveCall(" in flatten; PyTree may have cyclical node references.")) return Py_DECREF(owned), false;
  bool ok = walk(w, owned);
  Py_LeaveRecursiveCall();
  Py_DECREF(owned);
  return ok;
}

/* The same under a key, whose reference is taken, too; NULL is an error. */
static bool walk_keyed(Walk *w, PyObject *key, PyObject *owned) {
  if (!key || !py_leaves_push(w->path, key)) return Py_DECREF(owned), false;
  bool ok = walk_child(w, owned);
  py_leaves_cut(w->path, w->path->n - 1);
  return ok;
}

static inline bool walk_at(Walk *w, Py_ssize_t i, PyObject *owned) {
  return w->path ? walk_keyed(w, py_key_from_index(py_sequence_key, i), owned) : walk_child(w, owned);
}

static bool walk_tuple(Walk *w, PyObject *x) {
  Py_ssize_t n = PyTuple_GET_SIZE(x);
  for (Py_ssize_t i = 0; i < n; i++)
    if (!walk_at(w, i, Py_NewRef(PyTuple_GET_ITEM(x, i)))) return false;
  return walk_node(w, CX_TREE_TUPLE, n);
}

static bool walk_list(Walk *w, PyObject *x) {
  Py_ssize_t n = PyList_GET_SIZE(x);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *item = PyList_GetItemRef(x, i);
    if (!item || !walk_at(w, i, item)) return false;
  }
  return walk_node(w, CX_TREE_LIST, n);
}

PyObject *tree_field_names(PyObject *x) {
  PyObject *names = PyObject_GetAttrString(x, "_fields");
  if (names && PyTuple_Check(names) && PyTuple_GET_SIZE(names) == PyTuple_GET_SIZE(x)) return names;
  if (names) PyErr_SetString(PyExc_ValueError, "A namedtuple's _fields attribute should have the same size as the tuple.");
  Py_XDECREF(names);
  return NULL;
}

static bool walk_namedtuple(Walk *w, PyObject *x) {
  Py_ssize_t n = PyTuple_GET_SIZE(x);
  PyObject *names = w->path ? tree_field_names(x) : NULL;
  bool ok = names || !w->path;
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    PyObject *child = Py_NewRef(PyTuple_GET_ITEM(x, i));
    ok = names ? walk_keyed(w, py_key_new(py_attribute_key, PyTuple_GET_ITEM(names, i)), child) : walk_child(w, child);
  }
  Py_XDECREF(names);
  return ok && walk_object(w, Py_NewRef((PyObject *)Py_TYPE(x))) && walk_node(w, CX_TREE_NAMEDTUPLE, n);
}

/* ---- dictionaries ---- */

/* 1 if a < b, 0 if not, -1 on an error. Strings and small integers, nearly all keys, without a call into Python. */
static inline int key_less(PyObject *a, PyObject *b) {
  if (PyUnicode_CheckExact(a) && PyUnicode_CheckExact(b)) {
    if (PyUnicode_KIND(a) != PyUnicode_1BYTE_KIND || PyUnicode_KIND(b) != PyUnicode_1BYTE_KIND)
      return PyUnicode_Compare(a, b) < 0;
    Py_ssize_t n = PyUnicode_GET_LENGTH(a), m = PyUnicode_GET_LENGTH(b);
    int order = memcmp(PyUnicode_1BYTE_DATA(a), PyUnicode_1BYTE_DATA(b), (size_t)(n < m ? n : m));
    return order ? order < 0 : n < m;
  }
  return PyObject_RichCompareBool(a, b, Py_LT);
}

/* Merges the sorted runs [lo, mid) and [mid, hi). */
static bool items_merge(TreeItem *items, TreeItem *spare, uint32_t lo, uint32_t mid, uint32_t hi) {
  uint32_t i = lo, j = mid, k = lo;
  while (i < mid && j < hi) {
    int less = key_less(items[j].key, items[i].key);
    if (less < 0) return false;
    spare[k++] = less ? items[j++] : items[i++];
  }
  memcpy(spare + k, items + i, (mid - i) * sizeof *items);
  memcpy(items + lo, spare + lo, (k - lo + mid - i) * sizeof *items);
  return true;
}

static bool items_merge_sort(TreeItem *items, uint32_t n) {
  TreeItem *spare = PyMem_Malloc(n * sizeof *spare);
  if (!spare) return PyErr_NoMemory(), false;
  bool ok = true;
  for (uint32_t width = 1; ok && width < n; width *= 2)
    for (uint32_t lo = 0; ok && lo + width < n; lo += 2 * width)
      ok = items_merge(items, spare, lo, lo + width, n - lo < 2 * width ? n : lo + 2 * width);
  PyMem_Free(spare);
  return ok;
}

/* Replaces the pending exception by a new one of which it is the cause. */
static void raise_from(PyObject *type, const char *text) {
  PyObject *cause = PyErr_GetRaisedException();
  PyErr_SetString(type, text);
  PyObject *e = PyErr_GetRaisedException();
  PyException_SetContext(e, Py_NewRef(cause));
  PyException_SetCause(e, cause);
  PyErr_SetRaisedException(e);
}

/* Remembered orders. Dictionaries of parameters come again and again with the very same key objects in the same order of insertion: their sorted
 * order is kept (with references to the keys, so that equal pointers mean equal keys). Guarded by the GIL; off in free-threaded builds. */
enum { ORDERS = 16, ORDER_MIN = 4, ORDER_MAX = 128 };
typedef struct Order {
  uint32_t n;
  PyObject *keys[ORDER_MAX]; /* as collected; owned */
  uint8_t place[ORDER_MAX];  /* sorted[i] is collected[place[i]] */
  CxTree *flat;              /* the definition of such a dictionary of leaves, or NULL until it was seen */
} Order;
static Order *orders[ORDERS];

static Order **order_slot(const PyObject *first, const PyObject *last, uint32_t n) {
  return &orders[(((uintptr_t)first >> 4) ^ ((uintptr_t)last >> 4) ^ n) % ORDERS];
}

static bool order_apply(TreeItem *items, uint32_t n) {
  const Order *o = *order_slot(items[0].key, items[n - 1].key, n);
  if (!o || o->n != n) return false;
  for (uint32_t i = 0; i < n; i++)
    if (items[i].key != o->keys[i]) return false;
  TreeItem sorted[ORDER_MAX];
  for (uint32_t i = 0; i < n; i++) sorted[i] = items[o->place[i]];
  memcpy(items, sorted, n * sizeof *items);
  return true;
}

/* before: the keys as collected; items: sorted. Only exact strings: they never change and compare without user code. */
static void order_keep(PyObject *const *before, const TreeItem *items, uint32_t n) {
  Order **slot = order_slot(before[0], before[n - 1], n);
  Order *o = PyMem_Calloc(1, sizeof *o), *old = *slot;
  if (!o) return;
  o->n = n;
  for (uint32_t i = 0; i < n; i++) {
    uint32_t k = 0;
    while (k < n && before[k] != items[i].key) k++;
    o->place[i] = (uint8_t)k;
    o->keys[i] = Py_NewRef(before[i]);
  }
  *slot = o;
  for (uint32_t i = 0; old && i < old->n; i++) Py_DECREF(old->keys[i]);
  if (old) cx_tree_release(old->flat);
  PyMem_Free(old);
}

/* The remembered order of a dictionary, its values as collected (borrowed) into values[ORDER_MAX]; NULL if there is none. */
static Order *order_of(PyObject *dict, PyObject **values) {
  PyObject *keys[ORDER_MAX];
  Py_ssize_t n = PyDict_GET_SIZE(dict), at = 0;
  if (n < ORDER_MIN || n > ORDER_MAX || !PY_TREE_HAS_GIL) return NULL;
  for (Py_ssize_t i = 0; i < n; i++)
    if (!PyDict_Next(dict, &at, &keys[i], &values[i])) return NULL;
  Order *o = *order_slot(keys[0], keys[n - 1], (uint32_t)n);
  return o && o->n == n && !memcmp(keys, o->keys, (size_t)n * sizeof *keys) ? o : NULL;
}

bool py_flatten_again(PyObject *dict, const PyTypeObject *leaf, PyLeaves *out, CxTree **def) {
  PyObject *values[ORDER_MAX];
  if (!PyDict_CheckExact(dict)) return false;
  const Order *o = order_of(dict, values);
  if (!o || !o->flat) return false;
  for (uint32_t i = 0; i < o->n; i++)
    if (Py_TYPE(values[i]) != leaf) return false;
  uint32_t before = out->n;
  for (uint32_t i = 0; i < o->n; i++)
    if (!py_leaves_push(out, Py_NewRef(values[o->place[i]]))) return py_leaves_cut(out, before), PyErr_Clear(), false;
  *def = cx_tree_retain(o->flat);
  return true;
}

void py_flatten_note(PyObject *dict, const CxTree *def) {
  PyObject *values[ORDER_MAX];
  const CxTreeShape *s = &def->shape;
  if (!PyDict_CheckExact(dict) || cx_tree_kind(def) != CX_TREE_DICT || s->num_nodes != cx_tree_arity(def) + 1) return;
  if (cx_tree_leaves(def) != cx_tree_arity(def)) return;
  Order *o = order_of(dict, values);
  if (o && !o->flat) o->flat = cx_tree_retain(def);
}

static bool order_suits(const TreeItem *items, uint32_t n) {
  if (n < ORDER_MIN || n > ORDER_MAX || !PY_TREE_HAS_GIL) return false;
  for (uint32_t i = 0; i < n; i++)
    if (!PyUnicode_CheckExact(items[i].key)) return false;
  return true;
}

static bool items_sort(TreeItem *items, uint32_t n) {
  int less = 0;
  for (uint32_t i = 1; i < n && !less; i++) less = key_less(items[i].key, items[i - 1].key);
  return !less || (less > 0 && items_merge_sort(items, n));
}

bool tree_items_sort(TreeItem *items, uint32_t n, bool wrap) {
  bool suits = order_suits(items, n);
  if (suits && order_apply(items, n)) return true;
  PyObject *before[ORDER_MAX];
  for (uint32_t i = 0; suits && i < n; i++) before[i] = items[i].key;
  if (items_sort(items, n)) {
    if (suits) order_keep(before, items, n);
    return true;
  }
  if (wrap && !PyErr_ExceptionMatches(PyExc_MemoryError))
    raise_from(PyExc_ValueError, "Comparator raised exception while sorting pytree dictionary keys.");
  return false;
}

/* Collects the items of a dictionary, which no user code can see meanwhile. */
static bool walk_collect(Walk *w, PyObject *dict) {
  PyObject *key, *value;
  Py_ssize_t at = 0;
  bool ok = true;
  Py_BEGIN_CRITICAL_SECTION(dict);
  while (ok && PyDict_Next(dict, &at, &key, &value)) ok = walk_item(w, key, value);
  Py_END_CRITICAL_SECTION();
  return ok;
}

/* An OrderedDict is collected in its own order, which the dictionary below it does not know. */
static bool walk_collect_ordered(Walk *w, PyObject *x) {
  PyObject *keys = PySequence_List(x);
  bool ok = keys != NULL;
  for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(keys); i++) {
    PyObject *key = PyList_GET_ITEM(keys, i), *value;
    int found = PyDict_GetItemRef(x, key, &value);
    if (!found) PyErr_SetObject(PyExc_KeyError, key);
    ok = found > 0 && walk_item(w, key, value);
    if (found > 0) Py_DECREF(value);
  }
  Py_XDECREF(keys);
  return ok;
}

/* The children of the items from `base` on, then their keys as the node's objects. The items may move while a child is
 * walked. */
static bool walk_items(Walk *w, CxTreeKind kind, uint32_t base) {
  uint32_t n = w->num_items - base;
  for (uint32_t i = base; i < base + n; i++) {
    PyObject *value = w->items[i].value;
    w->items[i].value = NULL;
    bool ok = w->path ? walk_keyed(w, py_key_new(py_dict_key, w->items[i].key), value) : walk_child(w, value);
    if (!ok) return false;
  }
  for (uint32_t i = base; i < base + n; i++) {
    PyObject *key = w->items[i].key;
    w->items[i].key = NULL;
    if (!walk_object(w, key)) return false;
  }
  w->num_items = base;
  return walk_node(w, kind, n);
}

static bool walk_dict(Walk *w, PyObject *x) {
  uint32_t base = w->num_items;
  return walk_collect(w, x) && tree_items_sort(w->items + base, w->num_items - base, true) &&
         walk_items(w, CX_TREE_DICT, base);
}

static bool walk_ordereddict(Walk *w, PyObject *x) {
  uint32_t base = w->num_items;
  return walk_collect_ordered(w, x) && walk_items(w, CX_TREE_ORDEREDDICT, base);
}

/* The factory is the first of the node's objects, but those of the children come before it. */
static bool walk_defaultdict(Walk *w, PyObject *x) {
  uint32_t base = w->num_items;
  PyObject *factory = PyObject_GetAttrString(x, "default_factory");
  if (!factory || !walk_collect(w, x) || !tree_items_sort(w->items + base, w->num_items - base, false))
    return Py_XDECREF(factory), false;
  uint32_t n = w->num_items - base;
  for (uint32_t i = 0; i < n; i++) {
    PyObject *value = w->items[base + i].value;
    w->items[base + i].value = NULL;
    bool ok = w->path ? walk_keyed(w, py_key_new(py_dict_key, w->items[base + i].key), value) : walk_child(w, value);
    if (!ok) return Py_DECREF(factory), false;
  }
  if (!walk_object(w, factory)) return false;
  for (uint32_t i = 0; i < n; i++)
    if (!walk_object(w, Py_NewRef(w->items[base + i].key))) return false;
  while (w->num_items > base) {
    PyObject *key = w->items[--w->num_items].key;
    Py_DECREF(key);
  }
  return walk_node(w, CX_TREE_DEFAULTDICT, n);
}

/* ---- registered types ---- */

static bool split_fails(PyObject *out, const char *function, const char *pair, const char *more) {
  if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError)) {
    PyErr_Clear();
    PyErr_Format(PyExc_ValueError, "The %s function for a custom PyTree node should return a (%s, aux_data) tuple%s, got %R",
                 function, pair, more, out);
  }
  return false;
}

/* A tuple of what an iterable gives, or NULL: without an exception when it is none. */
static PyObject *tuple_from(PyObject *iterable) {
  if (PyTuple_CheckExact(iterable)) return Py_NewRef(iterable);
  PyObject *it = PyObject_GetIter(iterable);
  if (!it) return PyErr_ExceptionMatches(PyExc_TypeError) ? PyErr_Clear(), NULL : NULL;
  PyObject *tuple = PySequence_Tuple(it);
  Py_DECREF(it);
  return tuple;
}

PyObject *tree_entry_call(const PyTreeEntry *e, PyObject *x) {
  PyObject *out = PyObject_CallOneArg(e->to_iter, x), *it = NULL;
  if (!out) return NULL;
  if (!PyTuple_Check(out) || PyTuple_GET_SIZE(out) != 2)
    split_fails(out, "to_iterable", "children", "");
  else if (!PyTuple_CheckExact(PyTuple_GET_ITEM(out, 0)) && !(it = PyObject_GetIter(PyTuple_GET_ITEM(out, 0))))
    split_fails(out, "to_iterable", "children", " where 'children' is iterable");
  Py_XDECREF(it);
  if (PyErr_Occurred()) Py_CLEAR(out);
  return out;
}

bool tree_entry_split(const PyTreeEntry *e, PyObject *x, PyObject **children, PyObject **aux) {
  PyObject *out = tree_entry_call(e, x);
  if (!out) return false;
  *children = PySequence_Tuple(PyTuple_GET_ITEM(out, 0));
  if (*children) *aux = Py_NewRef(PyTuple_GET_ITEM(out, 1));
  Py_DECREF(out);
  return *children;
}

/* Without a function that gives keys, the children are numbered. */
static PyObject *number_children(PyObject *children) {
  Py_ssize_t n = PyTuple_GET_SIZE(children);
  PyObject *pairs = PyTuple_New(n);
  for (Py_ssize_t i = 0; pairs && i < n; i++) {
    PyObject *key = py_key_from_index(py_index_key, i);
    PyObject *pair = key ? PyTuple_Pack(2, key, PyTuple_GET_ITEM(children, i)) : NULL;
    Py_XDECREF(key);
    if (pair)
      PyTuple_SET_ITEM(pairs, i, pair);
    else
      Py_CLEAR(pairs);
  }
  return pairs;
}

static bool pairs_check(PyObject *pairs) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pairs); i++) {
    PyObject *pair = PyTuple_GET_ITEM(pairs, i);
    if (PyTuple_Check(pair) && PyTuple_GET_SIZE(pair) == 2) continue;
    PyErr_Format(PyExc_ValueError,
                 "The to_iterable_with_keys function for a custom PyTree node should return a (key_leaf_pairs, aux_data) "
                 "tuple where 'child%R",
                 pair);
    return false;
  }
  return true;
}

bool tree_entry_split_keys(const PyTreeEntry *e, PyObject *x, PyObject **pairs, PyObject **aux) {
  if (!e->to_iter_with_keys) {
    PyObject *children;
    if (!tree_entry_split(e, x, &children, aux)) return false;
    *pairs = number_children(children);
    Py_DECREF(children);
    if (!*pairs) Py_CLEAR(*aux);
    return *pairs;
  }
  PyObject *out = PyObject_CallOneArg(e->to_iter_with_keys, x);
  if (!out) return false;
  bool ok = PyTuple_Check(out) && PyTuple_GET_SIZE(out) == 2;
  if (!ok) {
    split_fails(out, "to_iterable_with_keys", "key_leaf_pairs", "");
  } else if (!(*pairs = tuple_from(PyTuple_GET_ITEM(out, 0)))) {
    ok = PyErr_Occurred() ? false
                          : split_fails(out, "to_iterable_with_keys", "key_leaf_pairs", " where 'key_leaf_pairs' is iterable");
  } else if (!(ok = pairs_check(*pairs))) {
    Py_CLEAR(*pairs);
  } else {
    *aux = Py_NewRef(PyTuple_GET_ITEM(out, 1));
  }
  Py_DECREF(out);
  return ok;
}

static bool walk_custom_plain(Walk *w, PyTreeEntry *e, PyObject *x, PyObject **aux, Py_ssize_t *n) {
  PyObject *children;
  if (!tree_entry_split(e, x, &children, aux)) return false;
  bool ok = true;
  *n = PyTuple_GET_SIZE(children);
  for (Py_ssize_t i = 0; ok && i < *n; i++) ok = walk_child(w, Py_NewRef(PyTuple_GET_ITEM(children, i)));
  Py_DECREF(children);
  return ok;
}

static bool walk_custom_keyed(Walk *w, PyTreeEntry *e, PyObject *x, PyObject **aux, Py_ssize_t *n) {
  PyObject *pairs;
  if (!tree_entry_split_keys(e, x, &pairs, aux)) return false;
  bool ok = true;
  *n = PyTuple_GET_SIZE(pairs);
  for (Py_ssize_t i = 0; ok && i < *n; i++) {
    PyObject *pair = PyTuple_GET_ITEM(pairs, i);
    ok = walk_keyed(w, Py_NewRef(PyTuple_GET_ITEM(pair, 0)), Py_NewRef(PyTuple_GET_ITEM(pair, 1)));
  }
  Py_DECREF(pairs);
  return ok;
}

static bool walk_custom(Walk *w, PyTreeEntry *e, PyObject *x) {
  PyObject *aux = NULL;
  Py_ssize_t n = 0;
  bool ok = w->path ? walk_custom_keyed(w, e, x, &aux, &n) : walk_custom_plain(w, e, x, &aux, &n);
  if (!ok) return Py_XDECREF(aux), false;
  if (!walk_object(w, Py_NewRef((PyObject *)e))) return Py_DECREF(aux), false;
  return walk_object(w, aux) && walk_node(w, CX_TREE_CUSTOM, n);
}

PyObject *tree_attributes(PyObject *x, PyObject *names) {
  Py_ssize_t n = PyTuple_GET_SIZE(names);
  PyObject *values = PyTuple_New(n);
  for (Py_ssize_t i = 0; values && i < n; i++) {
    PyObject *value = PyObject_GetAttr(x, PyTuple_GET_ITEM(names, i));
    if (value)
      PyTuple_SET_ITEM(values, i, value);
    else
      Py_CLEAR(values);
  }
  return values;
}

static bool walk_dataclass(Walk *w, PyTreeEntry *e, PyObject *x) {
  PyObject *aux = tree_attributes(x, e->meta_fields);
  if (!aux) return false;
  Py_ssize_t n = PyTuple_GET_SIZE(e->data_fields);
  for (Py_ssize_t i = 0; i < n; i++) {
    PyObject *name = PyTuple_GET_ITEM(e->data_fields, i), *child = PyObject_GetAttr(x, name);
    bool ok = child && (w->path ? walk_keyed(w, py_key_new(py_attribute_key, name), child) : walk_child(w, child));
    if (!ok) return Py_DECREF(aux), false;
  }
  if (!walk_object(w, Py_NewRef((PyObject *)e))) return Py_DECREF(aux), false;
  return walk_object(w, aux) && walk_node(w, CX_TREE_DATACLASS, n);
}

/* ---- the whole ---- */

static bool walk(Walk *w, PyObject *x) {
  if (w->is_leaf) {
    int yes = walk_ask(w, x);
    if (yes) return yes > 0 && walk_leaf(w, Py_NewRef(x));
  }
  PyTreeEntry *e;
  switch (tree_kind_of(w->registry, x, &e)) {
    case CX_TREE_LEAF: return leaf_check(x) && walk_leaf(w, Py_NewRef(x));
    case CX_TREE_NONE: return walk_node(w, CX_TREE_NONE, 0);
    case CX_TREE_TUPLE: return walk_tuple(w, x);
    case CX_TREE_NAMEDTUPLE: return walk_namedtuple(w, x);
    case CX_TREE_LIST: return walk_list(w, x);
    case CX_TREE_DICT: return walk_dict(w, x);
    case CX_TREE_ORDEREDDICT: return walk_ordereddict(w, x);
    case CX_TREE_DEFAULTDICT: return walk_defaultdict(w, x);
    case CX_TREE_CUSTOM: return walk_custom(w, e, x);
    case CX_TREE_DATACLASS: return walk_dataclass(w, e, x);
    case CX_TREE_KINDS: break;
  }
  return false;
}

static CxTree *walk_def(const Walk *w) {
  CxTreeShape s = {&py_tree_host, w->nodes, (void *const *)w->objects, w->num_nodes, w->num_objects};
  CxTree *def = tree_intern(&s);
  if (!def) py_tree_raise();
  return def;
}

static bool walk_run(Walk *w, PyObject *tree, CxTree **def) {
  uint32_t before = w->leaves->n;
  bool ok = walk(w, tree);
  if (ok && def) ok = (*def = walk_def(w)) != NULL;
  walk_free(w);
  if (!ok) py_leaves_cut(w->leaves, before);
  return ok;
}

bool py_flatten_with(PyTreeRegistry *registry, PyObject *tree, PyObject *is_leaf, PyLeaves *out, CxTree **def) {
  Walk w;
  walk_init(&w, registry, out);
  w.is_leaf = is_leaf == Py_None ? NULL : is_leaf;
  w.wants_def = def != NULL;
  return walk_run(&w, tree, def);
}

bool py_flatten(PyObject *tree, PyObject *is_leaf, PyLeaves *out, CxTree **def) {
  return py_flatten_with(py_default_registry, tree, is_leaf, out, def);
}

bool py_flatten_with_path(PyTreeRegistry *registry, PyObject *tree, PyObject *is_leaf, bool takes_path, PyLeaves *out,
                          CxTree **def) {
  Walk w;
  PyLeaves path;
  py_leaves_init(&path);
  walk_init(&w, registry, out);
  w.is_leaf = is_leaf == Py_None ? NULL : is_leaf;
  w.path = &path;
  w.takes_path = takes_path;
  w.wants_def = def != NULL;
  bool ok = walk_run(&w, tree, def);
  py_leaves_clear(&path);
  return ok;
}

bool py_is_leaf_object(PyTreeRegistry *registry, PyObject *x, bool *leaf) {
  PyTreeEntry *e;
  CxTreeKind kind = tree_kind_of(registry, x, &e);
  *leaf = kind == CX_TREE_LEAF;
  return kind != CX_TREE_KINDS;
}
