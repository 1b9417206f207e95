/* Common subexpressions: an equation equal to an earlier one (op, attributes, operands) gives the earlier one's variables.
 * Assumes nothing. Ensures: equations with effects, barriers and draws from the machine's
 * own random generator stay as they are. A hash table: linear.
 * Commutative operations of integers and booleans are equal in either order; of floats not, since the first NaN wins. */
#include "base/hash.h"
#include "compile/rewrite.h"

bool pending_pure(const Pending *p) {
  CxEqn e = {.op = p->op, .attrs = p->attrs};
  return p->op != CX_OP_OPTIMIZATION_BARRIER && p->op != CX_OP_RNG_UNIFORM && !eqn_has_effect(&e);
}

static bool commutes(const Rewrite *r, const Pending *p) {
  switch (p->op) {
    case CX_OP_ADD:
    case CX_OP_MUL:
    case CX_OP_MAX:
    case CX_OP_MIN:
    case CX_OP_AND:
    case CX_OP_OR:
    case CX_OP_XOR:
    case CX_OP_EQ:
    case CX_OP_NE:
    case CX_OP_MULHI: return strchr("biu", cx_dtype_kind(rewrite_type(r, p->in[0])->dtype)) != NULL;
    default: return false;
  }
}

static uint64_t pending_hash(const Rewrite *r, const Pending *p) {
  uint64_t h = attrs_hash(p->def, p->attrs, hash_mix((uint64_t)p->op << 32 | p->nin, p->nout));
  if (commutes(r, p)) return hash_mix(h, hash_mix(p->in[0], p->in[1]) + hash_mix(p->in[1], p->in[0]));
  for (uint32_t i = 0; i < p->nin; i++) h = hash_mix(h, p->in[i]);
  return h;
}

static bool same_operands(const Rewrite *r, const CxEqn *e, const Pending *p) {
  if (e->nin != p->nin) return false;
  if (!p->nin || !memcmp(e->in, p->in, p->nin * sizeof *p->in)) return true;
  return commutes(r, p) && e->in[0] == p->in[1] && e->in[1] == p->in[0];
}

static bool serves(const Rewrite *r, const CxEqn *e, const Pending *p) {
  if (e->op != p->op || e->nout != p->nout || !same_operands(r, e, p) || !attrs_equal(p->def, e->attrs, p->attrs)) return false;
  for (uint32_t i = 0; i < p->nout; i++)
    if (p->types[i] && (!e->out[i] || rewrite_type(r, e->out[i]) != p->types[i])) return false; /* dropped there, wanted here */
  return true;
}

bool cse_find(Rewrite *r, const Pending *p, uint64_t *hash, CxVar *out) {
  *hash = 0;
  if (!pending_pure(p)) return false;
  uint64_t h = pending_hash(r, p);
  *hash = h ? h : 1;
  for (uint32_t at = r->cap_cse ? (uint32_t)*hash & (r->cap_cse - 1) : 0; r->cap_cse && r->cse[at].eqn; at = (at + 1) & (r->cap_cse - 1)) {
    const CxEqn *e = &r->to->eqns.v[r->cse[at].eqn - 1];
    if (r->cse[at].hash != *hash || !serves(r, e, p)) continue;
    for (uint32_t i = 0; i < p->nout; i++) out[i] = p->types[i] ? e->out[i] : 0;
    return true;
  }
  return false;
}

static bool cse_grow(Rewrite *r) {
  uint32_t cap = r->cap_cse ? r->cap_cse * 2 : 64;
  CseSlot *fresh = cx_calloc(cap, sizeof *fresh);
  if (!fresh) return false;
  for (uint32_t i = 0; i < r->cap_cse; i++) {
    if (!r->cse[i].eqn) continue;
    uint32_t at = (uint32_t)r->cse[i].hash & (cap - 1);
    while (fresh[at].eqn) at = (at + 1) & (cap - 1);
    fresh[at] = r->cse[i];
  }
  cx_free(r->cse);
  r->cse = fresh;
  r->cap_cse = cap;
  return true;
}

bool cse_add(Rewrite *r, uint64_t hash, uint32_t eqn) {
  if (!hash) return true;
  if (2 * (r->n_cse + 1) > r->cap_cse && !cse_grow(r)) return false;
  uint32_t at = (uint32_t)hash & (r->cap_cse - 1);
  while (r->cse[at].eqn) at = (at + 1) & (r->cap_cse - 1);
  r->cse[at] = (CseSlot){hash, eqn};
  r->n_cse++;
  return true;
}
