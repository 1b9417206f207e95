/* From a module tree to a graph: each operation is built with the builders under a stage trace. Functions become graphs that are called,
 * regions become closed graphs whose outer values are leading operands. Shared by the files import*.c. */
#ifndef STABLEHLO_IMPORT_H
#define STABLEHLO_IMPORT_H

#include "stablehlo/module.h"
#include "trace/trace.h"

typedef struct HloFunction {
  const char *name;
  const HloOp *op;
  CxGraph *graph; /* made when it is first called; owned */
  bool busy;      /* is being made: a call now is recursion */
} HloFunction;

typedef struct Import {
  const HloModule *module;
  CxVal *env;         /* by value; NULL: not defined yet */
  const HloOp **by;   /* the operation that defined the value, or NULL */
  HloFunction *functions;
  uint32_t nfunctions, depth;
  CxArena arena;      /* lists that rules hand to builders */
  bool told;          /* the pending error names its operation */
} Import;

/* Builds one operation: its results to out[op->nout]. The operands are defined and their types known. False with an error. */
typedef bool HloRule(Import *im, const HloOp *op, CxVal *out);

typedef struct HloRuleRow {
  const char *name;
  HloRule *rule;
  CxOpcode op;      /* what rules of families build */
  int8_t nin, nout; /* -1: any */
  int8_t nregions;
} HloRuleRow;

extern const HloRuleRow hlo_rules[]; /* import_table.c; ends with a NULL name */
const HloRuleRow *rule_find(const char *name);
bool hlo_unsupported(const HloOp *op, const char *what); /* fails */
bool hlo_wrong(const HloOp *op, const char *what);       /* fails with CX_ERR_VERIFY */

/* Attributes; false with an error when they are missing or of another form. */
bool attr_ints(Import *im, const HloOp *op, const char *name, CxInts *to);
bool attr_ints_n(Import *im, const HloOp *op, const char *name, int n, CxInts *to); /* exactly n */
bool attr_ints_or(Import *im, const HloOp *op, const char *name, int n, int64_t otherwise, CxInts *to); /* n of otherwise when absent */
bool attr_ints_opt(Import *im, const HloOp *op, const char *name, CxInts *to); /* none when absent */
bool attr_int(const HloOp *op, const char *name, int64_t *to);
bool attr_flag(const HloOp *op, const char *name); /* false when absent */
const char *attr_text(const HloOp *op, const char *name); /* of strings, symbols and enumerators; NULL */
bool attr_is(const HloOp *op, const char *name, const char *text);

CxVal operand(Import *im, const HloOp *op, uint32_t i);
const CxType *result_type(Import *im, const HloOp *op, uint32_t i); /* NULL with an error if it is not a static tensor of a known dtype */
CxVal *operands(Import *im, const HloOp *op); /* all, in the import's arena */

/* The closed graph of a region. captured: outer values that become leading operands; they are found by region_captures. */
typedef VEC(HloId) HloIds;
bool region_captures(Import *im, const HloRegion *r, HloIds *to);
CxGraph *region_graph(Import *im, const HloRegion *r, const HloIds *captured, const char *name); /* a new reference */
CxGraph *region_closed(Import *im, const HloOp *op, uint32_t i); /* of scalars: without outer values; a new reference */
CxGraph *function_graph(Import *im, const char *name); /* borrowed */
bool call_graph(Import *im, CxGraph *g, const HloOp *op, const char *name, CxVal *out);

bool value_is_constant(CxVal v, CxVal expected); /* both concrete scalars of equal bytes */

#endif
