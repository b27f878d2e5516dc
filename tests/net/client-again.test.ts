// A client that abandons an attempt and begins another one reports only the latter, even if the outcome of the first one still waits for
// the loop to run.

import type { Socket } from "node:net";
import * as assert from "uvu/assert";
import { Client, type IOLoop } from "wasm-ioloop";
import { NOBODYS, harness, plainServer, quietLoop, turns } from "../support/harness.ts";

const test = harness("client-again");

/** Begins to connect, stops the loop before the attempt has an outcome, and waits for `event` on the socket. */
async function attempt(loop: IOLoop, client: Client, port: number, event: string): Promise<Socket> {
  let happens: Promise<unknown> | undefined;
  client.connect({ port });
  loop.nextTick(() => {
    happens = new Promise((resolve) => client.handle!.once(event, resolve));
    if (event === "close") (client.handle as Socket).destroy();
    loop.stop();
  });
  await loop.start();
  const handle = client.handle as Socket;
  await happens;
  await turns();
  return handle;
}

/** Connects the client again, runs the loop, and returns the port that it is connected to. */
async function again(loop: IOLoop, client: Client, port: number): Promise<unknown[]> {
  const heard: unknown[] = [];
  client.on("connect", (_client, handle) => {
    heard.push((handle as Socket).remotePort, (handle as Socket).readyState);
    (handle as Socket).destroy();
  });
  client.on("error", (_client, error) => heard.push(error.message));
  client.close();
  client.connect({ port });
  await loop.start();
  return heard;
}

for (const [first, event] of Object.entries({ refused: "error", connected: "connect", closed: "close" })) {
  test(`the first attempt was ${first} while the loop was stopped`, async () => {
    const [one, two] = [await plainServer(), await plainServer()];
    const { loop, errors } = quietLoop();
    const client = new Client({ reactor: loop.reactor });
    const handle = await attempt(loop, client, first === "refused" ? NOBODYS : one.port, event);
    assert.equal(await again(loop, client, two.port), [two.port, "open"]);
    assert.equal(errors, []);
    handle.destroy();
    await one.close();
    await two.close();
  });
}
