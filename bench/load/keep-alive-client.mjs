// A client of HTTP/1.1 that keeps its connection, sends one request at a time, and says of each what became of it.
//
// It is written on plain sockets: it must know whether a request was the first of its connection, and must never send one again
// by itself, as clients do that hide failures.

import { connect } from "node:net";

/**
 * What became of a request. `status` when it was answered, to the last byte; otherwise `code`: that of the error, or `closed`.
 * @typedef {{ status?: number, code?: string, isFirst: boolean }} Outcome `isFirst`: of its connection
 */

/** @param {import("node:net").TcpNetConnectOpts} address */
export function keepAliveClient(address) {
  let connection;
  return {
    /**
     * Sends a request, on the connection that was kept if there is one. With one at a time, the next may be sent in the callback.
     * @param {string} path
     * @param {(outcome: Outcome) => void} done
     */
    ask(path, done) {
      const isFirst = !connection?.isOpen;
      if (isFirst) connection = new Connection(address);
      connection.ask(path, (outcome) => done({ ...outcome, isFirst }));
    },
  };
}

class Connection {
  /** Whether the next request may be sent on it. */
  isOpen = true;
  #code = "closed";
  #done;
  #socket;
  #text = "";

  constructor(address) {
    const socket = connect({ ...address, noDelay: true });
    socket.setEncoding("latin1");
    socket.on("data", (text) => this.#received(text));
    socket.on("end", () => (this.isOpen = false));
    socket.on("error", ({ code }) => (this.#code = code));
    socket.on("close", () => {
      this.isOpen = false;
      this.#finish({ code: this.#code });
    });
    this.#socket = socket;
  }

  ask(path, done) {
    this.#done = done;
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
  }

  #received(text) {
    this.#text += text;
    const answer = answerIn(this.#text);
    if (!answer) return;
    this.#text = "";
    // Also what was not asked for: a server may say 408 as it closes a connection
    if (answer.closes || !this.#done) {
      this.isOpen = false;
      this.#socket.end();
    }
    this.#finish({ status: answer.status });
  }

  #finish(outcome) {
    const done = this.#done;
    this.#done = undefined;
    done?.(outcome);
  }
}

/** The answer that a text is; undefined while it is not whole. Throws when it is none, or more than one. */
export function answerIn(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const closes = /^connection: *close/im.test(head);
  // What is closed behind its head needs no length
  const bytes = length ?? (closes && status !== "200" ? 0 : undefined);
  if (status === undefined || bytes === undefined) throw new Error(`no answer with a length: ${head}`);
  const missing = end + 4 + Number(bytes) - text.length;
  if (missing < 0) throw new Error(`more than one answer: ${text}`);
  return missing === 0 ? { status: Number(status), closes } : undefined;
}
