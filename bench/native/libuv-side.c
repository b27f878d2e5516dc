// The measured timers of libuv, a heap. All handles are in one array and are initialised before; a new timer takes an idle
// one. Only `run_due` advances the loop's time, so nothing fires elsewhere.

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <uv.h>

typedef uv_timer_t *Timer;
typedef uint64_t Delay; // milliseconds

typedef struct {
  uv_loop_t loop;
  uv_timer_t *handles;
  Timer *idle; // a stack
  size_t idle_count;
} Side;

static bool open_side(Side *side, size_t room) {
  side->handles = malloc(room * sizeof(uv_timer_t));
  side->idle = malloc(room * sizeof(Timer));
  if (side->handles == NULL || side->idle == NULL || uv_loop_init(&side->loop) != 0) return false;
  side->idle_count = room;
  // The first one taken is the first in memory.
  for (size_t i = 0; i < room; i++) {
    uv_timer_init(&side->loop, &side->handles[i]);
    side->idle[room - 1 - i] = &side->handles[i];
  }
  side->loop.data = side;
  return true;
}

static void close_handle(uv_handle_t *handle, void *unused) {
  (void)unused;
  uv_close(handle, NULL);
}

static void close_side(Side *side) {
  uv_walk(&side->loop, close_handle, NULL);
  uv_run(&side->loop, UV_RUN_DEFAULT);
  uv_loop_close(&side->loop);
  free(side->idle);
  free(side->handles);
}

static inline Delay delay_of(double seconds) { return (Delay)(seconds * 1000); }

static void count(Timer timer);

static inline void start(Timer timer, Delay delay) { uv_timer_start(timer, count, delay, 0); }

static inline Timer make(Side *side, Delay delay) {
  Timer timer = side->idle[--side->idle_count];
  timer->data = (void *)(uintptr_t)delay;
  start(timer, delay);
  return timer;
}

static inline void restart(Side *side, Timer timer) {
  (void)side;
  start(timer, (Delay)(uintptr_t)timer->data);
}

static inline void cancel(Side *side, Timer timer) {
  uv_timer_stop(timer);
  side->idle[side->idle_count++] = timer;
}

static void pass_time(Side *side) {
  uint64_t before = uv_now(&side->loop);
  // By two, as the loop's clock counts whole milliseconds.
  while (uv_now(&side->loop) < before + 2) uv_update_time(&side->loop);
}

static void run_due(Side *side) { uv_run(&side->loop, UV_RUN_NOWAIT); }

#include "operations.h"

static void count(Timer timer) {
  Side *side = timer->loop->data;
  side->idle[side->idle_count++] = timer;
  fired++;
}

double libuv_round(size_t pending, Operation operation) { return round_of(pending, operation); }
