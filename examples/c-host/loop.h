// An event loop for a server: epoll and sockets around the core, which makes the decisions.

#pragma once
#include <stdbool.h>
#include <sys/epoll.h>

#include "core.h"

struct loop;
typedef void loop_callback(struct loop *loop);

// A client that is admitted, or waits here for admission.
struct stream {
  struct loop *loop;
  double id;
  int fd;
  char *outbox;      // what the kernel has not taken yet; while something waits, nothing is read
  size_t size, sent; // of the outbox
  size_t discarded;  // bytes read while it lingers
};

struct loop {
  // Set by the program:
  void *data;
  double grace; // the timeout of a graceful stop, in ms; 0 = unlimited
  void (*on_accept)(struct stream *stream);                               // a client was admitted
  void (*on_read)(struct stream *stream, const char *bytes, size_t size); // it has sent something
  loop_callback *on_finish;                                               // it is about to stop

  w2c_core core;
  double now, acceptor; // the time of this pass, in ms; an id
  double announced;     // the id of the client that waits in the kernel, or 0
  int epoll, signals, listener;
  bool watches_listener, again; // whether another pass is due at once
  struct slot { struct stream *stream; loop_callback *callback; } *slots; // by slot, of connections and of timers
  size_t slot_count;
  char chunk[16384]; // the input of one read
};

double loop_clock(void); // milliseconds
void loop_open(struct loop *loop);
void loop_timer(struct loop *loop, double after, bool recurring, loop_callback *callback);
void loop_run(struct loop *loop); // until SIGTERM or SIGINT, and the end of all clients
void loop_close(struct loop *loop);
void loop_watch(struct loop *loop, int operation, int fd, uint32_t events, double id);
struct slot *loop_slot(struct loop *loop, double id);

int server_open(struct loop *loop, int port); // on 127.0.0.1; returns the port
void server_announce(struct loop *loop);
bool server_admit(struct loop *loop); // returns whether a client was admitted
void server_reset(struct loop *loop); // the clients that the core has evicted
void server_close(struct loop *loop); // clients in the kernel's queue wait here from then on

struct stream *stream_open(struct loop *loop, double id, int fd);
void stream_start(struct stream *stream); // it was admitted
void stream_ready(struct stream *stream);
bool stream_write(struct stream *stream, const char *bytes, size_t size); // returns false if it has closed
void stream_end(struct stream *stream); // lets sent data arrive before it closes
void stream_close(struct stream *stream);
