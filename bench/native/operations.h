// The operations, as in bench/timers.mjs, for a side that has included its own timers before: it has the types Side, Timer and
// Delay, and the functions
//
//   open_side(side, room)   close_side(side)   delay_of(seconds)
//   make(side, delay)       restart(side, timer)   cancel(side, timer)
//   pass_time(side)         waits until timers of SHORT are due
//   run_due(side)           calls the callbacks of all that is due
//
// So the compiler sees them through, and no side pays for a call that another does not.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "random.h"
#include "sides.h"

enum { BATCH = 500, ROUND = 2000000, LONGEST = 600 };

static const double SHORT = 0.001; // seconds: the delay of those that are to fire

static size_t fired = 0;

typedef struct {
  Side side;
  size_t pending_count;
  Timer *pending;
  Timer made[BATCH];
  Delay delays[BATCH];
  Delay one_delay;
  uint32_t places[BATCH];
} Bench;

static double nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double next_delay(uint64_t *random) { return 1 + random_next(random) * (LONGEST - 1); }

// What is measured.
static void work(Bench *bench, Operation operation) {
  Side *side = &bench->side;
  Timer *pending = bench->pending;
  switch (operation) {
    case MAKE_RANDOM:
      for (int i = 0; i < BATCH; i++) bench->made[i] = make(side, bench->delays[i]);
      break;
    case MAKE_ONE:
      for (int i = 0; i < BATCH; i++) bench->made[i] = make(side, bench->one_delay);
      break;
    case RESTART:
      for (int i = 0; i < BATCH; i++) restart(side, pending[bench->places[i]]);
      break;
    case CANCEL:
      for (int i = 0; i < BATCH; i++) cancel(side, pending[i]);
      break;
    default: // MIX
      for (int i = 0; i < BATCH; i++) {
        Timer *place = &pending[bench->places[i]];
        if (i % 20 == 0) {
          pending[bench->pending_count++] = make(side, bench->delays[i]);
        } else if (i % 20 == 1) {
          cancel(side, *place);
          *place = pending[--bench->pending_count];
        } else {
          restart(side, *place);
        }
      }
  }
}

// Puts things back as they were.
static void put_back(Bench *bench, Operation operation) {
  for (int i = 0; i < BATCH; i++) {
    if (operation == MAKE_RANDOM || operation == MAKE_ONE) cancel(&bench->side, bench->made[i]);
    if (operation == CANCEL) bench->pending[i] = make(&bench->side, bench->delays[i]);
  }
}

static double measure(Bench *bench, Operation operation, uint64_t *random) {
  double total = 0;
  for (int done = 0; done < ROUND; done += BATCH) {
    for (int i = 0; i < BATCH; i++) {
      bench->delays[i] = delay_of(next_delay(random));
      bench->places[i] = (uint32_t)(random_next(random) * (double)bench->pending_count);
    }
    double begin = nanoseconds();
    work(bench, operation);
    total += nanoseconds() - begin;
    put_back(bench, operation);
  }
  return total / ROUND;
}

// All that are pending are due together; nothing else is.
static double measure_fire(Bench *bench, size_t count) {
  double total = 0;
  size_t done = 0;
  fired = 0;
  for (; done < ROUND; done += count) {
    double begin = nanoseconds();
    for (size_t i = 0; i < count; i++) make(&bench->side, bench->one_delay);
    total += nanoseconds() - begin;
    pass_time(&bench->side);
    begin = nanoseconds();
    run_due(&bench->side);
    total += nanoseconds() - begin;
  }
  if (fired != done) {
    fprintf(stderr, "timers: %zu of %zu have fired\n", fired, done);
    exit(1);
  }
  return total / (double)done;
}

static double round_of(size_t pending, Operation operation) {
  uint64_t random = 1;
  Bench bench = {.one_delay = delay_of(operation == FIRE ? SHORT : LONGEST / 2.0)};
  bench.pending = malloc((pending + BATCH) * sizeof(Timer));
  if (bench.pending == NULL || !open_side(&bench.side, pending + BATCH)) {
    fprintf(stderr, "timers: no memory\n");
    exit(1);
  }
  double result;
  if (operation == FIRE) {
    result = measure_fire(&bench, pending);
  } else {
    for (size_t i = 0; i < pending; i++) bench.pending[i] = make(&bench.side, delay_of(next_delay(&random)));
    bench.pending_count = pending;
    result = measure(&bench, operation, &random);
  }
  close_side(&bench.side);
  free(bench.pending);
  return result;
}
