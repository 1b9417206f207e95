/* Damaged StableHLO: every truncation, every flipped bit and a fixed number of mutants of the files in tests/corpus/stablehlo. Each must
 * give a verified graph or an error. Under sanitizers every n-th of them; FUZZ_ALL=1 does all, FUZZ_MUTANTS=n and FUZZ_SEED=s other runs. */
#include "check.h"
#include "stablehlo_fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
enum { STEP = 61, MUTANTS = 4000 };
#else
enum { STEP = 1, MUTANTS = 60000 };
#endif

enum { FILES_MAX = 120, FILE_MAX = 1 << 15 };
static const char folder[] = "tests/corpus/stablehlo";
static struct {
  char name[96];
  unsigned char *bytes;
  size_t n;
} files[FILES_MAX];
static int nfiles;
static long step;

static int name_order(const void *a, const void *b) { return strcmp(a, b); }

static void read_files(void) {
  DIR *d = opendir(folder);
  if (!CHECK(d)) return;
  for (struct dirent *e; (e = readdir(d)) && nfiles < FILES_MAX;)
    if (strstr(e->d_name, ".mlir") && strlen(e->d_name) < sizeof files->name) memcpy(files[nfiles++].name, e->d_name, strlen(e->d_name) + 1);
  closedir(d);
  qsort(files, (size_t)nfiles, sizeof *files, name_order);
  for (int i = 0; i < nfiles; i++) {
    char path[400];
    snprintf(path, sizeof path, "%s/%.95s", folder, files[i].name);
    FILE *f = fopen(path, "rb");
    files[i].bytes = malloc(FILE_MAX);
    if (CHECK(f && files[i].bytes)) files[i].n = fread(files[i].bytes, 1, FILE_MAX, f);
    if (f) fclose(f);
  }
}

/* In memory of exactly this size, so that reading on is noticed. */
static FuzzResult fuzz_exact(const unsigned char *bytes, size_t n) {
  unsigned char *copy = malloc(n + !n);
  if (!copy) return FUZZ_BROKEN;
  memcpy(copy, bytes, n);
  FuzzResult r = stablehlo_fuzz(copy, n);
  free(copy);
  return r;
}

static void test_whole(void) {
  int accepted = 0;
  for (int i = 0; i < nfiles; i++) {
    FuzzResult r = fuzz_exact(files[i].bytes, files[i].n);
    accepted += r == FUZZ_ACCEPTED;
    if (!CHECK(r != FUZZ_BROKEN)) fprintf(stderr, "  %s\n", files[i].name);
  }
  CHECK(accepted * 10 >= nfiles * 9);
}

static void test_truncations(void) {
  for (int i = 0; i < nfiles; i++) {
    bool bytecode = strstr(files[i].name, ".mlirbc") != NULL;
    for (size_t n = (size_t)i % (size_t)step; n + 2 < files[i].n; n += (size_t)step) {
      FuzzResult r = fuzz_exact(files[i].bytes, n);
      if (!CHECK(r != FUZZ_BROKEN && (!bytecode || r == FUZZ_REFUSED))) fprintf(stderr, "  %s cut to %zu bytes\n", files[i].name, n);
    }
  }
}

static void test_flips(void) {
  for (int i = 0; i < nfiles; i++)
    for (size_t bit = (size_t)i % (size_t)step; bit < 8 * files[i].n; bit += (size_t)step) {
      files[i].bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
      if (fuzz_exact(files[i].bytes, files[i].n) == FUZZ_BROKEN) {
        CHECK(!"a flipped bit");
        fprintf(stderr, "  %s with bit %zu flipped\n", files[i].name, bit);
      }
      files[i].bytes[bit / 8] ^= (unsigned char)(1 << bit % 8);
    }
}

static long from_environment(const char *name, long otherwise) {
  const char *s = getenv(name);
  return s ? strtol(s, NULL, 10) : otherwise;
}

static void test_mutants(void) {
  static unsigned char file[2 * FILE_MAX];
  long mutants = from_environment("FUZZ_MUTANTS", MUTANTS), count[3] = {0};
  CxRandom r = {.state = (uint64_t)from_environment("FUZZ_SEED", 1)};
  for (long i = 0; i < mutants && nfiles; i++) {
    uint32_t a = random_below(&r, (uint32_t)nfiles), b = random_below(&r, (uint32_t)nfiles);
    uint64_t state = r.state;
    memcpy(file, files[a].bytes, files[a].n);
    size_t n = stablehlo_mutate(&r, file, files[a].n, sizeof file, files[b].bytes, files[b].n);
    FuzzResult result = fuzz_exact(file, n);
    count[result]++;
    if (result == FUZZ_BROKEN) fprintf(stderr, "  mutant %ld of %s with %s, state %llu\n", i, files[a].name, files[b].name, (unsigned long long)state);
  }
  CHECK(count[FUZZ_BROKEN] == 0);
  CHECK(count[FUZZ_REFUSED] > mutants / 4);
  CHECK(count[FUZZ_ACCEPTED] > mutants / 50);
}

int main(void) {
  step = from_environment("FUZZ_ALL", 0) ? 1 : STEP;
  read_files();
  CHECK(nfiles >= 60);
  test_whole();
  test_truncations();
  test_flips();
  test_mutants();
  for (int i = 0; i < nfiles; i++) free(files[i].bytes);
  return check_report();
}
