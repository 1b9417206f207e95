/* Random keys and bits against values that JAX 0.10.2 gives. */
#include "op_check.h"

#include "op/random.h"

static const uint32_t fry_seed[] = {0xffffffe3, 0x4166e5ec};
static const uint32_t fry_split[] = {0x505b9d56, 0x66d8fe9e, 0xe7931d37, 0x856b4b63, 0x32a971c5, 0x520a2de3, 0xbe62e889, 0x3e9df922, 0xbcb01991, 0x71364be3, 0x11a42d40, 0xbf525511};
static const uint32_t fry_splits[] = {0x496a8cc3, 0x2ae3bc5a, 0x7f848fe6, 0xdd4aa363, 0xb7a6ce8f, 0x7a92e1dd, 0x22818c84, 0x43882ef1};
static const uint32_t fry_fold[] = {0xc756372a, 0x471a470e};
static const uint32_t fry_folds[] = {0xd621a04f, 0x51d79f5, 0xf054c130, 0x7a565528};
static const uint32_t fry_fold_keys[] = {0xd621a04f, 0x51d79f5, 0x6453a8ec, 0xe4e4f4f1};
static const uint32_t fry_fold_data[] = {0x6453a8ec, 0xe4e4f4f1, 0xf054c130, 0x7a565528};
static const uint8_t fry_bits8[] = {0xc8, 0x54, 0x26, 0xab, 0x72};
static const uint16_t fry_bits16[] = {0x63c8, 0x5654, 0x5c26, 0x11ab, 0x5272};
static const uint32_t fry_bits32[] = {0x368363c8, 0x62f85654, 0x60a35c26, 0x80ff11ab, 0xcd865272};
static const uint64_t fry_bits64[] = {0x505b9d5666d8fe9e, 0xe7931d37856b4b63, 0x32a971c5520a2de3, 0xbe62e8893e9df922, 0xbcb0199171364be3};
static const uint32_t fry_bits_of[] = {0x63893099, 0xa2ce2c85, 0x7eb406ea, 0xcd342f52, 0x6109a275, 0x7a75f1dc};
static const float fry_gamma32[] = {0.03512940928339958f, 0.03722180798649788f, 0.606564462184906f, 1.8130435943603516f, 37.29212188720703f, 0.28350356221199036f};
static const double fry_loggamma64[] = {-9.356489117701958, -3.698367068160686, -2.3936996113023996, 0.03881939616849317, 3.794957976948989, -0.6250854795150589};
static const uint32_t rbg_seed[] = {0xffffffe3, 0x4166e5ec, 0xffffffe3, 0x4166e5ec};
static const uint32_t rbg_split[] = {0x505b9d56, 0x66d8fe9e, 0x505b9d56, 0x66d8fe9e, 0xe7931d37, 0x856b4b63, 0xe7931d37, 0x856b4b63, 0x32a971c5, 0x520a2de3, 0x32a971c5, 0x520a2de3, 0xbe62e889, 0x3e9df922, 0xbe62e889, 0x3e9df922, 0xbcb01991, 0x71364be3, 0xbcb01991, 0x71364be3, 0x11a42d40, 0xbf525511, 0x11a42d40, 0xbf525511};
static const uint32_t rbg_splits[] = {0x496a8cc3, 0x2ae3bc5a, 0x496a8cc3, 0x2ae3bc5a, 0x7f848fe6, 0xdd4aa363, 0x7f848fe6, 0xdd4aa363, 0xb7a6ce8f, 0x7a92e1dd, 0xb7a6ce8f, 0x7a92e1dd, 0x22818c84, 0x43882ef1, 0x22818c84, 0x43882ef1};
static const uint32_t rbg_fold[] = {0xc756372a, 0x471a470e, 0xc756372a, 0x471a470e};
static const uint32_t rbg_folds[] = {0xd621a04f, 0x51d79f5, 0xd621a04f, 0x51d79f5, 0xf054c130, 0x7a565528, 0xf054c130, 0x7a565528};
static const uint32_t rbg_fold_keys[] = {0xd621a04f, 0x51d79f5, 0xd621a04f, 0x51d79f5, 0x6453a8ec, 0xe4e4f4f1, 0x6453a8ec, 0xe4e4f4f1};
static const uint32_t rbg_fold_data[] = {0x6453a8ec, 0xe4e4f4f1, 0x6453a8ec, 0xe4e4f4f1, 0xf054c130, 0x7a565528, 0xf054c130, 0x7a565528};
static const uint8_t rbg_bits8[] = {0x9d, 0x25, 0x6, 0xac, 0x7};
static const uint16_t rbg_bits16[] = {0xa49d, 0x4a25, 0xa306, 0x34ac, 0xd807};
static const uint32_t rbg_bits32[] = {0xf807a49d, 0x38654a25, 0x214ea306, 0xdc9e34ac, 0xb682d807};
static const uint64_t rbg_bits64[] = {0x38654a25f807a49d, 0xdc9e34ac214ea306, 0x17343c45b682d807, 0x7817708f17845665, 0x541e18363c2ba8d3};
static const uint32_t rbg_bits_of[] = {0x816feccc, 0x1c585b1c, 0x6927e2b6, 0x3ffe55b1, 0xad3ee7ec, 0xbdf019b};
static const float rbg_gamma32[] = {0.1627158373594284f, 0.21191029250621796f, 1.1043518781661987f, 2.5452113151550293f, 39.100738525390625f, 0.859892725944519f};
static const double rbg_loggamma64[] = {-15.403521318309739, -3.039815257741571, 0.5285366625585924, 0.793465163809184, 3.4765575777584075, -1.2406045127389866};
static const uint32_t urbg_seed[] = {0xffffffe3, 0x4166e5ec, 0xffffffe3, 0x4166e5ec};
static const uint32_t urbg_split[] = {0xf807a49d, 0x38654a25, 0x214ea306, 0xdc9e34ac, 0x8abfd8a1, 0x77b0ec8e, 0xe77767a2, 0x38670643, 0x6ffe3142, 0xee28bfcf, 0x986381c3, 0xa4bd43f3, 0xff855f72, 0xc0a865fb, 0xba80a621, 0x3c93dea7, 0x156c7ddc, 0xe4281ce3, 0xd7770de5, 0x86b605b2, 0x6848fdd2, 0xe2435378, 0xbd6926a5, 0x87d9d31};
static const uint32_t urbg_splits[] = {0x87d4cecc, 0x22027a95, 0x854e43e6, 0x30ccea7a, 0xbae5fa89, 0xeb22abbe, 0xe7cd4823, 0xd2e05f8a, 0x4353b59c, 0x180b59dc, 0xda6dfeff, 0x6a061fdc, 0x7b413b50, 0x95116086, 0x462801da, 0x197a0ba3};
static const uint32_t urbg_fold[] = {0x7c4a6a2d, 0x9802111, 0xaf9b1813, 0x96c907a6};
static const uint32_t urbg_folds[] = {0x1b2418d0, 0xb43bdfd8, 0x4cce315f, 0xf006b102, 0x508d4cc6, 0xa9f63eb9, 0x5a65919e, 0x6d519b5e};
static const uint32_t urbg_fold_keys[] = {0x1b2418d0, 0xb43bdfd8, 0x4cce315f, 0xf006b102, 0x699c64ec, 0xfbee7973, 0x8af7f5fb, 0x14ff83ed};
static const uint32_t urbg_fold_data[] = {0x699c64ec, 0xfbee7973, 0x8af7f5fb, 0x14ff83ed, 0x508d4cc6, 0xa9f63eb9, 0x5a65919e, 0x6d519b5e};
static const uint8_t urbg_bits8[] = {0x9d, 0x25, 0x6, 0xac, 0x7};
static const uint16_t urbg_bits16[] = {0xa49d, 0x4a25, 0xa306, 0x34ac, 0xd807};
static const uint32_t urbg_bits32[] = {0xf807a49d, 0x38654a25, 0x214ea306, 0xdc9e34ac, 0xb682d807};
static const uint64_t urbg_bits64[] = {0x38654a25f807a49d, 0xdc9e34ac214ea306, 0x17343c45b682d807, 0x7817708f17845665, 0x541e18363c2ba8d3};
static const uint32_t urbg_bits_of[] = {0x87d4cecc, 0x22027a95, 0x854e43e6, 0x30ccea7a, 0x7cac1342, 0x827db4d5};
static const float urbg_gamma32[] = {0.029880305752158165f, 1.5386383533477783f, 1.434881567955017f, 3.517498016357422f, 34.04745101928711f, 2.0837697982788086f};
static const double urbg_loggamma64[] = {-15.97121385606723, -0.9692910291102341, 0.25661675711297616, 0.8273327376626548, 3.4098424844665622, -3.6329468476947273};
static const uint32_t old_split[] = {0xbad56946, 0xde837c89, 0xdf4f11df, 0x354ba891, 0x2fc69b62, 0x8cdb9797};
static const uint8_t old_bits8[] = {0x2d, 0xb3, 0xd7, 0x3, 0xf4};
static const uint16_t old_bits16[] = {0x20ea, 0x92fb, 0xf86f, 0x19a3, 0xd913};
static const uint32_t old_bits32[] = {0xbad56946, 0xde837c89, 0x3249c374, 0x354ba891, 0x2fc69b62};
static const uint64_t old_bits64[] = {0xa4d91a963122544e, 0x5290657f585a803a, 0x3188ce22409c2e81, 0xe2f13affa1c44acd, 0xd792e765a79edc49};
static const uint32_t philox_state[] = {0x1, 0x2, 0x2, 0x0};
static const uint32_t philox_bits[] = {0x3427fc20, 0x9279b540, 0x38cb9485, 0x1ff5c099, 0x409ecd8, 0xfd70ca4, 0xd41fbaa, 0x7a268988, 0xa7fc1f98};
static const uint32_t fry_state[] = {0x1, 0x2, 0x1a, 0x0};
static const uint16_t fry_words[] = {0x944, 0xdf33, 0x9233, 0x10ff, 0x42e4, 0xb2f1, 0x33a7, 0x2eab, 0x8bb9, 0x5d2, 0xc1ed, 0x5efc, 0xe4b0, 0xc559, 0x3f71, 0x23b1, 0xddbd, 0x2ec0, 0x611, 0xb193};
static const uint32_t many_states[] = {0x1, 0x2, 0x0, 0x0, 0x2, 0x3, 0x0, 0x0};
static const uint32_t many_bits[] = {0x3427fc20, 0x9279b540, 0x38cb9485, 0x1ff5c099};

#define IS(v, words) is_exactly(v, words, sizeof words)
static bool is_exactly(CxVal v, const void *want, size_t bytes) {
  return no_error() && type_bytes(v->type) == bytes && !memcmp(cx_data(v), want, bytes);
}

#define DATA(...) cx_array(CX_U32, 1, (int64_t[]){sizeof((uint32_t[]){__VA_ARGS__}) / 4}, (uint32_t[]){__VA_ARGS__})
static CxVal word(uint32_t x) { return cx_scalar_i64(CX_U32, x); }

/* f applied under vmap: operand i mapped along axis[i] */
static CxVal mapped(CxOpcode op, CxVal a, int axis_a, CxVal b, int axis_b, const void *attrs) {
  CxTrace *trace = trace_new(&trace_batch, NULL, "check");
  trace->size = axis_a >= 0 ? a->type->dims[axis_a] : b->type->dims[axis_b];
  CxVal in[2] = {batch_val(trace, a, axis_a), b ? batch_val(trace, b, axis_b) : NULL}, out[2];
  CxTrace *was = trace_enter(trace);
  cx_bind(op, in, b ? 2 : 1, attrs, out, 1);
  trace_leave(was);
  CxVal z = out[0] ? cx_move_axis(out[0]->batch.value, out[0]->batch.axis, 0) : NULL;
  ref_release(trace);
  return z;
}

typedef struct { CxInts shape; } ShapeAttrs;
typedef struct { int64_t width; CxInts shape; } BitsAttrs;

static CxVal gamma_shape(CxDtype d) { return cx_convert(ARRAY(CX_F64, double, 6, 0.1, 0.5, 1, 2.5, 40, 0.7), d); }
/* As long as there is no erf_inv, samples must say so. */
static bool samples(CxVal v, CxVal want, double tolerance) {
  if (v) return no_error() && all_near(v, want, tolerance);
  return failed_with(CX_ERR_NOT_IMPLEMENTED) && !cx_erf_inv(cx_scalar(CX_F32, 0)) && failed_with(CX_ERR_NOT_IMPLEMENTED);
}
static bool floats_near(CxVal v, const float *want) { return samples(v, cx_array(CX_F32, 1, (int64_t[]){6}, want), 1e-5); }
static bool doubles_near(CxVal v, const double *want) { return samples(v, cx_array(CX_F64, 1, (int64_t[]){6}, want), 1e-11); }

#define IMPL(tag, dtype)                                                                                               \
  static void tag##_bits(void) {                                                                                       \
    CxVal k = cx_random_seed(cx_scalar_i64(CX_I64, -123456789012), dtype), ks = cx_random_split(k, cx_ints(2));        \
    CxInts five = cx_ints(5);                                                                                          \
    CHECK(IS(cx_random_unwrap(k), tag##_seed) && same_bits(cx_random_wrap(cx_random_unwrap(ks), dtype), ks));          \
    CHECK(IS(cx_random_split(k, cx_ints(2, 3)), tag##_split));                                                         \
    CHECK(IS(cx_random_split(ks, cx_ints(2)), tag##_splits));                                                          \
    CHECK(IS(mapped(CX_OP_RANDOM_SPLIT, ks, 0, NULL, -1, &(ShapeAttrs){cx_ints(2)}), tag##_splits));                   \
    CHECK(IS(cx_random_fold_in(k, word(77)), tag##_fold));                                                             \
    CHECK(IS(cx_random_fold_in(ks, DATA(5, 6)), tag##_folds));                                                         \
    CHECK(IS(mapped(CX_OP_RANDOM_FOLD_IN, ks, 0, DATA(5, 6), 0, NULL), tag##_folds));                                  \
    CHECK(IS(mapped(CX_OP_RANDOM_FOLD_IN, ks, 0, word(5), -1, NULL), tag##_fold_keys));                                \
    CxVal second = cx_squeeze(cx_slice_axis(ks, 0, 1, 2), cx_ints(0));                                                 \
    CHECK(IS(mapped(CX_OP_RANDOM_FOLD_IN, second, -1, DATA(5, 6), 0, NULL), tag##_fold_data));                         \
    CHECK(IS(cx_random_bits(k, 8, five), tag##_bits8) && IS(cx_random_bits(k, 16, five), tag##_bits16));               \
    CHECK(IS(cx_random_bits(k, 32, five), tag##_bits32) && IS(cx_random_bits(k, 64, five), tag##_bits64));             \
    CHECK(IS(mapped(CX_OP_RANDOM_BITS, ks, 0, NULL, -1, &(BitsAttrs){32, cx_ints(3)}), tag##_bits_of));                \
    CHECK(floats_near(cx_random_gamma(k, gamma_shape(CX_F32), false), tag##_gamma32));                                 \
    CHECK(doubles_near(cx_random_gamma(k, gamma_shape(CX_F64), true), tag##_loggamma64));                              \
  }
IMPL(fry, CX_KEY_FRY)
IMPL(rbg, CX_KEY_RBG)
IMPL(urbg, CX_KEY_URBG)

static void unparted(void) {
  CxVal k = cx_random_seed(cx_scalar_i64(CX_I32, 42), CX_KEY_FRY);
  CxInts five = cx_ints(5);
  random_partitionable = false;
  CHECK(IS(cx_random_split(k, cx_ints(3)), old_split));
  CHECK(IS(cx_random_bits(k, 8, five), old_bits8) && IS(cx_random_bits(k, 16, five), old_bits16));
  CHECK(IS(cx_random_bits(k, 32, five), old_bits32) && IS(cx_random_bits(k, 64, five), old_bits64));
  random_partitionable = true;
}

static void generators(void) {
  CxVal s = DATA(1, 2, 0xffffffff, 0xffffffff), out[2];
  CHECK(cx_rng_bit_generator(s, CX_U32, cx_ints(3, 3), 0, out) && IS(out[0], philox_state) && IS(out[1], philox_bits));
  CHECK(cx_rng_bit_generator(s, CX_U16, cx_ints(3, 5, 3), 1, out) && IS(out[0], fry_state) && !memcmp(cx_data(out[1]), fry_words, sizeof fry_words));
  CxVal two = cx_reshape(cx_concatenate(2, (CxVal[]){s, cx_add(s, word(1))}, 0), 2, (int64_t[]){2, 4});
  CxTrace *trace = trace_new(&trace_batch, NULL, "check");
  trace->size = 2;
  CxTrace *was = trace_enter(trace);
  cx_rng_bit_generator(batch_val(trace, two, 0), CX_U32, cx_ints(2), 0, out);
  trace_leave(was);
  CHECK(no_error() && IS(out[0]->batch.value, many_states) && IS(out[1]->batch.value, many_bits));
  ref_release(trace);
  cx_rng_bit_generator(DATA(1, 2, 3), CX_U32, cx_ints(2), 0, out), CHECK(failed_with(CX_ERR_TYPE));
  cx_rng_bit_generator(s, CX_I32, cx_ints(2), 0, out), CHECK(failed_with(CX_ERR_TYPE));
}

static void hash(void) { /* Random123's known answers */
  CxVal out[2], two = DATA(0, 0xffffffff);
  CHECK(cx_threefry2x32(two, two, two, two, out) && IS(out[0], ((uint32_t[]){0x6b200159, 0x1cb996fc})) && IS(out[1], ((uint32_t[]){0x99ba4efe, 0xbb002be7})));
  CHECK(cx_threefry2x32(word(0x13198a2e), word(0x03707344), DATA(0x243f6a88), DATA(0x85a308d3), out) && IS(out[0], ((uint32_t[]){0xc4923a9c})) &&
        IS(out[1], ((uint32_t[]){0x483df7a0})));
  cx_threefry2x32(two, two, two, cx_scalar(CX_F32, 0), out), CHECK(failed_with(CX_ERR_TYPE));
  cx_threefry2x32(two, two, two, DATA(1, 2, 3), out), CHECK(failed_with(CX_ERR_TYPE));
  CxVal m = cx_array(CX_U32, 2, (int64_t[]){3, 2}, (uint32_t[]){1, 2, 3, 4, 5, 6});
  Case cases[] = {{CX_OP_THREEFRY2X32, 4, 2, {two, word(3), m, two}, NULL, {-1, -1, 0, -1}},
                  {CX_OP_THREEFRY2X32, 4, 2, {m, DATA(7, 8, 9), m, word(1)}, NULL, {1, -1, 1, -1}},
                  {CX_OP_THREEFRY2X32, 4, 2, {DATA(7, 8, 9), DATA(7, 8, 9), m, m}, NULL, {0, -1, 0, 0}}};
  CHECK(check_batch(&cases[0]) && check_batch(&cases[1]));
  cases[2].in[1] = word(9);
  CHECK(check_batch(&cases[2]));
}

static void types(void) {
  CxVal k = cx_random_seed(word(1), CX_KEY_FRY), ks = cx_random_split(k, cx_ints(3)), f = cx_scalar(CX_F32, 1);
  cx_random_seed(f, CX_KEY_FRY), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_seed(word(1), CX_F32), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_split(f, cx_ints(2)), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_split(k, cx_ints(-2)), CHECK(cx_failed());
  cx_error_clear();
  cx_random_bits(k, 24, cx_ints(2)), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_wrap(DATA(1, 2, 3), CX_KEY_FRY), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_wrap(word(3), CX_KEY_FRY), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_wrap(ARRAY(CX_I32, int32_t, 2, 1, 2), CX_KEY_FRY), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_unwrap(f), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_fold_in(k, f), CHECK(failed_with(CX_ERR_TYPE));
  cx_add(k, k), CHECK(failed_with(CX_ERR_TYPE));
  cx_random_gamma(ks, gamma_shape(CX_F32), false), CHECK(failed_with(CX_ERR_TYPE));
  CHECK(cx_random_bits(cx_slice_axis(ks, 0, 0, 0), 32, cx_ints(4))->type->size == 0);
  CHECK(cx_random_bits(k, 32, cx_ints(0, 2))->type->size == 0);
}

static CxVal pick_key(CxVal ks, int64_t i) { return cx_squeeze(cx_slice_axis(ks, 0, i, i + 1), cx_ints(0)); }

static void keys_as_elements(void) {
  static const CxDtype impls[] = {CX_KEY_FRY, CX_KEY_RBG, CX_KEY_URBG};
  for (int i = 0; i < 3; i++) {
    CxVal ks = cx_random_split(cx_random_seed(word(5), impls[i]), cx_ints(3)), k0 = pick_key(ks, 0), k2 = pick_key(ks, 2);
    CHECK(same_bits(pick_key(cx_rev(ks, cx_ints(0)), 0), k2) && same_bits(pick_key(cx_concatenate(2, (CxVal[]){ks, ks}, 0), 5), k2));
    CHECK(same_bits(pick_key(cx_broadcast_in_dim(k2, 1, (int64_t[]){4}, NULL), 3), k2));
    CxGatherDims d = {.collapsed_slice_dims = cx_ints(0), .start_index_map = cx_ints(0)};
    CxVal index = cx_array(CX_I32, 2, (int64_t[]){1, 1}, (int32_t[]){2});
    CHECK(same_bits(pick_key(cx_gather(ks, index, d, (int64_t[]){1}, CX_INDEX_CLIP, CX_NO_NUMBER), 0), k2));
    CxScatterDims p = {.inserted_window_dims = cx_ints(0), .scatter_dims_to_operand_dims = cx_ints(0)};
    CHECK(same_bits(pick_key(cx_scatter(ks, index, cx_slice_axis(ks, 0, 0, 1), p, CX_INDEX_CLIP), 2), k0));
    CHECK(same_bits(cx_select(cx_scalar(CX_BOOL, 1), k2, k0), k2) && same_bits(cx_copy(k2), k2));
    CHECK(no_error() && cx_to_int(cx_eq(k2, k2)) == 1 && cx_to_int(cx_eq(k2, k0)) == 0);
    no_error();
  }
}

static double mean(CxVal v) {
  double s = 0;
  for (int64_t i = 0; i < v->type->size; i++) s += at(v, i);
  return s / (double)v->type->size;
}

static void distributions(void) {
  CxVal k = cx_random_seed(word(0), CX_KEY_FRY), a = cx_full(cx_type(CX_F64, 1, (int64_t[]){20000}, false), 2.5);
  CxVal g = cx_random_gamma(k, a, false);
  CHECK(samples(g, g, 0) && (!g || near(mean(g), 2.5, 0.01)));
  CxVal u = cx_rng_uniform(cx_scalar(CX_F64, 3), cx_scalar(CX_F64, 5), cx_ints(20000)), v = cx_rng_uniform(cx_scalar(CX_F64, 3), cx_scalar(CX_F64, 5), cx_ints(20000));
  CHECK(no_error() && near(mean(u), 4, 0.01) && !same_bits(u, v));
  for (int64_t i = 0; i < 100; i++) CHECK(at(u, i) >= 3 && at(u, i) < 5);
  CxVal n = cx_convert(cx_rng_uniform(cx_scalar_i64(CX_I8, -3), cx_scalar_i64(CX_I8, 3), cx_ints(6000)), CX_F64);
  CHECK(no_error() && near(mean(n), -0.5, 0.06));
  cx_rng_uniform(cx_scalar(CX_F64, 3), cx_scalar(CX_F32, 5), cx_ints(2)), CHECK(failed_with(CX_ERR_VALUE));
}

int main(void) {
  CxScope scope;
  cx_scope_open(&scope);
  hash();
  fry_bits();
  rbg_bits();
  urbg_bits();
  unparted();
  generators();
  types();
  keys_as_elements();
  distributions();
  cx_scope_close(&scope);
  return check_report();
}
