/* Explanations of mismatching trees, in JAX's words; and the broadcast of axis specifications, whose errors they are. */
#include <string.h>

#include "python/tree_inside.h"

/* ---- one level of a tree ---- */

typedef struct Level {
  PyObject *children, *keys, *meta; /* tuples of children and keys */
} Level;

static void level_free(Level *l) {
  Py_CLEAR(l->children);
  Py_CLEAR(l->keys);
  Py_CLEAR(l->meta);
}

static bool level_split(PyObject *level, Level *to) {
  to->children = PySequence_Tuple(PyTuple_GET_ITEM(level, 0));
  to->meta = Py_NewRef(PyTuple_GET_ITEM(level, 1));
  return to->children;
}

static bool level_keys(PyObject *level, Level *to) {
  PyObject *pairs = PySequence_Tuple(PyTuple_GET_ITEM(level, 0));
  Py_ssize_t n = pairs ? PyTuple_GET_SIZE(pairs) : 0;
  to->keys = pairs ? PyTuple_New(n) : NULL;
  for (Py_ssize_t i = 0; to->keys && i < n; i++)
    PyTuple_SET_ITEM(to->keys, i, Py_NewRef(PyTuple_GET_ITEM(PyTuple_GET_ITEM(pairs, i), 0)));
  Py_XDECREF(pairs);
  return to->keys;
}

static bool level_of(PyObject *x, Level *to) {
  *to = (Level){NULL, NULL, NULL};
  PyObject *level = NULL, *keyed = NULL;
  int node = py_flatten_one_level(py_default_registry, x, false, &level);
  if (!node) PyErr_Format(PyExc_ValueError, "can't tree-flatten type: %R", Py_TYPE(x));
  bool ok = node == 1 && py_flatten_one_level(py_default_registry, x, true, &keyed) == 1 && level_split(level, to) &&
            level_keys(keyed, to);
  Py_XDECREF(level);
  Py_XDECREF(keyed);
  if (!ok) level_free(to);
  return ok;
}

/* 1 if the predicate or the type makes x a leaf, 0 or -1. */
static int is_leaf_here(PyObject *x, PyObject *is_leaf) {
  if (is_leaf && is_leaf != Py_None) {
    PyObject *answer = PyObject_CallOneArg(is_leaf, x);
    int yes = answer ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    if (yes) return yes;
  }
  bool leaf;
  return py_is_leaf_object(py_default_registry, x, &leaf) ? leaf : -1;
}

/* " ".join(str or repr of each key); a key that has no `key` shows itself. */
static PyObject *keys_text(PyObject *keys, bool repr) {
  PyObject *list = PySequence_List(keys), *space = PyUnicode_FromString(" "), *out = NULL;
  bool ok = list && space;
  for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(list); i++) {
    PyObject *key = PyList_GET_ITEM(list, i), *value;
    ok = PyObject_GetOptionalAttrString(key, "key", &value) >= 0;
    PyObject *shown = value ? value : key, *text = ok ? (repr ? PyObject_Repr(shown) : PyObject_Str(shown)) : NULL;
    Py_XDECREF(value);
    ok = text && PyList_SetItem(list, i, text) == 0;
  }
  if (ok) out = PyUnicode_Join(space, list);
  Py_XDECREF(list);
  Py_XDECREF(space);
  return out;
}

/* The keys of one level that the other lacks, as text; "" when they cannot be hashed. NULL on an error. */
static PyObject *keys_difference(const Level *a, const Level *b, bool repr, bool *known) {
  PyObject *x = PySet_New(a->keys), *y = x ? PySet_New(b->keys) : NULL;
  PyObject *both = y ? PyNumber_Xor(x, y) : NULL, *text = both ? keys_text(both, repr) : NULL;
  Py_XDECREF(x);
  Py_XDECREF(y);
  Py_XDECREF(both);
  *known = text;
  if (text || !PyErr_ExceptionMatches(PyExc_Exception)) return text;
  PyErr_Clear();
  return PyUnicode_FromString("");
}

/* ---- prefix errors ---- */

typedef struct Prefix {
  const char *name;
  PyLeaves path;
  PyObject *messages; /* list */
  Py_ssize_t limit;
} Prefix;

static PyObject *path_tuple(const PyLeaves *path) {
  PyObject *tuple = PyTuple_New(path->n);
  for (uint32_t i = 0; tuple && i < path->n; i++) PyTuple_SET_ITEM(tuple, i, Py_NewRef(path->v[i]));
  return tuple;
}

static PyObject *path_text(const Prefix *p) {
  PyObject *tuple = path_tuple(&p->path), *text = tuple ? py_keystr(tuple, false, NULL) : NULL;
  Py_XDECREF(tuple);
  return text;
}

static bool message_add(Prefix *p, PyObject *message) {
  bool ok = message && PyList_Append(p->messages, message) == 0;
  Py_XDECREF(message);
  return ok;
}

static bool prefix_types(Prefix *p, PyObject *prefix, PyObject *full) {
  PyObject *path = path_text(p);
  if (!path) return false;
  PyObject *message = PyUnicode_FromFormat(
      "pytree structure error: different types at key path\n    %s%U\nAt that key path, the prefix pytree %s has a subtree of "
      "type\n    %S\nbut at the same key path the full pytree has a subtree of different type\n    %S.",
      p->name, path, p->name, Py_TYPE(prefix), Py_TYPE(full));
  Py_DECREF(path);
  return message_add(p, message);
}

static bool prefix_lengths(Prefix *p, PyObject *prefix, PyObject *full) {
  PyObject *path = path_text(p), *type = path ? PyObject_GetAttrString((PyObject *)Py_TYPE(prefix), "__name__") : NULL;
  PyObject *message = NULL;
  if (type)
    message = PyUnicode_FromFormat(
        "pytree structure error: different lengths of %S at key path\n    %s%U\nAt that key path, the prefix pytree %s has a "
        "subtree of type %S of length %zd, but the full pytree has a subtree of the same type but of length %zd.",
        type, p->name, path, p->name, type, PyObject_Size(prefix), PyObject_Size(full));
  Py_XDECREF(path);
  Py_XDECREF(type);
  return message_add(p, message);
}

static bool prefix_counts(Prefix *p, PyObject *prefix, const Level *a, const Level *b) {
  bool known;
  PyObject *path = path_text(p), *keys = path ? keys_text(a->keys, false) : NULL;
  PyObject *others = keys ? keys_text(b->keys, false) : NULL, *message = NULL;
  PyObject *difference = others ? keys_difference(a, b, false, &known) : NULL;
  if (difference)
    message = PyUnicode_FromFormat(
        "pytree structure error: different numbers of pytree children at key path\n    %s%U\nAt that key path, the prefix "
        "pytree %s has a subtree of type\n    %S\nwith %zd child keys\n    %U\nbut at the same key path the full pytree has a "
        "subtree of the same type but with %zd child keys\n    %U\n%s%U",
        p->name, path, p->name, Py_TYPE(prefix), PyTuple_GET_SIZE(a->children), keys, PyTuple_GET_SIZE(b->children), others,
        known ? "so the symmetric difference on key sets is\n    " : "", difference);
  Py_XDECREF(path);
  Py_XDECREF(keys);
  Py_XDECREF(others);
  Py_XDECREF(difference);
  return message_add(p, message);
}

/* The lines of both texts as difflib shows their difference, indented. */
static PyObject *text_difference(PyObject *a, PyObject *b) {
  PyObject *difflib = PyImport_ImportModule("difflib"), *textwrap = difflib ? PyImport_ImportModule("textwrap") : NULL;
  PyObject *x = textwrap ? PyUnicode_Splitlines(a, 0) : NULL, *y = x ? PyUnicode_Splitlines(b, 0) : NULL;
  PyObject *lines = y ? PyObject_CallMethod(difflib, "ndiff", "OO", x, y) : NULL;
  PyObject *newline = lines ? PyUnicode_FromString("\n") : NULL, *text = newline ? PyUnicode_Join(newline, lines) : NULL;
  PyObject *out = text ? PyObject_CallMethod(textwrap, "indent", "Os", text, "    ") : NULL;
  PyObject *all[] = {difflib, textwrap, x, y, lines, newline, text};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) Py_XDECREF(all[i]);
  return out;
}

static bool prefix_meta(Prefix *p, PyObject *prefix, const Level *a, const Level *b) {
  PyObject *path = path_text(p), *x = path ? PyObject_Str(a->meta) : NULL, *y = x ? PyObject_Str(b->meta) : NULL;
  PyObject *difference = y ? text_difference(x, y) : NULL, *message = NULL;
  if (difference)
    message = PyUnicode_FromFormat(
        "pytree structure error: different pytree metadata at key path\n    %s%U\nAt that key path, the prefix pytree %s has a "
        "subtree of type\n    %S\nwith metadata\n    %U\nbut at the same key path the full pytree has a subtree of the same "
        "type but with metadata\n    %U\nso the diff in the metadata at these pytree nodes is\n%U",
        p->name, path, p->name, Py_TYPE(prefix), x, y, difference);
  Py_XDECREF(path);
  Py_XDECREF(x);
  Py_XDECREF(y);
  Py_XDECREF(difference);
  return message_add(p, message);
}

static bool prefix_check(Prefix *p, PyObject *prefix, PyObject *full, PyObject *is_leaf);

static bool prefix_children(Prefix *p, const Level *a, const Level *b) {
  int equal = PyObject_RichCompareBool(a->keys, b->keys, Py_EQ);
  if (!equal)
    PyErr_Format(PyExc_AssertionError, "equal pytree nodes gave differing prefix_tree_keys: %R and %R", a->keys, b->keys);
  bool ok = equal == 1;
  for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(a->children); i++) {
    ok = py_leaves_push(&p->path, Py_NewRef(PyTuple_GET_ITEM(a->keys, i)));
    if (!ok || Py_EnterRecursiveCall(" in the comparison of two pytrees")) return false;
    ok = prefix_check(p, PyTuple_GET_ITEM(a->children, i), PyTuple_GET_ITEM(b->children, i), NULL);
    Py_LeaveRecursiveCall();
    py_leaves_cut(&p->path, p->path.n - 1);
    if (PyList_GET_SIZE(p->messages) >= p->limit) break;
  }
  return ok;
}

static bool prefix_levels(Prefix *p, PyObject *prefix, PyObject *full, const Level *a, const Level *b) {
  bool sequence = PyList_Check(prefix) || PyTuple_Check(prefix);
  Py_ssize_t n = sequence ? PyObject_Size(prefix) : 0, m = sequence ? PyObject_Size(full) : 0;
  if (n < 0 || m < 0) return false;
  if (n != m) return prefix_lengths(p, prefix, full);
  if (PyTuple_GET_SIZE(a->children) != PyTuple_GET_SIZE(b->children)) return prefix_counts(p, prefix, a, b);
  int differs = PyObject_RichCompareBool(a->meta, b->meta, Py_NE);
  if (differs) return differs > 0 && prefix_meta(p, prefix, a, b);
  return prefix_children(p, a, b);
}

static bool prefix_check(Prefix *p, PyObject *prefix, PyObject *full, PyObject *is_leaf) {
  int leaf = is_leaf_here(prefix, is_leaf);
  if (leaf) return leaf > 0;
  if (Py_TYPE(prefix) != Py_TYPE(full)) return prefix_types(p, prefix, full);
  Level a, b;
  if (!level_of(prefix, &a)) return false;
  if (!level_of(full, &b)) return level_free(&a), false;
  bool ok = prefix_levels(p, prefix, full, &a, &b);
  level_free(&a);
  level_free(&b);
  return ok;
}

bool py_prefix_errors(const char *name, PyObject *prefix, PyObject *full, PyObject *is_leaf, PyObject *messages,
                      Py_ssize_t limit) {
  Prefix p = {.name = name, .messages = messages, .limit = limit};
  py_leaves_init(&p.path);
  bool ok = prefix_check(&p, prefix, full, is_leaf);
  py_leaves_clear(&p.path);
  return ok;
}

/* ---- equality errors ---- */

typedef struct Differences {
  PyLeaves path;
  PyObject *list;
} Differences;

/* The three texts' references are taken. */
static bool difference_add(Differences *d, PyObject *a, PyObject *b, PyObject *why) {
  PyObject *path = a && b && why ? path_tuple(&d->path) : NULL, *row = path ? PyTuple_Pack(4, path, a, b, why) : NULL;
  bool ok = row && PyList_Append(d->list, row) == 0;
  PyObject *all[] = {a, b, why, path, row};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) Py_XDECREF(all[i]);
  return ok;
}

static PyObject *sequence_title(PyObject *x) {
  PyObject *type = PyObject_GetAttrString((PyObject *)Py_TYPE(x), "__name__");
  PyObject *text = type ? PyUnicode_FromFormat("%S of length %zd", type, PyObject_Size(x)) : NULL;
  Py_XDECREF(type);
  return text;
}

static PyObject *count_title(PyObject *x, const Level *l) {
  Py_ssize_t n = PyTuple_GET_SIZE(l->children);
  return PyUnicode_FromFormat("%S with %zd child%s", Py_TYPE(x), n, n > 1 ? "ren" : "");
}

static bool difference_counts(Differences *d, PyObject *x, PyObject *y, const Level *a, const Level *b) {
  bool known;
  PyObject *keys = keys_difference(a, b, true, &known), *why = NULL;
  if (!keys) return false;
  if (PyUnicode_GET_LENGTH(keys))
    why = PyUnicode_FromFormat("the numbers of children do not match, with the symmetric difference of key sets: {%U}", keys);
  else
    why = PyUnicode_FromString("the numbers of children do not match");
  Py_DECREF(keys);
  return difference_add(d, count_title(x, a), count_title(y, b), why);
}

static bool difference_check(Differences *d, PyObject *x, PyObject *y);

static bool difference_children(Differences *d, const Level *a, const Level *b) {
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < PyTuple_GET_SIZE(a->children); i++) {
    ok = py_leaves_push(&d->path, Py_NewRef(PyTuple_GET_ITEM(a->keys, i)));
    if (!ok || Py_EnterRecursiveCall(" in the comparison of two pytrees")) return false;
    ok = difference_check(d, PyTuple_GET_ITEM(a->children, i), PyTuple_GET_ITEM(b->children, i));
    Py_LeaveRecursiveCall();
    py_leaves_cut(&d->path, d->path.n - 1);
  }
  return ok;
}

static bool difference_levels(Differences *d, PyObject *x, PyObject *y, const Level *a, const Level *b) {
  if ((PyList_Check(x) || PyTuple_Check(x)) && PyObject_Size(x) != PyObject_Size(y))
    return difference_add(d, sequence_title(x), sequence_title(y), PyUnicode_FromString("the lengths do not match"));
  if (PyTuple_GET_SIZE(a->children) != PyTuple_GET_SIZE(b->children)) return difference_counts(d, x, y, a, b);
  int differs = PyObject_RichCompareBool(a->meta, b->meta, Py_NE);
  if (differs)
    return differs > 0 && difference_add(d, PyUnicode_FromFormat("%S with pytree metadata %S", Py_TYPE(x), a->meta),
                                         PyUnicode_FromFormat("%S with pytree metadata %S", Py_TYPE(y), b->meta),
                                         PyUnicode_FromString("the pytree node metadata does not match"));
  return difference_children(d, a, b);
}

static bool difference_check(Differences *d, PyObject *x, PyObject *y) {
  int leaf = is_leaf_here(x, NULL), other = is_leaf_here(y, NULL);
  if (leaf < 0 || other < 0) return false;
  if (leaf && other) return true;
  if (Py_TYPE(x) != Py_TYPE(y))
    return difference_add(d, PyObject_Str((PyObject *)Py_TYPE(x)), PyObject_Str((PyObject *)Py_TYPE(y)),
                          PyUnicode_FromString("their Python types differ"));
  Level a, b;
  if (!level_of(x, &a)) return false;
  if (!level_of(y, &b)) return level_free(&a), false;
  bool ok = difference_levels(d, x, y, &a, &b);
  level_free(&a);
  level_free(&b);
  return ok;
}

/* ---- stand-ins for leaves ---- */

static PyObject *stand_in, *named_stand_in; /* one instance each */

static PyObject *stand_in_repr(PyObject *self) {
  (void)self;
  return PyUnicode_FromString("pytree leaf");
}

/* The tree of this structure with the same object at every leaf. */
static PyObject *filled(const CxTree *def, PyObject *leaf) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = true;
  for (uint32_t i = 0; ok && i < cx_tree_leaves(def); i++) ok = py_leaves_push(&leaves, Py_NewRef(leaf));
  PyObject *tree = ok ? py_unflatten(def, leaves.v) : NULL;
  py_leaves_clear(&leaves);
  return tree;
}

PyObject *tree_differences(PyObject *a, PyObject *b) {
  Differences d = {.list = PyList_New(0)};
  py_leaves_init(&d.path);
  if (d.list && !difference_check(&d, a, b)) Py_CLEAR(d.list);
  py_leaves_clear(&d.path);
  return d.list;
}

PyObject *py_equality_errors(const CxTree *a, const CxTree *b) {
  PyObject *x = filled(a, named_stand_in), *y = x ? filled(b, named_stand_in) : NULL;
  PyObject *list = y ? tree_differences(x, y) : NULL;
  Py_XDECREF(x);
  Py_XDECREF(y);
  return list;
}

/* ---- axes ---- */

static bool axes_spread(const CxTree *prefix, const CxTree *def, PyLeaves *leaves, PyLeaves *out, int *fits) {
  uint32_t n = cx_tree_leaves(def), *to = PyMem_Malloc(((size_t)n + 1) * sizeof *to);
  if (!to) return PyErr_NoMemory(), false;
  *fits = cx_tree_broadcast(prefix, def, to);
  bool ok = *fits >= 0 || tree_raise_equality();
  for (uint32_t i = 0; ok && *fits == 1 && i < n; i++) ok = py_leaves_push(out, Py_NewRef(leaves->v[to[i]]));
  PyMem_Free(to);
  return ok;
}

/* *fits is 0 where axes is no prefix. */
static bool axes_try(const CxTree *def, PyObject *axes, PyLeaves *out, int *fits) {
  PyLeaves leaves;
  CxTree *prefix;
  py_leaves_init(&leaves);
  bool ok = py_flatten_with(py_none_leaf_registry, axes, NULL, &leaves, &prefix);
  if (ok) {
    ok = axes_spread(prefix, def, &leaves, out, fits);
    cx_tree_release(prefix);
  }
  py_leaves_clear(&leaves);
  return ok;
}

/* A note on tuples of arguments, as JAX gives it. Owned; NULL on an error. */
static PyObject *axes_hint(const char *name, const CxTree *def, PyObject *axes, int flags) {
  if (!(flags & PY_AXES_TUPLED)) return PyUnicode_FromString("");
  int fits = 0;
  if (cx_tree_arity(def) == 1) {
    PyLeaves ignored;
    py_leaves_init(&ignored);
    PyObject *single = PyTuple_Pack(1, axes);
    bool ok = single && axes_try(def, single, &ignored, &fits);
    Py_XDECREF(single);
    py_leaves_clear(&ignored);
    if (!ok) return NULL;
  }
  const char *more = " In particular, you're passing in a single argument which means that %s might need to be wrapped in a "
                     "singleton tuple.";
  PyObject *last = fits == 1 ? PyUnicode_FromFormat(more, name) : PyUnicode_FromString(""), *hint = NULL;
  if (last)
    hint = PyUnicode_FromFormat(" Note that %s that are non-trivial pytrees should always be wrapped in a tuple representing "
                                "the argument list.%U",
                                name, last);
  Py_XDECREF(last);
  return hint;
}

static PyObject *axes_details(const char *name, const CxTree *def, PyObject *axes) {
  PyObject *full = filled(def, stand_in), *messages = full ? PyList_New(0) : NULL, *out = NULL;
  PyObject *glue = messages ? PyUnicode_FromString("\n  ") : NULL;
  if (glue && py_prefix_errors(name, axes, full, NULL, messages, PY_SSIZE_T_MAX)) {
    PyObject *joined = PyUnicode_Join(glue, messages);
    if (joined) out = PyUnicode_FromFormat("\n  Mismatch details (%zd found):\n  %U", PyList_GET_SIZE(messages), joined);
    Py_XDECREF(joined);
  }
  Py_XDECREF(full);
  Py_XDECREF(messages);
  Py_XDECREF(glue);
  return out;
}

static bool axes_fail(const char *name, const CxTree *def, PyObject *axes, int flags) {
  PyObject *hint = axes_hint(name, def, axes, flags), *details = hint ? axes_details(name, def, axes) : NULL;
  if (details)
    PyErr_Format(PyExc_ValueError, "%s specification must be a tree prefix of the corresponding value; %U%U", name, hint,
                 details);
  Py_XDECREF(hint);
  Py_XDECREF(details);
  return false;
}

bool py_flatten_axes(const char *name, const CxTree *def, PyObject *axes, int flags, PyLeaves *out) {
  int fits;
  if (!axes_try(def, axes, out, &fits)) return false;
  if (fits) return true;
  if (!(flags & PY_AXES_KWS)) return axes_fail(name, def, axes, flags);
  /* Keyword arguments are a part of the trees, but not of the message. */
  CxTree *positional = cx_tree_child(def, 0);
  if (!positional) return py_tree_raise();
  PyObject *first = PySequence_GetItem(axes, 0);
  if (first) axes_fail(name, positional, first, flags);
  Py_XDECREF(first);
  cx_tree_release(positional);
  return false;
}

/* ---- the types of the stand-ins ---- */

int tree_errors_init(void) {
  static PyType_Slot slots[] = {{Py_tp_repr, PY_SLOT(stand_in_repr)}, {0, NULL}};
  static PyType_Spec spec = {"jax._src.api_util.PytreeLeaf", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, slots};
  static PyType_Slot meta_slots[] = {{Py_tp_repr, PY_SLOT(stand_in_repr)}, {0, NULL}};
  static PyType_Spec meta_spec = {"cuirax.tree_util._LeafMeta", 0, 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, meta_slots};
  PyObject *type = PyType_FromSpec(&spec), *bases = type ? PyTuple_Pack(1, &PyType_Type) : NULL;
  PyObject *meta = bases ? PyType_FromSpecWithBases(&meta_spec, bases) : NULL;
  PyObject *named = meta ? PyObject_CallFunction(meta, "s(){}", "Leaf") : NULL;
  stand_in = type ? PyObject_CallNoArgs(type) : NULL;
  named_stand_in = named ? PyObject_CallNoArgs(named) : NULL;
  PyObject *all[] = {type, bases, meta, named};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) Py_XDECREF(all[i]);
  return stand_in && named_stand_in ? 0 : -1;
}
