// Users' code without the types of the DOM and of Node: every line must compile. It is not run.

import { Code, Core, type CoreExports, Due, State, kindOf, slotOf } from "wasm-ioloop/core";
import { VirtualClock } from "wasm-ioloop/testing";

export function host(module: object): number {
  const core = new Core(1, module);
  const calls: CoreExports = new Core(1).calls;
  const bytes: number = calls.memory.buffer.byteLength;
  const id = core.opened(core.calls.handleTimer(5, 0, 0));
  const due: number = core.due[0] ?? Due.VOID;
  const state: number = State.FREE;
  return bytes + due + state + slotOf(id) + kindOf(id) + Code.OK + (core.isTimer(id) ? 1 : 0);
}

export async function time(): Promise<number> {
  const clock = new VirtualClock(1);
  const alarm = clock.alarm(() => clock.block(1));
  alarm.set(clock.now());
  await clock.advance(60);
  alarm.clear();
  return clock.next;
}
