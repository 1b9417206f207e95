/* Factorizations of one row-major matrix by plain loops, included once per element type. They serve small matrices, and all matrices where
 * there is no LAPACK. T is the element, R its real type, FN(name) the name for this type, CPLX 0 or 1. */

#if CPLX
static inline R FN(re)(T x) { return (R)__real__ x; }
static inline R FN(im)(T x) { return (R)__imag__ x; }
static inline T FN(make)(R re, R im) {
  T z;
  __real__ z = re;
  __imag__ z = im;
  return z;
}
static inline T FN(conj)(T x) { return FN(make)(FN(re)(x), -FN(im)(x)); }
static inline T FN(mul)(T x, T y) { return FN(make)(FN(re)(x) * FN(re)(y) - FN(im)(x) * FN(im)(y), FN(re)(x) * FN(im)(y) + FN(im)(x) * FN(re)(y)); }
static inline R FN(abs1)(T x) { return RABS(FN(re)(x)) + RABS(FN(im)(x)); }
static inline R FN(abs2)(T x) { return FN(re)(x) * FN(re)(x) + FN(im)(x) * FN(im)(x); }
static inline R FN(abs)(T x) { return RHYPOT(FN(re)(x), FN(im)(x)); }
#else
static inline R FN(re)(T x) { return x; }
static inline R FN(im)(T x) { return (void)x, 0; }
static inline T FN(make)(R re, R im) { return (void)im, re; }
static inline T FN(conj)(T x) { return x; }
static inline T FN(mul)(T x, T y) { return x * y; }
static inline R FN(abs1)(T x) { return RABS(x); }
static inline R FN(abs2)(T x) { return x * x; }
static inline R FN(abs)(T x) { return RABS(x); }
#endif

static inline T FN(scale)(T x, R by) { return FN(make)(FN(re)(x) * by, CPLX ? FN(im)(x) * by : 0); }

/* A = L L^H from the lower triangle; false if A is not positive definite. */
static ALWAYS_INLINE bool FN(cholesky_n)(int64_t n, T *a) {
  for (int64_t j = 0; j < n; j++) {
    R d = FN(re)(a[j * n + j]);
    for (int64_t k = 0; k < j; k++) d -= FN(abs2)(a[j * n + k]);
    if (!(d > 0) || d > R_MAX) return false;
    R r = RSQRT(d);
    a[j * n + j] = FN(make)(r, 0);
    for (int64_t i = j + 1; i < n; i++) {
      T s = a[i * n + j];
      for (int64_t k = 0; k < j; k++) s -= FN(mul)(a[i * n + k], FN(conj)(a[j * n + k]));
      a[i * n + j] = FN(scale)(s, 1 / r);
    }
  }
  return true;
}
static bool FN(cholesky)(int64_t n, void *a) {
  switch (n) {
  case 2: return FN(cholesky_n)(2, a);
  case 3: return FN(cholesky_n)(3, a);
  case 4: return FN(cholesky_n)(4, a);
  default: return FN(cholesky_n)(n, a);
  }
}

/* P A = L U, rows exchanged by the greatest |re| + |im|; a zero column is left as it is. */
static ALWAYS_INLINE void FN(lu_n)(int64_t m, int64_t n, T *a, int32_t *pivots) {
  int64_t steps = m < n ? m : n;
  for (int64_t k = 0; k < steps; k++) {
    int64_t p = k;
    R best = FN(abs1)(a[k * n + k]);
    for (int64_t i = k + 1; i < m; i++) {
      R x = FN(abs1)(a[i * n + k]);
      if (x > best) best = x, p = i;
    }
    pivots[k] = (int32_t)p;
    if (best == 0) continue;
    if (p != k)
      for (int64_t j = 0; j < n; j++) {
        T t = a[k * n + j];
        a[k * n + j] = a[p * n + j];
        a[p * n + j] = t;
      }
    T d = a[k * n + k];
    for (int64_t i = k + 1; i < m; i++) {
      T l = a[i * n + k] / d;
      a[i * n + k] = l;
      for (int64_t j = k + 1; j < n; j++) a[i * n + j] -= FN(mul)(l, a[k * n + j]);
    }
  }
}
static void FN(lu)(int64_t m, int64_t n, void *a, int32_t *pivots) {
  if (m == 2 && n == 2) FN(lu_n)(2, 2, a, pivots);
  else if (m == 3 && n == 3) FN(lu_n)(3, 3, a, pivots);
  else if (m == 4 && n == 4) FN(lu_n)(4, 4, a, pivots);
  else FN(lu_n)(m, n, a, pivots);
}

/* element (i, j) of op(A) */
static inline T FN(op_at)(const T *a, int64_t n, int64_t i, int64_t j, bool trans, bool conj) {
  T x = trans ? a[j * n + i] : a[i * n + j];
  return conj ? FN(conj)(x) : x;
}

/* op(A) X = B in place, A n x n triangular, B n x k */
static ALWAYS_INLINE void FN(solve_left)(const T *a, int64_t n, int64_t k, T *b, bool lower, bool trans, bool conj, bool unit) {
  bool down = lower != trans;
  for (int64_t s = 0; s < n; s++) {
    int64_t i = down ? s : n - 1 - s;
    for (int64_t r = 0; r < s; r++) {
      int64_t j = down ? r : n - 1 - r;
      T e = FN(op_at)(a, n, i, j, trans, conj);
      for (int64_t c = 0; c < k; c++) b[i * k + c] -= FN(mul)(e, b[j * k + c]);
    }
    if (unit) continue;
    T d = FN(op_at)(a, n, i, i, trans, conj);
    for (int64_t c = 0; c < k; c++) b[i * k + c] = b[i * k + c] / d;
  }
}

/* X op(A) = B in place, A n x n triangular, B m x n */
static void FN(solve_right)(const T *a, int64_t m, int64_t n, T *b, bool lower, bool trans, bool conj, bool unit) {
  bool up = lower == trans; /* op(A) is upper: columns from the left */
  for (int64_t row = 0; row < m; row++, b += n)
    for (int64_t s = 0; s < n; s++) {
      int64_t j = up ? s : n - 1 - s;
      T x = b[j];
      for (int64_t r = 0; r < s; r++) {
        int64_t i = up ? r : n - 1 - r;
        x -= FN(mul)(b[i], FN(op_at)(a, n, i, j, trans, conj));
      }
      b[j] = unit ? x : x / FN(op_at)(a, n, j, j, trans, conj);
    }
}

static void FN(triangular)(const void *a, int64_t m, int64_t n, void *b, const CxTriangular *how) {
  if (how->left) FN(solve_left)(a, m, n, b, how->lower, how->transpose, how->conjugate, how->unit);
  else FN(solve_right)(a, m, n, b, how->lower, how->transpose, how->conjugate, how->unit);
}

/* A X = B, A^T X = B or A^H X = B from P A = L U; b: n x k, to: n x k. */
static ALWAYS_INLINE void FN(lu_solve_n)(int64_t n, int64_t k, const T *lu, const int32_t *perm, const T *b, T *to, T *scratch, int trans) {
  if (!trans) {
    for (int64_t i = 0; i < n; i++) memcpy(to + i * k, b + perm[i] * k, (size_t)k * sizeof *to);
    FN(solve_left)(lu, n, k, to, true, false, false, true);
    FN(solve_left)(lu, n, k, to, false, false, false, false);
    return;
  }
  memcpy(scratch, b, (size_t)(n * k) * sizeof *to);
  FN(solve_left)(lu, n, k, scratch, false, true, trans == 2, false);
  FN(solve_left)(lu, n, k, scratch, true, true, trans == 2, true);
  for (int64_t i = 0; i < n; i++) memcpy(to + perm[i] * k, scratch + i * k, (size_t)k * sizeof *to);
}
static void FN(lu_solve)(int64_t n, int64_t k, const void *lu, const int32_t *perm, const void *b, void *to, void *scratch, int trans) {
  if (n == 2 && k == 1) FN(lu_solve_n)(2, 1, lu, perm, b, to, scratch, trans);
  else if (n == 2 && k == 2) FN(lu_solve_n)(2, 2, lu, perm, b, to, scratch, trans);
  else if (n == 3 && k == 1) FN(lu_solve_n)(3, 1, lu, perm, b, to, scratch, trans);
  else if (n == 3 && k == 3) FN(lu_solve_n)(3, 3, lu, perm, b, to, scratch, trans);
  else if (n == 4 && k == 1) FN(lu_solve_n)(4, 1, lu, perm, b, to, scratch, trans);
  else if (n == 4 && k == 4) FN(lu_solve_n)(4, 4, lu, perm, b, to, scratch, trans);
  else FN(lu_solve_n)(n, k, lu, perm, b, to, scratch, trans);
}

/* c (rows x cols, stride) -= tau v (v^H c), v = (1, a[1 * step], …) */
static void FN(reflect)(int64_t rows, int64_t cols, const T *v, int64_t step, T tau, T *c, int64_t stride) {
  for (int64_t j = 0; j < cols; j++) {
    T s = c[j];
    for (int64_t i = 1; i < rows; i++) s += FN(mul)(FN(conj)(v[i * step]), c[i * stride + j]);
    s = FN(mul)(tau, s);
    c[j] -= s;
    for (int64_t i = 1; i < rows; i++) c[i * stride + j] -= FN(mul)(s, v[i * step]);
  }
}

/* H^H (alpha, x) = (beta, 0) with H = 1 - tau v v^H and beta real; v and beta replace the vector. */
static T FN(householder)(int64_t n, T *x, int64_t step) {
  R norm = 0, greatest = 0;
  for (int64_t i = 1; i < n; i++)
    if (FN(abs1)(x[i * step]) > greatest || !(FN(abs1)(x[i * step]) == FN(abs1)(x[i * step]))) greatest = FN(abs1)(x[i * step]);
  if (greatest == 0 && FN(im)(x[0]) == 0) return 0;
  if (FN(abs1)(x[0]) > greatest) greatest = FN(abs1)(x[0]);
  for (int64_t i = 0; i < n; i++) norm += FN(abs2)(FN(scale)(x[i * step], 1 / greatest));
  R beta = greatest * RSQRT(norm);
  if (FN(re)(x[0]) > 0) beta = -beta;
  T tau = FN(scale)(FN(make)(beta, 0) - x[0], 1 / beta), d = x[0] - FN(make)(beta, 0);
  for (int64_t i = 1; i < n; i++) x[i * step] = x[i * step] / d;
  x[0] = FN(make)(beta, 0);
  return tau;
}

static void FN(qr)(int64_t m, int64_t n, void *data, void *taus) {
  T *a = data, *tau = taus;
  for (int64_t k = 0; k < n && k < m; k++) {
    tau[k] = FN(householder)(m - k, a + k * n + k, n);
    FN(reflect)(m - k, n - k - 1, a + k * n + k, n, FN(conj)(tau[k]), a + k * n + k + 1, n);
  }
}

/* The first n columns of H_1 … H_k from the vectors under a's diagonal, in place. */
static void FN(make_q)(int64_t m, int64_t n, int64_t k, void *data, const void *taus) {
  T *a = data;
  const T *tau = taus;
  for (int64_t j = k; j < n; j++)
    for (int64_t i = 0; i < m; i++) a[i * n + j] = i == j;
  for (int64_t p = k; p-- > 0;) {
    T *v = a + p * n + p, t = tau[p];
    FN(reflect)(m - p, n - p - 1, v, n, t, v + 1, n);
    for (int64_t i = 1; i < m - p; i++) v[i * n] = -FN(mul)(t, v[i * n]);
    v[0] = FN(make)(1, 0) - t;
    for (int64_t i = 0; i < p; i++) a[i * n + p] = 0;
  }
}

/* Columns p and q of an n-row matrix times ((c, s e), (-s conj(e), c)). */
static void FN(rotate_columns)(int64_t n, T *a, int64_t stride, int64_t p, int64_t q, R c, R s, T e) {
  for (int64_t i = 0; i < n; i++) {
    T x = a[i * stride + p], y = a[i * stride + q];
    a[i * stride + p] = FN(scale)(x, c) - FN(scale)(FN(mul)(y, FN(conj)(e)), s);
    a[i * stride + q] = FN(scale)(FN(mul)(x, e), s) + FN(scale)(y, c);
  }
}

/* Jacobi's method: a becomes diagonal, v its eigenvectors as columns (unsorted). */
static void FN(jacobi)(int64_t n, T *a, T *v) {
  for (int64_t i = 0; i < n * n; i++) v[i] = i / n == i % n;
  for (int sweep = 0; sweep < 60; sweep++) {
    bool moved = false;
    for (int64_t p = 0; p + 1 < n; p++)
      for (int64_t q = p + 1; q < n; q++) {
        R off = FN(abs)(a[p * n + q]), app = FN(re)(a[p * n + p]), aqq = FN(re)(a[q * n + q]);
        if (off <= R_EPS * R_EPS * 16 || off <= R_EPS * 0.5f * RSQRT(RABS(app)) * RSQRT(RABS(aqq))) continue;
        moved = true;
        T e = FN(scale)(a[p * n + q], 1 / off);
        R theta = (aqq - app) / (2 * off), t = (theta < 0 ? -1 : 1) / (RABS(theta) + RSQRT(1 + theta * theta)), c = 1 / RSQRT(1 + t * t), s = t * c;
        FN(rotate_columns)(n, a, n, p, q, c, s, e);
        for (int64_t i = 0; i < n; i++) { /* rows, by the conjugate transpose */
          T x = a[p * n + i], y = a[q * n + i];
          a[p * n + i] = FN(scale)(x, c) - FN(scale)(FN(mul)(y, e), s);
          a[q * n + i] = FN(scale)(FN(mul)(x, FN(conj)(e)), s) + FN(scale)(y, c);
        }
        FN(rotate_columns)(n, v, n, p, q, c, s, e);
      }
    if (!moved) return;
  }
}

/* Eigenvalues ascending into w, eigenvectors into the columns of a. scratch: 2 n n. */
static void FN(eigh)(int64_t n, bool lower, void *data, void *values, void *memory) {
  T *a = data, *work = memory, *v = work + n * n;
  R *w = values;
  for (int64_t i = 0; i < n; i++)
    for (int64_t j = 0; j < n; j++) {
      bool own = lower ? j <= i : j >= i;
      work[i * n + j] = i == j ? FN(make)(FN(re)(a[i * n + i]), 0) : own ? a[i * n + j] : FN(conj)(a[j * n + i]);
    }
  FN(jacobi)(n, work, v);
  for (int64_t i = 0; i < n; i++) w[i] = FN(re)(work[i * n + i]);
  for (int64_t k = 0; k < n; k++) { /* w is sorted in place with its columns */
    int64_t least = k;
    for (int64_t i = k + 1; i < n; i++)
      if (w[i] < w[least]) least = i;
    R t = w[k];
    w[k] = w[least], w[least] = t;
    for (int64_t i = 0; i < n; i++) {
      T x = v[i * n + k];
      v[i * n + k] = v[i * n + least], v[i * n + least] = x;
    }
  }
  memcpy(a, v, (size_t)(n * n) * sizeof *a);
}

/* One-sided Jacobi for m >= n: u (m x n) becomes U S, v (n x n) V; s descending. */
static void FN(svd_tall)(int64_t m, int64_t n, T *u, T *v, R *s) {
  for (int64_t i = 0; i < n * n; i++) v[i] = i / n == i % n;
  for (int sweep = 0; sweep < 60; sweep++) {
    bool moved = false;
    for (int64_t p = 0; p + 1 < n; p++)
      for (int64_t q = p + 1; q < n; q++) {
        R alpha = 0, beta = 0;
        T gamma = 0;
        for (int64_t i = 0; i < m; i++) {
          alpha += FN(abs2)(u[i * n + p]), beta += FN(abs2)(u[i * n + q]);
          gamma += FN(mul)(FN(conj)(u[i * n + p]), u[i * n + q]);
        }
        R off = FN(abs)(gamma);
        if (off == 0 || off <= R_EPS * RSQRT(alpha) * RSQRT(beta)) continue;
        moved = true;
        T e = FN(scale)(gamma, 1 / off);
        R theta = (beta - alpha) / (2 * off), t = (theta < 0 ? -1 : 1) / (RABS(theta) + RSQRT(1 + theta * theta)), c = 1 / RSQRT(1 + t * t);
        FN(rotate_columns)(m, u, n, p, q, c, t * c, e);
        FN(rotate_columns)(n, v, n, p, q, c, t * c, e);
      }
    if (!moved) break;
  }
  for (int64_t j = 0; j < n; j++) {
    R sum = 0;
    for (int64_t i = 0; i < m; i++) sum += FN(abs2)(u[i * n + j]);
    s[j] = RSQRT(sum);
  }
  for (int64_t k = 0; k < n; k++) {
    int64_t top = k;
    for (int64_t i = k + 1; i < n; i++)
      if (s[i] > s[top]) top = i;
    R t = s[k];
    s[k] = s[top], s[top] = t;
    for (int64_t i = 0; i < m; i++) {
      T x = u[i * n + k];
      u[i * n + k] = u[i * n + top], u[i * n + top] = x;
    }
    for (int64_t i = 0; i < n; i++) {
      T x = v[i * n + k];
      v[i * n + k] = v[i * n + top], v[i * n + top] = x;
    }
  }
}

/* a (m x n) = u s vt. u: m x mu, vt: nv x n or NULL. scratch: see matrix_svd. */
static void FN(svd)(int64_t m, int64_t n, const void *data, void *sv, void *left, int64_t mu, void *right, int64_t nv, void *memory) {
  const T *a = data;
  R *s = sv;
  bool flip = m < n;
  int64_t rows = flip ? n : m, cols = flip ? m : n;
  T *us = memory, *v = us + rows * cols, *q = v + cols * cols, *tau = q + rows * rows;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < cols; j++) us[i * cols + j] = flip ? FN(conj)(a[j * n + i]) : a[i * n + j];
  FN(svd_tall)(rows, cols, us, v, s);
  if (!left) return;
  int64_t rank = 0, wide = flip ? nv : mu; /* columns wanted of the tall factor */
  while (rank < cols && s[rank] > R_EPS * s[0]) rank++;
  for (int64_t i = 0; i < rows; i++) /* orthonormal columns: those of us, the rest from a QR factorization */
    for (int64_t j = 0; j < rows; j++) q[i * rows + j] = j < rank ? FN(scale)(us[i * cols + j], 1 / s[j]) : 0;
  FN(qr)(rows, rows, q, tau);
  FN(make_q)(rows, rows, rank, q, tau);
  T *tall = flip ? right : left, *small = flip ? left : right;
  for (int64_t i = 0; i < rows; i++)
    for (int64_t j = 0; j < wide; j++) {
      T x = j < rank ? FN(scale)(us[i * cols + j], 1 / s[j]) : q[i * rows + j];
      if (flip) tall[j * n + i] = FN(conj)(x);
      else tall[i * mu + j] = x;
    }
  for (int64_t i = 0; i < cols; i++)
    for (int64_t j = 0; j < cols; j++) {
      if (flip) small[i * mu + j] = v[i * cols + j];
      else small[j * n + i] = FN(conj)(v[i * cols + j]);
    }
}

/* c becomes Q c, Q^H c, c Q or c Q^H with Q = H_1 … H_k from the columns of a (m x n) and taus. c: rows x cols. */
static void FN(multiply_q)(int64_t n, int64_t k, const void *data, const void *taus, int64_t rows, int64_t cols, void *to, bool left, bool transpose) {
  const T *a = data, *tau = taus;
  T *c = to;
  int64_t m = left ? rows : cols;
  for (int64_t s = 0; s < k; s++) {
    int64_t p = left != transpose ? k - 1 - s : s;
    T t = transpose ? FN(conj)(tau[p]) : tau[p];
    const T *v = a + p * n + p;
    if (left) {
      FN(reflect)(m - p, cols, v, n, t, c + p * cols, cols);
      continue;
    }
    for (int64_t i = 0; i < rows; i++) {
      T *row = c + i * cols + p, sum = row[0];
      for (int64_t j = 1; j < m - p; j++) sum += FN(mul)(row[j], v[j * n]);
      sum = FN(mul)(sum, t);
      row[0] -= sum;
      for (int64_t j = 1; j < m - p; j++) row[j] -= FN(mul)(sum, FN(conj)(v[j * n]));
    }
  }
}

/* Gaussian elimination with exchange of neighbouring rows. b: n x k, in place; false if singular. scratch: 4 n. */
static bool FN(tridiagonal)(int64_t n, int64_t k, const void *dl_, const void *d_, const void *du_, void *b_, void *memory) {
  const T *low = dl_;
  T *d = memory, *du = d + n, *du2 = du + n, *dl = du2 + n, *b = b_;
  memcpy(d, d_, (size_t)n * sizeof *d), memcpy(du, du_, (size_t)n * sizeof *d), memcpy(dl, low, (size_t)n * sizeof *d);
  memset(du2, 0, (size_t)n * sizeof *du2);
  for (int64_t i = 0; i + 1 < n; i++) {
    if (FN(abs1)(d[i]) < FN(abs1)(dl[i + 1])) {
      T t = d[i];
      d[i] = dl[i + 1], dl[i + 1] = t;
      t = du[i], du[i] = d[i + 1], d[i + 1] = t;
      if (i + 2 < n) du2[i] = du[i + 1], du[i + 1] = 0;
      for (int64_t c = 0; c < k; c++) t = b[i * k + c], b[i * k + c] = b[(i + 1) * k + c], b[(i + 1) * k + c] = t;
    }
    if (d[i] == (T)0) return false;
    T f = dl[i + 1] / d[i];
    d[i + 1] -= FN(mul)(f, du[i]);
    if (i + 2 < n) du[i + 1] -= FN(mul)(f, du2[i]);
    for (int64_t c = 0; c < k; c++) b[(i + 1) * k + c] -= FN(mul)(f, b[i * k + c]);
  }
  if (n && d[n - 1] == (T)0) return false;
  for (int64_t i = n; i-- > 0;)
    for (int64_t c = 0; c < k; c++) {
      T x = b[i * k + c];
      if (i + 1 < n) x -= FN(mul)(du[i], b[(i + 1) * k + c]);
      if (i + 2 < n) x -= FN(mul)(du2[i], b[(i + 2) * k + c]);
      b[i * k + c] = x / d[i];
    }
  return true;
}
