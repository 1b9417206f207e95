/* The op table: one pointer per row of ir/ops.def, and look-ups in it. */
#include "ir/op.h"

#include <string.h>

#define OP(id, name) extern const CxOp cx_op_##id;
#include "ir/ops.def"
#undef OP

const CxOp *const cx_ops[CX_OP_COUNT] = {
    NULL,
#define OP(id, name) &cx_op_##id,
#include "ir/ops.def"
#undef OP
};

uint32_t op_nout(CxOpcode op, uint32_t nin, const void *attrs) {
  const CxOp *def = cx_ops[op];
  return def->nout >= 0 ? (uint32_t)def->nout : def->nout_rule(nin, attrs);
}

CxOpcode op_from_name(const char *name) {
  static const char *const names[CX_OP_COUNT] = {
      "",
#define OP(id, name) name,
#include "ir/ops.def"
#undef OP
  };
  for (int i = 1; i < CX_OP_COUNT; i++)
    if (!strcmp(names[i], name)) return (CxOpcode)i;
  return CX_OP_NONE;
}

static bool strs_has(const CxStrs *s, const char *name) {
  for (int i = 0; i < s->n; i++)
    if (!strcmp(s->v[i], name)) return true;
  return false;
}

bool op_uses_axis(const CxApp *a, const char *name) {
  if (a->op < CX_OP_PSUM || a->op > CX_OP_PBROADCAST) return false;
  for (const CxField *f = a->def->fields; f && f->name; f++) {
    const void *at = (const char *)a->attrs + f->offset;
    if (f->kind == CX_FIELD_STRS && strs_has(at, name)) return true;
    if (f->kind == CX_FIELD_STR && *(const char *const *)at && !strcmp(*(const char *const *)at, name)) return true;
  }
  return false;
}
