// Shared by all servers that are stopped under load: they answer after the requested time, and keep a list of the requests that they began.
//
// Arguments of each: WAY LOG, how to stop at SIGTERM, and the file for that list.

import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";

const WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const GOING_AWAY = Buffer.from([0x88, 2, 0x03, 0xe9]); // the frame that closes a WebSocket: 1001

const [way, log] = process.argv.slice(2);
const list = openSync(log, "a");
const upgraded = new Set();

/** How to stop. */
export const WAY = way;

/** Seconds after which remaining connections are closed, in all servers that have such a limit. */
export const LIMIT_SECONDS = 5;

/** The answer. */
export const BODY = "x".repeat(64);

/** Records a request by its path, /ID/MILLISECONDS. Returns after how many milliseconds to answer. Writes synchronously, so that the record survives if the process is killed. */
export function begin(path) {
  const [, id, after] = path.split("/");
  writeSync(list, `${id}\n`);
  return Number(after);
}

/** Answers a request of `node:http`. */
export function handler(request, response) {
  const after = begin(request.url);
  setTimeout(() => response.end(BODY), after);
}

/** Turns a connection of `node:http` into a WebSocket, which sends nothing. */
export function upgrade(request, socket) {
  const key = request.headers["sec-websocket-key"] + WEBSOCKET;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  upgraded.add(socket);
  socket.on("data", () => socket.end()); // the only input: the answer to the close frame
  socket.on("error", () => socket.destroy());
  socket.on("close", () => upgraded.delete(socket));
}

/** Closes WebSockets, which every program has to do itself. */
export function closeUpgraded() {
  for (const socket of upgraded) socket.write(GOING_AWAY);
}
