// HTTP/2: a session takes one slot, regardless of the number of its streams.

import http2 from "node:http2";
import { Authority } from "../../support/certificates.ts";
import { type Check, crowd, expect } from "./scenario.ts";

const STREAMS = 100;

function echo(stream: http2.ServerHttp2Stream): void {
  stream.respond({ ":status": 200 });
  stream.pipe(stream);
}

function ask(session: http2.ClientHttp2Session, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ":method": "POST", ":path": "/" });
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("end", () => resolve(Buffer.concat(chunks).toString()));
    stream.on("error", reject);
    stream.end(body);
  });
}

async function visit(url: string, index: number, full: () => Promise<void>, ca?: string): Promise<void> {
  const session = http2.connect(url, ca === undefined ? {} : { ca });
  try {
    await new Promise<void>((resolve, reject) => {
      session.on("connect", () => resolve());
      session.on("error", reject);
    });
    const asked = Array.from({ length: STREAMS }, (_, stream) => `stream ${stream} of ${index}`);
    const answers = await Promise.all(asked.map((body) => ask(session, body)));
    expect("answers", answers.join(), asked.join());
    await full();
  } finally {
    await new Promise<void>((resolve) => session.close(() => resolve()));
  }
}

/** Sessions with a hundred streams each, unencrypted and with TLS of the server. */
export async function http2Sessions(check: Check): Promise<void> {
  await crowd(
    check,
    "http2, 100 streams each",
    (loop, inside) => {
      const server = http2.createServer();
      inside.watch(server);
      server.on("stream", echo);
      return { id: loop.serve(server, {}) };
    },
    (port, index, full) => visit(`http://127.0.0.1:${port}`, index, full),
  );
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  await crowd(
    check,
    "http2 over TLS, 100 streams each",
    (loop, inside) => {
      const server = http2.createSecureServer({ cert, key });
      inside.watch(server);
      server.on("stream", echo);
      return { id: loop.serve(server, {}) };
    },
    (port, index, full) => visit(`https://localhost:${port}`, index, full, authority.ca.cert),
  );
}
