// Users' code: every line must compile. It is not run.

import { type Socket, connect, createServer } from "node:net";
import type { Duplex } from "node:stream";
import {
  type Alarm,
  Client,
  type ClientOptions,
  type Clock,
  type ClientTlsOptions,
  type CloseReason,
  Delay,
  type DelayEvents,
  type DropInfo,
  EventEmitter,
  type Handle,
  IOLoop,
  IOLoopError,
  type IOLoopErrorCode,
  type IOLoopOptions,
  type Id,
  type ListenerOptions,
  type Pem,
  type PemByHost,
  Reactor,
  type ReactorOptions,
  Server,
  type ServerCallback,
  type ServerTlsOptions,
  type Step,
  type StopOptions,
  Stream,
  type SocketHandle,
  type StreamHandle,
  SystemClock,
} from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";

// oxlint-disable typescript/no-unnecessary-type-parameters -- the way to compare types
/** Compiles if both types are the same, and neither is `any`. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_proof: Same<A, B>): void {}

export function loops(): void {
  const options: IOLoopOptions = { maxAccepts: 1, maxConnections: 2, multiAccept: 3, reactor: new Reactor() };
  const loop = new IOLoop(options);
  new IOLoop({ clock: new VirtualClock(5) }).reset();
  loop.maxAccepts = 0;
  loop.maxConnections = loop.multiAccept;
  loop.reactor = new Reactor({ clock: new SystemClock(), seed: 1 });
  same<typeof loop.isRunning, boolean>(true);
  same<ReturnType<typeof IOLoop.isRunning>, boolean>(true);
  same<typeof IOLoop.singleton, IOLoop>(true);

  // Both call forms
  const ids: Id[] = [
    loop.timer(3, (loop) => loop.stop()),
    loop.timer((loop) => loop.stop(), 3),
    loop.recurring(0.5, () => {}),
    loop.recurring(async (loop) => loop.oneTick(), 0),
    IOLoop.timer(1, () => {}),
    IOLoop.recurring(() => {}, 1),
    loop.server({ port: 3000 }, (loop, stream, id) => {
      same<typeof loop, IOLoop>(true);
      same<typeof stream, Stream>(true);
      same<typeof id, Id>(true);
    }),
    loop.server((_loop, stream) => stream.write("hi"), { port: 0 }),
    loop.server(() => {}),
    IOLoop.server({}, async () => {}),
    loop.client({ port: 3000 }, (loop, err, stream) => {
      same<typeof loop, IOLoop>(true);
      same<typeof err, NodeJS.ErrnoException | undefined>(true);
      same<typeof stream, Stream | undefined>(true);
      if (err) same<typeof stream, undefined>(true);
      else same<typeof stream, Stream>(true);
      if (stream) same<typeof err, undefined>(true);
    }),
    loop.client({ port: 3000 }, (loop, err) => void [loop.stop(), err?.code]),
    loop.client((loop, err) => void [loop.stop(), err?.code], { port: 3000 }),
    loop.client({ port: 3000 }, (loop) => loop.stop()),
    loop.client({ port: 3000 }, (_loop, err: Error | undefined, stream: Stream | undefined) => void [err, stream]),
    loop.client((_loop, _err, stream) => stream?.close(), { address: "localhost" }),
    loop.client(() => {}),
    IOLoop.client({ path: "/tmp/socket" }, () => {}),
    loop.stream(new Stream(connect(80))),
    loop.acceptor(new Server()),
  ];
  const removed: boolean[] = ids.map((id) => loop.remove(id));
  same<ReturnType<typeof loop.remove>, (typeof removed)[number]>(true);
  same<ReturnType<typeof loop.nextTick>, void>(true);
  loop.nextTick((loop) => loop.isRunning);
  IOLoop.nextTick(() => {});
  const [id] = ids;
  if (id === undefined) return;
  const stream: Stream | undefined = loop.stream(id);
  const server: Server | undefined = IOLoop.acceptor(id);
  stream?.close();
  server?.close();
  new Map<Id, string>([[id, "an id is a key"]]).clear();

  const stop: StopOptions = { delay: 1, timeout: 2.5, signal: AbortSignal.timeout(1) };
  const promises: Promise<void>[] = [loop.start(), loop.oneTick(), loop.stopGracefully(stop), IOLoop.stopGracefully()];
  void Promise.all(promises);
  IOLoop.reset();
}

export function loopEvents(loop: IOLoop): void {
  loop.on("finish", (it) => same<typeof it, IOLoop>(true));
  loop.once("reset", (it) => it.stop());
  loop.on("drop", (_loop, info) => {
    same<typeof info, DropInfo>(true);
    const { reason, remoteAddress, remotePort } = info;
    same<typeof reason, "backlog" | "timeout" | "full" | "stopping" | "closed" | "address" | "proxy">(true);
    same<typeof remoteAddress, string | undefined>(true);
    same<typeof remotePort, number | undefined>(true);
  });
  const cb = loop.on("finish", () => {});
  loop.unsubscribe("finish", cb).unsubscribe("drop").unsubscribeAll().emit("finish");
  const has: boolean = loop.hasSubscribers("finish");
  if (has) loop.stop();
  loop.emit("drop", { reason: "full", remoteAddress: undefined, remotePort: undefined });
}

export function reactors(reactor: Reactor, duplex: Duplex): void {
  const options: ReactorOptions = { seed: 7, clock: undefined };
  const handles: Handle[] = [duplex, process.stdin, process.stdout, createServer(), connect(80)];
  for (const handle of handles) reactor.io(handle, (reactor, writable) => void [reactor.stop(), writable || 0]);
  reactor.io(() => {}, duplex).watch(duplex, true, false);
  const timer: Id = reactor.timer(1, (reactor) => same<typeof reactor, Reactor>(true));
  reactor.again(timer);
  reactor.again(timer, 2);
  const removed: boolean[] = [reactor.remove(timer), reactor.remove(duplex)];
  removed.pop();
  reactor.catch((reactor, error, event) => {
    same<typeof reactor, Reactor>(true);
    same<typeof error, unknown>(true);
    same<typeof event, string>(true);
  });
  const Detected = Reactor.detect();
  void new Detected(options).start();
}

export function streams(handle: StreamHandle, reactor: Reactor): void {
  const stream = new Stream(handle, { reactor });
  stream.on("read", (stream, chunk) => {
    same<typeof stream, Stream>(true);
    same<typeof chunk, Buffer>(true);
    stream
      .write(chunk)
      .write("text")
      .write(new Uint8Array(1), (stream) => stream.closeGracefully());
  });
  stream.on("write", (_stream, chunk) => chunk.length);
  stream.on("error", (_stream, error) => error.code === "ECONNRESET");
  stream.catch((_stream, error) => error.message);
  for (const name of ["drain", "timeout", "close"] as const) stream.on(name, (stream) => stream.stop());
  stream.timeout = 0.5;
  stream.highWaterMark = 65536;
  const numbers: number[] = [stream.bytesRead, stream.bytesWritten, stream.bytesWaiting, stream.timeout];
  const booleans: boolean[] = [stream.isReadable, stream.isWriting, stream.canWrite];
  stream.start();
  same<typeof stream.handle, SocketHandle | undefined>(true);
  const socket: Socket | undefined = stream.handle;
  const used: [string | undefined, boolean | undefined] = [socket?.remoteFamily, stream.handle?.authorized];
  stream.handle?.setNoDelay(used[1]).setKeepAlive(true, 1000);
  stream.handle?.getPeerCertificate?.();
  const stolen: StreamHandle | undefined = stream.stealHandle();
  const duplex = stream.duplex();
  const asDuplex: Duplex = duplex.setTimeout(1000, () => duplex.destroy()).setNoDelay();
  asDuplex.pipe(duplex);
  same<typeof duplex.remotePort, number | undefined>(true);
  const { readable, writable } = stream.web();
  void readable.pipeTo(writable);
  const begun: Promise<void>[] = [
    stream.startTls(),
    stream.startTls({ side: "server", tlsCert: "a", tlsKey: "b", tlsVerify: "optional" }),
    stream.startTls({ tlsCa: "c", tlsOptions: { servername: "d" } }),
  ];
  void begun;
  stream.halfOpen = true;
  stream.on("end", (stream) => stream.end("bye"));
  same<typeof stream.closeReason, CloseReason | undefined>(true);
  const where: (string | number | undefined)[] = [stream.localAddress, stream.localPort, stream.tls?.protocol];
  void where;
  stolen?.destroy(new Error(`${numbers.length}${booleans.length}`));
}

export async function serversAndClients(reactor: Reactor): Promise<void> {
  const listen: ListenerOptions = { port: 0, backlog: 5, waitTimeout: 1, overflow: "drop", reuse: false };
  const server = new Server({ reactor, multiAccept: 5 });
  server.on("accept", (_server, handle) => same<typeof handle, SocketHandle>(true));
  server.catch((server, error) => void [server.isAccepting, error.code, error.syscall]);
  server.listen(listen);
  await server.ready;
  const port: number | undefined = server.port;
  const free: number = await Server.generatePort();
  const where: ClientOptions = { port: port ?? free, timeout: 3, localAddress: "127.0.0.1" };
  const client = new Client({ reactor });
  client.on("connect", (_client, handle) => new Stream(handle).start());
  client.on("error", (_client, error) => error.code);
  client.connect(where);
  const accept: ServerCallback = (loop, stream, id) => loop.remove(id) && stream.close();
  IOLoop.server({}, accept);
}

export function tls(loop: IOLoop, pem: Pem, pems: PemByHost): void {
  const server: ServerTlsOptions = { tls: true, tlsCert: pem, tlsKey: pem, tlsCa: [pem, Buffer.alloc(1)] };
  const client: ClientTlsOptions = { tls: true, tlsCa: pem, tlsCert: "cert.pem", tlsKey: Buffer.alloc(1) };
  loop.server({ port: 443, ...server, tlsVerify: "optional", tlsVersion: "TLSv1.3", tlsCiphers: "HIGH" }, () => {});
  loop.server({ tls: true, tlsCert: pems, tlsKey: { "": "key.pem", "*.example": pem }, tlsVerify: false }, () => {});
  loop.server({ tls: false, tlsOptions: { ALPNProtocols: ["h2"], handshakeTimeout: 5 } }, () => {});
  loop.client({ ...client, tlsOptions: { servername: "a.example", rejectUnauthorized: false } }, () => {});
  new Server().listen(server);
  new Client().connect(client);
}

export async function delays(loop: IOLoop): Promise<void> {
  const delay: Delay = loop.delay();
  void [new Delay(), new Delay({ ioloop: loop }), new Delay({ ioloop: undefined }), IOLoop.delay(() => {})];
  same<typeof delay.ioloop, IOLoop>(true);
  const step: Step = (delay, first: string) => delay.pass(first);
  delay
    .step((delay) => loop.timer(1, delay.begin()))
    .step((delay, error: Error | undefined, stream: Stream) => void [delay.remaining, error, stream])
    .step(async (delay, ...args: unknown[]) => delay.pass(...args))
    .steps(step, () => 5)
    .steps();
  const end: (...args: unknown[]) => Delay = delay.begin(0, 2);
  end(1, "two", { three: 3 });
  loop.client({ port: 80 }, delay.begin());
  loop.server({}, delay.begin(1));
  delay.remaining.push(step);
  delay.data({ key: 1 }).data({ other: "2" }).pass();
  same<ReturnType<typeof delay.pass>, Delay>(true);
  const value: unknown = delay.data("key");
  const all: Record<string, unknown> = delay.data();
  const args: DelayEvents["finish"] = [value, all];
  delay.on("finish", (delay, ...rest) => void [delay.remaining, rest.length, args]);
  delay.catch((delay, error: unknown) => void [delay.data(), error]).on("error", () => {});
  const waited: Promise<void> = delay.wait();
  await waited;
}

type Weather = { rain: [millimetres: number]; sun: []; error: [Error] };

export class Sky extends EventEmitter<Weather> {
  darken(): this {
    return this.emit("rain", 3).emit("sun");
  }
}

export async function emittersAndClocks(): Promise<void> {
  const sky = new Sky();
  sky.on("rain", (sky, millimetres) => {
    same<typeof sky, Sky>(true);
    same<typeof millimetres, number>(true);
  });
  sky.catch((_sky, error) => error.message);
  const wrapper = sky.once("sun", () => "bright");
  wrapper(sky);
  sky.subscribers("rain").pop();
  new EventEmitter().on("anything", (_emitter, ...args) => args.length);

  const error: Error = new IOLoopError("ERR_IOLOOP_ABORTED", "words", { cause: 5 });
  if (error instanceof IOLoopError) same<typeof error.code, IOLoopErrorCode>(true);

  const alarm: Alarm = { set: () => {}, clear: () => {} };
  const clock: Clock = { now: () => 0, alarm: () => alarm };
  const virtual = new VirtualClock();
  virtual.block(virtual.now() + virtual.next + clock.now());
  await virtual.advance(60);
}
