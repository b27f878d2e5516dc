// A repeatable source of numbers: the one of bench/measure.mjs, so that all sides get the same places and delays.
#pragma once

#include <stdint.h>

// A number from 0 to 1.
static inline double random_next(uint64_t *state) {
  *state = *state * 16807 % 2147483647;
  return (double)*state / 2147483647;
}

// A whole number from 0, less than `end`.
static inline uint32_t random_below(uint64_t *state, uint32_t end) { return (uint32_t)(random_next(state) * end) % end; }
