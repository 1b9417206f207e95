/* The whole public C API of Cuirax. */
#ifndef CUIRAX_H
#define CUIRAX_H

#include <cuirax/dtype.h>
#include <cuirax/error.h>
#include <cuirax/library.h>
#include <cuirax/linalg.h>
#include <cuirax/ops.h>
#include <cuirax/stablehlo.h>
#include <cuirax/transform.h>
#include <cuirax/tree.h>
#include <cuirax/type.h>
#include <cuirax/value.h>

#endif
