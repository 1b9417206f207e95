/* Discrete Fourier transforms over the last axes. They are linear; the transposes of the real ones weigh the half spectrum by how often an
 * element counts in the whole. */
#include "kernels/fft.h"
#include "op/attrs.h"
#include "op/matrix.h"
#include <cuirax/linalg.h>

static bool lengths_match(const CxFftAttrs *f, const CxType *t, int count, const char *name) {
  char text[256];
  int first = t->rank - f->fft_lengths.n;
  for (int i = 0; i < count; i++)
    FAIL_IF(t->dims[first + i] != f->fft_lengths.v[i], CX_ERR_VALUE, "%s input shape %s minor dimensions must be equal to fft_lengths", name,
            dims_text(t->dims, t->rank, text, sizeof text));
  return true;
}

static bool fft_type(const CxApp *a, const CxType **out) {
  const CxFftAttrs *f = a->attrs;
  const CxType *t = a->types[0];
  int n = f->fft_lengths.n, type = (int)f->fft_type;
  int64_t dims[CX_MAX_RANK];
  char text[256];
  FAIL_IF(f->fft_type < 0 || f->fft_type > 3, CX_ERR_VALUE, "Unknown FFT type");
  FAIL_IF(n < 1 || n > t->rank, CX_ERR_VALUE, "FFT input shape %s must have at least as many input dimensions as fft_lengths.", dims_text(t->dims, t->rank, text, sizeof text));
  for (int i = 0; i < n; i++) FAIL_IF(f->fft_lengths.v[i] < 0, CX_ERR_VALUE, "fft_lengths must not be negative, got %lld", (long long)f->fft_lengths.v[i]);
  memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
  int64_t *last = &dims[t->rank - 1], length = f->fft_lengths.v[n - 1];
  if (type == CX_RFFT) {
    FAIL_IF(t->dtype != CX_F32 && t->dtype != CX_F64, CX_ERR_VALUE, "RFFT input must be float32 or float64, got %s", cx_dtype_name(t->dtype));
    TRY(lengths_match(f, t, n, "RFFT"));
    *last = length / 2 + 1;
    return (out[0] = cx_type(mat_complex(t->dtype), t->rank, dims, t->weak)) != NULL;
  }
  FAIL_IF(t->dtype != CX_C64 && t->dtype != CX_C128, CX_ERR_VALUE, "%s input must be complex64 or complex128, got %s", type == CX_IRFFT ? "IRFFT" : "FFT", cx_dtype_name(t->dtype));
  TRY(lengths_match(f, t, type == CX_IRFFT ? n - 1 : n, type == CX_IRFFT ? "IRFFT" : "FFT"));
  if (type != CX_IRFFT) return out[0] = t, true;
  FAIL_IF(*last < length / 2 + 1, CX_ERR_VALUE, "IRFFT input shape %s must hold fft_lengths[-1] / 2 + 1 elements along its last axis", dims_text(t->dims, t->rank, text, sizeof text));
  *last = length;
  return (out[0] = cx_type(mat_real(t->dtype), t->rank, dims, t->weak)) != NULL;
}

static bool fft_exec(const CxApp *a, const CxType *const *types, CxVal *out) {
  const CxFftAttrs *f = a->attrs;
  TRY(exec_alloc(a, types, out));
  CxView in = node_view(a->in[0]), to = node_view(out[0]);
  return kernel_fft((CxFftType)f->fft_type, f->fft_lengths.n, &in, &to);
}

/* 1 for the first element and (even length) the last of half a spectrum, 2 for those that stand for two, along the last axis of x */
static CxVal weights(CxVal x, int64_t length) {
  int64_t n = mat_n(x->type), dims[CX_MAX_RANK];
  for (int i = 0; i < x->type->rank; i++) dims[i] = i == x->type->rank - 1 ? n : 1;
  CxVal at = cx_iota(CX_I32, x->type->rank, dims, x->type->rank - 1);
  CxVal single = cx_eq(at, cx_scalar_i64(CX_I32, 0));
  if (length % 2 == 0) single = cx_or(single, cx_eq(at, cx_scalar_i64(CX_I32, length / 2)));
  if (!single) return NULL;
  const CxType *t = cx_type(x->type->dtype, x->type->rank, dims, false);
  return cx_select(single, cx_full(t, 1), cx_full(t, 2));
}

static void fft_transpose(const CxApp *a, const CxVal *ct, CxVal *ct_in) {
  const CxFftAttrs *f = a->attrs;
  CxVal c = ct[0];
  double count = 1;
  if (!c) return;
  for (int i = 0; i < f->fft_lengths.n; i++) count *= (double)f->fft_lengths.v[i];
  int64_t length = f->fft_lengths.v[f->fft_lengths.n - 1];
  if (f->fft_type == CX_RFFT) {
    CxVal x = cx_fft(cx_div(cx_conj(c), weights(c, length)), CX_IRFFT, f->fft_lengths);
    ct_in[0] = x ? cx_mul(x, cx_like(x, count)) : NULL;
  } else if (f->fft_type == CX_IRFFT) {
    CxVal x = cx_fft(c, CX_RFFT, f->fft_lengths);
    x = x ? cx_conj(cx_mul(cx_mul(weights(x, length), cx_like(x, 1 / count)), x)) : NULL;
    int64_t more = x ? mat_n(a->types[0]) - mat_n(x->type) : 0; /* elements that were not read */
    ct_in[0] = more > 0 && x->type->rank > 1 ? mat_pad(x, 0, 0, 0, more) : x;
  } else ct_in[0] = cx_fft(c, (int)f->fft_type, f->fft_lengths);
}

static void fft_batch(const CxApp *a, const int *axis, int64_t size, CxVal *out, int *out_axis) {
  (void)size;
  out[0] = cx_bind1(CX_OP_FFT, (CxVal[]){cx_move_axis(a->in[0], axis[0], 0)}, 1, a->attrs);
  out_axis[0] = 0;
}

static const CxField fft_fields[] = {CX_FIELD(CxFftAttrs, fft_lengths, INTS, 0, NULL), CX_FIELD(CxFftAttrs, fft_type, INT, 0, NULL), CX_FIELDS_END};
const CxOp cx_op_FFT = {.name = "fft", .doc = "X_k = sum over j of x_j exp(-2 pi i j k / n) along the last axes; inverse (1, 3) with + and 1 / n; real to half spectrum (2) and back (3)",
                        .nin = 1, .nout = 1, .flags = CX_OP_LINEAR, .fields = fft_fields, .attrs_bytes = sizeof(CxFftAttrs), .type = fft_type, .exec = fft_exec,
                        .jvp = rule_jvp_linear_first, .transpose = fft_transpose, .batch = fft_batch, .partial = rule_partial_default, .fold = rule_nofold};

CxVal cx_fft(CxVal x, int type, CxInts lengths) { return cx_bind1(CX_OP_FFT, &x, 1, &(CxFftAttrs){lengths, type}); }
