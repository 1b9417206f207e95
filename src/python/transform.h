/* The transformation objects of the Python border, and what their files share. */
#ifndef PYTHON_TRANSFORM_H
#define PYTHON_TRANSFORM_H

#include "python/args.h"
#include "python/call.h"
#include <cuirax/transform.h>
#include <structmember.h>

/* A tangent or cotangent for a value of this type: zeros when NULL, a float0 array of NumPy for integers;
 * weak if the value's type is. */
PyObject *py_cotangent(CxVal v, const CxType *type);
PyObject *py_raise_traced(void); /* py_raise */
PyObject *py_aval(const CxType *t); /* device.c */
PyObject *py_kwargs_dict(PyObject *const *values, PyObject *names);
bool py_int_list(PyObject *o, int fallback, int **out, int *n); /* an int or a sequence; NULL: the fallback */
/* __name__, __qualname__, __doc__, __module__ of the wrapped function into the wrapper's __dict__. */
bool py_copy_function_attrs(PyObject *wrapper, PyObject *fun);
PyObject *py_bind_method(PyObject *self, PyObject *obj, PyObject *type); /* tp_descr_get */

/* A graph as Python sees it (ClosedJaxpr). */
PyObject *py_jaxpr_new(CxGraph *g); /* takes the reference */

bool py_grad_register(PyObject *m);
bool py_jit_register(PyObject *m);
bool py_vmap_register(PyObject *m);
bool py_jaxpr_register(PyObject *m);
bool py_config_register(PyObject *m);
bool py_control_register(PyObject *m);
bool py_fold_register(PyObject *m);
bool py_custom_register(PyObject *m);
bool py_callback_register(PyObject *m);
bool py_shapes_register(PyObject *m);
bool py_jacobian_register(PyObject *m);
bool py_stablehlo_register(PyObject *m);
PyObject *py_shape_dtype_struct(const CxType *t);

#endif
