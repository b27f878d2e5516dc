// Streams as Duplexes of the runtime: reading, writing, and other members.

import * as assert from "uvu/assert";
import { harness, turns, until } from "../support/harness.ts";
import { openConsumed, openDuplex } from "./open-consumed.ts";

const test = harness("duplex");

assert.ok(process.stdout && process.stderr); // `pipe` accesses them, and Bun opens them only then

test("an echo, by `pipe`", async () => {
  const { duplex, far, running, log, errors } = await openDuplex({}, (_stream, duplex) => void duplex.pipe(duplex));
  far.socket.write("Hello");
  await until(() => far.text() === "Hello");
  far.socket.end(", you");
  assert.is(await far.ended, "Hello, you");
  await running;
  assert.is(duplex.destroyed, true);
  assert.equal(log, ["end", "finish", "close", "stream close peer"]);
  assert.equal(errors, []);
});

test("every call returns the same duplex, and nothing else reads or writes the stream from then on", async () => {
  const { stream, duplex, running, log } = await openDuplex();
  assert.is(stream.duplex(), duplex);
  const inUse = { code: "ERR_IOLOOP_STREAM_IN_USE" };
  const refused: [() => unknown, RegExp][] = [
    [() => stream.on("read", () => {}), /^on: event "read": the stream is used by a duplex$/],
    [() => stream.write("x"), /^write: the stream is used by a duplex$/],
    [() => stream.end(), /^end: /],
    [() => stream.stealHandle(), /^stealHandle: /],
  ];
  for (const [call, message] of refused) {
    let error: (Error & { code?: string }) | undefined;
    try {
      call();
    } catch (thrown) {
      error = thrown as Error;
    }
    assert.is(error?.code, inUse.code);
    assert.match(error?.message ?? "", message);
  }
  stream.close();
  await running;
  assert.equal(log, ["close", "stream close local"]);
  assert.is(stream.duplex(), duplex);
});

test("not together with a subscriber to `read`", async () => {
  const { stream, running, errors } = await openConsumed((stream) => void stream.on("read", () => {}));
  assert.throws(() => stream.duplex(), /^duplex: the stream is used by a subscriber to `read`$|^IOLoopError/);
  stream.close();
  await running;
  assert.equal(errors, []);
});

test("the members of a net.Socket", async () => {
  const { stream, duplex, far, running } = await openDuplex();
  const { localPort } = far.socket;
  assert.is(duplex.remoteAddress, "127.0.0.1");
  assert.is(duplex.remotePort, localPort);
  assert.is(duplex.remoteFamily, "IPv4");
  assert.is(duplex.localAddress, "127.0.0.1");
  assert.is(duplex.localPort, far.socket.remotePort);
  assert.is(duplex.localFamily, "IPv4");
  assert.equal(duplex.address(), { address: "127.0.0.1", port: far.socket.remotePort, family: "IPv4" });
  assert.is(duplex.connecting, false);
  assert.is(duplex.pending, false);
  assert.is(duplex.encrypted, false);
  assert.is(duplex.authorized, false);
  assert.is(duplex.readyState, "open");
  assert.is(duplex.setNoDelay().setNoDelay(false).setKeepAlive(true, 1000).setKeepAlive().unref().ref(), duplex);
  duplex.write("abc");
  far.socket.write("de");
  await until(() => duplex.bytesRead === 2 && far.text() === "abc");
  assert.is(duplex.bytesWritten, 3);
  assert.equal([stream.bytesRead, stream.bytesWritten], [2, 3]);
  duplex.end();
  assert.is(duplex.readyState, "readOnly");
  duplex.destroy();
  assert.is(duplex.readyState, "closed");
  await running;
  assert.is(duplex.remotePort, localPort, "still known");
  assert.equal([duplex.bytesRead, duplex.bytesWritten], [2, 3]);
});

test("the writes of one callback are sent together", async () => {
  const pieces: string[] = [];
  const { duplex, far, running } = await openDuplex({}, (stream, duplex) => {
    stream.on("write", (_stream, chunk) => void pieces.push(String(chunk)));
    duplex.on("data", () => {
      duplex.write("a");
      duplex.write(Buffer.from("b"));
      duplex.write("63", "hex");
      duplex.write("ü");
    });
  });
  far.socket.write("x");
  await until(() => far.text() === "abcü");
  assert.equal(pieces, ["abcü"]);
  // Also from outside of the loop, and in order with corked data.
  duplex.write("1");
  duplex.cork();
  duplex.write("2");
  duplex.write("3");
  duplex.uncork();
  duplex.write("4");
  await until(() => far.text() === "abcü1234");
  assert.ok(pieces.length <= 3, pieces.join());
  duplex.destroy();
  await running;
});

test("the callback of `write` runs when the system has taken the data", async () => {
  const { duplex, far, running, stream } = await openDuplex();
  const done: string[] = [];
  duplex.write("abc", () => done.push(`abc ${stream.bytesWritten}`));
  duplex.write("de", "latin1", () => done.push(`de ${stream.bytesWritten}`));
  assert.equal(done, []);
  await until(() => done.length === 2);
  assert.equal(done, ["abc 5", "de 5"]);
  duplex.end("f", () => done.push("end"));
  await until(() => done.length === 3);
  assert.is(await far.ended, "abcdef");
  far.socket.end();
  await running;
});

test("an exception in a listener affects only that event", async () => {
  const { duplex, far, running, errors, log } = await openDuplex({}, (_stream, duplex) => {
    duplex.on("data", (chunk: Buffer) => {
      if (String(chunk) === "bad") throw new Error("thrown");
      duplex.write(chunk);
    });
  });
  far.socket.write("bad");
  await until(() => errors.length === 1);
  far.socket.write("good");
  await until(() => far.text() === "good");
  far.socket.end();
  await running;
  assert.equal(log, ["end", "finish", "close", "stream close peer"]);
  assert.equal(
    errors.map(([error, event]) => [(error as Error).message, event]),
    [["thrown", "read"]],
  );
  assert.is(duplex.destroyed, true);
});

test("nothing is delivered while the loop is stopped", async () => {
  const { loop, duplex, far, running } = await openDuplex();
  let text = "";
  duplex.on("data", (chunk: Buffer) => void (text += String(chunk)));
  loop.stop();
  await running;
  far.socket.end("Hello");
  duplex.write("later");
  await turns(20);
  assert.is(text, "");
  assert.is(far.text(), "");
  const again = loop.start();
  await until(() => text === "Hello");
  assert.is(await far.ended, "later");
  await again;
});
