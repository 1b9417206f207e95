/* What arrays' attributes and methods are made of: transposition, reinterpretation of bits, rounding, rows. */
#ifndef NP_VIEW_H
#define NP_VIEW_H

#include <cuirax/value.h>

CxVal np_reversed(CxVal x);        /* all axes reversed */
CxVal np_swap_last(CxVal x); /* the last two axes swapped */
CxVal np_view(CxVal x, CxDtype d);  /* the same bits as elements of d; the last axis stretches or shrinks */
CxVal np_round_to(CxVal x, int digits); /* to so many decimals, halves to even */
CxVal np_row(CxVal x, int64_t i);   /* x[i], 0 <= i < the first extent; shares memory if x is concrete */

#endif
