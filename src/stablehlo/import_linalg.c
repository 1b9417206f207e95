/* Factorizations and Fourier transforms: StableHLO's own operations, and the LAPACK calls that JAX makes on the CPU. A factorization that
 * fails gives NaN here, so the status results of the calls are always 0. */
#include "stablehlo/import_rules.h"

#include "base/error.h"
#include <cuirax/linalg.h>
#include <string.h>

static CxVal adjoint(CxVal x) { /* of the last two axes */
  if (!x) return NULL;
  if (cx_dtype_kind(x->type->dtype) == 'c') x = cx_conj(x);
  return x ? cx_move_axis(x, x->type->rank - 1, x->type->rank - 2) : NULL;
}

static bool is_matrix(const HloOp *op, CxVal x) { return x->type->rank >= 2 || hlo_wrong(op, "the operands must be matrices"); }

static CxVal cholesky(CxVal x, bool lower) { return lower ? cx_cholesky(x) : adjoint(cx_cholesky(adjoint(x))); }

bool rule_cholesky(Import *im, const HloOp *op, CxVal *out) {
  CxVal x = operand(im, op, 0);
  return is_matrix(op, x) && (out[0] = cholesky(x, attr_flag(op, "lower")));
}

bool rule_triangular_solve(Import *im, const HloOp *op, CxVal *out) {
  const char *t = attr_text(op, "transpose_a");
  CxVal a = operand(im, op, 0), b = operand(im, op, 1);
  bool adjoint_a = t && !strcmp(t, "ADJOINT");
  CxTriangularSolve how = {.left_side = attr_flag(op, "left_side"), .lower = attr_flag(op, "lower"), .unit_diagonal = attr_flag(op, "unit_diagonal"),
                           .transpose_a = adjoint_a || (t && !strcmp(t, "TRANSPOSE")), .conjugate_a = adjoint_a};
  return is_matrix(op, a) && is_matrix(op, b) && (out[0] = cx_triangular_solve(a, b, how));
}

bool rule_fft(Import *im, const HloOp *op, CxVal *out) {
  static const char *const types[4] = {"FFT", "IFFT", "RFFT", "IRFFT"};
  const char *t = attr_text(op, "fft_type");
  CxInts lengths;
  int type = -1;
  TRY(attr_ints(im, op, "fft_length", &lengths));
  for (int i = 0; i < 4; i++)
    if (t && !strcmp(t, types[i])) type = i;
  if (type < 0) return hlo_wrong(op, "fft_type must be FFT, IFFT, RFFT or IRFFT");
  return (out[0] = cx_fft(operand(im, op, 0), type, lengths)) != NULL;
}

/* ---- LAPACK by name: lapack_ + a letter for the dtype + the routine + _ffi ---- */

typedef struct Call {
  Import *im;
  const HloOp *op;
  CxVal *in, *out;
} Call;

static char letter(const Call *c, const char *name) { /* an option such as uplo = 'L' */
  const HloAttr *a = op_attr(c->op, name);
  return a && a->kind == HLO_INT ? (char)a->i : 0;
}

/* Results from i on that are not computed. */
static bool zeros_from(const Call *c, uint32_t i) {
  for (; i < c->op->nout; i++) {
    const CxType *t = result_type(c->im, c->op, i);
    TRY(t && (c->out[i] = cx_zeros(t)));
  }
  return true;
}

static bool potrf(const Call *c) { return (c->out[0] = cholesky(c->in[0], letter(c, "uplo") == 'L')) && zeros_from(c, 1); }
static bool geqrf(const Call *c) { return cx_geqrf(c->in[0], c->out) && zeros_from(c, 2); }
static bool orgqr(const Call *c) { return (c->out[0] = cx_householder_product(c->in[0], c->in[1])) && zeros_from(c, 1); }

static bool getrf(const Call *c) { /* pivots count from 1 there */
  CxVal r[3];
  TRY(cx_lu(c->in[0], r));
  c->out[0] = r[0], c->out[1] = cx_add(r[1], cx_scalar_i64(CX_I32, 1));
  return c->out[1] && zeros_from(c, 2);
}

static bool trsm(const Call *c) {
  char t = letter(c, "trans_x");
  CxTriangularSolve how = {.left_side = letter(c, "side") == 'L', .lower = letter(c, "uplo") == 'L', .unit_diagonal = letter(c, "diag") == 'U',
                           .transpose_a = t == 'T' || t == 'C', .conjugate_a = t == 'C'};
  return (c->out[0] = cx_triangular_solve(c->in[0], c->in[1], how)) && zeros_from(c, 1);
}

static bool syevd(const Call *c) { return cx_eigh(c->in[0], letter(c, "uplo") == 'L', c->out) && zeros_from(c, 2); }

static bool svd_by(const Call *c, bool by_qr) { /* the operand, s, u, vt, status */
  char mode = letter(c, "mode");
  CxVal r[3];
  TRY(cx_svd(c->in[0], mode == 'A', mode != 'N', by_qr, r));
  c->out[0] = c->in[0], c->out[1] = r[0];
  if (mode == 'N') return zeros_from(c, 2);
  c->out[2] = r[1], c->out[3] = r[2];
  return zeros_from(c, 4);
}
static bool gesdd(const Call *c) { return svd_by(c, false); }
static bool gesvd(const Call *c) { return svd_by(c, true); }

static bool geev(const Call *c) { /* values (real ones in two parts), left vectors, right vectors, status */
  CxEig how = {.compute_left_eigenvectors = letter(c, "compute_left") == 'V', .compute_right_eigenvectors = letter(c, "compute_right") == 'V'};
  CxVal r[3], *vectors = r + 1;
  TRY(cx_eig(c->in[0], how, r));
  uint32_t at = 0;
  if (cx_dtype_kind(c->in[0]->type->dtype) == 'c') c->out[at++] = r[0];
  else c->out[at++] = cx_real(r[0]), c->out[at++] = cx_imag(r[0]);
  TRY(at + 2 < c->op->nout && zeros_from(c, at));
  if (how.compute_left_eigenvectors) c->out[at] = *vectors++;
  if (how.compute_right_eigenvectors) c->out[at + 1] = *vectors;
  return true;
}

typedef struct Routine {
  const char *name;
  uint32_t nin, nout; /* least number of results */
  bool (*build)(const Call *c);
} Routine;
static const Routine routines[] = {{"geev", 1, 4, geev}, {"geqrf", 1, 2, geqrf}, {"gesdd", 1, 5, gesdd}, {"gesvd", 1, 5, gesvd}, {"getrf", 1, 3, getrf},
                                   {"heevd", 1, 3, syevd}, {"orgqr", 2, 1, orgqr}, {"potrf", 1, 2, potrf}, {"syevd", 1, 3, syevd}, {"trsm", 2, 1, trsm},
                                   {"ungqr", 2, 1, orgqr}};

static const Routine *routine_of(const char *name) {
  if (!strcmp(name, "Qr")) name = "lapack_sgeqrf_ffi";
  if (!strcmp(name, "ProductOfElementaryHouseholderReflectors")) name = "lapack_sorgqr_ffi";
  size_t n = strlen(name);
  if (strncmp(name, "lapack_", 7) || n < 13 || strcmp(name + n - 4, "_ffi")) return NULL;
  for (size_t i = 0; i < sizeof routines / sizeof *routines; i++)
    if (strlen(routines[i].name) == n - 12 && !memcmp(routines[i].name, name + 8, n - 12)) return &routines[i];
  return NULL;
}

bool import_lapack(Import *im, const HloOp *op, const char *name, CxVal *out, bool *known) {
  const Routine *r = routine_of(name);
  Call c = {im, op, operands(im, op), out};
  *known = r != NULL;
  TRY(r && c.in);
  if (op->nin < r->nin || op->nout < r->nout) return hlo_wrong(op, "a LAPACK call has other numbers of operands or results than the routine");
  return is_matrix(op, c.in[0]) && r->build(&c);
}
