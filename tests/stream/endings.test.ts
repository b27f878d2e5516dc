// Every way in which a stream can end, and what each interface makes of it.

import { Writable } from "node:stream";
import * as assert from "uvu/assert";
import type { CloseReason, IOLoop, Stream } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";
import { type Peer, harness, isDeno, peer, portOf, quietLoop, sleep, until } from "../support/harness.ts";

const test = harness("endings");

interface Open {
  readonly loop: IOLoop;
  readonly stream: Stream;
  readonly far: Peer;
  /** Peers to be closed afterwards. */
  readonly others: Peer[];
}

interface Way {
  readonly reason: CloseReason;
  /** The code of the error; undefined for a normal end. */
  readonly code?: string;
  /** Whether what was written is still sent. */
  readonly sends?: boolean;
  readonly options?: ConstructorParameters<typeof IOLoop>[0];
  readonly end: (open: Open) => unknown;
  /** Interfaces that keep the stream from ending in this way. */
  readonly not?: readonly string[];
}

const WAYS: Readonly<Record<string, Way>> = {
  "the peer ends": {
    reason: "peer",
    sends: true,
    end: ({ far }) => far.socket.end(),
    not: isDeno ? ["send", "flushed"] : [], // data that is still to be sent after the peer's end may be lost
  },
  "the peer resets": { reason: "reset", code: "ECONNRESET", end: ({ far }) => far.socket.resetAndDestroy() },
  "close()": { reason: "local", end: ({ stream }) => stream.close() },
  "closeGracefully()": { reason: "local", sends: true, end: ({ stream }) => stream.closeGracefully() },
  "remove(id)": { reason: "local", sends: true, end: ({ loop, stream }) => loop.remove(stream.id) },
  "reset()": { reason: "local", end: ({ loop }) => loop.reset() },
  "its timeout": { reason: "timeout", code: "ERR_IOLOOP_IDLE_TIMEOUT", end: ({ stream }) => (stream.timeout = 0.02) },
  "its lifetime": { reason: "lifetime", code: "ERR_IOLOOP_LIFETIME", end: ({ stream }) => (stream.lifetime = 0.02) },
  "a graceful stop": {
    reason: "stopping",
    code: "ERR_IOLOOP_STOPPING",
    end: ({ loop }) => void loop.stopGracefully({ timeout: 0.02 }),
  },
  "a waiting client": {
    reason: "displaced",
    code: "ERR_IOLOOP_DISPLACED",
    options: { maxConnections: 1, displaceIdle: 0.02 },
    end: ({ others, loop }) => others.push(peer({ port: portOf(loop, acceptors.get(loop)!) })),
    not: ["send", "flushed", "web streams"], // something waits to be sent, or is not known to
  },
  "an error": {
    reason: "error",
    code: "EMINE",
    end: ({ stream }) => stream.handle!.destroy(Object.assign(new Error("mine"), { code: "EMINE" })),
  },
};

const acceptors = new WeakMap<IOLoop, ReturnType<IOLoop["server"]>>();
const UNEXPECTED = "ERR_IOLOOP_UNEXPECTED_END";
const CLOSED = "ERR_IOLOOP_STREAM_CLOSED";

/** What came: `kept` and how it ended. */
type Use = (stream: Stream) => Promise<string>;

interface Interface {
  readonly use: Use;
  /** What it must come to. */
  readonly expected: (way: Way) => string;
  /** Whether something big is to be sent meanwhile. */
  readonly isBlocked?: boolean;
}

/** The text of an outcome: that of a promise, or the code of its error. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  try {
    return String(await promise);
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

const all = async (input: AsyncIterable<unknown>): Promise<string> => {
  let text = "";
  try {
    for await (const chunk of input) text += String(chunk);
  } catch (error) {
    return `${text} ${(error as { code?: string }).code ?? String(error)}`;
  }
  return `${text} end`;
};

const INTERFACES: Readonly<Record<string, Interface>> = {
  events: {
    use: (stream) =>
      new Promise((resolve) => {
        const log: string[] = [];
        stream.on("read", (_stream, chunk) => void log.push(String(chunk).trim()));
        stream.on("timeout", () => void log.push("timeout"));
        stream.on("error", (_stream, error) => void log.push(error.code ?? error.message));
        stream.on("close", (stream) => {
          log.push(stream.closeReason!);
          resolve(log.join(" "));
        });
      }),
    expected: ({ reason, code }) =>
      `kept ${reason === "timeout" ? "timeout " : ""}${reason === "error" ? `${code} ` : ""}${reason}`,
  },
  closed: { use: (stream) => stream.closed(), expected: ({ reason }) => reason },
  "for await": { use: all, expected: ({ code }) => `kept\n ${code ?? "end"}` },
  frames: { use: (stream) => all(stream.frames(lines())), expected: ({ code }) => `kept ${code ?? "end"}` },
  "frames with a callback": {
    use: async (stream) => {
      let text = "";
      stream.catch((_stream, error) => void (text += ` ${error.code}`));
      stream.frames(lines(), (_stream, line) => void (text += line));
      const reason = await stream.closed();
      return `${text} ${reason}`;
    },
    expected: ({ reason, code }) => `kept${reason === "error" ? ` ${code}` : ""} ${reason}`,
  },
  read: {
    use: async (stream) => {
      const reader = stream.reader();
      const kept = String(await reader.read());
      return kept + (await outcome(reader.read()));
    },
    expected: ({ code }) => `kept\n${code}`,
  },
  readExactly: {
    use: async (stream) => {
      const failed = await outcome(stream.reader().readExactly(10));
      return failed + (await outcome(stream.reader().read())); // what there was can still be read
    },
    expected: ({ code }) => `${code ?? UNEXPECTED}kept\n`,
  },
  readUntil: { use: (stream) => outcome(stream.reader().readUntil(";")), expected: ({ code }) => code ?? UNEXPECTED },
  readLine: {
    use: async (stream) => `${await stream.reader().readLine()} ${await outcome(stream.reader().readLine())}`,
    expected: ({ code }) => `kept ${code}`,
  },
  send: {
    isBlocked: true,
    use: (stream) => outcome(stream.send(Buffer.alloc(16 << 20))),
    expected: ({ code, sends }) => (sends ? "undefined" : (code ?? CLOSED)),
  },
  flushed: {
    isBlocked: true,
    use: (stream) => {
      stream.write(Buffer.alloc(16 << 20));
      return outcome(stream.flushed());
    },
    expected: ({ code, sends }) => (sends ? "undefined" : (code ?? CLOSED)),
  },
  pipeTo: {
    use: async (stream) => {
      let text = "";
      const target = new Writable({
        write(chunk, _encoding, done) {
          text += String(chunk);
          done();
        },
      });
      const ended = await outcome(stream.pipeTo(target));
      if (ended === "undefined") stream.end(); // it is half open
      return text + ended;
    },
    expected: ({ code }) => `kept\n${code}`,
  },
  duplex: {
    use: (stream) =>
      new Promise((resolve) => {
        const duplex = stream.duplex();
        let text = "";
        duplex.on("data", (chunk) => (text += String(chunk)));
        duplex.on("error", (error: NodeJS.ErrnoException) => (text += error.code));
        duplex.on("close", () => resolve(text));
      }),
    expected: ({ code }) => `kept\n${code ?? ""}`,
  },
  "web streams": {
    use: async (stream) => {
      const { readable, writable } = stream.web();
      const reader = readable.getReader();
      const kept = Buffer.from((await reader.read()).value!).toString();
      const next = await outcome(reader.read().then(({ done }) => done));
      writable.close().catch(() => {});
      return kept + next;
    },
    expected: ({ code }) => `kept\n${code ?? "true"}`,
  },
};

async function cell(way: Way, { use, isBlocked = false }: Interface): Promise<string> {
  const { loop } = quietLoop(way.options);
  let stream: Stream | undefined;
  let task: Promise<string> | undefined;
  const acceptor = loop.server({ idleTimeout: 0 }, (_loop, accepted) => {
    if (stream) {
      accepted.close();
      return;
    }
    stream = accepted;
    task = use(accepted);
  });
  acceptors.set(loop, acceptor);
  const far = peer({ port: portOf(loop, acceptor) });
  const others: Peer[] = [];
  const running = loop.start();
  await until(() => stream !== undefined);
  if (isBlocked) far.socket.pause();
  else far.socket.write("kept\n");
  await until(() => stream!.bytesRead > 0 || isBlocked);
  await sleep(0.01); // it is used
  way.end({ loop, stream: stream!, far, others });
  if (way.sends === true) far.socket.resume();
  const result = await task!;
  assert.is(await stream!.closed(), way.reason);
  for (const { socket } of [far, ...others]) socket.destroy();
  loop.reset();
  await running;
  return result;
}

for (const [title, way] of Object.entries(WAYS)) {
  test(`${title}: every interface`, async () => {
    for (const [name, face] of Object.entries(INTERFACES)) {
      if (way.not?.includes(name) === true) continue;
      assert.is(await cell(way, face), face.expected(way), `${title}: ${name}`);
    }
  });
}
