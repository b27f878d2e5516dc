// The twin in TypeScript plays the corpus that the core plays on every host.

import * as assert from "uvu/assert";
import { TwinCore } from "../../bench/twin/core.ts";
import { harness } from "../support/harness.ts";
import { read } from "../hosts/replay/corpus.ts";
import type { Instance } from "../hosts/replay/player.ts";
import { replayHere } from "../hosts/replay/replay.ts";

const test = harness("twin replay");

/** The twin as a module: whenever a script reads memory, the twin's arrays are copied there, to their addresses. */
function instance(): Instance {
  const twin = new TwinCore(1);
  const { calls } = twin;
  calls.handleSeed(0); // the default of the module
  let buffer = new ArrayBuffer(0);
  let isSeen = false;
  const views = (): [Float64Array, Float64Array][] => [
    [twin.commands, new Float64Array(buffer, calls.commandAddress(), twin.commands.length)],
    [twin.due, new Float64Array(buffer, calls.dueAddress(), twin.due.length)],
    [twin.activity, new Float64Array(buffer, calls.activityAddress(), twin.activity.length)],
  ];
  const functions = Object.fromEntries(
    Object.getOwnPropertyNames(Object.getPrototypeOf(calls)).map((name) => [
      name,
      (...args: number[]): unknown => {
        if (isSeen) for (const [own, view] of views()) own.set(view);
        isSeen = false;
        const result = (calls as unknown as Record<string, (...args: number[]) => unknown>)[name]!(...args);
        twin.opened(0);
        twin.refresh();
        return result;
      },
    ]),
  );
  const memory = {
    get buffer(): ArrayBuffer {
      if (isSeen) return buffer;
      const size = calls.activityAddress() + twin.activity.length * 8;
      if (buffer.byteLength < size) buffer = new ArrayBuffer(size);
      for (const [own, view] of views()) view.set(own);
      isSeen = true;
      return buffer;
    },
  };
  return { ...functions, memory };
}

test("the twin has the results of the corpus", () => {
  const light = new Map([...read()].filter(([file]) => !/full|records/.test(file)));
  assert.ok(light.size > 10);
  assert.is(replayHere(light, instance, false), undefined);
}, 60);
