// Runs random operations on the wheel and on a model, and ends the program with an error at the first difference.
#pragma once

#include <stdint.h>

void check_timers(uint64_t seed);
