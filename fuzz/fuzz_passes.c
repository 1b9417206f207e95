/* The passes under a fuzzer: FUZZ_TARGET=fuzz_passes with `make fuzz`, or a program that replays the files given to it. */
#include "graph_fuzz.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (pass_fuzz((const char *)data, n) == FUZZ_BROKEN) __builtin_trap();
  return 0;
}

#ifdef FUZZ_ENGINE

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed) {
  CxRandom r = {.state = seed};
  if (random_below(&r, 5) == 0) return LLVMFuzzerMutate(data, n, max);
  return graph_mutate(&r, (char *)data, n, max, (const char *)data, 0);
}

#else

static int replay(const char *path) {
  FILE *f = fopen(path, "rb");
  char *text = malloc(1 << 20);
  size_t n = f && text ? fread(text, 1, 1 << 20, f) : 0;
  FuzzResult r = pass_fuzz(text, n);
  static const char *const names[] = {"broken", "refused", "accepted"};
  printf("%s: %s\n", path, f ? names[r] : "cannot be read");
  if (f) fclose(f);
  free(text);
  return r == FUZZ_BROKEN;
}

int main(int argc, char **argv) {
  int bad = 0;
  for (int i = 1; i < argc; i++) bad |= replay(argv[i]);
  return bad;
}

#endif
