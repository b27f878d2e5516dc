// Clients of ioredis, and a small server on the loop with their protocol.

import { library } from "./install.ts";
import { RedisSession } from "./redis-session.ts";
import { type Check, CLIENTS, crowd, expect } from "./scenario.ts";

const PIPELINED = 500;
const LARGE = 200_000;

/** Single commands, a large value, and a pipeline of five hundred, by each client. */
export async function ioredis(check: Check): Promise<void> {
  const { Redis } = await library("ioredis");
  const values = new Map<string, string>();
  await crowd(
    check,
    "ioredis",
    (loop, inside) => {
      const id = loop.server({}, (_loop, stream) => {
        inside.addStream(stream);
        new RedisSession(stream, values).begin();
      });
      return { id };
    },
    async (port, index, full) => {
      const redis = new Redis({ host: "127.0.0.1", port, connectTimeout: 60_000, retryStrategy: () => null });
      redis.on("error", () => {}); // each command rejects with the error
      try {
        const large = `ü${index}`.repeat(LARGE / 2);
        expect("set", await redis.set(`key ${index}`, large), "OK");
        expect("get", await redis.get(`key ${index}`), large);
        const pipeline = redis.pipeline();
        for (let i = 0; i < PIPELINED; i++) pipeline.incr("counter");
        const results: [Error | null, number][] = await pipeline.exec();
        const isInOrder = results.every(([error, value], i) => !error && (i === 0 || value > results[i - 1]![1]));
        expect("results of the pipeline", `${results.length} ${isInOrder}`, `${PIPELINED} true`);
        await full();
      } finally {
        await redis.quit().catch(() => {});
        redis.disconnect();
      }
    },
  );
  const counted = Number(values.get("counter"));
  check(counted === CLIENTS * PIPELINED, `ioredis: counted to ${counted} of ${CLIENTS * PIPELINED}`);
}
