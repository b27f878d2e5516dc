// The clients of a server with the PROXY protocol, from when the system has accepted them until their header is whole. Only then do they
// arrive: the core gets the key of the address in the header.

import type { Socket } from "node:net";
import { debug } from "../core/debug.ts";
import type { DropReason } from "../engine/connections.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { BareSocket, Peer } from "../socket/bare-socket.ts";
import { leave, localOf, peerOf } from "../socket/handle.ts";
import { Networks } from "./addresses.ts";
import type { ListenerOptions } from "./listener-options.ts";
import { ProxiedClient } from "./proxied-client.ts";
import { type Line, fails, turnAway } from "./waiting-client.ts";

const LOOPBACK = ["127.0.0.0/8", "::1"];

/** Seconds in which a header must be whole. */
const SECONDS = 10;
/** The same once accepting has ended: a proxy sends it as soon as it has connected. */
const LAST_SECONDS = 1;
/** How many headers may be pending for a server in which no client may wait. */
const PENDING = 511;

type Arrived = (socket: Socket | BareSocket) => void;

/** The clients of a server if it has the PROXY protocol. `arrived` is called for each that is known, and must not throw. */
export function proxiedClients(
  engine: LoopEngine,
  options: ListenerOptions,
  arrived: Arrived,
): ProxiedClients | undefined {
  return options.proxyProtocol && new ProxiedClients(engine, options, arrived);
}

/** Accepting has ended: calls `known` when no header is pending any more. */
export function whenKnown(clients: ProxiedClients | undefined, known: () => void): void {
  if (clients) clients.end(known);
  else known();
}

/** Those whose header is pending. */
export class ProxiedClients {
  readonly #engine: LoopEngine;
  readonly #isRequired: boolean;
  readonly #trusted: Networks;
  /** Whether all clients come from a UNIX domain socket; undefined if that is not known. */
  readonly #isUnix: boolean | undefined;
  /** How many clients may wait, those whose header is pending included. */
  readonly #most: number;
  readonly #arrived: Arrived;
  readonly #pending = new Set<ProxiedClient>();
  /** The clients of the server that have arrived and wait to be admitted. */
  readonly line: Line = { waiting: 0 };
  #emptied: (() => void) | undefined;

  constructor(engine: LoopEngine, options: ListenerOptions, arrived: Arrived) {
    const { proxyProtocol, proxyTrust = LOOPBACK, path, fd, activation, overflow, backlog = PENDING } = options;
    this.#engine = engine;
    this.#isRequired = proxyProtocol === "required";
    this.#trusted = new Networks(proxyTrust);
    this.#isUnix = fd === undefined && activation === undefined ? path !== undefined : undefined;
    this.#most = overflow === "drop" ? PENDING : backlog || PENDING;
    this.#arrived = arrived;
  }

  /** The system has accepted a client. Never throws. */
  connected(socket: Socket | BareSocket): void {
    const [engine, isRequired, arrived] = [this.#engine, this.#isRequired, this.#arrived];
    let peer: Peer = {};
    let isTrusted = false;
    try {
      peer = peerOf(socket);
      isTrusted = this.#trusts(socket, peer);
    } catch (error) {
      fails(engine, error);
      return turnAway(engine, socket, "proxy");
    }
    if (!isTrusted) {
      debug?.(engine.core, `client ${peer.remoteAddress} is not in proxyTrust`);
      return isRequired ? turnAway(engine, socket, "proxy", peer) : arrived(socket);
    }
    // If the core may evict a waiting client for a new one, it decides that once the header is whole.
    const waiting = engine.acceptors.givesUp ? 0 : this.line.waiting;
    if (this.#pending.size + waiting >= this.#most) return turnAway(engine, socket, "backlog", peer);
    try {
      const client = new ProxiedClient(engine, socket, peer, isRequired, (isKnown) => {
        this.#pending.delete(client);
        if (isKnown) arrived(socket);
        if (this.#pending.size === 0) this.#emptied?.();
      });
      this.#pending.add(client);
      client.begin(SECONDS);
    } catch (error) {
      fails(engine, error);
      turnAway(engine, socket, "full", peer);
    }
  }

  /** An admitted client is handed on. */
  handedOn(socket: Socket | BareSocket): void {
    leave(socket);
  }

  /** Accepting has ended: a client has another second, unless those that wait are reset, too. */
  hurry(): void {
    if (this.#engine.admission.resetsWaiting) this.close("stopping");
    for (const client of this.#pending) client.hurry(LAST_SECONDS);
  }

  /** The listening socket has closed: calls `emptied` when no header is pending. */
  end(emptied: () => void): void {
    this.hurry();
    if (this.#pending.size === 0) return emptied();
    this.#emptied = emptied;
  }

  /** Resets all clients whose header is pending. */
  close(reason: DropReason): void {
    for (const client of this.#pending) client.drop(reason);
  }

  #trusts(socket: Socket | BareSocket, { remoteAddress }: Peer): boolean {
    if (this.#isUnix ?? (remoteAddress === undefined && localOf(socket).localPort === undefined)) return true;
    return this.#trusted.has(remoteAddress);
  }
}
