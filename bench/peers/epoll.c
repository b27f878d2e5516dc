// A server in C on epoll: epoll BODY MODE IDLE
//
// Connections are in a list in the order of their last activity, so the idle ones come first.

#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 1024, PIECES = 1024, READ = 65536 };

typedef struct connection {
  struct connection *previous, *next;
  double last;    // when something was last read or written
  size_t waiting; // bytes of answers that the system has not taken yet
  int fd;
  int matched; // how much of "\r\n\r\n" is at the end of the data read so far
  int watches_output;
} connection;

static connection list = {&list, &list, 0, 0, -1, 0, 0};
static char *response;
static size_t response_length;
static double idle, now;
static int closes, poller;

static double seconds(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void unlist(connection *c) {
  c->previous->next = c->next;
  c->next->previous = c->previous;
}

static void touch(connection *c) {
  c->last = now;
  c->previous = list.previous;
  c->next = &list;
  list.previous->next = c;
  list.previous = c;
}

static void drop(connection *c) {
  unlist(c);
  close(c->fd);
  free(c);
}

static void watch(connection *c, int output) {
  if (c->watches_output == output) return;
  c->watches_output = output;
  struct epoll_event event = {.events = EPOLLIN | (output ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

// Sends pending answers, several in one call. Returns 0 if the connection must be closed.
static int send_waiting(connection *c) {
  while (c->waiting > 0) {
    struct iovec pieces[PIECES];
    size_t first = c->waiting % response_length; // the rest of a partly sent answer
    size_t left = c->waiting;
    int count = 0;
    while (left > 0 && count < PIECES) {
      size_t length = count == 0 && first > 0 ? first : response_length;
      pieces[count].iov_base = response + response_length - length;
      pieces[count++].iov_len = length;
      left -= length;
    }
    ssize_t sent = writev(c->fd, pieces, count);
    if (sent < 0 && errno != EAGAIN) return 0;
    if (sent < 0) break;
    c->waiting -= (size_t)sent;
  }
  watch(c, c->waiting > 0);
  return c->waiting > 0 || !closes;
}

static size_t requests_in(connection *c, const char *bytes, ssize_t length) {
  size_t requests = 0;
  for (ssize_t at = 0; at < length; at++) {
    if (bytes[at] == (c->matched % 2 == 0 ? '\r' : '\n')) c->matched++;
    else c->matched = bytes[at] == '\r';
    if (c->matched < 4) continue;
    requests++;
    c->matched = 0;
  }
  return requests;
}

static void handle(connection *c, unsigned events) {
  static char bytes[READ];
  unlist(c);
  touch(c);
  if (events & EPOLLOUT && !send_waiting(c)) return drop(c);
  if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR))) return;
  ssize_t length = read(c->fd, bytes, READ);
  if (length < 0 && errno == EAGAIN) return;
  if (length <= 0) return drop(c);
  size_t requests = requests_in(c, bytes, length);
  int waited = c->waiting > 0;
  c->waiting += requests * response_length;
  if (requests > 0 && !waited && !send_waiting(c)) drop(c);
}

static void accept_all(int listener) {
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    connection *c = calloc(1, sizeof *c);
    c->fd = fd;
    touch(c);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
  }
}

static int open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  bind(listener, (struct sockaddr *)&address, sizeof address);
  listen(listener, 1024);
  getsockname(listener, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  size_t body = strtoul(arguments[1], NULL, 10);
  closes = strcmp(arguments[2], "close") == 0;
  idle = strtod(arguments[3], NULL);
  response = malloc(body + 64);
  response_length = (size_t)sprintf(response, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
  memset(response + response_length, 'x', body);
  response_length += body;

  poller = epoll_create1(EPOLL_CLOEXEC);
  int listener = open_listener();
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    static struct epoll_event events[EVENTS];
    double wait = list.next == &list ? -1 : (list.next->last + idle - seconds()) * 1000 + 1;
    int ready = epoll_wait(poller, events, EVENTS, list.next == &list ? -1 : wait < 0 ? 0 : (int)wait);
    now = seconds();
    for (int at = 0; at < ready; at++) {
      if (events[at].data.ptr == NULL) accept_all(listener);
      else handle(events[at].data.ptr, events[at].events);
    }
    while (list.next != &list && list.next->last + idle <= now) drop(list.next);
  }
}
