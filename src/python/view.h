/* Graphs as Python objects to look at: Jaxpr, JaxprEqn, Var, Literal, Primitive, and the parameters of equations. */
#ifndef PYTHON_VIEW_H
#define PYTHON_VIEW_H

#include "python/transform.h"

PyObject *py_jaxpr_open(CxGraph *g);            /* a Jaxpr: the graph without its constants; a new reference of g is taken */
PyObject *py_primitive(CxOpcode op);            /* borrowed: one object for each op */
PyObject *py_params_dict(const CxEqn *e);       /* the attributes by their field table */
PyObject *py_where_summary(CxWhere w);          /* "file.py:12:4 (f)" */
CxGraph *py_jaxpr_graph(PyObject *o);           /* of a ClosedJaxpr; NULL without an exception for anything else */
bool py_view_register(PyObject *m);
bool py_params_register(PyObject *m);
bool py_ravel_register(PyObject *m);
void py_places_install(void);

#endif
