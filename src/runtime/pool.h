/* Worker threads for large kernels: as many as the process may use (affinity, cgroup quota, CUIRAX_NUM_THREADS), made on first use, asleep when
 * idle, made anew after fork. One job at a time: a second caller meanwhile runs its job alone. Splitting never changes results. */
#ifndef RUNTIME_POOL_H
#define RUNTIME_POOL_H

#include <stdbool.h>
#include <stdint.h>

int pool_threads(void); /* the caller included; >= 1 */

/* Calls part(env, begin, end) for ranges that cover 0 … n, none shorter than grain unless n is; false if any part returned false (with an
 * error pending in this thread). */
bool pool_for(int64_t n, int64_t grain, bool (*part)(void *env, int64_t begin, int64_t end), void *env);

#endif
