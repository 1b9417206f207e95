/* What every expansion of formula.h shares. Horner's rule in FMA and C: POLY(x, a0, a1, ...) for up to 32 coefficients. */
#ifndef KERNELS_FORMULA_POLY_H
#define KERNELS_FORMULA_POLY_H

/* From here on sin, cos and tan are left to their slow forms; so are NaN. */
#define FORMULA_NEAR_F32 0x1p17f
#define FORMULA_NEAR_F64 0x1p30

/* The remainder has one step for |x| below this times |y|. */
#define FORMULA_QUOTIENT_F32 0x1p21f
#define FORMULA_QUOTIENT_F64 0x1p50

#define POLY_1(x, a) C(a)
#define POLY_2(x, a, ...) FMA(POLY_1(x, __VA_ARGS__), x, C(a))
#define POLY_3(x, a, ...) FMA(POLY_2(x, __VA_ARGS__), x, C(a))
#define POLY_4(x, a, ...) FMA(POLY_3(x, __VA_ARGS__), x, C(a))
#define POLY_5(x, a, ...) FMA(POLY_4(x, __VA_ARGS__), x, C(a))
#define POLY_6(x, a, ...) FMA(POLY_5(x, __VA_ARGS__), x, C(a))
#define POLY_7(x, a, ...) FMA(POLY_6(x, __VA_ARGS__), x, C(a))
#define POLY_8(x, a, ...) FMA(POLY_7(x, __VA_ARGS__), x, C(a))
#define POLY_9(x, a, ...) FMA(POLY_8(x, __VA_ARGS__), x, C(a))
#define POLY_10(x, a, ...) FMA(POLY_9(x, __VA_ARGS__), x, C(a))
#define POLY_11(x, a, ...) FMA(POLY_10(x, __VA_ARGS__), x, C(a))
#define POLY_12(x, a, ...) FMA(POLY_11(x, __VA_ARGS__), x, C(a))
#define POLY_13(x, a, ...) FMA(POLY_12(x, __VA_ARGS__), x, C(a))
#define POLY_14(x, a, ...) FMA(POLY_13(x, __VA_ARGS__), x, C(a))
#define POLY_15(x, a, ...) FMA(POLY_14(x, __VA_ARGS__), x, C(a))
#define POLY_16(x, a, ...) FMA(POLY_15(x, __VA_ARGS__), x, C(a))
#define POLY_17(x, a, ...) FMA(POLY_16(x, __VA_ARGS__), x, C(a))
#define POLY_18(x, a, ...) FMA(POLY_17(x, __VA_ARGS__), x, C(a))
#define POLY_19(x, a, ...) FMA(POLY_18(x, __VA_ARGS__), x, C(a))
#define POLY_20(x, a, ...) FMA(POLY_19(x, __VA_ARGS__), x, C(a))
#define POLY_21(x, a, ...) FMA(POLY_20(x, __VA_ARGS__), x, C(a))
#define POLY_22(x, a, ...) FMA(POLY_21(x, __VA_ARGS__), x, C(a))
#define POLY_23(x, a, ...) FMA(POLY_22(x, __VA_ARGS__), x, C(a))
#define POLY_24(x, a, ...) FMA(POLY_23(x, __VA_ARGS__), x, C(a))
#define POLY_25(x, a, ...) FMA(POLY_24(x, __VA_ARGS__), x, C(a))
#define POLY_26(x, a, ...) FMA(POLY_25(x, __VA_ARGS__), x, C(a))
#define POLY_27(x, a, ...) FMA(POLY_26(x, __VA_ARGS__), x, C(a))
#define POLY_28(x, a, ...) FMA(POLY_27(x, __VA_ARGS__), x, C(a))
#define POLY_29(x, a, ...) FMA(POLY_28(x, __VA_ARGS__), x, C(a))
#define POLY_30(x, a, ...) FMA(POLY_29(x, __VA_ARGS__), x, C(a))
#define POLY_31(x, a, ...) FMA(POLY_30(x, __VA_ARGS__), x, C(a))
#define POLY_32(x, a, ...) FMA(POLY_31(x, __VA_ARGS__), x, C(a))
#define POLY_COUNT(a1, a2, a3, a4, a5, a6, a7, a8, a9, a10, a11, a12, a13, a14, a15, a16, a17, a18, a19, a20, a21, a22, a23, a24, a25, a26, a27, a28, a29, a30, a31, a32, n, ...) n
#define POLY_JOIN(n) POLY_##n
#define POLY_NAME(n) POLY_JOIN(n)
#define POLY(x, ...) POLY_NAME(POLY_COUNT(__VA_ARGS__, 32, 31, 30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 19, 18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0))(x, __VA_ARGS__)

#endif
