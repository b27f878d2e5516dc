// An HTTP/1.1 client that keeps its connection, sends one request at a time, and reports the outcome of each.
//
// It uses plain sockets, because it must know whether a request was the first of its connection, and must never retry one by
// itself, as clients that hide failures do.

import { connect } from "node:net";

/**
 * The outcome of a request: `status` if it was answered completely; otherwise `code`, that of the error, or `closed`.
 * @typedef {{ status?: number, code?: string, isFirst: boolean }} Outcome `isFirst`: of its connection
 */

/** @param {import("node:net").TcpNetConnectOpts} address */
export function keepAliveClient(address) {
  let connection;
  return {
    /**
     * Sends a request, on the open connection if there is one. Only one at a time; the next may be sent in the callback.
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
    // Also unrequested data: a server may send 408 when it closes a connection
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

/** Parses an answer; undefined while it is incomplete. Throws if the text is not an answer, or more than one. */
export function answerIn(text) {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1];
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  const closes = /^connection: *close/im.test(head);
  // An answer that ends with the connection needs no length
  const bytes = length ?? (closes && status !== "200" ? 0 : undefined);
  if (status === undefined || bytes === undefined) throw new Error(`an answer without a length: ${head}`);
  const missing = end + 4 + Number(bytes) - text.length;
  if (missing < 0) throw new Error(`more than one answer: ${text}`);
  return missing === 0 ? { status: Number(status), closes } : undefined;
}
