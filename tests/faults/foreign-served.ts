// Servers of the runtime behind the scenario's loop, and their clients.

import http from "node:http";
import http2 from "node:http2";
import type { Socket } from "node:net";
import tls from "node:tls";
import type { IOLoop, Id, Stream } from "wasm-ioloop";
import type { Certificate } from "../support/certificates.ts";
import { isBun, isDeno, portOf } from "../support/harness.ts";
import { patchAll } from "./injector.ts";

/** What the servers ask of the scenario. */
interface Owner {
  readonly loop: IOLoop;
  /** Runs a task. An exception counts as reported. */
  attempt(task: () => unknown): void;
  /** Hears the errors of a stream. */
  hear(stream: Stream): void;
  /** Connects a client. */
  come(act: (socket: Socket) => void, port: number): void;
  /** Destroys a socket when the scenario ends. */
  keep(socket: Socket): void;
}

const GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const POST = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n";

/** An HTTP server, one of HTTP/2 and one of TLS. */
export class Served {
  readonly #owner: Owner;
  readonly #certificate: Certificate;
  readonly #ports = { http: 0, http2: 0, tls: 0 };
  readonly #sessions: http2.ClientHttp2Session[] = [];

  constructor(owner: Owner, certificate: Certificate) {
    this.#owner = owner;
    this.#certificate = certificate;
  }

  /** What may happen, in any order. */
  get actions(): (() => unknown)[] {
    const { loop } = this.#owner;
    const { port } = this.#serveHttp();
    this.#ports.http = port;
    this.#serveHttp2();
    this.#serveTls();
    return [
      () => this.#send(GET),
      () => this.#send(`${GET}${GET}${GET}`),
      () => this.#send(GET, (socket) => socket.on("data", () => socket.end())),
      () => this.#send(GET, (socket) => socket.once("data", () => socket.write(GET))),
      () => this.#send(GET.replace("/", "/slow"), (socket) => setTimeout(() => socket.resetAndDestroy(), 1)),
      () => this.#send(GET.replace("/", "/slow"), (socket) => socket.end()),
      () => this.#send("GET / HT"),
      () => this.#send("GET / HT", (socket) => socket.end()),
      () => this.#send("no request\r\n\r\n"),
      () => this.#send("", (socket) => socket.end()),
      () => this.#send(`${POST}\r\nbegin`),
      () => this.#send(`${POST}\r\n${"x".repeat(100_000)}${GET}`),
      () => this.#send(`${POST}Expect: 100-continue\r\n\r\n`),
      () => this.#send(`GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n`),
      () => {
        const { id } = this.#serveHttp();
        if (id !== undefined) this.#owner.attempt(() => loop.remove(id));
      },
      () => this.#ask(),
      () => this.#ask((session) => session.destroy()),
      () => this.#comeByTls(),
    ];
  }

  /** Closes the clients. */
  leave(): void {
    for (const session of this.#sessions) session.destroy();
  }

  #send(text: string, act: (socket: Socket) => void = () => {}): void {
    this.#owner.come((socket) => {
      if (text) socket.write(text);
      act(socket);
    }, this.#ports.http);
  }

  #serveHttp(): { id: Id | undefined; port: number } {
    const server = http.createServer((request, response) => {
      if (request.url === "/slow") setTimeout(() => response.end("late"), 3);
      else response.end("at once");
    });
    server.headersTimeout = 20;
    return this.#serve(server, () => {
      // In the middle, listeners come and go.
      server.on("upgrade", (_request, socket) => {
        socket.on("error", () => {}).write("upgraded");
        setTimeout(() => socket.end(), 3);
      });
      const expects = (_request: http.IncomingMessage, response: http.ServerResponse): void => {
        response.writeContinue();
        response.end("continued");
      };
      server.on("checkContinue", expects);
      server.off("checkContinue", expects);
    });
  }

  // Without TLS.
  #serveHttp2(): void {
    if (isDeno) return; // its client does not end in every case
    const server = http2.createServer((_request, response) => response.end("by HTTP/2"));
    server.on("session", (session) => patchAll(session)).on("sessionError", () => {});
    this.#ports.http2 = this.#serve(server).port;
  }

  #serveTls(): void {
    if (isBun) return; // there it cannot be given sockets
    const { cert, key } = this.#certificate;
    const server = tls.createServer({ cert, key }, (socket) => {
      socket.on("error", () => {}).on("data", () => socket.end("by TLS"));
    });
    this.#ports.tls = this.#serve(server.on("tlsClientError", () => {})).port;
  }

  #serve(server: Parameters<IOLoop["serve"]>[0], also = (): void => {}): { id: Id | undefined; port: number } {
    const { loop } = this.#owner;
    let id: Id | undefined;
    let port = 0;
    this.#owner.attempt(() => {
      id = loop.serve(server, {}, (_loop, stream) => this.#owner.hear(stream));
      port = portOf(loop, id);
      also();
    });
    return { id, port };
  }

  #ask(act: (session: http2.ClientHttp2Session) => void = () => {}): void {
    if (this.#ports.http2 === 0) return;
    const session = http2.connect(`http://127.0.0.1:${this.#ports.http2}`).on("error", () => {});
    this.#sessions.push(session);
    const stream = session.request({ ":path": "/" }).on("error", () => {});
    stream.on("response", () => act(session)).resume();
  }

  #comeByTls(): void {
    if (this.#ports.tls === 0) return;
    const socket = tls.connect({ port: this.#ports.tls, host: "127.0.0.1", rejectUnauthorized: false });
    this.#owner.keep(socket.on("error", () => {}).on("secureConnect", () => socket.write("by TLS")));
    socket.resume();
  }
}
