// An admitted client: reading, writing, and how it ends.
//
// The stream is only read while nothing waits to be written. So a client that reads slowly is read slowly, at most
// the answer to one chunk is buffered, and when the end is read, everything has been answered.
//
// If our side ends first, the stream lingers: input is read and discarded until the peer ends its side, for at most two
// seconds and one mebibyte. If it closed with unread input, the kernel would send a reset, and the peer would lose
// data that we have sent.

#include "loop.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MOST_DISCARDED = 1 << 20 };

struct stream *stream_open(struct loop *loop, double id, int fd) {
  struct stream *stream = malloc(sizeof *stream);
  if (stream == NULL) err(1, "memory");
  *stream = (struct stream){.loop = loop, .id = id, .fd = fd};
  loop_slot(loop, id)->stream = stream;
  return stream;
}

void stream_start(struct stream *stream) {
  loop_watch(stream->loop, EPOLL_CTL_ADD, stream->fd, EPOLLIN, stream->id);
  stream->loop->on_accept(stream);
}

void stream_end(struct stream *stream) {
  w2c_core *core = &stream->loop->core;
  // A peer that has not read everything would not see the end.
  if (stream->outbox != NULL || shutdown(stream->fd, SHUT_WR) != 0 ||
      CORE(handleLinger)(core, stream->id, stream->loop->now) != 0)
    stream_close(stream);
}

void stream_close(struct stream *stream) {
  CORE(handleClose)(&stream->loop->core, stream->id);
  loop_slot(stream->loop, stream->id)->stream = NULL;
  close(stream->fd);
  free(stream->outbox);
  free(stream);
}

// Records activity, by a store instead of a call to the core. Returns -1 if it failed: then the stream is closed.
static ssize_t moved(struct stream *stream, ssize_t size) {
  w2c_core *core = &stream->loop->core;
  if (size > 0) core_numbers(core, CORE(activityAddress)(core))[slot_of(stream->id)] = loop_clock();
  if (size >= 0) return size;
  if (errno == EAGAIN) return 0;
  stream_close(stream);
  return -1;
}

bool stream_write(struct stream *stream, const char *bytes, size_t size) {
  if (stream->outbox == NULL) {
    const ssize_t sent = moved(stream, send(stream->fd, bytes, size, MSG_NOSIGNAL));
    if (sent < 0 || (size_t)sent == size) return sent >= 0;
    bytes += sent;
    size -= (size_t)sent;
    loop_watch(stream->loop, EPOLL_CTL_MOD, stream->fd, EPOLLOUT, stream->id);
  }
  stream->outbox = realloc(stream->outbox, stream->size + size);
  if (stream->outbox == NULL) err(1, "memory");
  memcpy(stream->outbox + stream->size, bytes, size);
  stream->size += size;
  return true;
}

static void flush(struct stream *stream) {
  const char *rest = stream->outbox + stream->sent;
  const ssize_t sent = moved(stream, send(stream->fd, rest, stream->size - stream->sent, MSG_NOSIGNAL));
  if (sent < 0 || (stream->sent += (size_t)sent) < stream->size) return;
  free(stream->outbox);
  stream->outbox = NULL;
  stream->size = stream->sent = 0;
  loop_watch(stream->loop, EPOLL_CTL_MOD, stream->fd, EPOLLIN, stream->id);
}

static void receive(struct stream *stream, struct loop *loop) {
  const ssize_t size = recv(stream->fd, loop->chunk, sizeof loop->chunk, 0);
  if (size == 0) stream_close(stream); // the peer has ended its side
  else if (moved(stream, size) > 0) loop->on_read(stream, loop->chunk, (size_t)size);
}

static void discard(struct stream *stream, struct loop *loop) {
  const ssize_t size = recv(stream->fd, loop->chunk, sizeof loop->chunk, 0);
  if (size > 0) stream->discarded += (size_t)size;
  if (size == 0 || (size < 0 && errno != EAGAIN) || stream->discarded > MOST_DISCARDED) stream_close(stream);
}

void stream_ready(struct stream *stream) {
  if (CORE(stateOf)(&stream->loop->core, stream->id) == STATE_LINGERING) discard(stream, stream->loop);
  else if (stream->outbox != NULL) flush(stream);
  else receive(stream, stream->loop);
}
