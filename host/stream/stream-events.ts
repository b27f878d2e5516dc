// The events of a stream, and the facts that it prints about itself.

import { namesOf } from "../base/event-emitter.ts";
import { ReactorPart } from "../reactor/emitters.ts";

export interface StreamEvents {
  /** Data was received. */
  read: [chunk: Buffer];
  /** A chunk has been handed to the system. */
  write: [chunk: Buffer];
  /** All that was written has been handed to the system. */
  drain: [];
  /** The peer has ended its side, and the stream is `halfOpen`: it can write until `end` or `close` is called. */
  end: [];
  /** No byte was received or sent for `timeout` seconds; the stream closes next. */
  timeout: [];
  /** Reading or writing failed; the stream closes next. */
  error: [error: NodeJS.ErrnoException];
  /** The stream is closed. Emitted exactly once, as the last event. */
  close: [];
}

/** The base of class Stream that declares its events, and the members that `facts` prints. */
export abstract class StreamEmitter extends ReactorPart<StreamEvents> {
  /** @internal */
  static override readonly events: readonly string[] = /* @__PURE__ */ namesOf<StreamEvents>({
    read: true,
    write: true,
    drain: true,
    end: true,
    timeout: true,
    error: true,
    close: true,
  });

  /** Whether it has started and not closed. @internal */
  abstract get isOpen(): boolean;
  abstract get remoteAddress(): string | undefined;
  abstract get remotePort(): number | undefined;
  abstract get timeout(): number;
  abstract get bytesRead(): number;
  abstract get bytesWritten(): number;
  abstract get bytesWaiting(): number;

  /** Makes no socket, and does not count as activity. @internal */
  override facts(): Record<string, unknown> {
    const { remoteAddress, remotePort, timeout, bytesRead, bytesWritten, bytesWaiting } = this;
    return { isOpen: this.isOpen, remoteAddress, remotePort, timeout, bytesRead, bytesWritten, bytesWaiting };
  }

  /** @internal */
  protected override get isUsed(): string {
    return "stream has started";
  }
}
