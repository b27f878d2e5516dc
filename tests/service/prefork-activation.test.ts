// A socket that a service manager has passed to the manager of prefork, which holds it for its workers.

import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { withService } from "./service.ts";

const test = harness("prefork-activation");
const QUICK = { heartbeatInterval: 0.05, heartbeatTimeout: 20, gracefulTimeout: 20 };
const servers = [{ activation: true }, {}] as const;

test("the only worker is killed, and then replaced: the socket stays, and clients that connect meanwhile are served", () =>
  withService(
    { options: { ...QUICK, workers: 1 }, servers },
    async (service) => {
      await service.seen("started");
      const answers: Promise<string[]>[] = [];
      for (let round = 1; round <= 2; round++) {
        assert.is((await service.ask())[0], "who");
        process.kill(service.alive()[0]!, "SIGKILL");
        if (round === 2) await service.seen("gone", 2); // no process accepts
        answers.push(service.ask());
        await service.seen("up", 1 + round);
      }
      service.signal("SIGUSR2");
      answers.push(service.ask());
      await service.seen("upgraded");
      for (const [said] of await Promise.all(answers)) assert.is(said, "who");
      await service.seen("gone", 3);
      assert.is((await service.ask())[2], "2");
      service.signal("SIGTERM");
      assert.is(await service.ended, "code 0");
    },
    { passesSocket: true },
  ));

test("two workers accept from it", () =>
  withService(
    { options: { ...QUICK, workers: 2 }, servers },
    async (service) => {
      await service.seen("started");
      const pids = new Set<string>();
      while (pids.size < 2) {
        for (const [said, pid] of await Promise.all(Array.from({ length: 8 }, () => service.ask()))) {
          assert.is(said, "who");
          pids.add(pid!);
        }
      }
      service.signal("SIGTERM");
      assert.is(await service.ended, "code 0");
      for (const { how } of service.all("gone")) assert.is(how, "code 0");
    },
    { passesSocket: true },
  ));
