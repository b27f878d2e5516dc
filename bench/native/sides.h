// What is measured, and on which sides.
#pragma once

#include <stddef.h>

typedef enum { MAKE_RANDOM, MAKE_ONE, RESTART, CANCEL, MIX, FIRE, OPERATIONS } Operation;

// One round: the nanoseconds that one operation takes while so many timers are pending.
typedef double Round(size_t pending, Operation operation);

Round wheel_round;
Round libuv_round;
