// What TLS has negotiated on an encrypted socket.

import type { PeerCertificate, TLSSocket } from "node:tls";
import { BareSocket } from "./bare-socket.ts";

/** What TLS has negotiated with the peer. */
export interface TlsInfo {
  /** The host name that the client asked for (SNI); undefined if it asked for none. */
  readonly servername: string | undefined;
  /** The application protocol (ALPN); undefined if none was negotiated. */
  readonly alpnProtocol: string | undefined;
  /** The version of TLS: `"TLSv1.3"`. */
  readonly protocol: string | undefined;
  /** Whether the peer's certificate was verified. */
  readonly authorized: boolean;
  /** The peer's certificate; undefined if it sent none. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** What TLS has negotiated; undefined for a handle without TLS. */
export function tlsOf(handle: object | undefined): TlsInfo | undefined {
  if (!handle || handle instanceof BareSocket || !(handle as Partial<TLSSocket>).encrypted) return undefined;
  const socket = handle as TLSSocket & { servername?: string | false };
  const certificate = socket.getPeerCertificate?.();
  return {
    servername: socket.servername || undefined,
    alpnProtocol: socket.alpnProtocol || undefined,
    protocol: socket.getProtocol?.() ?? undefined,
    authorized: socket.authorized,
    peerCertificate: certificate && Object.keys(certificate).length > 0 ? certificate : undefined,
  };
}
