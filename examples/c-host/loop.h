// An event loop for a server: epoll and sockets around the core, which decides.

#pragma once
#include <stdbool.h>
#include <sys/epoll.h>

#include "core.h"

struct loop;
typedef void loop_callback(struct loop *loop);

// A client that is inside, or waits here to come in.
struct stream {
  struct loop *loop;
  double id;
  int fd;
  char *outbox;      // what the kernel has not taken yet; while something waits, nothing is read
  size_t size, sent; // of the outbox
  size_t discarded;  // of what was read while it lingers
};

struct loop {
  // The program's:
  void *data;
  double grace; // what a graceful stop may take, in ms; 0 = for ever
  void (*on_accept)(struct stream *stream);                               // a client has come in
  void (*on_read)(struct stream *stream, const char *bytes, size_t size); // it has sent something
  loop_callback *on_finish;                                               // it is about to stop

  w2c_core core;
  double now, acceptor; // the time of this pass, in ms; an id
  double announced;     // the id of the client that waits in the kernel, or 0
  int epoll, signals, listener;
  bool watches_listener, again; // whether another pass is due at once
  struct slot { struct stream *stream; loop_callback *callback; } *slots; // by slot, of connections and of timers
  size_t slot_count;
  char chunk[16384]; // what was read
};

double loop_clock(void); // in ms
void loop_open(struct loop *loop);
void loop_timer(struct loop *loop, double after, bool recurring, loop_callback *callback);
void loop_run(struct loop *loop); // until a signal, SIGTERM or SIGINT, and the end of those inside
void loop_close(struct loop *loop);
void loop_watch(struct loop *loop, int operation, int fd, uint32_t events, double id);
struct slot *loop_slot(struct loop *loop, double id);

int server_open(struct loop *loop, int port); // on 127.0.0.1; gives the port
void server_announce(struct loop *loop);
bool server_admit(struct loop *loop); // whether somebody has come in
void server_close(struct loop *loop); // who waits in the kernel waits here from then on

struct stream *stream_open(struct loop *loop, double id, int fd);
void stream_start(struct stream *stream); // it comes in
void stream_ready(struct stream *stream);
bool stream_write(struct stream *stream, const char *bytes, size_t size); // false: it is gone
void stream_end(struct stream *stream); // lets what was sent arrive before it closes
void stream_close(struct stream *stream);
