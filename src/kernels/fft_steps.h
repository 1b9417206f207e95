/* The loops of fft_loops.h for FFT_TYPE. Each butterfly is written once, for one q; the compiler widens the loops over q (or over p, when s is 1). */

#define R FFT_TYPE
#define IN const R *restrict xr, const R *restrict xi
#define OUT R *restrict yr, R *restrict yi
#define PUT(k, re, im)                                                             \
  do {                                                                              \
    R re_ = (re), im_ = (im);                                                       \
    yr[o + (k) * s] = re_ * wr[(k) - 1] - im_ * wi[(k) - 1], yi[o + (k) * s] = re_ * wi[(k) - 1] + im_ * wr[(k) - 1]; \
  } while (0)

static inline __attribute__((always_inline)) void LOCAL(butterfly2)(int64_t s, int64_t i, int64_t d, int64_t o, const R *wr, const R *wi, IN, OUT) {
  R ar = xr[i], ai = xi[i], br = xr[i + d], bi = xi[i + d];
  yr[o] = ar + br, yi[o] = ai + bi;
  PUT(1, ar - br, ai - bi);
}

static inline __attribute__((always_inline)) void LOCAL(butterfly3)(int64_t s, int64_t i, int64_t d, int64_t o, const R *wr, const R *wi, IN, OUT) {
  const R c = (R)-0.5, h = (R)0.86602540378443864676;
  R ar = xr[i], ai = xi[i], br = xr[i + d], bi = xi[i + d], cr = xr[i + 2 * d], ci = xi[i + 2 * d];
  R tr = br + cr, ti = bi + ci, ur = ar + c * tr, ui = ai + c * ti, vr = h * (bi - ci), vi = h * (cr - br);
  yr[o] = ar + tr, yi[o] = ai + ti;
  PUT(1, ur + vr, ui + vi);
  PUT(2, ur - vr, ui - vi);
}

static inline __attribute__((always_inline)) void LOCAL(butterfly4)(int64_t s, int64_t i, int64_t d, int64_t o, const R *wr, const R *wi, IN, OUT) {
  R ar = xr[i], ai = xi[i], br = xr[i + d], bi = xi[i + d], cr = xr[i + 2 * d], ci = xi[i + 2 * d], dr = xr[i + 3 * d], di = xi[i + 3 * d];
  R pr = ar + cr, pi = ai + ci, mr = ar - cr, mi = ai - ci, qr = br + dr, qi = bi + di, nr = bi - di, ni = dr - br; /* n = -i (b - d) */
  yr[o] = pr + qr, yi[o] = pi + qi;
  PUT(1, mr + nr, mi + ni);
  PUT(2, pr - qr, pi - qi);
  PUT(3, mr - nr, mi - ni);
}

static inline __attribute__((always_inline)) void LOCAL(butterfly5)(int64_t s, int64_t i, int64_t d, int64_t o, const R *wr, const R *wi, IN, OUT) {
  const R c1 = (R)0.30901699437494742410, c2 = (R)-0.80901699437494742410, h1 = (R)0.95105651629515357212, h2 = (R)0.58778525229247312917;
  R ar = xr[i], ai = xi[i], br = xr[i + d], bi = xi[i + d], cr = xr[i + 2 * d], ci = xi[i + 2 * d], dr = xr[i + 3 * d], di = xi[i + 3 * d], er = xr[i + 4 * d],
    ei = xi[i + 4 * d];
  R pr = br + er, pi = bi + ei, qr = cr + dr, qi = ci + di, mr = br - er, mi = bi - ei, nr = cr - dr, ni = ci - di;
  R ur = ar + c1 * pr + c2 * qr, ui = ai + c1 * pi + c2 * qi, vr = ar + c2 * pr + c1 * qr, vi = ai + c2 * pi + c1 * qi;
  R fr = h1 * mi + h2 * ni, fi = -(h1 * mr + h2 * nr), gr = h2 * mi - h1 * ni, gi = h1 * nr - h2 * mr;
  yr[o] = ar + pr + qr, yi[o] = ai + pi + qi;
  PUT(1, ur + fr, ui + fi);
  PUT(2, vr + gr, vi + gi);
  PUT(3, vr - gr, vi - gi);
  PUT(4, ur - fr, ui - fi);
}

#define STEP(radix)                                                                                                              \
  static void LOCAL(step##radix)(int64_t m, int64_t s, const R *twr, const R *twi, IN, OUT) {                                    \
    if (s == 1) {                                                                                                                 \
      for (int64_t p = 0; p < m; p++) {                                                                                           \
        R wr[radix], wi[radix];                                                                                                   \
        for (int k = 0; k < radix - 1; k++) wr[k] = twr[k * m + p], wi[k] = twi[k * m + p];                                        \
        LOCAL(butterfly##radix)(1, p, m, radix * p, wr, wi, xr, xi, yr, yi);                                                       \
      }                                                                                                                           \
      return;                                                                                                                     \
    }                                                                                                                             \
    for (int64_t p = 0; p < m; p++) {                                                                                             \
      R wr[radix], wi[radix];                                                                                                     \
      for (int k = 0; k < radix - 1; k++) wr[k] = twr[k * m + p], wi[k] = twi[k * m + p];                                          \
      for (int64_t q = 0; q < s; q++) LOCAL(butterfly##radix)(s, q + s * p, s * m, q + s * radix * p, wr, wi, xr, xi, yr, yi);      \
    }                                                                                                                             \
  }
STEP(2)
STEP(3)
STEP(4)
STEP(5)
#undef STEP

/* Any radix: radix^2 products. The roots of unity are the twiddles' of the last step, kept behind them. */
static void LOCAL(step_any)(int64_t radix, int64_t m, int64_t s, const R *twr, const R *twi, IN, OUT) {
  const R *rootr = twr + (radix - 1) * m, *rooti = twi + (radix - 1) * m;
  for (int64_t p = 0; p < m; p++)
    for (int64_t k = 0; k < radix; k++) {
      R wr = k ? twr[(k - 1) * m + p] : 1, wi = k ? twi[(k - 1) * m + p] : 0;
      R *restrict to_r = yr + s * (radix * p + k), *restrict to_i = yi + s * (radix * p + k);
      for (int64_t q = 0; q < s; q++) to_r[q] = 0, to_i[q] = 0;
      for (int64_t j = 0; j < radix; j++) {
        R cr = rootr[j * k % radix], ci = rooti[j * k % radix], er = cr * wr - ci * wi, ei = cr * wi + ci * wr;
        const R *fr = xr + s * (p + m * j), *fi = xi + s * (p + m * j);
        for (int64_t q = 0; q < s; q++) to_r[q] += fr[q] * er - fi[q] * ei, to_i[q] += fr[q] * ei + fi[q] * er;
      }
    }
}

static void LOCAL(fft_step)(const FftStep *p, int64_t s, const void *xr, const void *xi, void *yr, void *yi) {
  switch (p->radix) {
  case 2: LOCAL(step2)(p->m, s, p->re, p->im, xr, xi, yr, yi); break;
  case 3: LOCAL(step3)(p->m, s, p->re, p->im, xr, xi, yr, yi); break;
  case 4: LOCAL(step4)(p->m, s, p->re, p->im, xr, xi, yr, yi); break;
  case 5: LOCAL(step5)(p->m, s, p->re, p->im, xr, xi, yr, yi); break;
  default: LOCAL(step_any)(p->radix, p->m, s, p->re, p->im, xr, xi, yr, yi);
  }
}

static void LOCAL(fft_multiply)(int64_t n, void *to_r, void *to_i, const void *w_r, const void *w_i, const void *a_r, const void *a_i) {
  R *xr = to_r, *xi = to_i;
  const R *wr = w_r, *wi = w_i, *ar = a_r, *ai = a_i;
  for (int64_t j = 0; j < n; j++) {
    R re = ar[j] * wr[j] - ai[j] * wi[j], im = ar[j] * wi[j] + ai[j] * wr[j];
    xr[j] = re, xi[j] = im;
  }
}
#undef R
#undef IN
#undef OUT
#undef PUT
