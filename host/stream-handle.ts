// What a stream does with its handle: hear it, and let it go.

import type { Duplex } from "node:stream";
import { IOLoopError } from "./errors.ts";

/** What a stream can be made of: a `net.Socket`, a `tls.TLSSocket`, or any Duplex of the runtime. */
export type StreamHandle = Duplex & { destroySoon?(): void; ref?(): unknown; unref?(): unknown };

/** Who hears a handle. */
export interface Listener {
  received(chunk: Buffer): void;
  failed(error: Error): void;
  /** The handle is closed, or, with `ended`, the peer has ended its side. */
  closed(ended: boolean): void;
}

const LISTENER: unique symbol = Symbol("listener");
const HALF_OPEN: unique symbol = Symbol("half open");

type Heard = StreamHandle & { [LISTENER]?: Listener | undefined; [HALF_OPEN]?: boolean };

// Shared by all streams, and led to the right one by the handle: no closures for each connection.
const EVENTS: readonly [string, (this: Heard, argument: never) => void][] = [
  [
    "data",
    function (this: Heard, chunk: Buffer): void {
      this[LISTENER]?.received(chunk);
    },
  ],
  [
    "end",
    function (this: Heard): void {
      this[LISTENER]?.closed(true);
    },
  ],
  [
    "error",
    function (this: Heard, error: Error): void {
      this[LISTENER]?.failed(error);
    },
  ],
  [
    "close",
    function (this: Heard): void {
      this[LISTENER]?.closed(false);
    },
  ],
];

/** Hears a handle, which then is paused. One at a time. */
export function hear(handle: Heard, listener: Listener): void {
  if (handle[LISTENER]) throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", "The handle belongs to another stream");
  handle[LISTENER] = listener;
  handle[HALF_OPEN] = handle.allowHalfOpen;
  handle.allowHalfOpen = true; // what is queued is written even when the peer has ended its side
  handle.pause(); // or "data" would set it flowing
  for (const [event, hears] of EVENTS) handle.on(event, hears as () => void);
}

/** Hears a handle no more. */
export function unhear(handle: Heard): void {
  handle[LISTENER] = undefined;
  handle.allowHalfOpen = handle[HALF_OPEN] ?? false;
  for (const [event, hears] of EVENTS) handle.off(event, hears as () => void);
}

/** Closes a handle nobody hears any more: at once, or when what it was given has been sent. */
export function release(handle: StreamHandle, gracefully: boolean): void {
  handle.on("error", () => {
    // It is being closed; there is nobody to tell.
  });
  if (!gracefully) handle.destroy();
  else if (handle.destroySoon) handle.destroySoon();
  else handle.end(() => handle.destroy());
}
