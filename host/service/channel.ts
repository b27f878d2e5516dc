// The messages between the manager and its workers, over the channel of the cluster. Other messages of the program pass beside them.

import { text } from "../base/show.ts";

/** Why a worker asks to be replaced. */
export type Reason = "accepts" | "memory";

/** Free ports by server: address and order. */
export type Ports = Readonly<Record<string, number>>;

/** A message of a worker. */
export type Report =
  /** It is alive. `replace`: it asks for a successor. `ends`: its loop has begun to stop. */
  | { readonly is: "heartbeat"; readonly replace?: Reason | undefined; readonly ends: boolean }
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

/** The message in what was received; undefined for messages of the program. */
export function received(message: unknown): Report | Order | undefined {
  if (typeof message !== "object" || message === null || !Object.hasOwn(message, NAME)) return undefined;
  return (message as Record<string, Report | Order>)[NAME];
}

/** An error in words, for the manager: with its stack. Never throws. */
export function describe(error: unknown): string {
  try {
    const { stack, message } = error as Partial<Error>;
    if (typeof stack !== "string") return text(error);
    // In some runtimes the stack has no message.
    return typeof message === "string" && !stack.includes(message) ? `${message}\n${stack}` : stack;
  } catch {
    return text(error);
  }
}

function nothing(): void {
  // Nobody waits for it.
}
