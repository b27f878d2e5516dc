// An echo server on 127.0.0.1. README.md describes its options.

#include "loop.h"

#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

enum { PORT, TIMEOUT, MAX_CONNECTIONS, MAX_ACCEPTS, STATS, GRACE, OPTIONS };

struct echo {
  double options[OPTIONS];
  double bytes; // echoed
};

static void welcome(struct stream *stream) {
  const struct echo *echo = stream->loop->data;
  const double timeout = echo->options[TIMEOUT] * 1000;
  if (CORE(handleTimeout)(&stream->loop->core, stream->id, timeout, loop_clock()) != 0) stream_close(stream);
}

static void received(struct stream *stream, const char *bytes, size_t size) {
  struct echo *echo = stream->loop->data;
  echo->bytes += (double)size;
  stream_write(stream, bytes, size);
}

static void report(struct loop *loop) {
  const struct echo *echo = loop->data;
  w2c_core *core = &loop->core;
  fprintf(stderr, "%u inside, %.0f accepted, %.0f bytes%s\n", CORE(connectionsIn)(core, STATE_INCOMING),
          CORE(acceptedCount)(core), echo->bytes, CORE(phase)(core) == PHASE_ADMITTING ? "" : ", stopping");
}

static void parse(double *options, int count, char **words) {
  static const struct option known[] = {
      {"port", 1, NULL, PORT}, {"timeout", 1, NULL, TIMEOUT}, {"max-connections", 1, NULL, MAX_CONNECTIONS},
      {"max-accepts", 1, NULL, MAX_ACCEPTS}, {"stats", 1, NULL, STATS}, {"grace", 1, NULL, GRACE}, {0}};
  bool good = true;
  for (int option; (option = getopt_long(count, words, "", known, NULL)) >= 0;) {
    char *end = NULL;
    if (option < OPTIONS) options[option] = strtod(optarg, &end);
    good = good && end != NULL && end != optarg && *end == '\0' && options[option] >= 0 && options[option] <= 1e9;
  }
  if (good && optind == count && options[PORT] <= 65535) return;
  errx(2, "options are --port, --timeout, --max-connections, --max-accepts, --stats, --grace, each with a number");
}

int main(int count, char **words) {
  struct echo echo = {.options = {[TIMEOUT] = 15, [MAX_CONNECTIONS] = 1000, [GRACE] = 10}};
  parse(echo.options, count, words);
  struct loop loop = {.data = &echo, .on_accept = welcome, .on_read = received, .on_finish = report};
  loop.grace = echo.options[GRACE] * 1000;
  loop_open(&loop);
  if (CORE(handleLimits)(&loop.core, echo.options[MAX_CONNECTIONS], echo.options[MAX_ACCEPTS], 1) != 0)
    errx(2, "a limit is a whole number");
  printf("listening on 127.0.0.1:%d\n", server_open(&loop, (int)echo.options[PORT]));
  fflush(stdout);
  if (echo.options[STATS] > 0) loop_timer(&loop, echo.options[STATS] * 1000, true, report);
  loop_run(&loop);
  loop_close(&loop);
}
