// What servers have in common that are stopped under load: they answer when they are asked to, and keep a list of the requests they began.
//
// Each is called with WAY LOG: how it stops at SIGTERM, and the file for that list.

import { createHash } from "node:crypto";
import { openSync, writeSync } from "node:fs";

const WEBSOCKET = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const GOING_AWAY = Buffer.from([0x88, 2, 0x03, 0xe9]); // the frame that closes a WebSocket: 1001

const [way, log] = process.argv.slice(2);
const list = openSync(log, "a");
const upgraded = new Set();

/** How to stop. */
export const WAY = way;

/** Seconds after which what is left is cut off, in all that have such a limit. */
export const LIMIT_SECONDS = 5;

/** The answer. */
export const BODY = "x".repeat(64);

/** Notes that a request has come, by its path, /ID/MILLISECONDS. Gives after how many milliseconds to answer. It is in the file at once, so that it is there when the process is killed. */
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

/** Makes a connection of `node:http` a WebSocket, which says nothing. */
export function upgrade(request, socket) {
  const key = request.headers["sec-websocket-key"] + WEBSOCKET;
  const accept = createHash("sha1").update(key).digest("base64");
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  upgraded.add(socket);
  socket.on("data", () => socket.end()); // the only thing that comes: the answer to the frame that closes it
  socket.on("error", () => socket.destroy());
  socket.on("close", () => upgraded.delete(socket));
}

/** Closes WebSockets, as each program has to by itself. */
export function closeUpgraded() {
  for (const socket of upgraded) socket.write(GOING_AWAY);
}
