// Web handlers, `fetch(request)`, on a server of node:http: requests and responses are streams, with back-pressure both ways.

import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { setImmediate } from "../base/runtime.ts";
import { show } from "../base/show.ts";
import { RequestBody } from "./program-body.ts";
import { type Failed, answerFailure, answerWith } from "./program-failure.ts";
import { isWebResponse } from "./program-handler.ts";

/** What a web handler gets besides the request: the objects of node:http, under the names that Hono gives them. */
export interface NodeObjects {
  readonly incoming: IncomingMessage;
  readonly outgoing: ServerResponse;
}

/** A web handler. */
export type FetchHandler = (request: Request, node: NodeObjects) => unknown;

type Reader = ReadableStreamDefaultReader<Uint8Array>;

// fetch has no requests with these methods.
const FORBIDDEN = new Set(["TRACE", "TRACK", "CONNECT"]);
const HOST = /^[^\s/?#@\\]+$/;

// On Node a signal is no longer aborted when its Request has been collected, and a handler may keep only the signal.
const pending = new Set<Request>();

/** A listener for the `request` event of a server. Errors of the handler go to `failed`, and the client gets status 500. */
export function webListener(fetch: FetchHandler, failed: Failed): RequestListener {
  return (incoming, outgoing) => void answer(fetch, incoming, outgoing, failed);
}

async function answer(
  fetch: FetchHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  failed: Failed,
): Promise<void> {
  const left = new AbortController();
  const gone = left.signal;
  let request: Request | undefined;
  let isSent = false;
  outgoing.on("finish", () => (isSent = true));
  outgoing.on("close", () => {
    if (!isSent) left.abort(new DOMException("The client has disconnected", "AbortError"));
    if (request) pending.delete(request);
  });
  outgoing.on("error", () => {}); // of writing to a client that has gone; `close` follows
  if (FORBIDDEN.has(incoming.method ?? "")) return answerWith(outgoing, 501, "Not Implemented");
  let body: RequestBody | undefined;
  try {
    const url = urlOf(incoming);
    if (hasBody(incoming)) body = new RequestBody(incoming);
    request = requestOf(incoming, url, body, gone);
  } catch {
    body?.release();
    return answerWith(outgoing, 400, "Bad Request"); // a wrong host, for example
  }
  pending.add(request);
  try {
    const response = await fetch(request, { incoming, outgoing });
    if (!isWebResponse(response)) throw new TypeError(`fetch must return a Response, not ${show(response)}`);
    await send(response, incoming.method === "HEAD", outgoing, gone);
  } catch (error) {
    const hasLeft = gone.aborted || (incoming.destroyed && !incoming.complete);
    const isOfClient = hasLeft && (error as Error | undefined)?.name === "AbortError";
    if (!gone.aborted) answerFailure(outgoing);
    // Handlers pass the signal on, so that it ends what they wait for.
    if (!isOfClient) failed(error);
  } finally {
    pending.delete(request);
    body?.release();
  }
}

function hasBody({ method, headers }: IncomingMessage): boolean {
  if (method === "GET" || method === "HEAD") return false; // fetch has no such requests with a body
  return headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;
}

// The address of a request. Nothing of it is trusted but what the client has sent itself: no `X-Forwarded-…`.
function urlOf({ url = "/", headers, rawHeaders, socket }: IncomingMessage): string {
  const scheme = (socket as { encrypted?: boolean }).encrypted ? "https" : "http";
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === "host");
  if (hosts.length > 1) throw new TypeError("more than one host"); // a proxy may have chosen the other one
  if (/^https?:\/\//i.test(url)) {
    const { host, pathname, search } = new URL(url);
    return `${scheme}://${host}${pathname}${search}`;
  }
  const host = headers.host ?? (headers[":authority"] as string | undefined) ?? hostOf(socket);
  if (!HOST.test(host)) throw new TypeError("invalid host");
  // Not as a URL relative to the host: `//other.example/` would lead elsewhere.
  return new URL(`${scheme}://${host}${url.startsWith("/") ? "" : "/"}${url}`).href;
}

function hostOf({ localAddress, localPort }: IncomingMessage["socket"]): string {
  if (localAddress === undefined) return "localhost"; // a UNIX domain socket
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${localPort}`;
}

function requestOf(
  incoming: IncomingMessage,
  url: string,
  body: RequestBody | undefined,
  signal: AbortSignal,
): Request {
  const headers = new Headers();
  const { rawHeaders, method = "GET" } = incoming;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (!name.startsWith(":")) headers.append(name, rawHeaders[at + 1]!);
  }
  const init = { method, headers, signal, ...(body && { body: body.stream, duplex: "half" }) };
  return new Request(url, init);
}

async function send(response: Response, isHead: boolean, outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  const { body, headers, status, statusText } = response;
  if (outgoing.headersSent) return body?.cancel(); // the handler has answered by `outgoing`
  if (status < 200) throw new RangeError(`fetch must return a Response with a status from 200, not ${status}`);
  if (body && response.bodyUsed) throw new TypeError("fetch has returned a Response whose body has been read");
  outgoing.statusCode = status;
  outgoing.strictContentLength = true; // a body of another length would run into the next answer
  if (statusText !== "") outgoing.statusMessage = statusText;
  for (const [name, value] of headers) if (name !== "set-cookie") outgoing.setHeader(name, value);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) outgoing.setHeader("set-cookie", cookies);
  if (gone.aborted || isHead || !body) {
    if (!gone.aborted) outgoing.end();
    return body?.cancel(gone.reason);
  }
  await pump(body.getReader(), outgoing, gone);
}

// Sends a body. If it is a single chunk that is there already, the answer gets a Content-Length.
async function pump(reader: Reader, outgoing: ServerResponse, gone: AbortSignal): Promise<void> {
  const cancel = (): void => void reader.cancel(gone.reason).catch(() => {});
  gone.addEventListener("abort", cancel, { once: true });
  try {
    const begun = reader.read();
    if (!(await isSoon(begun))) outgoing.flushHeaders();
    let chunk = await begun;
    if (chunk.done) return end(outgoing, gone);
    let next: ReturnType<Reader["read"]> | undefined = reader.read();
    if ((await isSoon(next)) && (await next).done) return end(outgoing, gone, chunk.value);
    while (!chunk.done && !gone.aborted) {
      if (chunk.value.length > 0 && !outgoing.write(chunk.value)) await drained(outgoing);
      chunk = await (next ?? reader.read());
      next = undefined;
    }
    end(outgoing, gone);
  } catch (error) {
    cancel();
    throw error;
  } finally {
    gone.removeEventListener("abort", cancel);
  }
}

function end(outgoing: ServerResponse, gone: AbortSignal, last?: Uint8Array): void {
  if (!gone.aborted) outgoing.end(last);
}

// Whether a promise settles before the runtime looks at its sockets again.
function isSoon(promise: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve) => {
    const settled = (): void => resolve(true);
    promise.then(settled, settled);
    setImmediate!(() => resolve(false));
  });
}

// Resolves when more can be written, or the client has gone.
function drained(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const over = (): void => {
      outgoing.off("drain", over);
      outgoing.off("close", over);
      resolve();
    };
    outgoing.on("drain", over);
    outgoing.on("close", over);
  });
}
