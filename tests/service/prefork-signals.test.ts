// The signals that prefork obeys, and what happens when the manager is killed.

import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness, inFolder, sleep, until } from "../support/harness.ts";
import { withService } from "./service.ts";

const test = harness("prefork-signals");
const QUICK = { workers: 2, heartbeatInterval: 0.05, heartbeatTimeout: 20, gracefulTimeout: 20 };

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test("USR2, and HUP without a terminal, replace all workers; no client is refused, and one under way is served", () =>
  withService({ options: QUICK }, async (service) => {
    await service.seen("started");
    for (const [signal, generation] of [
      ["SIGUSR2", 2],
      ["SIGHUP", 3],
    ] as const) {
      const slow = Array.from({ length: 4 }, () => service.ask("slow"));
      await service.ask();
      service.signal(signal);
      while (service.all("upgraded").length < generation - 1) assert.is((await service.ask())[0], "who");
      for (const [said, , of] of await Promise.all(slow)) {
        assert.is(said, "slow");
        assert.ok(Number(of) < generation);
      }
      await service.seen("gone", 2 * (generation - 1));
      assert.is((await service.ask())[2], String(generation));
    }
    assert.equal(
      service.all("gone").map(({ how }) => how),
      Array(4).fill("code 0"),
    );
    assert.is(new Set(service.all("listening").map(({ port }) => port)).size, 1);
  }));

test("an upgrade that fails is given up, and the old workers stay; a worker that dies then is replaced when it works again", () =>
  inFolder(async (folder) => {
    const broken = join(folder, "broken");
    await withService({ options: QUICK, broken }, async (service) => {
      await service.seen("started");
      const old = service.alive();
      writeFileSync(broken, "");
      service.signal("SIGUSR2");
      const [line] = await service.seen("given up");
      assert.is(line!["stay"], 2);
      assert.match(String(service.all("failed")[0]!["error"]), "the configuration is broken");
      assert.equal(service.alive(), old);
      process.kill(old[0]!, "SIGKILL");
      await service.seen("wait", 2); // its successor fails, too
      rmSync(broken);
      await service.seen("up", 3);
      assert.is((await service.ask())[0], "who");
    });
  }));

test("USR2 while the workers of an upgrade hang: they end, and others start", () =>
  inFolder(async (folder) => {
    const hanging = join(folder, "hanging");
    await withService({ options: QUICK, hanging }, async (service) => {
      await service.seen("started");
      writeFileSync(hanging, "");
      service.signal("SIGUSR2");
      await service.seen("hanging", 2);
      rmSync(hanging);
      service.signal("SIGUSR2");
      assert.is((await service.seen("upgraded"))[0]!.generation, 3);
      assert.is((await service.ask())[2], "3");
    });
  }));

test("TTIN and TTOU: one worker more, one less", () =>
  withService({ options: QUICK }, async (service) => {
    await service.seen("started");
    service.signal("SIGTTIN");
    await service.seen("up", 3);
    service.signal("SIGTTOU");
    await service.seen("gone");
    service.signal("SIGTTOU");
    await service.seen("gone", 2);
    service.signal("SIGTTOU"); // the last one stays
    service.signal("SIGUSR2");
    await service.seen("upgraded");
    await service.seen("gone", 3);
    assert.equal(
      service.all("resize").map(({ workers }) => workers),
      [3, 2, 1],
    );
    assert.is(service.alive().length, 1);
  }));

test("INT to the whole process group ends gracefully, copies of it change nothing, and a second one ends at once", () =>
  withService({ options: { ...QUICK, delay: 3e6 } }, async (service) => {
    await service.seen("started");
    process.kill(-service.manager.pid!, "SIGINT"); // as a terminal does
    await service.seen("stop");
    service.signal("SIGINT"); // `bun run` passes on what it gets
    await service.seen("aborted", 2);
    assert.is((await service.ask())[0], "who"); // there is a delay
    service.signal("SIGTERM"); // changes nothing
    while (service.all("kill").length === 0) {
      process.kill(-service.manager.pid!, "SIGINT");
      await sleep(0.6);
    }
    assert.is(await service.ended, "code 0");
    assert.equal(
      service.all("gone").map(({ how }) => how),
      ["SIGKILL", "SIGKILL"],
    );
    assert.is(service.all("resolved").length, 1);
  }));

test("a worker that does not end within gracefulTimeout is killed", () =>
  withService({ options: { ...QUICK, workers: 1, gracefulTimeout: 0.2 } }, async (service) => {
    await service.seen("started");
    const blocked = service.ask("block");
    await sleep(0.1);
    service.signal("SIGQUIT");
    await service.seen("killed");
    assert.is(service.all("killed")[0]!["reason"], "end");
    assert.is(await service.ended, "code 0");
    await blocked;
  }));

test("if the manager is killed, the workers end gracefully", () =>
  withService({ options: QUICK }, async (service) => {
    await service.seen("started");
    const slow = service.ask("slow");
    await service.ask();
    const pids = service.alive();
    process.kill(service.manager.pid!, "SIGKILL");
    assert.is((await slow)[0], "slow");
    await until(() => pids.every((pid) => !exists(pid)), 60);
    assert.is(await service.ended, "SIGKILL");
  }));
