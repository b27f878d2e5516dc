// Every method called in every callback: the loop continues in any case, and nothing is left open.

import { PassThrough } from "node:stream";
import * as assert from "uvu/assert";
import type { Id, IOLoop, Stream } from "wasm-ioloop";
import { NOBODYS, type Peer, harness, peer, portOf, quietLoop, turns } from "../support/harness.ts";

const test = harness("reentrancy");

interface Here {
  readonly loop: IOLoop;
  readonly stream: Stream | undefined;
  /** A timer, a server, a client: objects to remove. */
  readonly ids: readonly Id[];
}

const ACTS: Record<string, (here: Here) => void> = {
  "close the stream": ({ stream }) => stream?.close(),
  "close it gracefully": ({ stream }) => stream?.closeGracefully(),
  "steal the handle": ({ stream }) => {
    stream?.stealHandle()?.destroy();
  },
  "remove everything": ({ loop, ids }) => {
    for (const id of ids) loop.remove(id);
  },
  stop: ({ loop }) => loop.stop(),
  reset: ({ loop }) => loop.reset(),
  "stop gracefully": ({ loop }) => void loop.stopGracefully({ timeout: 0.05 }),
  "make a server": ({ loop }) => {
    const id = loop.server({}, () => {});
    loop.nextTick(() => loop.remove(id));
  },
  "make a client": ({ loop }) => void loop.client({ port: 1 }, () => {}),
  throw: () => {
    throw new Error("Bye!");
  },
};

const PLACES = [
  "accept",
  "connect",
  "refused",
  "read",
  "write",
  "drain",
  "write callback",
  "timeout",
  "close",
  "stream error",
  "timer",
  "recurring",
  "nextTick",
  "io",
  "step",
  "drop",
  "finish",
  "reset event",
  "error event",
];

/** Callbacks that run only when the loop stops. */
const AT_THE_END = new Set(["finish", "reset event"]);

for (const [what, act] of Object.entries(ACTS)) {
  for (const place of PLACES) {
    // An exception in an error subscriber stops the loop, which another test covers.
    if (what === "throw" && place === "error event") continue;
    test(`reentrancy: ${what} in ${place}`, async () => {
      const { loop, errors } = quietLoop({ maxConnections: 1 });
      const ids: Id[] = [];
      let done = 0;
      const here = (at: string, stream?: Stream): void => {
        if (at === place && done++ === 0) act({ loop, stream, ids });
      };
      loop.on("finish", () => here("finish"));
      loop.on("drop", () => here("drop"));
      loop.on("reset", () => here("reset event"));
      loop.reactor.on("error", () => here("error event"));
      const prepare = (stream: Stream): void => {
        stream.on("read", (stream) => here("read", stream));
        stream.on("write", (stream) => here("write", stream));
        stream.on("drain", (stream) => here("drain", stream));
        stream.on("timeout", (stream) => here("timeout", stream));
        stream.on("close", (stream) => here("close", stream));
        stream.timeout = 0.03;
        stream.write("hello", (stream) => here("write callback", stream));
      };
      ids.push(
        loop.server({ overflow: "drop" }, (_loop, stream) => {
          prepare(stream);
          here("accept", stream);
        }),
      );
      const port = portOf(loop, ids[0]!);
      ids.push(
        loop.client({ port }, (_loop, _error, stream) => {
          if (!stream) return;
          prepare(stream);
          here("connect", stream);
        }),
        loop.client({ port: NOBODYS }, () => here("refused")),
        loop.timer(0.01, () => here("timer")),
        loop.recurring(0.01, () => here("recurring")),
      );
      loop.nextTick((loop) => {
        const waiting = loop.delay(() => here("step")).wait();
        waiting.catch(() => {}); // the reactor reports it, too
      });
      loop.nextTick(() => here("nextTick"));
      const broken = new PassThrough();
      loop.client({ handle: broken }, (_loop, _error, stream) => {
        stream?.on("error", (stream) => here("stream error", stream));
      });
      const readable = new PassThrough();
      readable.end("x");
      loop.reactor.io(readable, () => {
        loop.reactor.remove(readable);
        here("io");
      });
      if (place === "error event") {
        loop.nextTick(() => {
          throw new Error("heard");
        });
      }
      const late: Peer[] = [];
      const knocking = loop.recurring(0.025, () => {
        if (done === 0 || late.length === 0) late.push(peer({ port }), peer({ port }));
      });
      loop.timer(0.02, () => void broken.destroy(new Error("broken")));
      // Waits as long as a slow machine needs to reach the callback.
      let rounds = 0;
      const ending = loop.recurring(0.04, () => {
        if (done === 0 && !AT_THE_END.has(place) && ++rounds < 125) return;
        loop.remove(knocking);
        loop.remove(ending);
        void loop.stopGracefully({ timeout: 0.1 });
      });
      await loop.start();
      // A stopped loop can be started again and run to its end, unless the callback was at that end.
      if (what === "stop" && loop.remove(ending)) {
        loop.remove(knocking);
        loop.timer(0.1, () => void loop.stopGracefully({ timeout: 0.1 }));
        await loop.start();
      }
      loop.reset();
      for (const { socket } of late) socket.destroy();
      await turns(2);
      assert.is(done > 0, true);
      const thrown = errors.filter(([error]) => (error as Error).message === "Bye!");
      assert.is(thrown.length, what === "throw" ? 1 : 0);
      const other = errors.filter(([error]) => !["Bye!", "heard"].includes((error as Error).message));
      assert.equal(other, []);
    });
  }
}
