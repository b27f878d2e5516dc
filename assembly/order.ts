// The order of admission: first come, first served; or adaptive, which serves the newest first while clients wait long.
//
// Under overload, first come, first served gives every slot to a client that has waited for longer than its patience lasts. So while the
// oldest has waited long, the newest is admitted: it is the one that is most likely still there. What is long is learned: from targetWait
// on, it gets longer as long as admitted clients are still there, and shorter when they have gone.
// I1  First come, first served, while no client waits for longer than targetWait and no queue overflows.
// I2  Adaptive: the newest is admitted only if the oldest has waited for longer than `boundary`, or a queue has overflowed within it.
// I3  targetWait <= boundary <= max(targetWait, min(50 * targetWait, waitTimeout / 12)). Only `found` moves it: up by at most 5 % for a client, down by 20 %.
// It never searches a queue: waiting.ts does.

// How many times targetWait the oldest may wait, at least. With the newest first, old clients cost nothing while there are new ones; evicting
// them early would lose those that could be served after the peak.
const PATIENCE: f64 = 50;
// And how many times `boundary`.
const LONGEST: f64 = 12;

let adaptive: bool = false;
let targetWait: f64 = 100; // ms
let boundary: f64 = 100; // ms: with a longer wait of the oldest, the newest is admitted
let overflowed: f64 = -Infinity; // when a queue was last full

/** Sets the order, and targetWait in ms, up to which clients are served in order of arrival. Learning starts again. */
export function set(isAdaptive: bool, target: f64): void {
  adaptive = isAdaptive;
  targetWait = boundary = target;
}

/** Whether the order is adaptive. */
export function isAdaptive(): bool {
  return adaptive;
}

/** Whether the newest client is admitted at `now`, if the oldest has waited since `since`. */
export function isNewestFirst(since: f64, now: f64): bool {
  return adaptive && (now - since > boundary || now - overflowed <= boundary);
}

/** A queue is full. */
export function overflow(now: f64): void {
  overflowed = now;
}

/** How long a client may wait, given the waitTimeout of its acceptor, in ms. */
export function patience(timeout: f64): f64 {
  return adaptive ? min(timeout, max(PATIENCE * targetWait, LONGEST * boundary)) : timeout;
}

/** Learns whether a client had gone that was admitted after a wait, given the waitTimeout of its acceptor. */
export function found(wait: f64, isGone: bool, timeout: f64): void {
  if (wait <= (isGone ? targetWait : boundary * 0.5)) return;
  const most = min(PATIENCE * targetWait, timeout / LONGEST);
  boundary = max(targetWait, min(most, boundary * (isGone ? 0.8 : 1.05)));
}
