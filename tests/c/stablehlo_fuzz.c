/* See stablehlo_fuzz.h. */
#include "stablehlo_fuzz.h"

#include <cuirax/stablehlo.h>
#include <stdio.h>
#include <string.h>

static bool error_is_proper(void) {
  const CxError *e = cx_error();
  if (!e || !e->text[0]) return false;
  if (e->code == CX_ERR_PARSE || e->code == CX_ERR_VERIFY || e->code == CX_ERR_NOT_IMPLEMENTED) return true;
  fprintf(stderr, "an error of class %s: %s\n", cx_error_name(e->code), e->text);
  return false;
}

FuzzResult stablehlo_fuzz(const void *bytes, size_t n) {
  CxGraph *g = cx_stablehlo_parse(bytes, n);
  if (!g) {
    bool proper = error_is_proper();
    cx_error_clear();
    return proper ? FUZZ_REFUSED : FUZZ_BROKEN;
  }
  bool sound = !cx_failed() && cx_graph_verify(g, NULL);
  if (!sound) fprintf(stderr, "an accepted program does not verify\n");
  cx_error_clear();
  cx_graph_release(g);
  return sound ? FUZZ_ACCEPTED : FUZZ_BROKEN;
}

static size_t insert(unsigned char *file, size_t n, size_t max, size_t at, const unsigned char *piece, size_t length) {
  if (n + length > max) return n;
  memmove(file + at + length, file + at, n - at);
  memmove(file + at, piece, length);
  return n + length;
}

/* One change. Small numbers are what counts, indices and codes are, so bytes become neighbours or other small bytes. */
static size_t change(CxRandom *r, unsigned char *file, size_t n, size_t max, const unsigned char *other, size_t other_n) {
  size_t at = random_below(r, (uint32_t)n), to = random_below(r, (uint32_t)n);
  size_t length = 1 + random_below(r, 12);
  if (length > n - (at > to ? at : to)) length = 1;
  switch (random_below(r, 8)) {
  case 0: file[at] = (unsigned char)random_next(r); break;
  case 1: file[at] = (unsigned char)(file[at] + 2); break;
  case 2: file[at] = (unsigned char)(file[at] - 2); break;
  case 3: file[at] = (unsigned char)(2 * random_below(r, 16) + 1); break; /* a varint below 16 */
  case 4: memmove(file + at, file + to, length); break;
  case 5: { /* pieces change places */
    unsigned char kept = file[at];
    file[at] = file[to], file[to] = kept;
    break;
  }
  case 6:
    if (!other_n) break;
    to = random_below(r, (uint32_t)other_n);
    if (length > other_n - to) length = other_n - to;
    if (length > n - at) length = n - at;
    memcpy(file + at, other + to, length);
    break;
  default: {
    unsigned char piece[16];
    memcpy(piece, file + to, length);
    if (random_below(r, 2)) return insert(file, n, max, at, piece, length);
    if (length >= n) break;
    memmove(file + at, file + at + length, n - at - length);
    return n - length;
  }
  }
  return n;
}

size_t stablehlo_mutate(CxRandom *r, unsigned char *file, size_t n, size_t max, const unsigned char *other, size_t other_n) {
  for (uint32_t i = 1 + random_below(r, 3); i > 0 && n; i--) n = change(r, file, n, max, other, other_n);
  return n;
}
