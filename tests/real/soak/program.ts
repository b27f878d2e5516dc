// One style under many connections, in a process of its own: program.js STYLE COUNT. Prints the memory in use after each part of them.

import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { IOLoop } from "wasm-ioloop";
import { styles } from "./styles.ts";

const PARTS = 12;
const AT_ONCE = 32;
const LINE = "hello\n";

const [name = "", count = "3000"] = process.argv.slice(2);
const loop = new IOLoop();
loop.recurring(3600, () => {}); // the loop runs all the time
const port = name === "connect" ? undefined : styles[name]!(loop);
const echo = name === "connect" ? styles["callback"]!(loop) : 0;
const running = loop.start();
const collect = collector();

for (let part = 0; part < PARTS; part++) {
  const size = Math.ceil(Number(count) / PARTS);
  await many(part * size, size);
  console.log(JSON.stringify({ connections: (part + 1) * size, bytes: await inUse() }));
}
loop.reset();
await running;
process.exit(0);

/** Opens and closes so many connections. */
async function many(first: number, size: number): Promise<void> {
  let next = first;
  const work = async (): Promise<void> => {
    while (next < first + size) {
      const i = next++;
      // Each address has ports of its own: those of closed connections cannot be used again for a minute.
      const host = `127.0.${(i >> 12) & 255}.1`;
      await (port === undefined ? connectOurs(i, host) : connectPlain(i, host, port));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** A plain client, which ends, is destroyed or resets when it has got its answer. */
function connectPlain(i: number, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let missing = LINE.length;
    socket.on("connect", () => socket.write(LINE));
    socket.on("data", (chunk: Buffer) => {
      missing -= chunk.length;
      if (missing > 0) return;
      if (i % 3 === 0) socket.end();
      else if (i % 3 === 1) socket.destroy();
      else socket.resetAndDestroy();
    });
    socket.on("error", reject);
    socket.on("close", () => (missing > 0 ? reject(new Error(`closed without its answer: ${i}`)) : resolve()));
  });
}

/** The same with a client of the loop. */
async function connectOurs(i: number, address: string): Promise<void> {
  const stream = await loop.connect({ address, port: echo });
  await stream.send(LINE);
  await stream.reader().readLine({ timeout: 60 });
  if (i % 3 === 0) await stream[Symbol.asyncDispose]();
  else stream.close();
}

/** The bytes in use when everything that can be has been collected. */
async function inUse(): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 4; tries++) {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    collect();
    least = Math.min(least, await used());
  }
  return least;
}

async function used(): Promise<number> {
  if (process.versions["bun"] === undefined) {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
  const module = "bun:jsc";
  const { heapSize, extraMemorySize } = ((await import(module)) as { heapStats(): Record<string, number> }).heapStats();
  return heapSize! + extraMemorySize!;
}

function collector(): () => void {
  const { Bun: bun } = globalThis as { Bun?: { gc(force: boolean): void } };
  if (bun) return () => bun.gc(true);
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}
