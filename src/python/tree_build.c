/* From a tree definition and leaves back to containers; and, along a definition, down a tree that is at least as deep.
 * A definition is read in post-order by the first, backwards by the second, each with one stack. */
#include <string.h>

#include "python/tree_inside.h"

/* ---- putting together ---- */

static PyObject *build_tuple(uint32_t n, PyObject **children) {
  PyObject *tuple = PyTuple_New(n);
  for (uint32_t i = 0; tuple && i < n; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(children[i]));
  return tuple;
}

static PyObject *build_list(uint32_t n, PyObject **children) {
  PyObject *list = PyList_New(n);
  for (uint32_t i = 0; list && i < n; i++) PyList_SET_ITEM(list, i, Py_NewRef(children[i]));
  return list;
}

/* Fills a new dictionary, whose reference is taken. */
static PyObject *build_items(PyObject *dict, uint32_t n, PyObject **children, void *const *keys) {
  for (uint32_t i = 0; dict && i < n; i++)
    if (PyObject_SetItem(dict, keys[i], children[i])) Py_CLEAR(dict);
  return dict;
}

static PyObject *build_dict(uint32_t n, PyObject **children, void *const *keys) {
  PyObject *dict = PyDict_New();
  for (uint32_t i = 0; dict && i < n; i++)
    if (PyDict_SetItem(dict, keys[i], children[i])) Py_CLEAR(dict);
  return dict;
}

static PyObject *build_defaultdict(uint32_t n, PyObject **children, void *const *objects) {
  return build_items(PyObject_CallOneArg(tree_defaultdict_type, objects[0]), n, children, objects + 1);
}

static PyObject *build_namedtuple(uint32_t n, PyObject **children, PyObject *type) {
  return PyObject_Vectorcall(type, children, n, NULL);
}

static PyObject *build_custom(uint32_t n, PyObject **children, const PyTreeEntry *e, PyObject *aux) {
  PyObject *tuple = build_tuple(n, children);
  PyObject *made = tuple ? PyObject_CallFunctionObjArgs(e->from_iter, aux, tuple, NULL) : NULL;
  Py_XDECREF(tuple);
  return made;
}

static PyObject *build_dataclass(uint32_t n, PyObject **children, const PyTreeEntry *e, PyObject *aux) {
  Py_ssize_t meta = PyTuple_GET_SIZE(e->meta_fields);
  if (!PyTuple_Check(aux) || PyTuple_GET_SIZE(aux) != meta || PyTuple_GET_SIZE(e->data_fields) != n) {
    PyErr_SetString(PyExc_ValueError, "the tree definition does not fit the fields of the dataclass");
    return NULL;
  }
  PyObject **values = PyMem_Malloc(((size_t)meta + n + 1) * sizeof *values);
  if (!values) return PyErr_NoMemory();
  for (Py_ssize_t i = 0; i < meta; i++) values[i] = PyTuple_GET_ITEM(aux, i);
  memcpy(values + meta, children, n * sizeof *values);
  PyObject *made = PyObject_Vectorcall(e->type, values, 0, e->fields);
  PyMem_Free(values);
  return made;
}

static PyObject *node_make(CxTreeKind kind, uint32_t n, PyObject **children, void *const *objects) {
  switch (kind) {
    case CX_TREE_NONE: return Py_NewRef(Py_None);
    case CX_TREE_TUPLE: return build_tuple(n, children);
    case CX_TREE_LIST: return build_list(n, children);
    case CX_TREE_DICT: return build_dict(n, children, objects);
    case CX_TREE_ORDEREDDICT: return build_items(PyODict_New(), n, children, objects);
    case CX_TREE_DEFAULTDICT: return build_defaultdict(n, children, objects);
    case CX_TREE_NAMEDTUPLE: return build_namedtuple(n, children, objects[0]);
    case CX_TREE_CUSTOM: return build_custom(n, children, objects[0], objects[1]);
    case CX_TREE_DATACLASS: return build_dataclass(n, children, objects[0], objects[1]);
    case CX_TREE_LEAF:
    case CX_TREE_KINDS: break;
  }
  PyErr_SetString(PyExc_SystemError, "a leaf is not made of children");
  return NULL;
}

PyObject *py_node_make(CxTreeKind kind, uint32_t n, PyObject **children, void *const *objects) {
  PyObject *made = node_make(kind, n, children, objects);
  for (uint32_t i = 0; i < n; i++) Py_DECREF(children[i]);
  return made;
}

/* ---- dictionaries made again and again ---- */

enum { TEMPLATE_MIN = 4 };

static PyObject *template_new(CxTreeNode n, void *const *keys) {
  if (n.kind != CX_TREE_DICT || n.arity < TEMPLATE_MIN) return Py_NewRef(Py_None);
  PyObject *dict = PyDict_New();
  for (uint32_t k = 0; dict && k < n.arity; k++)
    if (PyDict_SetItem(dict, keys[k], Py_None)) Py_CLEAR(dict);
  return dict;
}

PyObject *py_templates(const CxTree *def) {
  const CxTreeShape *s = &def->shape;
  PyObject *made = PyTuple_New(s->num_nodes);
  void *const *objects = s->objects;
  for (uint32_t i = 0; made && i < s->num_nodes; objects += tree_node_objects(s->nodes[i++])) {
    PyObject *template = template_new(s->nodes[i], objects);
    if (template) PyTuple_SET_ITEM(made, i, template);
    else Py_CLEAR(made);
  }
  return made;
}

static PyObject *template_at(PyObject *templates, uint32_t i) {
  PyObject *t = templates ? PyTuple_GET_ITEM(templates, i) : Py_None;
  return t == Py_None ? NULL : t;
}

/* A copy of the template needs no growing; its keys and their order stay. */
static PyObject *build_from_template(PyObject *template, uint32_t n, PyObject **children, void *const *keys) {
  PyObject *dict = PyDict_Copy(template);
  for (uint32_t i = 0; dict && i < n; i++)
    if (PyDict_SetItem(dict, keys[i], children[i])) Py_CLEAR(dict);
  for (uint32_t i = 0; i < n; i++) Py_DECREF(children[i]);
  return dict;
}

PyObject *py_unflatten_owned(const CxTree *def, PyObject *templates, PyObject **leaves, uint32_t count) {
  const CxTreeShape *s = &def->shape;
  PyObject *top = template_at(templates, s->num_nodes - 1), *part;
  if (top && s->num_nodes == count + 1) return build_from_template(top, count, leaves, s->objects);
  PyLeaves stack;
  py_leaves_init(&stack);
  void *const *objects = s->objects;
  uint32_t used = 0;
  bool ok = true;
  for (uint32_t i = 0; ok && i < s->num_nodes; i++) {
    CxTreeNode n = s->nodes[i];
    PyObject *made;
    if (n.kind != CX_TREE_LEAF) stack.n -= n.arity;
    if (n.kind == CX_TREE_LEAF) made = leaves[used++];
    else if ((part = template_at(templates, i))) made = build_from_template(part, n.arity, stack.v + stack.n, objects);
    else made = py_node_make((CxTreeKind)n.kind, n.arity, stack.v + stack.n, objects);
    objects += tree_node_objects(n);
    ok = made && py_leaves_push(&stack, made);
  }
  while (used < count) Py_DECREF(leaves[used++]);
  PyObject *tree = ok ? stack.v[0] : NULL;
  if (ok) stack.n = 0;
  py_leaves_clear(&stack);
  return tree;
}

PyObject *py_unflatten(const CxTree *def, PyObject *const *leaves) {
  PyLeaves stack;
  py_leaves_init(&stack);
  const CxTreeShape *s = &def->shape;
  void *const *objects = s->objects;
  for (uint32_t i = 0; i < s->num_nodes; i++) {
    CxTreeNode n = s->nodes[i];
    if (n.kind == CX_TREE_LEAF) {
      if (!py_leaves_push(&stack, Py_NewRef(*leaves++))) return py_leaves_clear(&stack), NULL;
      continue;
    }
    stack.n -= n.arity;
    PyObject *made = py_node_make((CxTreeKind)n.kind, n.arity, stack.v + stack.n, objects);
    objects += tree_node_objects(n);
    if (!made || !py_leaves_push(&stack, made)) return py_leaves_clear(&stack), NULL;
  }
  PyObject *tree = stack.v[0];
  stack.n = 0;
  py_leaves_clear(&stack);
  return tree;
}

/* ---- down a tree along a definition ---- */

static bool mismatch(const char *format, ...) {
  va_list args;
  va_start(args, format);
  PyErr_FormatV(PyExc_ValueError, format, args);
  va_end(args);
  return false;
}

/* The children of x go on the stack in order, so that the last comes off first, as the definition is read. */
static bool push_tuple(PyLeaves *stack, PyObject *x) {
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(x); i++)
    if (!py_leaves_push(stack, Py_NewRef(PyTuple_GET_ITEM(x, i)))) return false;
  return true;
}

static bool into_tuple(PyLeaves *stack, PyObject *x, uint32_t arity) {
  if (!PyTuple_CheckExact(x)) return mismatch("Expected tuple, got %R.", x);
  Py_ssize_t n = PyTuple_GET_SIZE(x);
  if (n != arity) return mismatch("Tuple arity mismatch: %zd != %u; tuple: %R.", n, arity, x);
  return push_tuple(stack, x);
}

static bool into_list(PyLeaves *stack, PyObject *x, uint32_t arity) {
  if (!PyList_CheckExact(x)) return mismatch("Expected list, got %R.", x);
  PyObject *items = PyList_AsTuple(x);
  if (!items) return false;
  Py_ssize_t n = PyTuple_GET_SIZE(items);
  bool ok = n == arity ? push_tuple(stack, items) : mismatch("List arity mismatch: %zd != %u; list: %R.", n, arity, x);
  Py_DECREF(items);
  return ok;
}

static bool into_none(PyObject *x) {
  if (x == Py_None) return true;
  return mismatch(
      "Expected None, got %R.\n\nIn previous releases of JAX, flatten-up-to used to consider None to be a tree-prefix of "
      "non-None values. To obtain the previous behavior, you can usually write:\n"
      "  jax.tree.map(lambda x, y: None if x is None else f(x, y), a, b, is_leaf=lambda x: x is None)",
      x);
}

static bool into_namedtuple(PyLeaves *stack, PyObject *x, uint32_t arity, PyObject *type) {
  PyObject *fields = NULL;
  int named = PyTuple_Check(x) ? PyObject_GetOptionalAttrString(x, "_fields", &fields) : 0;
  Py_XDECREF(fields);
  if (named <= 0) return named < 0 ? false : mismatch("Expected named tuple, got %R.", x);
  Py_ssize_t n = PyTuple_GET_SIZE(x);
  if (n != arity) return mismatch("Named tuple arity mismatch: %zd != %u; tuple: %R.", n, arity, x);
  if ((PyObject *)Py_TYPE(x) != type)
    return mismatch("Named tuple type mismatch: expected type: %R, tuple: %R.", type, x);
  return push_tuple(stack, x);
}

static PyObject *key_list(const TreeItem *items, void *const *keys, uint32_t n) {
  PyObject *list = PyList_New(n);
  for (uint32_t i = 0; list && i < n; i++) PyList_SET_ITEM(list, i, Py_NewRef(keys ? keys[i] : items[i].key));
  return list;
}

static bool dict_mismatch(const TreeItem *items, uint32_t n, void *const *keys, uint32_t arity) {
  PyObject *want = key_list(NULL, keys, arity), *have = key_list(items, NULL, n);
  if (want && have) mismatch("Dict key mismatch; expected keys: %R; present keys: %R.", want, have);
  Py_XDECREF(want);
  Py_XDECREF(have);
  return false;
}

/* 1, 0 or -1: do sorted items have these keys? */
static int keys_match(const TreeItem *items, uint32_t n, void *const *keys, uint32_t arity) {
  if (n != arity) return 0;
  for (uint32_t i = 0; i < n; i++) {
    if (items[i].key == keys[i]) continue;
    int equal = PyObject_RichCompareBool(items[i].key, keys[i], Py_EQ);
    if (equal != 1) return equal;
  }
  return 1;
}

/* The items of an exact dict, owned. NULL on failure. */
static TreeItem *dict_items(PyObject *dict, uint32_t *count) {
  PyObject *list = PyDict_Items(dict);
  if (!list) return NULL;
  Py_ssize_t n = PyList_GET_SIZE(list);
  TreeItem *items = PyMem_Malloc((size_t)(n + 1) * sizeof *items);
  for (Py_ssize_t i = 0; items && i < n; i++) {
    PyObject *pair = PyList_GET_ITEM(list, i);
    items[i] = (TreeItem){Py_NewRef(PyTuple_GET_ITEM(pair, 0)), Py_NewRef(PyTuple_GET_ITEM(pair, 1))};
  }
  Py_DECREF(list);
  if (!items) PyErr_NoMemory();
  *count = (uint32_t)n;
  return items;
}

static void items_free(TreeItem *items, uint32_t n) {
  for (uint32_t i = 0; i < n; i++) {
    Py_DECREF(items[i].key);
    Py_DECREF(items[i].value);
  }
  PyMem_Free(items);
}

static bool into_dict(PyLeaves *stack, PyObject *x, uint32_t arity, void *const *keys) {
  if (!PyDict_CheckExact(x)) return mismatch("Expected dict, got %R.", x);
  uint32_t n;
  TreeItem *items = dict_items(x, &n);
  if (!items) return false;
  bool ok = tree_items_sort(items, n, true);
  int match = ok ? keys_match(items, n, keys, arity) : -1;
  if (!match) dict_mismatch(items, n, keys, arity);
  ok = match == 1;
  for (uint32_t i = 0; ok && i < n; i++) ok = py_leaves_push(stack, Py_NewRef(items[i].value));
  items_free(items, n);
  return ok;
}

/* A node taken apart to (children, aux), whose aux must be `want`. */
static bool into_split(PyLeaves *stack, PyObject *x, CxTreeNode n, PyObject *want, PyObject *level) {
  PyObject *children = PyTuple_GET_ITEM(level, 0), *aux = PyTuple_GET_ITEM(level, 1);
  int differs = PyObject_RichCompareBool(want, aux, Py_NE);
  if (differs) return differs < 0 ? false : mismatch("Mismatch custom node data: %R != %R; value: %R.", want, aux, x);
  PyObject *tuple = PySequence_Tuple(children);
  if (!tuple) return false;
  Py_ssize_t have = PyTuple_GET_SIZE(tuple);
  bool ok = have == n.arity ? push_tuple(stack, tuple)
                            : mismatch("Custom type arity mismatch: %zd != %u; value: %R.", have, n.arity, x);
  Py_DECREF(tuple);
  return ok;
}

static bool into_special_dict(PyLeaves *stack, PyObject *x, CxTreeNode n, void *const *objects) {
  PyTreeEntry *e = py_entry_find(py_default_registry, (PyObject *)Py_TYPE(x));
  if (!e || e->kind != (CxTreeKind)n.kind) {
    PyObject *want = n.kind == CX_TREE_ORDEREDDICT ? (PyObject *)&PyODict_Type : tree_defaultdict_type;
    return mismatch("Custom node type mismatch: expected type: %R, value: %R.", want, x);
  }
  PyObject *aux = tree_node_aux(n, objects), *level = NULL;
  bool ok = aux && py_flatten_one_level(py_default_registry, x, false, &level) == 1 &&
            into_split(stack, x, n, aux, level);
  Py_XDECREF(aux);
  Py_XDECREF(level);
  return ok;
}

static bool into_custom(PyLeaves *stack, PyObject *x, CxTreeNode n, PyTreeEntry *e, PyObject *aux) {
  if (Py_TYPE(x) != (PyTypeObject *)e->type)
    return mismatch("Custom node type mismatch: expected type: %R, value: %R.", e->type, x);
  PyObject *children, *have, *level;
  if (!tree_entry_split(e, x, &children, &have)) return false;
  level = PyTuple_Pack(2, children, have);
  bool ok = level && into_split(stack, x, n, aux, level);
  Py_XDECREF(level);
  Py_DECREF(children);
  Py_DECREF(have);
  return ok;
}

static bool into_dataclass(PyLeaves *stack, PyObject *x, CxTreeNode n, PyTreeEntry *e, PyObject *aux) {
  if (Py_TYPE(x) != (PyTypeObject *)e->type)
    return mismatch("Custom dataclass node type mismatch: expected type: %R, value: %R.", e->type, x);
  PyObject *have = tree_attributes(x, e->meta_fields);
  if (!have) return false;
  int differs = PyObject_RichCompareBool(aux, have, Py_NE);
  if (differs > 0) mismatch("Mismatch custom dataclass node data: %R != %R; value: %R.", aux, have, x);
  Py_DECREF(have);
  if (differs) return false;
  PyObject *values = tree_attributes(x, e->data_fields);
  Py_ssize_t count = values ? PyTuple_GET_SIZE(values) : 0;
  bool ok = values && (count == n.arity ? push_tuple(stack, values)
                                        : mismatch("Custom type arity mismatch: %zd != %u; value: %R.", count, n.arity, x));
  Py_XDECREF(values);
  return ok;
}

static bool into_node(PyLeaves *stack, PyObject *x, CxTreeNode n, void *const *objects) {
  switch (n.kind) {
    case CX_TREE_NONE: return into_none(x);
    case CX_TREE_TUPLE: return into_tuple(stack, x, n.arity);
    case CX_TREE_LIST: return into_list(stack, x, n.arity);
    case CX_TREE_DICT: return into_dict(stack, x, n.arity, objects);
    case CX_TREE_NAMEDTUPLE: return into_namedtuple(stack, x, n.arity, objects[0]);
    case CX_TREE_CUSTOM: return into_custom(stack, x, n, objects[0], objects[1]);
    case CX_TREE_DATACLASS: return into_dataclass(stack, x, n, objects[0], objects[1]);
    default: return into_special_dict(stack, x, n, objects);
  }
}

static bool up_to_run(const CxTreeShape *s, PyLeaves *stack, PyObject **leaf) {
  void *const *objects = s->objects + s->num_objects;
  for (uint32_t i = s->num_nodes; i--;) {
    CxTreeNode n = s->nodes[i];
    PyObject *x = stack->v[--stack->n];
    objects -= tree_node_objects(n);
    if (n.kind == CX_TREE_LEAF) {
      *--leaf = x;
      continue;
    }
    bool ok = into_node(stack, x, n, objects);
    Py_DECREF(x);
    if (!ok) return false;
  }
  return true;
}

bool py_flatten_up_to(const CxTree *def, PyObject *tree, PyLeaves *out) {
  uint32_t before = out->n, leaves = cx_tree_leaves(def);
  for (uint32_t i = 0; i < leaves; i++)
    if (!py_leaves_push(out, Py_NewRef(Py_None))) return py_leaves_cut(out, before), false;
  PyLeaves stack;
  py_leaves_init(&stack);
  PyObject **found = PyMem_Calloc(leaves + 1, sizeof *found);
  bool ok = found ? py_leaves_push(&stack, Py_NewRef(tree)) && up_to_run(&def->shape, &stack, found + leaves)
                  : (PyErr_NoMemory(), false);
  for (uint32_t i = 0; found && i < leaves; i++)
    if (found[i]) Py_SETREF(out->v[before + i], found[i]);
  if (!ok) py_leaves_cut(out, before);
  PyMem_Free(found);
  py_leaves_clear(&stack);
  return ok;
}

/* ---- one level ---- */

PyObject *tree_node_aux(CxTreeNode n, void *const *objects) {
  if (n.kind == CX_TREE_NAMEDTUPLE || n.kind < CX_TREE_DICT) return Py_NewRef(Py_None);
  if (n.kind == CX_TREE_CUSTOM || n.kind == CX_TREE_DATACLASS) return Py_NewRef((PyObject *)objects[1]);
  if (n.kind == CX_TREE_DICT) return key_list(NULL, objects, n.arity);
  bool factory = n.kind == CX_TREE_DEFAULTDICT;
  PyObject *keys = PyTuple_New(n.arity);
  for (uint32_t i = 0; keys && i < n.arity; i++) PyTuple_SET_ITEM(keys, i, Py_NewRef(objects[factory + i]));
  if (!factory || !keys) return keys;
  PyObject *pair = PyTuple_Pack(2, (PyObject *)objects[0], keys);
  Py_DECREF(keys);
  return pair;
}

/* Pairs each child with the key that `key` makes of its place or name. */
static PyObject *keyed(PyObject *children, PyTypeObject *type, PyObject *names) {
  Py_ssize_t n = PyTuple_GET_SIZE(children);
  PyObject *pairs = PyList_New(n);
  for (Py_ssize_t i = 0; pairs && i < n; i++) {
    PyObject *key = names ? py_key_new(type, PyTuple_GET_ITEM(names, i)) : py_key_from_index(type, i);
    PyObject *pair = key ? PyTuple_Pack(2, key, PyTuple_GET_ITEM(children, i)) : NULL;
    Py_XDECREF(key);
    if (pair)
      PyList_SET_ITEM(pairs, i, pair);
    else
      Py_CLEAR(pairs);
  }
  return pairs;
}

/* The level of a node whose children and names are tuples, all references taken; `as_tuple` is how JAX gives children. */
static PyObject *level_new(PyObject *children, PyObject *names, PyTypeObject *key, PyObject *aux, bool as_tuple) {
  PyObject *level = NULL, *first = NULL;
  if (children && aux) {
    if (key)
      first = keyed(children, key, names);
    else
      first = as_tuple ? Py_NewRef(children) : PySequence_List(children);
    if (first && key && as_tuple) {
      PyObject *tuple = PyList_AsTuple(first);
      Py_SETREF(first, tuple);
    }
    if (first) level = PyTuple_Pack(2, first, aux);
  }
  Py_XDECREF(first);
  Py_XDECREF(children);
  Py_XDECREF(names);
  Py_XDECREF(aux);
  return level;
}

/* Sorted (or, for an OrderedDict, ordered) keys and their values as tuples. */
static bool dict_split(PyObject *x, CxTreeKind kind, PyObject **keys, PyObject **values) {
  uint32_t n = 0;
  PyObject *order = kind == CX_TREE_ORDEREDDICT ? PySequence_Tuple(x) : NULL;
  if (kind == CX_TREE_ORDEREDDICT && !order) return false;
  TreeItem *items = dict_items(x, &n);
  bool ok = items && (order || tree_items_sort(items, n, kind == CX_TREE_DICT));
  *keys = ok ? PyTuple_New(n) : NULL;
  *values = *keys ? PyTuple_New(n) : NULL;
  for (uint32_t i = 0; *values && i < n; i++) {
    PyObject *key = order ? PyTuple_GET_ITEM(order, i) : items[i].key, *value = items[i].value;
    if (order ? PyDict_GetItemRef(x, key, &value) != 1 : (Py_INCREF(value), false)) {
      if (!PyErr_Occurred()) PyErr_SetObject(PyExc_KeyError, key);
      Py_CLEAR(*values);
      break;
    }
    PyTuple_SET_ITEM(*keys, i, Py_NewRef(key));
    PyTuple_SET_ITEM(*values, i, value);
  }
  if (items) items_free(items, n);
  Py_XDECREF(order);
  if (!*values) Py_CLEAR(*keys);
  return *values;
}

static PyObject *level_dict(PyObject *x, CxTreeKind kind, bool with_keys) {
  PyObject *keys, *values, *aux;
  if (!dict_split(x, kind, &keys, &values)) return NULL;
  if (kind == CX_TREE_DEFAULTDICT) {
    PyObject *factory = PyObject_GetAttrString(x, "default_factory");
    aux = factory ? PyTuple_Pack(2, factory, keys) : NULL;
    Py_XDECREF(factory);
  } else {
    aux = Py_NewRef(keys);
  }
  return level_new(values, keys, with_keys ? py_dict_key : NULL, aux, kind == CX_TREE_DICT);
}

static PyObject *level_sequence(PyObject *x, bool with_keys) {
  if (!with_keys) return PyTuple_Pack(2, x, Py_None);
  return level_new(PySequence_Tuple(x), NULL, py_sequence_key, Py_NewRef(Py_None), true);
}

static PyObject *level_namedtuple(PyObject *x, bool with_keys) {
  PyObject *names = with_keys ? tree_field_names(x) : NULL;
  if (with_keys && !names) return NULL;
  PyObject *type = Py_NewRef((PyObject *)Py_TYPE(x));
  return level_new(PyTuple_GetSlice(x, 0, PyTuple_GET_SIZE(x)), names, with_keys ? py_attribute_key : NULL, type, false);
}

static PyObject *level_custom(PyTreeEntry *e, PyObject *x, bool with_keys) {
  PyObject *children, *aux;
  if (!with_keys) return tree_entry_call(e, x);
  return tree_entry_split_keys(e, x, &children, &aux) ? level_new(children, NULL, NULL, aux, false) : NULL;
}

static PyObject *level_dataclass(PyTreeEntry *e, PyObject *x, bool with_keys) {
  PyObject *aux = tree_attributes(x, e->meta_fields), *values = aux ? tree_attributes(x, e->data_fields) : NULL;
  return level_new(values, Py_NewRef(e->data_fields), with_keys ? py_attribute_key : NULL, aux, false);
}

int py_flatten_one_level(PyTreeRegistry *r, PyObject *x, bool with_keys, PyObject **out) {
  PyTreeEntry *e;
  CxTreeKind kind = tree_kind_of(r, x, &e);
  switch (kind) {
    case CX_TREE_LEAF: return *out = NULL, 0;
    case CX_TREE_NONE: *out = Py_BuildValue("(()O)", Py_None); break;
    case CX_TREE_TUPLE:
    case CX_TREE_LIST: *out = level_sequence(x, with_keys); break;
    case CX_TREE_NAMEDTUPLE: *out = level_namedtuple(x, with_keys); break;
    case CX_TREE_DICT:
    case CX_TREE_ORDEREDDICT:
    case CX_TREE_DEFAULTDICT: *out = level_dict(x, kind, with_keys); break;
    case CX_TREE_CUSTOM: *out = level_custom(e, x, with_keys); break;
    case CX_TREE_DATACLASS: *out = level_dataclass(e, x, with_keys); break;
    case CX_TREE_KINDS: *out = NULL;
  }
  return *out ? 1 : -1;
}
