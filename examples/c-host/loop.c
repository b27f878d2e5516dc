// The passes of the loop: ready sockets, expired timers, admission, and the decision to stop.

#include "loop.h"

#include <err.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1 << 22, SIGNALS = 0 }; // the maximum number of connections; no id is 0

double loop_clock(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

void loop_open(struct loop *loop) {
  loop->now = loop_clock();
  wasm_rt_init();
  wasm2c_core_instantiate(&loop->core);
  CORE(handleSeed)(&loop->core, (uint32_t)time(NULL) ^ (uint32_t)getpid());
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, NULL);
  loop->signals = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
  loop->epoll = epoll_create1(EPOLL_CLOEXEC);
  loop_watch(loop, EPOLL_CTL_ADD, loop->signals, EPOLLIN, SIGNALS);
}

void loop_close(struct loop *loop) {
  close(loop->signals);
  close(loop->epoll);
  free(loop->slots);
  wasm2c_core_free(&loop->core);
  wasm_rt_free();
}

void loop_watch(struct loop *loop, int operation, int fd, uint32_t events, double id) {
  struct epoll_event event = {.events = events, .data.u64 = (uint64_t)id};
  if (epoll_ctl(loop->epoll, operation, fd, &event) != 0) err(1, "epoll");
}

struct slot *loop_slot(struct loop *loop, double id) {
  const size_t slot = slot_of(id), before = loop->slot_count;
  if (slot >= before) {
    loop->slot_count = slot * 2 + 16;
    loop->slots = realloc(loop->slots, loop->slot_count * sizeof *loop->slots);
    if (loop->slots == NULL) err(1, "memory");
    memset(loop->slots + before, 0, (loop->slot_count - before) * sizeof *loop->slots);
  }
  return &loop->slots[slot];
}

void loop_timer(struct loop *loop, double after, bool recurring, loop_callback *callback) {
  const double id = CORE(handleTimer)(&loop->core, after, recurring, loop->now);
  if (id < 0) errx(1, "no room for a timer");
  loop_slot(loop, id)->callback = callback;
}

static void ready(struct loop *loop, double id) {
  struct signalfd_siginfo info;
  if (id == loop->acceptor) server_announce(loop);
  else if (id != SIGNALS) {
    // The core checks the id, which is spent if it was closed meanwhile, and whether there is a stop to hurry.
    if ((int)CORE(stateOf)(&loop->core, id) >= 0) stream_ready(loop_slot(loop, id)->stream);
  } else if (read(loop->signals, &info, sizeof info) > 0 && CORE(handleHurry)(&loop->core) != 0)
    CORE(handleDrain)(&loop->core, 0, loop->grace, loop->now, false);
}

static void fire(struct loop *loop) {
  const uint32_t batch = CORE(dueAddress)(&loop->core);
  for (uint32_t count; (count = CORE(pollDue)(&loop->core)) > 0;)
    for (uint32_t i = 0; i < count; i++) {
      const double id = core_numbers(&loop->core, batch)[i];
      const enum due due = CORE(handleDue)(&loop->core, id);
      if (due == DUE_ONCE || due == DUE_RECURRING) loop_slot(loop, id)->callback(loop);
      else if (due == DUE_IDLE) stream_end(loop_slot(loop, id)->stream);
      else if (due == DUE_LINGER) stream_close(loop_slot(loop, id)->stream);
    }
}

// Admits clients, and carries out the core's decisions. Returns whether the loop continues.
static bool settle(struct loop *loop) {
  loop->again = server_admit(loop);
  for (double id; (id = CORE(pollLinger)(&loop->core)) > 0;) stream_close(loop_slot(loop, id)->stream);
  for (;;) {
    const enum decision decision = CORE(pollDecision)(&loop->core, 0, true);
    if (decision == DECISION_FINISH) loop->on_finish(loop);
    else if (decision == DECISION_CLOSING) server_close(loop), loop->again = true;
    else if (decision == DECISION_EXPIRED || decision == DECISION_RESET) server_reset(loop);
    else if (decision == DECISION_NOTHING || decision == DECISION_STOP) return decision == DECISION_NOTHING;
    else if (decision == DECISION_CLOSE) for (size_t slot = 0; slot < loop->slot_count; slot++)
      if (loop->slots[slot].stream != NULL) stream_close(loop->slots[slot].stream);
  }
}

void loop_run(struct loop *loop) {
  static struct epoll_event events[EVENTS];
  do {
    const double wait = loop->again ? 0 : ceil(CORE(pollDeadline)(&loop->core) - loop_clock());
    int count = epoll_wait(loop->epoll, events, EVENTS, (int)fmax(0, fmin(wait, 1e9)));
    CORE(handleTick)(&loop->core, loop->now = loop_clock());
    // The process may have been stopped after its wait: all input is read before any connection counts as idle.
    if (CORE(pollDeadline)(&loop->core) <= loop->now) count = epoll_wait(loop->epoll, events, EVENTS, 0);
    if (count < 0 && errno != EINTR) err(1, "epoll");
    for (int i = 0; i < count; i++) ready(loop, (double)events[i].data.u64);
    fire(loop);
  } while (settle(loop));
}
