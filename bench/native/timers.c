// The cost of timers in C: the wheel of the core, and libuv, which Node's timers use.
//
//   timers wheel|libuv PENDING OPERATION ROUNDS   prints the nanoseconds of one operation, one line per round
//   timers check [SEED]                           compares the wheel with a model

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "sides.h"

static const char *const NAMES[OPERATIONS] = {"make-random", "make-one", "restart", "cancel", "mix", "fire"};

enum { LEAST_PENDING = 512, MOST_PENDING = 4000000, WRONG_USE = 2, NOT_THERE = 3 };

static int use(void) {
  fprintf(stderr, "timers wheel|libuv PENDING OPERATION ROUNDS\ntimers check [SEED]\n");
  fprintf(stderr, "PENDING is a number from %d to %d; OPERATION is one of", LEAST_PENDING, MOST_PENDING);
  for (int i = 0; i < OPERATIONS; i++) fprintf(stderr, " %s", NAMES[i]);
  fprintf(stderr, "\n");
  return WRONG_USE;
}

static Round *side_named(const char *name) {
  if (strcmp(name, "wheel") == 0) return wheel_round;
#ifdef HAVE_LIBUV
  if (strcmp(name, "libuv") == 0) return libuv_round;
#endif
  return NULL;
}

int main(int count, char **arguments) {
  if (count >= 2 && count <= 3 && strcmp(arguments[1], "check") == 0) {
    check_timers(count == 3 ? strtoull(arguments[2], NULL, 10) : 1);
    return 0;
  }
  if (count != 5) return use();
  Round *round = side_named(arguments[1]);
  if (round == NULL && strcmp(arguments[1], "libuv") == 0) {
    fprintf(stderr, "timers: built without libuv\n");
    return NOT_THERE;
  }
  long pending = strtol(arguments[2], NULL, 10);
  long rounds = strtol(arguments[4], NULL, 10);
  int operation = 0;
  while (operation < OPERATIONS && strcmp(arguments[3], NAMES[operation]) != 0) operation++;
  if (round == NULL || operation == OPERATIONS || rounds < 1) return use();
  if (pending < LEAST_PENDING || pending > MOST_PENDING) return use();
  for (; rounds > 0; rounds--) {
    printf("%.2f\n", round((size_t)pending, (Operation)operation));
    fflush(stdout);
  }
  return 0;
}
