// Options that are given to a call that does not have them, and messages that name the called method.

import { createServer } from "node:http";
import * as assert from "uvu/assert";
import { Client, IOLoop, Server } from "wasm-ioloop";
import { harness, isBun, isDeno, quietLoop } from "../support/harness.ts";
import { refusal } from "./refusal.ts";

const test = harness("options-elsewhere");
const nop = (): void => {};
const LOOP_OPTIONS =
  "maxAccepts multiAccept queue targetWait acceptRate acceptBurst displaceIdle fairness maxPerAddress".split(" ");
const TLS_OPTIONS = "tls tlsCert tlsKey tlsCa tlsCiphers tlsVersion tlsVerify tlsOptions";
const SERVER_OPTIONS =
  `address port path fd activation backlog waitTimeout overflow reuse idleTimeout lifetime halfOpen noDelay keepAlive exempt proxyProtocol proxyTrust ${TLS_OPTIONS}`.split(
    " ",
  );

test("an option that belongs elsewhere: the message says where", () => {
  const { loop } = quietLoop();
  const server = createServer();
  const elsewhere = (what: string, name: string, task: (options: never) => unknown, where: string): void => {
    const start = `TypeError ERR_IOLOOP_UNKNOWN_OPTION: ${what}: unknown option "${name}"; ${where}; known are `;
    const said = refusal(() => task({ [name]: Symbol("wrong") } as never));
    assert.ok(said.startsWith(start), said);
  };
  const isOption = (task: (options: never) => unknown, name: string): void =>
    assert.not.match(
      refusal(() => task({ [name]: Symbol("wrong") } as never)),
      /UNKNOWN_OPTION/,
    );
  const ofBoth = "it is an option of `new IOLoop`, and of `server`";
  elsewhere("client", "maxConnections", (wrong) => loop.client(wrong, nop), ofBoth);
  for (const name of LOOP_OPTIONS) {
    const where = "it is an option of `new IOLoop`";
    elsewhere("server", name, (wrong) => loop.server(wrong, nop), where);
    elsewhere("serve", name, (wrong) => loop.serve(server, wrong), where);
    elsewhere("listen", name, (wrong) => new Server().listen(wrong), where);
    elsewhere("client", name, (wrong) => loop.client(wrong, nop), where);
    elsewhere("connect", name, (wrong) => new Client().connect(wrong), where);
    isOption((given) => new IOLoop(given), name);
  }
  for (const name of SERVER_OPTIONS) {
    elsewhere("new IOLoop", name, (wrong) => new IOLoop(wrong), "it is an option of `server`");
    isOption((given) => loop.server(given, nop), name);
  }
  for (const name of ["keepAliveTimeout", "headersTimeout", "requestTimeout", "timeout"]) {
    elsewhere("serve", name, (wrong) => loop.serve(server, wrong), `set it on the server: server.${name}`);
    assert.ok(isBun || isDeno || name in server); // the other two do not have all of them
  }
  assert.not.match(
    refusal(() => loop.serve(server, { prot: 1 } as never)),
    "halfOpen",
  );
});

test("a certificate that is missing: the message names the method that was called", () => {
  const { loop } = quietLoop();
  const lacks = 'IOLoopError ERR_IOLOOP_TLS: METHOD: option "tls" requires "tlsCert" and "tlsKey"';
  for (const [what, task] of [
    ["server", () => loop.server({ tls: true }, nop)],
    ["serve", () => loop.serve(createServer(), { tls: true })],
    ["listen", () => new Server({ reactor: loop.reactor }).listen({ tls: true })],
  ] as const)
    assert.is(refusal(task), lacks.replace("METHOD", what));
  const half = 'IOLoopError ERR_IOLOOP_TLS: METHOD: option "tlsKey" requires "tlsCert"';
  for (const [what, task] of [
    ["client", () => loop.client({ tlsKey: "x" }, nop)],
    ["connect", () => new Client({ reactor: loop.reactor }).connect({ tlsKey: "x" })],
  ] as const)
    assert.is(refusal(task), half.replace("METHOD", what));
});
