// How a stream has ended, for those who ask later, or wait for it. In maps: few streams have an error, and few are waited for.

import type { LoopEngine } from "../engine/loop-engine.ts";
import { type CloseReason, errorFor } from "./close-reason.ts";
import { isClosed } from "./consumer.ts";

/** A stream that may have closed. */
export interface Closable {
  readonly engine: LoopEngine;
  readonly closeReason: CloseReason | undefined;
}

const errors = new WeakMap<object, Error>();
const watchers = new WeakMap<object, Set<() => void>>();

/** Called when a stream has closed, with the error of the runtime if there is one. */
export function tellClosed(stream: Closable, error?: Error): void {
  if (error) errors.set(stream, error);
  const all = watchers.get(stream);
  if (!all) return;
  watchers.delete(stream);
  for (const watcher of all) stream.engine.guard.run("close", watcher);
}

/** Calls back once, when an open stream closes. Returns a function that cancels this. */
export function whenClosed(stream: Closable, watcher: () => void): () => void {
  const all = watchers.get(stream) ?? new Set();
  watchers.set(stream, all.add(watcher));
  return () => {
    all.delete(watcher);
    if (all.size === 0 && watchers.get(stream) === all) watchers.delete(stream);
  };
}

/** The error that a closed stream has ended with; undefined after a normal end, or while it is open. */
export function errorOf(stream: Closable): Error | undefined {
  const { closeReason } = stream;
  if (closeReason === undefined || closeReason === "local" || closeReason === "peer") return undefined;
  const known = errorFor(closeReason, errors.get(stream));
  return known ?? (closeReason === "error" ? isClosed("stream") : undefined);
}

/** The error of a call that needs an open stream. `what` is the called method. */
export function errorOfClosed(stream: Closable, what: string): Error {
  return errorOf(stream) ?? isClosed(what);
}

/** Resolves with the reason when the stream has closed. */
export function closed(stream: Closable): Promise<CloseReason> {
  const { closeReason } = stream;
  if (closeReason !== undefined) return Promise.resolve(closeReason);
  return new Promise((resolve) => {
    whenClosed(stream, () => resolve(stream.closeReason!));
  });
}
