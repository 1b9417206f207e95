/* The reduction loops for any processor. */
#define REDUCTIONS reductions_base
#include "kernels/reduce_loops.h"
