/* The argument kinds of lax: dimension numbers, precisions, padding, index modes, axis names. Lists go to the call's memory. */
#include "python/bind.h"

static bool kind_fail(const char *what, PyObject *o) {
  PyErr_Format(PyExc_TypeError, "%s, got %R", what, o);
  return false;
}

/* ---- lists of integers ---- */

static bool ints_of(PyObject *o, PyMemory m, CxInts *out) {
  PyObject *fast = PySequence_Fast(o, "a sequence of integers is wanted");
  if (!fast) return false;
  Py_ssize_t n = PySequence_Fast_GET_SIZE(fast);
  int64_t *v = m.get(m.owner, ((size_t)n + 1) * sizeof *v);
  for (Py_ssize_t i = 0; v && i < n; i++) {
    PyObject *index = PyNumber_Index(PySequence_Fast_GET_ITEM(fast, i));
    v[i] = index ? PyLong_AsLongLong(index) : -1;
    Py_XDECREF(index);
    if (v[i] == -1 && PyErr_Occurred()) v = NULL;
  }
  *out = (CxInts){.v = v, .n = (int32_t)n};
  Py_DECREF(fast);
  return v != NULL;
}

static bool field_ints(PyObject *o, const char *name, PyMemory m, CxInts *out) {
  PyObject *f = PyObject_GetAttrString(o, name);
  bool ok = f && ints_of(f, m, out);
  Py_XDECREF(f);
  return ok;
}

typedef struct Field {
  const char *name;
  CxInts *to;
} Field;

static bool fields(PyObject *o, PyMemory m, const Field *f, int n) {
  for (int i = 0; i < n; i++)
    if (!field_ints(o, f[i].name, m, f[i].to)) return false;
  return true;
}

/* ---- dot_general's ((lhs_contract, rhs_contract), (lhs_batch, rhs_batch)) ---- */

static bool ints_pair(PyObject *o, PyMemory m, CxInts *a, CxInts *b) {
  PyObject *fast = PySequence_Fast(o, "dimension_numbers must be two pairs of lists of axes");
  bool ok = fast && (PySequence_Fast_GET_SIZE(fast) == 2 || kind_fail("dimension_numbers must hold pairs of lists of axes", o));
  ok = ok && ints_of(PySequence_Fast_GET_ITEM(fast, 0), m, a) && ints_of(PySequence_Fast_GET_ITEM(fast, 1), m, b);
  Py_XDECREF(fast);
  return ok;
}

static bool dotdims_of(PyObject *o, PyMemory m, CxDotDims *out) {
  *out = (CxDotDims){0};
  if (o == Py_None) return true;
  PyObject *fast = PySequence_Fast(o, "dimension_numbers must be two pairs of lists of axes");
  bool ok = fast && (PySequence_Fast_GET_SIZE(fast) == 2 || kind_fail("dimension_numbers must be two pairs of lists of axes", o));
  ok = ok && ints_pair(PySequence_Fast_GET_ITEM(fast, 0), m, &out->lhs_contract, &out->rhs_contract) &&
       ints_pair(PySequence_Fast_GET_ITEM(fast, 1), m, &out->lhs_batch, &out->rhs_batch);
  Py_XDECREF(fast);
  return ok;
}

/* ---- gather and scatter ---- */

static bool gatherdims_of(PyObject *o, PyMemory m, CxGatherDims *d) {
  *d = (CxGatherDims){0};
  return fields(o, m,
                (Field[]){{"offset_dims", &d->offset_dims}, {"collapsed_slice_dims", &d->collapsed_slice_dims}, {"start_index_map", &d->start_index_map},
                          {"operand_batching_dims", &d->operand_batching_dims}, {"start_indices_batching_dims", &d->start_indices_batching_dims}}, 5);
}

static bool scatterdims_of(PyObject *o, PyMemory m, CxScatterDims *d) {
  *d = (CxScatterDims){0};
  return fields(o, m,
                (Field[]){{"update_window_dims", &d->update_window_dims}, {"inserted_window_dims", &d->inserted_window_dims},
                          {"scatter_dims_to_operand_dims", &d->scatter_dims_to_operand_dims}, {"operand_batching_dims", &d->operand_batching_dims},
                          {"scatter_indices_batching_dims", &d->scatter_indices_batching_dims}}, 5);
}

static bool indexmode_of(PyObject *o, CxIndexMode fallback, CxIndexMode *out) {
  static const struct {
    const char *name;
    CxIndexMode mode;
  } modes[] = {{"clip", CX_INDEX_CLIP}, {"fill", CX_INDEX_FILL_OR_DROP}, {"drop", CX_INDEX_FILL_OR_DROP},
               {"promise_in_bounds", CX_INDEX_PROMISE}, {"CLIP", CX_INDEX_CLIP}, {"FILL_OR_DROP", CX_INDEX_FILL_OR_DROP},
               {"PROMISE_IN_BOUNDS", CX_INDEX_PROMISE}};
  *out = fallback;
  if (o == Py_None) return true;
  bool text = PyUnicode_Check(o);
  PyObject *name = text ? Py_NewRef(o) : PyObject_GetAttrString(o, "name");
  const char *s = name ? PyUnicode_AsUTF8(name) : NULL;
  for (size_t i = text ? 0 : 4; s && i < (text ? 4 : sizeof modes / sizeof *modes); i++)
    if (!strcmp(s, modes[i].name)) return *out = modes[i].mode, Py_DECREF(name), true;
  PyErr_Clear();
  Py_XDECREF(name);
  if (text) return PyErr_Format(PyExc_ValueError, "Unknown gather mode: %U. Use 'clip', 'fill', 'drop' or 'promise_in_bounds'.", o), false;
  return kind_fail("mode must be a string or a GatherScatterMode", o);
}

/* ---- precision and rounding ---- */

static int precision_level(PyObject *o) { /* 0 DEFAULT, 1 HIGH, 2 HIGHEST, -1 another thing, -2 an unknown name */
  static const char *const names[] = {"default", "fastest", "bfloat16", "high", "bfloat16_3x", "tensorfloat32", "highest", "float32"};
  static const char *const members[] = {"DEFAULT", "HIGH", "HIGHEST"};
  if (o == Py_None) return 0;
  if (PyUnicode_Check(o)) {
    for (int i = 0; i < 8; i++)
      if (!PyUnicode_CompareWithASCIIString(o, names[i])) return i / 3;
    return -2;
  }
  if (strcmp(Py_TYPE(o)->tp_name, "Precision")) return -1;
  PyObject *name = PyObject_GetAttrString(o, "name");
  int level = -1;
  for (int i = 0; name && i < 3; i++)
    if (!PyUnicode_CompareWithASCIIString(name, members[i])) level = i;
  Py_XDECREF(name);
  return level;
}

static bool precision_preset(PyObject *o, CxPrecision *out) {
  static const char *const texts[] = {
#define X(id, text) text,
      CX_PRECISIONS(X)
#undef X
  };
  PyObject *name = strcmp(Py_TYPE(o)->tp_name, "DotAlgorithmPreset") ? NULL : PyObject_GetAttrString(o, "name");
  bool found = false;
  for (int i = CX_PRECISION_ALG_DEFAULT; name && !found && i < (int)(sizeof texts / sizeof *texts); i++)
    if (!PyUnicode_CompareWithASCIIString(name, texts[i])) *out = (CxPrecision)i, found = true;
  Py_XDECREF(name);
  return found;
}

static bool precision_of(PyObject *o, CxPrecision *out) {
  *out = CX_PRECISION_NONE;
  if (o == Py_None || precision_preset(o, out)) return true;
  bool pair = (PyTuple_Check(o) || PyList_Check(o)) && PySequence_Fast_GET_SIZE(o) == 2;
  int a = precision_level(pair ? PySequence_Fast_GET_ITEM(o, 0) : o), b = pair ? precision_level(PySequence_Fast_GET_ITEM(o, 1)) : a;
  if (a >= 0 && b >= 0) return *out = (CxPrecision)(CX_PRECISION_DEFAULT + 3 * a + b), true;
  PyErr_Format(PyExc_ValueError, "Precision argument must be None, a lax.Precision, one of 'default', 'high', 'highest' and their other names, a pair of "
               "these, or a lax.DotAlgorithmPreset; got %R", o);
  return false;
}

static bool rounding_of(PyObject *o, int *out) {
  if (o == Py_None) return *out = 0, true;
  PyObject *value = PyObject_GetAttrString(o, "value");
  *out = value ? (int)PyLong_AsLong(value) : -1;
  Py_XDECREF(value);
  if (!PyErr_Occurred() && (*out == 0 || *out == 1)) return true;
  PyErr_Clear();
  return kind_fail("rounding_method must be a RoundingMethod", o);
}

/* ---- padding: a name, or a nested sequence of integers in a row ---- */

static bool pads_flat(PyObject *o, PyMemory m, CxInts *out) {
  PyObject *fast = PySequence_Fast(o, "padding must be a string or a sequence of pairs");
  if (!fast) return false;
  Py_ssize_t n = PySequence_Fast_GET_SIZE(fast), total = 0;
  int64_t *v = NULL;
  bool ok = true;
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    CxInts part;
    PyObject *item = PySequence_Fast_GET_ITEM(fast, i);
    ok = ints_of(item, m, &part);
    if (ok && !v) ok = (v = m.get(m.owner, (size_t)(n * part.n + 1) * sizeof *v)) != NULL;
    if (ok && i && part.n * i != total) ok = kind_fail("padding must hold tuples of equal length", o);
    for (int k = 0; ok && k < part.n; k++) v[total++] = part.v[k];
  }
  Py_DECREF(fast);
  static const int64_t none[1] = {0};
  *out = (CxInts){.v = v ? v : none, .n = (int32_t)total};
  return ok;
}

static bool pads_of(PyObject *o, PyMemory m, CxPads *out) {
  *out = (CxPads){0};
  return PyUnicode_Check(o) ? (out->name = PyUnicode_AsUTF8(o)) != NULL : pads_flat(o, m, &out->v);
}

/* ---- convolutions: three strings such as ("NCHW", "OIHW", "NCHW"), or three lists of axes ---- */

static const char *const conv_letters[3] = {"NC", "OI", "NC"};

static bool conv_letters_check(int i, const char *s) {
  const char *pair = conv_letters[i];
  for (const char *c = s; *c; c++)
    if (strchr(c + 1, *c)) return PyErr_Format(PyExc_TypeError, "convolution dimension_numbers[%d] cannot have duplicate characters, got %s.", i, s), false;
  if (strchr(s, pair[0]) && strchr(s, pair[1])) return true;
  PyErr_Format(PyExc_TypeError, "convolution dimension_numbers[%d] must contain the characters '%c' and '%c' exactly once, got %s.", i, pair[0], pair[1], s);
  return false;
}

/* the two named axes of s, then the spatial ones in the order of the kernel's string */
static bool conv_permutation(int i, const char *const *s, PyMemory m, CxInts *out) {
  int64_t *v = m.get(m.owner, (strlen(s[i]) + 1) * sizeof *v);
  int n = 0;
  if (!v) return false;
  for (int k = 0; k < 2; k++) v[n++] = strchr(s[i], conv_letters[i][k]) - s[i];
  for (const char *c = s[1]; *c; c++) {
    const char *at = strchr(s[i], *c);
    if (strchr(conv_letters[1], *c)) continue;
    if (!at || strlen(s[i]) != strlen(s[1]))
      return PyErr_SetString(PyExc_TypeError, "convolution dimension_numbers elements must each have the same set of spatial characters"), false;
    v[n++] = at - s[i];
  }
  *out = (CxInts){.v = v, .n = n};
  return true;
}

static bool conv_strings(PyObject *const *items, PyMemory m, CxInts *const *to) {
  const char *s[3];
  for (int i = 0; i < 3; i++)
    if (!(s[i] = PyUnicode_AsUTF8(items[i])) || !conv_letters_check(i, s[i])) return false;
  for (int i = 0; i < 3; i++)
    if (!conv_permutation(i, s, m, to[i])) return false;
  return true;
}

static bool convdims_of(PyObject *o, PyMemory m, CxConvDims *d) {
  *d = (CxConvDims){0};
  if (o == Py_None) return true;
  if (!PyTuple_Check(o) && !PyList_Check(o)) return kind_fail("convolution dimension_numbers must be tuple/list or None", o);
  if (PySequence_Fast_GET_SIZE(o) != 3) return kind_fail("convolution dimension_numbers list/tuple must be length 3", o);
  PyObject *const *items = PySequence_Fast_ITEMS(o);
  CxInts *to[3] = {&d->lhs_spec, &d->rhs_spec, &d->out_spec};
  if (PyUnicode_Check(items[0]) && PyUnicode_Check(items[1]) && PyUnicode_Check(items[2])) return conv_strings(items, m, to);
  for (int i = 0; i < 3; i++)
    if (PyUnicode_Check(items[i]) || !ints_of(items[i], m, to[i])) {
      PyErr_Clear();
      return kind_fail("convolution dimension_numbers elements must be strings", o);
    }
  return true;
}

/* ---- axis names ---- */

static bool names_of(PyObject *o, PyMemory m, CxNames *out) {
  PyObject *one[1] = {o}, *const *items = one;
  Py_ssize_t n = 1;
  if (PyTuple_Check(o) || PyList_Check(o)) items = PySequence_Fast_ITEMS(o), n = PySequence_Fast_GET_SIZE(o);
  const char **v = m.get(m.owner, ((size_t)n + 1) * sizeof *v);
  for (Py_ssize_t i = 0; v && i < n; i++) {
    if (!PyUnicode_Check(items[i])) return kind_fail("an axis name must be a string", items[i]);
    if (!(v[i] = PyUnicode_AsUTF8(items[i]))) return false;
  }
  *out = (CxNames){v, (int)n};
  return v != NULL;
}

static bool ord_of(PyObject *o, CxOrd *out) {
  *out = (CxOrd){.given = o != Py_None};
  if (o == Py_None) return true;
  if (PyUnicode_Check(o)) return (out->name = PyUnicode_AsUTF8(o)) != NULL;
  out->v = PyFloat_AsDouble(o);
  return !(out->v == -1 && PyErr_Occurred());
}

bool py_kind(PyKind kind, PyObject *o, PyMemory m, PyArg *a) {
  switch (kind) {
    case PY_KIND_PRECISION: return precision_of(o, &a->precision);
    case PY_KIND_ROUNDING: return rounding_of(o, &a->rounding);
    case PY_KIND_DOTDIMS: return dotdims_of(o, m, &a->dot);
    case PY_KIND_GATHERDIMS: return gatherdims_of(o, m, &a->gather);
    case PY_KIND_SCATTERDIMS: return scatterdims_of(o, m, &a->scatter);
    case PY_KIND_INDEXMODE: return indexmode_of(o, CX_INDEX_FILL_OR_DROP, &a->mode);
    case PY_KIND_GATHERMODE: return indexmode_of(o, CX_INDEX_PROMISE, &a->mode);
    case PY_KIND_CONVDIMS: return convdims_of(o, m, &a->conv);
    case PY_KIND_PADS: return pads_of(o, m, &a->pads);
    case PY_KIND_NAMES: return names_of(o, m, &a->names);
    case PY_KIND_ORD: return ord_of(o, &a->ord);
    default: return false;
  }
}
