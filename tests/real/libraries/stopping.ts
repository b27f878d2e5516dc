// A graceful stop while autocannon sends requests without a pause: it ends, and each request whose header had arrived gets a full answer.

import { spawn } from "node:child_process";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { library } from "./install.ts";
import { type Check, loopOf, portOf, sleep, until, within, wrong } from "./scenario.ts";

const CONNECTIONS = 50;
const UNDER_LOAD_SECONDS = 1;
const STOPS_WITHIN_SECONDS = 15;
const SLOW_EACH = 50;
const SLOW_SECONDS = 0.5;
const BODY = "x".repeat(5000);

const file = fileURLToPath(new URL("load.js", import.meta.url));

interface Load {
  readonly ended: Promise<{ whole: number; non2xx: number }>;
  end(): void;
}

function load(port: number): Load {
  const child = spawn(process.env["NODE"] ?? "node", [file, String(port), String(CONNECTIONS)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<{ whole: number; non2xx: number }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", () => {
      try {
        resolve(JSON.parse(output) as { whole: number; non2xx: number });
      } catch {
        reject(new Error(`autocannon printed ${output}`));
      }
    });
  });
  return { ended, end: () => child.stdin.end() };
}

async function stop(check: Check, what: string, server: http.Server, options: { delay?: number }): Promise<void> {
  const { loop, errors } = loopOf({});
  let begun = 0;
  server.on("request", () => begun++);
  const port = portOf(loop, loop.serve(server, {}));
  const running = loop.start();
  const { ended, end } = load(port);
  try {
    await until(() => begun > CONNECTIONS, "autocannon has begun", 30);
    await sleep(UNDER_LOAD_SECONDS);
    const before = begun;
    const start = performance.now();
    const how = await within(STOPS_WITHIN_SECONDS, "the loop stops", loop.stopGracefully(options)).then(
      () => "stopped",
      (error: unknown) => String(error),
    );
    const seconds = ((performance.now() - start) / 1000).toFixed(1);
    end();
    const { whole, non2xx } = await within(30, "autocannon ends", ended);
    const isWhole = how === "stopped" && begun > 0 && begun === whole && non2xx === 0 && errors.length === 0;
    check(
      isWhole,
      `${what}, stopped under load of ${CONNECTIONS} connections: ${whole} of ${begun} requests answered in full, ` +
        `${begun - before} of them begun after the stop${non2xx > 0 ? `, ${non2xx} by an error` : ""}; ` +
        `${how} after ${seconds} s${wrong([], errors)}`,
    );
  } finally {
    end();
    loop.reset();
    await running;
  }
}

// Some answers take a while, and a few take long, so that they are pending when the stop begins.
async function pause(count: number): Promise<void> {
  await sleep(count % SLOW_EACH === 0 ? SLOW_SECONDS : (count % 20) / 1000);
}

/** Servers of `node:http`, Express and Fastify, stopped under load, at once and after a delay. */
export async function stopping(check: Check): Promise<void> {
  const [{ default: express }, { default: fastify }] = await Promise.all([library("express"), library("fastify")]);
  let count = 0;
  const bare = (): http.Server =>
    http.createServer(async (_request, response) => {
      await pause(count++);
      response.write(BODY.slice(0, BODY.length / 2));
      await pause(count++);
      response.end(BODY.slice(BODY.length / 2));
    });
  await stop(check, "http", bare(), {});
  await stop(check, "http with a delay", bare(), { delay: 1 });
  const app = express();
  app.get("/", (_request: any, response: any) => void pause(count++).then(() => response.send(BODY)));
  await stop(check, "express", http.createServer(app), {});
  const other = fastify();
  other.get("/", () => pause(count++).then(() => BODY));
  await other.ready();
  await stop(check, "fastify", other.server, {});
}
