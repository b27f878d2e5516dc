// STARTTLS: a connection that begins without TLS, and continues with it.

import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import * as assert from "uvu/assert";
import { type Id, type IOLoop, Stream } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, portOf, quietLoop } from "../support/harness.ts";

const test = harness("steal-tls");

const authority = new Authority();
const { cert, key } = authority.sign("localhost");

// Answers "STARTTLS" without encryption, or not at all, and echoes everything after it.
function server(loop: IOLoop, log: string[], answers: boolean): Id {
  const upgrade = (stream: Stream, ahead?: Buffer): void => {
    const handle = stream.stealHandle() as Socket;
    if (ahead?.length) handle.unshift(ahead);
    const secure = new Stream(new TLSSocket(handle, { isServer: true, cert, key }), { reactor: loop.reactor });
    loop.stream(secure);
    secure.on("read", (stream, chunk) => {
      log.push(`server ${String(chunk)}`);
      stream.write(`echo ${String(chunk)}`).closeGracefully();
    });
  };
  return loop.server({}, (_loop, stream) => {
    stream.on("read", (stream, chunk) => {
      const command = chunk.subarray(0, 8);
      log.push(`server ${String(command)}`);
      if (answers) stream.write("OK", () => upgrade(stream));
      else upgrade(stream, chunk.subarray(command.length)); // the client may have sent more in the same chunk
    });
  });
}

for (const answers of [true, false]) {
  const how = answers ? "after an answer" : "at once";
  test(`a stolen handle continues with TLS, ${how}: on the server's side, and on the client's`, async () => {
    const { loop, errors } = quietLoop();
    const log: string[] = [];
    const id = server(loop, log, answers);
    const secure = (stream: Stream): void => {
      const handle = stream.stealHandle() as Socket;
      const options = { handle, tls: true, tlsCa: authority.ca.cert, tlsOptions: { servername: "localhost" } };
      loop.client(options, (loop, error, stream) => {
        if (!stream) throw error;
        stream.on("read", (_stream, chunk) => log.push(`client ${String(chunk)}`));
        stream.on("close", () => loop.remove(id));
        stream.write("hello");
      });
    };
    loop.client({ port: portOf(loop, id) }, (_loop, error, stream) => {
      if (!stream) throw error;
      stream.on("read", secure);
      stream.write("STARTTLS", answers ? undefined : secure);
    });
    await loop.start();
    assert.equal(errors, []);
    const said = ["server STARTTLS", "server hello", "client echo hello"];
    assert.equal(log, said);
  });
}
