// Tests that do not hold on Deno, by title, because Deno behaves differently. docs/runtimes.md tells users the same.

export const DIFFERS_ON_DENO: ReadonlySet<string> = new Set([
  // Data that is written after the peer has ended its side may be lost.
  "152, 148 writes after the peer's end are accepted while earlier ones are being sent",
  // Deno notices the peer's end only when the connection is read.
  "160 the same if nothing is left to be read, and if it is paused again meanwhile",
  "167 isReadable: true with unread data or the peer's end, false otherwise",
  // Over TLS, with Deno at both ends, sometimes not at all.
  "152 a client that ends its side after its handshake, while the loop is stopped, is closed",
  "over TLS, greeted",
  "`destroy` with an error resets a connection with TLS, too: one that was accepted, and an outgoing one",
  // http.Server handles only one request of a connection that it is given.
  "165 a stolen handle serves HTTP, by the connection event of http.Server",
  // An invalid certificate is reported at the first handshake.
  "205 no key is built in; missing files and invalid PEMs are errors at the call",
  // Its cluster loses connections.
  "several workers: each loads the program, and the manager does not",
]);

/**
 * Test files that do not run on Deno: its handles emit too few events to be watched, an early signal ends a program, and its cluster loses
 * connections.
 */
export const NOT_FOR_DENO: ReadonlySet<string> = new Set([
  "examples/examples.test.js",
  "examples/http-server.test.js",
  "examples/protocols.test.js",
  "examples/starttls.test.js",
  "reactor/watchers-flow.test.js",
  "reactor/watchers-handles.test.js",
  "reactor/watchers-process.test.js",
  "stream/pipe-tls.test.js", // TLS with Deno at both ends
  "service/prefork-activation.test.js",
  "service/prefork-options.test.js",
  "service/prefork-signals.test.js",
  "service/prefork-upgrade.test.js",
  "service/prefork.test.js",
]);
