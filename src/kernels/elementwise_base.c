/* The arithmetic loops for any processor. */
#define LOOPS loops_base
#include "kernels/elementwise_loops.h"
