/* Elements into blocks and out of them, for the real type R. take: complex elements are parted (and exchanged, for inverses); a real line of even length
 * becomes a complex one of half the length. give: the reverse, scaled. */

static int64_t FN(start)(const Lines *l, int64_t outer, int64_t first, int64_t extent) { return outer * extent * l->inner + first; }

static void FN(take_complex)(const Lines *l, int64_t outer, int64_t first, int64_t s, R *xr, R *xi) {
  const R *in = (const R *)(const void *)l->in + 2 * FN(start)(l, outer, first, l->in_n);
  int64_t step = 2 * l->inner, line = l->inner == 1 ? 2 * l->in_n : 2;
  bool swap = l->type == CX_IFFT;
  R *a = swap ? xi : xr, *b = swap ? xr : xi;
  for (int64_t j = 0; j < l->n; j++)
    for (int64_t q = 0; q < s; q++) a[j * s + q] = in[j * step + q * line], b[j * s + q] = in[j * step + q * line + 1];
}

static void FN(take_real)(const Lines *l, int64_t outer, int64_t s, R *xr, R *xi) {
  const R *in = (const R *)(const void *)l->in + outer * l->in_n;
  bool packed = l->n % 2 == 0;
  int64_t n = packed ? l->n / 2 : l->n;
  for (int64_t q = 0; q < s; q++, in += l->in_n)
    for (int64_t j = 0; j < n; j++) xr[j * s + q] = packed ? in[2 * j] : in[j], xi[j * s + q] = packed ? in[2 * j + 1] : 0;
}

/* Half a spectrum: for even n, Z_k = (X_k + conj X_(h-k)) + i conj(w^k) (X_k - conj X_(h-k)), else the other half by symmetry; exchanged. */
static void FN(take_half)(const Lines *l, int64_t outer, int64_t s, R *xr, R *xi) {
  const R *in = (const R *)(const void *)l->in + 2 * outer * l->in_n, *wr = l->plan->root_re, *wi = l->plan->root_im;
  bool packed = l->n % 2 == 0;
  int64_t h = l->n / 2;
  for (int64_t q = 0; q < s; q++, in += 2 * l->in_n) {
    if (!packed) {
      for (int64_t k = 0; k < l->n; k++) {
        int64_t from = k <= h ? k : l->n - k;
        R re = in[2 * from], im = from ? in[2 * from + 1] : 0;
        xi[k * s + q] = re, xr[k * s + q] = k <= h ? im : -im;
      }
      continue;
    }
    for (int64_t k = 0; k < h; k++) {
      R ar = in[2 * k], ai = k ? in[2 * k + 1] : 0, br = in[2 * (h - k)], bi = k ? -in[2 * (h - k) + 1] : 0;
      R er = ar + br, ei = ai + bi, dr = ar - br, di = ai - bi, c = wr[k], d = -wi[k]; /* conj w */
      R fr = dr * c - di * d, fi = dr * d + di * c;
      xi[k * s + q] = er - fi, xr[k * s + q] = ei + fr;
    }
  }
}

static void FN(take)(const Lines *l, int64_t outer, int64_t first, int64_t s, void *xr, void *xi) {
  if (l->type == CX_RFFT) FN(take_real)(l, outer, s, xr, xi);
  else if (l->type == CX_IRFFT) FN(take_half)(l, outer, s, xr, xi);
  else FN(take_complex)(l, outer, first, s, xr, xi);
}

static void FN(give_complex)(const Lines *l, int64_t outer, int64_t first, int64_t s, const R *re, const R *im) {
  R *out = (R *)(void *)l->out + 2 * FN(start)(l, outer, first, l->out_n), by = (R)l->scale;
  int64_t step = 2 * l->inner, line = l->inner == 1 ? 2 * l->out_n : 2;
  bool swap = l->type == CX_IFFT;
  const R *a = swap ? im : re, *b = swap ? re : im;
  for (int64_t j = 0; j < l->n; j++)
    for (int64_t q = 0; q < s; q++) out[j * step + q * line] = a[j * s + q] * by, out[j * step + q * line + 1] = b[j * s + q] * by;
}

/* X_k = (Z_k + conj Z_(h-k)) / 2 - i w^k (Z_k - conj Z_(h-k)) / 2 */
static void FN(give_half)(const Lines *l, int64_t outer, int64_t s, const R *re, const R *im) {
  R *out = (R *)(void *)l->out + 2 * outer * l->out_n;
  const R *wr = l->plan->root_re, *wi = l->plan->root_im, half = (R)0.5;
  bool packed = l->n % 2 == 0;
  int64_t h = l->n / 2;
  for (int64_t q = 0; q < s; q++, out += 2 * l->out_n)
    for (int64_t k = 0; k <= h; k++) {
      if (!packed) {
        out[2 * k] = re[k * s + q], out[2 * k + 1] = k ? im[k * s + q] : 0;
        continue;
      }
      int64_t i = k == h ? 0 : k, j = k ? h - k : 0;
      R ar = re[i * s + q], ai = im[i * s + q], br = re[j * s + q], bi = -im[j * s + q];
      R er = half * (ar + br), ei = half * (ai + bi), dr = half * (ar - br), di = half * (ai - bi), fr = dr * wr[k] - di * wi[k], fi = dr * wi[k] + di * wr[k];
      out[2 * k] = er + fi, out[2 * k + 1] = k && k < h ? ei - fr : 0;
    }
}

static void FN(give_real)(const Lines *l, int64_t outer, int64_t s, const R *re, const R *im) { /* exchanged: the real part stands in im */
  R *out = (R *)(void *)l->out + outer * l->out_n, by = (R)l->scale;
  bool packed = l->n % 2 == 0;
  int64_t n = packed ? l->n / 2 : l->n;
  for (int64_t q = 0; q < s; q++, out += l->out_n)
    for (int64_t j = 0; j < n; j++) {
      if (packed) out[2 * j] = im[j * s + q] * by, out[2 * j + 1] = re[j * s + q] * by;
      else out[j] = im[j * s + q] * by;
    }
}

static void FN(give)(const Lines *l, int64_t outer, int64_t first, int64_t s, const void *re, const void *im) {
  if (l->type == CX_RFFT) FN(give_half)(l, outer, s, re, im);
  else if (l->type == CX_IRFFT) FN(give_real)(l, outer, s, re, im);
  else FN(give_complex)(l, outer, first, s, re, im);
}
