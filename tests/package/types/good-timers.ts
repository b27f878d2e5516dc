// Users' code with the timers: every line must compile. It is not run.

import { type Timeout, clearInterval, clearTimeout, setInterval, setTimeout } from "wasm-ioloop/timers";
import {
  type TimerOptions,
  setInterval as setIntervalPromise,
  setTimeout as setTimeoutPromise,
} from "wasm-ioloop/timers/promises";

// oxlint-disable typescript/no-unnecessary-type-parameters -- the way to compare types
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function same<A, B>(_proof: Same<A, B>): void {}

export async function timers(signal: AbortSignal): Promise<void> {
  const timer: Timeout = setTimeout(() => {}, 5);
  const asOfNode: NodeJS.Timeout = timer;
  setTimeout((a, b) => same<[typeof a, typeof b], [number, string]>(true), 5, 1, "b");
  setTimeout(function () {
    this.refresh();
  });
  setInterval(async () => {}, 5)
    .unref()
    .ref()
    .close();
  same<typeof timer.hasRef, () => boolean>(true);
  await new Promise((resolve) => setTimeout(resolve, 5));
  await new Promise<void>((resolve) => void setInterval(resolve, 5));
  const number: number = +timer;
  for (const what of [timer, number, String(number), undefined, null]) clearTimeout(what);
  clearInterval();
  clearInterval(timer);
  asOfNode.refresh();
  const options: TimerOptions = { signal, ref: false };
  const nothing: void = await setTimeoutPromise(5);
  const text: string = await setTimeoutPromise(5, "text", options);
  for await (const value of setIntervalPromise(5, 7, { signal: undefined })) same<typeof value, number>(true);
  console.log(nothing, text);
}
