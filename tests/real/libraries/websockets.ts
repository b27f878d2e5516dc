// ws and Socket.IO behind a loop with few slots: each client keeps its connection, gets answers, and disconnects.

import http from "node:http";
import { library } from "./install.ts";
import { type Check, SLOTS, crowd, expect, loopOf, portOf, until, within } from "./scenario.ts";

const MESSAGES = 5;
const CLIENTS_THAT_POLL = 3;

/** WebSockets of `ws`, by upgraded connections of an HTTP server. */
export async function ws(check: Check): Promise<void> {
  const { WebSocket, WebSocketServer } = await library("ws");
  await crowd(
    check,
    "ws",
    (loop, inside) => {
      const server = http.createServer();
      inside.watch(server);
      const sockets = new WebSocketServer({ server });
      sockets.on("connection", (socket: any) => {
        socket.on("message", (message: Buffer) => socket.send(`echo ${message.toString()}`));
      });
      return { id: loop.serve(server, {}) };
    },
    (port, index, full) =>
      new Promise<void>((resolve, reject) => {
        const socket = new WebSocket(`ws://127.0.0.1:${port}/`);
        let received = 0;
        socket.on("open", () => socket.send(`0 of ${index}`));
        socket.on("message", (message: Buffer) => {
          if (message.toString() !== `echo ${received} of ${index}`) reject(new Error(`got ${message.toString()}`));
          received++;
          if (received === MESSAGES) full().then(() => socket.close(), reject);
          else socket.send(`${received} of ${index}`);
        });
        socket.on("error", reject);
        socket.on("close", () => (received === MESSAGES ? resolve() : reject(new Error(`closed after ${received}`))));
      }),
  );
}

/** Socket.IO, by WebSocket alone: with polling, a client needs a second connection while the first one waits for an answer. */
export async function socketIo(check: Check): Promise<void> {
  const [{ Server }, { io }] = await Promise.all([library("socket.io"), library("socket.io-client")]);
  let sockets: any;
  await crowd(
    check,
    "socket.io",
    (loop, inside) => {
      const server = http.createServer();
      inside.watch(server);
      sockets = new Server(server);
      sockets.on("connection", (socket: any) => {
        socket.on("ask", (text: string, answer: (text: string) => void) => answer(`echo ${text}`));
      });
      return { id: loop.serve(server, {}), end: () => sockets.engine.close() };
    },
    async (port, index, full) => {
      const options = { transports: ["websocket"], forceNew: true, reconnection: false, timeout: 30_000 };
      const socket = io(`http://127.0.0.1:${port}`, options);
      try {
        await new Promise<void>((resolve, reject) => {
          socket.on("connect", resolve);
          socket.on("connect_error", reject);
        });
        for (let i = 0; i < MESSAGES; i++) {
          expect(
            "answer",
            await socket.timeout(10_000).emitWithAck("ask", `${i} of ${index}`),
            `echo ${i} of ${index}`,
          );
        }
        await full();
      } finally {
        socket.disconnect();
      }
    },
  );
}

/** Socket.IO with its defaults: it begins with polling, and changes to a WebSocket. */
export async function socketIoPolling(check: Check): Promise<void> {
  const [{ Server }, { io }] = await Promise.all([library("socket.io"), library("socket.io-client")]);
  const { loop, errors } = loopOf({ maxConnections: SLOTS });
  const server = http.createServer();
  const sockets = new Server(server);
  sockets.on("connection", (socket: any) => {
    socket.on("ask", (text: string, answer: (text: string) => void) => answer(`echo ${text}`));
  });
  const port = portOf(loop, loop.serve(server, {}));
  const running = loop.start();
  const transports: string[] = [];
  // One after the other, as a client that polls needs two connections.
  for (let index = 0; index < CLIENTS_THAT_POLL; index++) {
    const socket = io(`http://127.0.0.1:${port}`, { forceNew: true, reconnection: false });
    await within(20, "a client connects", new Promise((resolve) => socket.on("connect", resolve)));
    await until(() => socket.io.engine.transport.name === "websocket", "it changes to a WebSocket");
    expect("answer", await socket.timeout(10_000).emitWithAck("ask", `${index}`), `echo ${index}`);
    transports.push(socket.io.engine.transport.name);
    socket.disconnect();
  }
  sockets.engine.close();
  const ended = await within(20, "the loop stops", loop.stopGracefully({ timeout: 10 })).then(
    () => "stopped",
    (error: unknown) => String(error),
  );
  loop.reset();
  await running;
  check(
    transports.length === CLIENTS_THAT_POLL && ended === "stopped" && errors.length === 0,
    `socket.io from polling on: ${transports.length} of ${CLIENTS_THAT_POLL} clients served, ${ended}${errors.join("; ")}`,
  );
}
