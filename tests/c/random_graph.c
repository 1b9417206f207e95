/* See random_graph.h. Equations are found by rejection: random operands and plausible attributes, kept if the op's type rule accepts them.
 * Ops whose attributes rarely fit by chance have a recipe that shapes them. */
#include "random_graph.h"

#include "base/arena.h"
#include "ir/node.h"
#include "kernels/convert.h"
#include <cuirax/graph.h>
#include <string.h>

uint64_t random_next(CxRandom *r) { /* splitmix64 */
  uint64_t z = r->state += 0x9e3779b97f4a7c15u;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
  z = (z ^ z >> 27) * 0x94d049bb133111ebu;
  return z ^ z >> 31;
}

uint32_t random_below(CxRandom *r, uint32_t n) { return (uint32_t)(random_next(r) % n); }
static bool chance(CxRandom *r, uint32_t percent) { return random_below(r, 100) < percent; }

typedef struct Maker {
  CxRandom *r;
  CxGraph *g;
  CxArena arena; /* attributes of the equation being made */
  VEC(CxGraph *) made; /* regions to release */
  const CxType *types[8];
  uint32_t nin;
  CxVar in[8];
  int depth;
} Maker;

/* ---- types and constants ---- */

static CxDtype random_dtype(CxRandom *r) {
  static const CxDtype common[] = {CX_F32, CX_F32, CX_F32, CX_I32, CX_I32, CX_BOOL, CX_U32, CX_F64, CX_C64, CX_F16};
  return chance(r, 80) ? common[random_below(r, sizeof common / sizeof *common)] : (CxDtype)(1 + random_below(r, CX_DTYPE_COUNT - 2));
}

static const CxType *random_type(CxRandom *r, bool floats_only) {
  int64_t dims[4];
  int rank = (int)random_below(r, floats_only ? 4 : 5);
  for (int i = 0; i < rank; i++) dims[i] = chance(r, 5) ? 0 : 1 + random_below(r, 4);
  CxDtype d = floats_only ? CX_F32 : random_dtype(r);
  return cx_type(d, rank, dims, chance(r, 15) && strchr("iufc", cx_dtype_kind(d)));
}

static void fill_elements(CxRandom *r, CxVal v) {
  const CxType *t = v->type;
  signed char *p = (signed char *)v->array.data;
  for (size_t i = 0; i < type_bytes(t); i++) {
    int b = (int)(random_next(r) & 255);
    switch (t->dtype) {
      case CX_BOOL: b &= 1; break;
      case CX_U2: b &= 3; break;
      case CX_U4:
      case CX_F4E2M1FN: b &= 15; break;
      case CX_I2: b = (b & 3) - 2; break;
      case CX_I4: b = (b & 15) - 8; break;
      case CX_FLOAT0: b = 0; break;
      default: break;
    }
    p[i] = (signed char)b;
  }
}

static void quiet_elements(CxVal v) {
  bool complex = cx_dtype_kind(v->type->dtype) == 'c';
  CxDtype d = v->type->dtype == CX_C64 ? CX_F32 : v->type->dtype == CX_C128 ? CX_F64 : v->type->dtype;
  if (cx_dtype_kind(d) != 'f') return;
  for (int64_t i = 0; i < v->type->size * (complex ? 2 : 1); i++) {
    double x = 0;
    CxView at = {v->array.data + i * cx_dtype_bytes(d), d, 0, NULL, NULL}, wide = {&x, CX_F64, 0, NULL, NULL};
    kernel_convert(&at, &wide);
    if (x != x) x = __builtin_nan(""), kernel_convert(&wide, &at);
  }
}

static CxVar random_const(Maker *m, const CxType *t) {
  CxVal v = node_array(t);
  if (!v) return 0;
  fill_elements(m->r, v);
  if (m->r->quiet) quiet_elements(v);
  v->literal = t->rank == 0 && chance(m->r, 50);
  CxVar var = graph_const(m->g, v);
  cx_release(v);
  return var;
}

/* ---- operands ---- */

static bool usable(const Maker *m, CxVar v) { return v && m->g->types.v[v]; }

static CxVar any_var(Maker *m) {
  for (int i = 0; i < 20; i++) {
    CxVar v = random_below(m->r, m->g->types.n);
    if (usable(m, v)) return v;
  }
  return random_const(m, random_type(m->r, false));
}

static CxVar var_of(Maker *m, const CxType *t) {
  uint32_t n = m->g->types.n, from = random_below(m->r, n);
  for (uint32_t i = 0; i < n; i++)
    if (m->g->types.v[(from + i) % n] == t) return (from + i) % n;
  return random_const(m, t);
}

static CxVar var_like(Maker *m, const CxType *t) { /* often the same type, or a scalar or another shape of its dtype */
  if (chance(m->r, 70)) return var_of(m, t);
  if (chance(m->r, 40)) return var_of(m, cx_type_scalar(t->dtype, chance(m->r, 50) && t->weak));
  uint32_t n = m->g->types.n, from = random_below(m->r, n);
  for (uint32_t i = 0; i < n; i++) {
    CxVar v = (from + i) % n;
    if (usable(m, v) && m->g->types.v[v]->dtype == t->dtype) return v;
  }
  return any_var(m);
}

static void set_operand(Maker *m, uint32_t i, CxVar v) {
  m->in[i] = v;
  m->types[i] = m->g->types.v[v];
}

static void random_operands(Maker *m, const CxOp *def) {
  m->nin = def->nin >= 0 ? (uint32_t)def->nin : (uint32_t)(-1 - def->nin) + random_below(m->r, 4);
  if (m->nin > 8) m->nin = 8;
  for (uint32_t i = 0; i < m->nin; i++) set_operand(m, i, i && chance(m->r, 80) ? var_like(m, m->types[0]) : any_var(m));
}

/* ---- attributes ---- */

static int rank_of(const Maker *m, uint32_t i) { return i < m->nin ? m->types[i]->rank : 2; }

static CxInts list_of(Maker *m, int32_t n) {
  return (CxInts){.v = arena_alloc(&m->arena, (size_t)(n > 0 ? n : 0) * 8 + 8), .n = n > 0 ? n : 0};
}

static void set(CxInts list, int i, int64_t x) { ((int64_t *)(uintptr_t)list.v)[i] = x; }

static CxInts permutation(Maker *m, int n) {
  CxInts p = list_of(m, n);
  for (int i = 0; i < n; i++) set(p, i, i);
  for (int i = n - 1; i > 0; i--) {
    int k = (int)random_below(m->r, (uint32_t)i + 1);
    int64_t x = p.v[i];
    set(p, i, p.v[k]);
    set(p, k, x);
  }
  return p;
}

static CxInts subset(Maker *m, int n) { /* sorted */
  CxInts s = list_of(m, n);
  int k = 0;
  for (int i = 0; i < n; i++)
    if (chance(m->r, 40)) set(s, k++, i);
  s.n = k;
  return s;
}

static CxInts smalls(Maker *m, int n, int low, int high) {
  CxInts s = list_of(m, n);
  for (int i = 0; i < n; i++) set(s, i, low + (int)random_below(m->r, (uint32_t)(high - low + 1)));
  return s;
}

static CxInts dims_of(Maker *m, const CxType *t) {
  CxInts s = list_of(m, t->rank);
  for (int i = 0; i < t->rank; i++) set(s, i, t->dims[i]);
  return s;
}

static CxInts random_ints(Maker *m, const CxField *f) {
  int rank = rank_of(m, random_below(m->r, m->nin ? m->nin : 1));
  if (f->group > 1) return smalls(m, rank * f->group, chance(m->r, 20) ? -1 : 0, 2);
  switch (random_below(m->r, 9)) {
    case 0: return permutation(m, rank);
    case 1: return subset(m, rank);
    case 2: return m->nin ? dims_of(m, m->types[random_below(m->r, m->nin)]) : smalls(m, 2, 0, 3);
    case 3: return smalls(m, rank, 1, 1);
    case 4: return smalls(m, rank, 1, 3);
    case 5: return smalls(m, rank, 0, 0);
    case 6: return smalls(m, 1, 0, rank ? rank - 1 : 0);
    case 7: return (CxInts){.none = true};
    default: return smalls(m, (int)random_below(m->r, 4), 0, 4);
  }
}

static const char *random_string(Maker *m) {
  static const char *const names[] = {"f", "<lambda>", "i", "a b\n\"\\\t", "caf\xc3\xa9", "", "x"};
  return names[random_below(m->r, sizeof names / sizeof *names)];
}

static double random_double(CxRandom *r) {
  static const double some[] = {0, -0.0, 1, 0.1, 1e300, -1e-320, 3.5};
  uint64_t bits = random_next(r);
  double d;
  memcpy(&d, &bits, sizeof d);
  return chance(r, 50) ? some[random_below(r, sizeof some / sizeof *some)] : d;
}

static CxNumber random_number(CxRandom *r) {
  static const char kinds[] = {0, 'b', 'i', 'u', 'f', 'c'};
  CxNumber x = {.kind = kinds[random_below(r, 6)]};
  if (x.kind == 'b') x.i = chance(r, 50);
  if (x.kind == 'i' || x.kind == 'u') x.i = (int64_t)random_next(r);
  if (x.kind == 'f' || x.kind == 'c') x.re = random_double(r);
  if (x.kind == 'c') x.im = random_double(r);
  return x;
}

static CxGraph *keep(Maker *m, CxGraph *g) { return g && vec_push(&m->made, g) ? g : (cx_graph_release(g), NULL); }

static CxGraph *region(Maker *m, uint32_t nin, const CxType *const *in, uint32_t nout, const CxType *const *out) {
  return keep(m, random_region(m->r, nin, in, nout, out, m->depth - 1));
}

static CxTypes random_types(Maker *m) {
  CxTypes t = {.n = (int32_t)random_below(m->r, 3)};
  const CxType **v = arena_alloc(&m->arena, 4 * sizeof *v);
  for (int i = 0; v && i < t.n; i++) v[i] = random_type(m->r, false);
  t.v = v;
  return t;
}

static CxStrs random_strs(Maker *m) {
  CxStrs s = {.n = (int32_t)random_below(m->r, 3)};
  const char **v = arena_alloc(&m->arena, 4 * sizeof *v);
  for (int i = 0; v && i < s.n; i++) v[i] = random_string(m);
  s.v = v;
  return s;
}

static CxGraphs random_graphs(Maker *m) { /* of the same types */
  CxGraphs x = {.n = 1 + (int32_t)random_below(m->r, 3)};
  CxGraph **v = arena_alloc(&m->arena, 4 * sizeof *v);
  const CxType *out = m->nin ? m->types[m->nin - 1] : random_type(m->r, false);
  uint32_t skip = m->nin > 0; /* cond: the first operand chooses */
  for (int i = 0; v && i < x.n; i++) v[i] = region(m, m->nin - skip, m->types + skip, 1, &out);
  x.v = v;
  return x;
}

static void random_field(Maker *m, const CxField *f, void *to) {
  CxRandom *r = m->r;
  int rank = rank_of(m, 0);
  switch (f->kind) {
    case CX_FIELD_INT: *(int64_t *)to = chance(r, 70) ? (int64_t)random_below(r, rank ? (uint32_t)rank : 1) : chance(r, 80) ? (int64_t)random_below(r, 5) - 1 : (int64_t)random_next(r); return;
    case CX_FIELD_BOOL: *(bool *)to = chance(r, 50); return;
    case CX_FIELD_FLOAT: *(double *)to = random_double(r); return;
    case CX_FIELD_DTYPE: *(CxDtype *)to = m->nin && chance(r, 40) ? m->types[0]->dtype : chance(r, 80) ? random_dtype(r) : CX_NO_DTYPE; return;
    case CX_FIELD_ENUM: {
      uint32_t n = 0;
      while (f->names[n]) n++;
      *(int32_t *)to = (int32_t)random_below(r, n);
      return;
    }
    case CX_FIELD_INTS: *(CxInts *)to = random_ints(m, f); return;
    case CX_FIELD_DIMS:
      for (int i = 0; i < f->group; i++) ((CxInts *)to)[i] = chance(r, 50) ? (CxInts){.v = (int64_t[]){0}} : subset(m, rank);
      for (int i = 0; i < f->group; i++)
        if (!((CxInts *)to)[i].n) ((CxInts *)to)[i] = list_of(m, 0);
      return;
    case CX_FIELD_STR: *(const char **)to = chance(r, 80) ? random_string(m) : NULL; return;
    case CX_FIELD_STRS: *(CxStrs *)to = random_strs(m); return;
    case CX_FIELD_GRAPH: *(CxGraph **)to = region(m, m->nin, m->types, 1 + random_below(r, 2), NULL); return;
    case CX_FIELD_GRAPHS: *(CxGraphs *)to = random_graphs(m); return;
    case CX_FIELD_TYPES: *(CxTypes *)to = random_types(m); return;
    case CX_FIELD_NUMBER: *(CxNumber *)to = random_number(r); return;
    case CX_FIELD_FN:
    case CX_FIELD_END: return;
  }
}

/* ---- recipes ---- */

static void *field(const CxOp *def, void *attrs, const char *name) {
  for (const CxField *f = def->fields; f && f->name; f++)
    if (!strcmp(f->name, name)) return (char *)attrs + f->offset;
  return NULL;
}

static void put_ints(const CxOp *def, void *attrs, const char *name, CxInts x) {
  CxInts *to = field(def, attrs, name);
  if (to) *to = x;
}

static void dot_recipe(Maker *m, const CxOp *def, void *attrs) { /* operands alike: axis k of both contracted, another batched */
  CxInts *d = field(def, attrs, "dimension_numbers");
  set_operand(m, 1, var_of(m, m->types[0]));
  CxInts p = permutation(m, m->types[0]->rank);
  int n = p.n, contract = n ? (int)random_below(m->r, (uint32_t)n + 1) : 0, batch = n - contract ? (int)random_below(m->r, (uint32_t)(n - contract)) : 0;
  d[0] = d[1] = (CxInts){.v = p.v, .n = contract};
  d[2] = d[3] = (CxInts){.v = p.v + contract, .n = batch};
}

static void conv_recipe(Maker *m, const CxOp *def, void *attrs) { /* two spatial axes in the order of the axes */
  CxInts *d = field(def, attrs, "dimension_numbers");
  CxDtype dtype = chance(m->r, 60) ? CX_F32 : random_dtype(m->r);
  int64_t lhs[] = {2, 3, 4, 4}, rhs[] = {2, 3, 2, 2};
  set_operand(m, 0, var_of(m, cx_type(dtype, 4, lhs, false)));
  set_operand(m, 1, var_of(m, cx_type(dtype, 4, rhs, false)));
  for (int i = 0; i < 3; i++) {
    d[i] = list_of(m, 4);
    for (int k = 0; k < 4; k++) set(d[i], k, k);
  }
  put_ints(def, attrs, "window_strides", smalls(m, 2, 1, 2));
  put_ints(def, attrs, "lhs_dilation", smalls(m, 2, 1, 2));
  put_ints(def, attrs, "rhs_dilation", smalls(m, 2, 1, 2));
  put_ints(def, attrs, "padding", smalls(m, 4, 0, 2));
  *(int64_t *)field(def, attrs, "feature_group_count") = 1;
  *(int64_t *)field(def, attrs, "batch_group_count") = 1;
  *(int32_t *)field(def, attrs, "precision") = 0;
  *(CxDtype *)field(def, attrs, "preferred_element_type") = CX_NO_DTYPE;
}

static void window_recipe(Maker *m, const CxOp *def, void *attrs) {
  int rank = m->types[0]->rank;
  put_ints(def, attrs, "window_dimensions", smalls(m, rank, 1, 2));
  put_ints(def, attrs, "window_strides", smalls(m, rank, 1, 2));
  put_ints(def, attrs, "window_dilation", smalls(m, rank, 1, 2));
  put_ints(def, attrs, "base_dilation", smalls(m, rank, 1, 2));
  put_ints(def, attrs, "padding", smalls(m, 2 * rank, 0, 2));
  const CxType *scalar = cx_type_scalar(m->types[0]->dtype, false), *in[2] = {scalar, scalar};
  CxGraph **jaxpr = field(def, attrs, "jaxpr");
  if (jaxpr) *jaxpr = region(m, 2, in, 1, in);
  for (uint32_t i = 1; jaxpr && i < m->nin; i++) set_operand(m, i, var_of(m, scalar));
}

static void reduce_recipe(Maker *m, const CxOp *def, void *attrs) {
  const CxType *scalar = cx_type_scalar(m->types[0]->dtype, false), *in[2] = {scalar, scalar};
  set_operand(m, 1, var_of(m, scalar));
  m->nin = 2;
  *(CxGraph **)field(def, attrs, "jaxpr") = region(m, 2, in, 1, in);
  put_ints(def, attrs, "dimensions", subset(m, m->types[0]->rank));
}

static void gather_recipe(Maker *m, const CxOp *def, void *attrs) { /* rows of axis 0 */
  CxInts *d = field(def, attrs, "dimension_numbers");
  int rank = m->types[0]->rank;
  int64_t dims[] = {1 + random_below(m->r, 3), 1};
  set_operand(m, 1, var_of(m, cx_type(chance(m->r, 80) ? CX_I32 : random_dtype(m->r), 2, dims, false)));
  for (int i = 0; i < 5; i++) d[i] = list_of(m, 0);
  d[1] = smalls(m, 1, 0, 0);
  d[2] = smalls(m, 1, 0, 0);
  d[0] = list_of(m, rank - 1);
  for (int i = 0; i < rank - 1; i++) set(d[0], i, i + 1);
  CxInts sizes = dims_of(m, m->types[0]);
  if (sizes.n) set(sizes, 0, 1);
  put_ints(def, attrs, "slice_sizes", sizes);
  if (def != cx_ops[CX_OP_GATHER]) { /* scatter: updates of the shape that such a gather gives */
    int64_t up[5] = {dims[0]};
    for (int i = 1; i < rank; i++) up[i] = m->types[0]->dims[i];
    set_operand(m, 2, var_of(m, cx_type(m->types[0]->dtype, rank < 1 ? 1 : rank, up, false)));
  }
}

static void index_recipe(Maker *m, const CxOp *def, void *attrs) { /* dynamic_slice, dynamic_update_slice */
  bool update = def == cx_ops[CX_OP_DYNAMIC_UPDATE_SLICE];
  uint32_t first = update ? 2 : 1;
  int rank = m->types[0]->rank;
  if (update) set_operand(m, 1, var_of(m, m->types[0]));
  for (int i = 0; i < rank && first + (uint32_t)i < 8; i++) set_operand(m, first + (uint32_t)i, var_of(m, cx_type_scalar(CX_I32, false)));
  m->nin = first + (uint32_t)rank;
  put_ints(def, attrs, "slice_sizes", dims_of(m, m->types[0]));
}

static void slice_recipe(Maker *m, const CxOp *def, void *attrs) {
  const CxType *t = m->types[0];
  CxInts start = list_of(m, t->rank), limit = list_of(m, t->rank);
  for (int i = 0; i < t->rank; i++) {
    set(start, i, random_below(m->r, (uint32_t)t->dims[i] + 1));
    set(limit, i, start.v[i] + (int64_t)random_below(m->r, (uint32_t)(t->dims[i] - start.v[i]) + 1));
  }
  put_ints(def, attrs, "start_indices", start);
  put_ints(def, attrs, "limit_indices", limit);
  put_ints(def, attrs, "strides", chance(m->r, 50) ? (CxInts){.none = true} : smalls(m, t->rank, 1, 2));
}

static void concatenate_recipe(Maker *m, const CxOp *def, void *attrs) {
  (void)def, (void)attrs;
  if (!m->nin) set_operand(m, m->nin++, any_var(m));
  for (uint32_t i = 1; i < m->nin; i++) set_operand(m, i, var_of(m, m->types[0]));
}

static void carry_recipe(Maker *m, const CxOp *def, void *attrs) { /* scan and while: constants, then what is carried */
  CxGraph **jaxpr = field(def, attrs, "jaxpr"), **body = field(def, attrs, "body_jaxpr"), **cond = field(def, attrs, "cond_jaxpr");
  static const char *const zeros[] = {"num_consts", "cond_nconsts", "body_nconsts"};
  const CxType *truth = cx_type_scalar(CX_BOOL, false);
  for (int i = 0; i < 3; i++)
    if (field(def, attrs, zeros[i])) *(int64_t *)field(def, attrs, zeros[i]) = 0;
  uint32_t consts = chance(m->r, 50) ? random_below(m->r, m->nin) : 0, carry = m->nin - consts;
  if (field(def, attrs, "num_consts")) *(int64_t *)field(def, attrs, "num_consts") = consts;
  if (field(def, attrs, "body_nconsts")) *(int64_t *)field(def, attrs, "body_nconsts") = consts;
  if (field(def, attrs, "num_carry")) *(int64_t *)field(def, attrs, "num_carry") = carry;
  if (field(def, attrs, "length")) *(int64_t *)field(def, attrs, "length") = random_below(m->r, 4);
  if (field(def, attrs, "unroll")) *(int64_t *)field(def, attrs, "unroll") = 1;
  if (jaxpr) *jaxpr = region(m, m->nin, m->types, carry, m->types + consts);
  if (body) *body = region(m, m->nin, m->types, carry, m->types + consts);
  if (cond) *cond = region(m, carry, m->types + consts, 1, &truth);
}

static void cond_recipe(Maker *m, const CxOp *def, void *attrs) {
  if (!m->nin) m->nin = 1;
  set_operand(m, 0, var_of(m, cx_type_scalar(CX_I32, false)));
  *(CxGraphs *)field(def, attrs, "branches") = random_graphs(m);
}

typedef void Recipe(Maker *m, const CxOp *def, void *attrs);
static const struct {
  CxOpcode op;
  Recipe *make;
} recipes[] = {
    {CX_OP_DOT_GENERAL, dot_recipe},      {CX_OP_CONV_GENERAL_DILATED, conv_recipe}, {CX_OP_REDUCE_WINDOW, window_recipe},
    {CX_OP_REDUCE_WINDOW_SUM, window_recipe}, {CX_OP_REDUCE_WINDOW_MAX, window_recipe}, {CX_OP_REDUCE_WINDOW_MIN, window_recipe},
    {CX_OP_SELECT_AND_GATHER_ADD, window_recipe}, {CX_OP_REDUCE, reduce_recipe}, {CX_OP_GATHER, gather_recipe},
    {CX_OP_SCATTER, gather_recipe},       {CX_OP_SCATTER_ADD, gather_recipe},        {CX_OP_SCATTER_SUB, gather_recipe},
    {CX_OP_SCATTER_MUL, gather_recipe},   {CX_OP_SCATTER_MIN, gather_recipe},        {CX_OP_SCATTER_MAX, gather_recipe},
    {CX_OP_DYNAMIC_SLICE, index_recipe},  {CX_OP_DYNAMIC_UPDATE_SLICE, index_recipe}, {CX_OP_SLICE, slice_recipe},
    {CX_OP_CONCATENATE, concatenate_recipe}, {CX_OP_SCAN, carry_recipe},             {CX_OP_WHILE, carry_recipe},
    {CX_OP_COND, cond_recipe},
};

static void cook(Maker *m, CxOpcode op, void *attrs) {
  if (!m->nin && cx_ops[op]->nin < 0 && chance(m->r, 80)) set_operand(m, m->nin++, any_var(m));
  for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
    if (recipes[i].op == op && m->nin && m->types[0]->rank <= 4 && chance(m->r, 90)) recipes[i].make(m, cx_ops[op], attrs);
}

/* ---- equations ---- */

enum { RESULTS_MAX = 64 };

static bool holds(const CxOp *def, CxFieldKind a, CxFieldKind b) {
  for (const CxField *f = def->fields; f && f->name; f++)
    if (f->kind == a || f->kind == b) return true;
  return false;
}

static bool append(Maker *m, CxOpcode op, const void *attrs) {
  const CxType *out[RESULTS_MAX];
  CxVar vars[RESULTS_MAX];
  CxApp a = {.op = op, .def = cx_ops[op], .attrs = attrs, .nin = m->nin, .types = m->types};
  a.nout = op_nout(op, m->nin, attrs);
  if (a.def->nin < 0 && m->nin < (uint32_t)(-1 - a.def->nin)) return false;
  if (a.nout > RESULTS_MAX || cx_failed() || !a.def->type(&a, out)) return false;
  for (uint32_t i = 0; i < a.nout; i++) {
    if (out[i]->size > 4096) return false;
    if (chance(m->r, 3)) out[i] = NULL; /* dropped */
  }
  return graph_eqn(m->g, op, m->nin, m->in, attrs, a.nout, out, vars, (CxWhere){0});
}

static bool try_eqn(Maker *m, CxOpcode op) {
  const CxOp *def = cx_ops[op];
  char *attrs = def->fields ? arena_alloc(&m->arena, def->attrs_bytes) : NULL;
  uint32_t consts = m->g->consts.n;
  random_operands(m, def);
  for (const CxField *f = def->fields; f && f->name; f++) random_field(m, f, attrs + f->offset);
  if (attrs) cook(m, op, attrs);
  bool ok = m->nin <= 8 && !cx_failed() && append(m, op, attrs);
  if (ok && chance(m->r, 10)) m->g->eqns.v[m->g->eqns.n - 1].name_stack = arena_string(&m->g->arena, "jvp(f)/\"g\"");
  cx_error_clear();
  arena_free(&m->arena);
  while (m->made.n) cx_graph_release(m->made.v[--m->made.n]);
  while (!ok && m->g->consts.n > consts) { /* constants made for nothing */
    CxConst c = m->g->consts.v[--m->g->consts.n];
    m->g->types.v[c.var] = NULL;
    cx_release(c.value);
  }
  return ok;
}

static bool random_eqn(Maker *m, CxOpcode only) {
  for (int tries = 0; tries < (only ? 400 : 60); tries++) {
    CxOpcode op = only ? only : (CxOpcode)(1 + random_below(m->r, CX_OP_COUNT - 1));
    if (!cx_ops[op] || holds(cx_ops[op], CX_FIELD_FN, CX_FIELD_FN)) continue;
    if (m->depth <= 0 && holds(cx_ops[op], CX_FIELD_GRAPH, CX_FIELD_GRAPHS)) continue;
    if (try_eqn(m, op)) return true;
  }
  return false;
}

/* ---- graphs ---- */

static void sweep(CxGraph *g) { /* variables of abandoned constants leave holes: renumber is not needed, but every hole needs a type */
  const CxType *any = cx_type_scalar(CX_F32, false);
  for (uint32_t i = 1; i < g->types.n; i++)
    if (!g->types.v[i]) g->types.v[i] = any;
}

static CxGraph *finish(Maker *m, uint32_t nout, const CxType *const *out_types) {
  for (uint32_t i = 0; i < nout; i++) graph_output(m->g, out_types ? var_of(m, out_types[i]) : any_var(m));
  sweep(m->g);
  arena_free(&m->arena);
  vec_free(&m->made);
  cx_error_clear();
  return m->g;
}

CxGraph *random_region(CxRandom *r, uint32_t nin, const CxType *const *in, uint32_t nout, const CxType *const *out_types, int depth) {
  Maker m = {.r = r, .g = graph_new(chance(r, 50) ? "body" : NULL), .depth = depth};
  if (!m.g) return NULL;
  for (uint32_t i = 0; i < nin; i++) graph_input(m.g, in[i]);
  for (uint32_t i = random_below(r, 4); i-- > 0;) random_eqn(&m, CX_OP_NONE);
  return finish(&m, nout, out_types);
}

CxGraph *random_graph(CxRandom *r, const RandomGraphOptions *options) {
  RandomGraphOptions o = options ? *options : (RandomGraphOptions){0};
  Maker m = {.r = r, .g = graph_new(chance(r, 80) ? "f" : NULL), .depth = o.depth};
  if (!m.g) return NULL;
  for (uint32_t i = 1 + random_below(r, 5); i-- > 0;) graph_input(m.g, random_type(r, o.floats_only));
  if (chance(r, 50)) random_const(&m, random_type(r, o.floats_only));
  for (uint32_t i = 0, n = o.eqns ? o.eqns : 12; i < n; i++) random_eqn(&m, o.only);
  return finish(&m, 1 + random_below(r, 3), NULL);
}
