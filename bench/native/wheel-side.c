// The measured wheel, with a clock that only moves on request, and a callback for each timer.

#include "timers.h"

typedef uint64_t Timer;
typedef double Delay; // milliseconds
typedef void (*Callback)(uint64_t timer);

typedef struct {
  Wheel wheel;
  Callback *callbacks; // by slot
  double now;
} Side;

static bool open_side(Side *side, size_t room) {
  side->now = 0;
  side->callbacks = calloc(room, sizeof(Callback));
  return side->callbacks != NULL && timers_open(&side->wheel);
}

static void close_side(Side *side) {
  timers_close(&side->wheel);
  free(side->callbacks);
}

static inline Delay delay_of(double seconds) { return seconds * 1000; }

static void count(uint64_t timer);

static inline Timer make(Side *side, Delay delay) {
  Timer timer = timers_make(&side->wheel, delay, false, side->now);
  side->callbacks[timer & (LARGEST - 1)] = count;
  return timer;
}

static inline void restart(Side *side, Timer timer) { timers_restart(&side->wheel, timer, side->now); }

static inline void cancel(Side *side, Timer timer) { timers_remove(&side->wheel, timer); }

static void pass_time(Side *side) { side->now++; }

static void run_due(Side *side) {
  enum { IDS = 512 };
  uint64_t ids[IDS];
  timers_turn(&side->wheel, side->now);
  for (int count = timers_due(&side->wheel, ids, IDS); count > 0; count = timers_due(&side->wheel, ids, IDS)) {
    for (int i = 0; i < count; i++) {
      if (timers_fire(&side->wheel, ids[i]) != FIRE_VOID) side->callbacks[ids[i] & (LARGEST - 1)](ids[i]);
    }
  }
}

#include "operations.h"

static void count(uint64_t timer) {
  (void)timer;
  fired++;
}

double wheel_round(size_t pending, Operation operation) { return round_of(pending, operation); }
