// HTTP clients: undici with a served server, and agents and dispatchers whose connections are streams of a loop.

import http from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import type { IOLoop, Id } from "wasm-ioloop";
import { echo } from "./http-client.ts";
import { library } from "./install.ts";
import { type Check, crowd, expect, loopOf, within, wrong } from "./scenario.ts";

const PIPELINED = 10;
const LARGE = 200_000;
const REQUESTS = 30;

// Undici 8 needs Node 22.19.
const UNDICI =
  process.versions["bun"] === undefined && Number.parseInt(process.versions.node, 10) < 22 ? "undici-7" : "undici";

async function undiciVisit(undici: any, port: number, index: number, full: () => Promise<void>): Promise<void> {
  const client = new undici.Client(`http://127.0.0.1:${port}`, { pipelining: PIPELINED });
  try {
    const bodies = Array.from({ length: PIPELINED }, (_, i) => `request ${i} of ${index}`);
    bodies.push(String(index % 10).repeat(LARGE));
    const answers = await Promise.all(
      bodies.map(async (body) => {
        const answer = await client.request({ path: "/echo", method: "POST", body });
        expect("status", answer.statusCode, 200);
        return answer.body.text();
      }),
    );
    expect("bodies", answers.join(), bodies.join());
    await full();
  } finally {
    await client.close();
  }
}

/** Undici, with pipelining, and its `fetch`, with a served server. */
export async function undici(check: Check): Promise<void> {
  const undici = await library(UNDICI);
  const set = (loop: IOLoop, inside: { watch(server: http.Server): void }): { id: Id } => {
    const server = http.createServer(echo);
    inside.watch(server);
    return { id: loop.serve(server, {}) };
  };
  await crowd(check, "undici, ten requests at a time", set, (port, index, full) =>
    undiciVisit(undici, port, index, full),
  );
  await crowd(check, "undici's fetch", set, async (port, index, full) => {
    const dispatcher = new undici.Agent({ connections: 1 });
    try {
      for (const body of [`first of ${index}`, String(index % 10).repeat(LARGE)]) {
        const answer = await undici.fetch(`http://127.0.0.1:${port}/echo`, { method: "POST", body, dispatcher });
        expect("body", await answer.text(), body);
      }
      await full();
    } finally {
      await dispatcher.close();
    }
  });
}

type Opened = (error: Error | null, duplex?: Duplex) => void;

// Opens a connection as a stream of the loop, and returns its duplex.
function open(loop: IOLoop, port: number, opened: Opened): void {
  loop.client({ port }, (_loop, error, stream) => {
    if (!stream) return opened(error ?? new Error("no stream"));
    stream.timeout = 0;
    opened(null, stream.duplex());
  });
}

// A server of the runtime, and a loop whose streams connect to it.
async function outgoing(
  check: Check,
  what: string,
  requests: (loop: IOLoop, port: number) => Promise<unknown>[],
): Promise<void> {
  const { loop, errors } = loopOf({});
  const server = http.createServer(echo);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const running = loop.start({ forever: true });
  const asked = requests(loop, (server.address() as AddressInfo).port);
  const results = await within(60, "all are answered", Promise.allSettled(asked)).catch((error: unknown) => {
    errors.push(String(error));
    return [];
  });
  const answered = results.filter(({ status }) => status === "fulfilled").length;
  const isWhole = answered === asked.length && errors.length === 0;
  check(isWhole, `${what}: ${answered} of ${asked.length} requests answered${wrong(results, errors)}`);
  loop.reset();
  await running;
  server.closeAllConnections();
  server.close();
}

// A request of `node:http`; resolves with the body of the answer.
function request(port: number, agent: http.Agent, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { "content-length": Buffer.byteLength(body) };
    const sent = http.request({ host: "127.0.0.1", port, agent, method: "POST", headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => resolve(Buffer.concat(chunks).toString()));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** An agent of `node:http` and a dispatcher of undici, on connections of a loop. */
export async function connections(check: Check): Promise<void> {
  const bodies = Array.from({ length: REQUESTS }, (_, i) => (i % 10 === 9 ? `${i}`.repeat(LARGE) : `request ${i}`));
  const { Pool } = await library(UNDICI);
  await outgoing(check, "http.Agent, on duplexes of a loop", (loop, port) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 3 });
    agent.createConnection = (_options, opened) => {
      open(loop, port, opened as Opened);
      return undefined;
    };
    return bodies.map(async (body) => expect("body", await request(port, agent, body), body));
  });
  await outgoing(check, "undici, on duplexes of a loop", (loop, port) => {
    const connect = (_options: object, opened: Opened): void => open(loop, port, opened);
    const pool = new Pool(`http://127.0.0.1:${port}`, { connections: 3, connect });
    return bodies.map(async (body) => {
      const answer = await pool.request({ path: "/echo", method: "POST", body });
      expect("body", await answer.body.text(), body);
    });
  });
}
