// The events of a stream, and which errors are none.

export type StreamEvents = {
  /** Data has arrived. */
  read: [chunk: Buffer];
  /** Data has been handed to the system. */
  write: [chunk: Buffer];
  /** All that was written has been handed to the system. */
  drain: [];
  /** Nothing came or went for `timeout` seconds; the stream closes next. */
  timeout: [];
  /** Reading or writing failed; the stream closes next. */
  error: [error: Error];
  /** The stream is closed. Exactly once, and the last of all. */
  close: [];
};

// The last is what Bun gives who answers something that was read before the peer had gone.
const GONE = new Set(["ECONNRESET", "EPIPE", "ECONNABORTED", "ERR_SOCKET_CLOSED"]);

/** Whether an error says only that the peer has gone: a close, as far as a stream is concerned. */
export function isGone(error: Error): boolean {
  return GONE.has((error as NodeJS.ErrnoException).code ?? "");
}
