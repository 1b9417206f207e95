/* Keys of paths: SequenceKey, DictKey, GetAttrKey, FlattenedIndexKey. Four types over one struct, told apart by a row of
 * this table; and keystr. */
#include <string.h>

#include "python/tree_inside.h"

PyTypeObject *py_sequence_key, *py_dict_key, *py_attribute_key, *py_index_key;

typedef struct Key {
  PyObject_HEAD
  PyObject *value;
} Key;

typedef struct KeyRow {
  const char *name, *field;
  PyTypeObject **type;
  const char *repr, *text; /* formats of the value */
  int salt;                /* added to the hash */
  bool number;
} KeyRow;

enum { KEY_ROWS = 4 };
static const KeyRow key_rows[KEY_ROWS] = {
    {"SequenceKey", "idx", &py_sequence_key, "SequenceKey(idx=%S)", "[%S]", 1, true},
    {"DictKey", "key", &py_dict_key, "DictKey(key=%R)", "[%R]", 0, false},
    {"GetAttrKey", "name", &py_attribute_key, "GetAttrKey(name='%S')", ".%S", 0, false},
    {"FlattenedIndexKey", "key", &py_index_key, "FlattenedIndexKey(key=%S)", "[<flat index %S>]", 42, true},
};

static const KeyRow *row_of(const PyTypeObject *type) {
  for (int i = 0; i < KEY_ROWS; i++)
    if (*key_rows[i].type == type) return &key_rows[i];
  return NULL;
}

PyObject *py_key_new(PyTypeObject *type, PyObject *value) {
  Key *k = PyObject_GC_New(Key, type);
  if (!k) return NULL;
  k->value = Py_NewRef(value);
  PyObject_GC_Track(k);
  return (PyObject *)k;
}

PyObject *py_key_from_index(PyTypeObject *type, Py_ssize_t i) {
  PyObject *n = PyLong_FromSsize_t(i), *key = n ? py_key_new(type, n) : NULL;
  Py_XDECREF(n);
  return key;
}

static PyObject *key_create(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  const KeyRow *row = row_of(type);
  char *names[] = {(char *)(uintptr_t)row->field, NULL};
  PyObject *value;
  char format[40];
  snprintf(format, sizeof format, "O:%s", row->name);
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, format, names, &value)) return NULL;
  if (row->number && !PyLong_Check(value))
    return PyErr_Format(PyExc_TypeError, "%s(): %s must be an int, got %R", row->name, row->field, value);
  if (type == py_attribute_key && !PyUnicode_Check(value))
    return PyErr_Format(PyExc_TypeError, "%s(): %s must be a str, got %R", row->name, row->field, value);
  return py_key_new(type, value);
}

static int key_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(((Key *)self)->value);
  return 0;
}

static int key_clear(PyObject *self) {
  Py_XSETREF(((Key *)self)->value, Py_NewRef(Py_None));
  return 0;
}

static void key_dealloc(PyObject *self) {
  PyTypeObject *type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  Py_DECREF(((Key *)self)->value);
  PyObject_GC_Del(self);
  Py_DECREF(type);
}

static PyObject *key_repr(PyObject *self) {
  return PyUnicode_FromFormat(row_of(Py_TYPE(self))->repr, ((Key *)self)->value);
}

static PyObject *key_str(PyObject *self) { return PyUnicode_FromFormat(row_of(Py_TYPE(self))->text, ((Key *)self)->value); }

static Py_hash_t key_hash(PyObject *self) {
  Py_hash_t h = PyObject_Hash(((Key *)self)->value);
  if (h == -1 && PyErr_Occurred()) return -1;
  h += row_of(Py_TYPE(self))->salt;
  return h == -1 ? -2 : h;
}

static PyObject *key_compare(PyObject *a, PyObject *b, int op) {
  if (op != Py_EQ && op != Py_NE) Py_RETURN_NOTIMPLEMENTED;
  if (Py_TYPE(a) != Py_TYPE(b)) return PyBool_FromLong(op == Py_NE);
  int equal = PyObject_RichCompareBool(((Key *)a)->value, ((Key *)b)->value, Py_EQ);
  return equal < 0 ? NULL : PyBool_FromLong((op == Py_EQ) == equal);
}

static PyObject *key_value(PyObject *self, void *none) {
  (void)none;
  return Py_NewRef(((Key *)self)->value);
}

static PyObject *key_reduce(PyObject *self, PyObject *none) {
  (void)none;
  return Py_BuildValue("(O(O))", Py_TYPE(self), ((Key *)self)->value);
}

/* ---- keystr ---- */

static PyObject *key_text(PyObject *key, bool simple) {
  return PyObject_Str(simple && row_of(Py_TYPE(key)) ? ((Key *)key)->value : key);
}

PyObject *py_keystr(PyObject *path, bool simple, PyObject *separator) {
  PyObject *keys = PySequence_List(path), *empty = separator ? Py_NewRef(separator) : PyUnicode_FromString(""), *out = NULL;
  bool ok = keys && empty;
  for (Py_ssize_t i = 0; ok && i < PyList_GET_SIZE(keys); i++) {
    PyObject *text = key_text(PyList_GET_ITEM(keys, i), simple);
    ok = text && PyList_SetItem(keys, i, text) == 0;
  }
  if (ok) out = PyUnicode_Join(empty, keys);
  Py_XDECREF(keys);
  Py_XDECREF(empty);
  return out;
}

/* ---- the types ---- */

static PyTypeObject *key_type(const KeyRow *row) {
  static PyMethodDef methods[] = {{"__reduce__", key_reduce, METH_NOARGS, NULL}, {0}};
  static PyGetSetDef fields[KEY_ROWS][2];
  PyGetSetDef *field = fields[row - key_rows];
  field[0] = (PyGetSetDef){row->field, key_value, NULL, NULL, NULL};
  char name[64];
  snprintf(name, sizeof name, "cuirax.tree_util.%s", row->name);
  PyType_Slot slots[] = {
      {Py_tp_new, PY_SLOT(key_create)},       {Py_tp_dealloc, PY_SLOT(key_dealloc)}, {Py_tp_traverse, PY_SLOT(key_traverse)},
      {Py_tp_clear, PY_SLOT(key_clear)},      {Py_tp_repr, PY_SLOT(key_repr)},       {Py_tp_str, PY_SLOT(key_str)},
      {Py_tp_hash, PY_SLOT(key_hash)},        {Py_tp_methods, methods},              {Py_tp_getset, field},
      {Py_tp_richcompare, PY_SLOT(key_compare)}, {0, NULL},
  };
  PyType_Spec spec = {name, sizeof(Key), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, slots};
  PyTypeObject *type = (PyTypeObject *)PyType_FromSpec(&spec);
  PyObject *match = type ? Py_BuildValue("(s)", row->field) : NULL;
  if (!match || PyObject_SetAttrString((PyObject *)type, "__match_args__", match)) Py_CLEAR(type);
  Py_XDECREF(match);
  return type;
}

int tree_keys_init(PyObject *module) {
  for (int i = 0; i < KEY_ROWS; i++) {
    PyTypeObject *type = *key_rows[i].type = key_type(&key_rows[i]);
    if (!type || PyModule_AddObjectRef(module, key_rows[i].name, (PyObject *)type)) return -1;
  }
  return 0;
}
