// Iterating over frames while the stream, or its loop, is stopped: no message is lost.

import * as assert from "uvu/assert";
import { lines } from "wasm-ioloop/framing";
import { harness, turns, until } from "../support/harness.ts";
import { openConsumed } from "./open-consumed.ts";

const test = harness("paused-frames");

test("a stopped stream: a next that waits gets the next message at start", async () => {
  const { stream, far, running } = await openConsumed();
  const frames = stream.frames(lines);
  far.socket.write("1\n2\n3\n");
  assert.is((await frames.next()).value, "1");
  stream.stop();
  const next = frames.next();
  await turns(5);
  far.socket.end("4\n5\n");
  stream.start();
  assert.is((await next).value, "2");
  const rest: string[] = [];
  for await (const line of frames) rest.push(line);
  assert.equal(rest, ["3", "4", "5"]);
  await running;
});

test("a stopped loop: a next that waits gets the next message at start", async () => {
  const { stream, loop, far, running } = await openConsumed();
  const frames = stream.frames(lines);
  far.socket.write("1\n2\n3\n");
  assert.is((await frames.next()).value, "1");
  loop.stop();
  await running;
  const next = frames.next();
  far.socket.end("4\n5\n");
  await turns(5);
  const again = loop.start();
  assert.is((await next).value, "2");
  const rest: string[] = [];
  for await (const line of frames) rest.push(line);
  assert.equal(rest, ["3", "4", "5"]);
  await again;
});

test("a stream that is stopped after the end of the peer keeps its messages", async () => {
  const { stream, far, running } = await openConsumed((stream) => (stream.halfOpen = true));
  let hasEnded = false;
  stream.on("end", () => (hasEnded = true));
  const frames = stream.frames(lines);
  far.socket.end("1\n2\n");
  assert.is((await frames.next()).value, "1");
  await until(() => hasEnded);
  stream.stop();
  const [second, end] = [frames.next(), frames.next()];
  await turns(5);
  stream.start();
  assert.is((await second).value, "2");
  assert.is((await end).done, true);
  stream.close();
  await running;
});
