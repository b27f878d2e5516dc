// The TLS handshake of either side, on a socket that has used plain TCP.

import type { ConnectionOptions, TLSSocket } from "node:tls";
import { IOLoopError } from "../base/errors.ts";
import type { SocketHandle } from "../socket/handle.ts";
import { nodeTls } from "../socket/node-tls.ts";
import { Handshakes } from "../socket/tls-handshake.ts";
import { type ServerTlsOptions, serverTls } from "../socket/tls-options.ts";

/** The callbacks at the end of a handshake. More than one of them may be called. */
interface Told {
  secured(secure: TLSSocket): void;
  failed(error?: Error): void;
}

/** One side of TLS. */
export interface Shake {
  /** How many seconds it may take; default 10. */
  readonly seconds?: number;
  /** Begins. Returns a function that removes its listeners. Called without the encrypted socket, that destroys a socket that was made. */
  begin(socket: SocketHandle, told: Told): (secure?: TLSSocket) => void;
}

/** The values of a server's options, and the handshakes made from them. */
interface Known {
  readonly values: readonly unknown[];
  readonly handshakes: Handshakes;
}

// Most programs pass the same object each time. Its files are then read only once.
const known = new WeakMap<object, Known>();

/** The server's side. `given` is the object that the caller passed: a second call with it uses the same handshakes. */
export function shakeAsServer(given: object, options: ServerTlsOptions): Shake {
  const handshakes = handshakesFor(given, options);
  return {
    seconds: handshakes.seconds,
    begin(socket, told) {
      const secured = (secure: TLSSocket): void => {
        secure.on("error", ignore); // until the stream has the socket: the loop may be stopped
        if (handshakes.isWelcome(secure)) return told.secured(secure);
        told.failed(new IOLoopError("ERR_IOLOOP_TLS", "startTls: the certificate of the client is not valid"));
        secure.destroy();
      };
      socket.on("error", ignore);
      handshakes.beginOn(
        socket,
        secured,
        () => told.failed(),
        (error) => told.failed(inWords(error)),
      );
      return (secure) => {
        if (!secure) return;
        socket.off("error", ignore);
        secure.off("error", ignore);
        secure.allowHalfOpen = false; // as the runtime makes them
      };
    },
  };
}

/** The client's side, with options of `tls.connect`. */
export function shakeAsClient(options: ConnectionOptions): Shake {
  return {
    begin(socket, told) {
      // A server does not send before the client has begun TLS: an attacker may have injected these bytes.
      if (socket.readableLength > 0) {
        const message = `startTls: ${socket.readableLength} bytes have arrived before the handshake`;
        throw new IOLoopError("ERR_IOLOOP_TLS", message);
      }
      socket.on("error", ignore);
      const secure = nodeTls().connect({ __proto__: null, allowHalfOpen: true, ...options, socket } as never);
      const onSecure = (): void => told.secured(secure);
      const onError = (error: Error): void => told.failed(inWords(error));
      const onClose = (): void => told.failed();
      secure.on("secureConnect", onSecure).on("error", onError).on("close", onClose);
      return (done) => {
        secure.off("secureConnect", onSecure).off("close", onClose);
        if (!done) {
          secure.destroy(); // its listener for errors stays, and ignores them
          return;
        }
        socket.off("error", ignore);
        secure.off("error", onError);
        secure.allowHalfOpen = false; // as the runtime makes them
      };
    },
  };
}

// What OpenSSL calls a peer that does not begin with TLS.
const NOT_TLS = new Set(["wrong version number", "http request", "https proxy request"]);

// OpenSSL's own text is written for debugging OpenSSL. Other errors, such as those about certificates, stay as they are.
function inWords(error: Error): Error {
  const found = /\bSSL routines:[^:]*:([^:()\n]+)/.exec(error.message)?.[1];
  if (found === undefined) return error;
  const reason = found.trim().toLowerCase().replaceAll("_", " ");
  const message = NOT_TLS.has(reason)
    ? `startTls: the peer sent something that is not TLS (${reason})`
    : `startTls: the handshake failed (${reason})`;
  return new IOLoopError("ERR_IOLOOP_TLS", message, { cause: error });
}

function handshakesFor(given: object, options: ServerTlsOptions): Handshakes {
  const values = valuesOf(given);
  const before = known.get(given);
  if (before && before.values.length === values.length && values.every((value, i) => value === before.values[i]))
    return before.handshakes;
  const handshakes = new Handshakes(serverTls(options, "startTls"), ignore, "startTls");
  known.set(given, { values, handshakes });
  return handshakes;
}

// The values of an object, and of the objects in it: certificates by host name, and `tlsOptions`.
function valuesOf(options: object, depth = 0): unknown[] {
  const values: unknown[] = [];
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    const holdsMore = depth === 0 && typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
    values.push(name, ...(holdsMore ? valuesOf(value, 1) : [value]));
  }
  return values;
}

function ignore(): void {
  // The callbacks of the handshake report what matters.
}
