// The listening socket, and the admission of clients.
//
// A client in the kernel's queue is announced to the core, and accepted when the core admits it. While one waits for
// that, the listening socket is not watched, and the others stay in the kernel. So all accepted clients are admitted,
// until the listening socket closes: then all clients in the kernel's queue are accepted at once, and wait here.

#include "loop.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <math.h>
#include <netinet/tcp.h>
#include <unistd.h>

int server_open(struct loop *loop, int port) {
  struct sockaddr_in address = {AF_INET, htons((uint16_t)port), {htonl(INADDR_LOOPBACK)}, {0}};
  struct sockaddr *name = (struct sockaddr *)&address;
  socklen_t size = sizeof address;
  const int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 || // and for those accepted
      bind(fd, name, size) != 0 || listen(fd, SOMAXCONN) != 0 || getsockname(fd, name, &size) != 0)
    err(1, "listen");
  loop->listener = fd;
  loop->acceptor = CORE(handleAcceptor)(&loop->core, false);
  // One waits here, without a time limit.
  CORE(handleAcceptorLimits)(&loop->core, loop->acceptor, 1, 0, false, INT32_MAX);
  CORE(handleAcceptorListen)(&loop->core, loop->acceptor, true);
  loop_watch(loop, EPOLL_CTL_ADD, fd, EPOLLIN, loop->acceptor);
  loop->watches_listener = true;
  return ntohs(address.sin_port);
}

void server_announce(struct loop *loop) {
  // Its address is not known before it is accepted. If the core has no memory for another client, that one is dropped.
  const double id = CORE(handleAccept)(&loop->core, loop->acceptor, loop->now, NAN);
  if (id < 0) close(accept(loop->listener, NULL, NULL));
  else loop->announced = id;
}

static int accept_next(struct loop *loop) {
  return accept4(loop->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

static void resume(struct loop *loop) {
  CORE(handleAcceptorListen)(&loop->core, loop->acceptor, true);
}

static void let_in(struct loop *loop, double id) {
  if (loop_slot(loop, id)->stream != NULL) {
    stream_start(loop_slot(loop, id)->stream);
    return;
  }
  loop->announced = 0;
  const int fd = accept_next(loop);
  if (fd >= 0) stream_start(stream_open(loop, id, fd));
  else CORE(handleClose)(&loop->core, id);
  if (fd >= 0 || errno == EAGAIN || errno == ECONNABORTED) return; // it was admitted, or has disconnected
  // Out of descriptors. While the acceptor is paused, the next client waits, so the listening socket is not watched.
  warn("accept");
  CORE(handleAcceptorListen)(&loop->core, loop->acceptor, false);
  loop_timer(loop, 1000, false, resume);
}

bool server_admit(struct loop *loop) {
  bool admitted = false;
  for (double id; (id = CORE(pollAdmission)(&loop->core, loop->now)) > 0; admitted = true) let_in(loop, id);
  if (loop->listener < 0) return admitted;
  const bool vacant = loop->announced == 0;
  if (vacant != loop->watches_listener)
    loop_watch(loop, EPOLL_CTL_MOD, loop->listener, vacant ? EPOLLIN : 0, loop->acceptor);
  loop->watches_listener = vacant;
  return admitted;
}

void server_reset(struct loop *loop) {
  for (double id; (id = CORE(pollEvicted)(&loop->core)) > 0;) {
    if (loop_slot(loop, id)->stream != NULL) {
      stream_close(loop_slot(loop, id)->stream);
      continue;
    }
    loop->announced = 0; // the kernel resets it
    CORE(handleClose)(&loop->core, id);
  }
}

void server_close(struct loop *loop) {
  CORE(handleAcceptorLimits)(&loop->core, loop->acceptor, INT32_MAX, 0, false, INT32_MAX);
  double id = loop->announced;
  for (int fd; (fd = accept_next(loop)) >= 0; id = 0) {
    if (id == 0) id = CORE(handleAccept)(&loop->core, loop->acceptor, loop->now, NAN);
    if (id > 0) stream_open(loop, id, fd);
    else close(fd);
  }
  if (id > 0) CORE(handleClose)(&loop->core, id); // the announced client has disconnected
  CORE(handleAcceptorEnd)(&loop->core, loop->acceptor);
  close(loop->listener);
  loop->listener = -1;
}
