// Consumers of a stream whose peer has ended before: they get what was kept, and then the end.

import { Writable } from "node:stream";
import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";
import { harness, turns, until } from "../support/harness.ts";
import { openConsumed } from "./open-consumed.ts";

const test = harness("late consumer");

/** Ways to read everything. Each resolves with the text at the end of the input. */
const WAYS: Readonly<Record<string, (stream: Stream) => Promise<string>>> = {
  async duplex(stream) {
    let text = "";
    for await (const chunk of stream.duplex()) text += String(chunk);
    return text;
  },
  async web(stream) {
    let text = "";
    for await (const chunk of stream.web().readable) text += Buffer.from(chunk).toString();
    return text;
  },
  async pipe(stream) {
    let text = "";
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => {
      text += String(chunk);
      done();
    };
    await stream.pipeTo(new Writable({ write }));
    return text;
  },
  async frames(stream) {
    const got: string[] = [];
    let code = "";
    stream.catch((_stream, error) => void (code = (error as { code: string }).code));
    stream.frames(lines(), (_stream, line) => void got.push(line));
    await until(() => code !== "");
    return `${got.join("\n")}\n${code === "ERR_IOLOOP_UNEXPECTED_END" ? "rest" : code}`;
  },
  async iterator(stream) {
    let text = "";
    for await (const chunk of stream) text += String(chunk);
    return text;
  },
};

for (const [name, read] of Object.entries(WAYS)) {
  for (const how of ["open", "paused"]) {
    test(`${name}, ${how}`, async () => {
      const { stream, far, running, errors } = await openConsumed((stream) => (stream.halfOpen = true));
      let hasEnded = false;
      stream.on("end", () => (hasEnded = true));
      far.socket.end("HELLO\none\nrest");
      assert.is(await stream.reader().readLine(), "HELLO");
      await until(() => hasEnded);
      if (how === "paused") stream.stop();
      const reading = read(stream);
      await turns(5);
      stream.start();
      assert.is(await reading, "one\nrest");
      stream.close();
      await running;
      assert.equal(errors, []);
    });
  }
}

test("web streams take what was kept, too", async () => {
  const { stream, far, running } = await openConsumed();
  far.socket.write("HELLO\nrest");
  assert.is(await stream.reader().readLine(), "HELLO");
  const { value } = await stream.web().readable.getReader().read();
  assert.is(Buffer.from(value!).toString(), "rest");
  stream.close();
  far.socket.destroy();
  await running;
});

test("`stealHandle` loses nothing: it refuses if the handle takes back no input any more", async () => {
  const { stream, far, running, errors } = await openConsumed((stream) => (stream.halfOpen = true));
  let hasEnded = false;
  stream.on("end", () => (hasEnded = true));
  far.socket.end("rest");
  await until(() => hasEnded);
  let text = "";
  try {
    const handle = stream.stealHandle()!; // a bare connection has no such end
    handle.on("data", (chunk: Buffer) => (text += String(chunk))).resume();
    await until(() => text !== "");
    handle.destroy();
  } catch (error) {
    assert.is((error as { code: string }).code, "ERR_IOLOOP_UNEXPECTED_END");
    text = String(await stream.reader().read());
    stream.stealHandle()!.destroy();
  }
  assert.is(text, "rest");
  await running;
  assert.equal(errors, []);
});
