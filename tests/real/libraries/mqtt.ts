// The MQTT broker Aedes, and clients of MQTT.js: on the duplex of each stream, and behind a server of `node:net`.

import net from "node:net";
import { library } from "./install.ts";
import { type Check, crowd, expect } from "./scenario.ts";

const MESSAGES = 5;

// A client receives what it publishes, in order.
async function talk(
  connectAsync: (url: string, options: object) => Promise<any>,
  port: number,
  index: number,
  full: () => Promise<void>,
): Promise<void> {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0, connectTimeout: 60_000 });
  try {
    const topic = `of/${index}`;
    const heard: string[] = [];
    let done: () => void;
    const all = new Promise<void>((resolve) => (done = resolve));
    client.on("message", (_topic: string, payload: Buffer) => {
      heard.push(payload.toString());
      if (heard.length === MESSAGES) done();
    });
    await client.subscribeAsync(topic, { qos: 1 });
    for (let i = 0; i < MESSAGES; i++) await client.publishAsync(topic, `message ${i}`, { qos: 1 });
    await all;
    expect("messages", heard.join(), Array.from({ length: MESSAGES }, (_, i) => `message ${i}`).join());
    await full();
  } finally {
    await client.endAsync();
  }
}

/** Aedes, with the duplex of each stream. */
export async function aedesOnDuplex(check: Check): Promise<void> {
  const [{ Aedes }, { connectAsync }] = await Promise.all([library("aedes"), library("mqtt")]);
  const broker = await Aedes.createBroker();
  await crowd(
    check,
    "aedes, on stream.duplex()",
    (loop, inside) => {
      const id = loop.server({}, (_loop, stream) => {
        const duplex = stream.duplex();
        inside.add(duplex);
        broker.handle(duplex);
      });
      return { id, end: () => new Promise((resolve) => broker.close(resolve)) };
    },
    (port, index, full) => talk(connectAsync, port, index, full),
  );
}

/** Aedes, as the handler of a served `node:net` server. */
export async function aedesServed(check: Check): Promise<void> {
  const [{ Aedes }, { connectAsync }] = await Promise.all([library("aedes"), library("mqtt")]);
  const broker = await Aedes.createBroker();
  await crowd(
    check,
    "aedes, in a server of node:net",
    (loop, inside) => {
      const server = net.createServer(broker.handle);
      inside.watch(server);
      return { id: loop.serve(server, {}), end: () => new Promise((resolve) => broker.close(resolve)) };
    },
    (port, index, full) => talk(connectAsync, port, index, full),
  );
}
