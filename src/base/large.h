/* Large blocks of memory, 64-byte aligned. Those freed last are kept for all threads, up to a bound, because fresh pages cost more than
 * most loops over them; from 2 MiB on they ask for huge pages. Small ones (below 64 KiB) are not
 * kept. */
#ifndef BASE_LARGE_H
#define BASE_LARGE_H

#include <stddef.h>

void *large_new(size_t bytes); /* not cleared; NULL with an error */
void large_free(void *block);  /* NULL is fine */

#endif
