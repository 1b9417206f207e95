/* One element as text, as Python writes it. */
#ifndef IR_SCALAR_H
#define IR_SCALAR_H

#include "base/text.h"
#include <cuirax/dtype.h>

void text_add_double(CxText *t, double d); /* the shortest decimal that reads back exactly: "0.1", "1e-07", "inf", "nan" */
void text_add_scalar(CxText *t, CxDtype dtype, const void *element); /* "True", "3", "0.5", "(1+2j)", "1j" */
double scalar_to_double(CxDtype dtype, const void *element);         /* of a float dtype */

#endif
