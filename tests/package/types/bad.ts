// Wrong code: every line below the declarations must be an error of the compiler, and has a directive that expects it. It is not run.
/* oxlint-disable -- wrong lines are the purpose */

import { Client, Delay, EventEmitter, IOLoop, IOLoopError, type Id, Reactor, Server, Stream } from "wasm-ioloop";
import { VirtualClock } from "wasm-ioloop/testing";

declare const id: Id;
declare const loop: IOLoop;
declare const reactor: Reactor;
declare const stream: Stream;
declare const server: Server;
declare const client: Client;
declare const delay: Delay;
declare const weather: EventEmitter<{ rain: [millimetres: number]; sun: [] }>;
declare const nop: () => void;

// Refused from here on
// @ts-expect-error
loop.on("finsh", nop);
// @ts-expect-error
loop.once("read", nop);
// @ts-expect-error
loop.emit("drain");
// @ts-expect-error
loop.emit("finish", 1);
// @ts-expect-error
loop.emit("drop");
// @ts-expect-error
loop.emit("drop", { reason: "bored" });
// @ts-expect-error
loop.unsubscribe("close");
// @ts-expect-error
loop.hasSubscribers("connect");
// @ts-expect-error
loop.subscribers("accept");
// @ts-expect-error
loop.on("finish", (_loop: Stream) => {});
// @ts-expect-error
loop.on("drop", (_loop, info) => info.port);
// @ts-expect-error
loop.on("finish", (_loop, extra: number) => extra);
// @ts-expect-error
loop.catch(nop).unknown;
// @ts-expect-error
stream.on("accept", nop);
// @ts-expect-error
stream.on("read", (_stream, chunk: string) => chunk);
// @ts-expect-error
stream.on("close", (_stream, error) => error);
// @ts-expect-error
stream.emit("read", "text");
// @ts-expect-error
stream.catch((_stream, error: number) => error);
// @ts-expect-error
server.on("connection", nop);
// @ts-expect-error
server.on("accept", (_server, handle: string) => handle);
// @ts-expect-error
client.on("read", nop);
// @ts-expect-error
client.on("connect", (_client, handle: number) => handle);
// @ts-expect-error
reactor.on("finish", nop);
// @ts-expect-error
reactor.on("error", (_reactor, _error, event: number) => event);
// @ts-expect-error
weather.on("snow", nop);
// @ts-expect-error
weather.emit("rain");
// @ts-expect-error
weather.emit("rain", "much");
// @ts-expect-error
weather.emit("sun", 1);
// @ts-expect-error
weather.on("rain", "cb");
// @ts-expect-error
weather.on(nop, "rain");
// @ts-expect-error
loop.timer();
// @ts-expect-error
loop.timer(1);
// @ts-expect-error
loop.timer("1", nop);
// @ts-expect-error
loop.timer(nop);
// @ts-expect-error
loop.timer(nop, "1");
// @ts-expect-error
loop.timer(1, "cb");
// @ts-expect-error
loop.recurring(nop, nop);
// @ts-expect-error
loop.timer(1, (_loop: Stream) => {});
// @ts-expect-error
loop.nextTick();
// @ts-expect-error
loop.nextTick(1);
// @ts-expect-error
IOLoop.timer("1", nop);
// @ts-expect-error
reactor.timer(nop);
// @ts-expect-error
reactor.timer(1, (_loop: IOLoop) => {});
// @ts-expect-error
reactor.io(1, nop);
// @ts-expect-error
reactor.io(nop);
// @ts-expect-error
reactor.io({}, nop);
// @ts-expect-error
reactor.watch(reactor, true);
// @ts-expect-error
reactor.again();
// @ts-expect-error
reactor.again(5);
// @ts-expect-error
loop.server({ prot: 1 }, nop);
// @ts-expect-error
loop.server({ port: "80" }, nop);
// @ts-expect-error
loop.server({ overflow: "queue" }, nop);
// @ts-expect-error
loop.server(3000, nop);
// @ts-expect-error
loop.server({});
// @ts-expect-error
loop.server({}, (_loop, _err: Error, _stream) => {});
// @ts-expect-error
loop.client({ timout: 1 }, nop);
// @ts-expect-error
loop.client({ handle: 5 }, nop);
// @ts-expect-error
loop.client({ port: 1 });
// @ts-expect-error
loop.client({}, (_loop, _err, stream) => stream.write("x"));
// @ts-expect-error
loop.client({}, (_loop, err) => err.message);
// @ts-expect-error
server.listen({ port: "80" });
// @ts-expect-error
server.listen({ adress: "::1" });
// @ts-expect-error
client.connect({ timeout: "1" });
// @ts-expect-error
new IOLoop({ maxConnection: 1 });
// @ts-expect-error
new IOLoop({ reactor: {} });
// @ts-expect-error
new IOLoop({ clock: () => 0 });
// @ts-expect-error
new Reactor({ seed: "x" });
// @ts-expect-error
new Server({ port: 1 });
// @ts-expect-error
new Client({ port: 1 });
// @ts-expect-error
new Stream();
// @ts-expect-error
new Stream({});
// @ts-expect-error
new VirtualClock("1");
// @ts-expect-error
loop.maxConnections = "5";
// @ts-expect-error
loop.isRunning = true;
// @ts-expect-error
loop.isRunning();
// @ts-expect-error
IOLoop.isRunning.length.x;
// @ts-expect-error
loop.stopGracefully({ seconds: 1 });
// @ts-expect-error
loop.stopGracefully(5);
// @ts-expect-error
stream.write(5);
// @ts-expect-error
stream.write("x", 5);
// @ts-expect-error
stream.write([1, 2]);
// @ts-expect-error
stream.timeout = "1";
// @ts-expect-error
stream.bytesRead = 0;
// @ts-expect-error
stream.canWrite = true;
// @ts-expect-error
stream.handle = undefined;
// @ts-expect-error
server.port = 80;
// @ts-expect-error
server.isAccepting = false;
// @ts-expect-error
loop.remove("x");
// @ts-expect-error
loop.remove(5);
// @ts-expect-error
loop.remove(stream);
// @ts-expect-error
loop.stream(5);
// @ts-expect-error
loop.stream("x");
// @ts-expect-error
loop.acceptor(stream);
// @ts-expect-error
loop.stream(id).close();
// @ts-expect-error
loop.acceptor(id).port;
// @ts-expect-error
id.slot;
// @ts-expect-error
loop.engine;
// @ts-expect-error
stream.join();
// @ts-expect-error
server.record();
// @ts-expect-error
client.begin({});
// @ts-expect-error
reactor.engine;
// @ts-expect-error
reactor.attach(loop);
// @ts-expect-error
Reactor.default;
// @ts-expect-error
new IOLoopError("ENOENT", "words");
// @ts-expect-error
new IOLoopError("words");
// @ts-expect-error
loop.server({ tls: "yes" }, nop);
// @ts-expect-error
loop.server({ tls: true, tlsCert: 5 }, nop);
// @ts-expect-error
loop.server({ tls: true, tlsKey: { "a.example": 5 } }, nop);
// @ts-expect-error
loop.server({ tls: true, tlsVerify: "maybe" }, nop);
// @ts-expect-error
loop.server({ tls: true, tlsVersion: "TLSv1.1" }, nop);
// @ts-expect-error
loop.server({ tls: true, tlsCiphers: ["HIGH"] }, nop);
// @ts-expect-error
loop.server({ tls: true, tlsOptions: { ALPNProtocol: ["h2"] } }, nop);
// @ts-expect-error
loop.server({ tls_cert: "cert.pem" }, nop);
// @ts-expect-error
loop.client({ tls: true, tlsVerify: false }, nop);
// @ts-expect-error
loop.client({ tls: true, tlsVersion: "TLSv1.3" }, nop);
// @ts-expect-error
loop.client({ tls: true, tlsCert: { "a.example": "cert.pem" } }, nop);
// @ts-expect-error
loop.client({ tls: true, tlsCa: 5 }, nop);
// @ts-expect-error
loop.client({ tls: true, tlsOptions: { serverName: "a" } }, nop);
// @ts-expect-error
server.listen({ tls: 1 });
// @ts-expect-error
client.connect({ tlsKey: [] });
// @ts-expect-error
new Delay({ ioloop: {} });
// @ts-expect-error
new Delay({ loop });
// @ts-expect-error
new Delay(loop);
// @ts-expect-error
loop.delay("step");
// @ts-expect-error
loop.delay({});
// @ts-expect-error
delay.ioloop = loop;
// @ts-expect-error
delay.remaining = [];
// @ts-expect-error
delay.begin("1");
// @ts-expect-error
delay.begin(1, "2");
// @ts-expect-error
delay.then;
// @ts-expect-error
delay.step();
// @ts-expect-error
delay.step(5);
// @ts-expect-error
delay.step((_delay: Stream) => {});
// @ts-expect-error
delay.steps([nop]);
// @ts-expect-error
delay.data(5);
// @ts-expect-error
delay.data("key").length;
// @ts-expect-error
delay.on("drain", nop);
// @ts-expect-error
delay.emit("finsh");
// @ts-expect-error
delay.catch((_delay, error) => error.message);
// @ts-expect-error
delay.wait(nop);
// @ts-expect-error
stream.startTls({ side: "both" });
