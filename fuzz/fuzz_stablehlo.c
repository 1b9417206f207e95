/* The readers of StableHLO, bytecode and text, under a fuzzer. With clang's libFuzzer (`make fuzz FUZZ_TARGET=fuzz_stablehlo`), or as a program
 * that replays the files given to it. */
#include "stablehlo_fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (stablehlo_fuzz(data, n) == FUZZ_BROKEN) __builtin_trap();
  return 0;
}

#ifdef FUZZ_ENGINE

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed) {
  CxRandom r = {.state = seed};
  if (!n || random_below(&r, 2) == 0) return LLVMFuzzerMutate(data, n, max);
  return stablehlo_mutate(&r, data, n, max, NULL, 0);
}

#else

int main(int argc, char **argv) {
  int bad = 0;
  unsigned char *bytes = malloc(1 << 24);
  for (int i = 1; bytes && i < argc; i++) {
    static const char *const names[] = {"broken", "refused", "accepted"};
    FILE *f = fopen(argv[i], "rb");
    FuzzResult r = stablehlo_fuzz(bytes, f ? fread(bytes, 1, 1 << 24, f) : 0);
    printf("%s: %s\n", argv[i], names[r]);
    bad |= r == FUZZ_BROKEN;
    if (f) fclose(f);
  }
  free(bytes);
  return bad;
}

#endif
