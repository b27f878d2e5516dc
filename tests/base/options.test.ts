// Options: each is read once, at the call, and only if it is an own property. Unknown options, and options that exclude each other.

import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import { Client, Delay, IOLoop, Reactor, Server, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, plainServer, portOf, quietLoop, until } from "../support/harness.ts";
import { refusal } from "./refusal.ts";

const test = harness("options");
const nop = (): void => {};

/** Options that have their value only the first time they are read, and then an invalid one. */
function once<T extends object>(options: T): { options: T; reads: Record<string, number> } {
  const reads: Record<string, number> = {};
  const asked = {} as T;
  for (const [name, value] of Object.entries(options)) {
    reads[name] = 0;
    Object.defineProperty(asked, name, {
      enumerable: true,
      get: () => (reads[name]!++ === 0 ? value : Symbol("again")),
    });
  }
  return { options: asked, reads };
}

test("changing a client's options after the call has no effect", async () => {
  const { loop, errors } = quietLoop();
  const reached: string[] = [];
  const listen = async (name: string): Promise<{ port: number; close(): Promise<void> }> =>
    plainServer((socket) => {
      reached.push(name);
      socket.end();
    });
  const [a, b] = [await listen("a"), await listen("b")];
  const options: Record<string, unknown> = { port: a.port };
  const seen: unknown[] = [];
  const ask = (): unknown => loop.client(options as never, (_loop, error, stream) => void seen.push(error ?? stream));
  ask();
  options["port"] = b.port;
  ask();
  for (const [name, value] of Object.entries({ port: NaN, timeout: "x", handle: { destroyed: false }, path: "/" })) {
    options["port"] = a.port;
    ask();
    options[name] = value;
    options[name] = name === "port" ? a.port : undefined;
    ask();
    options[name] = value;
    delete options[name];
  }
  options["port"] = NaN;
  options["handle"] = {};
  await loop.start();
  await until(() => reached.length === 10);
  assert.ok(seen.every((it) => it instanceof Stream));
  assert.equal(reached.toSorted(), "a,a,a,a,a,a,a,a,a,b".split(","));
  assert.equal(errors, []);
  await a.close();
  await b.close();
});

test("every call reads each option once", async () => {
  const { loop } = quietLoop();
  const { reactor } = loop;
  const { port, close } = await plainServer((socket) => socket.end());
  const signal = new AbortController().signal;
  const seen: Record<string, number>[] = [];
  const give = <T extends object>(of: T, task: (options: T) => unknown): void => {
    const { options, reads } = once(of);
    task(options);
    seen.push(reads);
  };
  give({ maxAccepts: 5, maxConnections: 7, multiAccept: 2, clock: new VirtualClock() }, (it) => {
    assert.is(new IOLoop(it).maxConnections, 7);
  });
  give({ reactor: new Reactor() }, (it) => new IOLoop(it));
  give({ clock: new VirtualClock(), seed: 3 }, (it) => new Reactor(it));
  give({ reactor, multiAccept: 2 }, (it) => assert.is(new Server(it).reactor, reactor));
  give({ reactor }, (it) => assert.is(new Client(it).reactor, reactor));
  give({ reactor }, (it) => assert.is(new Stream(new PassThrough(), it).reactor, reactor));
  give({ ioloop: loop }, (it) => assert.is(new Delay(it).ioloop, loop));
  give({ address: "127.0.0.1", port: 0, backlog: 5, waitTimeout: 1, overflow: "wait" as const }, (it) => {
    const id = loop.server(it, nop);
    assert.ok(portOf(loop, id) > 0);
    loop.remove(id);
  });
  give({ address: "127.0.0.1", port, timeout: 5, localAddress: "127.0.0.1" }, (it) => {
    loop.client(it, (_loop, error) => assert.is(error, undefined));
  });
  await loop.start();
  give({ delay: 0, timeout: 1, signal }, (it) => void loop.stopGracefully(it));
  await loop.start();
  for (const reads of seen)
    for (const [name, count] of Object.entries(reads)) assert.is(count, 1, `${Object.keys(reads).join()}: ${name}`);
  await close();
});

test("TLS options are read at the call, too", async () => {
  const { loop } = quietLoop();
  const { port, close } = await plainServer((socket) => socket.destroy());
  const tlsOptions: Record<string, unknown> = { servername: "a.example", ALPNProtocols: ["x"] };
  let message = "";
  loop.client({ port, tls: true, tlsOptions }, (_loop, error) => (message = String(error)));
  Object.assign(tlsOptions, { servername: 5, checkServerIdentity: 7, ALPNProtocols: 9 });
  await loop.start();
  assert.not.match(message, /must be of type|ERR_INVALID_ARG_TYPE/);
  await close();
});

test("inherited properties are not options", async () => {
  const { loop } = quietLoop();
  const { port, close } = await plainServer((socket) => socket.end("x"));
  const polluted = Object.prototype as unknown as Record<string, unknown>;
  const wrong = { reactor: 5, clock: 1, seed: -1, ioloop: 1, timeout: "x", localAddress: "no", tls: 1, delay: NaN };
  const reached: unknown[] = [];
  Object.assign(polluted, wrong, { backlog: -1, waitTimeout: "x", path: "/nowhere", address: 5 });
  try {
    loop.remove(loop.server({ port: 0 }, nop));
    loop.client({ port }, (_loop, error) => reached.push(error));
    loop.delay();
    void new IOLoop({});
    void new Client({});
    void new Reactor();
    await loop.start();
    void loop.stopGracefully({});
  } finally {
    for (const name of [...Object.keys(wrong), "backlog", "waitTimeout", "path", "address"]) delete polluted[name];
  }
  await loop.start();
  assert.equal(reached, [undefined]);
  const inherited = Object.create({ port: NaN }) as { port: number };
  loop.remove(loop.server(inherited, nop));
  await close();
});

test("an unknown option is an error that names the known ones; so are two options that contradict each other", () => {
  const { loop } = quietLoop();
  const refused = (what: string, known: string, task: (options: never) => unknown): void => {
    for (const name of ["whatever", "toString", "__proto_"]) {
      assert.is(
        refusal(() => task({ [name]: undefined } as never)),
        `TypeError ERR_IOLOOP_UNKNOWN_OPTION: ${what}: unknown option "${name}"; known are ${known}`,
      );
    }
  };
  // The lists of known options grow, so only their beginning is compared.
  const begins = (task: () => unknown, start: string): void =>
    assert.ok(refusal(task).startsWith(`TypeError ERR_IOLOOP_UNKNOWN_OPTION: ${start}`), refusal(task));
  refused(
    "new IOLoop",
    "maxAccepts, maxConnections, multiAccept, queue, targetWait, acceptRate, acceptBurst, displaceIdle, fairness, maxPerAddress, reactor, clock",
    (wrong) => new IOLoop(wrong),
  );
  refused("new Reactor", "clock, seed", (wrong) => new Reactor(wrong));
  refused("new Server", "reactor, multiAccept", (wrong) => new Server(wrong));
  refused("new Client", "reactor", (wrong) => new Client(wrong));
  refused("new Stream", "reactor, halfOpen", (wrong) => new Stream(new PassThrough(), wrong));
  refused("new Delay", "ioloop", (wrong) => new Delay(wrong));
  refused("stopGracefully", "delay, timeout, signal, waiting", (wrong) => loop.stopGracefully(wrong));
  const listen =
    ': unknown option "prot"; did you mean "port"? known are address, port, path, fd, activation, backlog,';
  begins(() => loop.server({ prot: 1 } as never, nop), `server${listen}`);
  begins(() => new Server({ reactor: loop.reactor }).listen({ prot: 1 } as never), `listen${listen}`);
  const connect = ': unknown option "prot"; did you mean "port"? known are address, port, path, handle,';
  begins(() => loop.client({ prot: 1 } as never, nop), `client${connect}`);
  begins(() => new Client({ reactor: loop.reactor }).connect({ prot: 1 } as never), `connect${connect}`);
  assert.is(
    refusal(() => new IOLoop({ reactor: new Reactor(), clock: new VirtualClock() })),
    'TypeError ERR_IOLOOP_INVALID_ARG_TYPE: new IOLoop: options "clock" and "reactor" cannot be combined; pass the clock to new Reactor({ clock })',
  );
});

test("an unknown option: the message begins with the one that was probably meant", () => {
  const { loop } = quietLoop();
  const meant = (task: () => unknown): string | undefined => /did you mean "(\w+)"/.exec(refusal(task))?.[1];
  const server = (options: object) => () => loop.server(options as never, nop);
  const client = (options: object) => () => loop.client(options as never, nop);
  assert.match(
    refusal(server({ host: "::" })),
    /^TypeError ERR_IOLOOP_UNKNOWN_OPTION: server: unknown option "host"; did you mean "address"\? known are address, /,
  );
  for (const [task, what] of [
    [server({ hostname: "::" }), "address"],
    [server({ Port: 1 }), "port"],
    [server({ prot: 1 }), "port"],
    [server({ reusePort: true }), "reuse"],
    [server({ cert: "" }), "tlsCert"],
    [server({ backlogs: 1 }), "backlog"],
    [server({ adress: "::" }), "address"],
    [client({ socket: {} }), "handle"],
    [client({ connectTimeout: 1 }), "timeout"],
    [client({ socketPath: "x" }), "path"],
    [() => new IOLoop({ maxClients: 1 } as never), "maxConnections"],
    [() => new IOLoop({ max_connections: 1 } as never), "maxConnections"],
    [() => new Delay({ loop } as never), "ioloop"],
    [() => loop.stopGracefully({ timeuot: 1 } as never), "timeout"],
    [server({ entirelyElse: 1 }), undefined],
    [server({ x: 1 }), undefined],
    [() => new Client({ constructor: 1 } as never), undefined],
  ] as const)
    assert.is(meant(task), what, refusal(task));
});

test("options that exclude each other are an error", () => {
  const { loop } = quietLoop();
  const handle = new PassThrough();
  const apart = (what: string, a: string, b: string): string =>
    `TypeError ERR_IOLOOP_INVALID_ARG_TYPE: ${what}: options "${a}" and "${b}" cannot be combined`;
  for (const [options, a, b] of [
    [{ port: 1, path: "x" }, "path", "port"],
    [{ address: "::1", path: "x" }, "path", "address"],
    [{ fd: 3, path: "x" }, "fd", "path"],
    [{ fd: 3, port: 0 }, "fd", "port"],
  ] as const) {
    assert.is(
      refusal(() => loop.server(options, nop)),
      apart("server", a, b),
    );
    const server = new Server({ reactor: loop.reactor });
    assert.is(
      refusal(() => server.listen(options)),
      apart("listen", a, b),
    );
  }
  for (const [options, a, b] of [
    [{ port: 1, path: "x" }, "path", "port"],
    [{ handle, path: "x" }, "path", "handle"],
    [{ localAddress: "127.0.0.1", path: "x" }, "path", "localAddress"],
    [{ localAddress: "127.0.0.1", handle }, "handle", "localAddress"],
  ] as const)
    assert.is(
      refusal(() => loop.client(options, nop)),
      apart("client", a, b),
    );
});

test("further arguments, which the runtime's timers accept, are an error", async () => {
  const { loop } = quietLoop();
  const takes = "takes a time and a callback, but no arguments for the callback; use () => callback(argument)";
  for (const it of [loop, loop.reactor] as unknown as Record<string, (...args: unknown[]) => unknown>[]) {
    for (const name of ["timer", "recurring"]) {
      for (const args of [
        [1, nop, "x"],
        [nop, 1, undefined],
      ])
        assert.is(
          refusal(() => it[name]!(...args)),
          `TypeError ERR_IOLOOP_INVALID_ARG_TYPE: ${name} ${takes}`,
        );
    }
    assert.match(
      refusal(() => it["nextTick"]!(nop, "x")),
      /^TypeError ERR_IOLOOP_INVALID_ARG_TYPE: nextTick takes a callback, /,
    );
  }
  await loop.start(); // nothing has been watched
});

test("a method that is called without its object throws an error that names the object", async () => {
  const { loop } = quietLoop();
  const { reactor } = loop;
  const of: [object, string, string[]][] = [
    [loop, "a loop", ["timer", "recurring", "nextTick", "remove", "server", "client", "start", "stop", "delay"]],
    [reactor, "a reactor", ["timer", "again", "io", "watch", "remove", "start"]],
    [new Stream(new PassThrough()), "a stream", ["write", "close", "closeGracefully", "stealHandle", "stop"]],
    [new Server(), "a server", ["listen", "close", "start"]],
    [new Client(), "a client", ["connect", "close"]],
    [loop.delay(), "a delay", ["begin", "wait", "pass", "steps"]],
    [new VirtualClock(), "a clock", ["advance", "block"]],
    [loop, "an emitter", ["on", "once", "emit", "unsubscribe", "off", "catch"]],
  ];
  for (const [object, owner, names] of of) {
    for (const name of names) {
      const method = (object as Record<string, (...args: unknown[]) => unknown>)[name]!;
      for (const wrong of [undefined, null, {}, 5, globalThis])
        assert.is(
          refusal(() => method.call(wrong, nop, 1)),
          `TypeError ERR_IOLOOP_INVALID_THIS: ${name} must be called as a method of ${owner}`,
        );
    }
  }
  const { timer, stop } = IOLoop; // the static methods use the shared loop, and need no object
  assert.type(timer(1, nop), "number");
  stop();
  IOLoop.reset();
  assert.is(IOLoop.prototype.server.name, "server");
  await loop.start();
});
