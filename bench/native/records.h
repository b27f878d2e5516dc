// Records of timers in generational slots, as in the core's slots.ts and memory.ts.
//
// An id: kind (2 bits), generation (29 bits), slot (22 bits). A record has 32 bytes. The heads of the lists lie right below the
// records. The table doubles when it is full; addresses of records are valid until then.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
  LEVELS = 9,
  BUCKETS = 64,
  HEADS = LEVELS * BUCKETS + 8, // more than the number of lists, so that records begin at a cache line
  SMALLEST = 256,
  LARGEST = 1 << 22,
  SLOT_BITS = 22,
  CACHE_LINE = 64,
};

typedef struct {
  int32_t next;
  int32_t prev;
} Links;

typedef struct {
  uint32_t word; // the generation, and flags
  Links links;   // of a free record, `next` is the next free slot + 1
  uint32_t order; // sequence number of its start, which orders timers with equal deadlines
  double deadline;
  double interval;
} Record;

_Static_assert(sizeof(Record) == 32, "a record has 32 bytes");
_Static_assert(HEADS * sizeof(Links) % CACHE_LINE == 0, "records begin at a cache line");

static const uint32_t GENERATION_MASK = (1u << 29) - 1;
static const uint32_t IS_RECURRING = 1u << 29; // the timer restarts when it fires
static const uint32_t IS_DUE = 1u << 30;       // the timer is in the list of due timers
static const uint32_t IN_USE = 1u << 31;

static const uint64_t KIND = 2; // of timers

typedef struct {
  char *base; // the address of the first record
  int32_t capacity;
  int32_t used; // slots ever used
  int32_t free; // slot + 1
  int32_t live;
} Records;

static inline Record *record_at(const Records *records, int32_t slot) {
  return (Record *)(void *)(records->base + ((ptrdiff_t)slot * (ptrdiff_t)sizeof(Record)));
}

static inline size_t records_size(int32_t capacity) { return HEADS * sizeof(Links) + (size_t)capacity * sizeof(Record); }

static inline char *records_memory(const Records *records) { return records->base - HEADS * sizeof(Links); }

// Makes room for a number of records, and keeps the existing ones. Returns false if there is no memory.
static inline bool records_resize(Records *records, int32_t capacity) {
  char *memory = aligned_alloc(CACHE_LINE, records_size(capacity));
  if (memory == NULL) return false;
  size_t old = 0;
  if (records->base != NULL) {
    old = records_size(records->capacity);
    memcpy(memory, records_memory(records), old);
    free(records_memory(records));
  }
  memset(memory + old, 0, records_size(capacity) - old);
  records->base = memory + HEADS * sizeof(Links);
  records->capacity = capacity;
  return true;
}

static inline uint64_t id_of(const Records *records, int32_t slot) {
  uint64_t generation = record_at(records, slot)->word & GENERATION_MASK;
  return (((KIND << 29) | generation) << SLOT_BITS) | (uint64_t)slot;
}

// The slot that an id names, or -1.
static inline int32_t find(const Records *records, uint64_t id) {
  int32_t slot = (int32_t)(id & (LARGEST - 1));
  if (id >> 51 != KIND || slot >= records->used) return -1;
  uint32_t named = ((uint32_t)(id >> SLOT_BITS) & GENERATION_MASK) | IN_USE;
  return (record_at(records, slot)->word & (IN_USE | GENERATION_MASK)) == named ? slot : -1;
}

// Takes a slot; -1 if there is none.
static inline int32_t take(Records *records) {
  int32_t slot = records->free - 1;
  if (slot >= 0) {
    records->free = record_at(records, slot)->links.next;
  } else {
    slot = records->used;
    if (slot == records->capacity && (slot == LARGEST || !records_resize(records, slot * 2))) return -1;
    records->used = slot + 1;
  }
  record_at(records, slot)->word |= IN_USE;
  records->live++;
  return slot;
}

// Frees a slot: its id is spent. A slot whose generations are used up is never taken again.
static inline void give(Records *records, int32_t slot) {
  Record *record = record_at(records, slot);
  record->word = (record->word & GENERATION_MASK) + 1;
  records->live--;
  if (record->word > GENERATION_MASK) return;
  record->links.next = records->free;
  records->free = slot + 1;
}
