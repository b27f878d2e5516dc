// Idle connections of the host in C: those that have sent nothing for the timeout, even if the process was stalled.

import { connect } from "node:net";
import * as assert from "uvu/assert";
import { clients, says, serve, tests } from "./c-host-process.ts";
import { type Peer, sleep, until, watch } from "../support/harness.ts";

const test = tests("c-host-idle");

test("an idle connection is closed, an active one stays", (kind) =>
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

test("a connection that is closed as idle while it sends gets an end, not a reset", (kind) =>
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

test("if the server was stalled for longer than the timeout, all input is read before any connection is idle", (kind) =>
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
  "if the process is stopped between its wait and reading its clock, a connection that has sent meanwhile is not idle",
  (kind) =>
    serve(kind, { timeout: 0.9 }, async (_server, port) => {
      const all = await clients(2, port);
      // Each sends again as soon as it gets an answer, while the process is stopped for the other.
      const talks = all.map(async (client) => {
        for (let times = 0; times < 2; times++) await says(client, "x");
      });
      await Promise.all(talks);
    }),
  ["crowded"],
);
