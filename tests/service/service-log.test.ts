// What the log and the channel of prefork do with texts and messages of others: they are cut, escaped and checked.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
// Not the built package: these are no part of it.
import { asJson, asLine, asLines, shortened } from "../../host/base/printable.ts";
import { describe, received } from "../../host/service/channel.ts";
import { ServiceLog } from "../../host/service/service-log.ts";
import { evaluate, harness } from "../support/harness.ts";

const test = harness("service-log");
const module = new URL("../../host/service/service-log.js", import.meta.url).href;

test("a line is bounded, as text and as JSON, and a terminal has nothing to obey in it", () => {
  const nasty = "\u001b[2J\u009b2J\u202eevil\u2028\n\r\t\u0000";
  for (const isJson of [false, true]) {
    const lines: string[] = [];
    const log = new ServiceLog(isJson, (line) => lines.push(line));
    log.tell("gone", `x${nasty.repeat(1e5)}`, { error: nasty.repeat(1e5), names: [nasty.repeat(1e5)], worker: 1 });
    const [line = ""] = lines;
    assert.ok(line.length < 30_000, `${line.length}`);
    // oxlint-disable-next-line no-control-regex -- control characters are what it looks for
    assert.not.match(line, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/);
    assert.not.match(line, /\n(?! {2})/);
    assert.match(line, "characters more)");
  }
  assert.equal(JSON.parse(asJson({ a: nasty, b: 1, c: ["\ud83d\ude00"], d: undefined })), {
    a: nasty,
    b: 1,
    c: ["😀"],
  });
  assert.is(asLine(nasty), "\\x1b[2J\\x9b2J\\u202eevil\\u2028\\n\\r  \\x00");
  assert.is(asLines("a\nb"), "a\n  b");
});

test("a text is not cut within a character", () => {
  assert.is(shortened("a😀b", 2), "a… (3 characters more)");
  assert.is(shortened("a😀b", 3), "a😀… (1 characters more)");
  assert.is(shortened("a😀b", 4), "a😀b");
});

test("messages of workers: what is none is left alone, and errors are bounded", () => {
  const NAME = "wasm-ioloop/prefork";
  for (const wrong of [
    null,
    1,
    "x",
    [],
    {},
    { is: "ports" },
    { is: "ports", ports: null },
    { is: "ports", ports: { a: "1" } },
    { is: "other" },
  ]) {
    assert.is(received({ [NAME]: wrong }), undefined, JSON.stringify(wrong));
    assert.is(received(wrong), undefined);
  }
  assert.equal(received({ [NAME]: { is: "closed" } }), { is: "closed" });
  const beat = received({ [NAME]: { is: "heartbeat", replace: { a: 1 }, ends: 1 } });
  assert.equal(beat, { is: "heartbeat", replace: undefined, bytes: undefined, ends: false });
  assert.equal(received({ [NAME]: { is: "failure", error: 5 } }), { is: "failure", error: "5" });
  const { error } = received({ [NAME]: { is: "failure", error: "x".repeat(1e6) } }) as { error: string };
  assert.ok(error.length < 9000);
  assert.ok(describe(new Error("x".repeat(1e6))).length < 9000);
  assert.is(describe({ toString: null }), "a value that cannot be shown");
});

test("when nobody reads stderr any more, lines are lost, and the process goes on", async () => {
  const source = `import { printLine } from ${JSON.stringify(module)};
    process.stdin.once("data", async () => {
      for (let i = 0; i < 5; i++) {
        printLine("lost");
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      console.log(process.stderr.listenerCount("error") < 2 ? "goes on" : "leaks");
      process.exit(0);
    });
    printLine("ready");`;
  const child = spawn(process.execPath, evaluate(source));
  const [said, ended] = [text(child.stdout), once(child, "exit")];
  await once(child.stderr, "data");
  child.stderr.destroy();
  await once(child.stderr, "close");
  child.stdin.end("go\n");
  assert.is(await said, "goes on\n");
  assert.equal(await ended, [0, null]);
});
