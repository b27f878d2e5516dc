// Opens consecutive connections on many sockets at once: each sends a request, reads the answer until the server
// closes, and closes; with MODE refuse, each sends nothing and waits for the end or the reset. `connections PORT SOCKETS SECONDS MODE`
// prints the figures.
//
// The server closes first, so the connection stays in TIME_WAIT on its side. Connections come from several
// loopback addresses, so that none runs out of ports.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum { ADDRESSES = 16, EVENTS = 256, SAMPLES = 1 << 22, WAIT_SECONDS = 5 };

static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

typedef struct {
  double began;
  long received;
  int fd;
  int is_sent;
} client;

static int poller, port, is_refused;
static unsigned next_address;
static unsigned *samples; // microseconds
static size_t connections, failed;

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void begin(client *c) {
  struct sockaddr_in from = {.sin_family = AF_INET}, to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + next_address++ % ADDRESSES);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("socket");
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){1}, sizeof(int));
  if (bind(c->fd, (struct sockaddr *)&from, sizeof from) != 0) fail("bind");
  c->began = seconds();
  c->received = 0;
  c->is_sent = is_refused;
  if (connect(c->fd, (struct sockaddr *)&to, sizeof to) != 0 && errno != EINPROGRESS) fail("connect");
  struct epoll_event event = {.events = is_refused ? EPOLLIN : EPOLLOUT, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &event);
}

// Returns 1 when the connection has ended.
static int handle(client *c) {
  static char bytes[65536];
  if (!c->is_sent) {
    if (send(c->fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1) return ++failed, 1;
    c->is_sent = 1;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
    return 0;
  }
  for (;;) {
    ssize_t length = read(c->fd, bytes, sizeof bytes);
    if (length > 0) c->received += length;
    else if (length < 0 && errno == EAGAIN) return 0;
    else if (is_refused && c->received == 0) break;
    else if (length < 0 || c->received == 0) return ++failed, 1;
    else break;
  }
  if (connections < SAMPLES) samples[connections] = (unsigned)((seconds() - c->began) * 1e6);
  connections++;
  return 1;
}

static int by_size(const void *a, const void *b) {
  unsigned first = *(const unsigned *)a, second = *(const unsigned *)b;
  return (first > second) - (first < second);
}

static unsigned percentile(double share) {
  size_t count = connections < SAMPLES ? connections : SAMPLES;
  size_t at = (size_t)((double)count * share);
  return count == 0 ? 0 : samples[at < count ? at : count - 1];
}

int main(int count, char **arguments) {
  if (count != 5) return 2;
  port = atoi(arguments[1]);
  int sockets = atoi(arguments[2]);
  is_refused = strcmp(arguments[4], "refuse") == 0;
  double began = seconds(), end = began + strtod(arguments[3], NULL);
  samples = malloc(SAMPLES * sizeof *samples);
  poller = epoll_create1(EPOLL_CLOEXEC);
  client *clients = calloc((size_t)sockets, sizeof *clients);
  for (int at = 0; at < sockets; at++) begin(&clients[at]);
  int open = sockets;
  double now = began, stopped = 0;
  while (open > 0 && now < end + WAIT_SECONDS) {
    static struct epoll_event events[EVENTS];
    int ready = epoll_wait(poller, events, EVENTS, 100);
    now = seconds();
    for (int at = 0; at < ready; at++) {
      client *c = events[at].data.ptr;
      if (!handle(c)) continue;
      close(c->fd);
      if (now < end) begin(c);
      else open--;
    }
    stopped = now;
  }
  qsort(samples, connections < SAMPLES ? connections : SAMPLES, sizeof *samples, by_size);
  printf("{\"connections\":%zu,\"failed\":%zu,\"seconds\":%.6f,\"p50\":%u,\"p99\":%u,\"p999\":%u}\n", connections,
         failed + (size_t)open, stopped - began, percentile(0.5), percentile(0.99), percentile(0.999));
  return 0;
}
