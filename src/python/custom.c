/* custom_jvp, custom_vjp and checkpoint as Python objects over op/custom.c and op/remat.c. */
#include "python/transform.h"

#include "base/error.h"
#include "op/rules.h"
#include "python/symbolic.h"
#include "python/view.h"
#include <cuirax/custom.h>

typedef struct CustomObject {
  PyObject_HEAD
  vectorcallfunc vectorcall;
  PyObject *fun, *rule, *bwd, *dict, *weakrefs;
  int *nondiff, n_nondiff;
  bool vjp, symbolic;
} CustomObject;

static bool is_nondiff(const CustomObject *c, Py_ssize_t i, Py_ssize_t nargs) {
  for (int k = 0; k < c->n_nondiff; k++)
    if (c->nondiff[k] == i || c->nondiff[k] + nargs == i) return true;
  return false;
}

/* the arguments with keywords brought to their places */
static PyObject *all_positional(const CustomObject *c, PyObject *const *args, Py_ssize_t n, PyObject *names) {
  if (!names || !PyTuple_GET_SIZE(names)) {
    PyObject *t = PyTuple_New(n);
    for (Py_ssize_t i = 0; t && i < n; i++) PyTuple_SET_ITEM(t, i, Py_NewRef(args[i]));
    return t;
  }
  PyObject *module = PyImport_ImportModule("cuirax._api"), *f = module ? PyObject_GetAttrString(module, "_resolve_kwargs") : NULL;
  PyObject *pos = f ? PyTuple_New(n) : NULL, *kw = pos ? py_kwargs_dict(args + n, names) : NULL;
  for (Py_ssize_t i = 0; pos && i < n; i++) PyTuple_SET_ITEM(pos, i, Py_NewRef(args[i]));
  PyObject *r = kw ? PyObject_CallFunctionObjArgs(f, c->fun, pos, kw, NULL) : NULL;
  Py_XDECREF(kw), Py_XDECREF(pos), Py_XDECREF(f), Py_XDECREF(module);
  return r;
}

/* a call of `fun` with the arguments at their places; vals (may be NULL) gets the leaves of the dynamic ones */
static PyCall *call_in_place(const CustomObject *c, PyObject *fun, PyObject *args, CxVals *vals) {
  Py_ssize_t n = PyTuple_GET_SIZE(args);
  PyCall *call = pycall_new(fun, n);
  CxVals ignored = {0};
  bool ok = call != NULL;
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    if (is_nondiff(c, i, n)) pycall_fix(call, i, PyTuple_GET_ITEM(args, i));
    else ok = pycall_dynamic(call, i, PyTuple_GET_ITEM(args, i), vals ? vals : &ignored);
  }
  cx_vals_free(&ignored);
  if (!ok && call) pycall_free(call), call = NULL;
  return call;
}

/* the tree of the tuple of dynamic arguments */
static CxTree *dynamic_tree(const PyCall *c) {
  CxTree **children = PyMem_Calloc((size_t)c->nargs + 1, sizeof *children);
  uint32_t n = 0;
  for (Py_ssize_t i = 0; children && i < c->nargs; i++)
    if (c->trees[i]) children[n++] = c->trees[i];
  CxTree *t = children ? cx_tree_tuple(children, n) : NULL;
  PyMem_Free(children);
  return t;
}

/* rule(*nondiff, primals, tangents) */
static PyCall *jvp_rule_call(const CustomObject *c, const PyCall *fun_call) {
  Py_ssize_t at = 0;
  PyCall *call = pycall_new(c->rule, c->n_nondiff + 2);
  CxTree *t = call ? dynamic_tree(fun_call) : NULL;
  if (!t) return call ? (pycall_free(call), NULL) : NULL;
  for (Py_ssize_t i = 0; i < fun_call->nargs && at < c->n_nondiff; i++)
    if (fun_call->fixed[i]) pycall_fix(call, at++, fun_call->fixed[i]);
  call->nargs = at + 2;
  call->zeros = true;
  call->wrap = c->symbolic ? py_wrap_or_zero : NULL;
  call->trees[at] = t;
  call->trees[at + 1] = cx_tree_retain(t);
  return call;
}

static bool pair_tree(const PyCall *c, const char *what) {
  if (cx_tree_kind(c->out_tree) == CX_TREE_TUPLE && cx_tree_arity(c->out_tree) == 2) return true;
  PyErr_Format(PyExc_TypeError, "%s %s must produce a pair (list or tuple of length two)", what, py_fun_name(c->fun));
  return false;
}

static bool jvp_rule_run(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  PyCall *c = f->env;
  if (!pycall_run(f, in, nin, out)) return false;
  if (!pair_tree(c, "Custom JVP rule")) return py_keep_exception();
  CxTree *a = cx_tree_child(c->out_tree, 0), *b = cx_tree_child(c->out_tree, 1);
  bool same = a == b || cx_tree_leaves(a) == cx_tree_leaves(b);
  cx_tree_release(a), cx_tree_release(b);
  if (same) return true;
  PyErr_Format(PyExc_TypeError, "Custom JVP rule %s must produce primal and tangent outputs with equal container (pytree) structures", py_fun_name(c->fun));
  return py_keep_exception();
}

/* ---- the backward rule: bwd(*nondiff, res, ct) ---- */

typedef struct Backward {
  PyObject *bwd, *nondiff; /* nondiff: tuple */
  CxFn *fwd;               /* its call's out_tree has the trees of results and residuals */
  CxTree **arg_trees;
  const CxType **arg_types; /* of the leaves of all arguments */
  uint32_t n_args;
} Backward;

static void backward_drop(void *env) {
  Backward *b = env;
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_XDECREF(b->bwd), Py_XDECREF(b->nondiff);
  for (uint32_t i = 0; i < b->n_args; i++) cx_tree_release(b->arg_trees[i]);
  PyMem_Free(b->arg_trees);
  PyMem_Free(b->arg_types);
  PyMem_Free(b);
  PyGILState_Release(gil);
}

static bool backward_type_fail(const Backward *b, uint32_t i, const CxType *got) {
  char x[256], y[256];
  PyErr_Format(PyExc_ValueError, "Custom VJP bwd rule %s must produce an output with the same type as the args tuple of the primal function, but its leaf %u is of type %s corresponding to an input of type %s",
               py_fun_name(b->bwd), i, py_type_text(got, x, sizeof x), py_type_text(b->arg_types[i], y, sizeof y));
  return false;
}

/* the cotangent of leaf i of the arguments; NULL is zero */
static bool backward_leaf(const Backward *b, uint32_t i, PyObject *o, CxVals *out) {
  const CxType *arg = b->arg_types[i];
  if (o == Py_None || !is_inexact(arg)) return cx_vals_push(out, NULL);
  if (py_is_symbolic_zero(o)) return cx_vals_push(out, NULL);
  const CxType *t = py_type_of(o);
  if (!t) return false;
  if (!cx_type_same_dims(t, arg)) return backward_type_fail(b, i, t);
  CxVal v = py_val(o);
  return v && cx_vals_push(out, v);
}

static bool backward_structure_fail(const Backward *b, PyObject *r) {
  PyErr_Clear();
  PyErr_Format(PyExc_TypeError, "Custom VJP bwd rule %s must produce an output with the same container (pytree) structure as the args tuple of the primal function, and in particular must produce a tuple of length equal to the number of arguments to the primal function (%u), but got %R",
               py_fun_name(b->bwd), b->n_args, r);
  return false;
}

static bool backward_results(const Backward *b, PyObject *r, CxVals *out) {
  bool countable = PyTuple_Check(r) || PyList_Check(r);
  if (!countable || PySequence_Fast_GET_SIZE(r) != (Py_ssize_t)b->n_args) return backward_structure_fail(b, r);
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = true;
  for (uint32_t i = 0; ok && i < b->n_args; i++) ok = py_flatten_axes("cotangent", b->arg_trees[i], PySequence_Fast_GET_ITEM(r, i), 0, &leaves);
  if (!ok) backward_structure_fail(b, r);
  for (uint32_t i = 0; ok && i < leaves.n; i++) ok = backward_leaf(b, i, leaves.v[i], out);
  py_leaves_clear(&leaves);
  return ok;
}

/* the cotangents of the results, with symbolic zeros where there are none */
static PyObject *cotangent_tree(const CxTree *tree, const PyCall *fwd, const CxVal *ct) {
  uint32_t n = cx_tree_leaves(tree), made = 0;
  PyObject **items = PyMem_Calloc((size_t)n + 1, sizeof *items);
  while (items && made < n && (items[made] = ct[made] ? py_wrap(ct[made]) : py_symbolic_zero(fwd->out_types[made]))) made++;
  PyObject *r = items && made == n ? py_unflatten(tree, items) : NULL;
  while (made > 0) Py_DECREF(items[--made]);
  PyMem_Free(items);
  return r;
}

static bool backward_run(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  const Backward *b = f->env;
  const PyCall *fwd = b->fwd->env;
  (void)nin;
  CxTree *res = cx_tree_child(fwd->out_tree, 1), *result = cx_tree_child(fwd->out_tree, 0);
  uint32_t n_res = cx_tree_leaves(res);
  PyObject *r = py_unflatten_vals(res, in, n_res), *ct = r ? cotangent_tree(result, fwd, in + n_res) : NULL;
  PyObject *pair = ct ? PyTuple_Pack(2, r, ct) : NULL, *args = pair ? PySequence_Concat(b->nondiff, pair) : NULL;
  PyObject *back = args ? PyObject_Call(b->bwd, args, NULL) : NULL;
  bool ok = back && backward_results(b, back, out);
  Py_XDECREF(back), Py_XDECREF(args), Py_XDECREF(pair), Py_XDECREF(ct), Py_XDECREF(r);
  cx_tree_release(res), cx_tree_release(result);
  if (!ok && !cx_failed()) py_keep_exception();
  return ok;
}

static void backward_drop_all(void *env) {
  CxFn *fwd = ((Backward *)env)->fwd;
  backward_drop(env);
  ref_release(fwd);
}

static CxFn *backward_new(const CustomObject *c, const PyCall *fun_call, CxFn *fwd, const CxVals *in) {
  Backward *b = PyMem_Calloc(1, sizeof *b);
  if (!b) return NULL;
  b->bwd = Py_NewRef(c->bwd);
  b->fwd = ref_retain(fwd);
  b->arg_trees = PyMem_Calloc((size_t)fun_call->nargs + 1, sizeof *b->arg_trees);
  b->arg_types = PyMem_Calloc((size_t)in->n + 1, sizeof *b->arg_types);
  for (uint32_t i = 0; b->arg_types && i < in->n; i++) b->arg_types[i] = in->v[i]->type;
  PyObject *fixed = b->arg_types ? PyList_New(0) : NULL;
  for (Py_ssize_t i = 0; fixed && b->arg_trees && i < fun_call->nargs; i++) {
    if (fun_call->trees[i]) b->arg_trees[b->n_args++] = cx_tree_retain(fun_call->trees[i]);
    else PyList_Append(fixed, fun_call->fixed[i]);
  }
  b->nondiff = fixed ? PyList_AsTuple(fixed) : NULL;
  Py_XDECREF(fixed);
  CxFn *f = b->nondiff ? fn_new(py_fun_name(c->bwd), backward_run, b, backward_drop_all) : NULL;
  if (!f) backward_drop_all(b);
  return f;
}

static bool forward_run(CxFn *f, const CxVal *in, uint32_t nin, CxVals *out) {
  PyCall *c = f->env;
  if (!pycall_run(f, in, nin, out)) return false;
  if (!pair_tree(c, "Custom VJP fwd rule")) return py_keep_exception();
  CxTree *first = cx_tree_child(c->out_tree, 0);
  uint32_t n = cx_tree_leaves(first);
  cx_fn_first(f, n);
  cx_tree_release(first);
  c->out_types = PyMem_Calloc((size_t)n + 1, sizeof *c->out_types);
  for (uint32_t i = 0; c->out_types && i < n; i++) c->out_types[i] = out->v[i]->type;
  return c->out_types != NULL;
}

/* ---- the call ---- */

static PyObject *custom_result(const PyCall *fun, const PyCall *rule, const CxVals *out) {
  if (fun->out_tree) return py_unflatten_vals(fun->out_tree, out->v, out->n);
  CxTree *t = cx_tree_child(rule->out_tree, 0);
  PyObject *r = py_unflatten_vals(t, out->v, out->n);
  cx_tree_release(t);
  return r;
}

static PyObject *custom_run(const CustomObject *c, PyObject *args) {
  CxVals in = {0}, out = {0};
  PyObject *r = NULL;
  PyCall *fun = call_in_place(c, c->fun, args, &in);
  PyCall *rule = fun ? c->vjp ? call_in_place(c, c->rule, args, NULL) : jvp_rule_call(c, fun) : NULL;
  if (rule && c->vjp && c->symbolic) rule->wrap = py_wrap_perturbed;
  CxFn *f = rule ? pycall_fn(fun) : (fun ? pycall_free(fun) : (void)0, NULL);
  CxFn *g = f ? fn_new(py_fun_name(c->rule), c->vjp ? forward_run : jvp_rule_run, rule, pycall_free) : NULL;
  CxFn *h = g && c->vjp ? backward_new(c, fun, g, &in) : NULL;
  bool ok = g && (!c->vjp || h);
  ok = ok && (c->vjp ? cx_custom_vjp(f, g, h, c->symbolic, in.v, in.n, &out) : cx_custom_jvp(f, g, c->symbolic, in.v, in.n, &out));
  if (ok) r = custom_result(fun, rule, &out);
  ref_release(f), ref_release(g), ref_release(h);
  cx_vals_free(&in), cx_vals_free(&out);
  return r;
}

static PyObject *custom_vectorcall(PyObject *self, PyObject *const *args, size_t nargsf, PyObject *names) {
  const CustomObject *c = (const CustomObject *)self;
  if (!c->rule)
    return PyErr_Format(PyExc_AttributeError, c->vjp ? "No VJP defined for custom_vjp function %s using defvjp." : "No JVP defined for custom_jvp function %s using defjvp.", py_fun_name(c->fun));
  PyObject *all = all_positional(c, args, PyVectorcall_NARGS(nargsf), names);
  if (!all) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = custom_run(c, all);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  Py_DECREF(all);
  return r;
}

static void custom_dealloc(PyObject *self) {
  CustomObject *c = (CustomObject *)self;
  PyObject_GC_UnTrack(self);
  if (c->weakrefs) PyObject_ClearWeakRefs(self);
  Py_XDECREF(c->fun), Py_XDECREF(c->rule), Py_XDECREF(c->bwd), Py_XDECREF(c->dict);
  PyMem_Free(c->nondiff);
  PyObject_GC_Del(self);
}
static int custom_traverse(PyObject *self, visitproc visit, void *arg) {
  CustomObject *c = (CustomObject *)self;
  Py_VISIT(c->fun);
  Py_VISIT(c->rule);
  Py_VISIT(c->bwd);
  Py_VISIT(c->dict);
  return 0;
}
static int custom_clear(PyObject *self) {
  CustomObject *c = (CustomObject *)self;
  Py_CLEAR(c->rule);
  Py_CLEAR(c->bwd);
  Py_CLEAR(c->dict);
  return 0;
}

static PyObject *custom_defjvp(PyObject *self, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"jvp", "symbolic_zeros", NULL};
  PyObject *jvp;
  int symbolic = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|p:defjvp", names, &jvp, &symbolic)) return NULL;
  ((CustomObject *)self)->symbolic = symbolic;
  Py_XSETREF(((CustomObject *)self)->rule, Py_NewRef(jvp));
  return Py_NewRef(jvp);
}

/* Adds the tangents one rule gives, a tree like that of the results, to `sum` (NULL so far: none). */
static bool tangents_add(const CxTree *tree, PyObject *terms, PyObject **sum) {
  PyLeaves leaves;
  py_leaves_init(&leaves);
  bool ok = py_flatten_up_to(tree, terms, &leaves);
  for (uint32_t i = 0; ok && i < leaves.n; i++) {
    PyObject *total = sum[i] ? py_wrap(cx_add_any(py_val(sum[i]), py_val(leaves.v[i]))) : Py_NewRef(leaves.v[i]);
    ok = total != NULL;
    Py_XSETREF(sum[i], total);
  }
  py_leaves_clear(&leaves);
  return ok;
}

/* the tangents of all results: the sum of what the rules give, one rule per argument, None where it is zero */
static PyObject *tangents_by_argument(PyObject *rules, PyObject *out, PyObject *primals, PyObject *tangents) {
  PyLeaves results;
  CxTree *tree = NULL;
  PyObject *r = NULL;
  py_leaves_init(&results);
  if (!py_flatten(out, NULL, &results, &tree)) return NULL;
  PyObject **sum = PyMem_Calloc((size_t)results.n + 1, sizeof *sum);
  bool ok = sum != NULL;
  for (uint32_t i = 0; ok && i < results.n; i++) ok = (sum[i] = py_wrap(cx_zeros(py_type_of(results.v[i])))) != NULL;
  Py_ssize_t n = PyTuple_GET_SIZE(rules) < PyTuple_GET_SIZE(tangents) ? PyTuple_GET_SIZE(rules) : PyTuple_GET_SIZE(tangents);
  for (Py_ssize_t i = 0; ok && i < n; i++) {
    PyObject *rule = PyTuple_GET_ITEM(rules, i);
    if (rule == Py_None) continue;
    PyObject *two = PyTuple_Pack(2, PyTuple_GET_ITEM(tangents, i), out), *args = two ? PySequence_Concat(two, primals) : NULL;
    PyObject *terms = args ? PyObject_Call(rule, args, NULL) : NULL;
    ok = terms && tangents_add(tree, terms, sum);
    Py_XDECREF(terms), Py_XDECREF(args), Py_XDECREF(two);
  }
  if (ok) r = py_unflatten(tree, sum);
  for (uint32_t i = 0; sum && i < results.n; i++) Py_XDECREF(sum[i]);
  PyMem_Free(sum);
  py_leaves_clear(&results);
  cx_tree_release(tree);
  return r;
}

/* the rule made of one rule per argument; self is (function, rules) */
static PyObject *rule_by_argument(PyObject *self, PyObject *args) {
  PyObject *primals, *tangents;
  if (!PyArg_ParseTuple(args, "O!O!:jvp", &PyTuple_Type, &primals, &PyTuple_Type, &tangents)) return NULL;
  PyObject *out = PyObject_Call(PyTuple_GET_ITEM(self, 0), primals, NULL);
  CxScope s;
  cx_scope_open(&s);
  PyObject *d = out ? tangents_by_argument(PyTuple_GET_ITEM(self, 1), out, primals, tangents) : NULL;
  if (out && !d) py_raise_traced();
  cx_scope_close(&s);
  PyObject *r = d ? PyTuple_Pack(2, out, d) : NULL;
  Py_XDECREF(d), Py_XDECREF(out);
  return r;
}

static PyObject *custom_defjvps(PyObject *self, PyObject *rules) {
  static PyMethodDef def = {"jvp", rule_by_argument, METH_VARARGS, "The tangents by one rule per argument."};
  CustomObject *c = (CustomObject *)self;
  if (c->n_nondiff) return PyErr_SetString(PyExc_TypeError, "Can't use ``defjvps`` with ``nondiff_argnums``."), NULL;
  PyObject *both = PyTuple_Pack(2, self, rules), *rule = both ? PyCFunction_New(&def, both) : NULL;
  Py_XDECREF(both);
  if (!rule) return NULL;
  Py_XSETREF(c->rule, rule);
  Py_RETURN_NONE;
}

static PyObject *custom_defvjp(PyObject *self, PyObject *args, PyObject *kwargs) {
  static char *names[] = {"fwd", "bwd", "symbolic_zeros", "optimize_remat", NULL};
  PyObject *fwd, *bwd;
  int symbolic = 0, optimize = 0;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO|pp", names, &fwd, &bwd, &symbolic, &optimize)) return NULL;
  if (symbolic && optimize) return PyErr_SetString(PyExc_NotImplementedError, "remat optimization for custom_vjp does not support symbolic zeros"), NULL;
  ((CustomObject *)self)->symbolic = symbolic;
  Py_XSETREF(((CustomObject *)self)->rule, Py_NewRef(fwd));
  Py_XSETREF(((CustomObject *)self)->bwd, Py_NewRef(bwd));
  Py_RETURN_NONE;
}

static PyMemberDef custom_members[] = {{"__wrapped__", T_OBJECT, offsetof(CustomObject, fun), READONLY, NULL},
                                       {"fun", T_OBJECT, offsetof(CustomObject, fun), READONLY, NULL},
                                       {"jvp", T_OBJECT, offsetof(CustomObject, rule), READONLY, NULL},
                                       {"fwd", T_OBJECT, offsetof(CustomObject, rule), READONLY, NULL},
                                       {"bwd", T_OBJECT, offsetof(CustomObject, bwd), READONLY, NULL},
                                       {0}};
static PyMethodDef jvp_methods[] = {{"defjvp", (PyCFunction)(void (*)(void))custom_defjvp, METH_VARARGS | METH_KEYWORDS, "Sets the rule (primals, tangents) -> (out, tangent_out)."},
                                    {"defjvps", custom_defjvps, METH_VARARGS, "Sets one tangent rule per argument: (t, out, *primals) -> tangent."},
                                    {0}};
static PyMethodDef vjp_methods[] = {{"defvjp", (PyCFunction)(void (*)(void))custom_defvjp, METH_VARARGS | METH_KEYWORDS, "Sets fwd and bwd."}, {0}};

#define CUSTOM_TYPE(var, tp, new_, methods)                                                                                                     \
  static PyObject *new_(PyTypeObject *type, PyObject *args, PyObject *kwargs);                                                                  \
  static PyTypeObject var = {PyVarObject_HEAD_INIT(NULL, 0).tp_name = tp, .tp_basicsize = sizeof(CustomObject), .tp_dealloc = custom_dealloc,      \
      .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_METHOD_DESCRIPTOR | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,          \
      .tp_vectorcall_offset = offsetof(CustomObject, vectorcall), .tp_call = PyVectorcall_Call, .tp_members = custom_members, .tp_methods = methods, \
      .tp_dictoffset = offsetof(CustomObject, dict), .tp_weaklistoffset = offsetof(CustomObject, weakrefs), .tp_descr_get = py_bind_method,          \
      .tp_traverse = custom_traverse, .tp_clear = custom_clear, .tp_new = new_, .tp_getattro = PyObject_GenericGetAttr, .tp_setattro = PyObject_GenericSetAttr};
CUSTOM_TYPE(custom_jvp_type, "jax.custom_jvp", custom_jvp_new, jvp_methods)
CUSTOM_TYPE(custom_vjp_type, "jax.custom_vjp", custom_vjp_new, vjp_methods)

static PyObject *custom_new(PyTypeObject *type, PyObject *args, PyObject *kwargs, bool vjp) {
  static char *names[] = {"fun", "nondiff_argnums", "nondiff_argnames", NULL};
  PyObject *fun, *nums = NULL, *argnames = NULL;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O|OO", names, &fun, &nums, &argnames)) return NULL;
  if (!PyCallable_Check(fun)) return PyErr_Format(PyExc_TypeError, "Expected a callable value, got %R", fun);
  CustomObject *c = (CustomObject *)type->tp_alloc(type, 0);
  if (!c) return NULL;
  c->vectorcall = custom_vectorcall;
  c->fun = Py_NewRef(fun);
  c->vjp = vjp;
  PyObject *given = nums ? Py_NewRef(nums) : PyTuple_New(0);
  if (argnames && argnames != Py_None) {
    PyObject *module = PyImport_ImportModule("cuirax._api"), *f = module ? PyObject_GetAttrString(module, "_argnums_of_names") : NULL;
    Py_XSETREF(given, f ? PyObject_CallFunctionObjArgs(f, fun, given, argnames, NULL) : NULL);
    Py_XDECREF(f), Py_XDECREF(module);
  }
  bool ok = given && py_int_list(given, 0, &c->nondiff, &c->n_nondiff) && py_copy_function_attrs((PyObject *)c, fun);
  Py_XDECREF(given);
  if (!ok) return Py_DECREF(c), NULL;
  return (PyObject *)c;
}
static PyObject *custom_jvp_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) { return custom_new(type, args, kwargs, false); }
static PyObject *custom_vjp_new(PyTypeObject *type, PyObject *args, PyObject *kwargs) { return custom_new(type, args, kwargs, true); }

/* ---- checkpoint: checkpoint_call(fun, args, kwargs, static_argnums, policy, names, prevent_cse); policy: a number or a function ---- */

static void policy_drop(void *env) {
  if (!Py_IsInitialized()) return;
  PyGILState_STATE gil = PyGILState_Ensure();
  Py_DECREF((PyObject *)env);
  PyGILState_Release(gil);
}

/* policy(primitive, *avals, **params) */
static PyObject *policy_ask(PyObject *policy, const CxGraph *g, const CxEqn *e) {
  PyObject *args = PyTuple_New((Py_ssize_t)e->nin + 1), *params = args ? py_params_dict(e) : NULL;
  if (!params) return Py_XDECREF(args), NULL;
  PyTuple_SET_ITEM(args, 0, Py_NewRef(py_primitive((CxOpcode)e->op)));
  bool ok = true;
  for (uint32_t i = 0; ok && i < e->nin; i++) {
    PyObject *aval = py_aval(graph_type(g, e->in[i]));
    ok = aval != NULL;
    PyTuple_SET_ITEM(args, (Py_ssize_t)i + 1, aval);
  }
  PyObject *r = ok ? PyObject_Call(policy, args, params) : NULL;
  Py_DECREF(params), Py_DECREF(args);
  return r;
}

static bool policy_keeps(CxFn *f, const CxGraph *g, const CxEqn *e) {
  PyGILState_STATE gil = PyGILState_Ensure();
  PyObject *r = policy_ask(f->env, g, e);
  int keep = r ? PyObject_IsTrue(r) : -1;
  Py_XDECREF(r);
  if (keep < 0) py_keep_exception();
  PyGILState_Release(gil);
  return keep > 0;
}

/* The function as a policy; its name is its text in graphs, without the address. */
static CxFn *policy_fn(PyObject *policy) {
  PyObject *name = PyObject_GetAttrString(policy, "__qualname__");
  PyErr_Clear();
  PyObject *text = name && PyUnicode_Check(name) ? PyUnicode_FromFormat("<function %U at 0xXXXXXXXXXXXX>", name) : PyObject_Repr(policy);
  const char *s = text ? PyUnicode_AsUTF8(text) : NULL;
  CxFn *f = s ? fn_new(s, NULL, Py_NewRef(policy), policy_drop) : NULL;
  if (f) f->keeps = policy_keeps;
  Py_XDECREF(text), Py_XDECREF(name);
  return f;
}

typedef struct Checkpoint {
  PyObject *fun, *args, *kwargs, *statics, *policy, *names;
  int prevent_cse;
} Checkpoint;

/* i is among the static places, which may count from the end */
static int is_static(const Checkpoint *k, Py_ssize_t i, Py_ssize_t n) {
  for (Py_ssize_t at = 0; at < PyTuple_GET_SIZE(k->statics); at++) {
    Py_ssize_t s = PyLong_AsSsize_t(PyTuple_GET_ITEM(k->statics, at));
    if (s == -1 && PyErr_Occurred()) return -1;
    if (s < -n || s >= n)
      return PyErr_Format(PyExc_ValueError, "the `static_argnums` argument to `jax.checkpoint` can only take integer values greater than or equal to `-len(args)` and "
                          "less than `len(args)`, but got %zd", s), -1;
    if (s == i || s + n == i) return 1;
  }
  return 0;
}

static CxFn *checkpoint_fn(const Checkpoint *k, PyCall *c, CxVals *in) {
  bool ok = c != NULL;
  for (Py_ssize_t i = 0; ok && i < c->nargs; i++) {
    int fixed = is_static(k, i, c->nargs);
    if (fixed > 0) pycall_fix(c, i, PyTuple_GET_ITEM(k->args, i));
    else ok = fixed == 0 && pycall_dynamic(c, i, PyTuple_GET_ITEM(k->args, i), in);
  }
  if (ok && PyDict_GET_SIZE(k->kwargs)) ok = pycall_dynamic_kwargs(c, k->kwargs, in);
  if (ok) return pycall_fn(c);
  if (c) pycall_free(c);
  return NULL;
}

/* the graph as an equation, under its policy */
static bool checkpoint_bind(const Checkpoint *k, CxGraph *g, const CxVals *in, CxVals *out) {
  const char *texts[64] = {0};
  int n = (int)PyTuple_GET_SIZE(k->names);
  if (n > 64) return PyErr_SetString(PyExc_ValueError, "jax.checkpoint: a policy can have 64 names at most"), false;
  for (int i = 0; i < n; i++)
    if (!(texts[i] = PyUnicode_AsUTF8(PyTuple_GET_ITEM(k->names, i)))) return false;
  bool by_function = !PyLong_Check(k->policy);
  CxFn *keep = by_function ? policy_fn(k->policy) : NULL;
  CxRematPolicy policy = by_function ? CX_REMAT_BY_FUNCTION : (CxRematPolicy)PyLong_AsLong(k->policy);
  bool ok = (!by_function || keep) && cx_checkpoint(g, policy, texts, n, keep, k->prevent_cse, in->v, in->n, out);
  ref_release(keep);
  return ok;
}

static PyObject *checkpoint_call(PyObject *m, PyObject *packed) {
  Checkpoint k;
  (void)m;
  if (!PyArg_ParseTuple(packed, "OO!O!O!OO!p", &k.fun, &PyTuple_Type, &k.args, &PyDict_Type, &k.kwargs, &PyTuple_Type, &k.statics, &k.policy, &PyTuple_Type, &k.names, &k.prevent_cse)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  CxVals in = {0}, all = {0}, out = {0};
  PyObject *r = NULL;
  PyCall *c = pycall_new(k.fun, PyTuple_GET_SIZE(k.args));
  CxFn *f = checkpoint_fn(&k, c, &in);
  const CxType **types = PyMem_Calloc((size_t)in.n + 1, sizeof *types);
  for (uint32_t i = 0; types && i < in.n; i++) types[i] = in.v[i]->type;
  CxGraph *g = f && types ? cx_stage(f, types, in.n, &all) : NULL;
  bool ok = g != NULL;
  for (uint32_t i = 0; ok && i < in.n; i++) ok = cx_vals_push(&all, in.v[i]);
  if (ok && checkpoint_bind(&k, g, &all, &out)) r = pycall_result(c, out.v);
  ref_release(g), ref_release(f);
  PyMem_Free(types);
  cx_vals_free(&in), cx_vals_free(&all), cx_vals_free(&out);
  if (!r) py_raise_traced();
  cx_scope_close(&s);
  return r;
}

static PyObject *checkpoint_name(PyObject *m, PyObject *args) {
  PyObject *x;
  const char *name;
  (void)m;
  if (!PyArg_ParseTuple(args, "Os", &x, &name)) return NULL;
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_wrap(cx_name(py_val(x), name));
  cx_scope_close(&s);
  return r;
}

static PyMethodDef custom_functions[] = {{"checkpoint_call", checkpoint_call, METH_VARARGS, NULL}, {"checkpoint_name_leaf", checkpoint_name, METH_VARARGS, NULL}, {0}};

bool py_custom_register(PyObject *m) {
  return PyType_Ready(&custom_jvp_type) == 0 && PyType_Ready(&custom_vjp_type) == 0 && PyModule_AddObjectRef(m, "custom_jvp", (PyObject *)&custom_jvp_type) == 0 &&
         PyModule_AddObjectRef(m, "custom_vjp", (PyObject *)&custom_vjp_type) == 0 && PyModule_AddFunctions(m, custom_functions) == 0;
}
