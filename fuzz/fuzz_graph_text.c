/* The graph parser, printer and verifier under a fuzzer. With clang's libFuzzer (`make fuzz`), or as a program that replays the files
 * given to it and, with -s, writes seeds for the corpus. */
#include "graph_fuzz.h"
#include "ir/print.h"

#include <cuirax/graph.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
  if (graph_fuzz((const char *)data, n) == FUZZ_BROKEN) __builtin_trap();
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
  FuzzResult r = graph_fuzz(text, n);
  static const char *const names[] = {"broken", "refused", "accepted"};
  printf("%s: %s\n", path, f ? names[r] : "cannot be read");
  if (f) fclose(f);
  free(text);
  return r == FUZZ_BROKEN;
}

/* One small graph for every few ops that no earlier seed has. */
static int write_seeds(const char *folder) {
  bool covered[CX_OP_COUNT] = {0};
  int files = 0;
  for (uint64_t seed = 1; seed < 200000 && files < 40; seed++) {
    CxRandom r = {.state = seed};
    CxGraph *g = random_graph(&r, &(RandomGraphOptions){.eqns = 8, .depth = (int)(seed % 3)});
    uint32_t fresh = 0, want = seed < 2000 ? 6 : seed < 40000 ? 3 : 1;
    for (uint32_t i = 0; g && i < g->eqns.n; i++) fresh += !covered[g->eqns.v[i].op];
    char *text = g && fresh >= want ? cx_graph_text(g) : NULL;
    if (text && strlen(text) < 4000) {
      char path[600];
      snprintf(path, sizeof path, "%s/seed_%02d.txt", folder, ++files);
      FILE *f = fopen(path, "w");
      if (f) fputs(text, f), fputs("\n", f), fclose(f);
      for (uint32_t i = 0; i < g->eqns.n; i++) covered[g->eqns.v[i].op] = true;
    }
    cx_string_free(text);
    cx_graph_release(g);
  }
  return 0;
}

int main(int argc, char **argv) {
  int bad = 0;
  if (argc == 3 && !strcmp(argv[1], "-s")) return write_seeds(argv[2]);
  for (int i = 1; i < argc; i++) bad |= replay(argv[i]);
  return bad;
}

#endif
