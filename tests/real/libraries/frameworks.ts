// Express, Fastify, Koa and Hono, and plain HTTP and HTTPS servers, behind a loop with few slots.

import http from "node:http";
import https from "node:https";
import { Authority } from "../../support/certificates.ts";
import { HttpClient, echo, visit } from "./http-client.ts";
import { library } from "./install.ts";
import { type Check, crowd, expect, loopOf, portOf, sleep, until, within, wrong } from "./scenario.ts";

const LARGEST = 1_000_000;

async function express(): Promise<http.Server> {
  const { default: express } = await library("express");
  const app = express();
  app.use(express.text({ limit: LARGEST }));
  app.post("/echo", (request: any, response: any) => response.type("text").send(request.body));
  return http.createServer(app);
}

async function koa(): Promise<http.Server> {
  const { default: Koa } = await library("koa");
  const app = new Koa();
  app.use(async (context: any) => {
    const chunks: Buffer[] = [];
    for await (const chunk of context.req) chunks.push(chunk as Buffer);
    context.body = Buffer.concat(chunks).toString();
  });
  return http.createServer(app.callback());
}

async function hono(): Promise<http.Server> {
  const [{ Hono }, { createAdaptorServer }] = await Promise.all([library("hono"), library("@hono/node-server")]);
  const app = new Hono();
  app.post("/echo", async (context: any) => context.text(await context.req.text()));
  return createAdaptorServer({ fetch: app.fetch });
}

async function fastify(): Promise<any> {
  const { default: fastify } = await library("fastify");
  const app = fastify({ bodyLimit: LARGEST });
  app.post("/echo", (request: any, reply: any) => reply.send(request.body));
  app.post("/slow", (request: any) => sleep(0.5).then(() => request.body));
  await app.ready();
  return app;
}

/** Frameworks whose server is one of `node:http`. */
export async function frameworks(check: Check): Promise<void> {
  const servers = {
    http: async () => http.createServer(echo),
    express,
    koa,
    hono,
    fastify: async () => (await fastify()).server,
  };
  for (const [name, make] of Object.entries(servers)) {
    await crowd(
      check,
      name,
      async (loop, inside) => {
        const server: http.Server = await make();
        inside.watch(server);
        return { id: loop.serve(server, {}) };
      },
      visit,
    );
  }
}

/** A server of `node:https`, and one of `node:http` with TLS of the loop. */
export async function encrypted(check: Check): Promise<void> {
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const client: Parameters<typeof crowd>[3] = (port, index, full) => visit(port, index, full, authority.ca.cert);
  await crowd(
    check,
    "http, with TLS of the loop",
    (loop, inside) => {
      const server = http.createServer(echo);
      inside.watch(server);
      return { id: loop.serve(server, { tls: true, tlsCert: cert, tlsKey: key }) };
    },
    client,
  );
  if (process.versions["bun"] !== undefined) {
    const { loop } = loopOf({});
    try {
      loop.serve(https.createServer({ cert, key }, echo), {});
      check(false, "https on Bun: accepted, although it does not use TLS on a socket that it is given");
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      check(code === "ERR_IOLOOP_UNSUPPORTED", `https on Bun: refused: ${String(error)}`);
    }
    loop.reset();
    return;
  }
  await crowd(
    check,
    "https",
    (loop, inside) => {
      const server = https.createServer({ cert, key }, echo);
      inside.watch(server);
      return { id: loop.serve(server, {}) };
    },
    client,
  );
}

/** `close()` of Fastify: pending requests are answered, no others are served, and the loop ends by itself. */
export async function fastifyCloses(check: Check): Promise<void> {
  const { loop, errors } = loopOf({ maxConnections: 20 });
  const app = await fastify();
  const id = loop.serve(app.server, {});
  const port = portOf(loop, id);
  const running = loop.start();
  const clients: HttpClient[] = [];
  const connect = (): HttpClient => {
    const client = new HttpClient(port);
    clients.push(client);
    return client;
  };
  try {
    const idle = Array.from({ length: 4 }, (_, index) => connect().post("/echo", `idle ${index}`));
    for (const [index, { text }] of (await Promise.all(idle)).entries()) expect("body", text, `idle ${index}`);
    let begun = 0;
    app.server.on("request", () => begun++);
    const slow = Array.from({ length: 4 }, (_, index) => connect().post("/slow", `slow ${index}`));
    await until(() => begun === 4, "4 requests are under way");
    const results = Promise.allSettled(slow);
    await within(10, "fastify.close() resolves", app.close());
    const answered = (await results).filter(
      (result, index) => result.status === "fulfilled" && result.value.text === `slow ${index}`,
    ).length;
    const later = await connect()
      .post("/echo", "late")
      .then(
        ({ status }) => `answered ${status}`,
        (error: NodeJS.ErrnoException) => error.code,
      );
    for (const client of clients) client.destroy();
    const isForgotten = loop.acceptor(id) === undefined;
    const ended = await within(10, "the loop ends", running).then(
      () => "ended",
      (error: unknown) => String(error),
    );
    const isWhole = answered === 4 && later === "ECONNREFUSED" && isForgotten && ended === "ended";
    check(
      isWhole && errors.length === 0,
      `fastify.close(): ${answered} of 4 requests under way answered, a later one: ${later}, ` +
        `acceptor ${isForgotten ? "removed" : "still there"}, the loop ${ended}${wrong(await results, errors)}`,
    );
  } finally {
    for (const client of clients) client.destroy();
    loop.reset();
    await running.catch(() => {});
  }
}
