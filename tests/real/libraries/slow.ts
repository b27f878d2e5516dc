// Clients that send their header slowly, or not at all.

import http from "node:http";
import net from "node:net";
import { type Check, loopOf, portOf, sleep, until, within, wrong } from "./scenario.ts";

const HEADER_SECONDS = 2;
const LOOK_SECONDS = 0.25;
const PATIENCE_SECONDS = 20;
const HEADER = "GET / HTTP/1.1\r\nHost: example.org\r\nX-Slow: ";

/** A client, its input, and whether its connection has closed. */
interface Client {
  readonly socket: net.Socket;
  text: string;
  isClosed: boolean;
}

async function connect(port: number): Promise<Client> {
  const socket = net.connect(port, "127.0.0.1");
  const client: Client = { socket, text: "", isClosed: false };
  socket.on("data", (chunk: Buffer) => (client.text += chunk.toString()));
  socket.on("error", () => {});
  socket.on("close", () => (client.isClosed = true));
  await new Promise((resolve) => socket.once("connect", resolve));
  return client;
}

// Sends a byte per second until the connection has closed. Resolves with the seconds that this took.
async function drip(port: number): Promise<{ client: Client; seconds: number }> {
  const client = await connect(port);
  const begin = performance.now();
  client.socket.write(HEADER);
  const timer = setInterval(() => client.socket.write("x"), 1000);
  await until(() => client.isClosed, "the slow client is closed", PATIENCE_SECONDS).catch(() => {});
  clearInterval(timer);
  client.socket.destroy();
  return { client, seconds: (performance.now() - begin) / 1000 };
}

function server(): http.Server {
  return http.createServer(
    {
      headersTimeout: HEADER_SECONDS * 1000,
      requestTimeout: HEADER_SECONDS * 2000,
      connectionsCheckingInterval: LOOK_SECONDS * 1000,
    },
    (_request, response) => response.end("ok"),
  );
}

/** A header with one byte per second: 408, and closed. */
export async function slowHeader(check: Check): Promise<void> {
  const { loop, errors } = loopOf({});
  const port = portOf(loop, loop.serve(server(), {}));
  const running = loop.start();
  const { client, seconds } = await drip(port);
  const status = client.text.slice(0, "HTTP/1.1 408".length);
  check(
    status === "HTTP/1.1 408" && client.isClosed && seconds >= HEADER_SECONDS && errors.length === 0,
    `a header of one byte a second, headersTimeout ${HEADER_SECONDS} s: ` +
      `${status === "" ? "no answer" : status}, ${client.isClosed ? "closed" : "still open"} after ${seconds.toFixed(1)} s${wrong([], errors)}`,
  );
  loop.reset();
  await running;
}

/** A silent client, an idle one, and one with half a header, in a graceful stop without a timeout. */
export async function silent(check: Check): Promise<void> {
  const { loop, errors } = loopOf({});
  const slow = http.createServer({ headersTimeout: 60_000, requestTimeout: 60_000 }, (_request, response) =>
    response.end("ok"),
  );
  const port = portOf(loop, loop.serve(slow, {}));
  const running = loop.start();
  const [quiet, idle, half] = await Promise.all([connect(port), connect(port), connect(port)]);
  idle.socket.write("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
  await until(() => idle.text.endsWith("ok"), "the idle client is answered");
  half.socket.write(HEADER);
  await sleep(0.2);
  const begin = performance.now();
  const how = await within(PATIENCE_SECONDS, "the loop stops", loop.stopGracefully()).then(
    () => "stopped",
    (error: unknown) => String(error),
  );
  const seconds = (performance.now() - begin) / 1000;
  const clients = [quiet, idle, half] as const;
  await until(() => clients.every(({ isClosed }) => isClosed), "all are closed").catch(() => {});
  const closed = clients.filter(({ isClosed }) => isClosed).length;
  const answer = half.text.slice(0, "HTTP/1.1 408".length);
  check(
    how === "stopped" && seconds < 5 && closed === 3 && answer === "HTTP/1.1 408" && errors.length === 0,
    `a silent, an idle client and half a header in a graceful stop: ${how} after ${seconds.toFixed(1)} s, ` +
      `${closed} of 3 closed, half a header: ${answer === "" ? "no answer" : answer}${wrong([], errors)}`,
  );
  for (const { socket } of clients) socket.destroy();
  loop.reset();
  await running;
}
