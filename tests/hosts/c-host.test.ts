// The host in C serves real clients with the same core, in a plain build and in one that checks for memory errors.

import { createHash, randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import { type EchoServer, type Kind, USUAL, backlog, clients, says, serve, tests } from "./c-host-process.ts";
import { type Peer, peer, sleep, until } from "../support/harness.ts";

const test = tests("c-host");

const sha = (data: Buffer): string => createHash("sha256").update(data).digest("hex");

const STATS = { stats: 0.05 };
const LEAST_KB = 500; // of resident memory: with less, it would be another process
const MOST_KB = 3000;

/** Asserts on memory, in builds without sanitizers. */
function isSmall(kind: Kind, server: EchoServer): void {
  const kB = server.residentMemory;
  if (kind === "plain") assert.ok(kB > LEAST_KB && kB < MOST_KB, `${kB} kB`);
}

/** Asserts that it uses almost no processor time for some seconds. */
async function rests(server: EchoServer, seconds: number): Promise<void> {
  const before = server.ticks;
  await sleep(seconds);
  const used = server.ticks - before;
  assert.ok(used < seconds * 25, `${used} ticks`);
}

/** Sends, without reading the answers, until the server takes no more. Other clients are silent meanwhile. */
async function deafen({ socket }: Peer, server: EchoServer): Promise<void> {
  const piece = Buffer.alloc(100_000);
  const echoed = (): number => server.statistics.at(-1)?.bytes ?? 0;
  let sent = echoed();
  socket.pause();
  for (let still = 0; still < 30; still++, await sleep(0.01)) {
    if (echoed() < sent) continue;
    socket.write(piece);
    sent += piece.length;
    still = 0;
  }
}

test(
  "every one of many clients gets back what it sends, even after it has ended its side",
  (kind) =>
    serve(kind, STATS, async (server, port) => {
      const all = await clients(20, port);
      const data = "0123456789".repeat(20_000);
      for (const { socket } of all) socket.end(data);
      for (const client of all) assert.ok((await client.ended) === data);
      await server.has(0);
      const last = server.statistics.at(-1)!;
      assert.equal([last.accepted, last.bytes], [20, 20 * data.length]);
    }),
  [...USUAL, "grudging"],
);

test("three hundred open connections take less than 3 MB, and growing memory moves nothing else", (kind) =>
  serve(kind, { ...STATS, timeout: 60 }, async (server, port) => {
    const all = await clients(300, port);
    await Promise.all(all.map((client, at) => says(client, `${at} `.repeat(200))));
    await server.has(300);
    isSmall(kind, server);
    all.push(...(await clients(400, port)));
    await Promise.all(all.map((client, at) => says(client, `${at} again`)));
    await server.has(700);
    for (const { socket } of all) socket.destroy();
    await server.has(0);
  }));

test("of 300 clients 50 are admitted at a time, the others wait in the kernel, and all are served", (kind) =>
  serve(kind, { ...STATS, "max-connections": 50 }, async (server, port) => {
    const all = await clients(300, port);
    for (const { socket } of all) socket.write("served");
    const served = (): number => all.filter((client) => client.text() === "served").length;
    await until(() => served() === 50);
    await rests(server, 0.5);
    assert.is(served(), 50);
    assert.is(backlog(port), 250);
    assert.is(server.sockets, 51);
    isSmall(kind, server);

    let most = 0;
    const left = new Set(all);
    while (left.size > 0) {
      most = Math.max(most, server.sockets);
      for (const client of left) {
        if (client.text() === "") continue;
        left.delete(client);
        client.socket.end();
        break;
      }
      await sleep(0.001);
    }
    for (const client of all) assert.is(await client.ended, "served");
    for (const client of all) assert.is(await client.closed, undefined);
    assert.is(most, 51);
    assert.is(Math.max(...server.statistics.map(({ inside }) => inside)), 50);
    await server.has(0);
    assert.is(server.statistics.at(-1)!.accepted, 300);
  }));

test("a graceful stop: open connections stay until they close, waiting clients are served, no others can connect", (kind) =>
  serve(kind, { "max-connections": 2, grace: 0 }, async (server, port) => {
    const [first, second] = (await clients(2, port)) as [Peer, Peer];
    await says(first, "one");
    await says(second, "two");
    const waiting = await clients(2, port);
    for (const { socket } of waiting) socket.end("late");
    server.kill("SIGTERM");
    await until(() => server.stops);
    assert.is(waiting.map((client) => client.text()).join(""), "");
    assert.is(await peer({ port }).closed, "ECONNREFUSED");
    await says(first, "three");
    first.socket.end("four");
    assert.is(await first.ended, "onethreefour");
    for (const client of waiting) assert.is(await client.ended, "late");
    await says(second, "five"); // so it continues for the other one
    second.socket.end();
    assert.is(await second.ended, "twofive");
    assert.is(await server.ending(), "code 0");
  }));

test("when the grace period is over, remaining connections are closed", (kind) =>
  serve(kind, { grace: 0.5 }, async (server, port) => {
    const [client] = (await clients(1, port)) as [Peer];
    await says(client, "hello");
    const begin = performance.now();
    server.kill("SIGINT");
    assert.is(await client.ended, "hello");
    assert.ok(performance.now() - begin > 400);
    assert.is(await server.ending(), "code 0");
  }));

test("a second signal closes them at once", (kind) =>
  serve(kind, { grace: 0 }, async (server, port) => {
    const [client] = (await clients(1, port)) as [Peer];
    await says(client, "here, ");
    server.kill("SIGTERM");
    await until(() => server.stops);
    await sleep(0.2);
    await says(client, "still");
    server.kill("SIGTERM");
    assert.is(await client.ended, "here, still");
    assert.is(await server.ending(), "code 0");
  }));

test("peers that reset while idle, with unread answers, or while they wait, do not affect others", (kind) =>
  serve(kind, { stats: 0.01, "max-connections": 4 }, async (server, port) => {
    const [stays, idle, deaf, ended] = (await clients(4, port)) as [Peer, Peer, Peer, Peer];
    await says(stays, "a");
    await deafen(deaf, server);
    await deafen(ended, server);
    ended.socket.end(); // must not be noticed before the answers are sent
    const waiting = await clients(2, port);
    await sleep(0.1);
    await server.has(4);
    for (const { socket } of [...waiting, deaf, ended, idle]) socket.resetAndDestroy();
    await server.has(1);
    await says(stays, "b");
    const [next] = (await clients(1, port)) as [Peer];
    await says(next, "c");
  }));

test(
  "ten megabytes to a slow reader arrive intact",
  (kind) =>
    serve(kind, {}, async (server, port) => {
      const data = randomBytes(10 << 20);
      const { socket, closed } = peer({ port });
      socket.removeAllListeners("data");
      const chunks: Buffer[] = [];
      socket.on("data", (chunk: Buffer) => {
        chunks.push(chunk);
        socket.pause();
        setTimeout(() => socket.resume(), 1);
      });
      socket.end(data);
      assert.is(await closed, undefined);
      assert.is(sha(Buffer.concat(chunks)), sha(data));
      isSmall(kind, server);
    }),
  [...USUAL, "grudging"],
);

test("a reader that pauses stops its own sending, and memory does not grow", (kind) =>
  serve(kind, {}, async (server, port) => {
    const piece = randomBytes(1 << 20);
    const [sent, got] = [createHash("sha256"), createHash("sha256")];
    const { socket } = peer({ port });
    socket.removeAllListeners("data");
    socket.pause();
    let [written, taken] = [0, 0];
    const most = 200; // MB: more than the system's buffers
    for (let still = 0; still < 30; still++) {
      if (written - taken < 2 && written < most) {
        written++;
        sent.update(piece);
        socket.write(piece, () => {
          taken++;
          still = 0;
        });
      }
      await sleep(0.02);
    }
    assert.ok(taken < most - 10, `${taken} MB were taken without a reader`);
    isSmall(kind, server);
    await rests(server, 0.3);
    let size = 0;
    socket.on("data", (chunk: Buffer) => {
      got.update(chunk);
      size += chunk.length;
    });
    socket.end();
    socket.resume();
    await until(() => size === written * piece.length, 20);
    assert.is(got.digest("hex"), sent.digest("hex"));
  }));

test("without free descriptors it pauses, and continues when there are some again", (kind) =>
  serve(
    kind,
    STATS,
    async (server, port) => {
      const all = await clients(8, port);
      for (const { socket } of all) socket.write("served");
      const served = (): number => all.filter((client) => client.text() === "served").length;
      await until(() => /Too many open files/.test(server.errors));
      await rests(server, 1.5);
      assert.ok(server.errors.match(/Too many/g)!.length < 5);
      assert.ok(served() >= 4 && served() < 8, `${served()} served`);
      for (const client of all) if (client.text() !== "") client.socket.end();
      await until(() => served() === 8);
    },
    { descriptors: 12, expected: /^(echo: accept: Too many open files\n?)+$/ },
  ));

test("with maxAccepts it stops by itself", (kind) =>
  serve(kind, { "max-accepts": 4, grace: 0 }, async (server, port) => {
    const all = Array.from({ length: 4 }, () => peer({ port })); // the last one may arrive too late to be connected
    for (const { socket } of all) socket.write("served");
    await until(() => server.stops);
    const { accepted } = server.statistics[0]!;
    assert.ok(accepted === 3 || accepted === 4, `${accepted}`);
    for (const { socket } of all) socket.end();
    const texts = await Promise.all(all.map(({ ended }) => ended.catch(() => "")));
    assert.ok(texts.filter((text) => text === "served").length >= accepted, texts.join());
    assert.is(await server.ending(), "code 0");
  }));
