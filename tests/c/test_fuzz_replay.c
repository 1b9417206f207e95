/* Hostile graph texts: the seeds and finds in tests/corpus/graph_text, and a fixed number of mutants of them.
 * FUZZ_MUTANTS=n and FUZZ_SEED=s in the environment make other runs. */
#include "check.h"
#include "graph_fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 80, TEXT_MAX = 1 << 16 };
static const char folder[] = "tests/corpus/graph_text";
static struct {
  char name[64];
  char *text;
  size_t n;
} files[FILES_MAX];
static int nfiles;

static int name_order(const void *a, const void *b) { return strcmp(a, b); }

static void read_files(void) {
  DIR *d = opendir(folder);
  if (!CHECK(d)) return;
  for (struct dirent *e; (e = readdir(d)) && nfiles < FILES_MAX;)
    if (strstr(e->d_name, ".txt") && strlen(e->d_name) < sizeof files->name) memcpy(files[nfiles++].name, e->d_name, strlen(e->d_name) + 1);
  closedir(d);
  qsort(files, (size_t)nfiles, sizeof *files, name_order);
  for (int i = 0; i < nfiles; i++) {
    char path[400];
    snprintf(path, sizeof path, "%s/%.63s", folder, files[i].name);
    FILE *f = fopen(path, "rb");
    files[i].text = malloc(TEXT_MAX);
    if (CHECK(f && files[i].text)) files[i].n = fread(files[i].text, 1, TEXT_MAX, f);
    if (f) fclose(f);
  }
}

/* good_* must be accepted, bad_* refused, and most seed_* accepted (they name the attributes of ops: fuzz/fuzz_graph_text -s makes new ones). */
static void test_files(void) {
  int seeds = 0, accepted = 0;
  for (int i = 0; i < nfiles; i++) {
    FuzzResult r = graph_fuzz(files[i].text, files[i].n);
    if (!strncmp(files[i].name, "seed_", 5)) seeds++, accepted += r == FUZZ_ACCEPTED;
    bool ok = r != FUZZ_BROKEN;
    if (!strncmp(files[i].name, "good_", 5)) ok = r == FUZZ_ACCEPTED;
    if (!strncmp(files[i].name, "bad_", 4)) ok = r == FUZZ_REFUSED;
    if (!CHECK(ok)) fprintf(stderr, "  %s: %d\n", files[i].name, (int)r);
  }
  CHECK(seeds >= 20 && accepted * 4 >= seeds * 3);
}

static long from_environment(const char *name, long otherwise) {
  const char *s = getenv(name);
  return s ? strtol(s, NULL, 10) : otherwise;
}

static void test_mutants(void) {
  static char text[TEXT_MAX];
  long mutants = from_environment("FUZZ_MUTANTS", 20000), count[3] = {0};
  CxRandom r = {.state = (uint64_t)from_environment("FUZZ_SEED", 1)};
  for (long i = 0; i < mutants && nfiles; i++) {
    uint32_t a = random_below(&r, (uint32_t)nfiles), b = random_below(&r, (uint32_t)nfiles);
    size_t n = files[a].n;
    memcpy(text, files[a].text, n);
    uint64_t state = r.state;
    n = graph_mutate(&r, text, n, sizeof text, files[b].text, files[b].n);
    FuzzResult result = graph_fuzz(text, n);
    count[result]++;
    if (result == FUZZ_BROKEN) fprintf(stderr, "  mutant %ld of %s with %s, state %llu\n", i, files[a].name, files[b].name, (unsigned long long)state);
  }
  CHECK(count[FUZZ_BROKEN] == 0);
  CHECK(count[FUZZ_REFUSED] > mutants / 4);
  CHECK(count[FUZZ_ACCEPTED] > mutants / 50); /* the mutator must not only make rubbish */
}

int main(void) {
  read_files();
  CHECK(nfiles >= 20);
  test_files();
  test_mutants();
  for (int i = 0; i < nfiles; i++) free(files[i].text);
  return check_report();
}
