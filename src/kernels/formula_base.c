/* The loops over formulas for any processor: fused products by libm, slow but the same bits. */
#define LOOPS formulas_base
#include "kernels/formula_loops.h"
