/* See pool.h. The caller takes chunks like the workers and waits only for chunks that were taken, so a slow worker never delays a job. */
#include "runtime/pool.h"

#include <cuirax/error.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_WORKERS = 63 };

typedef struct Job {
  bool (*part)(void *env, int64_t begin, int64_t end);
  void *env;
  int64_t n, chunk;
  atomic_int_fast64_t next; /* first element not taken */
  atomic_bool failed;
  CxError error; /* of the first failed part; guarded by pool.lock */
} Job;

static struct {
  pthread_mutex_t lock;  /* guards all below */
  pthread_cond_t work, done;
  pthread_mutex_t owner; /* held by the thread whose job runs */
  Job *job;
  uint64_t epoch;        /* counts jobs */
  int busy;              /* workers inside the job */
  int workers;           /* started; -1: not yet */
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, NULL, 0, 0, -1};

static int quota_threads(void) { /* cgroup v2, then v1; 0: no quota */
  long long quota = -1, period = 100000;
  FILE *f = fopen("/sys/fs/cgroup/cpu.max", "r");
  if (f) {
    if (fscanf(f, "%lld %lld", &quota, &period) != 2) quota = -1;
    fclose(f);
  } else if ((f = fopen("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "r"))) {
    if (fscanf(f, "%lld", &quota) != 1) quota = -1;
    fclose(f);
  }
  return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

int pool_threads(void) {
  static atomic_int known;
  int n = known;
  if (n) return n;
  cpu_set_t set;
  n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  int quota = quota_threads();
  if (quota && quota < n) n = quota;
  const char *wanted = getenv("CUIRAX_NUM_THREADS");
  if (wanted && atoi(wanted) > 0) n = atoi(wanted);
  if (n > MAX_WORKERS + 1) n = MAX_WORKERS + 1;
  known = n < 1 ? 1 : n;
  return known;
}

static void job_work(Job *j) {
  for (;;) {
    int64_t begin = atomic_fetch_add(&j->next, j->chunk);
    if (begin >= j->n) return;
    int64_t end = begin + j->chunk < j->n ? begin + j->chunk : j->n;
    if (atomic_load(&j->failed) || j->part(j->env, begin, end)) continue;
    pthread_mutex_lock(&pool.lock);
    if (!atomic_exchange(&j->failed, true)) cx_error_take(&j->error);
    else cx_error_clear();
    pthread_mutex_unlock(&pool.lock);
  }
}

static void *worker_main(void *unused) {
  uint64_t seen = 0;
  (void)unused;
  pthread_mutex_lock(&pool.lock);
  for (;;) {
    while (!pool.job || pool.epoch == seen) pthread_cond_wait(&pool.work, &pool.lock);
    seen = pool.epoch;
    Job *j = pool.job;
    pool.busy++;
    pthread_mutex_unlock(&pool.lock);
    job_work(j);
    pthread_mutex_lock(&pool.lock);
    if (--pool.busy == 0) pthread_cond_signal(&pool.done);
  }
  return NULL;
}

static void pool_forked(void) { /* in the child: the workers are gone, the locks may be held by nobody */
  pthread_mutex_init(&pool.lock, NULL);
  pthread_mutex_init(&pool.owner, NULL);
  pthread_cond_init(&pool.work, NULL);
  pthread_cond_init(&pool.done, NULL);
  pool.job = NULL;
  pool.busy = 0;
  pool.workers = -1;
}

static void pool_start(void) { /* with pool.lock */
  static bool registered;
  if (!registered) registered = pthread_atfork(NULL, NULL, pool_forked) == 0;
  sigset_t all, was;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &was); /* signals are the host's business */
  pthread_attr_t attr;
  pthread_attr_init(&attr);
  pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attr, 1 << 20);
  for (pool.workers = 0; registered && pool.workers < pool_threads() - 1; pool.workers++) {
    pthread_t t;
    if (pthread_create(&t, &attr, worker_main, NULL)) break;
  }
  pthread_attr_destroy(&attr);
  pthread_sigmask(SIG_SETMASK, &was, NULL);
}

static void job_share(Job *j) {
  pthread_mutex_lock(&pool.lock);
  if (pool.workers < 0) pool_start();
  pool.job = j;
  pool.epoch++;
  pthread_cond_broadcast(&pool.work);
  pthread_mutex_unlock(&pool.lock);
  job_work(j);
  pthread_mutex_lock(&pool.lock);
  pool.job = NULL; /* nobody joins any more */
  while (pool.busy) pthread_cond_wait(&pool.done, &pool.lock);
  pthread_mutex_unlock(&pool.lock);
}

bool pool_for(int64_t n, int64_t grain, bool (*part)(void *env, int64_t begin, int64_t end), void *env) {
  int threads = pool_threads();
  if (n <= grain || threads == 1 || pthread_mutex_trylock(&pool.owner)) return part(env, 0, n);
  int64_t chunk = (n + threads * 4 - 1) / (threads * 4);
  Job j = {.part = part, .env = env, .n = n, .chunk = chunk < grain ? grain : chunk};
  job_share(&j);
  pthread_mutex_unlock(&pool.owner);
  if (!j.failed) return true;
  return cx_fail(j.error.code ? j.error.code : CX_ERR_INTERNAL, "%s", j.error.text);
}
