/* What the host sets: JAX's jax_threefry_partitionable. */
#ifndef OP_RANDOM_H
#define OP_RANDOM_H

#include "op/rules.h"

extern bool random_partitionable;

#endif
