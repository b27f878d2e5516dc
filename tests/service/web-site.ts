// A web handler behind a loop, and clients on bare sockets.

import { createServer } from "node:http";
import * as assert from "uvu/assert";
import { type FetchHandler, webListener } from "../../host/service/program-fetch.ts";
import { type Peer, peer, portOf, quietLoop } from "../support/harness.ts";

/** A web handler that is served. */
export interface Site {
  readonly port: number;
  readonly url: string;
  readonly failures: unknown[];
  /** Sends a request on a connection of its own. */
  ask(lines: string): Peer;
}

/** Serves a web handler while `use` runs. */
export async function serving(fetch: FetchHandler, use: (site: Site) => Promise<void>): Promise<void> {
  const { loop, errors } = quietLoop();
  const failures: unknown[] = [];
  const server = createServer(webListener(fetch, (error) => void failures.push(error)));
  const port = portOf(loop, loop.serve(server, {}));
  const running = loop.start();
  const peers: Peer[] = [];
  try {
    await use({
      port,
      url: `http://127.0.0.1:${port}`,
      failures,
      ask(lines) {
        const one = peer({ port });
        peers.push(one);
        one.socket.write(`${lines.replaceAll("\n", "\r\n")}\r\n\r\n`);
        return one;
      },
    });
  } finally {
    for (const { socket } of peers) socket.destroy();
    loop.reset();
    await running;
  }
  assert.equal(errors, []);
}

/** What one request gets, which says that it is the last of its connection. */
export async function answerTo(site: Site, lines: string): Promise<string> {
  return await site.ask(`${lines}\nConnection: close`).ended;
}
