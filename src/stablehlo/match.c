/* Matching regions against the forms that JAX emits. See match.h. Regions are small: definitions are looked up by walking the equations. */
#include "stablehlo/match.h"

#include "ir/node.h"
#include "ir/scalar.h"
#include <math.h>
#include <string.h>

static const CxEqn *definition(const CxGraph *g, CxVar v) {
  for (uint32_t i = 0; v && i < g->eqns.n; i++)
    if (g->eqns.v[i].nout == 1 && g->eqns.v[i].out[0] == v) return &g->eqns.v[i];
  return NULL;
}

static const CxEqn *defined_by(const CxGraph *g, CxVar v, CxOpcode op) {
  const CxEqn *e = definition(g, v);
  return e && e->op == op ? e : NULL;
}

static int input_number(const CxGraph *g, CxVar v) {
  for (uint32_t i = 0; i < g->in.n; i++)
    if (g->in.v[i] == v) return (int)i;
  return -1;
}

int match_operand(const CxGraph *g) { return g->out.n == 1 && !g->eqns.n ? input_number(g, g->out.v[0]) : -1; }

CxOpcode match_binary(const CxGraph *g) {
  if (g->in.n != 2 || g->out.n != 1 || g->eqns.n != 1) return CX_OP_NONE;
  const CxEqn *e = &g->eqns.v[0];
  bool fits = e->nin == 2 && e->in[0] == g->in.v[0] && e->in[1] == g->in.v[1] && e->nout == 1 && e->out[0] == g->out.v[0];
  return fits ? e->op : CX_OP_NONE;
}

/* ---- comparators of sorts ---- */

typedef struct Side { /* one side of a comparison: input number, and what was done to it */
  int input;
  CxKeyPart part;
  bool zeros_equal, nans_equal;
} Side;

static bool scalar_is(const CxGraph *g, CxVar v, bool nan) {
  CxVal c = graph_const_value(g, v);
  if (!c || cx_dtype_kind(c->type->dtype) != 'f' || c->type->size != 1) return false;
  double d = scalar_to_double(c->type->dtype, c->array.data);
  return nan ? isnan(d) : d == 0;
}

static bool match_side(const CxGraph *g, CxVar v, Side *s);

/* select(x != x, nan, y) or select(x == 0, 0, y), where y is x with the other of the two done to it */
static bool match_canonical(const CxGraph *g, const CxEqn *select, Side *s) {
  const CxEqn *p = definition(g, select->in[0]);
  if (!p || p->nin != 2 || select->nin != 3) return false;
  Side tested;
  bool nan = p->op == CX_OP_NE && p->in[0] == p->in[1] && scalar_is(g, select->in[2], true);
  bool zero = p->op == CX_OP_EQ && scalar_is(g, p->in[1], false) && scalar_is(g, select->in[2], false);
  if ((!nan && !zero) || !match_side(g, select->in[1], s) || !match_side(g, p->in[0], &tested)) return false;
  s->nans_equal |= nan, s->zeros_equal |= zero;
  return tested.input == s->input && tested.part == s->part;
}

static bool match_side(const CxGraph *g, CxVar v, Side *s) {
  int input = input_number(g, v);
  *s = (Side){.input = input};
  if (input >= 0) return true;
  const CxEqn *e = definition(g, v);
  if (!e) return false;
  if (e->op == CX_OP_SELECT_N) return match_canonical(g, e, s);
  if (e->op != CX_OP_REAL && e->op != CX_OP_IMAG) return false;
  s->input = input_number(g, e->in[0]);
  s->part = e->op == CX_OP_REAL ? KEY_REAL : KEY_IMAG;
  return s->input >= 0;
}

static bool match_sides(const CxGraph *g, const CxEqn *e, Side *a, Side *b) {
  return match_side(g, e->in[0], a) && match_side(g, e->in[1], b) && a->part == b->part && a->zeros_equal == b->zeros_equal &&
         a->nans_equal == b->nans_equal && a->input / 2 == b->input / 2 && a->input != b->input;
}

static bool match_less(const CxGraph *g, CxVar v, CxSortKey *key) {
  const CxEqn *e = definition(g, v);
  Side a, b;
  if (!e || (e->op != CX_OP_LT && e->op != CX_OP_GT && e->op != CX_OP_LT_TO) || !match_sides(g, e, &a, &b)) return false;
  bool total = e->op == CX_OP_LT_TO && !(a.zeros_equal && a.nans_equal);
  bool backward = a.input & 1; /* b < a */
  *key = (CxSortKey){(uint32_t)a.input / 2, a.part, total ? KEY_TOTAL : KEY_USUAL, backward != (e->op == CX_OP_GT)};
  return true;
}

static bool match_equal(const CxGraph *g, CxVar v, const CxSortKey *key) {
  const CxEqn *e = definition(g, v);
  Side a, b;
  if (!e || (e->op != CX_OP_EQ && e->op != CX_OP_EQ_TO) || !match_sides(g, e, &a, &b)) return false;
  return (uint32_t)a.input / 2 == key->operand && a.part == key->part;
}

/* less(a, b), or less(a, b) or (equal(a, b) and rest) */
uint32_t match_comparator(const CxGraph *g, CxSortKey keys[SORT_KEYS_MAX]) {
  if (g->out.n != 1) return 0;
  CxVar v = g->out.v[0];
  for (uint32_t n = 0; n < SORT_KEYS_MAX; n++) {
    if (match_less(g, v, &keys[n])) return n + 1;
    const CxEqn *either = defined_by(g, v, CX_OP_OR), *both = either ? defined_by(g, either->in[1], CX_OP_AND) : NULL;
    if (!both || !match_less(g, either->in[0], &keys[n]) || !match_equal(g, both->in[0], &keys[n])) return 0;
    v = both->in[1];
  }
  return 0;
}

/* ---- argmax and argmin ---- */

static bool compares(const CxGraph *g, CxVar v, CxOpcode op, uint32_t a, uint32_t b) {
  const CxEqn *e = defined_by(g, v, op);
  return e && e->in[0] == g->in.v[a] && e->in[1] == g->in.v[b];
}

static bool chooses(const CxGraph *g, CxVar v, CxVar which, uint32_t yes, uint32_t no) {
  const CxEqn *e = defined_by(g, v, CX_OP_SELECT_N);
  return e && e->nin == 3 && e->in[0] == which && e->in[1] == g->in.v[no] && e->in[2] == g->in.v[yes];
}

/* better: best > x, for floats also best != best */
static CxOpcode match_better(const CxGraph *g, CxVar v) {
  const CxEqn *either = defined_by(g, v, CX_OP_OR);
  bool is_float = cx_dtype_kind(graph_type(g, g->in.v[0])->dtype) == 'f';
  if (is_float != (either != NULL) || (either && !compares(g, either->in[1], CX_OP_NE, 0, 0))) return CX_OP_NONE;
  CxVar c = either ? either->in[0] : v;
  return compares(g, c, CX_OP_GT, 0, 2) ? CX_OP_ARGMAX : compares(g, c, CX_OP_LT, 0, 2) ? CX_OP_ARGMIN : CX_OP_NONE;
}

CxOpcode match_argument(const CxGraph *g) {
  if (g->in.n != 4 || g->out.n != 2) return CX_OP_NONE;
  const CxEqn *best = defined_by(g, g->out.v[0], CX_OP_SELECT_N), *index = defined_by(g, g->out.v[1], CX_OP_SELECT_N);
  if (!best || !index || !chooses(g, g->out.v[0], best->in[0], 0, 2) || !chooses(g, g->out.v[1], index->in[0], 1, 3)) return CX_OP_NONE;
  const CxEqn *either = defined_by(g, index->in[0], CX_OP_OR), *both = either ? defined_by(g, either->in[1], CX_OP_AND) : NULL;
  if (!both || either->in[0] != best->in[0]) return CX_OP_NONE;
  if (!compares(g, both->in[0], CX_OP_EQ, 0, 2) || !compares(g, both->in[1], CX_OP_LT, 1, 3)) return CX_OP_NONE;
  return match_better(g, best->in[0]);
}
