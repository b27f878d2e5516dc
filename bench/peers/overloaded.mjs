// Shared by all servers that get more clients than they can serve: each has 20 slots, and needs 50 ms for a request. The work cannot be
// cancelled: it takes its time, and its slot, also if the client has left.

/** How many requests are worked on at once. */
export const SLOTS = 20;

/** How long one takes, in milliseconds. */
export const SERVICE_MILLISECONDS = 50;

/** How many clients may wait: the default of the loop, and of the system. */
export const BACKLOG = 511;

/** The answer. */
export const BODY = "served\n";

/** The answer as it is sent. */
export const RESPONSE = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY.length}\r\nConnection: close\r\n\r\n${BODY}`;

/** The work for one request. */
export function work() {
  return new Promise((resolve) => setTimeout(resolve, SERVICE_MILLISECONDS));
}
