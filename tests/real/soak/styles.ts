// The ways to use a connection: each answers lines with themselves.

import { createServer } from "node:net";
import { Writable } from "node:stream";
import { type IOLoop, type ListenerOptions, type Stream } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";

/** Makes a loop answer in some way. Returns the port. */
export type Style = (loop: IOLoop) => number;

const OPTIONS: ListenerOptions = { address: "0.0.0.0", idleTimeout: 60 };

/** A server that uses each of its streams in this way. An error of a reset connection is expected. */
const serving =
  (use: (stream: Stream, loop: IOLoop) => unknown, options: ListenerOptions = {}): Style =>
  (loop) => {
    const id = loop.server({ ...OPTIONS, ...options }, async (loop, stream) => {
      try {
        await use(stream, loop);
      } catch (error) {
        if ((error as { code?: string }).code !== "ECONNRESET") throw error;
      }
    });
    return loop.acceptor(id)!.port!;
  };

const echo = (stream: Stream): void => void stream.on("read", (stream, chunk) => stream.write(chunk));

const never = new AbortController(); // a signal that outlives all connections

const spliced: Style = (loop) => {
  const { port } = loop.acceptor(
    loop.server({ idleTimeout: 60, halfOpen: true }, (_loop, stream) => {
      echo(stream);
      stream.on("end", (stream) => stream.end());
    }),
  )!;
  const { signal } = never;
  return serving(async (near, loop) => near.splice(await loop.connect({ port, signal }), { signal }), {
    halfOpen: true,
  })(loop);
};

export const styles: Readonly<Record<string, Style>> = {
  callback: serving(echo),
  iterator: serving(async (stream) => {
    for await (const chunk of stream) await stream.send(chunk, { signal: never.signal });
  }),
  reader: serving(async (stream) => {
    const reader = stream.reader();
    const options = { signal: never.signal, timeout: 60 };
    for (let line = await reader.readLine(options); line !== undefined; line = await reader.readLine(options))
      await stream.send(`${line}\n`);
    stream.closeGracefully();
  }),
  frames: serving((stream) => {
    stream.catch(() => {}); // an end in the middle
    stream.frames(lines, (stream, line) => stream.sendFrame(line));
  }),
  "frames-iterated": serving(async (stream) => {
    for await (const line of stream.frames(lines)) await stream.sendFrame(line);
  }),
  pipe: serving((stream) => stream.pipeTo(stream, { signal: never.signal }), { halfOpen: true }),
  "pipe-writable": serving((stream) => {
    const write = (chunk: Buffer, _encoding: string, done: () => void): void => void stream.write(chunk, () => done());
    return stream.pipeTo(new Writable({ write }), { signal: never.signal });
  }),
  "pipe-web": serving((stream) => stream.pipeTo(new WritableStream({ write: (chunk) => stream.send(chunk) }))),
  splice: spliced,
  duplex: serving((stream) => {
    const duplex = stream.duplex();
    duplex.pipe(duplex);
  }),
  web: serving((stream) => {
    const { readable, writable } = stream.web();
    return readable.pipeTo(writable);
  }),
  steal: serving((stream) => {
    const socket = stream.stealHandle();
    socket?.on("error", () => {}).pipe(socket);
  }),
  serve: (loop) => {
    const id = loop.serve(
      createServer((socket) => void socket.on("error", () => {}).pipe(socket)),
      OPTIONS,
    );
    return loop.acceptor(id)!.port!;
  },
  listen: (loop) => {
    const server = loop.listen(OPTIONS);
    void (async () => {
      for await (const stream of server) echo(stream);
    })();
    return server.port!;
  },
};
