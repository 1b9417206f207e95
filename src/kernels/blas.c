/* See blas.h. */
#include "kernels/blas.h"

#include "base/alloc.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t blas_once = PTHREAD_ONCE_INIT;
static pthread_mutex_t blas_lock = PTHREAD_MUTEX_INITIALIZER; /* guards the two below */
static char *blas_wanted;
static bool blas_sought;
static CxBlas blas;
static void *blas_library;
static bool blas_found;
static const char *blas_in_use;

bool cx_blas_set_path(const char *path) {
  char *copy = cx_strdup(path);
  if (!copy) return false;
  pthread_mutex_lock(&blas_lock);
  bool early = !blas_sought;
  if (early) {
    char *old = blas_wanted;
    blas_wanted = copy;
    copy = old;
  }
  pthread_mutex_unlock(&blas_lock);
  cx_free(copy);
  return early;
}

/* A function pointer out of a library, by way of memory: ISO C has no cast for that. */
static bool blas_symbol(void *library, const char *name, void *function) {
  static const char *const prefixes[] = {"cblas_", "scipy_cblas_"};
  for (int i = 0; i < 2; i++) {
    char full[64];
    snprintf(full, sizeof full, "%s%s", prefixes[i], name);
    void *symbol = dlsym(library, full);
    if (!symbol) continue;
    memcpy(function, &symbol, sizeof symbol);
    return true;
  }
  return false;
}

/* The reference BLAS, which many systems install as libblas.so.3, is far slower than our own loops. */
static bool blas_is_tuned(void *library) {
  return dlsym(library, "openblas_get_config") || dlsym(library, "bli_info_get_version_str") || dlsym(library, "MKL_Get_Version");
}

/* Its own threads would wait for each other, and compete with ours, wherever processors are shared: gemm.c splits products itself. */
static void blas_alone(void *library) {
  static const char *const names[] = {"openblas_set_num_threads", "scipy_openblas_set_num_threads", "openblas_set_num_threads64_",
                                      "scipy_openblas_set_num_threads64_"};
  void (*set)(int) = NULL;
  for (int i = 0; i < 4 && !set; i++) {
    void *symbol = dlsym(library, names[i]);
    memcpy(&set, &symbol, sizeof set);
  }
  if (set) set(1);
}

static bool blas_open(const char *path, bool any) {
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!library) return false;
  blas_found = (any || blas_is_tuned(library)) && blas_symbol(library, "sgemm", &blas.sgemm) &&
               blas_symbol(library, "dgemm", &blas.dgemm) && blas_symbol(library, "cgemm", &blas.cgemm) &&
               blas_symbol(library, "zgemm", &blas.zgemm);
  if (blas_found) blas_alone(blas_library = library);
  else dlclose(library);
  return blas_found;
}

static void blas_load(void) {
  pthread_mutex_lock(&blas_lock);
  blas_sought = true;
  const char *wanted = blas_wanted ? blas_wanted : getenv("CUIRAX_BLAS");
  pthread_mutex_unlock(&blas_lock);
  if (wanted && !strcmp(wanted, "none")) return;
  const char *paths[] = {wanted, "libopenblas.so.0", "libblas.so.3"};
  for (int i = 0; i < 3 && !blas_found; i++)
    if (paths[i] && blas_open(paths[i], i == 0)) blas_in_use = paths[i];
}

const CxBlas *blas_get(void) {
  pthread_once(&blas_once, blas_load);
  return blas_found ? &blas : NULL;
}

const char *cx_blas_path(void) { return blas_get() ? blas_in_use : NULL; }

CxLapackFn *blas_fortran(const char *name) {
  static const char *const prefixes[] = {"", "scipy_"};
  CxLapackFn *function = NULL;
  for (int i = 0; i < 2 && !function && blas_get(); i++) {
    char full[64];
    snprintf(full, sizeof full, "%s%s_", prefixes[i], name);
    void *symbol = dlsym(blas_library, full);
    if (symbol) memcpy(&function, &symbol, sizeof symbol);
  }
  return function;
}
