/* grad, value_and_grad, vjp, jvp, linearize as Python objects and functions, over xform/. */
#include "python/transform.h"

#include "base/error.h"
#include "xform/linear.h"

/* ---- grad and value_and_grad: one object type ---- */

typedef struct Grad {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *fun, *dict, *weakrefs;
  int *argnums; /* as given; may be negative */
  int n_argnums;
  bool single, has_aux, with_value, allow_int, holomorphic;
} Grad;

static bool grad_check_input(const Grad *g, CxVal v) {
  char kind = cx_dtype_kind(v->type->dtype);
  const char *dtype = cx_dtype_name(v->type->dtype);
  if (g->holomorphic && kind != 'c')
    return cx_fail(CX_ERR_TYPE, "grad with holomorphic=True requires inputs with complex dtype, but got %s.", dtype);
  if (kind != 'f' && kind != 'c' && !(g->allow_int && strchr("iub", kind)))
    return cx_fail(CX_ERR_TYPE, "grad requires real- or complex-valued inputs (input dtype that is a sub-dtype of np.inexact), but got %s. If you want to use "
                   "Boolean- or integer-valued inputs, use vjp or set allow_int to True.", dtype);
  return true;
}

static bool grad_check_output(const Grad *g, const CxLinear *l, uint32_t n_main) {
  const CxType *t = n_main == 1 ? l->out[0].type : NULL;
  char text[256];
  if (n_main != 1) return cx_fail(CX_ERR_TYPE, "Gradient only defined for scalar-output functions. Output was a container of %u values.", n_main);
  if (t->rank) return cx_fail(CX_ERR_TYPE, "Gradient only defined for scalar-output functions. Output had shape: %s.", py_type_text(t, text, sizeof text));
  char kind = cx_dtype_kind(t->dtype);
  if (g->holomorphic && kind != 'c')
    return cx_fail(CX_ERR_TYPE, "grad with holomorphic=True requires outputs with complex dtype, but got %s.", cx_dtype_name(t->dtype));
  if (!g->holomorphic && kind != 'f')
    return cx_fail(CX_ERR_TYPE, "grad requires real-valued outputs (output dtype that is a sub-dtype of np.floating), but got %s. For holomorphic "
                   "differentiation, pass holomorphic=True. For differentiation of functions with integer outputs, use jax.vjp directly.", cx_dtype_name(t->dtype));
  return true;
}

static bool grad_positions(const Grad *g, Py_ssize_t nargs, Py_ssize_t *out) {
  for (int i = 0; i < g->n_argnums; i++) {
    Py_ssize_t p = g->argnums[i] < 0 ? g->argnums[i] + nargs : g->argnums[i];
    if (p < 0 || p >= nargs) {
      PyErr_Format(g->argnums[i] < 0 ? PyExc_ValueError : PyExc_TypeError, "differentiating with respect to argnums=%d requires at least %d positional arguments to be passed by the caller, but got only %zd positional arguments.",
                   g->argnums[i], g->argnums[i] < 0 ? -g->argnums[i] : g->argnums[i] + 1, nargs);
      return false;
    }
    out[i] = p;
  }
  return true;
}

/* the gradients as Python objects, one tree per argnum */
static PyObject *grad_build(const Grad *g, const PyCall *c, const Py_ssize_t *pos, const CxVals *in, const CxVals *back) {
  PyObject *all = PyTuple_New(g->n_argnums);
  for (int i = 0; all && i < g->n_argnums; i++) {
    uint32_t at = 0;
    for (Py_ssize_t p = 0; p < pos[i]; p++) at += c->trees[p] ? (uint32_t)cx_tree_leaves(c->trees[p]) : 0;
    uint32_t n = (uint32_t)cx_tree_leaves(c->trees[pos[i]]);
    PyObject **items = PyMem_Calloc(n + 1, sizeof *items), *tree = NULL;
    uint32_t made = 0;
    for (; items && made < n; made++)
      if (!(items[made] = py_cotangent(back->v[at + made], in->v[at + made]->type))) break;
    if (items && made == n) tree = py_unflatten(c->trees[pos[i]], items);
    while (made > 0) Py_DECREF(items[--made]);
    PyMem_Free(items);
    if (!tree) return Py_DECREF(all), NULL;
    PyTuple_SET_ITEM(all, i, tree);
  }
  if (!all || !g->single) return all;
  PyObject *one = Py_NewRef(PyTuple_GET_ITEM(all, 0));
  Py_DECREF(all);
  return one;
}

static PyObject *grad_result(const Grad *g, const PyCall *c, const CxVals *out, PyObject *grads) {
  PyObject *value = g->with_value ? pycall_result(c, out->v) : Py_NewRef(Py_None), *aux = NULL, *r = NULL;
  if (value && grads && g->has_aux) aux = pycall_aux(c, out->v + c->n_main);
  if (value && grads && (aux || !g->has_aux)) {
    if (g->with_value && aux) {
      PyObject *pair = PyTuple_Pack(2, value, aux);
      r = pair ? PyTuple_Pack(2, pair, grads) : NULL;
      Py_XDECREF(pair);
    } else if (g->with_value) {
      r = PyTuple_Pack(2, value, grads);
    } else {
      r = aux ? PyTuple_Pack(2, grads, aux) : Py_NewRef(grads);
    }
  }
  Py_XDECREF(aux), Py_XDECREF(value), Py_XDECREF(grads);
  return r;
}

static bool grad_flatten(const Grad *g, PyCall *c, PyObject *const *args, const Py_ssize_t *pos, CxVals *in) {
  for (Py_ssize_t i = 0; i < c->nargs; i++) {
    bool wanted = false;
    for (int k = 0; k < g->n_argnums; k++) wanted |= pos[k] == i;
    uint32_t before = in->n;
    if (!wanted) pycall_fix(c, i, args[i]);
    else if (!pycall_dynamic(c, i, args[i], in)) return false;
    for (; before < in->n; before++)
      if (!grad_check_input(g, in->v[before])) return false;
  }
  return true;
}

static PyObject *grad_run(const Grad *g, CxFn *f, const Py_ssize_t *pos, const CxVals *in) {
  PyCall *c = f->env;
  CxVals out = {0}, cts = {0}, back = {0};
  PyObject *r = NULL;
  CxLinear *l = cx_linearize(f, in->v, in->n, NULL, &out);
  bool ok = l && grad_check_output(g, l, c->n_main) && cx_vals_push(&cts, cx_scalar(l->out[0].type->dtype, 1));
  for (uint32_t i = 1; ok && i < l->nout; i++) ok = cx_vals_push(&cts, NULL);
  if (ok && cx_linear_transpose(l, cts.v, &back)) r = grad_result(g, c, &out, grad_build(g, c, pos, in, &back));
  if (l) cx_linear_release(l);
  cx_vals_free(&out), cx_vals_free(&cts), cx_vals_free(&back);
  return r;
}

static PyObject *grad_call(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names) {
  const Grad *g = (const Grad *)self;
  Py_ssize_t nargs = PyVectorcall_NARGS(nargsf), pos[64];
  if (g->n_argnums > 64 || !grad_positions(g, nargs, pos)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0};
  PyObject *r = NULL;
  PyCall *c = pycall_new(g->fun, nargs);
  if (c) c->has_aux = g->has_aux;
  bool ok = c && grad_flatten(g, c, args, pos, &in) && (!names || (c->kw_fixed = py_kwargs_dict(args + nargs, names)));
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  if (f) r = grad_run(g, f, pos, &in);
  ref_release(f);
  cx_vals_free(&in);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static void grad_dealloc(PyObject *self) {
  Grad *g = (Grad *)self;
  if (g->weakrefs) PyObject_ClearWeakRefs(self);
  Py_XDECREF(g->fun);
  Py_XDECREF(g->dict);
  PyMem_Free(g->argnums);
  PyObject_Free(self);
}

static PyMemberDef grad_members[] = {{"__wrapped__", T_OBJECT, offsetof(Grad, fun), READONLY, NULL}, {0}};
static PyTypeObject grad_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.GradFunction", .tp_basicsize = sizeof(Grad), .tp_dealloc = grad_dealloc,
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR, .tp_vectorcall_offset = offsetof(Grad, vectorcall),
    .tp_call = PyVectorcall_Call, .tp_members = grad_members, .tp_dictoffset = offsetof(Grad, dict), .tp_weaklistoffset = offsetof(Grad, weakrefs),
    .tp_descr_get = py_bind_method, .tp_getattro = PyObject_GenericGetAttr, .tp_setattro = PyObject_GenericSetAttr};

static PyObject *grad_make(PyObject *const *args, Py_ssize_t n, PyObject *names, const char *function, bool with_value) {
  static const char *const params[] = {"fun", "argnums", "has_aux", "holomorphic", "allow_int", "reduce_axes"};
  PyObject *a[6] = {0};
  PyParams p = {function, params, 1, 6, 6, false};
  if (!py_bind(&p, args, n, names, a)) return NULL;
  if (!PyCallable_Check(a[0])) return PyErr_Format(PyExc_TypeError, "Expected a callable value, got %R", a[0]);
  Grad *g = PyObject_New(Grad, &grad_type);
  if (!g) return NULL;
  *(Grad *)g = (Grad){.ob_base = g->ob_base, .vectorcall = grad_call, .with_value = with_value};
  g->fun = Py_NewRef(a[0]);
  g->single = !a[1] || PyLong_Check(a[1]) || (PyIndex_Check(a[1]) && !PySequence_Check(a[1]));
  g->has_aux = a[2] && PyObject_IsTrue(a[2]) == 1;
  g->holomorphic = a[3] && PyObject_IsTrue(a[3]) == 1;
  g->allow_int = a[4] && PyObject_IsTrue(a[4]) == 1;
  if (!py_int_list(a[1], 0, &g->argnums, &g->n_argnums) || !py_copy_function_attrs((PyObject *)g, a[0])) return Py_DECREF(g), NULL;
  return (PyObject *)g;
}

static PyObject *fn_grad(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  return (void)m, grad_make(args, n, names, "grad", false);
}
static PyObject *fn_value_and_grad(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  return (void)m, grad_make(args, n, names, "value_and_grad", true);
}

/* ---- linear functions of Python: the results of vjp and linearize ---- */

typedef struct LinearFn {
  PyObject_HEAD
  CxLinear *linear;
  CxTree *in_tree, *out_tree; /* of the primal operands (a tuple) and results */
  const CxType **in_types;
  uint32_t n_main;
  bool transposed;
} LinearFn;

static void linear_dealloc(PyObject *self) {
  LinearFn *l = (LinearFn *)self;
  if (l->linear) cx_linear_release(l->linear);
  cx_tree_release(l->in_tree);
  cx_tree_release(l->out_tree);
  PyMem_Free(l->in_types);
  PyObject_Free(self);
}

/* tangents or cotangents given by the user, checked against the types they belong to; integers take float0 or zero */
static bool linear_take(PyObject *o, const CxTree *tree, const CxType *const *types, uint32_t n, const char *what, CxVals *out) {
  PyLeaves leaves;
  CxTree *got = NULL;
  py_leaves_init(&leaves);
  bool ok = py_flatten(o, NULL, &leaves, &got);
  if (ok && got != tree) {
    PyObject *a = py_treedef_text(got), *b = py_treedef_text(tree);
    if (a && b)
      PyErr_Format(strncmp(what, "vjp", 3) ? PyExc_TypeError : PyExc_ValueError, "%s: the tree structure of the argument %U does not match that of the corresponding value %U", what, a, b);
    Py_XDECREF(a), Py_XDECREF(b);
    ok = false;
  }
  for (uint32_t i = 0; ok && i < n; i++) {
    char want[256], have[256];
    if (!strchr("fc", cx_dtype_kind(types[i]->dtype))) {
      ok = cx_vals_push(out, NULL);
      continue;
    }
    CxVal v = py_val(leaves.v[i]);
    ok = v != NULL;
    if (ok && (!cx_type_same_dims(v->type, types[i]) || v->type->dtype != types[i]->dtype)) {
      if (!(cx_type_same_dims(v->type, types[i]) && v->type->weak)) ok = cx_fail(v->type->rank != types[i]->rank || !cx_type_same_dims(v->type, types[i]) ? CX_ERR_VALUE : CX_ERR_TYPE,
                        "unexpected JAX type (e.g. shape/dtype) for argument to %s: got %s, but expected %s because the corresponding primal value has that type", what,
                        py_type_text(v->type, have, sizeof have), py_type_text(types[i], want, sizeof want));
    }
    ok = ok && (v = cx_convert(v, types[i]->dtype)) && cx_vals_push(out, v);
  }
  cx_tree_release(got);
  py_leaves_clear(&leaves);
  return ok;
}

static PyObject *vjp_apply(LinearFn *l, PyObject *arg) {
  CxVals ct = {0}, back = {0};
  const CxType **types = PyMem_Calloc(l->n_main + 1, sizeof *types);
  for (uint32_t i = 0; types && i < l->n_main; i++) types[i] = l->linear->out[i].type;
  PyObject *r = NULL, **items = PyMem_Calloc(l->linear->nin + 1, sizeof *items);
  bool ok = types && items && linear_take(arg, l->out_tree, types, l->n_main, "vjp function", &ct);
  for (uint32_t i = l->n_main; ok && i < l->linear->nout; i++) ok = cx_vals_push(&ct, NULL);
  ok = ok && cx_linear_transpose(l->linear, ct.v, &back);
  uint32_t made = 0;
  for (; ok && made < l->linear->nin; made++) ok = (items[made] = py_cotangent(back.v[made], l->in_types[made])) != NULL;
  if (ok) r = py_unflatten(l->in_tree, items);
  for (uint32_t i = 0; items && i < l->linear->nin; i++) Py_XDECREF(items[i]);
  PyMem_Free(items);
  PyMem_Free(types);
  cx_vals_free(&ct), cx_vals_free(&back);
  return r;
}

static PyObject *linearized_apply(LinearFn *l, PyObject *args) {
  CxVals t = {0}, out = {0};
  PyObject *r = NULL;
  bool ok = linear_take(args, l->in_tree, l->in_types, l->linear->nin, "linearized function", &t) && cx_linear_apply(l->linear, t.v, &out);
  PyObject **items = ok ? PyMem_Calloc(l->n_main + 1, sizeof *items) : NULL;
  uint32_t made = 0;
  for (; items && made < l->n_main; made++)
    if (!(items[made] = py_cotangent(out.v[made], l->linear->out[made].type))) break;
  if (items && made == l->n_main) r = py_unflatten(l->out_tree, items);
  for (uint32_t i = 0; items && i < made; i++) Py_DECREF(items[i]);
  PyMem_Free(items);
  cx_vals_free(&t), cx_vals_free(&out);
  return r;
}

static PyObject *linear_call(PyObject *self, PyObject *args, PyObject *kwargs) {
  LinearFn *l = (LinearFn *)self;
  if (kwargs && PyDict_GET_SIZE(kwargs)) return PyErr_SetString(PyExc_TypeError, "linear functions take no keyword arguments"), NULL;
  if (l->transposed && PyTuple_GET_SIZE(args) != 1)
    return PyErr_Format(PyExc_TypeError, "The function returned by jax.vjp takes one argument, the cotangent of the output, got %zd", PyTuple_GET_SIZE(args));
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = l->transposed ? vjp_apply(l, PyTuple_GET_ITEM(args, 0)) : linearized_apply(l, args);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyTypeObject linear_type = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = "cuirax.LinearFunction", .tp_basicsize = sizeof(LinearFn),
                                   .tp_dealloc = linear_dealloc, .tp_call = linear_call, .tp_flags = Py_TPFLAGS_DEFAULT};

static PyObject *linear_make(CxLinear *linear, const PyCall *c, CxTree *in_tree, const CxVals *in, bool transposed) {
  LinearFn *l = PyObject_New(LinearFn, &linear_type);
  if (!l) return cx_linear_release(linear), NULL;
  l->linear = linear;
  l->in_tree = cx_tree_retain(in_tree);
  l->out_tree = cx_tree_retain(c->out_tree);
  l->n_main = c->n_main;
  l->transposed = transposed;
  l->in_types = PyMem_Calloc(in->n + 1, sizeof *l->in_types);
  for (uint32_t i = 0; l->in_types && i < in->n; i++) l->in_types[i] = in->v[i]->type;
  return (PyObject *)l;
}

/* vjp(fun, *primals, has_aux) and linearize(fun, *primals, has_aux) */
static PyObject *linear_fn(PyObject *const *args, Py_ssize_t n, PyObject *names, const char *function, bool transposed) {
  bool has_aux = false;
  if (n < 1) return PyErr_Format(PyExc_TypeError, "%s() missing 1 required positional argument: 'fun'", function);
  for (Py_ssize_t k = 0; names && k < PyTuple_GET_SIZE(names); k++) {
    const char *name = PyUnicode_AsUTF8(PyTuple_GET_ITEM(names, k));
    if (name && !strcmp(name, "has_aux")) has_aux = PyObject_IsTrue(args[n + k]) == 1;
    else if (name && strcmp(name, "reduce_axes")) return PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%s'", function, name);
  }
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, out = {0};
  PyObject *r = NULL, *primals = PyTuple_New(n - 1);
  for (Py_ssize_t i = 1; primals && i < n; i++) PyTuple_SET_ITEM(primals, i - 1, Py_NewRef(args[i]));
  PyCall *c = primals ? pycall_new(args[0], n - 1) : NULL;
  CxTree *in_tree = NULL;
  if (c) c->has_aux = has_aux;
  bool ok = c != NULL;
  for (Py_ssize_t i = 1; ok && i < n; i++) ok = pycall_dynamic(c, i - 1, args[i], &in);
  PyLeaves ignored;
  py_leaves_init(&ignored);
  ok = ok && py_flatten(primals, NULL, &ignored, &in_tree);
  py_leaves_clear(&ignored);
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  CxLinear *l = f ? cx_linearize(f, in.v, in.n, NULL, &out) : NULL;
  if (l) {
    PyObject *result = pycall_result(c, out.v), *aux = has_aux && result ? pycall_aux(c, out.v + c->n_main) : NULL;
    PyObject *fn = result ? linear_make(l, c, in_tree, &in, transposed) : (cx_linear_release(l), NULL);
    if (fn && result && (!has_aux || aux)) r = has_aux ? PyTuple_Pack(3, result, fn, aux) : PyTuple_Pack(2, result, fn);
    Py_XDECREF(fn), Py_XDECREF(aux), Py_XDECREF(result);
  }
  ref_release(f);
  cx_tree_release(in_tree);
  Py_XDECREF(primals);
  cx_vals_free(&in), cx_vals_free(&out);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyObject *fn_vjp(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) { return (void)m, linear_fn(args, n, names, "vjp", true); }
static PyObject *fn_linearize(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  return (void)m, linear_fn(args, n, names, "linearize", false);
}

/* jvp(fun, primals, tangents, has_aux=False) */
static PyObject *fn_jvp(PyObject *m, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  static const char *const params[] = {"fun", "primals", "tangents", "has_aux"};
  PyObject *a[4] = {0};
  PyParams p = {"jvp", params, 3, 4, 4, false};
  (void)m;
  if (!py_bind(&p, args, n, names, a)) return NULL;
  if (!(PyTuple_Check(a[1]) || PyList_Check(a[1])) || !(PyTuple_Check(a[2]) || PyList_Check(a[2])))
    return PyErr_SetString(PyExc_TypeError, "primal and tangent arguments to jax.jvp must be tuples or lists"), NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, t = {0}, out = {0}, tout = {0};
  PyObject *r = NULL, *primals = PySequence_Tuple(a[1]), *tangents = PySequence_Tuple(a[2]);
  Py_ssize_t count = primals ? PyTuple_GET_SIZE(primals) : 0;
  PyCall *c = primals && tangents ? pycall_new(a[0], count) : NULL;
  CxTree *tree = NULL;
  if (c) c->has_aux = a[3] && PyObject_IsTrue(a[3]) == 1;
  bool ok = c != NULL;
  for (Py_ssize_t i = 0; ok && i < count; i++) ok = pycall_dynamic(c, i, PyTuple_GET_ITEM(primals, i), &in);
  PyLeaves ignored;
  py_leaves_init(&ignored);
  ok = ok && py_flatten(primals, NULL, &ignored, &tree);
  py_leaves_clear(&ignored);
  const CxType **types = PyMem_Calloc(in.n + 1, sizeof *types);
  for (uint32_t i = 0; types && i < in.n; i++) types[i] = in.v[i]->type;
  ok = ok && types && linear_take(tangents, tree, types, in.n, "jvp", &t);
  CxFn *f = ok ? pycall_fn(c) : (c ? pycall_free(c) : (void)0, NULL);
  if (f && cx_jvp(f, in.v, t.v, in.n, &out, &tout)) {
    PyObject *result = pycall_result(c, out.v), *aux = c->has_aux && result ? pycall_aux(c, out.v + c->n_main) : NULL, *dout = NULL;
    PyObject **items = PyMem_Calloc(c->n_main + 1, sizeof *items);
    uint32_t made = 0;
    for (; items && made < c->n_main; made++)
      if (!(items[made] = py_cotangent(tout.v[made], out.v[made]->type))) break;
    if (items && made == c->n_main) dout = py_unflatten(c->out_tree, items);
    for (uint32_t i = 0; items && i < made; i++) Py_DECREF(items[i]);
    PyMem_Free(items);
    if (result && dout && (aux || !c->has_aux)) r = aux ? PyTuple_Pack(3, result, dout, aux) : PyTuple_Pack(2, result, dout);
    Py_XDECREF(result), Py_XDECREF(aux), Py_XDECREF(dout);
  }
  ref_release(f);
  cx_tree_release(tree);
  PyMem_Free(types);
  Py_XDECREF(primals), Py_XDECREF(tangents);
  cx_vals_free(&in), cx_vals_free(&t), cx_vals_free(&out), cx_vals_free(&tout);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

#define FAST(name, doc) {#name, (PyCFunction)(void (*)(void))fn_##name, METH_FASTCALL | METH_KEYWORDS, doc}
static PyMethodDef grad_functions[] = {
    FAST(grad, "grad(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False): the gradient of a scalar-valued function."),
    FAST(value_and_grad, "value_and_grad(fun, argnums=0, has_aux=False, holomorphic=False, allow_int=False): value and gradient together."),
    FAST(vjp, "vjp(fun, *primals, has_aux=False): the value and a function from cotangents of the result to cotangents of the operands."),
    FAST(linearize, "linearize(fun, *primals, has_aux=False): the value and the derivative there as a linear function."),
    FAST(jvp, "jvp(fun, primals, tangents, has_aux=False): the value and the directional derivative."),
    {0}};

bool py_grad_register(PyObject *m) {
  return PyType_Ready(&grad_type) == 0 && PyType_Ready(&linear_type) == 0 && PyModule_AddFunctions(m, grad_functions) == 0;
}
