// The HTTP server of the examples: it answers, and a signal stops it without cutting a request.

import { Agent, type IncomingMessage, get } from "node:http";
import * as assert from "uvu/assert";
import { example } from "./example-process.ts";
import { deferred, harness, peer, until } from "../support/harness.ts";

const test = harness("http-server");

interface Answer {
  readonly status: number | undefined;
  readonly connection: string | undefined;
  readonly text: string;
}

async function ask(port: number, path: string, agent: Agent | false = false): Promise<Answer> {
  const answer = deferred<IncomingMessage>();
  get({ port, path, agent }, answer.resolve).on("error", answer.reject);
  const response = await answer.promise;
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode, connection: response.headers.connection, text };
}

test("it answers many clients, and says how it is", async () => {
  await example("http-server", [0], async (it) => {
    const port = await it.port();
    const paths = Array.from({ length: 150 }, (_none, i) => `/${i}`); // more than it admits at a time
    const answers = await Promise.all(paths.map((path) => ask(port, path)));
    assert.equal(
      answers.map(({ text }) => text),
      paths.map((path) => `You asked for ${path}\n`),
    );
    const { status, text } = await ask(port, "/health");
    assert.equal([status, text], [200, "ok\n"]);
    it.kill("SIGINT");
    assert.is(await it.ending(), "code 0");
    assert.is(it.errors, "");
  });
});

test("a signal: the health check fails, answers say that they are the last, and the one under way is given", async () => {
  await example("http-server", [0, "127.0.0.1", 2], async (it) => {
    const port = await it.port();
    const agent = new Agent({ keepAlive: true });
    assert.is((await ask(port, "/kept", agent)).connection, "keep-alive");
    const silent = peer({ port });
    await silent.connected;
    const slow = ask(port, "/slow");
    await ask(port, "/"); // so that the one before has arrived
    it.kill("SIGTERM");
    await it.says(/^Stopping$/m);
    const health = await ask(port, "/health");
    assert.equal([health.status, health.text], [503, "ending\n"]);
    assert.is((await ask(port, "/kept", agent)).connection, "close");
    assert.equal(await slow, { status: 200, connection: "close", text: "Done\n" });
    await silent.ended;
    assert.is(await it.ending(), "code 0");
    assert.match(it.output, /\nStopping\nAccepting has ended\nBye\n$/);
    assert.is(it.errors, "");
    agent.destroy();
    await until(() => silent.socket.destroyed);
  });
});
