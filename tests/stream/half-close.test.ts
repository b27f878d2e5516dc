// Streams whose peer has ended its side. Numbers name statements about the originals.

import * as assert from "uvu/assert";
import { type Stream } from "wasm-ioloop";
import { harness, peer, portOf, quietLoop, turns, until } from "../support/harness.ts";
import { openStream } from "./open-stream.ts";

const test = harness("half-close");

test("152 a peer that has ended its side gets the whole of a large answer, however slowly it reads", async () => {
  const { loop } = quietLoop();
  const answer = Buffer.alloc(5_000_000, "0123456789abcdef!");
  let drained = 0;
  const id = loop.server({}, (loop, stream) => {
    stream.on("read", (stream) => stream.write(answer, () => drained++));
    stream.on("close", () => loop.remove(id));
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.pause();
  client.socket.end("question");
  const slowly = setInterval(() => {
    client.socket.resume();
    setTimeout(() => client.socket.pause(), 2);
  }, 4);
  const text = await client.ended;
  clearInterval(slowly);
  client.socket.resume();
  assert.is(text, answer.toString());
  assert.is(drained, 1);
  await running;
});

test("152, 148 writes after the peer's end are accepted while earlier ones are being sent", async () => {
  const { loop, stream, far, log, running } = await openStream();
  stream.unsubscribe("write");
  far.socket.pause();
  stream.write(Buffer.alloc(20_000_000, "x"));
  far.socket.end();
  // The stream has received the end if it only waits for queued data.
  await turns(20);
  assert.is(stream.isWriting, true);
  loop.timer(0, () => stream.write("more", (stream) => stream.write("and the last")));
  await turns(20);
  far.socket.resume();
  const text = await far.ended;
  assert.is(text.length, 20_000_000 + 16);
  assert.ok(text.endsWith("moreand the last"));
  await running;
  assert.equal(log, ["drain", "drain", "close"]);
});

test("152, 163 a write after the peer's end, with nothing queued before, is a write to a closed stream", async () => {
  const { stream, far, log, running } = await openStream();
  far.socket.end("last");
  await running;
  assert.equal(log, ["read last", "close"]);
  assert.is(
    stream.write("too late", () => assert.unreachable()),
    stream,
  );
  assert.is(stream.isWriting, false);
  await far.closed;
  assert.is(far.text(), "");
});

test("153 an answer written in read reaches a peer that ended its side at once", async () => {
  const { loop } = quietLoop();
  const log: string[] = [];
  const id = loop.server({}, (_loop, stream) => {
    const note = (name: string) => (): void => void log.push(name);
    stream.on("read", (stream, chunk) => void stream.write(`echo ${String(chunk)}`, note("sent")));
    stream.on("close", note("close"));
  });
  const running = loop.start();
  const clients = Array.from({ length: 20 }, (_, i) => {
    const client = peer({ port: portOf(loop, id) });
    client.socket.end(`${i}`);
    return client;
  });
  for (const [i, client] of clients.entries()) assert.is(await client.ended, `echo ${i}`);
  await until(() => log.length === 40);
  assert.is(log.filter((entry) => entry === "sent").length, 20);
  loop.remove(id);
  await running;
});

test("152 a peer that ends its side before the answer is written is closed, as nothing is queued", async () => {
  const { loop } = quietLoop();
  let later: Stream | undefined;
  const id = loop.server({}, (_loop, stream) => {
    stream.on("read", (stream) => (later = stream));
    stream.on("close", () => loop.remove(id));
  });
  const running = loop.start();
  const client = peer({ port: portOf(loop, id) });
  client.socket.end("question");
  assert.is(await client.ended, "");
  await running;
  assert.is(later!.handle, undefined);
});
