// Calls of host/ to foreign code, and the files that make them. One test compares this with the source, another makes each of them throw.

/** The kind of object. */
export type Owner =
  | "stream"
  | "server"
  | "handle"
  | "tls"
  | "bytes"
  | "clock"
  | "signal"
  | "runtime"
  | "files"
  | "other";

export interface ForeignCall {
  readonly name: string;
  readonly of: Owner;
  /** The files of host/ that call it. */
  readonly files: readonly string[];
}

const of = (of: Owner, calls: Readonly<Record<string, string>>): ForeignCall[] =>
  Object.entries(calls).map(([name, files]) => ({ name, of, files: files.split(/\s+/) }));

/** Each call once, by name. */
export const CALLS: readonly ForeignCall[] = [
  // A socket or another Duplex, of the runtime or of a program; on Node, also the functions that a bare connection borrows from one.
  ...of("stream", {
    _final: "socket/node-socket",
    _write: "socket/fast-path",
    _writeGeneric: "socket/node-socket",
    destroy: `net/admitted-client net/server-handle net/socket-file reactor/server-watcher
      socket/bun-socket socket/fast-path socket/handle socket/node-socket socket/tls-handshake
      socket/tls-reset stream/duplex stream/start-tls stream/tls-sides stream/writing stream/sinks`,
    destroySoon: "socket/handle loop/http-connection",
    emit: `reactor/server-watcher reactor/stream-watcher socket/tls-handshake loop/http-connection loop/serve loop/slow-clients`,
    end: "socket/handle stream/duplex loop/http-connection stream/sinks",
    getPeerCertificate: "socket/tls-handshake socket/tls-info",
    getProtocol: "socket/tls-info",
    listenerCount: `reactor/server-watcher socket/bare-socket socket/handle loop/http-connection`,
    listeners: "loop/http-requests loop/slow-clients socket/handle",
    off: `net/admitted-client net/client net/server net/waiting-client reactor/server-watcher
      reactor/stream-watcher reactor/watcher socket/handle stream/tls-sides loop/http-drain
      loop/http-requests loop/serve stream/sinks`,
    on: `net/admitted-client net/bind net/client net/server net/waiting-client reactor/server-watcher
      reactor/stream-watcher reactor/watcher socket/handle socket/tls-handshake stream/tls-sides
      loop/http-drain loop/http-requests loop/serve stream/sinks`,
    once: `net/server-handle net/socket-file socket/tls-handshake stream/duplex loop/http-requests
      stream/sinks`,
    pause: "reactor/stream-watcher socket/bun-socket socket/handle stream/ending stream/reading net/proxied-client",
    prependListener: "loop/http-requests loop/served",
    push: "socket/fast-path stream/duplex",
    read: "reactor/stream-watcher",
    ref: `base/runtime net/admitted-client net/client net/closing-listener net/server net/waiting-client
      reactor/server-watcher reactor/watcher socket/bun-socket socket/node-socket stream/ending
      stream/lingering stream/reading stream/socket-members net/proxied-client`,
    resetAndDestroy: "socket/handle socket/tls-reset",
    resume: `reactor/stream-watcher socket/bun-socket socket/handle socket/tls-handshake loop/serve
      stream/input net/proxied-client`,
    setKeepAlive: "socket/bun-socket socket/node-socket socket/tcp-options stream/socket-members",
    setNoDelay: "socket/bun-socket socket/node-socket socket/tcp-options stream/socket-members",
    uncork: "stream/duplex",
    unref: `base/runtime net/admitted-client net/client net/closing-listener net/server
      net/waiting-client reactor/server-watcher reactor/watcher socket/bun-socket
      socket/node-socket stream/lingering stream/reading stream/socket-members
      net/proxied-client`,
    unshift: "stream/ending stream/input socket/handle socket/proxy-info",
    write: `socket/bun-socket socket/handle stream/writing loop/http-connection stream/sinks
      net/client net/proxy-header`,
  }),
  // A listening server.
  ...of("server", {
    _emitCloseIfDrained: "socket/bare-socket",
    _listen2: "net/bind",
    address: "net/server-handle net/server",
    close: `net/bind net/closing-listener net/server net/server-handle socket/bun-socket
      socket/node-socket stream/ending stream/web loop/http-connection`,
    createServer: "net/server-handle net/server socket/tls-handshake",
    goaway: "loop/http-connection",
    listen: "net/bind net/server-handle socket/listening-handle",
  }),
  // The runtime's object beneath a socket: a handle on Node and Deno, a socket of `Bun.listen` on Bun.
  ...of("handle", {
    getpeername: "socket/node-socket",
    readStart: "socket/node-socket",
    readStop: "socket/node-socket",
    reset: "socket/node-socket",
    shutdown: "socket/bun-socket",
    terminate: "socket/bun-socket",
    useUserBuffer: "socket/fast-path socket/node-socket",
  }),
  // Functions of node:net and node:tls that create connections.
  ...of("tls", {
    connect: "net/socket-file stream/tls-sides net/opening",
    createSecureContext: "socket/tls-options",
  }),
  // Memory may be exhausted.
  ...of("bytes", {
    alloc: `socket/node-internals framing/framing framing/rest framing/sized-frames stream/inbox
      stream/sinks net/proxied-client net/proxy-header`,
    allocUnsafe: "base/bytes framing/rest",
    allocUnsafeSlow: "socket/read-buffers",
    byteLength: "net/socket-file socket/bun-socket stream/outbox stream/web",
    concat: `stream/inbox stream/outbox framing/delimited-frames framing/framing net/addresses
      net/proxied-client net/proxy-header socket/proxy-info`,
    copy: "base/bytes net/proxy-header",
    from: `base/bytes core/core socket/tls-options stream/duplex framing/framing framing/sized-frames
      stream/outbox stream/reader socket/read-buffers net/addresses net/proxy-binary net/proxy-header net/proxy-protocol
      net/proxy-tlvs`,
    subarray: `socket/bun-socket stream/outbox framing/delimited-frames framing/framing framing/rest
      framing/sized-frames socket/read-buffers stream/inbox stream/reader
      net/addresses net/proxied-client net/proxy-binary net/proxy-protocol net/proxy-tlvs`,
  }),
  // A program's clock.
  ...of("clock", {
    alarm: "time/guarded-clock",
    clear: "engine/engine engine/stall time/guarded-clock",
    now: "time/guarded-clock",
    set: "engine/stall time/guarded-clock",
  }),
  // An AbortSignal.
  ...of("signal", {
    addEventListener: "loop/graceful-stop base/signals timers/between",
    removeEventListener: "loop/graceful-stop base/signals",
  }),
  // Timers and queues of the runtime.
  ...of("runtime", {
    clearImmediate: "time/clock",
    clearInterval: "reactor/io-watchers",
    clearTimeout: "stream/lingering time/clock time/guarded-clock timers/alarm",
    nextTickOfRuntime: "reactor/stream-watcher stream/duplex loop/served",
    queueMicrotask: "engine/turns reactor/server-watcher stream/writing loop/listen",
    setImmediate: "time/clock",
    setInterval: "reactor/io-watchers",
    subscribe: "loop/http-requests",
    unsubscribe: "loop/http-requests",
    setTimeout:
      "engine/turns net/socket-file stream/lingering time/clock time/guarded-clock timers/alarm timers/between",
  }),
  // Files: of a UNIX domain socket, of a certificate, of the system's list of sockets.
  ...of("files", {
    chmodSync: "net/socket-file",
    closeSync: "net/socket-file",
    linkSync: "net/socket-file",
    lstatSync: "net/socket-file net/unix-sockets",
    openSync: "net/socket-file",
    readFileSync: "net/unix-sockets socket/tls-options",
    renameSync: "net/socket-file",
    statSync: "net/socket-file",
    unlinkSync: "net/socket-file",
  }),
  // Calls that are not made to throw: pure functions, and calls before counting begins.
  ...of("other", {
    AsyncResource: "engine/async-context timers/context",
    Socket: "socket/node-internals socket/node-socket",
    basename: "net/unix-sockets",
    builtinModule: "socket/builtin timers/between timers/context",
    channel: "net/bind socket/bare-socket",
    createRequire: "socket/builtin",
    getSystemErrorName: "socket/node-socket",
    inspect: "reactor/print-error",
    isAbsolute: "net/unix-sockets",
    isIP: "net/bind stream/socket-members stream/start-tls net/addresses net/client-options net/opening",
    monotonicNow: "time/clock timers/schedule",
    refTimer: "base/runtime timers/alarm",
    resolve: "net/socket-file net/unix-sockets",
    timerUntil: "timers/alarm",
    unrefTimer: "base/runtime stream/lingering timers/alarm",
  }),
];
