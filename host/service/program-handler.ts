// Handlers of node:http, `(request, response)`: what one throws ends its request, and not the process.

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { isThenable } from "../base/deferred.ts";
import { type Failed, answerFailure } from "./program-failure.ts";

/** A handler of node:http, which may be async. */
export type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

/** A listener for the `request` event of a server. Errors of the handler go to `failed`, and the client gets status 500. */
export function guarded(handler: Handler, failed: Failed): RequestListener {
  return (request, response) => {
    const fail = (error: unknown): void => {
      answerFailure(response);
      failed(error);
    };
    const returned = (value: unknown): void => {
      if (isWebResponse(value)) fail(new TypeError(RETURNS));
    };
    try {
      const value = handler(request, response);
      if (isThenable(value)) value.then(returned, fail);
      else returned(value);
    } catch (error) {
      fail(error);
    }
  };
}

const RETURNS =
  "the handler has returned a Response, but a function that is exported as default gets (request, response) of node:http; " +
  "export it as `fetch`: export const fetch = (request) => new Response()";

/** Whether a value is a web Response: by its members, because libraries have classes of their own. */
export function isWebResponse(value: unknown): value is Response {
  if (typeof value !== "object" || value === null) return false;
  const { status, headers } = value as Partial<Response>;
  return typeof status === "number" && typeof headers?.getSetCookie === "function" && "body" in value;
}
