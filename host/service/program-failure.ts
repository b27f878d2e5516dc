// The answer to a request whose handler has failed.

import type { ServerResponse } from "node:http";

/** Receives an error of a handler. */
export type Failed = (error: unknown) => void;

/** Answers with a status and its text. If an answer has begun, cuts it off, so that the client sees that it is not complete. */
export function answerWith(outgoing: ServerResponse, status: number, text: string): void {
  if (outgoing.writableEnded) return;
  if (outgoing.headersSent) return void outgoing.destroy();
  // All that the handler has set belongs to its answer; only `Connection` is about the connection.
  for (const name of outgoing.getHeaderNames()) if (name !== "connection") outgoing.removeHeader(name);
  outgoing.statusCode = status;
  outgoing.statusMessage = text;
  outgoing.setHeader("content-type", "text/plain; charset=utf-8");
  outgoing.end(`${text}\n`);
}

/** Answers with status 500. */
export function answerFailure(outgoing: ServerResponse): void {
  answerWith(outgoing, 500, "Internal Server Error");
}
