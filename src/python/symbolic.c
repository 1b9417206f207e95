/* See symbolic.h. */
#include "python/symbolic.h"

#include "op/rules.h"
#include "python/transform.h"

typedef struct ZeroObject {
  PyObject_HEAD
  PyObject *aval;
} ZeroObject;

static PyTypeObject zero_type, primal_type;

static PyObject *zero_of_aval(PyTypeObject *type, PyObject *aval) {
  ZeroObject *z = (ZeroObject *)type->tp_alloc(type, 0);
  if (z) z->aval = Py_NewRef(aval);
  return (PyObject *)z;
}

PyObject *py_symbolic_zero(const CxType *primal) {
  PyObject *aval = py_aval(is_inexact(primal) ? primal : cx_type_with_dtype(primal, CX_FLOAT0, primal->weak));
  PyObject *z = aval ? zero_of_aval(&zero_type, aval) : NULL;
  Py_XDECREF(aval);
  return z;
}

bool py_is_symbolic_zero(PyObject *o) { return Py_IS_TYPE(o, &zero_type); }

static PyObject *zero_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"aval", NULL};
  PyObject *aval;
  return PyArg_ParseTupleAndKeywords(args, kwargs, "O", names, &aval) ? zero_of_aval(type, aval) : NULL;
}

static PyObject *zero_getattr(PyObject *self, PyObject *name) {
  PyObject *r = PyObject_GenericGetAttr(self, name);
  if (r || !PyErr_ExceptionMatches(PyExc_AttributeError)) return r;
  PyErr_Clear();
  return PyObject_GetAttr(((ZeroObject *)self)->aval, name);
}

static PyObject *zero_repr(PyObject *self) {
  (void)self;
  return PyUnicode_FromString("SymbolicZero");
}

static void zero_dealloc(PyObject *self) {
  Py_XDECREF(((ZeroObject *)self)->aval);
  Py_TYPE(self)->tp_free(self);
}

static PyObject *zero_of_value(PyObject *value) {
  const CxType *t = py_type_of(value);
  return t ? py_symbolic_zero(t) : py_raise_traced();
}

static PyObject *zero_from_primal_value(PyObject *cls, PyObject *value) {
  (void)cls;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = zero_of_value(value);
  cx_scope_close(&s);
  return r;
}

static PyMethodDef zero_methods[] = {{"from_primal_value", zero_from_primal_value, METH_O | METH_STATIC, "The zero tangent of a value."}, {0}};
static PyMemberDef zero_members[] = {{"aval", T_OBJECT, offsetof(ZeroObject, aval), READONLY, NULL}, {0}};
static PyTypeObject zero_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax.custom_derivatives.SymbolicZero", .tp_basicsize = sizeof(ZeroObject),
    .tp_flags = Py_TPFLAGS_DEFAULT, .tp_doc = "A tangent or cotangent that is known to be zero.", .tp_new = zero_new, .tp_dealloc = zero_dealloc,
    .tp_repr = zero_repr, .tp_getattro = zero_getattr, .tp_methods = zero_methods, .tp_members = zero_members};

/* ---- operands of a forward rule ---- */

typedef struct PrimalObject {
  PyObject_HEAD
  PyObject *value, *perturbed;
} PrimalObject;

static PyObject *primal_make(PyObject *value, PyObject *perturbed) {
  PrimalObject *p = (PrimalObject *)primal_type.tp_alloc(&primal_type, 0);
  if (p) p->value = Py_NewRef(value), p->perturbed = Py_NewRef(perturbed);
  return (PyObject *)p;
}

static PyObject *primal_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"value", "perturbed", NULL};
  PyObject *value, *perturbed;
  (void)type;
  return PyArg_ParseTupleAndKeywords(args, kwargs, "OO", names, &value, &perturbed) ? primal_make(value, perturbed) : NULL;
}

static PyObject *primal_repr(PyObject *self) {
  const PrimalObject *p = (const PrimalObject *)self;
  return PyUnicode_FromFormat("CustomVJPPrimal(value=%R, perturbed=%R)", p->value, p->perturbed);
}

static int primal_traverse(PyObject *self, visitproc visit, void *arg) {
  Py_VISIT(((PrimalObject *)self)->value);
  Py_VISIT(((PrimalObject *)self)->perturbed);
  return 0;
}
static int primal_clear(PyObject *self) {
  Py_CLEAR(((PrimalObject *)self)->value);
  Py_CLEAR(((PrimalObject *)self)->perturbed);
  return 0;
}
static void primal_dealloc(PyObject *self) {
  PyObject_GC_UnTrack(self);
  primal_clear(self);
  Py_TYPE(self)->tp_free(self);
}

static PyMemberDef primal_members[] = {{"value", T_OBJECT, offsetof(PrimalObject, value), 0, NULL},
                                       {"perturbed", T_OBJECT, offsetof(PrimalObject, perturbed), 0, NULL},
                                       {0}};
static PyTypeObject primal_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax.custom_derivatives.CustomVJPPrimal", .tp_basicsize = sizeof(PrimalObject),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC, .tp_doc = "An operand of a forward rule: its value, and whether it is differentiated.",
    .tp_new = primal_new, .tp_dealloc = primal_dealloc, .tp_traverse = primal_traverse, .tp_clear = primal_clear, .tp_repr = primal_repr,
    .tp_members = primal_members};

PyObject *py_wrap_or_zero(const CxVal *in, uint32_t i, uint32_t n) { return in[i] ? py_wrap(in[i]) : py_symbolic_zero(in[i - n / 2]->type); }

PyObject *py_wrap_perturbed(const CxVal *in, uint32_t i, uint32_t n) {
  PyObject *value = py_wrap(in[i]), *p = value ? primal_make(value, in[n / 2 + i] ? Py_True : Py_False) : NULL;
  Py_XDECREF(value);
  return p;
}

/* ---- functions on trees ---- */

static PyObject *map_leaves(PyObject *tree, PyObject *(*of)(PyObject *)) {
  PyLeaves leaves;
  CxTree *t = NULL;
  py_leaves_init(&leaves);
  bool ok = py_flatten(tree, NULL, &leaves, &t);
  for (uint32_t i = 0; ok && i < leaves.n; i++) {
    PyObject *r = of(leaves.v[i]);
    ok = r != NULL;
    if (r) Py_SETREF(leaves.v[i], r);
  }
  PyObject *r = ok ? py_unflatten(t, leaves.v) : NULL;
  py_leaves_clear(&leaves);
  cx_tree_release(t);
  return r;
}

static PyObject *primal_value(PyObject *leaf) {
  if (!Py_IS_TYPE(leaf, &primal_type)) return PyErr_Format(PyExc_TypeError, "unexpected leaf type %R", (PyObject *)Py_TYPE(leaf));
  return Py_NewRef(((PrimalObject *)leaf)->value);
}

static PyObject *zero_array(PyObject *leaf) {
  const CxType *t = py_type_of(leaf);
  return t ? py_cotangent(NULL, t) : py_raise_traced();
}

static PyObject *primal_tree_values(PyObject *m, PyObject *tree) {
  (void)m;
  return map_leaves(tree, primal_value);
}

static PyObject *zero_from_primal(PyObject *m, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"val", "symbolic_zeros", NULL};
  PyObject *val;
  int symbolic = 0;
  (void)m;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p", names, &val, &symbolic)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = symbolic ? map_leaves(val, zero_of_value) : map_leaves(val, zero_array);
  cx_scope_close(&s);
  return r;
}

static PyMethodDef functions[] = {
    {"custom_vjp_primal_tree_values", primal_tree_values, METH_O, "The values of a tree of CustomVJPPrimal."},
    {"zero_from_primal", (PyCFunction)(void (*)(void))zero_from_primal, METH_VARARGS | METH_KEYWORDS, "Zero tangents for a tree of values."},
    {0}};

bool py_symbolic_register(PyObject *m) {
  return PyType_Ready(&zero_type) == 0 && PyType_Ready(&primal_type) == 0 && PyModule_AddType(m, &zero_type) == 0 &&
         PyModule_AddType(m, &primal_type) == 0 && PyModule_AddFunctions(m, functions) == 0;
}
