/* Simplification: the engine for the rules of rules.def. Patterns are read once into trees; rules are found by the op of their root.
 * Assumes operands are already simplified. Every rule replaces an equation by fewer, or by one nearer to a normal form (constants
 * last and joined, one view instead of two), so rewriting ends; the depth of rules within rules is bounded besides.
 * Cost: a bounded number of rules per equation, each of bounded size: linear. */
#include "compile/simplify.h"

#include "op/rules.h"
#include <pthread.h>
#include <stdlib.h>

typedef enum Level { EXACT, ANY_NAN, UNSAFE } Level;
typedef enum PatKind { PAT_VAR, PAT_CONST, PAT_NUMBER, PAT_ONES, PAT_LOWEST, PAT_HIGHEST, PAT_BOOL, PAT_OP } PatKind;

typedef struct Pat {
  PatKind kind;
  int index;           /* VAR, CONST: which; BOOL: the value */
  double number;
  CxOpcode op;
  bool commutes, any;  /* any: whatever operands there are */
  const CxField *attr; /* an attribute that must have this value */
  int64_t attr_value;
  int nargs;
  struct Pat *arg[3];
} Pat;

typedef struct Rule {
  const char *name, *kinds, *pattern, *replacement;
  Level level;
  Condition *condition;
  Builder *build;
} Rule;

static const Rule rules[] = {
#define RULE(name, level, kinds, pattern, condition, replacement) {#name, kinds, pattern, replacement, level, condition_##condition, NULL},
#define VIEW(name, pattern, builder, why) {#name, "*", pattern, NULL, EXACT, condition_always, builder},
#include "compile/rules.def"
#undef RULE
#undef VIEW
};
enum { RULES = sizeof rules / sizeof *rules, PATS = 10 * RULES, OPS_COMMUTING_MAX = 3 };

/* Read at first use; constant afterwards. */
static struct {
  Pat pats[PATS];
  uint32_t n;
  const Pat *pattern[RULES], *replacement[RULES];
  uint32_t commuting[RULES];             /* ops of the pattern that match in either order */
  uint16_t first[CX_OP_COUNT + 1], list[RULES]; /* rules by root op */
  bool ok;
} book;

/* ---- reading patterns ---- */

typedef struct Reader {
  const char *at;
  uint32_t commuting;
  bool ok;
} Reader;

static bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'; }

static bool take(Reader *in, const char *s) {
  while (*in->at == ' ') in->at++;
  size_t n = strlen(s);
  if (strncmp(in->at, s, n) || (is_word(s[n - 1]) && is_word(in->at[n]))) return false;
  in->at += n;
  return true;
}

static Pat *pat_new(PatKind kind, int index) {
  if (book.n >= PATS) return NULL;
  Pat *p = &book.pats[book.n++];
  *p = (Pat){.kind = kind, .index = index};
  return p;
}

static bool op_commutes(CxOpcode op) {
  return op == CX_OP_ADD || op == CX_OP_ADD_ANY || op == CX_OP_MUL || op == CX_OP_AND || op == CX_OP_OR || op == CX_OP_XOR ||
         op == CX_OP_MAX || op == CX_OP_MIN || op == CX_OP_EQ || op == CX_OP_NE;
}

static Pat *read_pattern(Reader *in);

static CxOpcode read_op(Reader *in) {
  char name[64];
  size_t n = 0;
  while (is_word(in->at[n]) && n < sizeof name - 1) name[n] = in->at[n], n++;
  name[n] = 0;
  in->at += n;
  return op_from_name(name);
}

static void read_attr(Reader *in, Pat *p) {
  for (const CxField *f = cx_ops[p->op]->fields; f && f->name; f++) {
    size_t n = strlen(f->name);
    if (f->kind == CX_FIELD_INT && !strncmp(in->at, f->name, n) && in->at[n] == '=') {
      char *end;
      p->attr = f;
      p->attr_value = strtoll(in->at + n + 1, &end, 10);
      in->at = end;
    }
  }
  in->ok &= p->attr && take(in, "]");
}

static Pat *read_call(Reader *in) {
  Pat *p = pat_new(PAT_OP, 0);
  if (!p || !(p->op = read_op(in)) || !cx_ops[p->op]) return in->ok = false, NULL;
  p->commutes = op_commutes(p->op);
  in->commuting += p->commutes;
  if (take(in, "[")) read_attr(in, p);
  in->ok &= take(in, "(");
  if ((p->any = take(in, ".."))) return in->ok &= take(in, ")"), p;
  do {
    if (p->nargs == 3) return in->ok = false, NULL;
    p->arg[p->nargs++] = read_pattern(in);
  } while (in->ok && take(in, ","));
  in->ok &= take(in, ")");
  return p;
}

static Pat *read_number(Reader *in) {
  Pat *p = pat_new(PAT_NUMBER, 0);
  char *end;
  double d = strtod(in->at, &end);
  if (!p || end == in->at) return in->ok = false, NULL;
  p->number = d;
  in->at = end;
  return p;
}

static Pat *read_pattern(Reader *in) {
  static const char *const vars[] = {"x", "y", "z", "p"}, *const consts[] = {"c", "d"};
  for (int i = 0; i < 4; i++)
    if (take(in, vars[i])) return pat_new(PAT_VAR, i);
  for (int i = 0; i < 2; i++)
    if (take(in, consts[i])) return pat_new(PAT_CONST, i);
  if (take(in, "ones")) return pat_new(PAT_ONES, 0);
  if (take(in, "lowest")) return pat_new(PAT_LOWEST, 0);
  if (take(in, "highest")) return pat_new(PAT_HIGHEST, 0);
  if (take(in, "true")) return pat_new(PAT_BOOL, 1);
  if (take(in, "false")) return pat_new(PAT_BOOL, 0);
  return *in->at == '-' || (*in->at >= '0' && *in->at <= '9') ? read_number(in) : read_call(in);
}

static void book_read(void) {
  uint16_t count[CX_OP_COUNT + 1] = {0};
  bool ok = true;
  for (int i = 0; i < RULES; i++) {
    Reader in = {rules[i].pattern, 0, true}, out = {rules[i].replacement, 0, true};
    book.pattern[i] = read_pattern(&in);
    book.commuting[i] = in.commuting;
    if (rules[i].replacement) book.replacement[i] = read_pattern(&out);
    ok &= in.ok && out.ok && book.pattern[i] && book.pattern[i]->kind == PAT_OP && in.commuting <= OPS_COMMUTING_MAX;
    if (ok) count[book.pattern[i]->op]++;
  }
  for (int op = 0; op < CX_OP_COUNT; op++) book.first[op + 1] = (uint16_t)(book.first[op] + count[op]);
  for (int i = 0; ok && i < RULES; i++) {
    CxOpcode op = book.pattern[i]->op;
    book.list[book.first[op + 1] - count[op]--] = (uint16_t)i;
  }
  book.ok = ok;
}

bool simplify_ready(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, book_read);
  return book.ok || cx_fail(CX_ERR_INTERNAL, "the table of rewrite rules does not read");
}

/* ---- matching ---- */

static char letter(const Pat *p) { return p->kind == PAT_ONES ? 'o' : p->kind == PAT_LOWEST ? 'l' : p->kind == PAT_HIGHEST ? 'h' : 'n'; }

static bool scalar_is(CxVal s, const Pat *p) {
  CxDtype d = s->type->dtype;
  char want[16];
  if (p->kind == PAT_BOOL) return d == CX_BOOL && *(const bool *)(const void *)s->array.data == (p->index != 0);
  return pattern_bits(letter(p), p->number, d, want) && !memcmp(want, s->array.data, (size_t)cx_dtype_bytes(d));
}

static bool match(Match *m, const Pat *p, CxVar v, uint32_t *order);

static bool match_args(Match *m, const Pat *p, const CxVar *in, uint32_t nin, uint32_t *order) {
  if (p->any) return true;
  if (nin != (uint32_t)p->nargs) return false;
  bool swap = false;
  if (p->commutes) swap = *order & 1, *order >>= 1;
  if (swap) return match(m, p->arg[0], in[1], order) && match(m, p->arg[1], in[0], order);
  for (int i = 0; i < p->nargs; i++)
    if (!match(m, p->arg[i], in[i], order)) return false;
  return true;
}

static bool match_op(Match *m, const Pat *p, MatchOp op, uint32_t *order) {
  if (op.op != p->op || m->n_ops >= MATCH_OPS) return false;
  if (p->attr && *(const int64_t *)(const void *)((const char *)op.attrs + p->attr->offset) != p->attr_value) return false;
  m->op[m->n_ops++] = op;
  return match_args(m, p, op.in, op.nin, order);
}

static bool bind(CxVar *slot, CxVar v) {
  if (*slot) return *slot == v;
  *slot = v;
  return true;
}

static bool match(Match *m, const Pat *p, CxVar v, uint32_t *order) {
  const NewVar *known = &m->r->vars[v];
  if (p->kind == PAT_VAR) return bind(&m->x[p->index], v);
  if (p->kind == PAT_CONST) return known->splat && bind(&m->c[p->index], v);
  if (p->kind != PAT_OP) return known->splat && scalar_is(known->splat, p);
  const CxEqn *e = rewrite_def(m->r, v, p->op);
  return e && match_op(m, p, (MatchOp){e->op, e->attrs, e->in, e->nin}, order);
}

static bool ieee(CxDtype d) { return d == CX_F16 || d == CX_BF16 || d == CX_F32 || d == CX_F64; }

static bool kind_fits(const Match *m, const char *kinds) {
  if (*kinds == '*') return true;
  CxVar v = m->x[0] ? m->x[0] : m->c[0];
  CxDtype d = rewrite_type(m->r, v)->dtype;
  return strchr(kinds, cx_dtype_kind(d)) || (strchr(kinds, 'F') && ieee(d));
}

static bool rule_matches(const Rule *rule, uint32_t i, Match *m) {
  for (uint32_t orders = 0; orders < 1u << book.commuting[i]; orders++) {
    const Pending *p = m->p;
    uint32_t order = orders;
    *m = (Match){.r = m->r, .p = p};
    if (match_op(m, book.pattern[i], (MatchOp){p->op, p->attrs, p->in, p->nin}, &order) && kind_fits(m, rule->kinds) && rule->condition(m))
      return true;
  }
  return false;
}

/* ---- replacing ---- */

/* A number takes the dtype of its neighbour, and is weak: weakness is what gives way in any combination. */
static CxVar build_number(Match *m, const Pat *p, const CxType *like) {
  CxVal s = pattern_scalar(letter(p), p->kind == PAT_BOOL ? p->index : p->number, like->dtype);
  CxVar v = s ? rewrite_const(m->r, s) : 0;
  cx_release(s);
  return v;
}

static CxVar build(Match *m, const Pat *p, const CxType *like);

static const void *build_attrs(const Match *m, CxOpcode op) {
  for (uint32_t i = 0; i < m->n_ops; i++)
    if (m->op[i].op == op) return m->op[i].attrs;
  return NULL;
}

/* Operands that are constants are scalars here, so an op on constants is done at once, whether or not folding is asked for. */
static CxVar build_folded(Match *m, CxOpcode op, const CxVar *in, uint32_t nin) {
  CxVal values[3];
  const CxType *types[3], *type;
  for (uint32_t i = 0; i < nin; i++) {
    values[i] = m->r->vars[in[i]].value;
    if (!values[i] || values[i]->type->rank) return 0;
    types[i] = values[i]->type;
  }
  CxApp a = {.op = op, .def = cx_ops[op], .nin = nin, .nout = 1, .in = values, .types = types};
  CxVal v = NULL;
  if (a.def->fields || !a.def->type(&a, &type) || !a.def->exec(&a, &type, &v)) return 0;
  v->literal = true;
  CxVar out = rewrite_const(m->r, v);
  cx_release(v);
  return out;
}

static CxVar build_op(Match *m, const Pat *p, const CxType *like) {
  CxVar in[3];
  for (int i = 0; i < p->nargs; i++)
    if (!(in[i] = build(m, p->arg[i], like))) return 0;
  CxVar folded = build_folded(m, p->op, in, (uint32_t)p->nargs);
  return folded || cx_failed() ? folded : rewrite_emit(m->r, p->op, in, (uint32_t)p->nargs, build_attrs(m, p->op));
}

static CxVar build(Match *m, const Pat *p, const CxType *like) {
  switch (p->kind) {
    case PAT_VAR: return m->x[p->index];
    case PAT_CONST: return rewrite_const(m->r, m->r->vars[m->c[p->index]].splat);
    case PAT_OP: return build_op(m, p, like);
    default: return build_number(m, p, like);
  }
}

/* A replacement that is a number has the type of the result. */
static CxVar build_whole(Match *m, const Pat *p) {
  const CxType *t = m->p->types[0];
  CxVal s = pattern_scalar(letter(p), p->kind == PAT_BOOL ? p->index : p->number, t->dtype), own = s;
  if (s && s->type->weak != t->weak) {
    own = node_array_sharing(cx_type_scalar(t->dtype, t->weak), s, 0);
    if (own) own->literal = true;
    cx_release(s);
  }
  CxVar v = own ? rewrite_const(m->r, own) : 0;
  cx_release(own);
  return v;
}

static CxVar replace(Match *m, uint32_t i) {
  if (rules[i].build) return rules[i].build(m);
  const Pat *p = book.replacement[i];
  if (p->kind != PAT_OP && p->kind != PAT_VAR && p->kind != PAT_CONST) return build_whole(m, p);
  return build(m, p, rewrite_type(m->r, m->x[0] ? m->x[0] : m->c[0]));
}

static bool allowed(const PassOptions *o, Level level) { return level == EXACT || (level == ANY_NAN ? o->any_nan || o->unsafe_math : o->unsafe_math); }

/* The op's own fold rule: it answers with one of its operands. */
static CxVar own_fold(Rewrite *r, const Pending *p) {
  struct CxNode nodes[4];
  CxVal in[4];
  const CxType *types[4];
  if (p->def->fold == rule_nofold || p->nin > 4) return 0;
  for (uint32_t i = 0; i < p->nin; i++) {
    CxVal known = r->vars[p->in[i]].value;
    types[i] = rewrite_type(r, p->in[i]);
    memset(&nodes[i], 0, sizeof nodes[i]);
    nodes[i].type = types[i];
    nodes[i].trace = (CxTrace *)&nodes[i]; /* not an array; never followed */
    in[i] = known ? known : &nodes[i];
  }
  CxApp a = {.op = p->op, .def = p->def, .attrs = p->attrs, .nin = p->nin, .nout = 1, .in = in, .types = types};
  CxVal v = p->def->fold(&a);
  for (uint32_t i = 0; v && i < p->nin; i++)
    if (v == in[i]) return p->in[i];
  return 0;
}

static bool accept(Rewrite *r, const Pending *p, CxVar v, CxVar *out) {
  if (v) v = rewrite_adapt(r, v, p->types[0]);
  *out = v;
  return v != 0;
}

static bool hit(Rewrite *r, uint32_t i) {
  if (r->run->options->rule_hits) r->run->options->rule_hits[i]++;
  return true;
}

bool simplify_apply(Rewrite *r, const Pending *p, CxVar *out) {
  if (p->nout != 1 || !p->types[0] || p->def->flags & CX_OP_EFFECT) return false;
  Match m = {.r = r, .p = p};
  for (uint16_t k = book.first[p->op]; k < book.first[p->op + 1] && !cx_failed(); k++) {
    uint32_t i = book.list[k];
    if (allowed(r->run->options, rules[i].level) && rule_matches(&rules[i], i, &m) && accept(r, p, replace(&m, i), out))
      return hit(r, i);
  }
  if (accept(r, p, own_fold(r, p), out)) return true;
  return p->def->flags & CX_OP_ELEMENTWISE && p->nin > 1 && accept(r, p, elementwise_narrow(r, p), out);
}
