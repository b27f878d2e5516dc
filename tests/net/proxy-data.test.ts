// Much data right behind a PROXY header, which comes with it in one read.

import { randomBytes } from "node:crypto";
import * as assert from "uvu/assert";
import { harness, peer, portOf, quietLoop } from "../support/harness.ts";
import { text } from "./proxied.ts";

const test = harness("proxy-data");

for (const way of ["pipeTo", "splice"] as const) {
  test(`${way} passes on what comes with the header, and what follows, and nothing else`, async () => {
    const { loop } = quietLoop();
    const target = loop.server({ halfOpen: true }, (_loop, stream) => {
      void stream.pipeTo(stream);
      loop.remove(target);
    });
    const id = loop.server({ proxyProtocol: "required", halfOpen: true }, (_loop, stream) => {
      loop.remove(id);
      if (way === "pipeTo") {
        loop.remove(target);
        void stream.pipeTo(stream);
      } else {
        void loop.connect({ port: portOf(loop, target), halfOpen: true }).then((far) => stream.splice(far));
      }
    });
    const client = peer({ port: portOf(loop, id) });
    client.socket.allowHalfOpen = true;
    const got: Buffer[] = [];
    client.socket.on("data", (chunk: Buffer) => void got.push(chunk));
    const data = randomBytes(1 << 20);
    await client.connected;
    client.socket.end(Buffer.concat([text(), data])); // before the loop reads
    const running = loop.start();
    await client.ended;
    assert.ok(Buffer.concat(got).equals(data));
    client.socket.destroy();
    await running;
  });
}
