// The parts of a scenario.

import { type Server as NetServer, type Socket, connect, createServer } from "node:net";
import { Duplex } from "node:stream";
import { type Clock, type IOLoop, type Id, Stream, SystemClock } from "wasm-ioloop";
import { isDeno, portOf, until } from "../support/harness.ts";
import { called } from "./injector.ts";

const SOON = 10; // seconds

/** A program's clock, which may throw like any other code. */
export function clockOfUser(): Clock {
  const clock = new SystemClock();
  const mine: Clock = {
    now() {
      called("now", mine.now);
      return clock.now();
    },
    alarm(callback) {
      const alarm = clock.alarm(callback);
      const its: ReturnType<Clock["alarm"]> = {
        set(at) {
          called("set", its.set);
          alarm.set(at);
        },
        clear() {
          called("clear", its.clear);
          alarm.clear();
        },
      };
      return its;
    },
  };
  return mine;
}

/** A connection that must survive the whole scenario, unless the exception was in it. */
export class Control {
  readonly #send: (text: string) => void;
  readonly #got: () => string;
  #isHit = false;

  /** `send` makes the other side answer, and `got` returns everything received. */
  constructor(stream: Stream, send: (text: string) => void, got: () => string) {
    this.#send = send;
    this.#got = got;
    stream.timeout = 0;
    stream.on("error", (_stream, error) => {
      this.#isHit = error.name === "Injected";
    });
  }

  async ping(): Promise<void> {
    if (this.#isHit) return;
    const before = this.#got().length;
    this.#send("ping");
    await until(() => this.#isHit || this.#got().length >= before + "ping".length, SOON);
  }
}

/** A loop's stream of a Duplex. */
export function ofDuplex(loop: IOLoop): Stream {
  const duplex = new Duplex({
    read() {},
    write: (_chunk, _encoding, done) => void setImmediate(done),
    final: (done) => void setImmediate(done),
  });
  const stream = new Stream(duplex, { reactor: loop.reactor });
  loop.stream(stream);
  stream.write("to a Duplex").on("drain", (stream) => stream.closeGracefully());
  duplex.push("from a Duplex");
  return stream;
}

/** Watches a socket: writes, reads, and releases it. */
export function watchSocket({ reactor }: IOLoop, port: number): Socket[] {
  if (isDeno) return []; // its handles emit too few events
  const socket = connect({ port, host: "127.0.0.1" });
  socket.on("error", () => {});
  reactor.io(socket, (reactor, isWritable) => {
    if (isWritable) {
      socket.write("watched");
      reactor.watch(socket, true, false);
    } else {
      socket.read();
      reactor.remove(socket);
      socket.resume();
    }
  });
  return [socket];
}

/** Watches a server, to which a client connects. */
export function watchServer(
  { reactor }: IOLoop,
  attempt: (task: () => unknown) => void,
  come: (port: number) => void,
): NetServer[] {
  if (isDeno) return [];
  const server = createServer();
  const ready = (): void => {
    server.once("connection", (socket: Socket) => socket.on("error", () => {}).destroy());
    setImmediate(() => attempt(() => reactor.remove(server)));
  };
  server.listen(0, "127.0.0.1", () => {
    attempt(() => reactor.io(server, ready));
    come((server.address() as { port: number }).port);
  });
  return [server];
}

/** Timers that are started, restarted and removed. */
export function timers(loop: IOLoop): void {
  const id: Id = loop.recurring(0.001, () => loop.reactor.again(id));
  for (let i = 0; i < 300; i++) loop.timer(0.001, () => {});
  loop.timer(0.005, () => loop.remove(id));
  loop.nextTick(() => {});
}

/** Clients of a server behind a proxy: one that is known, one whose header is not whole, one without, and one of the loop. */
export function proxied(
  loop: IOLoop,
  come: (text: string, port: number) => void,
  hear: (stream: Stream) => void,
): void {
  const id = loop.server({ proxyProtocol: "required" }, (_loop, stream) => {
    hear(stream);
    stream.on("read", (stream, chunk) => stream.write(chunk).closeGracefully());
  });
  const port = portOf(loop, id);
  for (const text of ["PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\nhello", "PROXY ", "hello"]) come(text, port);
  const proxyHeader = {
    from: { remoteAddress: "2001:db8::7" },
    tlvs: [{ type: 2, value: "a.example" }],
    checksum: true,
  };
  loop.client({ port, timeout: 1, proxyHeader }, (_loop, error, stream) => {
    if (!stream) throw error;
    hear(stream);
    stream.write("hello");
  });
  setTimeout(() => loop.remove(id), 5);
}
