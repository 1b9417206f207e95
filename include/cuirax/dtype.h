/* Element types. One row per dtype: CX_<ID>, JAX's name, the short name used in jaxpr text,
 * bytes of storage per element on the host, significant bits, kind.
 * Sub-byte types are stored one element per byte, sign-extended (int2/int4) or zero-extended. */
#ifndef CUIRAX_DTYPE_H
#define CUIRAX_DTYPE_H

#include <stdbool.h>
#include <stdint.h>

/* kind: b bool, i signed, u unsigned, f float, c complex, k random key, v void (float0), t token */
#define CX_DTYPES(X)                                                  \
  X(BOOL, "bool", "bool", 1, 1, 'b')                                  \
  X(I2, "int2", "i2", 1, 2, 'i')                                      \
  X(I4, "int4", "i4", 1, 4, 'i')                                      \
  X(I8, "int8", "i8", 1, 8, 'i')                                      \
  X(I16, "int16", "i16", 2, 16, 'i')                                  \
  X(I32, "int32", "i32", 4, 32, 'i')                                  \
  X(I64, "int64", "i64", 8, 64, 'i')                                  \
  X(U2, "uint2", "u2", 1, 2, 'u')                                     \
  X(U4, "uint4", "u4", 1, 4, 'u')                                     \
  X(U8, "uint8", "u8", 1, 8, 'u')                                     \
  X(U16, "uint16", "u16", 2, 16, 'u')                                 \
  X(U32, "uint32", "u32", 4, 32, 'u')                                 \
  X(U64, "uint64", "u64", 8, 64, 'u')                                 \
  X(F4E2M1FN, "float4_e2m1fn", "f4_e2m1fn", 1, 4, 'f')                \
  X(F8E3M4, "float8_e3m4", "f8_e3m4", 1, 8, 'f')                      \
  X(F8E4M3, "float8_e4m3", "f8_e4m3", 1, 8, 'f')                      \
  X(F8E4M3B11FNUZ, "float8_e4m3b11fnuz", "f8_e4m3b11fnuz", 1, 8, 'f') \
  X(F8E4M3FN, "float8_e4m3fn", "f8_e4m3fn", 1, 8, 'f')                \
  X(F8E4M3FNUZ, "float8_e4m3fnuz", "f8_e4m3fnuz", 1, 8, 'f')          \
  X(F8E5M2, "float8_e5m2", "f8_e5m2", 1, 8, 'f')                      \
  X(F8E5M2FNUZ, "float8_e5m2fnuz", "f8_e5m2fnuz", 1, 8, 'f')          \
  X(F8E8M0FNU, "float8_e8m0fnu", "f8_e8m0fnu", 1, 8, 'f')             \
  X(F16, "float16", "f16", 2, 16, 'f')                                \
  X(BF16, "bfloat16", "bf16", 2, 16, 'f')                             \
  X(F32, "float32", "f32", 4, 32, 'f')                                \
  X(F64, "float64", "f64", 8, 64, 'f')                                \
  X(C64, "complex64", "c64", 8, 64, 'c')                              \
  X(C128, "complex128", "c128", 16, 128, 'c')                         \
  X(KEY_FRY, "key<fry>", "key<fry>", 8, 64, 'k')                      \
  X(KEY_RBG, "key<rbg>", "key<rbg>", 16, 128, 'k')                    \
  X(KEY_URBG, "key<urbg>", "key<urbg>", 16, 128, 'k')                 \
  X(FLOAT0, "float0", "float0", 1, 0, 'v')                            \
  X(TOKEN, "token", "token", 0, 0, 't')

typedef enum CxDtype {
  CX_NO_DTYPE = 0, /* "not given" in options */
#define X(id, name, abbr, bytes, bits, kind) CX_##id,
  CX_DTYPES(X)
#undef X
  CX_DTYPE_COUNT
} CxDtype;

const char *cx_dtype_name(CxDtype d);  /* "float32" */
const char *cx_dtype_short(CxDtype d); /* "f32" */
int cx_dtype_bytes(CxDtype d);         /* storage bytes per element */
int cx_dtype_bits(CxDtype d);          /* significant bits */
char cx_dtype_kind(CxDtype d);         /* see above; '-' for CX_NO_DTYPE */
CxDtype cx_dtype_from_name(const char *name); /* long or short name; CX_NO_DTYPE if unknown */

#endif
