// What Deno does otherwise, by the title of the test that shows it elsewhere. docs/runtimes.md says the same to users.

export const DIFFERS_ON_DENO: ReadonlySet<string> = new Set([
  // What is written after the peer has ended its side may be lost.
  "152, 148 writes after the peer's end are taken while earlier ones are being sent",
  // The peer's end is noticed only when it is read.
  "160 the same where nothing is left to be read, and where it is paused again meanwhile",
  "167 isReadable: true with unread data or the peer's end, false otherwise",
  // Over TLS, with Deno at both ends, it is sometimes not noticed at all.
  "152 a client that ends its side behind its handshake, while the loop is stopped, is closed",
  "over TLS, greeted",
  // http.Server takes one request of a connection that it is given.
  "165 a stolen handle serves HTTP, by the connection event of http.Server",
  // What is no certificate is found out at the first handshake.
  "205 no key is built in; bad files and PEMs are errors of the call",
]);

/** Test files that are not for Deno: its handles tell too little to watch them, and a signal that comes early ends a program. */
export const NOT_FOR_DENO: ReadonlySet<string> = new Set([
  "examples/examples.test.js",
  "reactor/watchers-flow.test.js",
  "reactor/watchers-handles.test.js",
  "reactor/watchers-process.test.js",
]);
