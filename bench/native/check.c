// Compares the wheel with the simplest possible model: an array of timers, with a linear search for everything.

#include "check.h"

#include <stdio.h>

#include "random.h"
#include "timers.h"

enum { MOST = 1500, STEPS = 40000, SPENT = 64, BATCH = 512 };

typedef struct {
  uint64_t id;
  double deadline;
  double interval;
  uint32_t order;
  bool recurring;
  bool due;
} Model;

static struct {
  Wheel wheel;
  Model timers[MOST];
  int count;
  int most; // ever created
  Model due[MOST]; // the due timers, in order, as they were when they became due
  int due_count;
  uint64_t spent[SPENT]; // ids of removed timers
  uint32_t ended;
  uint32_t order;
  double now;
  uint32_t random;
  long fired;
} check;

#define EXPECT(condition)                                                            \
  do {                                                                               \
    if (!(condition)) {                                                              \
      fprintf(stderr, "timers check: line %d: failed: %s\n", __LINE__, #condition);  \
      exit(1);                                                                       \
    }                                                                                \
  } while (0)

static uint32_t below(uint32_t end) { return random_below(&check.random, end); }

// Mostly short, so that deadlines are often equal or in one tick; sometimes long, or beyond the wheel's resolution.
static double any_delay(void) {
  uint32_t kind = below(16);
  if (kind < 6) return below(8);
  if (kind < 12) return below(2000) / 16.0 + below(3) * 0.01;
  return kind < 15 ? ldexp(1 + below(3), (int)below(24)) : ldexp(1, (int)below(80));
}

static Model *model_of(uint64_t id) {
  for (int i = 0; i < check.count; i++) {
    if (check.timers[i].id == id) return &check.timers[i];
  }
  return NULL;
}

static void start(Model *timer, double deadline) {
  timer->deadline = deadline;
  timer->order = ++check.order;
  timer->due = false;
}

static void end(Model *timer) {
  check.spent[check.ended++ % SPENT] = timer->id;
  *timer = check.timers[--check.count];
}

static void make(void) {
  if (check.count == MOST) return;
  double after = any_delay();
  bool recurring = below(8) == 0;
  uint64_t id = timers_make(&check.wheel, after, recurring, check.now);
  EXPECT(id != 0 && model_of(id) == NULL);
  for (int i = 0; i < SPENT; i++) EXPECT(check.spent[i] != id);
  Model *timer = &check.timers[check.count++];
  if (check.count > check.most) check.most = check.count;
  *timer = (Model){.id = id, .interval = after, .recurring = recurring};
  start(timer, check.now + after);
}

static void restart(Model *timer) {
  EXPECT(timers_restart(&check.wheel, timer->id, check.now));
  start(timer, check.now + timer->interval);
}

static void remove_one(Model *timer) {
  EXPECT(timers_remove(&check.wheel, timer->id));
  end(timer);
}

static void no_timer(void) {
  const uint64_t forged[] = {0, UINT64_MAX, KIND << 51, (uint64_t)1 << 51, check.spent[below(SPENT)]};
  uint64_t id = forged[below(sizeof forged / sizeof *forged)];
  if (model_of(id) != NULL) return;
  EXPECT(!timers_restart(&check.wheel, id, check.now));
  EXPECT(!timers_remove(&check.wheel, id));
  EXPECT(timers_fire(&check.wheel, id) == FIRE_VOID);
}

static int by_turn(const void *one, const void *two) {
  const Model *a = one;
  const Model *b = two;
  if (a->deadline != b->deadline) return a->deadline < b->deadline ? -1 : 1;
  return a->order < b->order ? -1 : a->order > b->order;
}

// Removes timers that are no longer due.
static void settle(void) {
  int left = 0;
  for (int i = 0; i < check.due_count; i++) {
    const Model *timer = model_of(check.due[i].id);
    if (timer != NULL && timer->due && timer->order == check.due[i].order) check.due[left++] = check.due[i];
  }
  check.due_count = left;
}

static void turn(void) {
  timers_turn(&check.wheel, check.now);
  settle();
  int before = check.due_count;
  for (int i = 0; i < check.count; i++) {
    Model *timer = &check.timers[i];
    if (timer->due || timer->deadline > check.now) continue;
    timer->due = true;
    check.due[check.due_count++] = *timer;
  }
  qsort(&check.due[before], (size_t)(check.due_count - before), sizeof(Model), by_turn);
}

static void fire(uint64_t id) {
  Model *timer = model_of(id);
  Fire expected = timer == NULL || !timer->due ? FIRE_VOID : timer->recurring ? FIRE_RECURRING : FIRE_ONCE;
  EXPECT(timers_fire(&check.wheel, id) == expected);
  if (expected == FIRE_RECURRING) start(timer, check.wheel.pass + timer->interval);
  if (expected == FIRE_ONCE) end(timer);
  check.fired += expected != FIRE_VOID;
}

static void any_step(void);

// A pass: due timers fire in order, while others are made, restarted and removed; sometimes it ends early.
static void pass(void) {
  turn();
  bool busy = below(2) == 0;
  uint64_t ids[BATCH];
  for (int count = timers_due(&check.wheel, ids, BATCH); count > 0; count = timers_due(&check.wheel, ids, BATCH)) {
    settle();
    EXPECT(count == (check.due_count < BATCH ? check.due_count : BATCH));
    for (int i = 0; i < count; i++) EXPECT(ids[i] == check.due[i].id);
    for (int i = 0; i < count; i++) {
      if (busy && below(4) == 0) any_step();
      if (busy && below(64) == 0) return;
      fire(ids[i]);
    }
  }
}

static void any_step(void) {
  uint32_t kind = below(8);
  if (kind == 7) no_timer();
  else if (kind < 3 || check.count == 0) make();
  else if (kind < 6) restart(&check.timers[below((uint32_t)check.count)]);
  else remove_one(&check.timers[below((uint32_t)check.count)]);
}

static void look_at_bound(void) {
  double next = INFINITY;
  bool is_due = false;
  for (int i = 0; i < check.count; i++) {
    if (check.timers[i].deadline < next) next = check.timers[i].deadline;
    is_due |= check.timers[i].due;
  }
  double bound = wheel_bound(&check.wheel);
  EXPECT(bound <= next);
  EXPECT(isinf(bound) == isinf(next));
  EXPECT(is_due || bound > check.wheel.pass || next <= check.wheel.pass);
  EXPECT(check.wheel.records.live == check.count);
  EXPECT(check.wheel.records.used <= check.most);
}

void check_timers(uint64_t seed) {
  check.random = seed == 0 ? 1 : (uint32_t)seed;
  EXPECT(timers_open(&check.wheel));
  pass();
  look_at_bound();
  for (int step = 0; step < STEPS; step++) {
    // Alternately few timers and many, up to the maximum of the model.
    uint32_t crowd = step / 2000 % 4 == 3 ? 1 : 0;
    any_step();
    if (crowd) make();
    if (below(8) == 0) check.now += below(4) * 0.25;
    if (below(2000) == 0) check.now += ldexp(1, (int)below(30));
    if (below(crowd ? 1000 : 16) == 0) pass();
    if (below(2000) == 0) {
      while (check.count > 0) remove_one(&check.timers[check.count - 1]);
      pass();
    }
    if (check.count == 0 || below(crowd ? 100 : 8) == 0) look_at_bound();
  }
  timers_close(&check.wheel);
  EXPECT(check.fired > STEPS / 8);
  printf("%d steps, %ld timers fired: same as the model\n", STEPS, check.fired);
}
