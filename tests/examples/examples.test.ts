// Every example runs as its header says, with real clients, and ends cleanly on a signal.

import { createHash, randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import * as assert from "uvu/assert";
import { example, untested } from "./example-process.ts";
import { NOBODYS, type Peer, harness, peer, plainServer, sleep, until } from "../support/harness.ts";

const test = harness("examples");

const sha = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

/** Resolves when a peer has received a line that matches. */
async function hears(client: Peer, pattern: RegExp): Promise<void> {
  await until(() => pattern.test(client.text())).catch(() => {
    throw new Error(`no ${pattern} in ${JSON.stringify(client.text())}`);
  });
}

/** Collects the input of a socket, one piece at a time, with pauses. */
async function readSlowly(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  socket.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    size += chunk.length;
    socket.pause();
    setTimeout(() => socket.resume(), 1);
  });
  await until(() => size >= bytes || socket.destroyed, 25);
  return Buffer.concat(chunks);
}

test("synopsis: the server answers the client, and the timer ends the program", async () => {
  await example("synopsis", [], async (it) => {
    assert.is(await it.ending(), "code 0");
    const lines = it.output.split(/[\r\n]+/).filter((line) => line !== "");
    assert.equal(lines, ["Server: GET / HTTP/1.1", "Client: HTTP/1.1 200 OK", "Timeout"]);
    assert.is(it.errors, "");
  });
});

test("expiring-cache: entries expire unless they are read", async () => {
  await example("expiring-cache", [10_000, 1200], async (it) => {
    assert.is(await it.ending(), "code 0");
    const lines = it.output.trimEnd().split("\n");
    const made = lines.map((line) => line.replace(/: [\d,]+ ns each$/, ""));
    assert.equal(made.slice(0, 3), [
      "10,000 entries made",
      "1,000 entries deleted",
      "5,000 entries read, which live longer",
    ]);
    assert.equal(made.slice(3), ["5,000 entries are left", "0 entries are left"]);
    assert.is(it.errors, "");
  });
});

test("countdown: counts, and ends", async () => {
  await example("countdown", [3, 0.05], async (it) => {
    assert.is(await it.ending(), "code 0");
    assert.is(it.output, "3\n2\n1\nLiftoff!\n");
    assert.is(it.errors, "");
  });
});

test("countdown: a signal aborts it", async () => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await example("countdown", [10, 60], async (it) => {
      await it.says(/10\n/);
      await sleep(0.2); // the handlers are added a moment after the first number
      it.kill(signal);
      assert.is(await it.ending(), "code 0", signal);
      assert.is(it.output, "10\nAborted at 10\n");
    });
  }
});

test("echo-server: every one of many clients gets back what it sends", async () => {
  await example("echo-server", [0], async (it) => {
    const port = await it.port();
    const echo = async (): Promise<void> => {
      const data = randomBytes(100_000);
      const client = peer({ port });
      const chunks: Buffer[] = [];
      client.socket.on("data", (chunk: Buffer) => chunks.push(chunk));
      for (let at = 0; at < data.length; at += 9_999) client.socket.write(data.subarray(at, at + 9_999));
      client.socket.end();
      await client.ended;
      assert.is(sha(Buffer.concat(chunks)), sha(data));
    };
    await Promise.all(Array.from({ length: 50 }, echo));

    // While it stops gracefully, only existing clients are served
    const stays = peer({ port });
    await stays.connected;
    stays.socket.write("one ");
    await hears(stays, /one /);
    it.kill("SIGTERM");
    await sleep(0.2);
    stays.socket.write("two");
    await hears(stays, /two/);
    const late = peer({ port });
    late.socket.write("late");
    stays.socket.end();
    assert.is(await it.ending(), "code 0");
    assert.is(stays.text(), "one two");
    assert.is(late.text(), "");
    assert.match(it.output, /^Listening on .*\nBye\n$/);
    assert.is(it.errors, "");
    await late.closed;
  });
});

test("echo-server: a port in use is reported, and ends the program", async () => {
  const server = await plainServer();
  await example("echo-server", [server.port], async (it) => {
    assert.is(await it.ending(), "code 1");
    assert.match(it.errors, /EADDRINUSE/);
    assert.is(it.output, "");
  });
  await server.close();
});

test("chat-server: two clients talk", async () => {
  await example("chat-server", [0], async (it) => {
    const port = await it.port();
    const [ann, bob] = [peer({ port }), peer({ port })];
    ann.socket.write("ann\n");
    await hears(ann, /^Your nickname\?\nHello ann, 0 here\n$/);
    bob.socket.write("a b\nann\n");
    await hears(bob, /A nickname has 1 to 20 letters.*\nThere is a ann already\. Your nickname\?\n$/);
    bob.socket.write("bob\r\n");
    await hears(bob, /Hello bob, 1 here\n$/);
    await hears(ann, /\* bob enters\n$/);

    ann.socket.write("hi\nhow are you?\n");
    await hears(bob, /ann: hi\nann: how are you\?\n$/);
    const umlaut = Buffer.from("schön\n");
    bob.socket.write(umlaut.subarray(0, 4)); // in the middle of a character
    await sleep(0.1);
    bob.socket.write(umlaut.subarray(4));
    await hears(ann, /bob: schön\n$/);
    assert.ok(!bob.text().includes("bob: "), "a client does not receive its own messages");
    bob.socket.write("/who\n");
    await hears(bob, /ann, bob\n$/);

    bob.socket.write("/quit\nnot heard\n");
    assert.match(await bob.ended, /Bye\n$/);
    await hears(ann, /\* bob leaves\n$/);
    const loud = peer({ port });
    loud.socket.write("x".repeat(2000)); // too long
    assert.is(await loud.ended, "Your nickname?\n");

    it.kill("SIGTERM");
    assert.match(await ann.ended, /\* bob leaves\nThe server stops\. Bye\n$/);
    ann.socket.end();
    assert.is(await it.ending(), "code 0");
    assert.is(it.errors, "");
  });
});

test("chat-server: an idle client has to leave, an active one stays", async () => {
  await example("chat-server", [0, "127.0.0.1", 2], async (it) => {
    const port = await it.port();
    const [ann, bob] = [peer({ port }), peer({ port })];
    ann.socket.write("ann\n");
    await hears(ann, /Hello ann/);
    bob.socket.write("bob\n");
    await hears(ann, /bob enters/);
    const talk = setInterval(() => ann.socket.write("la\n"), 100).unref();
    assert.match(await bob.ended, /ann: la\nIdle for too long\. Bye\n/); // messages of others do not count as activity
    await hears(ann, /\* bob leaves\n$/);
    clearInterval(talk);
    assert.is(ann.socket.readyState, "open");
    assert.match(await ann.ended, /Idle for too long\. Bye\n$/);
    it.kill("SIGINT");
    assert.is(await it.ending(), "code 0");
  });
});

test("tcp-proxy: 8 MB in each direction through slow readers", async () => {
  const [there, back] = [randomBytes(8 << 20), randomBytes(8 << 20)];
  let received: Promise<Buffer> | undefined;
  const target = await plainServer((socket) => {
    received = readSlowly(socket, there.length);
    socket.write(back);
  });
  await example("tcp-proxy", [0, target.port], async (it) => {
    const { socket, closed } = peer({ port: await it.port() });
    socket.removeAllListeners("data");
    socket.write(there);
    const [atClient, atTarget] = [await readSlowly(socket, back.length), await received!];
    assert.is(sha(atClient), sha(back));
    assert.is(sha(atTarget), sha(there));
    it.kill("SIGTERM");
    socket.end();
    target.sockets[0]!.end();
    const closing = await it.says(/Closed: (\d+) bytes there, (\d+) back/);
    assert.equal(closing.slice(1).map(Number), [there.length, back.length]);
    assert.is(await it.ending(), "code 0");
    assert.is(it.errors, "");
    await closed;
  });
  await target.close();
});

test("tcp-proxy: a reader that pauses stops the sender", async () => {
  const data = randomBytes(1 << 20);
  const count = 48; // more than the system's buffers on both sides
  let reader: Socket | undefined;
  const target = await plainServer((socket) => void (reader = socket).pause());
  await example("tcp-proxy", [0, target.port], async (it) => {
    const { socket, closed } = peer({ port: await it.port() });
    const expected = createHash("sha256");
    for (let i = 0; i < count; i++) expected.update(data);
    let sent = 0;
    for (let i = 0; i < count; i++) socket.write(data, () => sent++);
    let before = -1;
    // When nothing has moved for a second
    for (let still = 0; still < 10; before = sent, await sleep(0.1)) still = sent === before && reader ? still + 1 : 0;
    assert.ok(sent < count - 8, `${sent} MB were taken without a reader`);
    const got = createHash("sha256");
    let size = 0;
    reader!.on("data", (chunk: Buffer) => {
      got.update(chunk);
      size += chunk.length;
    });
    reader!.resume();
    await until(() => size === count * data.length, 20);
    assert.is(got.digest("hex"), expected.digest("hex"));
    socket.end();
    reader!.end(); // the proxy waits for the ends of both sides
    await it.says(/Closed/);
    it.kill("SIGTERM");
    assert.is(await it.ending(), "code 0");
    await closed;
  });
  await target.close();
});

test("tcp-proxy: if the target refuses, the client is closed", async () => {
  await example("tcp-proxy", [0, NOBODYS], async (it) => {
    const client = peer({ port: await it.port() });
    await client.ended;
    await it.says(/ECONNREFUSED/);
    client.socket.destroy();
    it.kill("SIGTERM");
    assert.is(await it.ending(), "code 0");
  });
});

test("port-scanner: finds exactly the open ports among 500", async () => {
  const servers = await Promise.all(Array.from({ length: 7 }, () => plainServer()));
  const open = servers.map(({ port }) => port);
  const reach = async (port: number): Promise<number[]> => {
    const { connected, socket } = peer({ port });
    const reached = await connected.then(
      () => [port],
      () => [],
    );
    socket.destroy();
    return reached;
  };
  // Other programs may listen on this machine
  const range = Array.from({ length: 493 }, (_, index) => 20_000 + index);
  const others = (await Promise.all(range.map(reach))).flat();
  await example("port-scanner", ["127.0.0.1", [...open, "20000-20492"].join(","), 10], async (it) => {
    assert.is(await it.ending(), "code 0");
    const found = [...it.output.matchAll(/^(\d+) open$/gm)].map((match) => Number(match[1]));
    const expected = [...open, ...others];
    assert.equal(
      found.toSorted((a, b) => a - b),
      expected.toSorted((a, b) => a - b),
    );
    assert.match(it.output, `\n${expected.length} open, ${500 - expected.length} closed, 0 without an answer\n`);
  });
  for (const server of servers) await server.close();
});

test("port-scanner: a signal ends it, with the results so far", async () => {
  const server = await plainServer();
  await example("port-scanner", ["127.0.0.1", `${server.port},1-65535`, 5], async (it) => {
    await it.says(/ open\n/);
    it.kill("SIGTERM");
    assert.is(await it.ending(), "code 0");
    const [, open, closed] = /(\d+) open, (\d+) closed/.exec(it.output)!.map(Number);
    assert.ok(open! + closed! < 65_000, it.output);
  });
  await server.close();
});

test("every example has a test", () => {
  assert.equal(untested(), []);
});
