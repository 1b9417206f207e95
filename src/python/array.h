/* What the files of the Array type share. */
#ifndef PYTHON_ARRAY_H
#define PYTHON_ARRAY_H

#include "python/py.h"

#include "kernels/convert.h"

CxVal py_self(PyObject *o);                   /* the handle of an Array or Tracer; NULL with a pending error if it was deleted */
PyObject *py_shape_tuple(const CxType *t);
bool py_dims(PyObject *shape, int64_t *dims, int *rank); /* a sequence of at most CX_MAX_RANK integers; false with an exception */
const char *py_short_name(PyTypeObject *t);
bool py_add_methods(PyTypeObject *type, PyMethodDef *defs);

/* operators.c */
extern PyNumberMethods py_number_slots;
PyObject *py_richcompare(PyObject *a, PyObject *b, int op);
PyObject *py_unary(PyObject *a, CxVal (*f)(CxVal));
PyObject *py_number(CxDtype d, const char *element);
PyObject *py_complex(PyObject *o, PyObject *unused);
PyObject *py_tracer_fail(PyObject *tracer, CxErr code, const char *problem, const char *hint); /* always NULL */
PyObject *py_concretization_fail(PyObject *tracer, const char *hint);

/* export.c: to NumPy and other libraries */
extern PyBufferProcs py_buffer_slots;
extern PyMethodDef py_export_methods[];       /* of ArrayImpl */
PyObject *py_to_numpy(CxVal v);               /* a read-only ndarray over the same memory */
PyObject *py_array_method(PyObject *o, PyObject *args, PyObject *kwargs); /* __array__ */
bool py_export_register(PyObject *m);

/* repr.c */
PyObject *py_array_repr(PyObject *o);
PyObject *py_array_str(PyObject *o);
PyObject *py_tracer_repr(PyObject *o);
PyObject *py_format(PyObject *o, PyObject *spec);

/* device.c: the one CPU device, shardings, abstract values */
PyObject *py_device(void);                    /* new reference */
PyObject *py_sharding(void);                  /* new reference: SingleDeviceSharding of it */
PyObject *py_aval(const CxType *t);           /* a new ShapedArray */
bool py_device_register(PyObject *m);

/* subscript.c */
PyObject *py_subscript(PyObject *o, PyObject *index);
PyObject *py_at(PyObject *o, void *closure);

#endif
