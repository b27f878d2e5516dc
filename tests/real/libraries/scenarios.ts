// The scenarios by name, in the order in which they are run.

import { connections, undici } from "./clients.ts";
import { command } from "./command.ts";
import { encrypted, fastifyCloses, frameworks } from "./frameworks.ts";
import { http2Sessions } from "./http2.ts";
import { smtpServer, startTls } from "./mail.ts";
import { aedesOnDuplex, aedesServed } from "./mqtt.ts";
import { ioredis } from "./redis.ts";
import { redisBenchmark, redisBenchmarkMany } from "./redis-benchmark.ts";
import type { Scenario } from "./scenario.ts";
import { silent, slowHeader } from "./slow.ts";
import { stopping } from "./stopping.ts";
import { socketIo, socketIoPolling, ws } from "./websockets.ts";

const OWN_CLIENTS = "it has its own undici and http client instead";

export const scenarios: Readonly<Record<string, Scenario>> = {
  frameworks: { run: frameworks },
  command: { run: command },
  encrypted: { run: encrypted },
  "fastify-close": { run: fastifyCloses },
  ws: { run: ws },
  "socket.io": { run: socketIo },
  "socket.io-polling": { run: socketIoPolling },
  "aedes-duplex": { run: aedesOnDuplex },
  "aedes-served": { run: aedesServed },
  http2: { run: http2Sessions, not: { deno: "it sometimes aborts if connections have waited, also without a loop" } },
  starttls: { run: startTls },
  "smtp-server": { run: smtpServer },
  ioredis: { run: ioredis },
  "redis-benchmark": { run: redisBenchmark },
  "redis-benchmark-many": { run: redisBenchmarkMany, isLong: true },
  undici: { run: undici, not: { bun: OWN_CLIENTS } },
  connections: { run: connections, not: { bun: OWN_CLIENTS } },
  "slow-header": { run: slowHeader, isLong: true },
  silent: { run: silent },
  stopping: { run: stopping, isLong: true },
};
