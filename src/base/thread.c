/* See thread.h. One pthread key holds a list of what to free. */
#include "base/thread.h"

#include "base/alloc.h"
#include <pthread.h>
#include <stdlib.h>

typedef struct AtExit {
  struct AtExit *next;
  void (*free)(void *);
  void *p;
} AtExit;

static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;

static void exit_run(void *list) {
  for (AtExit *a = list, *next; a; a = next) {
    next = a->next;
    a->free(a->p);
    free(a);
  }
}
static void exit_init(void) { pthread_key_create(&exit_key, exit_run); }

void thread_at_exit(void (*release)(void *), void *p) {
  pthread_once(&exit_once, exit_init);
  AtExit *a = malloc(sizeof *a);
  if (!a) return; /* freed with the process */
  *a = (AtExit){pthread_getspecific(exit_key), release, p};
  pthread_setspecific(exit_key, a);
}

int64_t *thread_ints(void) {
  static CX_THREAD_LOCAL int64_t *ints;
  if (ints || !(ints = cx_calloc(THREAD_INTS, sizeof *ints))) return ints;
  thread_at_exit(cx_free, ints);
  return ints;
}
