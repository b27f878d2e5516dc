// How punctual timers are.

import { runScript } from "./runtimes.mjs";
import { sidesOn, takeTurns } from "./turns.mjs";

export const title = "Punctuality";

export const about = `Timers with random delays of whole milliseconds up to five seconds, a hundred of them made per iteration of the
event loop. Each reads the clock when it is made and when it fires. Both sides alternate, in separate processes.`;

export const peers = ["setTimeout"];

const [COUNT, SECONDS] = [10_000, 5];
const [QUICK_COUNT, QUICK_SECONDS] = [500, 0.5];

/** @param {import("./result.mjs").Context} context */
export async function run({ rounds, runtimes, peers, quick, only, progress }) {
  if (only && !only.includes("lateness")) return { tables: [] };
  const [count, seconds] = quick ? [QUICK_COUNT, QUICK_SECONDS] : [COUNT, SECONDS];
  let seed = 0;
  const { rows, skipped } = await takeTurns({
    candidates: sidesOn(runtimes, { name: "setTimeout" }, peers),
    rounds,
    progress,
    measure: ({ on, peer }) => runScript(on, "bench/peers/late-timers.mjs", [peer, count, seconds, ++seed]),
  });
  const table = {
    id: "lateness",
    short: "timers",
    title: `${count.toLocaleString("en")} timers over ${seconds} seconds: how late they fire`,
    main: "p99",
    columns: [
      { key: "early", title: "too early", unit: "%", better: "lower" },
      { key: "p50", title: "p50", unit: "ms", better: "lower" },
      { key: "p99", title: "p99", unit: "ms", better: "lower" },
      { key: "max", title: "latest", unit: "ms", better: "lower" },
    ],
    rows,
  };
  return { tables: [table], skipped };
}
