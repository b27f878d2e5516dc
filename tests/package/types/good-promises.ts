// Users' code with promises: every line must compile. It is not run.

import type { Writable } from "node:stream";
import {
  type CloseReason,
  IOLoop,
  type ListeningServer,
  type PipeOptions,
  type ReadOptions,
  type Server,
  type Spliced,
  type Stream,
  type StreamReader,
} from "wasm-ioloop";
import { type PreforkOptions, type PreforkWorker, type SetUp, prefork } from "wasm-ioloop/prefork";
import { type Framer, delimited, fixed, lengthPrefixed, lines } from "wasm-ioloop/framing";

// oxlint-disable typescript/no-unnecessary-type-parameters -- the way to compare types
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_proof: Same<A, B>): void {}

interface Session {
  name: string;
}

export async function service(): Promise<void> {
  await prefork({}, () => {});
  const options: PreforkOptions = {
    workers: 2,
    accepts: 0,
    sharing: "reusePort",
    json: true,
    log: (line) => line.length,
  };
  const setUp: SetUp = (loop, worker) => loop.timer(1, () => worker.signal.aborted);
  await prefork(options, setUp);
  const ended = prefork({ maxAccepts: 5, pidFile: "/run/x" }, async (loop, worker) => {
    same<typeof loop, IOLoop>(true);
    same<typeof worker, PreforkWorker>(true);
    await loop.acceptor(loop.server({}, () => {}))?.ready;
  });
  same<typeof ended, Promise<void>>(true);
}

export async function loops(loop: IOLoop, signal: AbortSignal): Promise<void> {
  const stream = await loop.connect({ port: 1, signal });
  same<typeof stream, Stream>(true);
  const typed = await loop.connect<Session>({ path: "/x" });
  same<typeof typed.data, Session | undefined>(true);
  await loop.sleep(1);
  await IOLoop.sleep(0.5, { signal });
  await IOLoop.connect({ port: 1 });
  const server = loop.listen<Session>({ port: 0, signal });
  const plain: Server = server;
  plain.close();
  loop.remove(server.id);
  loop.server({ signal }, () => {});
  for await (const accepted of server) same<typeof accepted.data, Session | undefined>(true);
  const other: ListeningServer = IOLoop.listen();
  for await (const accepted of other) await serve(accepted, signal);
  await loop[Symbol.asyncDispose]();
  server[Symbol.dispose]();
}

async function serve(stream: Stream, signal: AbortSignal): Promise<void> {
  for await (const chunk of stream) same<typeof chunk, Buffer>(true);
  await stream.send("x", { signal });
  await stream.send(new Uint8Array(1));
  await stream.flushed();
  const reason = await stream.closed();
  same<typeof reason, CloseReason>(true);
  same<typeof stream.isClosed, boolean>(true);
  stream.unread("x");
  const reader: StreamReader = stream.reader();
  const options: ReadOptions = { signal, timeout: 5 };
  same<Awaited<ReturnType<typeof reader.read>>, Buffer | undefined>(true);
  const exactly: Buffer = await reader.readExactly(5, options);
  const until: Buffer = await reader.readUntil(exactly, { max: 5, ...options });
  const line: string | undefined = await reader.readLine({ max: 5 });
  console.log(until, line);
  stream[Symbol.dispose]();
}

export async function pipes(near: Stream, far: Stream, file: Writable, web: WritableStream<Uint8Array>): Promise<void> {
  const options: PipeOptions = { end: false };
  await near.pipeTo(far, options);
  await near.pipeTo(file);
  await near.pipeTo(web);
  const spliced: Spliced = await near.splice(far);
  same<typeof spliced.sent, number>(true);
}

export async function frames(stream: Stream): Promise<void> {
  for await (const line of stream.frames(lines())) same<typeof line, string>(true);
  for await (const line of stream.frames(lines)) same<typeof line, string>(true);
  for await (const line of stream.frames(lines({ encoding: "buffer" }))) same<typeof line, Buffer>(true);
  for await (const message of stream.frames(lengthPrefixed({ bytes: "varint", header: 1 }))) {
    same<typeof message.header, Buffer>(true);
    same<typeof message.body, Buffer>(true);
  }
  stream.frames(fixed(3), (stream, message) => {
    same<typeof message, Buffer>(true);
    return stream.sendFrame(message);
  });
  stream.frames(
    () => delimited(";"),
    (_stream, message) => message.length,
  );
  const json: Framer<{ id: number }> = {
    push: (chunk) => [JSON.parse(chunk.toString()) as { id: number }],
    end: () => {},
    encode: (message) => Buffer.from(JSON.stringify(message)),
  };
  for await (const { id } of stream.frames(json)) same<typeof id, number>(true);
  const bytes: Uint8Array = lines().encode("x");
  console.log(bytes);
}
