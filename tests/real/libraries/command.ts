// The command with apps of Express, Koa, Hono and Fastify as their documentation writes them: exported as default.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/paths.ts";
import { run, until } from "../restarts/processes.ts";
import { visit } from "./http-client.ts";
import { type Check, CLIENTS, SLOTS, within, wrong } from "./scenario.ts";

const PROGRAMS: Readonly<Record<string, string>> = {
  express: `import express from "express";
const app = express();
app.use(express.text({ limit: 1e6 }));
app.post("/echo", (request, response) => response.type("text").send(request.body));
export default app;`,
  koa: `import Koa from "koa";
const app = new Koa();
app.use(async (context) => {
  context.body = context.req; // a stream, piped
});
export default app;`,
  hono: `import { Hono } from "hono";
const app = new Hono();
app.post("/echo", (context) => context.body(context.req.raw.body));
export default app;`,
  fastify: `import fastify from "fastify";
const app = fastify({ bodyLimit: 1e6 });
app.post("/echo", (request, reply) => reply.send(request.body));
export default app;`,
  "an app with a server, from a promise": `import fastify from "fastify";
export default (async () => {
  const app = fastify({ bodyLimit: 1e6 });
  app.register(async (scope) => scope.post("/echo", (request, reply) => reply.send(request.body)));
  return { server: app.server, ready: () => app.ready() };
})();`,
};

const COMMAND = join(root, "dist/cli.js");
const isDeno = process.versions["deno"] !== undefined;

// Deno reports the signal that was sent, even if the process has ended by itself.
const STOPPED = isDeno ? "SIGTERM" : "code 0";

// Its cluster loses connections.
const WORKERS = isDeno ? "0" : "2";

/** Each app in two workers with few slots: all clients are served, and a signal ends it with code 0. */
export async function command(check: Check): Promise<void> {
  for (const [name, text] of Object.entries(PROGRAMS)) {
    const file = join(root, `build/libraries/${name.replaceAll(/\W+/g, "-")}.mjs`);
    writeFileSync(file, `${text}\n`);
    const args = [COMMAND, file, "--port", "0", "--workers", WORKERS, "--max-connections", String(SLOTS)];
    const it = run(process.execPath, isDeno ? ["run", "--allow-all", "--quiet", ...args] : args);
    try {
      await it.printed("Listening on ");
      if (WORKERS !== "0") await until(() => / 2 workers are up$/m.test(it.text()), "both workers are up");
      const port = Number(/^Listening on http:\/\/127\.0\.0\.1:(\d+)$/m.exec(it.text())?.[1]);
      const clients = Array.from({ length: CLIENTS }, (_, index) =>
        within(
          60,
          "the client is served",
          visit(port, index, async () => {}),
        ),
      );
      const results = await Promise.allSettled(clients);
      const served = results.filter(({ status }) => status === "fulfilled").length;
      it.child.kill("SIGTERM");
      const ended = await within(30, "the command ends", it.ended);
      check(
        served === CLIENTS && ended === STOPPED,
        `the command with ${name}: ${served} of ${CLIENTS} clients served, ended with ${ended}${wrong(results, [])}`,
      );
    } catch (error) {
      check(false, `the command with ${name}: ${String(error)}: ${it.text()}`);
    } finally {
      it.child.kill("SIGKILL");
    }
  }
}
