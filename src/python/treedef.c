/* The Python type PyTreeDef: a thin owner of one interned definition.
 * It takes part in cycle collection only while it is the definition's one owner: then what the definition holds is held
 * through this object alone. Definitions of plain containers (no types, no metadata) cannot be part of a cycle. */
#include <string.h>

#include "base/alloc.h"
#include "python/tree_inside.h"

PyTypeObject *py_treedef_type;

static CxTree *tree_of(PyObject *self) { return ((TreeDef *)self)->tree; }

PyObject *py_treedef_new(CxTree *def) {
  if (!def) return PyErr_Occurred() ? NULL : (py_tree_raise(), NULL);
  TreeDef *t = PyObject_GC_New(TreeDef, py_treedef_type);
  if (!t) return cx_tree_release(def), NULL;
  t->tree = def;
  if (def->shape.num_objects) PyObject_GC_Track(t);
  return (PyObject *)t;
}

CxTree *py_treedef_get(PyObject *o) {
  if (Py_IS_TYPE(o, py_treedef_type)) return tree_of(o);
  PyErr_Format(PyExc_TypeError, "expected a PyTreeDef, got %R of type %s", o, Py_TYPE(o)->tp_name);
  return NULL;
}

static int treedef_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  CxTree *t = tree_of(self);
  if (!t || __atomic_load_n(&t->refs, __ATOMIC_RELAXED) != 1) return 0;
  for (uint32_t i = 0; i < t->shape.num_objects; i++) Py_VISIT((PyObject *)t->shape.objects[i]);
  return 0;
}

static int treedef_clear(PyObject *self) {
  CxTree *t = tree_of(self);
  if (t && t->refs == 1) {
    ((TreeDef *)self)->tree = cx_tree_leaf(); /* methods stay safe on a cleared object */
    cx_error_clear();
    if (tree_of(self))
      cx_tree_release(t);
    else
      ((TreeDef *)self)->tree = t;
  }
  return 0;
}

static void treedef_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  cx_tree_release(tree_of(self));
  PyObject_GC_Del(self);
  Py_DECREF(type);
}

/* ---- text, comparison, hash ---- */

PyObject *py_treedef_text(const CxTree *def) {
  CxText text = {0};
  text_add(&text, "PyTreeDef(");
  PyObject *s = NULL;
  if (tree_print(def, &text)) {
    text_add(&text, ")");
    if (!cx_failed()) s = PyUnicode_DecodeUTF8(text.s, (Py_ssize_t)text.n, "surrogatepass");
  }
  if (!s) py_tree_raise();
  text_free(&text);
  return s;
}

static PyObject *treedef_repr(PyObject *self) { return py_treedef_text(tree_of(self)); }

bool tree_raise_equality(void) {
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return false;
  PyObject *cause = PyErr_GetRaisedException();
  PyErr_SetString(PyExc_ValueError,
                  "Exception raised while checking equality of metadata fields of pytree. Make sure that metadata fields "
                  "are hashable and have simple equality semantics. (Note: arrays cannot be passed as metadata fields!)");
  PyObject *e = PyErr_GetRaisedException();
  PyException_SetContext(e, Py_NewRef(cause));
  PyException_SetCause(e, cause);
  PyErr_SetRaisedException(e);
  return false;
}

static PyObject *treedef_compare(PyObject *a, PyObject *b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  if (!Py_IS_TYPE(b, py_treedef_type)) Py_RETURN_NOTIMPLEMENTED;
  int equal = py_trees_equal(tree_of(a), tree_of(b));
  return equal < 0 ? NULL : PyBool_FromLong(op == Py_EQ ? equal : !equal);
}

static Py_hash_t treedef_hash(PyObject *self) {
  Py_hash_t h = (Py_hash_t)cx_tree_hash(tree_of(self));
  return h == -1 ? -2 : h;
}

/* ---- methods on leaves and trees ---- */

/* At most limit + 1 items of an iterable. */
static bool leaves_from(PyObject *iterable, uint32_t limit, PyLeaves *out) {
  PyObject *it = PyObject_GetIter(iterable), *x = NULL;
  if (!it) {
    if (PyErr_ExceptionMatches(PyExc_TypeError))
      PyErr_Format(PyExc_TypeError, "unflatten(): expected an iterable of leaves, got %R", iterable);
    return false;
  }
  bool ok = true;
  while (ok && out->n <= limit && (x = PyIter_Next(it))) ok = py_leaves_push(out, x);
  Py_DECREF(it);
  return ok && !PyErr_Occurred();
}

PyObject *tree_unflatten_from(const CxTree *def, PyObject *iterable) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  uint32_t want = cx_tree_leaves(def);
  PyObject *tree = NULL;
  if (leaves_from(iterable, want, &leaves)) {
    if (leaves.n < want)
      PyErr_Format(PyExc_ValueError, "Too few leaves for PyTreeDef; expected %u, got %u", want, leaves.n);
    else if (leaves.n > want)
      PyErr_Format(PyExc_ValueError, "Too many leaves for PyTreeDef; expected %u.", want);
    else
      tree = py_unflatten(def, leaves.v);
  }
  py_leaves_clear(&leaves);
  return tree;
}

static PyObject *treedef_unflatten(PyObject *self, PyObject *leaves) { return tree_unflatten_from(tree_of(self), leaves); }

static PyObject *treedef_flatten_up_to(PyObject *self, PyObject *tree) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  return py_flatten_up_to(tree_of(self), tree, &leaves) ? py_leaves_list(&leaves) : NULL;
}

/* One node of a walk: f_node(children, metadata), where the children are what their own calls gave. */
static PyObject *walk_node(PyObject *f, CxTreeNode n, PyObject **children, void *const *objects) {
  PyObject *tuple = PyTuple_New(n.arity), *data = NULL, *result = NULL;
  for (uint32_t i = 0; tuple && i < n.arity; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(children[i]));
  if (tuple)
    data = n.kind == CX_TREE_NAMEDTUPLE ? Py_NewRef((PyObject *)objects[0]) : tree_node_aux(n, objects);
  if (data) result = PyObject_CallFunctionObjArgs(f, tuple, data, NULL);
  Py_XDECREF(tuple);
  Py_XDECREF(data);
  return result;
}

static PyObject *walk_run(const CxTreeShape *s, PyObject *f_node, PyObject *f_leaf, PyObject *const *leaf) {
  PyLeaves stack;
  py_leaves_init(&stack);
  void *const *objects = s->objects;
  bool ok = true;
  for (uint32_t i = 0; ok && i < s->num_nodes; i++) {
    CxTreeNode n = s->nodes[i];
    PyObject *made;
    if (n.kind == CX_TREE_LEAF) {
      made = f_leaf == Py_None ? Py_NewRef(*leaf) : PyObject_CallOneArg(f_leaf, *leaf);
      leaf++;
    } else {
      made = walk_node(f_node, n, stack.v + stack.n - n.arity, objects);
      py_leaves_cut(&stack, stack.n - n.arity);
    }
    objects += tree_node_objects(n);
    ok = made && py_leaves_push(&stack, made);
  }
  PyObject *result = ok ? Py_NewRef(stack.v[0]) : NULL;
  py_leaves_clear(&stack);
  return result;
}

static PyObject *treedef_walk(PyObject *self, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"f_node", "f_leaf", "leaves"};
  static const PyParams params = {"walk", names, 3, 3, 3, false};
  PyObject *a[3], *result = NULL;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  uint32_t want = cx_tree_leaves(tree_of(self));
  if (leaves_from(a[2], want, &leaves)) {
    if (leaves.n != want)
      PyErr_Format(PyExc_ValueError, "Too %s leaves for PyTreeDef", leaves.n < want ? "few" : "many");
    else
      result = walk_run(&tree_of(self)->shape, a[0], a[1], leaves.v);
  }
  py_leaves_clear(&leaves);
  return result;
}

/* A tree of iterables with this structure becomes the tree itself. Read backwards; what is made is kept until its parent's
 * turn, so this one recurses: as deep as the given iterables are nested. */
typedef struct Iterables {
  const CxTree *tree;
  uint32_t at;          /* nodes still to be read */
  void *const *objects; /* the end of those still to be read */
} Iterables;

static PyObject *from_iterables(Iterables *r, PyObject *xs);

/* The node n of a list of iterables, each of which is replaced by what it becomes. */
static PyObject *from_list(Iterables *r, CxTreeNode n, PyObject *list) {
  if (PyList_GET_SIZE(list) != n.arity) return PyErr_SetString(PyExc_ValueError, "Arity mismatch between trees"), NULL;
  void *const *own = r->objects;
  for (uint32_t i = n.arity; i--;) {
    PyObject *child = from_iterables(r, PyList_GET_ITEM(list, i));
    if (!child || PyList_SetItem(list, i, child)) return NULL;
  }
  PyLeaves children;
  py_leaves_init(&children);
  bool ok = true;
  for (uint32_t i = 0; ok && i < n.arity; i++) ok = py_leaves_push(&children, Py_NewRef(PyList_GET_ITEM(list, i)));
  PyObject *made = ok ? py_node_make((CxTreeKind)n.kind, n.arity, children.v, own) : NULL;
  if (ok) children.n = 0;
  py_leaves_clear(&children);
  return made;
}

static PyObject *from_iterables(Iterables *r, PyObject *xs) {
  CxTreeNode n = r->tree->shape.nodes[--r->at];
  if (n.kind == CX_TREE_LEAF) return Py_NewRef(xs);
  r->objects -= tree_node_objects(n);
  PyObject *list = PySequence_List(xs), *made = NULL;
  if (list && !Py_EnterRecursiveCall(" in from_iterable_tree")) {
    made = from_list(r, n, list);
    Py_LeaveRecursiveCall();
  }
  Py_XDECREF(list);
  return made;
}

static PyObject *treedef_from_iterable_tree(PyObject *self, PyObject *xs) {
  const CxTreeShape *s = &tree_of(self)->shape;
  Iterables r = {tree_of(self), s->num_nodes, s->objects + s->num_objects};
  return from_iterables(&r, xs);
}

/* ---- methods on definitions ---- */

static PyObject *treedef_compose(PyObject *self, PyObject *inner) {
  CxTree *t = py_treedef_get(inner);
  return t ? py_treedef_new(cx_tree_compose(tree_of(self), t)) : NULL;
}

PyObject *tree_children_list(const CxTree *t) {
  uint32_t n = cx_tree_arity(t);
  CxTree **children = PyMem_Malloc((n + 1) * sizeof *children);
  if (!children) return PyErr_NoMemory();
  PyObject *list = NULL;
  if (!tree_children(t, children))
    py_tree_raise();
  else if ((list = PyList_New(n)))
    for (uint32_t i = 0; i < n; i++) {
      PyObject *child = py_treedef_new(children[i]);
      if (list && child)
        PyList_SET_ITEM(list, i, child);
      else
        Py_CLEAR(list);
    }
  PyMem_Free(children);
  return list;
}

static PyObject *treedef_children(PyObject *self, PyObject *none) {
  (void)none;
  return tree_children_list(tree_of(self));
}

static PyObject *builtin_type(CxTreeKind kind) {
  switch (kind) {
    case CX_TREE_NONE: return (PyObject *)Py_TYPE(Py_None);
    case CX_TREE_TUPLE: return (PyObject *)&PyTuple_Type;
    case CX_TREE_LIST: return (PyObject *)&PyList_Type;
    case CX_TREE_DICT: return (PyObject *)&PyDict_Type;
    case CX_TREE_ORDEREDDICT: return (PyObject *)&PyODict_Type;
    default: return NULL;
  }
}

/* The Python type of a node, borrowed from whoever holds it for good. */
static PyObject *node_type(CxTreeNode n, void *const *objects) {
  if (n.kind == CX_TREE_NAMEDTUPLE) return objects[0];
  if (n.kind == CX_TREE_CUSTOM || n.kind == CX_TREE_DATACLASS) return ((PyTreeEntry *)objects[0])->type;
  return n.kind == CX_TREE_DEFAULTDICT ? tree_defaultdict_type : builtin_type((CxTreeKind)n.kind);
}

static PyObject *treedef_node_data(PyObject *self, PyObject *none) {
  (void)none;
  CxTree *t = tree_of(self);
  uint32_t root = t->shape.num_nodes - 1;
  CxTreeNode n = t->shape.nodes[root];
  if (n.kind == CX_TREE_LEAF) Py_RETURN_NONE;
  void *const *objects = tree_objects(t, root);
  PyObject *aux = tree_node_aux(n, objects), *pair = NULL;
  if (aux) pair = PyTuple_Pack(2, node_type(n, objects), aux);
  Py_XDECREF(aux);
  return pair;
}

/* The definitions of a sequence, borrowed from the tuple that is returned through *keep. NULL on failure. */
static CxTree **definitions(PyObject *iterable, PyObject **keep, uint32_t *count) {
  PyObject *tuple = PySequence_Tuple(iterable);
  if (!tuple) return NULL;
  Py_ssize_t n = PyTuple_GET_SIZE(tuple);
  CxTree **defs = PyMem_Calloc((size_t)n + 1, sizeof *defs);
  if (!defs) PyErr_NoMemory();
  for (Py_ssize_t i = 0; defs && i < n; i++)
    if (!(defs[i] = py_treedef_get(PyTuple_GET_ITEM(tuple, i)))) {
      PyMem_Free(defs);
      defs = NULL;
    }
  if (!defs) return Py_DECREF(tuple), NULL;
  *keep = tuple;
  *count = (uint32_t)n;
  return defs;
}

PyObject *tree_tuple_of(PyObject *iterable) {
  PyObject *keep;
  uint32_t n;
  CxTree **defs = definitions(iterable, &keep, &n);
  if (!defs) return NULL;
  PyObject *made = py_treedef_new(cx_tree_tuple(defs, n));
  PyMem_Free(defs);
  Py_DECREF(keep);
  return made;
}

/* The kind of a type and the objects of a node of it, as a list that owns them. */
static PyObject *node_objects(PyTreeRegistry *r, PyObject *type, PyObject *data, CxTreeKind *kind) {
  PyTreeEntry *e = py_entry_find(r, type);
  if (PyType_Check(type) && PyType_IsSubtype((PyTypeObject *)type, &PyTuple_Type) && type != (PyObject *)&PyTuple_Type && !e) {
    *kind = CX_TREE_NAMEDTUPLE;
    return Py_BuildValue("[O]", type);
  }
  *kind = e                                      ? e->kind
          : type == (PyObject *)Py_TYPE(Py_None) ? CX_TREE_NONE
          : type == (PyObject *)&PyTuple_Type    ? CX_TREE_TUPLE
          : type == (PyObject *)&PyList_Type     ? CX_TREE_LIST
          : type == (PyObject *)&PyDict_Type     ? CX_TREE_DICT
                                                 : CX_TREE_KINDS;
  switch (*kind) {
    case CX_TREE_CUSTOM:
    case CX_TREE_DATACLASS: return Py_BuildValue("[OO]", e, data);
    case CX_TREE_DICT:
    case CX_TREE_ORDEREDDICT: return PySequence_List(data);
    case CX_TREE_DEFAULTDICT: {
      PyObject *factory, *keys, *list = NULL;
      if (PyTuple_Check(data) && PyArg_ParseTuple(data, "OO", &factory, &keys) && (list = PySequence_List(keys)) &&
          PyList_Insert(list, 0, factory))
        Py_CLEAR(list);
      if (!list && !PyErr_Occurred()) PyErr_SetString(PyExc_TypeError, "node data of a defaultdict is (factory, keys)");
      return list;
    }
    case CX_TREE_KINDS: PyErr_Format(PyExc_RuntimeError, "Could not find type: %R.", type); return NULL;
    default: return PyList_New(0);
  }
}

static CxTree *node_from(PyTreeRegistry *r, PyObject *type, PyObject *data, CxTree *const *children, uint32_t n) {
  CxTreeKind kind;
  PyObject *list = node_objects(r, type, data, &kind), *objects = list ? PySequence_Tuple(list) : NULL;
  Py_XDECREF(list);
  if (!objects) return NULL;
  CxTree *made = NULL;
  uint32_t want = tree_node_objects((CxTreeNode){(uint32_t)kind, n});
  if (PyTuple_GET_SIZE(objects) != want)
    PyErr_Format(PyExc_ValueError, "the node data %R does not fit %u children", data, n);
  else
    made = cx_tree_node(&py_tree_host, kind, (void *const *)PySequence_Fast_ITEMS(objects), children, n);
  Py_DECREF(objects);
  return made;
}

static PyObject *treedef_from_node_data(PyObject *none, PyObject *const *args, Py_ssize_t count, PyObject *kw) {
  static const char *const names[] = {"registry", "node_data", "children"};
  static const PyParams params = {"from_node_data_and_children", names, 3, 3, 3, false};
  PyObject *a[3], *keep, *made = NULL;
  uint32_t n;
  (void)none;
  if (!py_bind(&params, args, count, kw, a)) return NULL;
  if (!Py_IS_TYPE(a[0], tree_registry_type)) return PyErr_Format(PyExc_TypeError, "expected a PyTreeRegistry, got %R", a[0]);
  if (a[1] != Py_None && (!PyTuple_Check(a[1]) || PyTuple_GET_SIZE(a[1]) != 2))
    return PyErr_Format(PyExc_TypeError, "node_data is None or a pair (type, data), got %R", a[1]);
  CxTree **children = definitions(a[2], &keep, &n);
  if (!children) return NULL;
  if (a[1] == Py_None)
    made = py_treedef_new(cx_tree_node(NULL, CX_TREE_LEAF, NULL, children, n));
  else
    made = py_treedef_new(
        node_from((PyTreeRegistry *)a[0], PyTuple_GET_ITEM(a[1], 0), PyTuple_GET_ITEM(a[1], 1), children, n));
  PyMem_Free(children);
  Py_DECREF(keep);
  return made;
}

static PyObject *treedef_num_leaves(PyObject *self, void *none) {
  (void)none;
  return PyLong_FromUnsignedLong(cx_tree_leaves(tree_of(self)));
}

static PyObject *treedef_num_nodes(PyObject *self, void *none) {
  (void)none;
  return PyLong_FromUnsignedLong(cx_tree_nodes(tree_of(self)));
}

/* ---- pickling: nodes in post-order, each (arity, type or None for a leaf, metadata) ---- */

static PyObject *restore_function;

static PyObject *treedef_reduce(PyObject *self, PyObject *none) {
  (void)none;
  const CxTreeShape *s = &tree_of(self)->shape;
  void *const *objects = s->objects;
  PyObject *list = PyList_New(s->num_nodes), *made = NULL;
  for (uint32_t i = 0; list && i < s->num_nodes; i++) {
    CxTreeNode n = s->nodes[i];
    PyObject *aux = tree_node_aux(n, objects), *type = n.kind == CX_TREE_LEAF ? Py_None : node_type(n, objects);
    PyObject *state = aux ? Py_BuildValue("(kOO)", (unsigned long)n.arity, type, aux) : NULL;
    Py_XDECREF(aux);
    objects += tree_node_objects(n);
    if (state)
      PyList_SET_ITEM(list, i, state);
    else
      Py_CLEAR(list);
  }
  if (list) made = Py_BuildValue("(O(O))", restore_function, list);
  Py_XDECREF(list);
  return made;
}

static CxTree *restore_node(PyObject *state, CxTree **stack, uint32_t *depth) {
  unsigned long arity;
  PyObject *type, *data;
  if (!PyTuple_Check(state) || !PyArg_ParseTuple(state, "kOO", &arity, &type, &data) || arity > *depth) {
    if (!PyErr_Occurred() || PyErr_ExceptionMatches(PyExc_TypeError))
      PyErr_SetString(PyExc_RuntimeError, "Malformed pickled PyTreeDef");
    return NULL;
  }
  if (type == Py_None) return cx_tree_leaf();
  *depth -= (uint32_t)arity;
  CxTree *made = node_from(py_default_registry, type, data, stack + *depth, (uint32_t)arity);
  for (unsigned long i = 0; i < arity; i++) cx_tree_release(stack[*depth + i]);
  return made;
}

PyObject *tree_def_restore(PyObject *module, PyObject *nodes) {
  (void)module;
  if (!PyList_Check(nodes)) return PyErr_Format(PyExc_RuntimeError, "Malformed pickled PyTreeDef");
  PyObject *states = PyList_AsTuple(nodes);
  Py_ssize_t n = states ? PyTuple_GET_SIZE(states) : 0;
  CxTree **stack = states ? PyMem_Calloc((size_t)n + 1, sizeof *stack) : NULL, *made = NULL;
  uint32_t depth = 0;
  bool ok = stack != NULL;
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    made = restore_node(PyTuple_GET_ITEM(states, i), stack, &depth);
    if ((ok = made != NULL)) stack[depth++] = made;
  }
  if (!ok) py_tree_raise();
  if (ok && depth != 1) PyErr_SetString(PyExc_RuntimeError, "Malformed pickled PyTreeDef"), ok = false;
  if (ok) depth = 0;
  while (depth) cx_tree_release(stack[--depth]);
  PyMem_Free(stack);
  Py_XDECREF(states);
  return ok ? py_treedef_new(made) : NULL;
}

/* ---- the type ---- */

static PyMethodDef treedef_methods[] = {
    {"unflatten", treedef_unflatten, METH_O, "unflatten($self, leaves, /)\n--\n\nThe tree of this structure with these leaves."},
    {"flatten_up_to", treedef_flatten_up_to, METH_O,
     "flatten_up_to($self, tree, /)\n--\n\nThe subtrees of `tree` at the leaves of this structure."},
    {"compose", treedef_compose, METH_O, "compose($self, inner, /)\n--\n\nThis structure with `inner` at every leaf."},
    {"children", treedef_children, METH_NOARGS, "children($self, /)\n--\n\nThe definitions of the root's children."},
    {"node_data", treedef_node_data, METH_NOARGS,
     "node_data($self, /)\n--\n\n(type, metadata) of the root, or None for a leaf."},
    {"walk", PY_FAST(treedef_walk), METH_FASTCALL | METH_KEYWORDS,
     "walk($self, f_node, f_leaf, leaves)\n--\n\nFolds f_node(children, metadata) over the nodes and f_leaf over the leaves."},
    {"from_iterable_tree", treedef_from_iterable_tree, METH_O,
     "from_iterable_tree($self, tree, /)\n--\n\nThe tree of this structure from one of nested iterables."},
    {"from_node_data_and_children", PY_FAST(treedef_from_node_data), METH_FASTCALL | METH_KEYWORDS | METH_STATIC,
     "from_node_data_and_children(registry, node_data, children)\n--\n\nThe inverse of node_data() and children()."},
    {"serialize_using_proto", tree_def_serialize, METH_NOARGS, "serialize_using_proto($self, /)\n--\n\nBytes of JAX's protocol buffer."},
    {"deserialize_using_proto", PY_FAST(tree_def_deserialize), METH_FASTCALL | METH_KEYWORDS | METH_STATIC,
     "deserialize_using_proto(registry, data)\n--\n\nThe inverse of serialize_using_proto()."},
    {"__reduce__", treedef_reduce, METH_NOARGS, NULL},
    {0},
};

static PyGetSetDef treedef_attributes[] = {
    {"num_leaves", treedef_num_leaves, NULL, "The number of leaves.", NULL},
    {"num_nodes", treedef_num_nodes, NULL, "The number of nodes, leaves included.", NULL},
    {0},
};

static PyType_Slot treedef_slots[] = {
    {Py_tp_dealloc, PY_SLOT(treedef_dealloc)},
    {Py_tp_traverse, PY_SLOT(treedef_traverse)},
    {Py_tp_clear, PY_SLOT(treedef_clear)},
    {Py_tp_repr, PY_SLOT(treedef_repr)},
    {Py_tp_hash, PY_SLOT(treedef_hash)},
    {Py_tp_richcompare, PY_SLOT(treedef_compare)},
    {Py_tp_methods, treedef_methods},
    {Py_tp_getset, treedef_attributes},
    {Py_tp_doc, "The structure of a pytree without its leaves."},
    {0, NULL},
};

static PyType_Spec treedef_spec = {
    .name = "cuirax.tree_util.PyTreeDef",
    .basicsize = sizeof(TreeDef),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = treedef_slots,
};

int tree_def_init(PyObject *module) {
  static PyMethodDef restore = {"treedef_restore", tree_def_restore, METH_O, "Used by pickle."};
  if (!(py_treedef_type = (PyTypeObject *)PyType_FromSpec(&treedef_spec))) return -1;
  PyObject *name = PyModule_GetNameObject(module);
  restore_function = name ? PyCFunction_NewEx(&restore, NULL, name) : NULL;
  Py_XDECREF(name);
  return !restore_function || PyModule_AddObjectRef(module, "treedef_restore", restore_function) ||
                 PyModule_AddObjectRef(module, "PyTreeDef", (PyObject *)py_treedef_type)
             ? -1
             : 0;
}
