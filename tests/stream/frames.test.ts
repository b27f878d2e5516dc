// The frames of a stream: by iteration and by callback.

import * as assert from "uvu/assert";
import { IOLoopError, type Stream } from "wasm-ioloop";
import { type Framer, lengthPrefixed, lines } from "wasm-ioloop/framing";
import { harness, sleep, turns, until } from "../support/harness.ts";
import { rejects } from "../support/rejects.ts";
import { openConsumed } from "./open-consumed.ts";

const test = harness("frames");

type Ended = [messages: string[], code: string | undefined];

/** Iterates over the lines of a stream. */
async function iterated(stream: Stream, max = 1000): Promise<Ended> {
  const got: string[] = [];
  try {
    for await (const line of stream.frames(lines({ max }))) got.push(line);
  } catch (error) {
    return [got, (error as { code: string }).code];
  }
  return [got, undefined];
}

/** Calls back for the lines of a stream. */
async function called(stream: Stream, max = 1000): Promise<Ended> {
  const got: string[] = [];
  let code: string | undefined;
  stream.catch((_stream, error) => void (code = error.code));
  stream.frames(lines({ max }), (_stream, line) => void got.push(line));
  await stream.closed();
  return [got, code];
}

const WAYS = { iterated, called };

for (const [way, read] of Object.entries(WAYS)) {
  test(`${way}: messages of any pieces, until the peer ends`, async () => {
    const { stream, far, running, errors } = await openConsumed();
    const reading = read(stream);
    for (const piece of ["on", "e\ntwo\r\nth", "ree\n"]) {
      far.socket.write(piece);
      await turns(3);
    }
    far.socket.end();
    assert.equal(await reading, [["one", "two", "three"], undefined]);
    assert.is(stream.closeReason, "peer");
    await running;
    assert.equal(errors, []);
  });

  test(`${way}: a message that is too long is an error after those before it, and closes the stream`, async () => {
    const { stream, far, running, errors } = await openConsumed();
    const reading = read(stream, 5);
    far.socket.write("one\ntwo\nlonger\nlost\n");
    assert.equal(await reading, [["one", "two"], "ERR_IOLOOP_FRAME_TOO_LONG"]);
    assert.is(stream.closeReason, "error");
    far.socket.destroy();
    await running;
    assert.equal(errors, []);
  });

  test(`${way}: an end in the middle of a message is an error`, async () => {
    const { stream, far, running, errors } = await openConsumed();
    const reading = read(stream);
    far.socket.end("one\ntw");
    assert.equal(await reading, [["one"], "ERR_IOLOOP_UNEXPECTED_END"]);
    assert.is(stream.closeReason, "error");
    await running;
    assert.equal(errors, []);
  });
}

for (const [way, read] of Object.entries(WAYS)) {
  test(`${way}: an end in the middle of a message is an error also if our side has ended before`, async () => {
    const { stream, far, running, errors } = await openConsumed();
    far.socket.allowHalfOpen = true;
    const reading = read(stream);
    stream.end("request\n");
    assert.is(await far.ended, "request\n");
    far.socket.end("one\ntw");
    assert.equal(await reading, [["one"], "ERR_IOLOOP_UNEXPECTED_END"]);
    await running;
    assert.equal(errors, []);
  });
}

test("a half-open stream that such an end closes emits no `end` after it", async () => {
  const { stream, far, running } = await openConsumed();
  const events: string[] = [];
  stream.halfOpen = true;
  stream.on("error", () => void events.push("error"));
  stream.on("end", () => void events.push("end"));
  stream.on("close", () => void events.push("close"));
  stream.frames(lines(), () => {});
  far.socket.end("one\ntw");
  await running;
  assert.equal(events, ["error", "close"]);
});

test("an end in the middle is found out even if the iteration has not come so far", async () => {
  const { stream, far, running } = await openConsumed();
  const iterator = stream.frames(lines());
  far.socket.end("one\ntwo\nth");
  assert.is(await stream.closed(), "error");
  assert.is((await iterator.next()).value, "one");
  assert.is((await iterator.next()).value, "two");
  await rejects(iterator.next(), "ERR_IOLOOP_UNEXPECTED_END");
  assert.equal(await iterator.next(), { done: true, value: undefined });
  await running;
});

test("an error without subscribers goes to the reactor", async () => {
  const { stream, far, running, errors } = await openConsumed();
  stream.frames(lines({ max: 3 }), () => {});
  far.socket.write("longer\n");
  assert.is(await stream.closed(), "error");
  far.socket.destroy();
  await running;
  assert.is((errors[0]![0] as { code: string }).code, "ERR_IOLOOP_FRAME_TOO_LONG");
});

test("`sendFrame` encodes with the framer of the stream", async () => {
  const { stream, far, running } = await openConsumed();
  assert.throws(() => stream.sendFrame("x"), /sendFrame: the stream has no framer/);
  stream.frames(
    () => lengthPrefixed({ bytes: 1 }),
    (stream, message) => stream.sendFrame(`${message}!`),
  );
  far.socket.write("\x02hi\x00");
  await until(() => far.text() === "\x03hi!\x01!");
  await stream.sendFrame("bye");
  for (const [wrong, kind] of [
    [5, TypeError],
    ["x".repeat(256), IOLoopError],
  ] as const) {
    assert.throws(
      () => stream.sendFrame(wrong),
      (error: Error) => error instanceof kind && /^sendFrame: encode: (message must be|more than)/.test(error.message),
    );
  }
  stream.closeGracefully();
  assert.is(await far.ended, "\x03hi!\x01!\x03bye");
  far.socket.end();
  await running;
});

test("a framer belongs to one stream", async () => {
  const one = await openConsumed();
  const two = await openConsumed();
  const framer = lines();
  one.stream.frames(framer, () => {});
  assert.throws(() => two.stream.frames(framer), /frames: the framer is used already/);
  assert.throws(() => one.stream.frames(lines), /is used by frames/);
  assert.throws(() => two.stream.frames({} as never), /frames: framer must be a framer/);
  assert.throws(() => two.stream.frames(lines(), 5 as never), /frames: callback must be a function/);
  const lost = two.stream.frames(lines); // a function that makes one
  await lost.return!();
  for (const { stream, far, running } of [one, two]) {
    stream.close();
    far.socket.destroy();
    await running;
  }
});

test("a callback that throws or closes the stream: the next message comes, or none", async () => {
  const { stream, far, running, errors } = await openConsumed();
  const got: string[] = [];
  stream.frames(lines(), (stream, line) => {
    got.push(line);
    if (line === "bad") throw new Error("mine");
    if (line === "quit") stream.close();
  });
  far.socket.write("bad\ngood\nquit\nlost\n");
  await stream.closed();
  assert.equal(got, ["bad", "good", "quit"]);
  assert.equal(
    errors.map(([error]) => (error as Error).message),
    ["mine"],
  );
  far.socket.destroy();
  await running;
});

test("while a callback has stopped the stream, the rest of the chunk waits", async () => {
  const { stream, far, running } = await openConsumed();
  const got: string[] = [];
  stream.frames(lines(), (stream, line) => {
    got.push(line);
    if (line !== "stop") return;
    stream.stop();
    setTimeout(() => {
      got.push("start");
      stream.start();
    }, 20);
  });
  far.socket.write("one\nstop\ntwo\nstop\nthree\n");
  far.socket.end("four\n");
  await stream.closed();
  assert.equal(got, ["one", "stop", "start", "two", "stop", "start", "three", "four"]);
  await running;
});

for (const [rest, code] of [
  ["", undefined],
  ["th", "ERR_IOLOOP_UNEXPECTED_END"],
]) {
  test(`on a closed stream, the callback gets what had arrived${code ? ", and the reactor the error" : ""}`, async () => {
    const { stream, far, running, errors } = await openConsumed();
    far.socket.end(`one\ntwo\n${rest}`);
    assert.is(await stream.closed(), "peer");
    await running; // even while the loop is stopped
    const got: string[] = [];
    stream.frames(lines(), (_stream, line) => void got.push(line));
    assert.equal(got, [], "in the next turn");
    await until(() => got.length === 2 && errors.length === (code ? 1 : 0));
    assert.equal(got, ["one", "two"]);
    assert.is((errors[0]?.[0] as { code?: string } | undefined)?.code, code);
  });
}

test("an iteration over frames reads only as fast as it is consumed, and leaving it closes the stream", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.write(Buffer.alloc(8 << 20, "0123456789\n"));
  for await (const line of stream.frames(lines())) {
    assert.is(line, "0123456789");
    await sleep(0.05);
    break;
  }
  assert.ok(stream.bytesRead < 1 << 20, `${stream.bytesRead}`);
  assert.is(stream.closeReason, "local");
  far.socket.destroy();
  await running;
});

test("what a reader has left belongs to the frames", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.write("HELLO\none\ntwo\n");
  assert.is(await stream.reader().readLine(), "HELLO");
  const frames = stream.frames(lines());
  assert.is((await frames.next()).value, "one");
  assert.is((await frames.next()).value, "two");
  stream.close();
  far.socket.destroy();
  await running;
});

test("a framer of your own: `push` is used up before the next, and an exception is an error", async () => {
  const { stream, far, running } = await openConsumed();
  const log: string[] = [];
  const own: Framer<string> = {
    *push(chunk) {
      log.push(`push ${chunk}`);
      for (const letter of chunk.toString()) {
        if (letter === "!") throw new Error("no exclamation");
        yield letter;
      }
      log.push("used up");
    },
    end: () => void log.push("end"),
    encode: (message) => Buffer.from(message),
  };
  const frames = stream.frames(own);
  far.socket.write("ab");
  assert.is((await frames.next()).value, "a");
  far.socket.write("c!");
  await until(() => stream.bytesRead === 4);
  assert.is((await frames.next()).value, "b");
  assert.is((await frames.next()).value, "c");
  await rejects(frames.next(), /no exclamation/);
  assert.equal(log, ["push ab", "used up", "push c!"]);
  assert.is(stream.closeReason, "error");
  far.socket.destroy();
  await running;
});
