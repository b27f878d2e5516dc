// Whom the host in C takes for idle: who has sent nothing for as long as the timeout, however the process was away.

import { connect } from "node:net";
import * as assert from "uvu/assert";
import { clients, says, serve, tests } from "./c-host-process.ts";
import { type Peer, sleep, until, watch } from "../support/harness.ts";

const test = tests("c-host-idle");

test("who is idle for too long is closed, who talks stays", (kind) =>
  serve(kind, { timeout: 1.5 }, async (_server, port) => {
    const [idle, talks] = (await clients(2, port)) as [Peer, Peer];
    await says(idle, "hello");
    const begin = performance.now();
    const talk = setInterval(() => talks.socket.write("la"), 100);
    assert.is(await idle.ended, "hello");
    assert.ok(performance.now() - begin > 1400);
    await sleep(1);
    assert.is(talks.socket.readyState, "open");
    clearInterval(talk);
    assert.match(await talks.ended, /^(la){5,}$/);
  }));

test("whoever is closed as idle while he sends gets the end, and no reset", (kind) =>
  serve(kind, { timeout: 1, stats: 0.05 }, async (server, port) => {
    const client = watch(connect({ host: "127.0.0.1", port, allowHalfOpen: true }));
    await says(client, "hello");
    assert.is(await client.ended, "hello");
    await server.has(0);
    assert.is(client.socket.readyState, "writeOnly");
    for (let times = 0; times < 5; times++, await sleep(0.1)) client.socket.write("too late");
    client.socket.end();
    assert.is(await client.closed, undefined);
  }));

test("of a server that was away for longer than its timeout, all that has come is read before anybody is idle", (kind) =>
  serve(kind, { timeout: 2 }, async (server, port) => {
    const all = await clients(200, port);
    await Promise.all(all.map((client) => says(client, "before, ")));
    server.kill("SIGSTOP");
    for (const { socket } of all) socket.write("in time");
    await sleep(2.5);
    server.kill("SIGCONT");
    await until(() => all.every((client) => client.text() === "before, in time"));
  }));

test(
  "where the process is stopped between its wait and its clock, nobody is idle who has sent something meanwhile",
  (kind) =>
    serve(kind, { timeout: 0.9 }, async (_server, port) => {
      const all = await clients(2, port);
      // Each sends anew as soon as it is answered, while the process is stopped for the other.
      const talks = all.map(async (client) => {
        for (let times = 0; times < 2; times++) await says(client, "x");
      });
      await Promise.all(talks);
    }),
  ["crowded"],
);
