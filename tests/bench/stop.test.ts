// The bench of graceful stops: that it counts correctly. No test checks what it measures.

import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const node = process.env["TEST_NODE"] ?? process.execPath;

// The benches are plain modules beside the tests, without types.
const bench = (name: string): Promise<any> => import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href);
const { figuresOf } = await bench("stop");
const { answerIn, keepAliveClient } = await bench("load/keep-alive-client");
const { compareRows } = await bench("goals");
const { middleOf, ratio, summary } = await bench("measure");
const { faultsOf, goalsOf } = await bench("result");

const test = harness("bench of stops");

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
const LAST = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok";

/** A server that calls `answer` for each request, with its number over all connections, from 1 on. */
async function serving(
  answer: (socket: Socket, request: number) => void,
  use: (ask: () => Promise<any>, server: Server) => Promise<void>,
): Promise<void> {
  let requests = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", () => answer(socket, ++requests));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const client = keepAliveClient({ host: "127.0.0.1", port: (server.address() as AddressInfo).port });
  try {
    await use(() => new Promise((resolve) => client.ask("/1/0", resolve)), server);
  } finally {
    for (const socket of sockets) socket.destroy();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  }
}

test("a client keeps its connection, leaves one that ends with the answer, and reports which request was the first", async () => {
  await serving(
    (socket, request) => void socket.write(request === 2 ? LAST : OK),
    async (ask) => {
      const first = { status: 200, isFirst: true };
      const kept = { status: 200, isFirst: false };
      assert.equal([await ask(), await ask(), await ask(), await ask()], [first, kept, first, kept]);
    },
  );
});

test("a request on a kept connection that is closed, or on one that was accepted and dropped, fails and is not sent again", async () => {
  let came = 0;
  await serving(
    (socket, request) => {
      came = request;
      if (request === 1) socket.write(OK);
      else if (request === 2) socket.end("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no");
      else socket.resetAndDestroy();
    },
    async (ask) => {
      assert.equal(await ask(), { status: 200, isFirst: true });
      assert.equal(await ask(), { code: "closed", isFirst: false });
      assert.equal(await ask(), { code: "ECONNRESET", isFirst: true });
      assert.is(came, 3);
    },
  );
});

test("data that closes an idle connection is not an answer to the next request, and a refusal is reported", async () => {
  let idle: Socket | undefined;
  await serving(
    (socket) => {
      idle = socket;
      socket.write(OK);
    },
    async (ask, server) => {
      assert.is((await ask()).status, 200);
      const closed = new Promise((resolve) => idle!.once("close", resolve));
      idle!.end("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
      await closed;
      assert.equal(await ask(), { status: 200, isFirst: true });
      const gone = new Promise((resolve) => server.close(resolve));
      idle!.destroy();
      await gone;
      const outcomes = [await ask(), await ask()].map(({ code }) => code);
      assert.is(outcomes.at(-1), "ECONNREFUSED");
    },
  );
});

test("an answer is complete with its last byte", () => {
  for (let length = 0; length < OK.length; length++) assert.is(answerIn(OK.slice(0, length)), undefined, `${length}`);
  assert.equal(answerIn(OK), { status: 200, closes: false });
  assert.equal(answerIn(LAST), { status: 200, closes: true });
  assert.throws(() => answerIn(`${OK}H`), /more than one/);
  assert.throws(() => answerIn("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), /an answer without a length/);
});

test("a failed request is lost if the server has begun it; otherwise it is a race or a fresh one, depending on its connection", () => {
  const failed = [
    { id: 2, isFirst: false, at: 2100 }, // begun, on a connection that was kept
    { id: 3, isFirst: true, at: 2400 }, // begun, the first
    { id: 4, isFirst: false, at: 2600 },
    { id: 5, isFirst: true, at: 2700 },
    { id: 6, isFirst: true, at: 2700 },
  ];
  const stop = {
    begun: [1, 2, 3],
    answered: [1],
    failed,
    turnedAway: 7,
    lastAnswer: 2300,
    signalled: 2000,
    ended: 3000,
  };
  assert.equal(figuresOf(stop), { failed: 12, lost: 2, race: 1, fresh: 2, turned: 7, ended: 1, late: 0.6 });
  const killed = figuresOf({ ...stop, ended: undefined });
  assert.equal([killed.ended, killed.late], [10, 10]);
  assert.throws(() => figuresOf({ ...stop, answered: [1, 9] }), /request 9/);
  assert.throws(() => figuresOf({ ...stop, signalled: 2200 }), /before the signal/);
});

test("counts are shown and compared as means, and bounds apply to the named rows", () => {
  const column = { key: "race", title: "race", unit: "a stop", better: "lower", isCount: true, floor: 0.05 };
  const rare = summary([0, 0, 0, 0, 1]);
  assert.is(middleOf(rare, column), 0.2);
  assert.is(middleOf(rare, { ...column, isCount: false }), 0);
  assert.is(ratio(rare, summary([2, 2, 2, 2, 2]), column).median, 10);
  assert.is(ratio(summary([0]), summary([0]), column).median, 1);
  const keys = ["failed", "lost", "race", "fresh", "late"];
  const row = (name: string, peer: string, race: number[]): object => {
    const cells = Object.fromEntries(keys.map((key) => [key, summary(key === "race" ? race : [0])]));
    return { name: `${name} on Bun`, peer, runtime: "bun", label: "Bun", cells };
  };
  const rows = [
    row("one", "ours", [0, 0, 1]),
    row("other", "ours-at-once", [1, 0, 2]),
    row("theirs", "fastify", [9, 12]),
  ];
  const columns = keys.map((key) => Object.assign({}, column, { key, title: key }));
  const table = compareRows({ id: "stop", title: "Stops", main: "failed", columns, rows });
  const goals = goalsOf({ benches: [{ tables: [table] }] }).filter(({ column }: any) => column === "race");
  assert.equal(
    goals.map(({ row, against, value, verdict }: any) => [row, against, value, verdict]),
    [
      ["one on Bun", undefined, "0.33 a stop", "missed"],
      ["other on Bun", "theirs on Bun", "10.5 ×", "met"],
    ],
  );
});

test("a quick run stops a server, and writes a complete report", async () => {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    const args = ["bench/run.mjs", "stop", "--quick", "--peers", "by-hand", "--runtime", "node", "--out", folder];
    await new Promise<void>((resolve, reject) => {
      execFile(node, args, { cwd: root }, (error, _output, errors) => {
        if (error) reject(new Error(`${error.message}\n${errors}`));
        else resolve();
      });
    });
    const written = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    assert.equal(faultsOf(written), []);
    const row = written.benches[0].tables[0].rows.find(({ peer }: any) => peer === "by-hand");
    assert.ok(row, JSON.stringify(written.skipped));
    assert.ok(row.cells.ended.median > 1 && row.cells.ended.median <= 10, `${row.cells.ended.median}`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
