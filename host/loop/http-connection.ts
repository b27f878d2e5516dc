// One connection of an HTTP server behind the loop: tracks its requests, and ends it in a graceful stop.

import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2Session } from "node:http2";
import type { Duplex } from "node:stream";
import type { Id } from "../core/ids.ts";
import { nextTurn } from "../time/clock.ts";
import { readBefore } from "../socket/proxy-info.ts";
import type { Borrower } from "../stream/lent.ts";
import type { Stream } from "../stream/stream.ts";
import type { RequestFollower } from "./http-requests.ts";
import type { AnyServer } from "./served.ts";

/** Seconds without input after which a connection between requests may be closed. No client should pause for longer within a request. */
const SILENT = 0.1;
/** Seconds in which a header must be complete once accepting has ended. */
const HEADER = 1;

const TIMEOUT = "HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n";

/** What a connection needs of the drain of its server. */
export interface Drain {
  readonly server: AnyServer;
  /** Whether answers must say `Connection: close`. */
  readonly closesAnswers: boolean;
  /** Whether a graceful stop has begun. */
  readonly isFinishing: boolean;
  forget(connection: HttpConnection): void;
}

/** What a connection tells the checks for slow clients. */
interface Timed {
  began(connection: HttpConnection): void;
  answered(connection: HttpConnection): void;
}

type Socket = Duplex & { readonly bytesRead?: number; destroySoon(): void };

/** Tracks a connection from request to request. */
export class HttpConnection implements Borrower, RequestFollower {
  readonly stream: Stream;
  readonly #drain: Drain;
  readonly #slow: Timed | undefined;
  #socket: Socket; // the socket that the server reads: with TLS, the encrypted one
  #isOnTop = false; // whether that is on top of the stream's socket
  #request: IncomingMessage | undefined; // the last one
  #response: ServerResponse | undefined; // to that, unless it is known to be complete
  #hasAnswered = false; // a request before the last one
  #isLast = false; // the last answer is to say so, by us
  #mark: number | undefined; // bytes read when the last request was over; undefined until that is known
  #session: Http2Session | undefined;
  #isUpgraded = false;
  #settles = false; // whether its idle deadline was set by the drain
  #headerTimer: Id | undefined;

  constructor(drain: Drain, stream: Stream, socket: Socket, slow: Timed | undefined) {
    this.#drain = drain;
    this.stream = stream;
    this.#socket = socket;
    this.#slow = slow;
    this.#mark = readBefore(socket);
  }

  get server(): AnyServer {
    return this.#drain.server;
  }

  /** Whether a request is being answered: its header is complete, and its answer is not. Answers go out in order, so the last one tells. */
  get isBusy(): boolean {
    return this.#response?.writableFinished === false;
  }

  /** Whether the body of the last request is not complete. */
  get isReceiving(): boolean {
    return this.#request?.complete === false;
  }

  /** Whether a part of the next request's header has arrived. */
  get hasBegun(): boolean {
    if (this.isBusy || this.isReceiving || this.#session || this.#isUpgraded) return false;
    const bytesRead = this.#socket.bytesRead ?? 0;
    return bytesRead !== (this.#mark ??= bytesRead);
  }

  /** Whether no header of a request has been complete yet. */
  get isNew(): boolean {
    return this.#request === undefined && !this.#session && !this.#isUpgraded;
  }

  /** Whether an answer has begun. A session of HTTP/2 does not say that. */
  get hasAnswered(): boolean {
    if (this.isNew) return false;
    return this.#hasAnswered || !this.#request || this.#response?.headersSent !== false;
  }

  /** The header of a request is complete. `socket` is the one that the server reads. */
  began(socket: Socket, request: IncomingMessage, response: ServerResponse): void {
    this.#slow?.began(this);
    if (socket !== this.#socket) {
      this.#isOnTop = true;
      this.#socket = socket;
    }
    if (this.#isLast) {
      if (this.isBusy && !this.#response!.headersSent) this.#response!.shouldKeepAlive = true;
      this.#isLast = false;
    }
    this.#hasAnswered ||= this.#request !== undefined && this.hasAnswered;
    this.#request = request;
    this.#response = response;
    this.#mark = hasBody(request) ? undefined : socket.bytesRead;
    if (this.#settles) this.#unsettle();
    if (this.#drain.closesAnswers) this.closeAfterAnswer();
  }

  /** An answer is complete. */
  answered(response: ServerResponse): void {
    this.#slow?.answered(this);
    if (response !== this.#response) return; // another one follows
    this.#response = undefined;
    this.#mark = this.isReceiving ? undefined : this.#socket.bytesRead;
    if (this.#drain.isFinishing) this.settle(); // even if the answer says `keep-alive`
  }

  /** Makes the pending answer say `Connection: close`, unless its handler sets that header. */
  closeAfterAnswer(): void {
    const response = this.#response;
    if (!response || response.headersSent || !response.shouldKeepAlive) return;
    response.shouldKeepAlive = false;
    this.#isLast = true;
  }

  /** The connection was upgraded: it does not speak HTTP any more, and the program ends it. */
  upgraded(): void {
    this.#isUpgraded = true;
    if (this.#settles) this.#unsettle();
  }

  /** The connection speaks HTTP/2. */
  speaksHttp2(session: Http2Session): void {
    this.#session = session;
  }

  /** Closes the connection as soon as no request is being answered and no input has arrived for a moment. */
  settle(): void {
    if (this.#isUpgraded || this.#settles || this.isBusy || !this.stream.isOpen) return;
    this.#settles = true;
    this.stream.idleAfter(SILENT);
  }

  /** Ends HTTP/2 gracefully: streams that have begun are still served, and the client must not begin others. */
  goAway(): void {
    if (this.#session && !this.#session.destroyed) this.#session.close();
  }

  /** Announces {@link goAway} to an HTTP/2 client. Not on Deno, which would refuse the streams that are on their way. */
  warn(): void {
    if (process.versions["deno"] !== undefined) return;
    if (this.#session && !this.#session.destroyed) this.#session.goaway(0, 2 ** 31 - 1);
  }

  /** Answers 408 to a request that is not complete in time, and closes the connection, as the runtime does. */
  refuse(): void {
    this.#forgetTimer();
    if (!this.stream.isOpen) return;
    const { server } = this.#drain;
    const socket = this.#socket;
    if (server.listenerCount("clientError") > 0) {
      const error = Object.assign(new Error("Request timeout"), { code: "ERR_HTTP_REQUEST_TIMEOUT" });
      server.emit("clientError", error, socket);
    } else {
      if (socket.writable && !(this.isBusy && this.#response?.headersSent)) socket.write(TIMEOUT);
      socket.destroySoon();
    }
  }

  /** The idle deadline has passed. Returns whether it was set by the drain. */
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

  // At once, so that no handler begins an answer that cannot be sent.
  #close(): void {
    if (this.#isOnTop) this.#socket.destroySoon(); // ends TLS first
    else this.stream.close();
  }

  // After the session has ended, the runtime waits until the client closes its side. A client that is gone never does.
  #endSession(session: Http2Session): void {
    if (session.destroyed) return this.stream.closeGracefully();
    this.goAway();
    this.stream.idleAfter(SILENT);
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

function hasBody({ headers }: IncomingMessage): boolean {
  return headers["transfer-encoding"] !== undefined || (headers["content-length"] ?? "0") !== "0";
}
