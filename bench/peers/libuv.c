// A server in C on libuv: libuv BODY MODE IDLE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

enum { READ = 65536, PIECES = 1024 };

typedef struct {
  uv_tcp_t tcp;
  uv_timer_t timer;
  uint64_t last; // when data was last read
  int matched;   // how much of "\r\n\r\n" stands at the end of what was read
  int handles;   // that are not closed yet
} connection;

static uv_buf_t response;
static uv_buf_t answers[PIECES];
static uint64_t idle;
static int closes;

static void closed(uv_handle_t *handle) {
  connection *c = handle->data;
  if (--c->handles == 0) free(c);
}

static void drop(connection *c) {
  if (uv_is_closing((uv_handle_t *)&c->tcp)) return;
  uv_close((uv_handle_t *)&c->tcp, closed);
  uv_close((uv_handle_t *)&c->timer, closed);
}

// One timer per connection, which checks when data was last read and continues from there.
static void look(uv_timer_t *timer) {
  connection *c = timer->data;
  uint64_t since = uv_now(timer->loop) - c->last;
  if (since < idle) uv_timer_start(timer, look, idle - since, 0);
  else drop(c);
}

static void lend(uv_handle_t *handle, size_t size, uv_buf_t *buffer) {
  static char bytes[READ];
  (void)handle;
  (void)size;
  *buffer = uv_buf_init(bytes, READ);
}

static void written(uv_write_t *request, int status) {
  connection *c = request->handle->data;
  free(request);
  if (status < 0 || closes) drop(c);
}

// All answers to one chunk are sent together.
static void answer(connection *c, unsigned requests) {
  while (requests > 0) {
    unsigned pieces = requests < PIECES ? requests : PIECES;
    uv_write_t *request = malloc(sizeof *request);
    if (uv_write(request, (uv_stream_t *)&c->tcp, answers, pieces, written) != 0) {
      free(request);
      return drop(c);
    }
    requests -= pieces;
  }
}

static void received(uv_stream_t *stream, ssize_t length, const uv_buf_t *buffer) {
  connection *c = stream->data;
  unsigned requests = 0;
  if (length < 0) return drop(c);
  c->last = uv_now(stream->loop);
  for (ssize_t at = 0; at < length; at++) {
    if (buffer->base[at] == (c->matched % 2 == 0 ? '\r' : '\n')) c->matched++;
    else c->matched = buffer->base[at] == '\r';
    if (c->matched < 4) continue;
    requests++;
    c->matched = 0;
  }
  answer(c, requests);
}

static void accepted(uv_stream_t *server, int status) {
  if (status < 0) return;
  connection *c = calloc(1, sizeof *c);
  uv_tcp_init(server->loop, &c->tcp);
  uv_timer_init(server->loop, &c->timer);
  c->handles = 2;
  c->tcp.data = c->timer.data = c;
  c->last = uv_now(server->loop);
  if (uv_accept(server, (uv_stream_t *)&c->tcp) != 0) return drop(c);
  uv_tcp_nodelay(&c->tcp, 1);
  uv_timer_start(&c->timer, look, idle, 0);
  uv_read_start((uv_stream_t *)&c->tcp, lend, received);
}

int main(int count, char **arguments) {
  if (count != 4) return 2;
  size_t body = strtoul(arguments[1], NULL, 10);
  closes = strcmp(arguments[2], "close") == 0;
  idle = (uint64_t)(strtod(arguments[3], NULL) * 1000);
  response.base = malloc(body + 64);
  response.len = (size_t)sprintf(response.base, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", body);
  memset(response.base + response.len, 'x', body);
  response.len += body;
  for (int at = 0; at < PIECES; at++) answers[at] = response;

  uv_loop_t *loop = uv_default_loop();
  uv_tcp_t server;
  struct sockaddr_in address;
  int length = sizeof address;
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_init(loop, &server);
  uv_tcp_bind(&server, (struct sockaddr *)&address, 0);
  uv_listen((uv_stream_t *)&server, 1024, accepted);
  uv_tcp_getsockname(&server, (struct sockaddr *)&address, &length);
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  return uv_run(loop, UV_RUN_DEFAULT);
}
