// `pipeTo` and `splice` over TLS: the memory that is read into is used again once it has been sent, and not before.

import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import * as assert from "uvu/assert";
import type { ListenerOptions } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { harness, portOf, quietLoop, sleep } from "../support/harness.ts";
import { sha } from "./two-streams.ts";

const test = harness("pipe over TLS");

const authority = new Authority();
const local = authority.sign("localhost", "IP:127.0.0.1");
const SERVER: ListenerOptions = { tls: true, tlsCert: local.certPath, tlsKey: local.keyPath, halfOpen: true };

for (const way of ["fast", "slow"]) {
  test(`every byte comes back through a proxy and an echo, to a ${way} reader`, async () => {
    const { loop, errors } = quietLoop();
    const target = loop.server(SERVER, (_loop, stream) => stream.pipeTo(stream));
    const to = { port: portOf(loop, target), tls: true, tlsCa: authority.ca.certPath, halfOpen: true };
    const counts: unknown[] = [];
    const proxy = loop.server(SERVER, async (loop, near) => {
      counts.push(await near.splice(await loop.connect(to)));
      loop.remove(target);
      loop.remove(proxy);
    });
    const running = loop.start();
    const data = randomBytes(6 << 20);
    const socket = connect({ port: portOf(loop, proxy), host: "127.0.0.1", rejectUnauthorized: false });
    await once(socket, "secureConnect");
    const hash = createHash("sha256");
    let size = 0;
    let pauses = 0;
    socket.on("data", (chunk: Buffer) => {
      hash.update(chunk);
      size += chunk.length;
      if (way === "fast" || size < (pauses + 1) << 20) return;
      pauses++;
      socket.pause();
      void sleep(0.02).then(() => socket.resume());
    });
    socket.write(data.subarray(0, 100_000)); // so that chunks of all sizes come
    socket.end(data.subarray(100_000));
    await once(socket, "end");
    assert.is(size, data.length);
    assert.is(hash.digest("hex"), sha(data));
    await running;
    assert.equal(counts, [{ sent: data.length, received: data.length }]);
    assert.equal(errors, []);
  });
}
