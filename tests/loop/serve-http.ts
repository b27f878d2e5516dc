// Shared by the tests of HTTP servers behind a loop: requests over plain sockets, to see the bytes on the wire.

import http from "node:http";
import type http2 from "node:http2";
import { type Socket, connect } from "node:net";
import type { IOLoop, Id, ServeOptions, ServedServer, Stream } from "wasm-ioloop";
import { isDeno, portOf, quietLoop, watch } from "../support/harness.ts";

/** An HTTP/1.1 answer: status, headers in lower case, body. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A client with one connection, which sends requests as plain text. */
export interface HandClient {
  readonly socket: Socket;
  /** Resolves with the code of its error when it has closed. */
  readonly closed: Promise<string | undefined>;
  readonly ended: Promise<string>;
  text(): string;
  /** Sends a request without a body. */
  get(path: string, headers?: string): void;
  /** The complete answers so far. */
  answers(): Answer[];
}

/** Connects. */
export function handClient(where: { port: number } | { path: string }, socket: Socket = connect(where)): HandClient {
  const { closed, ended, text } = watch(socket);
  return {
    socket,
    closed,
    ended,
    text,
    get: (path, headers = "") => void socket.write(`GET ${path} HTTP/1.1\r\nHost: test\r\n${headers}\r\n`),
    answers: () => parse(text()),
  };
}

/** Parses answers with a Content-Length, or in chunks. */
function parse(text: string): Answer[] {
  const answers: Answer[] = [];
  for (let rest = text; rest.includes("\r\n\r\n");) {
    const end = rest.indexOf("\r\n\r\n");
    const [first, ...lines] = rest.slice(0, end).split("\r\n");
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(":")).toLowerCase(), line.slice(line.indexOf(":") + 1).trim()]),
    );
    const chunked = headers["transfer-encoding"] === "chunked";
    const length = chunked ? rest.indexOf("0\r\n\r\n", end) + 5 - end - 4 : Number(headers["content-length"] ?? 0);
    if (rest.length < end + 4 + length || length < 0) break;
    answers.push({ status: Number(first!.split(" ")[1]), headers, body: rest.slice(end + 4, end + 4 + length) });
    rest = rest.slice(end + 4 + length);
  }
  return answers;
}

/** Serves, runs, and stops when `body` has ended. Returns the errors of the reactor. */
export async function serving(
  server: ServedServer,
  body: (loop: IOLoop, id: Id, port: number) => Promise<void>,
  options: ServeOptions & { maxConnections?: number } = {},
  accepted?: (loop: IOLoop, stream: Stream, id: Id) => unknown,
): Promise<[unknown, string][]> {
  const { maxConnections = 100, ...rest } = options;
  const { loop, errors } = quietLoop({ maxConnections });
  const id = loop.serve(server, rest, accepted);
  const running = loop.start();
  try {
    await body(loop, id, rest.path === undefined ? portOf(loop, id) : 0);
  } finally {
    await loop.stopGracefully({ timeout: 5 });
    await running;
  }
  return errors;
}

/** The body of an answer to a GET. */
export async function get(port: number, path = "/"): Promise<string> {
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    http.get({ port, path, agent: false }, resolve).on("error", reject);
  });
  return body(response);
}

/** The whole content of a stream. */
export async function body(response: NodeJS.ReadableStream): Promise<string> {
  let all = "";
  for await (const chunk of response) all += String(chunk);
  return all;
}

/** A serving loop, and the streams that it has accepted. */
export interface Running {
  readonly loop: IOLoop;
  readonly port: number;
  readonly errors: [unknown, string][];
  readonly running: Promise<void>;
  readonly streams: Stream[];
}

/** Serves and runs. */
export function run(server: http.Server | http2.Http2Server, options: { maxConnections?: number } = {}): Running {
  const { loop, errors } = quietLoop(options);
  const streams: Stream[] = [];
  const id = loop.serve(server, {}, (_loop, stream) => void streams.push(stream));
  return { loop, port: portOf(loop, id), errors, running: loop.start(), streams };
}

/** Whether more than one request is answered per connection: Deno answers only one on a socket that it is given. */
export const KEEPS_ALIVE = !isDeno;
