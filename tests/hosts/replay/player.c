/* The player in C, on the core as translated by wasm2c: `player SCRIPT`. docs/internals/replay.md describes scripts. */

#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "wasm-rt.h"

typedef struct {
  const char *name;
  f64 (*call)(const f64 *args);
  int has_result;
} Export;

static Z_core_instance_t core;
static int is_made = 0;

#include "exports.h" /* the generated table of exports */

enum { LONGEST = 512, WORDS = 16 };

static void fail(const char *what, const char *word) {
  fprintf(stderr, "%s: %s\n", what, word);
  exit(1);
}

static const Export *find(const char *name) {
  for (size_t i = 0; i < sizeof exports / sizeof *exports; i++) {
    if (strcmp(exports[i].name, name) == 0) return &exports[i];
  }
  fail("no such export", name);
  return NULL;
}

static void print(f64 value) {
  if (isnan(value)) {
    puts("NaN");
  } else if (isinf(value)) {
    puts(value < 0 ? "-Infinity" : "Infinity");
  } else if (fabs(value) < 9007199254740992.0 && floor(value) == value) {
    printf("%.0f\n", value); /* keeps the sign of -0 */
  } else {
    f64 odd = fabs(value);
    int exponent = 0;
    for (; floor(odd) != odd; exponent--) odd *= 2;
    for (; fmod(odd, 2) == 0; exponent++) odd /= 2;
    printf("%s0x%" PRIx64 "p%d\n", value < 0 ? "-" : "", (uint64_t)odd, exponent);
  }
}

/* FNV-1a with 64 bits. */
static void print_hash(void) {
  const wasm_rt_memory_t *memory = Z_coreZ_memory(&core);
  uint64_t hash = 0xcbf29ce484222325;
  for (size_t i = 0; i < memory->size; i++) hash = (hash ^ memory->data[i]) * 0x100000001b3;
  printf("%016" PRIx64 "\n", hash);
}

static void make(void) {
  if (is_made) Z_core_free(&core);
  Z_core_instantiate(&core);
  is_made = 1;
}

/* Reads or writes an entry of the array whose address an export returns. */
static void access_memory(char *const *words, int count) {
  const size_t at = (size_t)find(words[1])->call(NULL) + 8 * strtoul(words[2], NULL, 10);
  uint8_t *const entry = Z_coreZ_memory(&core)->data + at;
  f64 value;
  if (count == 4) {
    value = strtod(words[3], NULL);
    memcpy(entry, &value, sizeof value);
  } else {
    memcpy(&value, entry, sizeof value);
    print(value);
  }
}

static void call(char *const *words, int count, unsigned long times) {
  const Export *export = find(words[0]);
  f64 args[WORDS] = {0};
  f64 result = 0;
  for (int i = 1; i < count; i++) args[i - 1] = strtod(words[i], NULL);
  for (; times > 0; times--) result = export->call(args);
  if (export->has_result) print(result);
}

/* Performs one operation. Returns how many operations that counts for. */
static unsigned long perform(char *line) {
  char *words[WORDS];
  char **first = words;
  unsigned long times = 1;
  int count = 0;
  for (char *word = strtok(line, " \n"); word && *word != '=' && count < WORDS; word = strtok(NULL, " \n")) {
    words[count++] = word;
  }
  if (strcmp(*first, "times") == 0) {
    times = strtoul(words[1], NULL, 10);
    first += 2;
    count -= 2;
  }
  if (strcmp(*first, "new") == 0) make();
  else if (strcmp(*first, "memory") == 0) print_hash();
  else if (strcmp(*first, "load") == 0 || strcmp(*first, "store") == 0) access_memory(first, count);
  else call(first, count, times);
  return times;
}

int main(int argc, char **argv) {
  FILE *script = argc == 2 ? fopen(argv[1], "r") : NULL;
  char line[LONGEST];
  unsigned long operations = 0;
  if (!script) fail("no script", argc == 2 ? argv[1] : "");
  wasm_rt_init();
  Z_core_init_module();
  while (fgets(line, sizeof line, script)) {
    if (*line != '#' && *line != '\n') operations += perform(line);
  }
  printf("operations %lu\n", operations);
  return 0;
}
