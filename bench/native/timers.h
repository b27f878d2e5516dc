// Timers on the wheel, as in the core's timers.ts: made, restarted, removed, fired. A restart corresponds to a command of the core.
// Other features of the core have no counterpart here: checks of times, commands in memory, start times that are set later,
// timers of connections.
#pragma once

#include "wheel.h"

typedef enum { FIRE_VOID, FIRE_ONCE, FIRE_RECURRING } Fire;

// Returns false if there is no memory.
static inline bool timers_open(Wheel *wheel) {
  *wheel = (Wheel){.bound = INFINITY};
  if (!records_resize(&wheel->records, SMALLEST)) return false;
  lists_clear(&wheel->records);
  return true;
}

static inline void timers_close(Wheel *wheel) { free(records_memory(&wheel->records)); }

// Restarts a timer, running or not, with a deadline and a new sequence number.
static inline void timers_schedule(Wheel *wheel, int32_t slot, double deadline) {
  Record *timer = record_at(&wheel->records, slot);
  timer->order = ++wheel->sequence;
  if (timer->deadline < INFINITY) wheel_withdraw(wheel, slot);
  wheel_insert(wheel, slot, deadline);
}

// Makes and starts a timer of `after` milliseconds. Returns its id; 0 if there is no room.
static inline uint64_t timers_make(Wheel *wheel, double after, bool recurring, double now) {
  int32_t slot = take(&wheel->records);
  if (slot < 0) return 0;
  Record *timer = record_at(&wheel->records, slot);
  if (recurring) timer->word |= IS_RECURRING;
  timer->interval = after;
  timer->deadline = INFINITY;
  timers_schedule(wheel, slot, now + after);
  return id_of(&wheel->records, slot);
}

// Restarts a timer with its interval. If the new deadline is later, only stores it. Returns false if the id names no timer.
static inline bool timers_restart(Wheel *wheel, uint64_t id, double now) {
  int32_t slot = find(&wheel->records, id);
  if (slot < 0) return false;
  Record *timer = record_at(&wheel->records, slot);
  double deadline = now + timer->interval;
  // A due timer is not in a bucket.
  if (deadline < timer->deadline || timer->deadline <= wheel->pass) {
    timers_schedule(wheel, slot, deadline);
  } else {
    timer->deadline = deadline;
    timer->order = ++wheel->sequence;
  }
  return true;
}

static inline void timers_end(Wheel *wheel, int32_t slot) {
  wheel_withdraw(wheel, slot);
  give(&wheel->records, slot);
}

// Removes a timer. Returns false if the id names no timer.
static inline bool timers_remove(Wheel *wheel, uint64_t id) {
  int32_t slot = find(&wheel->records, id);
  if (slot < 0) return false;
  timers_end(wheel, slot);
  return true;
}

// Begins a pass at `now`: collects due timers.
static inline void timers_turn(Wheel *wheel, double now) {
  wheel->pass = now;
  wheel_turn(wheel, now);
}

// Returns the ids of due timers, up to the available room.
static inline int timers_due(const Wheel *wheel, uint64_t *ids, int room) {
  int count = 0;
  for (int32_t ref = wheel_first_due(wheel); ref > 0 && count < room; ref = links_of(&wheel->records, ref)->next) {
    ids[count++] = id_of(&wheel->records, slot_in(ref));
  }
  return count;
}

// Fires a due timer.
static inline Fire timers_fire(Wheel *wheel, uint64_t id) {
  int32_t slot = find(&wheel->records, id);
  if (slot < 0) return FIRE_VOID;
  const Record *timer = record_at(&wheel->records, slot);
  if (!(timer->word & IS_DUE)) return FIRE_VOID;
  if (timer->word & IS_RECURRING) {
    timers_schedule(wheel, slot, wheel->pass + timer->interval);
    return FIRE_RECURRING;
  }
  timers_end(wheel, slot);
  return FIRE_ONCE;
}
