// Connections that came through a proxy: the client's address, what the proxy has sent about it, and bytes that were read with that.

import type { Socket } from "node:net";
import { BareSocket, type Peer } from "./bare-socket.ts";

/** A field of a PROXY header of version 2, as it was sent. */
export interface ProxyTlv {
  /** From 0 to 255: `0xea` is that of AWS, whose value is 1 and then the id of a VPC endpoint. */
  readonly type: number;
  readonly value: Uint8Array;
}

/** The TLS connection between a client and its proxy. */
export interface ProxySsl {
  /** Whether the client uses TLS. */
  readonly isUsed: boolean;
  /** Whether the client has a certificate, and the proxy has verified it. */
  readonly isVerified: boolean;
  /** `"TLSv1.3"` */
  readonly protocol: string | undefined;
  /** The common name of the client's certificate. */
  readonly commonName: string | undefined;
  readonly cipher: string | undefined;
  readonly signatureAlgorithm: string | undefined;
  readonly keyAlgorithm: string | undefined;
  /** The client's certificate in DER. */
  readonly certificate: Buffer | undefined;
}

/** What a proxy has sent about a client, in a PROXY header. */
export interface ProxyInfo {
  readonly version: 1 | 2;
  /** `"LOCAL"`: a connection of the proxy itself, such as a health check. */
  readonly command: "PROXY" | "LOCAL";
  /** How the client is connected to the proxy; `"UNKNOWN"` if the proxy does not say. */
  readonly transport: "TCP4" | "TCP6" | "UDP4" | "UDP6" | "UNIX" | "UNIX_DGRAM" | "UNKNOWN";
  /** The client's address; of a UNIX socket, its path. */
  readonly sourceAddress: string | undefined;
  readonly sourcePort: number | undefined;
  /** The address that the client has connected to; of a UNIX socket, its path. */
  readonly destinationAddress: string | undefined;
  readonly destinationPort: number | undefined;
  /** The application protocol that the client and the proxy have agreed on: `"h2"`. */
  readonly alpn: string | undefined;
  /** The host name that the client has asked for (SNI). */
  readonly authority: string | undefined;
  /** An id that the proxy has given the connection; at most 128 bytes. */
  readonly uniqueId: Buffer | undefined;
  /** The name of the network namespace of the proxy. */
  readonly namespace: string | undefined;
  readonly ssl: ProxySsl | undefined;
  /** All fields as they were sent, in order, but without padding and checksum. */
  readonly tlvs: readonly ProxyTlv[];
}

/** What is known of a connection through a proxy. */
export interface Origin {
  /** The client's address; undefined if it is that of the socket. */
  readonly peer: Peer | undefined;
  readonly proxy: ProxyInfo | undefined;
  /** Bytes that were read together with the header, and not delivered yet. */
  rest: Buffer | undefined;
}

// By handle: most connections have none, so it must cost them no memory.
const origins = new WeakMap<object, Origin>();
let areUsed = false;

/** What is known of a connection through a proxy; undefined if it came without one. */
export function originOf(handle: object | undefined): Origin | undefined {
  return areUsed && handle ? origins.get(handle) : undefined;
}

/** Sets what is known of a connection. Its socket then shows the client's address. */
export function setOrigin(handle: Socket | BareSocket, origin: Origin): void {
  areUsed = true;
  origins.set(handle, origin);
  if (!origin.peer || handle instanceof BareSocket) return;
  const { remoteAddress, remotePort } = origin.peer;
  const remoteFamily = remoteAddress === undefined ? undefined : remoteAddress.includes(":") ? "IPv6" : "IPv4";
  for (const [name, value] of Object.entries({ remoteAddress, remotePort, remoteFamily }))
    Object.defineProperty(handle, name, { value, configurable: true, writable: true });
}

/** Another handle replaces that of a connection: the socket of a bare one, or one with TLS on top. It does not get the rest. */
export function passOrigin(from: object, to: Socket): void {
  const origin = from === to ? undefined : originOf(from);
  if (origin) setOrigin(to, { ...origin, rest: undefined });
}

/** Keeps bytes that were read together with the header for the reader of the connection: in its socket, if it has one that can take them. */
export function keepRest(handle: Socket | BareSocket, bytes: Buffer): void {
  if (!(handle instanceof BareSocket) && !handle.readableEnded) return handle.unshift(bytes);
  const origin = originOf(handle);
  if (origin) origin.rest = origin.rest ? Buffer.concat([origin.rest, bytes]) : bytes;
}

/** Removes and returns the bytes that were read together with the header. */
export function takeRest(handle: object): Buffer | undefined {
  const origin = originOf(handle);
  const rest = origin?.rest;
  if (origin) origin.rest = undefined;
  return rest;
}

/** How many bytes of a socket were read for its header: those that its user has not got, and will not get. */
export function readBefore(socket: { readonly bytesRead?: number; readonly readableLength: number }): number {
  return originOf(socket) ? (socket.bytesRead ?? 0) - socket.readableLength : 0;
}

/** The peer of a socket as the system has it: the proxy, if the client came through one. */
export function systemPeer(socket: object): Peer {
  if (!originOf(socket)?.peer) return socket;
  const type = Object.getPrototypeOf(socket) as object;
  const read = (name: string): unknown => Reflect.get(type, name, socket);
  return { remoteAddress: read("remoteAddress"), remotePort: read("remotePort") } as Peer;
}
