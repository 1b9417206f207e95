/* Operators of arrays and tracers: Python's slots, one line each, on cx_np_…; and conversions to Python numbers. */
#include "python/array.h"

#include "np/arith.h"
#include <math.h>
#include <string.h>

/* ---- binary ---- */

typedef CxVal Binary(CxVal x, CxVal y);

static bool is_builtin_container(PyObject *o) { return PyList_CheckExact(o) || PyTuple_CheckExact(o) || PyDict_CheckExact(o) || PyAnySet_CheckExact(o); }

const char *py_short_name(PyTypeObject *t) {
  const char *dot = strrchr(t->tp_name, '.');
  return dot ? dot + 1 : t->tp_name;
}

static PyObject *unsupported(PyObject *a, PyObject *b, const char *symbol) {
  return PyErr_Format(PyExc_TypeError, "unsupported operand type(s) for %s: '%s' and '%s'", symbol, py_short_name(Py_TYPE(a)), py_short_name(Py_TYPE(b)));
}

static int64_t work_of(CxVal x, CxVal y) { return x->type->size > y->type->size ? x->type->size : y->type->size; }

static PyObject *binary_values(CxVal x, CxVal y, Binary *f) {
  if (!x || !y) return py_raise();
  PyThreadState *unlocked = py_unlock2(work_of(x, y), x, y);
  CxVal z = f(x, y);
  py_lock(unlocked);
  return py_wrap(z);
}

/* Any operand that is no array leaves the decision to its own type. */
static PyObject *binary_mixed(PyObject *a, PyObject *b, Binary *f) {
  CxVal x = py_try_val(a), y = x || cx_failed() ? (x ? py_try_val(b) : NULL) : NULL;
  if (cx_failed()) return py_raise();
  if (!x || !y) Py_RETURN_NOTIMPLEMENTED;
  return binary_values(x, y, f);
}

static PyObject *binary(PyObject *a, PyObject *b, Binary *f) {
  CxScope s;
  cx_scope_open(&s);
  PyObject *r = py_is_val(a) && py_is_val(b) ? binary_values(py_self(a), py_self(b), f) : binary_mixed(a, b, f);
  cx_scope_close(&s);
  return r;
}

#define BINARY(slot, function) \
  static PyObject *slot(PyObject *a, PyObject *b) { return binary(a, b, function); }
BINARY(op_subtract, cx_np_subtract)
BINARY(op_true_divide, cx_np_true_divide)
BINARY(op_floor_divide, cx_np_floor_divide)
BINARY(op_remainder, cx_np_remainder)
BINARY(op_matmul, np_matrix_product)
BINARY(op_and, cx_np_bitwise_and)
BINARY(op_or, cx_np_bitwise_or)
BINARY(op_xor, cx_np_bitwise_xor)
BINARY(op_lshift, cx_np_left_shift)
BINARY(op_rshift, cx_np_right_shift)

/* With sequences + and * would mean concatenation: an error, not a guess. */
static bool is_sequence(PyObject *o) { return PyList_CheckExact(o) || PyTuple_CheckExact(o); }
static PyObject *op_add(PyObject *a, PyObject *b) { return is_sequence(a) || is_sequence(b) ? unsupported(a, b, "+") : binary(a, b, cx_np_add); }
static PyObject *op_multiply(PyObject *a, PyObject *b) { return is_sequence(a) || is_sequence(b) ? unsupported(a, b, "*") : binary(a, b, cx_np_multiply); }

static PyObject *op_power(PyObject *a, PyObject *b, PyObject *modulus) {
  if (modulus != Py_None) Py_RETURN_NOTIMPLEMENTED;
  return binary(a, b, cx_np_power);
}

static PyObject *divmod_values(CxVal x, CxVal y) {
  CxVal q = NULL, r = NULL;
  if (!np_divide_both(x, y, &q, &r)) return py_raise();
  PyObject *a = py_wrap(q), *b = a ? py_wrap(r) : NULL;
  PyObject *pair = b ? PyTuple_Pack(2, a, b) : NULL;
  Py_XDECREF(a);
  Py_XDECREF(b);
  return pair;
}

static PyObject *op_divmod(PyObject *a, PyObject *b) {
  CxScope s;
  cx_scope_open(&s);
  CxVal x = py_try_val(a), y = x ? py_try_val(b) : NULL;
  PyObject *r = x && y ? divmod_values(x, y) : cx_failed() ? py_raise() : Py_NewRef(Py_NotImplemented);
  cx_scope_close(&s);
  return r;
}

PyObject *py_richcompare(PyObject *a, PyObject *b, int op) {
  static Binary *const compare[] = {[Py_LT] = cx_np_less, [Py_LE] = cx_np_less_equal, [Py_EQ] = cx_np_equal,
                                    [Py_NE] = cx_np_not_equal, [Py_GT] = cx_np_greater, [Py_GE] = cx_np_greater_equal};
  if ((op == Py_EQ || op == Py_NE) && is_builtin_container(b)) return unsupported(a, b, "==");
  return binary(a, b, compare[op]);
}

/* ---- unary ---- */

PyObject *py_unary(PyObject *a, CxVal (*f)(CxVal)) {
  CxScope s;
  cx_scope_open(&s);
  CxVal x = py_self(a);
  PyThreadState *unlocked = x ? py_unlock2(x->type->size, x, NULL) : NULL;
  CxVal z = f(x);
  py_lock(unlocked);
  PyObject *r = py_wrap(z);
  cx_scope_close(&s);
  return r;
}

static PyObject *op_negative(PyObject *a) { return py_unary(a, cx_np_negative); }
static PyObject *op_positive(PyObject *a) { return py_unary(a, cx_np_positive); }
static PyObject *op_absolute(PyObject *a) { return py_unary(a, cx_np_absolute); }
static PyObject *op_invert(PyObject *a) { return py_unary(a, cx_np_invert); }

/* ---- tracers have no numbers ---- */

static const char *transformation(const CxTrace *t) {
  return t->kind == &trace_batch ? "vmap" : t->kind == &trace_stage ? "jit" : t->kind == &trace_linear ? "linearize" : "grad";
}

PyObject *py_tracer_fail(PyObject *o, CxErr code, const char *problem, const char *hint) {
  const CxTrace *t = ((PyVal *)o)->v->trace;
  char type[256], place[300] = "";
  py_type_text(((PyVal *)o)->type, type, sizeof type);
  if (t->what)
    snprintf(place, sizeof place,
             "\nThe error occurred while tracing the function %s for %s. This concrete value was not available in Python because it depends on "
             "the arguments of the function.", t->what, transformation(t));
  PyObject *class = py_error_class(code);
  return PyErr_Format(class, "%s traced array with shape %s%s%s%s\nSee https://docs.jax.dev/en/latest/errors.html#jax.errors.%s", problem, type,
                      hint ? "\n" : ".", hint ? hint : "", place, ((PyTypeObject *)class)->tp_name);
}

PyObject *py_concretization_fail(PyObject *o, const char *hint) {
  return py_tracer_fail(o, CX_ERR_CONCRETIZATION, "Abstract tracer value encountered where concrete value is expected:", hint);
}

/* ---- to Python numbers ---- */

static PyObject *narrow_float(const void *data, CxDtype d) { return PyFloat_FromDouble(dtype_load(d, data, 0)); }

PyObject *py_number(CxDtype d, const char *p) {
  switch (d) {
  case CX_BOOL: return PyBool_FromLong(*p);
  case CX_I64: return PyLong_FromLongLong(*(const int64_t *)(const void *)p);
  case CX_U64: return PyLong_FromUnsignedLongLong(*(const uint64_t *)(const void *)p);
  case CX_C64: return PyComplex_FromDoubles(((const float *)(const void *)p)[0], ((const float *)(const void *)p)[1]);
  case CX_C128: return PyComplex_FromDoubles(((const double *)(const void *)p)[0], ((const double *)(const void *)p)[1]);
  default: break;
  }
  switch (cx_dtype_kind(d)) {
  case 'i': case 'u': return PyLong_FromLongLong((long long)dtype_load(d, p, 0));
  case 'f': return narrow_float(p, d);
  case 'v': return PyBool_FromLong(0);
  default: return PyErr_Format(PyExc_TypeError, "elements of dtype %s have no Python number", cx_dtype_name(d));
  }
}

static PyObject *scalar_number(PyObject *o, const char *function) {
  char hint[160];
  CxVal v = py_self(o);
  if (!v) return py_raise();
  if (v->trace && !strcmp(function, "int") && py_concrete(v)) v = py_concrete(v);
  if (v->trace) {
    snprintf(hint, sizeof hint, "The problem arose with the `%s` function. If trying to convert the data type of a value, try using `x.astype(%s)` or "
             "`jnp.array(x, %s)` instead.", function, function, function);
    return py_concretization_fail(o, hint);
  }
  if (v->type->rank)
    return PyErr_Format(PyExc_TypeError, "Only scalar arrays can be converted to Python scalars; got arr.ndim=%d", v->type->rank);
  return py_number(v->type->dtype, v->array.data);
}

static PyObject *convert_number(PyObject *o, const char *function, PyObject *type) {
  PyObject *n = scalar_number(o, function);
  if (!n || Py_TYPE(n) == (PyTypeObject *)type) return n;
  PyObject *r = PyObject_CallOneArg(type, n);
  Py_DECREF(n);
  return r;
}

static PyObject *op_float(PyObject *o) { return convert_number(o, "float", (PyObject *)&PyFloat_Type); }
static PyObject *op_int(PyObject *o) { return convert_number(o, "int", (PyObject *)&PyLong_Type); }
PyObject *py_complex(PyObject *o, PyObject *unused) {
  (void)unused;
  return convert_number(o, "complex", (PyObject *)&PyComplex_Type);
}

static PyObject *op_index(PyObject *o) {
  CxVal v = py_self(o), c = py_concrete(v);
  if (!v) return py_raise();
  const CxType *t = v->type;
  if (t->rank || !strchr("iu", cx_dtype_kind(t->dtype)))
    return PyErr_Format(PyExc_TypeError, "Only integer scalar arrays can be converted to a scalar index.");
  if (!c) return py_tracer_fail(o, CX_ERR_TRACER_INT, "The __index__() method was called on", NULL);
  return py_number(t->dtype, c->array.data);
}

static bool is_nonzero(CxVal c) {
  CxDtype d = c->type->dtype;
  const void *p = c->array.data;
  if (d == CX_C64) return ((const float *)p)[0] != 0 || ((const float *)p)[1] != 0;
  if (d == CX_C128) return ((const double *)p)[0] != 0 || ((const double *)p)[1] != 0;
  if (d == CX_I64 || d == CX_U64) return *(const int64_t *)p != 0;
  double x = dtype_load(d, p, 0);
  return x != 0 || isnan(x);
}

static int op_bool(PyObject *o) {
  CxVal v = py_self(o), c = py_concrete(v);
  if (!v) return py_raise(), -1;
  if (v->type->size == 0)
    return PyErr_SetString(PyExc_ValueError, "The truth value of an empty array is ambiguous. Use `array.size > 0` to check that an array is not empty."), -1;
  if (v->type->size > 1)
    return PyErr_SetString(PyExc_ValueError, "The truth value of an array with more than one element is ambiguous. Use a.any() or a.all()"), -1;
  if (!c) return py_tracer_fail(o, CX_ERR_TRACER_BOOL, "Attempted boolean conversion of", NULL), -1;
  return is_nonzero(c);
}

PyNumberMethods py_number_slots = {
    .nb_add = op_add, .nb_subtract = op_subtract, .nb_multiply = op_multiply, .nb_true_divide = op_true_divide,
    .nb_floor_divide = op_floor_divide, .nb_remainder = op_remainder, .nb_divmod = op_divmod, .nb_power = op_power,
    .nb_matrix_multiply = op_matmul, .nb_and = op_and, .nb_or = op_or, .nb_xor = op_xor, .nb_lshift = op_lshift, .nb_rshift = op_rshift,
    .nb_negative = op_negative, .nb_positive = op_positive, .nb_absolute = op_absolute, .nb_invert = op_invert,
    .nb_bool = op_bool, .nb_int = op_int, .nb_float = op_float, .nb_index = op_index};
