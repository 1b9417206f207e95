/* Thread-local variables on hot paths: small ones only (a pointer, a flag), because libraries opened at run time have little room for
 * variables with this access model. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <stdint.h>

#define CX_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

/* Calls free(p) when the calling thread ends. */
void thread_at_exit(void (*free)(void *), void *p);

/* Room for a short list that a function returns: [THREAD_INTS], this thread's own, valid until the next call. NULL with an error. */
enum { THREAD_INTS = 256 };
int64_t *thread_ints(void);

#endif
