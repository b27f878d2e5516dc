// HTTP/1 clients of the runtime.

import http from "node:http";
import https from "node:https";
import { expect } from "./scenario.ts";

const LARGE = 200_000;

/** Sends a request with a body. Resolves with the body of the answer. */
export function post(
  options: http.RequestOptions & https.RequestOptions,
  body: string,
  path = "/echo",
): Promise<{ status: number; text: string; headers: http.IncomingHttpHeaders }> {
  return new Promise((resolve, reject) => {
    const headers = { "content-type": "text/plain", "content-length": Buffer.byteLength(body) };
    const { request } = options.ca === undefined ? http : https;
    const sent = request({ host: "127.0.0.1", method: "POST", path, headers, ...options }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("aborted", () => reject(new Error("the answer was cut off")));
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          text: Buffer.concat(chunks).toString(),
          headers: response.headers,
        }),
      );
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/** A client that sends three requests over one connection, the last one with a large body, and then disconnects. */
export async function visit(port: number, index: number, full: () => Promise<void>, ca?: string): Promise<void> {
  const options = { keepAlive: true, maxSockets: 1 };
  const agent = ca === undefined ? new http.Agent(options) : new https.Agent(options);
  const where = ca === undefined ? { port, agent } : { port, agent, ca, servername: "localhost" };
  try {
    for (const body of [`first of ${index}`, `second of ${index}`, String(index % 10).repeat(LARGE)]) {
      const { status, text } = await post(where, body);
      expect("status", status, 200);
      expect("body", text, body);
    }
    await full();
  } finally {
    agent.destroy();
  }
}

/** A handler that answers with the body of the request. */
export function echo(request: http.IncomingMessage, response: http.ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on("data", (chunk: Buffer) => chunks.push(chunk));
  request.on("end", () => response.end(Buffer.concat(chunks)));
}
