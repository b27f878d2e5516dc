// The example that overloads itself, in one second instead of eight for each order.

import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { example } from "./example-process.ts";

const test = harness("overload example");

test("it shows both orders, and the adaptive one serves more", async () => {
  await example("overload", [1], async (it) => {
    assert.is(await it.ending(), "code 0");
    assert.is(it.errors, "");
    const share = (queue: string): number => Number(new RegExp(`${queue} .* (\\d+) % of`).exec(it.output)?.[1]);
    assert.ok(share("adaptive") > share("fifo"), it.output);
  });
});
