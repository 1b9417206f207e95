/* PyTreeDef to and from the bytes of JAX's protocol buffer (PyTreeDefProto): only the builtin containers, only string keys.
 *   message PyTreeDefProto { repeated Node nodes = 1; repeated string strings = 2; }
 *   message Node { uint32 arity = 1; Kind type = 2; Keys dict_keys = 3; }      Keys { repeated uint32 str_id = 1; }
 * Nodes are in post-order. Reading trusts nothing: every length is checked against what is left. */
#include <string.h>

#include "base/text.h"
#include "base/vec.h"
#include "python/tree_inside.h"

enum { PROTO_LEAF = 1, PROTO_LIST, PROTO_NONE, PROTO_TUPLE, PROTO_DICT };

/* ---- writing ---- */

static void put_varint(CxText *to, uint64_t x) {
  char byte;
  do {
    byte = (char)((x & 127) | (x > 127 ? 128 : 0));
    text_add_n(to, &byte, 1);
  } while (x >>= 7);
}

static void put_field(CxText *to, unsigned field, uint64_t x) {
  put_varint(to, field << 3);
  put_varint(to, x);
}

static void put_bytes(CxText *to, unsigned field, const char *s, size_t n) {
  put_varint(to, field << 3 | 2);
  put_varint(to, n);
  if (n) text_add_n(to, s, n);
}

/* The number of a string among those seen so far; `strings` maps them. -1 on failure. */
static long string_id(PyObject *strings, PyObject *key) {
  if (!PyUnicode_Check(key))
    return PyErr_SetString(PyExc_ValueError, "Only string keys are supported in proto pytree serialization."), -1;
  PyObject *id = PyDict_GetItemWithError(strings, key);
  if (id) return PyLong_AsLong(id);
  long next = (long)PyDict_GET_SIZE(strings);
  if (PyErr_Occurred() || !(id = PyLong_FromLong(next))) return -1;
  int failed = PyDict_SetItem(strings, key, id);
  Py_DECREF(id);
  return failed ? -1 : next;
}

static bool put_keys(CxText *to, uint32_t n, void *const *keys, PyObject *strings) {
  CxText ids = {0}, packed = {0};
  bool ok = true;
  for (uint32_t i = 0; ok && i < n; i++) {
    long id = string_id(strings, keys[i]);
    if ((ok = id >= 0)) put_varint(&ids, (uint64_t)id);
  }
  if (n) put_bytes(&packed, 1, ids.s, ids.n);
  put_bytes(to, 3, packed.s, packed.n);
  text_free(&ids);
  text_free(&packed);
  return ok;
}

static bool put_node(CxText *to, CxTreeNode n, void *const *objects, PyObject *strings) {
  static const unsigned char types[CX_TREE_KINDS] = {[CX_TREE_LEAF] = PROTO_LEAF,
                                                     [CX_TREE_NONE] = PROTO_NONE,
                                                     [CX_TREE_TUPLE] = PROTO_TUPLE,
                                                     [CX_TREE_LIST] = PROTO_LIST,
                                                     [CX_TREE_DICT] = PROTO_DICT};
  if (!types[n.kind]) {
    PyErr_SetString(PyExc_ValueError,
                    "User-defined nodes are not supported when serializing pytrees as protocol buffers. You should either "
                    "convert the user-defined nodes to another type or use pickle instead.");
    return false;
  }
  CxText body = {0};
  if (n.arity) put_field(&body, 1, n.arity);
  put_field(&body, 2, types[n.kind]);
  bool ok = n.kind != CX_TREE_DICT || !n.arity || put_keys(&body, n.arity, objects, strings);
  put_bytes(to, 1, body.s, body.n);
  text_free(&body);
  return ok;
}

static bool put_tree(CxText *to, const CxTreeShape *s, PyObject *strings) {
  void *const *objects = s->objects;
  for (uint32_t i = 0; i < s->num_nodes; i++) {
    if (!put_node(to, s->nodes[i], objects, strings)) return false;
    objects += tree_node_objects(s->nodes[i]);
  }
  PyObject *key, *id;
  Py_ssize_t at = 0, n;
  while (PyDict_Next(strings, &at, &key, &id)) {
    const char *text = PyUnicode_AsUTF8AndSize(key, &n);
    if (!text) return false;
    put_bytes(to, 2, text, (size_t)n);
  }
  return !cx_failed();
}

PyObject *tree_def_serialize(PyObject *self, PyObject *none) {
  (void)none;
  CxText text = {0};
  PyObject *strings = PyDict_New(), *bytes = NULL;
  if (strings && put_tree(&text, &((TreeDef *)self)->tree->shape, strings))
    bytes = PyBytes_FromStringAndSize(text.s, (Py_ssize_t)text.n);
  if (!bytes) py_tree_raise();
  Py_XDECREF(strings);
  text_free(&text);
  return bytes;
}

/* ---- reading ---- */

typedef struct Bytes {
  const unsigned char *at, *end;
} Bytes;

typedef struct ProtoNode {
  uint64_t arity, type;
  Bytes keys;
} ProtoNode;

static bool malformed(const char *what) {
  if (!PyErr_Occurred()) PyErr_Format(PyExc_ValueError, "Malformed pytree proto (%s).", what);
  return false;
}

static bool get_varint(Bytes *b, uint64_t *x) {
  *x = 0;
  for (unsigned shift = 0; b->at < b->end && shift < 64; shift += 7) {
    unsigned char byte = *b->at++;
    *x |= (uint64_t)(byte & 127) << shift;
    if (byte < 128) return true;
  }
  return malformed("a number does not end");
}

/* The next field: its number, and its value or its bytes. */
static bool get_field(Bytes *b, unsigned *field, uint64_t *value, Bytes *bytes) {
  uint64_t tag;
  if (!get_varint(b, &tag) || !get_varint(b, value)) return false;
  *field = (unsigned)(tag >> 3);
  *bytes = (Bytes){NULL, NULL};
  if ((tag & 7) == 0) return true;
  if ((tag & 7) != 2 || *value > (uint64_t)(b->end - b->at)) return malformed("a field is cut off or of an unknown type");
  *bytes = (Bytes){b->at, b->at + *value};
  b->at += *value;
  return true;
}

static bool get_node(Bytes b, ProtoNode *n) {
  *n = (ProtoNode){0};
  while (b.at < b.end) {
    unsigned field;
    uint64_t value;
    Bytes bytes;
    if (!get_field(&b, &field, &value, &bytes)) return false;
    if (field == 1) n->arity = value;
    if (field == 2) n->type = value;
    if (field == 3) n->keys = bytes;
  }
  return true;
}

typedef struct Reader {
  PyObject *strings; /* list */
  VEC(CxTreeNode) nodes;
  PyLeaves keys;
} Reader;

static bool read_key(Reader *r, uint64_t id) {
  if (id >= (uint64_t)PyList_GET_SIZE(r->strings)) return malformed("dict_key out of range");
  return py_leaves_push(&r->keys, Py_NewRef(PyList_GET_ITEM(r->strings, (Py_ssize_t)id)));
}

/* Keys may come packed or one by one. */
static bool read_keys(Reader *r, Bytes b) {
  while (b.at < b.end) {
    unsigned field;
    uint64_t value;
    Bytes packed;
    if (!get_field(&b, &field, &value, &packed)) return false;
    if (field != 1) continue;
    if (!packed.at && !read_key(r, value)) return false;
    while (packed.at < packed.end)
      if (!get_varint(&packed, &value) || !read_key(r, value)) return false;
  }
  return true;
}

static bool read_node(Reader *r, Bytes b) {
  static const CxTreeKind kinds[] = {CX_TREE_KINDS, CX_TREE_LEAF,  CX_TREE_LIST,
                                     CX_TREE_NONE,  CX_TREE_TUPLE, CX_TREE_DICT};
  ProtoNode n;
  if (!get_node(b, &n)) return false;
  if (n.type < PROTO_LEAF || n.type > PROTO_DICT || n.arity > r->nodes.n) return malformed("invalid node type");
  uint32_t before = r->keys.n;
  if (n.type == PROTO_DICT && !read_keys(r, n.keys)) return false;
  if (n.type == PROTO_DICT && r->keys.n - before != n.arity) return malformed("a dict needs a key for each child");
  if (n.type != PROTO_DICT && n.type != PROTO_LIST && n.type != PROTO_TUPLE && n.arity) return malformed("a leaf with children");
  return vec_push(&r->nodes, ((CxTreeNode){(uint32_t)kinds[n.type], (uint32_t)n.arity}));
}

/* Strings come after the nodes that use them, so the bytes are read twice. */
static bool read_pass(Reader *r, Bytes b, unsigned wanted) {
  while (b.at < b.end) {
    unsigned field;
    uint64_t value;
    Bytes bytes;
    if (!get_field(&b, &field, &value, &bytes)) return false;
    if (field != wanted) continue;
    if (wanted == 1 && !read_node(r, bytes)) return false;
    if (wanted == 2) {
      PyObject *s = PyUnicode_DecodeUTF8((const char *)bytes.at, bytes.end - bytes.at, NULL);
      int failed = s ? PyList_Append(r->strings, s) : -1;
      Py_XDECREF(s);
      if (failed) return false;
    }
  }
  return true;
}

static CxTree *read_tree(const char *data, Py_ssize_t n) {
  const unsigned char *at = (const unsigned char *)data;
  Reader r = {.strings = PyList_New(0)};
  CxTree *def = NULL;
  py_leaves_init(&r.keys);
  if (r.strings && read_pass(&r, (Bytes){at, at + n}, 2) && read_pass(&r, (Bytes){at, at + n}, 1)) {
    CxTreeShape s = {&py_tree_host, r.nodes.v, (void *const *)r.keys.v, r.nodes.n, r.keys.n};
    def = tree_intern(&s);
  }
  if (!def) py_tree_raise();
  Py_XDECREF(r.strings);
  vec_free(&r.nodes);
  py_leaves_clear(&r.keys);
  return def;
}

PyObject *tree_def_deserialize(PyObject *none, PyObject *const *args, Py_ssize_t count, PyObject *kw) {
  static const char *const names[] = {"registry", "data"};
  static const PyParams params = {"deserialize_using_proto", names, 2, 2, 2, false};
  PyObject *a[2];
  char *data;
  Py_ssize_t n;
  (void)none;
  if (!py_bind(&params, args, count, kw, a)) return NULL;
  if (PyBytes_AsStringAndSize(a[1], &data, &n)) return NULL;
  CxTree *def = read_tree(data, n);
  return def ? py_treedef_new(def) : NULL;
}
