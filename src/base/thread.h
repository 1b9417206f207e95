/* Thread-local variables on hot paths: small ones only (a pointer, a flag), because libraries opened at run time have little room for
 * variables with this access model. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#define CX_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))

/* Calls free(p) when the calling thread ends. */
void thread_at_exit(void (*free)(void *), void *p);

#endif
