// Doubly linked lists of timers, through their records, as in the core's lists.ts: the buckets of the wheel, and due timers.
//
// A ref is the offset of links from the base of the records: positive for records, negative for the heads of lists. A list is
// a ring through its head.
#pragma once

#include "records.h"

enum { CHAINS = 23 };

static inline int32_t ref_of(int32_t slot) { return (slot * (int32_t)sizeof(Record)) + (int32_t)offsetof(Record, links); }

static inline int32_t slot_in(int32_t ref) { return ref / (int32_t)sizeof(Record); }

static inline int32_t head_of(int32_t list) { return (-1 - list) * (int32_t)sizeof(Links); }

static inline Links *links_of(const Records *records, int32_t ref) { return (Links *)(void *)(records->base + ref); }

static inline void join(const Records *records, int32_t one, int32_t two) {
  links_of(records, one)->next = two;
  links_of(records, two)->prev = one;
}

static inline void lists_clear(const Records *records) {
  for (int32_t list = 0; list < HEADS; list++) join(records, head_of(list), head_of(list));
}

static inline void append(const Records *records, int32_t head, int32_t ref) {
  int32_t last = links_of(records, head)->prev;
  join(records, last, ref);
  join(records, ref, head);
}

static inline void unlink_timer(const Records *records, int32_t ref) {
  const Links *links = links_of(records, ref);
  join(records, links->prev, links->next);
}

// Empties a list and returns the ref of its first timer. The timers stay linked to each other; a negative ref ends the chain.
static inline int32_t detach(const Records *records, int32_t head) {
  int32_t first = links_of(records, head)->next;
  join(records, head, head);
  return first;
}

// Whether a timer comes before another: an earlier deadline, or the same and started earlier.
static inline bool comes_before(const Records *records, int32_t ref, int32_t other) {
  const Record *one = record_at(records, slot_in(ref));
  const Record *two = record_at(records, slot_in(other));
  if (one->deadline != two->deadline) return one->deadline < two->deadline;
  return (int32_t)(one->order - two->order) < 0;
}

// Merges two chains that end with 0. If two timers are equal, that of the first chain comes first.
static inline int32_t merge(const Records *records, int32_t one, int32_t two) {
  int32_t first = 0;
  int32_t *end = &first;
  while (one != 0 && two != 0) {
    int32_t *least = comes_before(records, two, one) ? &two : &one;
    *end = *least;
    end = &links_of(records, *least)->next;
    *least = *end;
  }
  *end = one != 0 ? one : two;
  return first;
}

// Sorts a list from behind a ref to its end: a merge sort that needs no extra memory.
static inline void sort_after(const Records *records, int32_t ref) {
  int32_t chains[CHAINS] = {0}; // of 1, 2, 4 … timers
  int32_t rest = links_of(records, ref)->next;
  while (rest > 0) {
    int32_t sorted = rest;
    rest = links_of(records, rest)->next;
    links_of(records, sorted)->next = 0;
    int at = 0;
    for (; chains[at] != 0; at++) {
      sorted = merge(records, chains[at], sorted);
      chains[at] = 0;
    }
    chains[at] = sorted;
  }
  int32_t all = 0;
  for (int at = 0; at < CHAINS; at++) all = merge(records, chains[at], all);
  while (all != 0) {
    int32_t following = links_of(records, all)->next;
    join(records, ref, all);
    ref = all;
    all = following;
  }
  join(records, ref, rest);
}
