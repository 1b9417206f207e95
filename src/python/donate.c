/* See donate.h. */
#include "python/donate.h"

#include "ir/op.h"
#include <stdlib.h>

/* ---- which operands the results depend on ---- */

static uint8_t *live_vars(const CxGraph *g) {
  uint8_t *live = PyMem_Calloc((size_t)g->types.n + 1, 1);
  for (uint32_t i = 0; live && i < g->out.n; i++) live[g->out.v[i]] = 1;
  for (uint32_t i = g->eqns.n; live && i > 0; i--) {
    const CxEqn *e = &g->eqns.v[i - 1];
    bool used = (cx_ops[e->op]->flags & CX_OP_EFFECT) != 0;
    for (uint32_t k = 0; k < e->nout; k++) used |= live[e->out[k]] != 0;
    for (uint32_t k = 0; used && k < e->nin; k++) live[e->in[k]] = 1;
  }
  return live;
}

/* ---- matching operands with results ---- */

static bool same_aval(const CxType *a, const CxType *b) { return a->dtype == b->dtype && cx_type_same_dims(a, b); }
static bool same_count(const CxType *a, const CxType *b) { return a->size == b->size; }

/* Gives each open operand (1) the first free output that fits: it becomes 2, or 3 where the output is not equally large. */
static void match_outputs(const CxGraph *g, uint8_t *donated, uint8_t *taken, bool (*fits)(const CxType *, const CxType *)) {
  for (uint32_t i = 0; i < g->in.n; i++) {
    const CxType *in = graph_type(g, g->in.v[i]);
    for (uint32_t k = 0; donated[i] == 1 && k < g->out.n; k++) {
      const CxType *out = graph_type(g, g->out.v[k]);
      if (taken[k] || !fits(in, out)) continue;
      taken[k] = 1;
      donated[i] = cx_dtype_bytes(in->dtype) == cx_dtype_bytes(out->dtype) ? 2 : 3;
    }
  }
}

static bool warn_unusable(const CxGraph *g, const uint8_t *donated) {
  PyObject *list = PyList_New(0);
  for (uint32_t i = 0; list && i < g->in.n; i++) {
    char text[256];
    if (donated[i] != 1) continue;
    PyObject *s = PyUnicode_FromString(py_type_text(graph_type(g, g->in.v[i]), text, sizeof text));
    if (!s || PyList_Append(list, s) < 0) Py_CLEAR(list);
    Py_XDECREF(s);
  }
  PyObject *comma = list && PyList_GET_SIZE(list) ? PyUnicode_FromString(", ") : NULL, *names = comma ? PyUnicode_Join(comma, list) : NULL;
  bool ok = list && (!PyList_GET_SIZE(list) ||
                     (names && PyErr_WarnFormat(PyExc_UserWarning, 1, "Some donated buffers were not usable: %U.\nSee an explanation at https://docs.jax.dev/en/latest/faq.html#buffer-donation.", names) == 0));
  Py_XDECREF(names), Py_XDECREF(comma), Py_XDECREF(list);
  return ok;
}

bool donate_plan(const CxGraph *g, uint8_t *donated) {
  uint8_t *live = live_vars(g), *taken = PyMem_Calloc((size_t)g->out.n + 1, 1);
  bool ok = live && taken;
  if (ok) {
    for (uint32_t i = 0; i < g->in.n; i++) donated[i] = donated[i] && live[g->in.v[i]];
    match_outputs(g, donated, taken, same_aval);
    match_outputs(g, donated, taken, same_count);
    ok = warn_unusable(g, donated);
    for (uint32_t i = 0; i < g->in.n; i++) donated[i] = donated[i] == 2;
  } else {
    PyErr_NoMemory();
  }
  PyMem_Free(live), PyMem_Free(taken);
  return ok;
}

/* ---- a call ---- */

typedef struct Given {
  uintptr_t value;
  uint32_t index;
} Given;

static int given_order(const void *a, const void *b) {
  const Given *x = a, *y = b;
  return x->value != y->value ? (x->value > y->value ? 1 : -1) : x->index > y->index ? 1 : -1;
}

bool donate_check(const CxVal *vals, const uint8_t *donated, uint32_t n) {
  Given *all = PyMem_Calloc((size_t)n + 1, sizeof *all);
  if (!all) return PyErr_NoMemory(), false;
  for (uint32_t i = 0; i < n; i++) all[i] = (Given){(uintptr_t)vals[i], i};
  qsort(all, n, sizeof *all, given_order);
  bool ok = true;
  for (uint32_t i = 1; ok && i < n; i++) {
    if (all[i].value != all[i - 1].value || !(donated[all[i].index] || donated[all[i - 1].index])) continue;
    bool both = donated[all[i].index] && donated[all[i - 1].index];
    PyObject *errors = PyImport_ImportModule("cuirax.errors"), *type = errors ? PyObject_GetAttrString(errors, "JaxRuntimeError") : NULL;
    if (type) PyErr_Format(type, both ? "INVALID_ARGUMENT: the same buffer is donated twice in one call (arguments %u and %u): f(donate(a), donate(a))"
                                      : "INVALID_ARGUMENT: a buffer is donated and used in one call (arguments %u and %u): f(donate(a), a)", all[i - 1].index, all[i].index);
    Py_XDECREF(type), Py_XDECREF(errors);
    ok = false;
  }
  PyMem_Free(all);
  return ok;
}

void donate_delete(const PyLeaves *leaves, const uint8_t *donated) {
  for (uint32_t i = 0; i < leaves->n; i++) {
    PyVal *p = (PyVal *)leaves->v[i];
    if (!donated[i] || Py_TYPE(p) != &py_array || !p->v) continue;
    cx_keep(p->v);
    p->v = NULL;
  }
}
