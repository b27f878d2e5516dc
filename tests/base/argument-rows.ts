// Every argument and option of the public API, with invalid values and the error message for each.
// oxlint-disable oxc/no-map-spread -- a table is read more often than it is made

import { PassThrough } from "node:stream";
import { Client, EventEmitter, IOLoop, Reactor, Server, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { DELAY_ROWS } from "./argument-rows-delay.ts";
import { TCP_ROWS } from "./argument-rows-tcp.ts";
import { TLS_ROWS } from "./argument-rows-tls.ts";
import {
  callback,
  count,
  HOST,
  NO_BOOLEAN,
  NO_BYTES,
  NO_IDS,
  NO_NUMBER,
  NO_OPTIONS,
  NO_REACTOR,
  NO_STREAM,
  NO_TEXT,
  nop,
  PATH,
  PORTS,
  RANGE,
  type Row,
  type Task,
  text,
  time,
  TYPE,
  whole,
  WHOLE_0,
  WHOLE_1,
} from "./argument-values.ts";

/** Both call forms of a function that takes a time and a callback, on a loop or its reactor. */
function timers(of: (loop: IOLoop) => Pick<IOLoop, "timer" | "recurring">): Row[] {
  return (["timer", "recurring"] as const).flatMap((name) => [
    ...time(`${name}: after`, (loop, wrong) => of(loop)[name](wrong, nop)),
    ...time(`${name}: after`, (loop, wrong) => of(loop)[name](nop, wrong)),
    ...callback(name, (loop, wrong) => of(loop)[name](1, wrong)),
  ]);
}

/** The options of a server. */
function listener(what: string, listen: (loop: IOLoop, options: never) => unknown): Row[] {
  const option = (name: string): [string, Task] => [
    `${what}: option "${name}"`,
    (loop, wrong) => listen(loop, { [name]: wrong } as never),
  ];
  const [[address, onAddress], [path, onPath]] = [option("address"), option("path")];
  const [[port, onPort], [fd, onFd]] = [option("port"), option("fd")];
  const [[backlog, onBacklog], [waitTimeout, onWaitTimeout]] = [option("backlog"), option("waitTimeout")];
  const [[overflow, onOverflow], [reuse, onReuse]] = [option("overflow"), option("reuse")];
  const [single, onSingle] = option("singleAccept");
  return [
    [listen, NO_OPTIONS, TYPE, `${what}: options must be an object`],
    ...text(address, onAddress, HOST),
    [onAddress, [["a\0b", '"a\\u0000b"']], RANGE, `${address} must be ${HOST}`],
    ...text(path, onPath, PATH),
    [onPath, [["a\0b", '"a\\u0000b"']], RANGE, `${path} must be ${PATH}`],
    ...count(port, PORTS, whole(0, 65535), onPort),
    ...count(fd, WHOLE_0, whole(0), onFd),
    ...count(backlog, WHOLE_0, whole(0), onBacklog),
    ...time(waitTimeout, onWaitTimeout),
    [onOverflow, NO_TEXT, TYPE, `${overflow} must be "wait" or "drop"`],
    [onOverflow, [["queue", '"queue"']], RANGE, `${overflow} must be "wait" or "drop"`],
    [onReuse, NO_BOOLEAN, TYPE, `${reuse} must be true or false`],
    [onSingle, NO_BOOLEAN, TYPE, `${single} must be true or false`],
  ];
}

/** The options of a client. */
function connector(what: string, connect: (loop: IOLoop, options: never) => unknown): Row[] {
  const option = (name: string): [string, Task] => [
    `${what}: option "${name}"`,
    (loop, wrong) => connect(loop, { [name]: wrong } as never),
  ];
  const [[local, onLocal], [handle, onHandle]] = [option("localAddress"), option("handle")];
  return [
    [connect, NO_OPTIONS, TYPE, `${what}: options must be an object`],
    ...text(...option("address"), HOST),
    [option("address")[1], [["127.0.0.1\0", '"127.0.0.1\\u0000"']], RANGE, `${option("address")[0]} must be ${HOST}`],
    ...text(...option("path"), PATH),
    ...text(local, onLocal, "an IP address"),
    [onLocal, [["localhost", '"localhost"']], RANGE, `${local} must be an IP address`],
    ...count(option("port")[0], [[0, "0"], ...PORTS], whole(1, 65535), option("port")[1]),
    ...time(...option("timeout")),
    [onHandle, NO_STREAM.slice(1), TYPE, `${handle} must be a socket or a Duplex of the runtime`],
  ];
}

/** The constructors that take a reactor. */
function reactors(): Row[] {
  const row = (name: string, call: Task): Row => [call, NO_REACTOR, TYPE, `${name} must be a Reactor`];
  return [
    row('new IOLoop: option "reactor"', (_loop, reactor) => new IOLoop({ reactor })),
    row('new Server: option "reactor"', (_loop, reactor) => new Server({ reactor })),
    row('new Client: option "reactor"', (_loop, reactor) => new Client({ reactor })),
    row('new Stream: option "reactor"', (_loop, reactor) => new Stream(new PassThrough(), { reactor })),
    row("reactor", (loop, wrong) => (loop.reactor = wrong)),
    row("reactor", (_loop, wrong) => (new Server().reactor = wrong)),
    row("reactor", (_loop, wrong) => (new Client().reactor = wrong)),
    row("reactor", (_loop, wrong) => (new Stream(new PassThrough()).reactor = wrong)),
  ];
}

function constructors(): Row[] {
  const NO_CLOCK = [...NO_REACTOR.slice(0, 2), ["now", '"now"'], [{ now: nop }, "a plain object"]] as const;
  const clock = "must be a clock, with now() and alarm()";
  return (
    [
      ["new IOLoop", (_loop, wrong) => new IOLoop(wrong)],
      ["new Reactor", (_loop, wrong) => new Reactor(wrong)],
      ["new Server", (_loop, wrong) => new Server(wrong)],
      ["new Client", (_loop, wrong) => new Client(wrong)],
      ["new Stream", (_loop, wrong) => new Stream(new PassThrough(), wrong)],
      ["stopGracefully", (loop, wrong) => loop.stopGracefully(wrong)],
    ] as [string, Task][]
  )
    .map(([name, call]): Row => [call, NO_OPTIONS, TYPE, `${name}: options must be an object`])
    .concat([
      [(_loop, clock) => new IOLoop({ clock }), NO_CLOCK, TYPE, `new IOLoop: option "clock" ${clock}`],
      [(_loop, clock) => new Reactor({ clock }), NO_CLOCK, TYPE, `new Reactor: option "clock" ${clock}`],
      [
        (_loop, wrong) => new Stream(wrong),
        NO_STREAM,
        TYPE,
        "new Stream: handle must be a socket or a Duplex of the runtime",
      ],
    ]);
}

/** Every argument and option that is checked by itself. */
export const ROWS: readonly Row[] = [
  ...DELAY_ROWS,
  ...TLS_ROWS,
  ...TCP_ROWS,
  ...constructors(),
  ...reactors(),
  ...timers((loop) => loop),
  ...timers((loop) => loop.reactor as never),
  ...timers(() => IOLoop),
  [(loop, wrong) => loop.reactor.again(wrong), NO_NUMBER, TYPE, "again: timer must be the id of a timer"],
  [(loop, wrong) => loop.reactor.again(wrong, 1), NO_NUMBER, TYPE, "again: timer must be the id of a timer"],
  ...time("again: after", (loop, wrong) => loop.reactor.again(1 as never, wrong)),
  ...callback(
    "nextTick",
    (loop, wrong) => loop.nextTick(wrong),
    (loop, wrong) => loop.reactor.nextTick(wrong),
    (_loop, wrong) => IOLoop.nextTick(wrong),
  ),
  ...callback("io", (loop, wrong) => loop.reactor.io(new PassThrough(), wrong)),
  [
    (loop, wrong) => loop.reactor.io(wrong, nop),
    NO_STREAM.slice(0, -1),
    TYPE,
    "io: handle must be a stream or a server of the runtime",
  ],
  [
    (loop, wrong) => loop.reactor.io(nop as never, wrong),
    NO_STREAM.slice(0, -1),
    TYPE,
    "io: handle must be a stream or a server of the runtime",
  ],
  ...listener("server", (loop, wrong) => loop.server(wrong, nop)),
  ...listener("server", (loop, wrong) => loop.server(nop, wrong)),
  ...listener("listen", (loop, wrong) => new Server({ reactor: loop.reactor }).listen(wrong)),
  ...callback("server", (loop, wrong) => loop.server({}, wrong)),
  ...connector("client", (loop, wrong) => loop.client(wrong, nop)),
  ...connector("client", (loop, wrong) => loop.client(nop, wrong)),
  ...connector("connect", (loop, wrong) => new Client({ reactor: loop.reactor }).connect(wrong)),
  ...callback("client", (loop, wrong) => loop.client({}, wrong)),
  ...(["maxAccepts", "maxConnections"] as const).flatMap((name) => [
    ...count(name, WHOLE_0, whole(0), (loop, wrong) => (loop[name] = wrong)),
    ...count(`new IOLoop: option "${name}"`, WHOLE_0, whole(0), (_loop, wrong) => new IOLoop({ [name]: wrong })),
  ]),
  ...count("multiAccept", WHOLE_1, whole(1), (loop, wrong) => (loop.multiAccept = wrong)),
  ...count('new IOLoop: option "multiAccept"', WHOLE_1, whole(1), (_loop, wrong) => new IOLoop({ multiAccept: wrong })),
  ...count('new Server: option "multiAccept"', WHOLE_1, whole(1), (_loop, wrong) => new Server({ multiAccept: wrong })),
  ...count('new Reactor: option "seed"', WHOLE_0, whole(0), (_loop, wrong) => new Reactor({ seed: wrong })),
  ...time('stopGracefully: option "delay"', (loop, delay) => loop.stopGracefully({ delay })),
  ...time('stopGracefully: option "timeout"', (loop, timeout) => loop.stopGracefully({ timeout })),
  [
    (loop, signal) => loop.stopGracefully({ signal }),
    [
      [{}, "a plain object"],
      [new AbortController(), "an object of AbortController"],
    ],
    TYPE,
    'stopGracefully: option "signal" must be an AbortSignal',
  ],
  [(loop, wrong) => loop.acceptor(wrong), NO_IDS, TYPE, "acceptor must be an id or a Server"],
  [(loop, wrong) => loop.stream(wrong), NO_IDS, TYPE, "stream must be an id or a Stream"],
  ...count("highWaterMark", WHOLE_0, whole(0), (_loop, wrong) => (new Stream(new PassThrough()).highWaterMark = wrong)),
  ...time("timeout", (_loop, wrong) => (new Stream(new PassThrough()).timeout = wrong)),
  [
    (_loop, wrong) => new Stream(new PassThrough()).write(wrong),
    [...NO_STREAM.filter(([value]) => typeof value !== "string"), ...NO_BYTES],
    TYPE,
    "write: chunk must be a string, a Buffer or a Uint8Array",
  ],
  ...callback("write", (_loop, wrong) => new Stream(new PassThrough()).write("", wrong)).map(
    ([call, wrong, ...rest]): Row => [call, wrong.slice(1), ...rest],
  ),
  ...(["on", "once"] as const).flatMap((name): Row[] => [
    ...callback(name, (_loop, wrong) => new EventEmitter()[name]("test", wrong)),
    [(_loop, wrong) => new EventEmitter()[name](wrong, nop), NO_TEXT, TYPE, `${name}: name must be a string`],
  ]),
  ...callback("catch", (_loop, wrong) => new EventEmitter<{ error: [] }>().catch(wrong)),
  ...time("new VirtualClock: seconds", (_loop, wrong) => new VirtualClock(wrong)),
  ...time("advance: seconds", (_loop, wrong) => new VirtualClock().advance(wrong)),
  ...time("block: seconds", (_loop, wrong) => new VirtualClock().block(wrong)),
];
