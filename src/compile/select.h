/* From a loop program to micro-ops. A slot of the native function is the base of a buffer; in a program that threads share, that base moved on to the
 * first turn of a share, so there is one slot for each step that a buffer takes per turn. Slot 0 points to the share: first turn, number of turns. */
#ifndef COMPILE_SELECT_H
#define COMPILE_SELECT_H

#include "compile/loop.h"
#include "emit/uop.h"

#define SLOT_STOP UINT32_MAX /* a slot's "buffer": the word that asks long loops to stop */

typedef struct Slot {
  uint32_t buffer, next; /* next slot of the same buffer, or 0 */
  int64_t step;          /* bytes per turn of the shared loop */
} Slot;
typedef VEC(Slot) Slots; /* slots.v[0] stands for the share */

/* near: short forms of sin, cos and tan; where an argument is too large for them the function ends with STATUS_FAR, and the other form must be run.
 * False with an error; free `out` and slots in any case. */
enum { STATUS_STOPPED = 1, STATUS_FAR = 2 };
bool select_program(const LoopProgram *p, EmitTarget target, bool near, UopCode *out, Slots *slots);

#endif
