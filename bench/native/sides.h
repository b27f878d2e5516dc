// The measured operations, and the sides.
#pragma once

#include <stddef.h>

typedef enum { MAKE_RANDOM, MAKE_ONE, RESTART, CANCEL, MIX, FIRE, OPERATIONS } Operation;

// One round: the nanoseconds of one operation with `pending` timers.
typedef double Round(size_t pending, Operation operation);

Round wheel_round;
Round libuv_round;
