/* The training of digits.py, written against the C API, without Python: a multilayer perceptron on handwritten digits.
 *
 *   python scripts/make_digits_data.py out/digits.bin
 *   build/examples/digits out/digits.bin [losses.txt]
 *
 * The data file holds the images, the initial parameters and the order of the batches (make_digits_data.py describes it),
 * so the losses are those of digits.py, step by step. */
#include <cuirax.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LAYERS = 8, STEP_MAX = 6 * MAX_LAYERS + 3 };
static const double step_size = 4e-3, smoothing = 0.1;

/* ---- the data file ---- */

typedef struct Data {
  int32_t train, test, pixels, classes, layers, sizes[MAX_LAYERS + 1], epochs, steps, batch;
  float *train_x, *test_x, *w[MAX_LAYERS], *b[MAX_LAYERS];
  int32_t *train_y, *test_y, *batches;
} Data;

static bool read_ints(FILE *f, int32_t *to, size_t n) { return fread(to, sizeof *to, n, f) == n; }

static void *read_block(FILE *f, size_t items) {
  void *block = malloc(items * 4 + 1);
  if (block && fread(block, 4, items, f) == items) return block;
  free(block);
  return NULL;
}

static bool data_read(Data *d, const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  char magic[8];
  bool ok = fread(magic, 1, 8, f) == 8 && memcmp(magic, "CXDIGIT1", 8) == 0 && read_ints(f, &d->train, 5) && d->layers >= 1 &&
            d->layers <= MAX_LAYERS && read_ints(f, d->sizes, (size_t)d->layers + 1) && read_ints(f, &d->epochs, 3);
  ok = ok && (d->train_x = read_block(f, (size_t)d->train * (size_t)d->pixels)) && (d->train_y = read_block(f, (size_t)d->train));
  ok = ok && (d->test_x = read_block(f, (size_t)d->test * (size_t)d->pixels)) && (d->test_y = read_block(f, (size_t)d->test));
  for (int i = 0; ok && i < d->layers; i++)
    ok = (d->w[i] = read_block(f, (size_t)d->sizes[i] * (size_t)d->sizes[i + 1])) && (d->b[i] = read_block(f, (size_t)d->sizes[i + 1]));
  ok = ok && (d->batches = read_block(f, (size_t)d->epochs * (size_t)d->steps * (size_t)d->batch));
  fclose(f);
  return ok;
}

static void data_free(Data *d) {
  void *blocks[] = {d->train_x, d->train_y, d->test_x, d->test_y, d->batches};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) free(blocks[i]);
  for (int i = 0; i < MAX_LAYERS; i++) free(d->w[i]), free(d->b[i]);
}

/* ---- the model: params are w, b of each layer in turn ---- */

static CxVal vecmat(CxVal x, CxVal w) {
  return cx_dot_general(x, w, (CxDotDims){.lhs_contract = cx_ints(0), .rhs_contract = cx_ints(0)}, CX_NO_DTYPE);
}

static CxVal predict(const CxVal *params, uint32_t n, CxVal image) {
  CxVal x = image;
  for (uint32_t i = 0; i < n; i += 2) {
    x = cx_add(vecmat(x, params[i]), params[i + 1]);
    if (i + 2 < n) x = cx_tanh(x);
  }
  return x;
}

static CxVal log_softmax(CxVal x) {
  CxVal shifted = cx_sub(x, cx_reduce_max(x, cx_ints(0)));
  return cx_sub(shifted, cx_log(cx_reduce_sum(cx_exp(shifted), cx_ints(0))));
}

static CxVal one_hot(CxVal label, int64_t classes) {
  return cx_convert(cx_eq(cx_iota(CX_I32, 1, (int64_t[]){classes}, 0), label), CX_F32);
}

/* (params…, image, label) -> loss */
static bool example_loss(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  const Data *d = env;
  CxVal log_p = log_softmax(predict(in, nin - 2, in[nin - 2]));
  CxVal hot = one_hot(in[nin - 1], d->classes);
  CxVal target = cx_add(cx_mul(cx_like(hot, 1 - smoothing), hot), cx_like(hot, smoothing / d->classes));
  return cx_vals_push(out, cx_neg(cx_reduce_sum(cx_mul(target, log_p), cx_ints(0))));
}

/* (params…, images, labels) -> mean loss: the example's loss, batched over the last two operands */
static bool batch_loss(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  const Data *d = env;
  int axes[STEP_MAX];
  for (uint32_t i = 0; i < nin; i++) axes[i] = i + 2 < nin ? -1 : 0;
  CxVals losses = {0};
  CxFn *f = cx_fn("example_loss", example_loss, env, NULL);
  bool ok = cx_vmap(f, in, axes, nin, -1, NULL, &losses, NULL);
  if (ok) {
    CxVal total = cx_reduce_sum(losses.v[0], cx_ints(0));
    ok = cx_vals_push(out, cx_div(total, cx_like(total, d->batch)));
  }
  cx_vals_free(&losses);
  cx_fn_release(f);
  return ok;
}

/* ---- Adam ---- */

static CxVal scaled(double a, CxVal x) { return cx_mul(cx_like(x, a), x); }

/* 1 / (1 - decay^t) */
static CxVal correction(double decay, CxVal t) {
  CxVal power = cx_pow(cx_scalar(CX_F32, decay), cx_convert(t, CX_F32)), one = cx_scalar(CX_F32, 1);
  return cx_div(one, cx_sub(one, power));
}

/* (params[n], m[n], v[n], t, images, labels) -> (params[n], m[n], v[n], t, loss) */
static bool train_step(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  uint32_t n = (nin - 3) / 3;
  CxVal operands[STEP_MAX], m[STEP_MAX], v[STEP_MAX], t = cx_add(in[3 * n], cx_scalar(CX_I32, 1));
  bool wrt[STEP_MAX];
  for (uint32_t i = 0; i < n + 2; i++) operands[i] = i < n ? in[i] : in[2 * n + 1 + i], wrt[i] = i < n;
  CxVals loss = {0}, grads = {0};
  CxFn *f = cx_fn("batch_loss", batch_loss, env, NULL);
  bool ok = cx_value_and_grad(f, operands, n + 2, wrt, &loss, &grads);
  CxVal m_scale = correction(0.9, t), v_scale = correction(0.999, t);
  for (uint32_t i = 0; ok && i < n; i++) {
    CxVal g = grads.v[i];
    m[i] = cx_add(scaled(0.9, in[n + i]), scaled(0.1, g));
    v[i] = cx_add(scaled(0.999, in[2 * n + i]), cx_mul(scaled(0.001, g), g));
    CxVal root = cx_sqrt(cx_mul(v[i], v_scale));
    CxVal step = cx_div(scaled(step_size, cx_mul(m[i], m_scale)), cx_add(root, cx_like(root, 1e-6)));
    ok = cx_vals_push(out, cx_sub(in[i], step));
  }
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(out, m[i]);
  for (uint32_t i = 0; ok && i < n; i++) ok = cx_vals_push(out, v[i]);
  ok = ok && cx_vals_push(out, t) && cx_vals_push(out, loss.v[0]);
  cx_vals_free(&loss);
  cx_vals_free(&grads);
  cx_fn_release(f);
  return ok;
}

/* (params…, images) -> predicted classes */
static bool classify_one(void *env, const CxVal *in, uint32_t nin, CxVals *out) {
  (void)env;
  return cx_vals_push(out, cx_argmax(predict(in, nin - 1, in[nin - 1]), 0, CX_I32));
}

/* ---- training ---- */

typedef struct Training {
  const Data *data;
  CxFn *step;
  uint32_t n;             /* parameters */
  CxVal state[STEP_MAX];  /* params, m, v, t */
} Training;

static void training_start(Training *s, const Data *d) {
  *s = (Training){.data = d, .n = 2 * (uint32_t)d->layers};
  for (uint32_t k = 0; k < 3; k++)
    for (int i = 0; i < d->layers; i++) {
      int64_t dims[2] = {d->sizes[i], d->sizes[i + 1]};
      s->state[k * s->n + 2 * (uint32_t)i] = cx_retain(cx_array(CX_F32, 2, dims, k ? NULL : d->w[i]));
      s->state[k * s->n + 2 * (uint32_t)i + 1] = cx_retain(cx_array(CX_F32, 1, dims + 1, k ? NULL : d->b[i]));
    }
  s->state[3 * s->n] = cx_retain(cx_scalar(CX_I32, 0));
  CxFn *f = cx_fn("train_step", train_step, (void *)(uintptr_t)d, NULL);
  s->step = cx_jit(f);
  cx_fn_release(f);
}

static void training_end(Training *s) {
  for (uint32_t i = 0; i < 3 * s->n + 1; i++) cx_release(s->state[i]);
  cx_fn_release(s->step);
}

/* One step on the examples of a row of batches; the loss, or NaN with the error pending. */
static double training_step(Training *s, const int32_t *row) {
  const Data *d = s->data;
  size_t pixels = (size_t)d->pixels, batch = (size_t)d->batch;
  float *x = malloc(batch * pixels * sizeof *x);
  int32_t *y = malloc(batch * sizeof *y);
  double loss = 0.0 / 0.0;
  if (x && y) {
    for (size_t i = 0; i < batch; i++) {
      memcpy(x + i * pixels, d->train_x + (size_t)row[i] * pixels, pixels * sizeof *x);
      y[i] = d->train_y[row[i]];
    }
    CxVal in[STEP_MAX];
    uint32_t n = 3 * s->n + 1;
    memcpy(in, s->state, n * sizeof *in);
    in[n] = cx_array(CX_F32, 2, (int64_t[]){d->batch, d->pixels}, x);
    in[n + 1] = cx_array(CX_I32, 1, (int64_t[]){d->batch}, y);
    CxVals out = {0};
    if (cx_call(s->step, in, n + 2, &out)) {
      loss = cx_to_double(out.v[n]);
      for (uint32_t i = 0; i < n; i++) {
        cx_release(s->state[i]);
        s->state[i] = cx_retain(out.v[i]);
      }
    }
    cx_vals_free(&out);
  }
  free(x);
  free(y);
  return loss;
}

static double accuracy(const Training *s) {
  const Data *d = s->data;
  CxVal in[STEP_MAX];
  int axes[STEP_MAX];
  for (uint32_t i = 0; i <= s->n; i++) axes[i] = i < s->n ? -1 : 0;
  memcpy(in, s->state, s->n * sizeof *in);
  in[s->n] = cx_array(CX_F32, 2, (int64_t[]){d->test, d->pixels}, d->test_x);
  CxVals out = {0};
  CxFn *f = cx_fn("classify_one", classify_one, NULL, NULL);
  int right = 0;
  if (cx_vmap(f, in, axes, s->n + 1, -1, NULL, &out, NULL)) {
    const int32_t *guess = cx_data(out.v[0]);
    for (int i = 0; guess && i < d->test; i++) right += guess[i] == d->test_y[i];
  }
  cx_vals_free(&out);
  cx_fn_release(f);
  return 100.0 * right / d->test;
}

static void train(Training *s, FILE *losses) {
  const Data *d = s->data;
  for (int epoch = 0; epoch < d->epochs && !cx_failed(); epoch++) {
    double loss = 0;
    for (int step = 0; step < d->steps && !cx_failed(); step++) {
      CxScope scope;
      cx_scope_open(&scope);
      loss = training_step(s, d->batches + ((size_t)epoch * (size_t)d->steps + (size_t)step) * (size_t)d->batch);
      cx_scope_close(&scope);
      if (losses) fprintf(losses, "%.9g\n", loss);
    }
    CxScope scope;
    cx_scope_open(&scope);
    printf("epoch %2d/%d  loss %.4f  test accuracy %.2f %%\n", epoch + 1, d->epochs, loss, accuracy(s));
    fflush(stdout);
    cx_scope_close(&scope);
  }
}

int main(int argc, char **argv) {
  Data data = {0};
  if (argc < 2 || argc > 3) return fprintf(stderr, "usage: digits data.bin [losses.txt]\n"), 2;
  FILE *losses = argc == 3 ? fopen(argv[2], "w") : NULL;
  bool ready = data_read(&data, argv[1]) && (argc == 2 || losses);
  if (!ready) fprintf(stderr, "digits: cannot read %s or write the losses\n", argv[1]);
  if (ready) {
    Training training;
    CxScope scope;
    cx_scope_open(&scope);
    training_start(&training, &data);
    train(&training, losses);
    training_end(&training);
    cx_scope_close(&scope);
  }
  if (losses) fclose(losses);
  data_free(&data);
  CxError error;
  if (cx_error_take(&error) != CX_OK) return fprintf(stderr, "%s: %s\n", cx_error_name(error.code), error.text), 1;
  return ready ? 0 : 2;
}
