// The timing wheel, as in the core's wheel.ts: which timers are due, and in which order.
//
// Nine levels of 64 buckets. A timer's tick is its deadline in 1/16 ms; its level is that of the highest of the nine 6-bit digits
// in which its tick differs from the wheel's; its bucket is that digit. A timer is in a bucket no later than its deadline:
// if it is restarted to a later deadline, it stays there, and moves when the wheel reaches the bucket.
#pragma once

#include <math.h>

#include "lists.h"

enum { DIGIT = 6, TICKS_PER_MS = 16, DUE_LIST = LEVELS * BUCKETS };

static const double LAST_TICK = 9007199254740991.0; // 17,000 years

typedef struct {
  Records records;
  uint64_t tick;
  uint64_t occupied[LEVELS]; // a bit for each bucket that may hold timers
  double pass;               // the time at which this pass began
  double bound;              // never later than the deadline of anything in a bucket
  int32_t size;              // timers in buckets
  uint32_t sequence;         // of the latest start
} Wheel;

static inline uint64_t tick_of(double time) {
  double tick = time * TICKS_PER_MS;
  return tick < LAST_TICK ? (uint64_t)(int64_t)tick : (uint64_t)LAST_TICK;
}

static inline void wheel_place(Wheel *wheel, int32_t ref, double deadline) {
  uint64_t tick = tick_of(deadline);
  if (tick < wheel->tick) tick = wheel->tick;
  int level = (63 - __builtin_clzll((tick ^ wheel->tick) | 1)) / DIGIT;
  int index = (int)(tick >> (level * DIGIT)) & (BUCKETS - 1);
  wheel->occupied[level] |= (uint64_t)1 << index;
  append(&wheel->records, head_of(level * BUCKETS + index), ref);
}

// Inserts a timer that is in no list into the bucket of its deadline.
static inline void wheel_insert(Wheel *wheel, int32_t slot, double deadline) {
  record_at(&wheel->records, slot)->deadline = deadline;
  wheel->size++;
  wheel_place(wheel, ref_of(slot), deadline);
  if (deadline < wheel->bound) wheel->bound = deadline;
}

// Removes a timer from its bucket or from the list of due timers.
static inline void wheel_withdraw(Wheel *wheel, int32_t slot) {
  Record *timer = record_at(&wheel->records, slot);
  if (timer->word & IS_DUE) timer->word &= ~IS_DUE;
  else wheel->size--;
  unlink_timer(&wheel->records, ref_of(slot));
}

// The ref of the first due timer; negative if there is none.
static inline int32_t wheel_first_due(const Wheel *wheel) {
  return links_of(&wheel->records, head_of(DUE_LIST))->next;
}

// The lowest level with a bucket that may hold timers, or -1.
static inline int wheel_lowest(const Wheel *wheel) {
  for (int level = 0; level < LEVELS; level++) {
    if (wheel->occupied[level] != 0) return level;
  }
  return -1;
}

// The next bucket of a level.
static inline int wheel_next_bucket(const Wheel *wheel, int level) { return __builtin_ctzll(wheel->occupied[level]); }

// The first tick of a bucket.
static inline uint64_t wheel_begin(const Wheel *wheel, int level, int index) {
  int shift = level * DIGIT;
  return (wheel->tick >> (shift + DIGIT) << (shift + DIGIT)) | ((uint64_t)index << shift);
}

static inline int32_t wheel_empty(Wheel *wheel, int level, int index) {
  wheel->occupied[level] &= ~((uint64_t)1 << index);
  return detach(&wheel->records, head_of(level * BUCKETS + index));
}

// Collects the due timers of a bucket of the lowest level. The others, later in its tick or restarted, move to their buckets.
static inline void wheel_collect(Wheel *wheel, int32_t ref, double now) {
  const Records *records = &wheel->records;
  int32_t end = links_of(records, head_of(DUE_LIST))->prev;
  int32_t last = end;
  bool in_order = true;
  while (ref > 0) {
    int32_t following = links_of(records, ref)->next;
    Record *timer = record_at(records, slot_in(ref));
    if (timer->deadline > now || tick_of(timer->deadline) > wheel->tick) {
      wheel_place(wheel, ref, timer->deadline);
    } else {
      timer->word |= IS_DUE;
      wheel->size--;
      append(records, head_of(DUE_LIST), ref);
      if (last != end && comes_before(records, ref, last)) in_order = false;
      last = ref;
    }
    ref = following;
  }
  if (!in_order) sort_after(records, end);
}

// Moves the timers of an emptied bucket to the buckets of their deadlines.
static inline void wheel_deal(Wheel *wheel, int32_t ref) {
  while (ref > 0) {
    int32_t following = links_of(&wheel->records, ref)->next;
    wheel_place(wheel, ref, record_at(&wheel->records, slot_in(ref))->deadline);
    ref = following;
  }
}

// Advances the wheel to `now`, and appends the timers that have become due to the list of due timers.
static inline void wheel_turn(Wheel *wheel, double now) {
  uint64_t target = tick_of(now);
  for (int level = wheel_lowest(wheel); level >= 0; level = wheel_lowest(wheel)) {
    int index = wheel_next_bucket(wheel, level);
    uint64_t begin = wheel_begin(wheel, level, index);
    if (begin > target) break;
    wheel->tick = begin;
    int32_t ref = wheel_empty(wheel, level, index);
    if (level > 0) {
      wheel_deal(wheel, ref);
    } else {
      wheel_collect(wheel, ref, now);
      if (begin == target) break; // the timers left in this tick are due after now
    }
  }
  wheel->tick = target;
}

// The earliest deadline. Timers in the next bucket that were restarted to a later one are moved there now.
static inline double wheel_earliest(Wheel *wheel) {
  for (int level = wheel_lowest(wheel); level >= 0; level = wheel_lowest(wheel)) {
    int index = wheel_next_bucket(wheel, level);
    uint64_t end = wheel_begin(wheel, level, index) + ((uint64_t)1 << (level * DIGIT));
    double least = INFINITY;
    for (int32_t ref = wheel_empty(wheel, level, index); ref > 0;) {
      int32_t following = links_of(&wheel->records, ref)->next;
      double deadline = record_at(&wheel->records, slot_in(ref))->deadline;
      wheel_place(wheel, ref, deadline);
      if (tick_of(deadline) < end && deadline < least) least = deadline;
      ref = following;
    }
    if (least < INFINITY) return least;
  }
  return INFINITY;
}

// A time before which no timer is due; infinity if no timer is running.
static inline double wheel_bound(Wheel *wheel) {
  int32_t due = wheel_first_due(wheel);
  if (due > 0) return record_at(&wheel->records, slot_in(due))->deadline;
  if (wheel->size == 0) wheel->bound = INFINITY;
  else if (wheel->bound <= wheel->pass) wheel->bound = wheel_earliest(wheel);
  return wheel->bound;
}
