// One connection of an HTTP server behind the loop: whether a request is under way on it, and how it ends in a graceful stop.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2Session } from "node:http2";
import type { Duplex } from "node:stream";
import type { Id } from "../core/ids.ts";
import { nextTurn } from "../time/clock.ts";
import type { Borrower } from "../stream/lent.ts";
import type { Stream } from "../stream/stream.ts";
import type { AnyServer } from "./served.ts";

/** Seconds without a byte after which a connection between requests may be closed: no client pauses for longer in the middle of one. */
const SILENT = 0.1;
/** Seconds that the rest of a header has once accepting has ended. */
const HEADER = 1;

const TIMEOUT = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** What a connection asks of the drain of its server. */
export interface Drain {
  readonly server: AnyServer;
  /** Whether answers are to say `Connection: close`. */
  readonly isFinishing: boolean;
  forget(connection: HttpConnection): void;
}

type Socket = Duplex & { readonly bytesRead?: number; destroySoon(): void };

/** Follows a connection from request to request. */
export class HttpConnection implements Borrower {
  readonly stream: Stream;
  readonly #drain: Drain;
  #socket: Socket; // what the server reads: with TLS, the encrypted one
  #isOnTop = false; // of the stream's socket
  #requests = 0; // that are being answered
  #request: IncomingMessage | undefined; // the last one
  #response: ServerResponse | undefined; // to that
  #isLast = false; // the last answer is to say so, by us
  #mark = 0; // bytes read when the last request was over
  #wasEarly = false; // the last answer, given before the body had come: the mark is set after it
  #session: Http2Session | undefined;
  #isUpgraded = false;
  #settles = false; // its idle deadline is that of the drain
  #headerTimer: Id | undefined;

  constructor(drain: Drain, stream: Stream, socket: Socket) {
    this.#drain = drain;
    this.stream = stream;
    this.#socket = socket;
  }

  /** Whether a request is under way: its header has arrived whole, and its answer has not been given. */
  get isBusy(): boolean {
    return this.#requests > 0;
  }

  /** Whether the body of a request is still to come. */
  get isReceiving(): boolean {
    return this.#request?.complete === false;
  }

  /** Whether bytes of the next request have come, and not its whole header. */
  get hasBegun(): boolean {
    if (this.isBusy || this.isReceiving || this.#session || this.#isUpgraded) return false;
    if (this.#wasEarly) this.#setMark();
    return (this.#socket.bytesRead ?? 0) !== this.#mark;
  }

  /** Whether no request has come yet, and no part of one. */
  get isNew(): boolean {
    return this.#request === undefined && !this.#session && !this.#isUpgraded;
  }

  /** The header of a request has come. `socket`: what the server reads. */
  began(socket: Socket, request: IncomingMessage, response: ServerResponse, closes: boolean): void {
    this.#isOnTop ||= socket !== this.#socket;
    this.#socket = socket;
    if (this.#requests > 0 && this.#isLast && !this.#response!.headersSent) this.#response!.shouldKeepAlive = true;
    this.#isLast = false;
    this.#requests++;
    this.#request = request;
    this.#response = response;
    if (this.#settles) this.#unsettle();
    if (closes) this.closeAfterAnswer();
  }

  /** The answer has been given. */
  answered(): void {
    if (this.#requests > 0) this.#requests--;
    this.#setMark();
    if (this.#requests > 0) return;
    this.#response = undefined;
    if (this.#drain.isFinishing) this.settle(); // one that says `keep-alive` is closed all the same
  }

  /** The answer that is being made says `Connection: close`, unless its handler says something else. */
  closeAfterAnswer(): void {
    const response = this.#response;
    if (!response || response.headersSent || !response.shouldKeepAlive) return;
    response.shouldKeepAlive = false;
    this.#isLast = true;
  }

  /** It has become something else than HTTP, which the program ends. */
  upgraded(): void {
    this.#isUpgraded = true;
    if (this.#settles) this.#unsettle();
  }

  /** It speaks HTTP/2. */
  speaksHttp2(session: Http2Session): void {
    this.#session = session;
  }

  /** Is to close as soon as no request is under way and nothing has come for a moment. */
  settle(): void {
    if (this.#isUpgraded || this.#settles || this.isBusy || !this.stream.isOpen) return;
    this.#settles = true;
    this.stream.idleAfter(SILENT);
  }

  /** The last streams of HTTP/2 are those that have begun. */
  goAway(): void {
    if (this.#session && !this.#session.destroyed) this.#session.close();
  }

  /** Notice of that: the client opens no more. Deno would refuse those that are on their way. */
  warn(): void {
    if (process.versions["deno"] !== undefined) return;
    if (this.#session && !this.#session.destroyed) this.#session.goaway(0, 2 ** 31 - 1);
  }

  /** Answers 408 to a request that does not come to its end, and closes: as the runtime does. */
  refuse(): void {
    this.#forgetTimer();
    if (!this.stream.isOpen) return;
    const { server } = this.#drain;
    const socket = this.#socket;
    if (server.listenerCount("clientError") > 0) {
      const error = Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
      server.emit("clientError", error, socket);
    } else {
      if (socket.writable && this.#response?.headersSent !== true) socket.write(TIMEOUT);
      socket.destroySoon();
    }
  }

  /** Nothing has come for a moment. */
  expired(): boolean {
    if (!this.#settles) return false;
    if (this.isBusy || this.#isUpgraded) this.#unsettle();
    else if (this.#session) this.#endSession(this.#session);
    else this.#settleLater();
    return true;
  }

  // A turn later: what has arrived by now is read first.
  #settleLater(): void {
    const decide = (): void => {
      if (!this.#settles || !this.stream.isOpen || this.isBusy) return;
      if (this.hasBegun) this.#awaitHeader();
      else this.#close();
    };
    nextTurn(() => this.stream.engine.deliver("close", decide));
  }

  endSide(): boolean {
    if (!this.#isOnTop || this.#socket.destroyed) return false;
    this.#socket.end();
    return true;
  }

  // Between requests only. A session of HTTP/2 does not say whether a stream is open.
  displace(): void {
    if (this.isBusy || this.isReceiving || this.hasBegun || this.#isUpgraded || this.#session) return;
    this.stream.endsFor("displaced");
    this.#close();
  }

  closed(): void {
    this.#forgetTimer();
    this.#drain.forget(this);
  }

  // At once: of a request that comes now nobody shall begin to make an answer that cannot be sent.
  #close(): void {
    if (this.#isOnTop) this.#socket.destroySoon(); // TLS says that it ends
    else this.stream.close();
  }

  // Once it has ended, the runtime waits until the client closes its side, and a client that is gone never does.
  #endSession(session: Http2Session): void {
    if (session.destroyed) return this.stream.closeGracefully();
    this.goAway();
    this.stream.idleAfter(SILENT);
  }

  #setMark(): void {
    this.#mark = this.#socket.bytesRead ?? 0;
    this.#wasEarly = this.isReceiving;
  }

  #awaitHeader(): void {
    this.stream.idleAfter(0);
    const { reactor } = this.stream;
    this.#headerTimer ??= reactor.timer(
      HEADER - SILENT,
      () => this.hasBegun && this.#drain.isFinishing && this.refuse(),
    );
  }

  #unsettle(): void {
    this.#settles = false;
    this.#forgetTimer();
    this.stream.idleAfter(this.stream.timeout);
  }

  #forgetTimer(): void {
    if (this.#headerTimer !== undefined) this.stream.reactor.remove(this.#headerTimer);
    this.#headerTimer = undefined;
  }
}
