// The operations, as in bench/timers.mjs. A side includes this file after its own timers: it must have the types Side, Timer and
// Delay, and the functions
//
//   open_side(side, room)   close_side(side)   delay_of(seconds)
//   make(side, delay)       restart(side, timer)   cancel(side, timer)
//   pass_time(side)         waits until timers of SHORT are due
//   run_due(side)           calls the callbacks of all due timers
//
// So the compiler can inline them, and no side pays for a call that another one does not.
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "random.h"
#include "sides.h"

enum { BATCH = 512, BATCHES = 4000, LONGEST = 600 };

static const double SHORT = 0.001; // seconds: the delay of timers that must fire

static size_t fired = 0;

typedef struct {
  Side side;
  size_t pending_count;
  Timer *pending;
  Timer made[BATCH];
  Delay delays[BATCH];
  Delay one_delay;
  uint32_t places[BATCH];
  int *drawn; // by place: the last batch that has drawn it
} Bench;

static double nanoseconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double next_delay(uint32_t *random) { return 1 + random_next(random) * (LONGEST - 1); }

// Draws different places among the pending timers, and delays.
static void draw(Bench *bench, int batch, uint32_t *random) {
  for (int i = 0; i < BATCH; i++) {
    bench->delays[i] = delay_of(next_delay(random));
    uint32_t place;
    do {
      place = random_below(random, (uint32_t)bench->pending_count);
    } while (bench->drawn[place] == batch);
    bench->drawn[place] = batch;
    bench->places[i] = place;
  }
}

// The measured operations.
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
      for (int i = 0; i < BATCH; i++) cancel(side, pending[bench->places[i]]);
      break;
    default: // MIX: one that is made takes the place of the next that is cancelled
      for (int i = 0; i < BATCH; i++) {
        Timer *place = &pending[bench->places[i]];
        if (i % 20 == 0) {
          bench->made[0] = make(side, bench->delays[i]);
        } else if (i % 20 == 1) {
          cancel(side, *place);
          *place = bench->made[0];
        } else {
          restart(side, *place);
        }
      }
  }
}

// Restores the state.
static void put_back(Bench *bench, Operation operation) {
  for (int i = 0; i < BATCH; i++) {
    Timer *place = &bench->pending[bench->places[i]];
    if (operation == MAKE_RANDOM || operation == MAKE_ONE) {
      cancel(&bench->side, *place);
      *place = bench->made[i];
    }
    if (operation == CANCEL) *place = make(&bench->side, bench->delays[i]);
  }
}

static double measure(Bench *bench, Operation operation, uint32_t *random) {
  double total = 0;
  for (int batch = 1; batch <= BATCHES; batch++) {
    draw(bench, batch, random);
    double begin = nanoseconds();
    work(bench, operation);
    total += nanoseconds() - begin;
    put_back(bench, operation);
  }
  return total / ((double)BATCHES * BATCH);
}

// All pending timers are due together; nothing else is.
static double measure_fire(Bench *bench, size_t count) {
  double total = 0;
  size_t done = 0;
  fired = 0;
  for (; done < (size_t)BATCHES * BATCH; done += count) {
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
  uint32_t random = 1;
  Bench bench = {.one_delay = delay_of(operation == FIRE ? SHORT : LONGEST / 2.0)};
  bench.pending = malloc(pending * sizeof(Timer));
  bench.drawn = calloc(pending, sizeof(int));
  if (bench.pending == NULL || bench.drawn == NULL || !open_side(&bench.side, pending + BATCH)) {
    fprintf(stderr, "timers: no memory\n");
    exit(1);
  }
  double result;
  if (operation == FIRE) {
    result = measure_fire(&bench, pending);
  } else {
    for (size_t i = 0; i < pending; i++) {
      bench.pending[i] = make(&bench.side, operation == MAKE_ONE ? bench.one_delay : delay_of(next_delay(&random)));
    }
    bench.pending_count = pending;
    result = measure(&bench, operation, &random);
  }
  close_side(&bench.side);
  free(bench.drawn);
  free(bench.pending);
  return result;
}
