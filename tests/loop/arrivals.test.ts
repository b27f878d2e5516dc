// The newest first, also when the process was busy: clients that have arrived meanwhile are accepted before one that waits is admitted.

import { Worker } from "node:worker_threads";
import * as assert from "uvu/assert";
import type { Stream } from "wasm-ioloop";
import { harness, portOf, quietLoop, until } from "../support/harness.ts";

const test = harness("arrivals");

const [WAITING, LATE] = [4, 12]; // clients that wait already, and those that connect while the process is busy

// Connects clients one after the other, each of which sends its number; as many as `wanted` says, and says how many have connected.
const CLIENTS = `
  const { connect } = require("node:net");
  const { workerData } = require("node:worker_threads");
  const [wanted, connected] = [0, 1];
  const { shared, port } = workerData;
  let begun = 0;
  setInterval(() => {
    if (begun > Atomics.load(shared, connected) || begun >= Atomics.load(shared, wanted)) return;
    const number = begun++;
    const socket = connect(port, "127.0.0.1", () => {
      socket.write(String(number), () => {
        Atomics.add(shared, connected, 1);
        Atomics.notify(shared, connected);
      });
    });
    socket.on("error", () => {});
  }, 1);
`;

test("a client that came while a callback blocked the process is admitted before older ones", async () => {
  const { loop } = quietLoop({ maxConnections: 1, queue: "adaptive", targetWait: 0.01 });
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const come = (clients: number): void => Atomics.store(shared, 0, clients) as unknown as void;
  const order: string[] = [];
  let first: Stream | undefined;
  const id = loop.server({}, (_loop, stream) => {
    first ??= stream;
    stream.timeout = 0;
    stream.on("read", (stream, chunk) => {
      order.push(String(chunk));
      if (stream !== first) stream.close();
    });
  });
  const running = loop.start({ forever: true });
  await loop.acceptor(id)!.ready;
  const worker = new Worker(CLIENTS, { eval: true, workerData: { shared, port: portOf(loop, id) } });
  try {
    come(1 + WAITING);
    await until(() => order.length === 1 && loop.toJSON()["waiting"] === WAITING);
    await new Promise((resolve) => setTimeout(resolve, 50)); // longer than targetWait
    loop.timer(0, () => {
      come(1 + WAITING + LATE);
      for (let at = Atomics.load(shared, 1); at < 1 + WAITING + LATE; at = Atomics.load(shared, 1))
        Atomics.wait(shared, 1, at);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 400); // the longer it was, the more time there is to accept them
      first!.close();
    });
    await until(() => order.length > 1);
    // On a busy machine the time for accepting may not suffice for all of them.
    assert.ok(Number(order[1]) > WAITING + LATE / 2, order.join(" "));
  } finally {
    await worker.terminate();
    loop.reset();
    await running;
  }
});
