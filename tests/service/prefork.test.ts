// The life of preforked workers: they share a port, and are replaced when they have served enough, are stuck, leak, or die.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness, inFolder } from "../support/harness.ts";
import { type Line, withService } from "./service.ts";

const test = harness("prefork");
const QUICK = { workers: 2, heartbeatInterval: 0.05, heartbeatTimeout: 20, gracefulTimeout: 20 };

test("two workers share a free port; TERM ends them after their answers, and the promise resolves", () =>
  inFolder((folder) =>
    withService({ options: { ...QUICK, pidFile: join(folder, "pid") } }, async (service) => {
      await service.seen("started");
      const { manager, all, ask } = service;
      assert.is(readFileSync(join(folder, "pid"), "utf8"), `${manager.pid}\n`);
      assert.is(new Set(all("listening").map(({ port }) => port)).size, 1);
      const [a, b] = service.alive();
      const answers = await Promise.all(Array.from({ length: 12 }, () => ask()));
      for (const [said, pid, generation] of answers) {
        assert.is(said, "who");
        assert.ok([a, b].includes(Number(pid)));
        assert.is(generation, "1");
      }
      const slow = ask("slow");
      await ask(); // the slow one has been accepted before this
      service.signal("SIGTERM");
      assert.is((await slow)[0], "slow");
      assert.is(await service.ended, "code 0");
      assert.is(all("resolved").length, 1);
      assert.is(all("stopped").length, 1);
      assert.equal(all("aborted").length, 2);
      assert.equal(
        all("gone").map(({ how }) => how),
        ["code 0", "code 0"],
      );
      assert.not.ok(existsSync(join(folder, "pid")));
    }),
  ));

test("a worker that is killed is replaced, on the same port", () =>
  withService({ options: { ...QUICK, workers: 1 } }, async (service) => {
    const [line] = await service.seen("up");
    process.kill(line!.worker, "SIGKILL");
    await service.seen("up", 2);
    const [, pid] = await service.ask();
    assert.is(Number(pid), service.all("up")[1]!.worker);
    assert.match(String(service.all("gone")[0]!["how"]), "SIGKILL");
    assert.is(new Set(service.all("listening").map(({ port }) => port)).size, 1);
  }));

test("workers that are killed again and again as soon as they are up are started with a pause", () =>
  withService({ options: { ...QUICK, workers: 1 }, doomed: true }, async (service) => {
    await service.seen("wait");
    await service.seen("up", 3);
  }));

test("workers that are too large from the beginning are up all the same, and then replaced", () =>
  withService({ options: { ...QUICK, workers: 1, maxMemory: 1 } }, async (service) => {
    await service.seen("started");
    const [line] = await service.seen("replace");
    assert.is(line!["reason"], "memory");
  }));

test("a worker is replaced after its connections, its successor first: no client is refused", () =>
  withService({ options: { ...QUICK, workers: 1, accepts: 6 } }, async (service) => {
    await service.seen("started");
    const pids = new Set<string>();
    for (let i = 0; i < 60 || pids.size < 3; i++) {
      const [said, pid] = await service.ask();
      assert.is(said, "who", `client ${i}`);
      pids.add(pid!);
    }
    const lines = service.lines.map(({ event, worker }) => [event, worker] as const);
    const first = service.all("up")[0]!.worker;
    const at = (event: string, count = 0): number =>
      lines.findIndex(
        ([name, pid]) => name === event && (event === "up" ? pid === service.all("up")[count]!.worker : pid === first),
      );
    assert.ok(at("replace") < at("up", 1) && at("up", 1) < at("finish"));
    for (const { how } of service.all("gone")) assert.is(how, "code 0");
  }));

test("a worker that is stuck is killed and replaced; a client that it was handed meanwhile goes to another", () =>
  withService({ options: { ...QUICK, heartbeatTimeout: 2 } }, async (service) => {
    await service.seen("started");
    const stuck = service.ask("block");
    const [blocked] = await service.seen("blocked");
    const meanwhile = Array.from({ length: 6 }, () => service.ask()); // one of them is handed to the stuck worker
    const [killed] = await service.seen("killed");
    assert.is(killed!["reason"], "heartbeat");
    assert.is(killed!.worker, blocked!.worker);
    await service.seen("up", 3);
    assert.equal(await stuck, [""]);
    for (const [said] of await Promise.all(meanwhile)) assert.is(said, "who");
  }));

test("a worker with too much memory is replaced, after its successor is up", () =>
  withService({ options: { ...QUICK, workers: 1, maxMemory: 400 * 2 ** 20 } }, async (service) => {
    await service.seen("started");
    while (service.all("replace").length === 0) assert.is((await service.ask("leak"))[0], "leak");
    const [{ worker, ["reason"]: reason }] = service.all("replace") as [Line];
    assert.is(reason, "memory");
    assert.is((await service.seen("gone"))[0]!.worker, worker);
    const events = service.lines.map(({ event }) => event);
    assert.ok(events.lastIndexOf("up") < events.indexOf("finish"));
    assert.is((await service.ask())[0], "who");
  }));

test("a worker that cannot start ends it all, with its error", () =>
  inFolder(async (folder) => {
    const broken = join(folder, ".");
    await withService({ options: QUICK, broken }, async (service) => {
      assert.is(await service.ended, "code 1");
      const said = service.errors();
      assert.match(said, /ERR_IOLOOP_WORKER_FAILED/);
      assert.match(
        said,
        /prefork: worker \d+ has ended before its first heartbeat: Error: the configuration is broken/,
      );
      assert.is(service.all("stopped").length, 1);
      assert.is(service.all("resolved").length, 0);
    });
    await withService({ options: QUICK, useless: true }, async (service) => {
      assert.is(await service.ended, "code 1");
      assert.match(service.errors(), /has ended before its first heartbeat \(code 7\)/);
    });
    await withService({ options: QUICK, servers: [{ port: 1, address: "192.0.2.1" }] }, async (service) => {
      assert.is(await service.ended, "code 1");
      assert.match(service.errors(), /has ended before its first heartbeat: Error: .*EADDRNOTAVAIL/s);
    });
  }));

test("several servers are shared, and UNIX sockets too; the file goes with the last worker", () =>
  inFolder((folder) => {
    const path = join(folder, "socket");
    return withService({ options: QUICK, servers: [{ path }, {}, {}] }, async (service) => {
      await service.seen("started");
      for (const { port } of service.all("listening")) {
        assert.is((await service.ask("who", port === undefined ? { path } : { port }))[0], "who");
      }
      assert.is(new Set(service.all("listening").map(({ port }) => port)).size, 3);
      service.signal("SIGUSR2");
      await service.seen("upgraded");
      await service.seen("gone", 2);
      assert.is((await service.ask("who", { path }))[2], "2");
      service.signal("SIGTERM");
      assert.is(await service.ended, "code 0");
      assert.not.ok(existsSync(path));
    });
  }));
