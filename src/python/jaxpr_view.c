/* Jaxpr, JaxprEqn, Var, DropVar and Literal: read-only views of a graph. Each holds its graph; a variable is the same (equal, same hash)
 * whenever it is looked at, so that programs can key dictionaries by it. */
#include "python/view.h"

#include "base/hash.h"
#include "python/array.h"
#include <string.h>

typedef struct View {
  PyObject_HEAD
  CxGraph *graph;
  uint32_t at; /* the variable, or the index of the equation */
} View;
static PyTypeObject open_type, eqn_type, var_type, drop_type, literal_type;

static PyObject *view_new(PyTypeObject *type, CxGraph *g, uint32_t at) {
  View *v = PyObject_New(View, type);
  if (v) v->graph = ref_retain(g), v->at = at;
  return (PyObject *)v;
}
static void view_dealloc(PyObject *o) {
  ref_release(((View *)o)->graph);
  PyObject_Free(o);
}
static CxGraph *graph_of(PyObject *o) { return ((View *)o)->graph; }
static const CxEqn *eqn_of(PyObject *o) { return &graph_of(o)->eqns.v[((View *)o)->at]; }

/* ---- variables ---- */

static CxVal literal_value(const CxGraph *g, CxVar v) {
  CxVal c = graph_const_value(g, v);
  return c && c->literal && c->type->rank == 0 ? c : NULL;
}

static PyObject *atom(CxGraph *g, CxVar v) { return view_new(v && literal_value(g, v) ? &literal_type : &var_type, g, v); }

static bool *used_vars(const CxGraph *g) {
  bool *used = cx_calloc((size_t)g->types.n + 1, sizeof *used);
  for (uint32_t i = 0; used && i < g->out.n; i++) used[g->out.v[i]] = true;
  for (uint32_t i = 0; used && i < g->eqns.n; i++)
    for (uint32_t k = 0; k < g->eqns.v[i].nin; k++) used[g->eqns.v[i].in[k]] = true;
  return used;
}

static PyObject *atoms(CxGraph *g, const CxVar *v, uint32_t n, const bool *used) {
  PyObject *list = PyList_New(n);
  for (uint32_t i = 0; list && i < n; i++) {
    PyObject *a = used && !used[v[i]] ? view_new(&drop_type, g, v[i]) : atom(g, v[i]);
    if (!a) return Py_DECREF(list), NULL;
    PyList_SET_ITEM(list, i, a);
  }
  return list;
}

static const CxType *view_type(PyObject *o) { return graph_type(graph_of(o), ((View *)o)->at); }
static PyObject *var_aval(PyObject *o, void *c) { return (void)c, py_aval(view_type(o)); }
static PyObject *var_repr(PyObject *o) {
  char text[512];
  return PyUnicode_FromFormat("Var(id=%u):%s", ((View *)o)->at, py_type_text(view_type(o), text, sizeof text));
}
static PyObject *drop_repr(PyObject *o) { return (void)o, PyUnicode_FromString("_"); }
static PyObject *var_compare(PyObject *a, PyObject *b, int op) {
  if ((op != Py_EQ && op != Py_NE) || !PyObject_TypeCheck(b, &var_type)) Py_RETURN_NOTIMPLEMENTED;
  return PyBool_FromLong((graph_of(a) == graph_of(b) && ((View *)a)->at == ((View *)b)->at) == (op == Py_EQ));
}
static Py_hash_t var_hash(PyObject *o) {
  Py_hash_t h = (Py_hash_t)hash_mix((uintptr_t)graph_of(o), ((View *)o)->at);
  return h == -1 ? -2 : h;
}
static PyObject *literal_val(PyObject *o, void *c) {
  (void)c;
  CxVal v = literal_value(graph_of(o), ((View *)o)->at);
  switch (cx_dtype_kind(v->type->dtype)) {
  case 'b': case 'i': case 'u': case 'f': case 'c': return py_number(v->type->dtype, v->array.data);
  default: return py_wrap(v);
  }
}
static PyObject *literal_repr(PyObject *o) {
  PyObject *v = literal_val(o, NULL), *r = v ? PyUnicode_FromFormat("Literal(%S)", v) : NULL;
  Py_XDECREF(v);
  return r;
}
static PyObject *literal_str(PyObject *o) {
  char type[64];
  PyObject *v = literal_val(o, NULL), *r = v ? PyUnicode_FromFormat("%S:%s", v, cx_type_text(view_type(o), type, sizeof type)) : NULL;
  Py_XDECREF(v);
  return r;
}

static PyGetSetDef var_getset[] = {{"aval", var_aval, NULL, "The type.", NULL}, {0}};
static PyGetSetDef literal_getset[] = {{"aval", var_aval, NULL, "The type.", NULL}, {"val", literal_val, NULL, "The value.", NULL}, {0}};

/* ---- equations ---- */

static PyObject *eqn_primitive(PyObject *o, void *c) { return (void)c, Py_XNewRef(py_primitive(eqn_of(o)->op)); }
static PyObject *eqn_params(PyObject *o, void *c) { return (void)c, py_params_dict(eqn_of(o)); }
static PyObject *eqn_invars(PyObject *o, void *c) { return (void)c, atoms(graph_of(o), eqn_of(o)->in, eqn_of(o)->nin, NULL); }
static PyObject *eqn_outvars(PyObject *o, void *c) {
  (void)c;
  bool *used = used_vars(graph_of(o));
  PyObject *r = used ? atoms(graph_of(o), eqn_of(o)->out, eqn_of(o)->nout, used) : py_raise();
  cx_free(used);
  return r;
}
static PyObject *eqn_effects(PyObject *o, void *c) {
  (void)c;
  PyObject *set = PySet_New(NULL), *name = set ? PyUnicode_FromString(cx_ops[eqn_of(o)->op]->name) : NULL;
  bool ok = name && (!eqn_has_effect(eqn_of(o)) || PySet_Add(set, name) == 0);
  PyObject *r = ok ? PyFrozenSet_New(set) : NULL;
  Py_XDECREF(name);
  Py_XDECREF(set);
  return r;
}
static PyObject *eqn_source(PyObject *o, void *c) { return (void)c, py_where_summary(eqn_of(o)->where); }
static PyObject *eqn_name_stack(PyObject *o, void *c) { return (void)c, PyUnicode_FromString(eqn_of(o)->name_stack ? eqn_of(o)->name_stack : ""); }

static PyObject *eqn_repr(PyObject *o) {
  const CxEqn *e = eqn_of(o);
  PyObject *out = eqn_outvars(o, NULL), *in = eqn_invars(o, NULL), *params = py_params_dict(e), *r = NULL;
  if (out && in && params) r = PyUnicode_FromFormat("%S = %s%S %S", out, cx_ops[e->op]->name, params, in);
  Py_XDECREF(out), Py_XDECREF(in), Py_XDECREF(params);
  return r;
}

static PyGetSetDef eqn_getset[] = {{"primitive", eqn_primitive, NULL, "The operation.", NULL},
                                   {"params", eqn_params, NULL, "Its parameters by name.", NULL},
                                   {"invars", eqn_invars, NULL, "Operands: Var or Literal.", NULL},
                                   {"outvars", eqn_outvars, NULL, "Results: Var, or DropVar where unused.", NULL},
                                   {"effects", eqn_effects, NULL, "Names of effects.", NULL},
                                   {"source_info", eqn_source, NULL, "The user's place: \"file.py:12:4 (f)\".", NULL},
                                   {"name_stack", eqn_name_stack, NULL, "The scopes of jax.named_scope.", NULL},
                                   {0}};

/* ---- the open graph ---- */

static PyObject *open_invars(PyObject *o, void *c) { return (void)c, atoms(graph_of(o), graph_of(o)->in.v, graph_of(o)->in.n, NULL); }
static PyObject *open_outvars(PyObject *o, void *c) { return (void)c, atoms(graph_of(o), graph_of(o)->out.v, graph_of(o)->out.n, NULL); }
static PyObject *open_constvars(PyObject *o, void *c) {
  (void)c;
  CxGraph *g = graph_of(o);
  PyObject *list = PyList_New(0);
  for (uint32_t i = 0; list && i < g->consts.n; i++) {
    if (literal_value(g, g->consts.v[i].var)) continue;
    PyObject *v = view_new(&var_type, g, g->consts.v[i].var);
    if (!v || PyList_Append(list, v) < 0) Py_CLEAR(list);
    Py_XDECREF(v);
  }
  return list;
}
static PyObject *open_eqns(PyObject *o, void *c) {
  (void)c;
  PyObject *list = PyList_New(graph_of(o)->eqns.n);
  for (uint32_t i = 0; list && i < graph_of(o)->eqns.n; i++) {
    PyObject *e = view_new(&eqn_type, graph_of(o), i);
    if (!e) return Py_DECREF(list), NULL;
    PyList_SET_ITEM(list, i, e);
  }
  return list;
}
static PyObject *open_effects(PyObject *o, void *c) {
  (void)c;
  PyObject *set = PySet_New(NULL);
  for (uint32_t i = 0; set && i < graph_of(o)->eqns.n; i++) {
    if (!eqn_has_effect(&graph_of(o)->eqns.v[i])) continue;
    PyObject *name = PyUnicode_FromString(cx_ops[graph_of(o)->eqns.v[i].op]->name);
    if (!name || PySet_Add(set, name) < 0) Py_CLEAR(set);
    Py_XDECREF(name);
  }
  return set;
}
static PyObject *open_closed(PyObject *o, void *c) { return (void)c, py_jaxpr_new(ref_retain(graph_of(o))); }
static PyObject *open_str(PyObject *o) {
  PyObject *closed = open_closed(o, NULL), *r = closed ? PyObject_Str(closed) : NULL;
  Py_XDECREF(closed);
  return r;
}

static PyGetSetDef open_getset[] = {{"invars", open_invars, NULL, "Operands.", NULL},     {"outvars", open_outvars, NULL, "Results.", NULL},
                                    {"constvars", open_constvars, NULL, "Variables of the constants.", NULL},
                                    {"eqns", open_eqns, NULL, "The equations in order.", NULL},
                                    {"effects", open_effects, NULL, "Names of effects.", NULL},
                                    {"_closed", open_closed, NULL, NULL, NULL},           {0}};

PyObject *py_jaxpr_open(CxGraph *g) { return view_new(&open_type, g, 0); }

#define VIEW(name, ...) {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "jax._src.core." name, .tp_basicsize = sizeof(View), .tp_dealloc = view_dealloc, __VA_ARGS__}
static PyTypeObject open_type = VIEW("Jaxpr", .tp_flags = Py_TPFLAGS_DEFAULT, .tp_str = open_str, .tp_repr = open_str, .tp_getset = open_getset,
                                     .tp_doc = "A program: operands, equations, results.");
static PyTypeObject eqn_type = VIEW("JaxprEqn", .tp_flags = Py_TPFLAGS_DEFAULT, .tp_repr = eqn_repr, .tp_getset = eqn_getset, .tp_doc = "One operation applied.");
static PyTypeObject var_type = VIEW("Var", .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, .tp_repr = var_repr, .tp_getset = var_getset,
                                    .tp_richcompare = var_compare, .tp_hash = var_hash, .tp_doc = "A variable of a program.");
static PyTypeObject drop_type = VIEW("DropVar", .tp_flags = Py_TPFLAGS_DEFAULT, .tp_base = &var_type, .tp_repr = drop_repr, .tp_doc = "A result that nothing uses.");
static PyTypeObject literal_type = VIEW("Literal", .tp_flags = Py_TPFLAGS_DEFAULT, .tp_repr = literal_repr, .tp_str = literal_str, .tp_getset = literal_getset,
                                        .tp_doc = "A scalar written where it is used.");

/* typeof(x): the ShapedArray of anything array-like */
static PyObject *type_of(PyObject *m, PyObject *x) {
  (void)m;
  CxScope s;
  cx_scope_open(&s);
  CxVal v = py_val(x);
  PyObject *r = v ? py_aval(v->type) : py_raise_traced();
  cx_scope_close(&s);
  return r;
}

bool py_view_register(PyObject *m) {
  static PyMethodDef functions[] = {{"typeof", type_of, METH_O, "The type of an array, tracer or scalar."}, {0}};
  static PyTypeObject *const all[] = {&open_type, &eqn_type, &var_type, &drop_type, &literal_type};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (PyType_Ready(all[i]) < 0 || PyModule_AddType(m, all[i]) < 0) return false;
  return PyModule_AddFunctions(m, functions) == 0 && PyModule_AddObjectRef(m, "Tracer", (PyObject *)&py_tracer) == 0 && py_ravel_register(m) && py_params_register(m);
}
