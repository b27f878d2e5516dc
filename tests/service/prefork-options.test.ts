// The options of prefork: wrong ones throw at the call, and start nothing.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { type PreforkOptions, prefork } from "wasm-ioloop/prefork";
import { refusal } from "../base/refusal.ts";
import { harness, inFolder, isBun } from "../support/harness.ts";
import { withService } from "./service.ts";

const test = harness("prefork-options");
const nop = (): void => {};
const refused = (options: unknown): string => refusal(() => prefork(options as PreforkOptions, nop));

test("wrong options throw at the call", () => {
  for (const name of ["workers", "accepts", "maxAccepts", "spare", "delay", "maxMemory", "heartbeatInterval"]) {
    for (const wrong of [-1, NaN, "4"]) assert.match(refused({ [name]: wrong }), `prefork: option "${name}" must be`);
  }
  for (const name of ["heartbeatInterval", "heartbeatTimeout", "gracefulTimeout", "upgradeTimeout", "workers"]) {
    assert.match(refused({ [name]: 0 }), `RangeError ERR_IOLOOP_OUT_OF_RANGE: prefork: option "${name}" must be`);
  }
  assert.is(
    refused({ heartbeatTimeout: 5 }),
    'RangeError ERR_IOLOOP_OUT_OF_RANGE: prefork: option "heartbeatTimeout" must be more than "heartbeatInterval", which is 5, not 5',
  );
  assert.match(refused({ accepts: 1, maxAccepts: 1 }), 'options "accepts" and "maxAccepts" cannot be combined');
  assert.match(refused({ sharing: "reuse" }), 'option "sharing" must be "cluster" or "reusePort"');
  assert.match(refused({ worker: 2 }), 'prefork: unknown option "worker"; did you mean "workers"?');
  assert.match(
    refused({ port: 80 }),
    'prefork: unknown option "port"; it is an option of `server`, which the callback calls',
  );
  const onLoop = 'prefork: unknown option "maxConnections"; set it on the loop, in the callback: loop.maxConnections';
  assert.match(refused({ maxConnections: 9 }), onLoop);
  for (const [name, meant] of [
    ["instances", "workers"],
    ["max_memory_restart", "maxMemory"],
    ["reusePort", "sharing"],
  ] as const) {
    assert.match(refused({ [name]: 1 }), `unknown option "${name}"; did you mean "${meant}"?`);
  }
  assert.match(refused({ pidFile: "" }), 'option "pidFile" must be a string that is not empty');
  assert.match(refused({ log: 1 }), 'option "log" must be a function');
  assert.match(
    refusal(() => prefork({}, undefined as never)),
    "prefork: callback must be a function",
  );
});

test("a pid file that names a running process is refused; one of a dead process is replaced", () =>
  inFolder(async (folder) => {
    const pidFile = join(folder, "pid");
    writeFileSync(pidFile, `${process.ppid}\n`);
    assert.match(refused({ pidFile }), `IOLoopError ERR_IOLOOP_PID_FILE: prefork: option "pidFile": ${pidFile} has`);
    writeFileSync(pidFile, "99999999\n");
    await withService({ options: { workers: 1, pidFile } }, async (service) => {
      await service.seen("up");
      service.signal("SIGTERM");
      assert.is(await service.ended, "code 0");
    });
  }));

test("with reusePort only TCP servers with a fixed port are shared", async () => {
  const options = { workers: 1, sharing: "reusePort" } as const;
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (!isBun && (major < 22 || (major === 22 && minor < 12) || process.versions["deno"] !== undefined)) {
    assert.match(refused(options), /ERR_IOLOOP_UNSUPPORTED: server: option "reuse" needs/);
    return;
  }
  for (const [server, said] of [
    [{}, 'RangeError: server: with sharing "reusePort" of prefork, workers can only share TCP servers'],
    [{ path: "/tmp/never" }, 'TypeError: server: with sharing "reusePort" of prefork, workers can only share'],
    [{ fd: 3 }, 'not option "fd"'],
  ] as const) {
    await withService({ options, servers: [server] }, async (service) => {
      assert.is(await service.ended, "code 1");
      assert.ok(service.errors().includes(said), service.errors());
    });
  }
});
