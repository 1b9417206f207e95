/* Graphs as Python sees them: ClosedJaxpr; make_jaxpr; ShapeDtypeStruct of a type. */
#include "python/transform.h"

#include "base/text.h"
#include "ir/print.h"
