// A repeatable random number generator, the same as in bench/measure.mjs, so that all sides get the same places and delays.
#pragma once

#include <stdint.h>

// A number, at least 0 and less than 1: Marsaglia's xorshift.
static inline double random_next(uint32_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 17;
  *state ^= *state << 5;
  return *state / 4294967296.0;
}

// A whole number, from 0 to `end` - 1.
static inline uint32_t random_below(uint32_t *state, uint32_t end) { return (uint32_t)(random_next(state) * end); }
