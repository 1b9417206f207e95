/* The functions of jax.tree and jax.tree_util. */
#include <string.h>

#include "python/tree_inside.h"

/* The argument of a function that has one, borrowed. */
static PyObject *only_argument(const char *function, const char *name, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  PyParams params = {function, &name, 1, 1, 1, false};
  PyObject *a = NULL;
  return py_bind(&params, args, n, kw, &a) ? a : NULL;
}

/* ---- flatten, unflatten ---- */

static const char *const tree_is_leaf[] = {"tree", "is_leaf"};

static PyObject *f_flatten(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"tree_flatten", tree_is_leaf, 1, 2, 2, false};
  PyObject *a[2];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  CxTree *def;
  py_leaves_init(&leaves);
  if (!py_flatten(a[0], a[1], &leaves, &def)) return NULL;
  PyObject *list = py_leaves_list(&leaves), *treedef = py_treedef_new(def);
  PyObject *pair = list && treedef ? PyTuple_Pack(2, list, treedef) : NULL;
  Py_XDECREF(list);
  Py_XDECREF(treedef);
  return pair;
}

static PyObject *leaves_list(PyObject *tree, PyObject *is_leaf) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  return py_flatten(tree, is_leaf, &leaves, NULL) ? py_leaves_list(&leaves) : NULL;
}

static PyObject *f_leaves(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"tree_leaves", tree_is_leaf, 1, 2, 2, false};
  PyObject *a[2];
  (void)m;
  return py_bind(&params, args, n, kw, a) ? leaves_list(a[0], a[1]) : NULL;
}

static CxTree *structure(PyObject *tree, PyObject *is_leaf) {
  PyLeaves leaves;
  CxTree *def = NULL;
  py_leaves_init(&leaves);
  bool ok = py_flatten(tree, is_leaf, &leaves, &def);
  py_leaves_clear(&leaves);
  return ok ? def : NULL;
}

static PyObject *f_structure(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"tree_structure", tree_is_leaf, 1, 2, 2, false};
  PyObject *a[2];
  (void)m;
  return py_bind(&params, args, n, kw, a) ? py_treedef_new(structure(a[0], a[1])) : NULL;
}

/* A definition given as an argument: an AttributeError as if its method had been looked up. */
static CxTree *def_argument(PyObject *o, const char *method) {
  if (Py_IS_TYPE(o, py_treedef_type)) return ((TreeDef *)o)->tree;
  PyErr_Format(PyExc_AttributeError, "'%s' object has no attribute '%s'", Py_TYPE(o)->tp_name, method);
  return NULL;
}

static PyObject *f_unflatten(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"treedef", "leaves"};
  static const PyParams params = {"tree_unflatten", names, 2, 2, 2, false};
  PyObject *a[2];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  CxTree *def = def_argument(a[0], "unflatten");
  return def ? tree_unflatten_from(def, a[1]) : NULL;
}

static const char *const with_path[] = {"tree", "is_leaf", "is_leaf_takes_path"};

/* The pairs (path, leaf). */
static bool path_leaves(PyObject *const *a, PyLeaves *leaves, CxTree **def) {
  int takes = a[2] ? PyObject_IsTrue(a[2]) : 0;
  return takes >= 0 && py_flatten_with_path(py_default_registry, a[0], a[1], takes, leaves, def);
}

static PyObject *f_flatten_with_path(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"tree_flatten_with_path", with_path, 1, 3, 3, false};
  PyObject *a[3];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  CxTree *def;
  py_leaves_init(&leaves);
  if (!path_leaves(a, &leaves, &def)) return NULL;
  PyObject *list = py_leaves_list(&leaves), *treedef = py_treedef_new(def);
  PyObject *pair = list && treedef ? PyTuple_Pack(2, list, treedef) : NULL;
  Py_XDECREF(list);
  Py_XDECREF(treedef);
  return pair;
}

static PyObject *f_leaves_with_path(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"tree_leaves_with_path", with_path, 1, 3, 3, false};
  PyObject *a[3];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  return path_leaves(a, &leaves, NULL) ? py_leaves_list(&leaves) : NULL;
}

/* ---- map ---- */

/* Raises the first prefix error in place of the pending exception, if there is one to name. */
static void explain_mismatch(const char *name, PyObject *tree, PyObject *other, PyObject *is_leaf) {
  if (!PyErr_ExceptionMatches(PyExc_Exception)) return;
  PyObject *pending = PyErr_GetRaisedException(), *messages = PyList_New(0);
  if (messages && py_prefix_errors(name, tree, other, is_leaf, messages, 1)) {
    if (PyList_GET_SIZE(messages))
      PyErr_SetObject(PyExc_ValueError, PyList_GET_ITEM(messages, 0));
    else
      PyErr_SetRaisedException(Py_NewRef(pending));
  }
  Py_XDECREF(messages);
  Py_DECREF(pending);
}

typedef struct Map {
  const char *name; /* of the first tree in error messages */
  PyObject *f, *tree, *is_leaf;
  PyObject *const *rest;
  uint32_t num_rest;
  bool paths;     /* leaves of the first tree are (path, leaf) */
  PyLeaves first; /* leaves of the first tree, then the results */
  PyLeaves *more; /* of each of rest */
} Map;

static bool map_rest(Map *m, const CxTree *def) {
  m->more = PyMem_Malloc((m->num_rest + 1) * sizeof *m->more);
  if (!m->more) return m->num_rest = 0, PyErr_NoMemory(), false;
  for (uint32_t i = 0; i < m->num_rest; i++) py_leaves_init(&m->more[i]);
  for (uint32_t i = 0; i < m->num_rest; i++)
    if (!py_flatten_up_to(def, m->rest[i], &m->more[i]))
      return explain_mismatch(m->name, m->tree, m->rest[i], m->is_leaf), false;
  return true;
}

static bool map_leaves(Map *m) {
  PyObject *small[16], **call = small;
  size_t n = m->num_rest + 2u;
  if (n + 1 > sizeof small / sizeof *small && !(call = PyMem_Malloc((n + 1) * sizeof *call))) return PyErr_NoMemory(), false;
  bool ok = true;
  for (uint32_t i = 0; ok && i < m->first.n; i++) {
    PyObject *leaf = m->first.v[i], **a = call + 1;
    if (m->paths) *a++ = PyTuple_GET_ITEM(leaf, 0), leaf = PyTuple_GET_ITEM(leaf, 1);
    *a++ = leaf;
    for (uint32_t k = 0; k < m->num_rest; k++) *a++ = m->more[k].v[i];
    size_t count = (size_t)(a - call - 1);
    PyObject *result = PyObject_Vectorcall(m->f, call + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    if ((ok = result != NULL)) Py_SETREF(m->first.v[i], result);
  }
  if (call != small) PyMem_Free(call);
  return ok;
}

static PyObject *map_run(Map *m, const CxTree *def) {
  PyObject *made = map_rest(m, def) && map_leaves(m) ? py_unflatten(def, m->first.v) : NULL;
  for (uint32_t i = 0; i < m->num_rest; i++) py_leaves_clear(&m->more[i]);
  PyMem_Free(m->more);
  py_leaves_clear(&m->first);
  return made;
}

static PyObject *f_map(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"f", "tree", "is_leaf"};
  static const PyParams params = {"tree_map", names, 2, 2, 3, true};
  PyObject *a[3];
  (void)module;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  Map m = {.name = "tree_map tree", .f = a[0], .tree = a[1], .is_leaf = a[2]};
  if (n > 2) m.rest = args + 2, m.num_rest = (uint32_t)(n - 2);
  CxTree *def;
  py_leaves_init(&m.first);
  if (!py_flatten(m.tree, m.is_leaf, &m.first, &def)) return NULL;
  PyObject *made = map_run(&m, def);
  cx_tree_release(def);
  return made;
}

static PyObject *f_map_with_path(PyObject *module, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"f", "tree", "is_leaf", "is_leaf_takes_path"};
  static const PyParams params = {"tree_map_with_path", names, 2, 2, 4, true};
  PyObject *a[4];
  (void)module;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  int takes = a[3] ? PyObject_IsTrue(a[3]) : 0;
  if (takes < 0) return NULL;
  Map m = {.name = "tree_map_with_path tree", .f = a[0], .tree = a[1], .is_leaf = takes ? NULL : a[2], .paths = true};
  if (n > 2) m.rest = args + 2, m.num_rest = (uint32_t)(n - 2);
  CxTree *def;
  py_leaves_init(&m.first);
  if (!py_flatten_with_path(py_default_registry, m.tree, a[2], takes, &m.first, &def)) return NULL;
  PyObject *made = map_run(&m, def);
  cx_tree_release(def);
  return made;
}

/* ---- reductions ---- */

static PyObject *f_reduce(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"function", "tree", "initializer", "is_leaf"};
  static const PyParams params = {"tree_reduce", names, 2, 4, 4, false};
  PyObject *a[4];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyObject *leaves = leaves_list(a[1], a[3]), *sum = Py_XNewRef(a[2]);
  if (!leaves) return Py_XDECREF(sum), NULL;
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(leaves); i++) {
    PyObject *x = PyList_GET_ITEM(leaves, i), *next = sum ? PyObject_CallFunctionObjArgs(a[0], sum, x, NULL) : Py_NewRef(x);
    ok = next != NULL;
    Py_XSETREF(sum, next);
  }
  Py_DECREF(leaves);
  if (ok && !sum) PyErr_SetString(PyExc_TypeError, "reduce() of empty iterable with no initial value");
  return sum;
}

static PyObject *reduce_halves(PyObject *f, PyObject *const *x, Py_ssize_t n) {
  if (n == 1) return Py_NewRef(*x);
  PyObject *a = reduce_halves(f, x, n / 2), *b = a ? reduce_halves(f, x + n / 2, n - n / 2) : NULL;
  PyObject *both = b ? PyObject_CallFunctionObjArgs(f, a, b, NULL) : NULL;
  Py_XDECREF(a);
  Py_XDECREF(b);
  return both;
}

static PyObject *f_reduce_associative(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"operation", "tree", "identity", "is_leaf"};
  static const PyParams params = {"tree_reduce_associative", names, 2, 2, 4, false};
  PyObject *a[4], *result = NULL;
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  if (!py_flatten(a[1], a[3], &leaves, NULL)) return NULL;
  if (leaves.n)
    result = reduce_halves(a[0], leaves.v, leaves.n);
  else if (a[2])
    result = Py_NewRef(a[2]);
  else
    PyErr_SetString(PyExc_TypeError, "Must specify identity for parallel reduction of empty sequence.");
  py_leaves_clear(&leaves);
  return result;
}

static PyObject *f_all(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const PyParams params = {"tree_all", tree_is_leaf, 1, 1, 2, false};
  PyObject *a[2];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  if (!py_flatten(a[0], a[1], &leaves, NULL)) return NULL;
  int all = 1;
  for (uint32_t i = 0; all == 1 && i < leaves.n; i++) all = PyObject_IsTrue(leaves.v[i]);
  py_leaves_clear(&leaves);
  return all < 0 ? NULL : PyBool_FromLong(all);
}

/* Are the leaves of a list exactly its items? */
static int leaves_are_items(PyObject *list, PyObject *is_leaf) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  if (!py_flatten(list, is_leaf, &leaves, NULL)) return -1;
  int same = leaves.n == PyList_GET_SIZE(list);
  for (uint32_t i = 0; same && i < leaves.n && i < PyList_GET_SIZE(list); i++) same = leaves.v[i] == PyList_GET_ITEM(list, i);
  py_leaves_clear(&leaves);
  return same;
}

static PyObject *f_all_leaves(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"iterable", "is_leaf"};
  static const PyParams params = {"all_leaves", names, 1, 2, 2, false};
  PyObject *a[2];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyObject *items = PySequence_List(a[0]);
  if (!items) return NULL;
  int all = 1;
  if (a[1] && a[1] != Py_None) {
    all = leaves_are_items(items, a[1]);
  } else {
    bool leaf = true;
    for (Py_ssize_t i = 0; all == 1 && i < PyList_GET_SIZE(items); i++)
      all = py_is_leaf_object(py_default_registry, PyList_GET_ITEM(items, i), &leaf) ? leaf : -1;
  }
  Py_DECREF(items);
  return all < 0 ? NULL : PyBool_FromLong(all);
}

/* ---- transpose, broadcast ---- */

static bool transpose_sizes(const CxTree *def, const CxTree *outer, const CxTree *inner) {
  if (cx_tree_leaves(def) == (uint64_t)cx_tree_leaves(outer) * cx_tree_leaves(inner)) return true;
  CxTree *both = cx_tree_compose(outer, inner);
  PyObject *have = both ? py_treedef_text(def) : (py_tree_raise(), NULL), *want = have ? py_treedef_text(both) : NULL;
  if (want) PyErr_Format(PyExc_TypeError, "Mismatch\n%U\n != \n%U", have, want);
  Py_XDECREF(have);
  Py_XDECREF(want);
  cx_tree_release(both);
  return false;
}

/* Leaf i of the result is the outer tree of the i-th leaves of all inner ones. */
static PyObject *transpose_leaves(const PyLeaves *flat, const CxTree *outer, const CxTree *inner) {
  uint32_t n = cx_tree_leaves(inner), m = cx_tree_leaves(outer);
  PyLeaves parts;
  py_leaves_init(&parts);
  PyObject **column = PyMem_Malloc(((size_t)m + 1) * sizeof *column), *made = NULL;
  bool ok = column != NULL;
  for (uint32_t i = 0; ok && i < n && m; i++) {
    for (uint32_t k = 0; k < m; k++) column[k] = flat->v[k * n + i];
    PyObject *part = py_unflatten(outer, column);
    ok = part && py_leaves_push(&parts, part);
  }
  if (!column) PyErr_NoMemory();
  if (ok && parts.n < n)
    PyErr_Format(PyExc_ValueError, "Too few leaves for PyTreeDef; expected %u, got %u", n, parts.n);
  else if (ok)
    made = py_unflatten(inner, parts.v);
  PyMem_Free(column);
  py_leaves_clear(&parts);
  return made;
}

/* The structure of the first subtree at the leaves of outer. */
static CxTree *transpose_inner(const CxTree *outer, PyObject *tree) {
  PyLeaves subtrees;
  py_leaves_init(&subtrees);
  CxTree *inner = NULL;
  if (!py_flatten_up_to(outer, tree, &subtrees)) return NULL;
  if (subtrees.n)
    inner = structure(subtrees.v[0], NULL);
  else
    PyErr_SetString(PyExc_IndexError, "list index out of range");
  py_leaves_clear(&subtrees);
  return inner;
}

static PyObject *f_transpose(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"outer_treedef", "inner_treedef", "pytree_to_transpose"};
  static const PyParams params = {"tree_transpose", names, 3, 3, 3, false};
  PyObject *a[3], *made = NULL;
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  CxTree *def, *outer = def_argument(a[0], "flatten_up_to"), *inner = NULL;
  if (!outer) return NULL;
  PyLeaves flat;
  py_leaves_init(&flat);
  if (!py_flatten(a[2], NULL, &flat, &def)) return NULL;
  if (a[1] == Py_None)
    inner = transpose_inner(outer, a[2]);
  else if ((inner = def_argument(a[1], "num_leaves")))
    cx_tree_retain(inner);
  if (inner && transpose_sizes(def, outer, inner)) made = transpose_leaves(&flat, outer, inner);
  py_leaves_clear(&flat);
  cx_tree_release(def);
  cx_tree_release(inner);
  return made;
}

static bool add_copies(PyLeaves *to, PyObject *x, PyObject *subtree) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = py_flatten(subtree, NULL, &leaves, NULL);
  for (uint32_t i = 0; ok && i < leaves.n; i++) ok = py_leaves_push(to, Py_NewRef(x));
  py_leaves_clear(&leaves);
  return ok;
}

/* The leaves of prefix, each as often as the subtree of full there has leaves. */
static bool broadcast_leaves(PyObject *prefix, PyObject *full, PyObject *is_leaf, PyLeaves *to) {
  PyLeaves leaves, subtrees;
  CxTree *def;
  py_leaves_init(&leaves);
  py_leaves_init(&subtrees);
  if (!py_flatten(prefix, is_leaf, &leaves, &def)) return false;
  bool ok = py_flatten_up_to(def, full, &subtrees);
  cx_tree_release(def);
  for (uint32_t i = 0; ok && i < leaves.n; i++) ok = add_copies(to, leaves.v[i], subtrees.v[i]);
  py_leaves_clear(&leaves);
  py_leaves_clear(&subtrees);
  if (!ok && PyErr_ExceptionMatches(PyExc_ValueError)) explain_mismatch("broadcast_prefix prefix_tree", prefix, full, NULL);
  return ok;
}

static PyObject *f_broadcast(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"prefix_tree", "full_tree", "is_leaf"};
  static const PyParams params = {"tree_broadcast", names, 2, 3, 3, false};
  PyObject *a[3], *made = NULL;
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  if (broadcast_leaves(a[0], a[1], a[2], &leaves)) {
    CxTree *def = structure(a[1], NULL);
    if (def && leaves.n == cx_tree_leaves(def))
      made = py_unflatten(def, leaves.v);
    else if (def)
      PyErr_SetString(PyExc_ValueError, "the full tree changed while it was being flattened");
    cx_tree_release(def);
  }
  py_leaves_clear(&leaves);
  return made;
}

static PyObject *f_broadcast_prefix(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"prefix_tree", "full_tree", "is_leaf"};
  static const PyParams params = {"broadcast_prefix", names, 2, 3, 3, false};
  PyObject *a[3];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyLeaves leaves;
  py_leaves_init(&leaves);
  if (broadcast_leaves(a[0], a[1], a[2], &leaves)) return py_leaves_list(&leaves);
  py_leaves_clear(&leaves);
  return NULL;
}

static PyObject *f_prefix_errors(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"name", "prefix_tree", "full_tree", "is_leaf"};
  static const PyParams params = {"prefix_errors", names, 3, 4, 4, false};
  PyObject *a[4];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  const char *name = PyUnicode_AsUTF8(a[0]);
  PyObject *messages = name ? PyList_New(0) : NULL;
  if (messages && !py_prefix_errors(name, a[1], a[2], a[3], messages, PY_SSIZE_T_MAX)) Py_CLEAR(messages);
  return messages;
}

static PyObject *f_equality_errors(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"tree1", "tree2"};
  static const PyParams params = {"equality_errors", names, 2, 2, 2, false};
  PyObject *a[2];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  if (Py_IS_TYPE(a[0], py_treedef_type) && Py_IS_TYPE(a[1], py_treedef_type))
    return py_equality_errors(((TreeDef *)a[0])->tree, ((TreeDef *)a[1])->tree);
  return tree_differences(a[0], a[1]);
}

static PyObject *f_flatten_axes(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"name", "treedef", "axis_tree", "kws", "tupled_args"};
  static const PyParams params = {"flatten_axes", names, 3, 3, 5, false};
  PyObject *a[5];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  const char *name = PyUnicode_AsUTF8(a[0]);
  CxTree *def = name ? py_treedef_get(a[1]) : NULL;
  if (!def) return NULL;
  int flags = (a[3] == Py_True ? PY_AXES_KWS : 0) | (a[4] == Py_True ? PY_AXES_TUPLED : 0);
  PyLeaves axes;
  py_leaves_init(&axes);
  if (py_flatten_axes(name, def, a[2], flags, &axes)) return py_leaves_list(&axes);
  py_leaves_clear(&axes);
  return NULL;
}

/* ---- definitions, keys, one level ---- */

static PyObject *f_treedef_tuple(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *defs = only_argument("treedef_tuple", "treedefs", args, n, kw);
  if (!defs) return NULL;
  return tree_tuple_of(defs);
}

static PyObject *f_treedef_children(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *o = only_argument("treedef_children", "treedef", args, n, kw);
  if (!o) return NULL;
  CxTree *def = def_argument(o, "children");
  return def ? tree_children_list(def) : NULL;
}

static PyObject *f_treedef_is_leaf(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *o = only_argument("treedef_is_leaf", "treedef", args, n, kw);
  if (!o) return NULL;
  CxTree *def = def_argument(o, "num_nodes");
  return def ? PyBool_FromLong(cx_tree_nodes(def) == 1) : NULL;
}

static PyObject *f_is_tree_node(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *type = only_argument("is_tree_node", "typ", args, n, kw);
  if (!type) return NULL;
  int is = py_is_node_type(py_default_registry, type);
  return is < 0 ? NULL : PyBool_FromLong(is);
}

static PyObject *one_level(PyObject *tree, bool with_keys) {
  PyObject *level = NULL;
  int node = py_flatten_one_level(py_default_registry, tree, with_keys, &level);
  if (!node) PyErr_Format(PyExc_ValueError, "can't tree-flatten type: %R", Py_TYPE(tree));
  return level;
}

static PyObject *f_flatten_one_level(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *tree = only_argument("flatten_one_level", "tree", args, n, kw);
  if (!tree) return NULL;
  return one_level(tree, false);
}

static PyObject *f_flatten_one_level_with_keys(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *tree = only_argument("flatten_one_level_with_keys", "tree", args, n, kw);
  if (!tree) return NULL;
  return one_level(tree, true);
}

static PyObject *f_keystr(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"keys", "simple", "separator"};
  static const PyParams params = {"keystr", names, 1, 1, 3, false};
  PyObject *a[3];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  int simple = a[1] ? PyObject_IsTrue(a[1]) : 0;
  return simple < 0 ? NULL : py_keystr(a[0], simple, a[2]);
}

/* ---- registration ---- */

static PyObject *f_register_node(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"nodetype", "flatten_func", "unflatten_func", "flatten_with_keys_func"};
  static const PyParams params = {"register_pytree_node", names, 3, 4, 4, false};
  PyObject *a[4];
  (void)m;
  if (!py_bind(&params, args, n, kw, a) || !py_register_node(py_default_registry, a[0], a[1], a[2], a[3])) return NULL;
  Py_RETURN_NONE;
}

/* A bound helper: calls the method whose name it was made with. */
static PyObject *call_method(PyObject *name, PyObject *x) { return PyObject_CallMethodNoArgs(x, name); }

/* A bound helper: calls the flatten function with keys that it was made with, and drops the keys. */
static PyObject *drop_keys(PyObject *with_keys, PyObject *x) {
  PyObject *children, *aux, *out = NULL;
  PyObject *level = PyObject_CallOneArg(with_keys, x), *pair = level ? PySequence_Tuple(level) : NULL;
  Py_XDECREF(level);
  if (pair && PyArg_ParseTuple(pair, "OO", &children, &aux)) {
    PyObject *list = PySequence_List(children);
    for (Py_ssize_t i = 0; list && i < PyList_GET_SIZE(list); i++) {
      PyObject *item = PySequence_Tuple(PyList_GET_ITEM(list, i)), *key, *child;
      if (!item || !PyArg_ParseTuple(item, "OO", &key, &child) || PyList_SetItem(list, i, Py_NewRef(child))) Py_CLEAR(list);
      Py_XDECREF(item);
    }
    if (list) out = PyTuple_Pack(2, list, aux);
    Py_XDECREF(list);
  }
  Py_XDECREF(pair);
  return out;
}

static PyMethodDef call_method_def = {"methodcaller", call_method, METH_O, NULL};
static PyMethodDef drop_keys_def = {"flatten", drop_keys, METH_O, NULL};

static PyObject *method_caller(const char *name) {
  PyObject *s = PyUnicode_InternFromString(name), *f = s ? PyCFunction_New(&call_method_def, s) : NULL;
  Py_XDECREF(s);
  return f;
}

/* `flatten` may be NULL. */
static bool register_with_keys(PyObject *type, PyObject *with_keys, PyObject *unflatten, PyObject *flatten) {
  PyObject *plain = flatten ? Py_NewRef(flatten) : PyCFunction_New(&drop_keys_def, with_keys);
  bool ok = plain && py_register_node(py_default_registry, type, plain, unflatten, with_keys);
  Py_XDECREF(plain);
  return ok;
}

static PyObject *f_register_with_keys(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"nodetype", "flatten_with_keys", "unflatten_func", "flatten_func"};
  static const PyParams params = {"register_pytree_with_keys", names, 3, 4, 4, false};
  PyObject *a[4];
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  if (!register_with_keys(a[0], a[1], a[2], a[3] == Py_None ? NULL : a[3])) return NULL;
  Py_RETURN_NONE;
}

static PyObject *f_register_class(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *cls = only_argument("register_pytree_node_class", "cls", args, n, kw);
  if (!cls) return NULL;
  PyObject *flatten = method_caller("tree_flatten");
  PyObject *unflatten = flatten ? PyObject_GetAttrString(cls, "tree_unflatten") : NULL;
  bool ok = unflatten && py_register_node(py_default_registry, cls, flatten, unflatten, NULL);
  Py_XDECREF(flatten);
  Py_XDECREF(unflatten);
  return ok ? Py_NewRef(cls) : NULL;
}

static PyObject *f_register_class_with_keys(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  (void)m;
  PyObject *cls = only_argument("register_pytree_with_keys_class", "cls", args, n, kw);
  if (!cls) return NULL;
  PyObject *method, *flatten = NULL;
  int has = PyObject_GetOptionalAttrString(cls, "tree_flatten", &method);
  Py_XDECREF(method);
  if (has < 0 || (has && !(flatten = method_caller("tree_flatten")))) return NULL;
  PyObject *with_keys = method_caller("tree_flatten_with_keys");
  PyObject *unflatten = with_keys ? PyObject_GetAttrString(cls, "tree_unflatten") : NULL;
  bool ok = unflatten && register_with_keys(cls, with_keys, unflatten, flatten);
  Py_XDECREF(flatten);
  Py_XDECREF(with_keys);
  Py_XDECREF(unflatten);
  return ok ? Py_NewRef(cls) : NULL;
}

static PyObject *static_flatten(PyObject *none, PyObject *x) {
  (void)none;
  return Py_BuildValue("([]O)", x);
}

static PyObject *static_unflatten(PyObject *none, PyObject *const *args, Py_ssize_t n) {
  (void)none;
  if (n < 1) return PyErr_SetString(PyExc_TypeError, "a static node is unflattened from its metadata"), NULL;
  return Py_NewRef(args[0]);
}

static PyObject *f_register_static(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static PyMethodDef flatten_def = {"flatten", static_flatten, METH_O, NULL};
  static PyMethodDef unflatten_def = {"unflatten", PY_FAST(static_unflatten), METH_FASTCALL, NULL};
  (void)m;
  PyObject *cls = only_argument("register_static", "cls", args, n, kw);
  if (!cls) return NULL;
  PyObject *flatten = PyCFunction_New(&flatten_def, NULL), *unflatten = flatten ? PyCFunction_New(&unflatten_def, NULL) : NULL;
  bool ok = unflatten && register_with_keys(cls, flatten, unflatten, flatten);
  Py_XDECREF(flatten);
  Py_XDECREF(unflatten);
  return ok ? Py_NewRef(cls) : NULL;
}

/* ---- dataclasses ---- */

/* dataclasses.fields of a type, as a tuple; NULL without an exception when it is no dataclass. */
static PyObject *dataclass_fields(PyObject *type) {
  PyObject *marker;
  int is = PyObject_GetOptionalAttrString(type, "__dataclass_fields__", &marker);
  Py_XDECREF(marker);
  if (is <= 0) return NULL;
  PyObject *module = PyImport_ImportModule("dataclasses");
  PyObject *fields = module ? PyObject_CallMethod(module, "fields", "O", type) : NULL;
  Py_XDECREF(module);
  return fields;
}

/* 1 if a field's metadata calls it static. */
static int field_is_static(PyObject *field) {
  PyObject *metadata = PyObject_GetAttrString(field, "metadata");
  PyObject *mark = metadata ? PyObject_CallMethod(metadata, "get", "sO", "static", Py_False) : NULL;
  int yes = mark ? PyObject_IsTrue(mark) : -1;
  Py_XDECREF(metadata);
  Py_XDECREF(mark);
  return yes;
}

static int field_is_init(PyObject *field) {
  PyObject *init = PyObject_GetAttrString(field, "init");
  int yes = init ? PyObject_IsTrue(init) : -1;
  Py_XDECREF(init);
  return yes;
}

/* The names of the fields for which `which` says `want`, as a tuple. */
static PyObject *field_names(PyObject *fields, int (*which)(PyObject *), int want) {
  PyObject *list = PyList_New(0), *tuple = NULL;
  bool ok = list != NULL;
  for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(fields); i++) {
    PyObject *field = PyTuple_GET_ITEM(fields, i);
    int yes = which(field);
    PyObject *name = yes == want ? PyObject_GetAttrString(field, "name") : NULL;
    ok = yes >= 0 && (yes != want || (name && PyList_Append(list, name) == 0));
    Py_XDECREF(name);
  }
  if (ok) tuple = PyList_AsTuple(list);
  Py_XDECREF(list);
  return tuple;
}

static bool fields_mismatch(PyObject *missing, PyObject *unexpected) {
  PyObject *a = PyUnicode_FromString(""), *b = a ? PyUnicode_FromString("") : NULL;
  if (b && PySet_GET_SIZE(missing))
    Py_SETREF(a, PyUnicode_FromFormat(" Missing fields: %S. Add them to drop_fields to suppress this error.", missing));
  if (b && PySet_GET_SIZE(unexpected)) Py_SETREF(b, PyUnicode_FromFormat(" Unexpected fields: %S.", unexpected));
  if (a && b)
    PyErr_Format(PyExc_ValueError,
                 "data_fields and meta_fields must include all dataclass fields with ``init=True`` and only them.%U%U", a, b);
  Py_XDECREF(a);
  Py_XDECREF(b);
  return false;
}

/* Every field that __init__ takes, and that is not dropped, must be named, and none else. */
static bool fields_complete(PyObject *fields, PyObject *named, PyObject *drop) {
  PyObject *init = field_names(fields, field_is_init, 1), *want = init ? PySet_New(init) : NULL;
  PyObject *dropped = want && drop ? PySet_New(drop) : NULL;
  if (dropped && want) Py_SETREF(want, PyNumber_Subtract(want, dropped));
  PyObject *missing = want && !PyErr_Occurred() ? PyNumber_Subtract(want, named) : NULL;
  PyObject *unexpected = missing ? PyNumber_Subtract(named, want) : NULL;
  bool ok = unexpected && (PySet_GET_SIZE(missing) || PySet_GET_SIZE(unexpected) ? fields_mismatch(missing, unexpected) : true);
  PyObject *all[] = {init, want, dropped, missing, unexpected};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) Py_XDECREF(all[i]);
  return ok;
}

static bool fields_check(PyObject *fields, PyObject *data, PyObject *meta, PyObject *drop) {
  PyObject *x = PySet_New(data), *y = x ? PySet_New(meta) : NULL, *named = y ? PyNumber_Or(x, y) : NULL;
  PyObject *overlap = named ? PyNumber_And(x, y) : NULL;
  bool ok = overlap && (!fields || fields_complete(fields, named, drop));
  if (ok && PySet_GET_SIZE(overlap)) {
    PyErr_Format(PyExc_ValueError, "data_fields and meta_fields must not overlap. Overlapping fields: %S.", overlap);
    ok = false;
  }
  PyObject *all[] = {x, y, named, overlap};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) Py_XDECREF(all[i]);
  return ok;
}

/* Sets *data and *meta to tuples: what was given, or what the dataclass says. */
static bool fields_find(PyObject *type, PyObject *fields, PyObject *data_arg, PyObject *meta_arg, PyObject **data,
                        PyObject **meta) {
  bool no_data = !data_arg || data_arg == Py_None, no_meta = !meta_arg || meta_arg == Py_None;
  if (no_data != no_meta)
    return PyErr_Format(PyExc_TypeError,
                        "register_dataclass: data_fields and meta_fields must both be specified when either is specified. "
                        "Got data_fields=%R meta_fields=%R.",
                        no_data ? Py_None : data_arg, no_meta ? Py_None : meta_arg),
           false;
  if (no_data && !fields)
    return PyErr_Format(PyExc_TypeError,
                        "register_dataclass: data_fields and meta_fields are required when nodetype is not a dataclass. Got "
                        "nodetype=%R.",
                        type),
           false;
  *data = no_data ? field_names(fields, field_is_static, 0) : PySequence_Tuple(data_arg);
  *meta = !*data ? NULL : no_meta ? field_names(fields, field_is_static, 1) : PySequence_Tuple(meta_arg);
  return *meta;
}

static PyObject *f_register_dataclass(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *kw) {
  static const char *const names[] = {"nodetype", "data_fields", "meta_fields", "drop_fields"};
  static const PyParams params = {"register_dataclass", names, 1, 4, 4, false};
  PyObject *a[4], *data = NULL, *meta = NULL;
  (void)m;
  if (!py_bind(&params, args, n, kw, a)) return NULL;
  PyObject *fields = dataclass_fields(a[0]);
  if (!fields && PyErr_Occurred()) return NULL;
  bool ok = fields_find(a[0], fields, a[1], a[2], &data, &meta) && fields_check(fields, data, meta, a[3]) &&
            py_register_dataclass(py_default_registry, a[0], data, meta);
  Py_XDECREF(fields);
  Py_XDECREF(data);
  Py_XDECREF(meta);
  return ok ? Py_NewRef(a[0]) : NULL;
}

/* dataclasses.field(metadata={"static": True, **metadata}, **kwargs) */
static PyObject *f_static(PyObject *m, PyObject *args, PyObject *kwargs) {
  (void)m;
  if (PyTuple_GET_SIZE(args)) return PyErr_SetString(PyExc_TypeError, "static() takes only keyword arguments"), NULL;
  PyObject *module = PyImport_ImportModule("dataclasses"), *field = module ? PyObject_GetAttrString(module, "field") : NULL;
  PyObject *options = field ? PyDict_New() : NULL, *metadata = options ? Py_BuildValue("{sO}", "static", Py_True) : NULL;
  PyObject *given = NULL, *made = NULL;
  bool ok = metadata && (!kwargs || PyDict_Update(options, kwargs) == 0);
  if (ok) given = PyDict_GetItemString(options, "metadata"); /* borrowed from options, which nobody else sees */
  int more = given ? PyObject_IsTrue(given) : 0;
  ok = ok && more >= 0 && (!more || PyDict_Update(metadata, given) == 0) &&
       PyDict_SetItemString(options, "metadata", metadata) == 0;
  if (ok) made = PyObject_VectorcallDict(field, NULL, 0, options);
  PyObject *all[] = {module, field, options, metadata};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) Py_XDECREF(all[i]);
  return made;
}

/* ---- the table ---- */

#define FAST_KW METH_FASTCALL | METH_KEYWORDS
static PyMethodDef functions[] = {
    {"tree_flatten", PY_FAST(f_flatten), FAST_KW,
     "tree_flatten(tree, is_leaf=None)\n--\n\nTakes a pytree apart: (list of leaves, PyTreeDef).\n\nLeaves come in "
     "depth-first order, dictionaries by sorted key. A subtree for which is_leaf returns True is a leaf."},
    {"tree_leaves", PY_FAST(f_leaves), FAST_KW, "tree_leaves(tree, is_leaf=None)\n--\n\nThe leaves of a pytree as a list."},
    {"tree_structure", PY_FAST(f_structure), FAST_KW, "tree_structure(tree, is_leaf=None)\n--\n\nThe PyTreeDef of a pytree."},
    {"tree_unflatten", PY_FAST(f_unflatten), FAST_KW,
     "tree_unflatten(treedef, leaves)\n--\n\nThe pytree of a structure and an iterable of its leaves; the inverse of flatten."},
    {"tree_map", PY_FAST(f_map), FAST_KW,
     "tree_map(f, tree, *rest, is_leaf=None)\n--\n\nA pytree of the structure of `tree` whose leaves are f(x, *xs): x the leaf "
     "of `tree`, xs what stands at its place in `rest`, of which `tree` must be a prefix."},
    {"tree_flatten_with_path", PY_FAST(f_flatten_with_path), FAST_KW,
     "tree_flatten_with_path(tree, is_leaf=None, is_leaf_takes_path=False)\n--\n\nTakes a pytree apart: (list of (key path, "
     "leaf), PyTreeDef)."},
    {"tree_leaves_with_path", PY_FAST(f_leaves_with_path), FAST_KW,
     "tree_leaves_with_path(tree, is_leaf=None, is_leaf_takes_path=False)\n--\n\nThe leaves of a pytree, each as (key path, "
     "leaf)."},
    {"tree_map_with_path", PY_FAST(f_map_with_path), FAST_KW,
     "tree_map_with_path(f, tree, *rest, is_leaf=None, is_leaf_takes_path=False)\n--\n\nLike tree_map, with the key path of the "
     "leaf as the first argument of f."},
    {"tree_reduce", PY_FAST(f_reduce), FAST_KW,
     "tree_reduce(function, tree, initializer=..., is_leaf=None)\n--\n\nfunctools.reduce over the leaves of a pytree."},
    {"tree_reduce_associative", PY_FAST(f_reduce_associative), FAST_KW,
     "tree_reduce_associative(operation, tree, *, identity=..., is_leaf=None)\n--\n\nReduces the leaves with an associative "
     "operation, in a balanced tree; identity is the result for no leaves."},
    {"tree_all", PY_FAST(f_all), FAST_KW, "tree_all(tree, *, is_leaf=None)\n--\n\nWhether all leaves are true."},
    {"all_leaves", PY_FAST(f_all_leaves), FAST_KW,
     "all_leaves(iterable, is_leaf=None)\n--\n\nWhether every item of the iterable is a leaf."},
    {"tree_transpose", PY_FAST(f_transpose), FAST_KW,
     "tree_transpose(outer_treedef, inner_treedef, pytree_to_transpose)\n--\n\nTurns an outer tree of inner trees into an inner "
     "tree of outer trees; an inner_treedef of None is found from the pytree."},
    {"tree_broadcast", PY_FAST(f_broadcast), FAST_KW,
     "tree_broadcast(prefix_tree, full_tree, is_leaf=None)\n--\n\nThe tree of the structure of full_tree with the leaves of "
     "prefix_tree repeated below their places."},
    {"broadcast_prefix", PY_FAST(f_broadcast_prefix), FAST_KW,
     "broadcast_prefix(prefix_tree, full_tree, is_leaf=None)\n--\n\nThe leaves of tree_broadcast as a list."},
    {"prefix_errors", PY_FAST(f_prefix_errors), FAST_KW,
     "prefix_errors(name, prefix_tree, full_tree, is_leaf=None)\n--\n\nMessages that say where prefix_tree is no prefix."},
    {"equality_errors", PY_FAST(f_equality_errors), FAST_KW,
     "equality_errors(tree1, tree2)\n--\n\nWhere two pytrees or PyTreeDefs differ: (key path, one, other, explanation)."},
    {"flatten_axes", PY_FAST(f_flatten_axes), FAST_KW,
     "flatten_axes(name, treedef, axis_tree, *, kws=False, tupled_args=False)\n--\n\nThe axes for each leaf of treedef."},
    {"treedef_tuple", PY_FAST(f_treedef_tuple), FAST_KW,
     "treedef_tuple(treedefs)\n--\n\nThe PyTreeDef of a tuple of trees with these structures."},
    {"treedef_children", PY_FAST(f_treedef_children), FAST_KW, "treedef_children(treedef)\n--\n\nThe structures of the children."},
    {"treedef_is_leaf", PY_FAST(f_treedef_is_leaf), FAST_KW, "treedef_is_leaf(treedef)\n--\n\nWhether the structure is one node."},
    {"is_tree_node", PY_FAST(f_is_tree_node), FAST_KW, "is_tree_node(typ)\n--\n\nWhether a type is a pytree container."},
    {"flatten_one_level", PY_FAST(f_flatten_one_level), FAST_KW,
     "flatten_one_level(tree)\n--\n\n(children, metadata) of a container; a ValueError for a leaf."},
    {"flatten_one_level_with_keys", PY_FAST(f_flatten_one_level_with_keys), FAST_KW,
     "flatten_one_level_with_keys(tree)\n--\n\n(pairs of key and child, metadata) of a container."},
    {"keystr", PY_FAST(f_keystr), FAST_KW,
     "keystr(keys, *, simple=False, separator='')\n--\n\nA key path as text: \"['a'][0].b\", or \"a/0/b\" with simple=True and "
     "separator='/'."},
    {"register_pytree_node", PY_FAST(f_register_node), FAST_KW,
     "register_pytree_node(nodetype, flatten_func, unflatten_func, flatten_with_keys_func=None)\n--\n\nMakes a type a pytree "
     "container.\n\nflatten_func(x) returns (children, metadata), unflatten_func(metadata, children) an object; "
     "flatten_with_keys_func returns pairs (key, child) for children. Metadata must be hashable and comparable."},
    {"register_pytree_with_keys", PY_FAST(f_register_with_keys), FAST_KW,
     "register_pytree_with_keys(nodetype, flatten_with_keys, unflatten_func, flatten_func=None)\n--\n\nMakes a type a pytree "
     "container whose children have keys."},
    {"register_pytree_node_class", PY_FAST(f_register_class), FAST_KW,
     "register_pytree_node_class(cls)\n--\n\nA class decorator: tree_flatten(self) and the class method "
     "tree_unflatten(metadata, children) make it a container."},
    {"register_pytree_with_keys_class", PY_FAST(f_register_class_with_keys), FAST_KW,
     "register_pytree_with_keys_class(cls)\n--\n\nA class decorator, with tree_flatten_with_keys(self) and "
     "tree_unflatten(metadata, children)."},
    {"register_dataclass", PY_FAST(f_register_dataclass), FAST_KW,
     "register_dataclass(nodetype, data_fields=None, meta_fields=None, drop_fields=())\n--\n\nMakes a dataclass a container: "
     "data fields are children, meta fields (or those marked static) metadata."},
    {"register_static", PY_FAST(f_register_static), FAST_KW,
     "register_static(cls)\n--\n\nMakes a hashable class a container without children: its objects are metadata."},
    {"tree_static", (PyCFunction)(void (*)(void))f_static, METH_VARARGS | METH_KEYWORDS,
     "static(**kwargs)\n--\n\ndataclasses.field that register_dataclass takes for metadata."},
    {0},
};

int tree_functions_init(PyObject *module) { return PyModule_AddFunctions(module, functions); }

int py_tree_register(PyObject *module) {
  return tree_registry_init(module) || tree_keys_init(module) || tree_def_init(module) || tree_errors_init() ||
                 tree_partial_init(module) || tree_functions_init(module)
             ? -1
             : 0;
}
