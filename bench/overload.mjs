// More clients than a server can serve: which share of them is served, by the order of the queue.

import { health } from "./overload/health.mjs";
import { OVERLOAD_PEER_NAMES } from "./overload/peers.mjs";
import { sockets } from "./overload/sockets.mjs";
import { distinct } from "./turns.mjs";

export const title = "Overload";

export const about = `First the core alone, in virtual time: a simulation draws clients that arrive, wait, give up and try again, and asks
the core as a loop does. The same seeds give the same clients to each order of the queue. Then servers with real sockets, and clients in
another process that leave after 0.3 s; and health checks of a loop that is full, or is stopping.`;

export const peers = OVERLOAD_PEER_NAMES;

/** @param {import("./result.mjs").Context} context */
export async function run(context) {
  const { only, progress } = context;
  const [tables, skipped] = [[], []];
  const wants = (id) => !only || only.includes(id);
  const say = (id) => (text) => progress(`${id} · ${text}`);
  const virtual = ["overload-orders", "overload-calm", "overload-answers", "overload-fairness"].filter(wants);
  if (virtual.length > 0) {
    // Only now, because they need the built package
    const { orders } = await import("./overload/orders.mjs");
    const { answers } = await import("./overload/answers.mjs");
    const { calm } = await import("./overload/calm.mjs");
    const { fairness } = await import("./overload/fairness.mjs");
    if (wants("overload-orders")) tables.push(orders({ ...context, progress: say("overload-orders") }));
    if (wants("overload-calm")) tables.push(calm({ ...context, progress: say("overload-calm") }));
    if (wants("overload-answers")) tables.push(answers({ ...context, progress: say("overload-answers") }));
    if (wants("overload-fairness")) tables.push(fairness({ ...context, progress: say("overload-fairness") }));
  }
  for (const [id, measure] of [
    ["overload", sockets],
    ["overload-health", health],
  ]) {
    if (!wants(id)) continue;
    const { table, skipped: left } = await measure({ ...context, progress: say(id) });
    tables.push(table);
    skipped.push(...left);
  }
  return { tables, skipped: distinct(skipped) };
}
