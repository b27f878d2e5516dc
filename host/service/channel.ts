// The messages between the manager and its workers, over the channel of the cluster. Other messages of the program pass beside them.

import { PORT } from "../base/checks.ts";
import { shortened } from "../base/printable.ts";
import { text } from "../base/show.ts";
import { ownFrames } from "./frames.ts";

/** Why a worker asks to be replaced. */
export type Reason = "accepts" | "memory";

/** Free ports by server: address and order. */
export type Ports = Readonly<Record<string, number>>;

/** A message of a worker. */
export type Report =
  /** It is alive. `replace`: it asks for a successor. `bytes`: how large it was then. `ends`: its loop has begun to stop. */
  | {
      readonly is: "heartbeat";
      readonly replace?: Reason | undefined;
      readonly bytes?: number | undefined;
      readonly ends: boolean;
    }
  /** The free ports that it has got, before its first heartbeat. */
  | { readonly is: "ports"; readonly ports: Ports }
  /** Its servers have closed. */
  | { readonly is: "closed" }
  /** The error that ends it. */
  | { readonly is: "failure"; readonly error: string };

/** A message of the manager: begin to end; accept no more. */
export interface Order {
  readonly is: "finish" | "close";
}

const NAME = "wasm-ioloop/prefork";
const KINDS: ReadonlySet<unknown> = new Set(["heartbeat", "ports", "closed", "failure", "finish", "close"]);
const LONGEST = 8000; // characters of an error

interface Channel {
  readonly connected?: boolean | undefined;
  send?(message: unknown, ...more: unknown[]): boolean;
}

/** Sends a message. Calls back when it has been sent, or cannot be. Never throws. */
export function send(channel: Channel, message: Report | Order, sent: () => void = nothing): void {
  try {
    if (channel.connected !== true || !channel.send) return sent();
    channel.send({ [NAME]: message }, undefined, undefined, () => sent()); // without a callback, errors would be emitted
  } catch {
    sent(); // the other side has just gone
  }
}

/**
 * The message in what was received; undefined for messages of the program. A worker runs foreign code, and may be of another version: what it
 * sends is checked.
 */
export function received(message: unknown): Report | Order | undefined {
  if (!isObject(message) || !Object.hasOwn(message, NAME)) return undefined;
  const it = message[NAME];
  if (!isObject(it) || !KINDS.has(it["is"])) return undefined;
  const { is, error, ports, replace, bytes, ends } = it;
  if (is === "heartbeat") {
    const isReason = replace === "accepts" || replace === "memory";
    const size = typeof bytes === "number" && Number.isFinite(bytes) ? bytes : undefined;
    return { is, replace: isReason ? replace : undefined, bytes: size, ends: ends === true };
  }
  if (is === "failure") return { is, error: shortened(text(error), LONGEST) };
  if (is === "ports" && !(isObject(ports) && Object.values(ports).every(isPort))) return undefined;
  return it as unknown as Report | Order;
}

/** An error in words, for the manager: with the frames of the program, not longer than a log can take. Never throws. */
export function describe(error: unknown): string {
  return shortened(described(error), LONGEST);
}

function described(error: unknown): string {
  try {
    const { stack, message } = error as Partial<Error>;
    if (typeof stack !== "string") return text(error);
    // In some runtimes the stack has no message.
    return ownFrames(typeof message === "string" && !stack.includes(message) ? `${message}\n${stack}` : stack);
  } catch {
    return text(error);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isPort(value: unknown): boolean {
  return typeof value === "number" && PORT.range!(value as never);
}

function nothing(): void {
  // Nobody waits for it.
}
