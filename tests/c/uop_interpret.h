/* What a micro-op program means, said again as plainly as possible: the oracle of the code generator's tests. */
#ifndef TESTS_UOP_INTERPRET_H
#define TESTS_UOP_INTERPRET_H

#include "emit/uop.h"

int32_t uop_interpret(const UopCode *c, void *const *ptr); /* -1: out of memory */

#endif
