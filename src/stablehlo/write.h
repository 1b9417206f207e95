/* Writing a module tree. */
#ifndef STABLEHLO_WRITE_H
#define STABLEHLO_WRITE_H

#include "base/text.h"
#include "stablehlo/export.h"
#include <cuirax/stablehlo.h>

bool module_write_text(const HloModule *m, const char *name, bool generic, CxText *to);
bool module_write_bytecode(const HloModule *m, CxText *to);

#endif
