/* What the files that build micro-ops share. */
#ifndef EMIT_BUILD_H
#define EMIT_BUILD_H

#include "emit/uop.h"

UopVal uop_put(UopCode *c, UopInst i);
UopVal uop_reject(UopCode *c, unsigned op, const char *why); /* records the error; 0 */
bool uop_is_value(const UopCode *c, UopVal v);
UopVal uop_same(UopCode *c, unsigned op, UopVal a, UopVal b, UopVal d, uint64_t imm);
UopVal uop_other(UopCode *c, unsigned op, UopVal a, unsigned size, unsigned lanes, uint64_t imm);
UopVal uop_after_load(UopCode *c, UopType t, UopVal v);
UopVal uop_before_store(UopCode *c, UopType *t, UopVal v);
const char *uop_text(unsigned op);

#endif
