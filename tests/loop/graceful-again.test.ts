// A loop that is stopped, started or reset during a graceful stop.

import * as assert from "uvu/assert";
import { VirtualClock } from "wasm-ioloop/testing";
import { harness, peer, portOf, quietLoop, sleep, turns, until, within } from "../support/harness.ts";

const test = harness("graceful-again");

test("after start in the callback that stops the loop, or in the last close, the new run can be stopped gracefully", async () => {
  const { loop } = quietLoop();
  let second: Promise<void> | undefined;
  loop.nextTick(() => {
    void loop.stopGracefully();
    second = loop.start();
    loop.recurring(0.05, () => {});
  });
  await loop.start();
  const log: string[] = [];
  for (const name of ["finish", "closing"] as const) loop.on(name, () => log.push(name));
  loop.remove(loop.server({}, () => {})); // allowed
  await within(5, loop.stopGracefully({ timeout: 0.1 }));
  await second;
  assert.equal(log, ["finish", "closing"]);
  loop.reset();
});

test("stop and start in `closing`: the second run is an ordinary one", async () => {
  const { loop } = quietLoop();
  let second: Promise<void> | undefined;
  let fired = false;
  loop.once("closing", () => {
    loop.timer(0.05, () => (fired = true)); // not before `start`: the second run might have nothing to wait for by now
    loop.stop();
    second = loop.start();
  });
  loop.server({}, () => {});
  loop.timer(0, () => void loop.stopGracefully());
  await loop.start();
  const id = loop.server({}, (_loop, stream) => stream.write("hi").closeGracefully());
  assert.is(await peer({ port: portOf(loop, id) }).ended, "hi");
  await until(() => fired);
  loop.remove(id);
  await within(5, second!);
});

test("stop in `closing` closes the listening sockets at once", async () => {
  const { loop } = quietLoop();
  const port = portOf(
    loop,
    loop.server({}, () => {}),
  );
  loop.on("closing", () => loop.stop());
  loop.timer(0, () => void loop.stopGracefully());
  await loop.start();
  assert.is(await peer({ port }).closed, "ECONNREFUSED");
  const again = loop.server({ port }, () => {});
  await loop.acceptor(again)!.ready;
  loop.reset();
});

test("if a `closing` subscriber throws when `stop` ends the delay, start rejects", async () => {
  const { loop } = quietLoop();
  loop.reactor.unsubscribe("error");
  const error = new Error("planned");
  loop.on("closing", () => {
    throw error;
  });
  loop.server({}, () => {});
  loop.timer(0, () => {
    void loop.stopGracefully({ delay: 1 });
    loop.stop();
  });
  await loop.start().then(
    () => assert.unreachable(),
    (failure: unknown) => assert.is(failure, error),
  );
});

test("reset admits no client: a slot that becomes free meanwhile stays free, and every stream closes once", async () => {
  const { loop } = quietLoop({ maxConnections: 2 });
  const log: string[] = [];
  let admitted = 0;
  const id = loop.server({}, (_loop, stream) => {
    const name = ++admitted;
    stream.timeout = 0;
    stream.on("close", () => log.push(`close ${name}`));
    if (name === 2) stream.write("bye").closeGracefully();
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = [];
  for (let i = 0; i < 4; i++) {
    const client = peer({ port });
    client.socket.allowHalfOpen = true; // the second one lingers
    clients.push(client);
    await client.connected;
    await turns(10);
  }
  await until(() => admitted === 3);
  const stopped = loop.stopGracefully();
  await turns(20);
  loop.reset();
  assert.equal([admitted, log.toSorted()], [3, ["close 1", "close 2", "close 3"]]);
  await Promise.all([running, stopped]);
  for (const client of clients) client.socket.destroy();
});

test("timeout: a stream that lingers because a close callback closed it gracefully is closed, too", async () => {
  const clock = new VirtualClock();
  const { loop } = quietLoop({ clock });
  const streams: { closeGracefully(): void }[] = [];
  const id = loop.server({}, (_loop, stream) => {
    stream.timeout = 0;
    streams.push(stream);
    stream.on("close", () => streams.forEach((other) => other.closeGracefully()));
  });
  const port = portOf(loop, id);
  const running = loop.start();
  const clients = Array.from({ length: 5 }, () => peer({ port }));
  for (const client of clients) client.socket.allowHalfOpen = true;
  await until(() => streams.length === 5);
  const stopped = loop.stopGracefully({ timeout: 1 });
  await clock.advance(1);
  await Promise.all([running, stopped]);
  await Promise.all(clients.map(({ ended }) => ended));
  await sleep(0);
  for (const client of clients) client.socket.destroy();
  loop.reset();
});
