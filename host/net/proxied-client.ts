// A client whose PROXY header is still to come. It has a record in the core only for its deadline: it has not arrived yet.

import type { Socket } from "node:net";
import { BareSocket, type Listener, type Peer } from "../socket/bare-socket.ts";
import type { Connection, DropReason } from "../engine/connections.ts";
import { debug, show } from "../core/debug.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import { hear, leave, reset, unhear } from "../socket/handle.ts";
import { type ProxyInfo, keepRest, setOrigin } from "../socket/proxy-info.ts";
import { parseProxy } from "./proxy-protocol.ts";
import { fails, turnAway } from "./waiting-client.ts";

const NO_BYTES = /* @__PURE__ */ Buffer.alloc(0);

export class ProxiedClient implements Connection, Listener {
  readonly id: number;
  readonly #engine: LoopEngine;
  readonly #socket: Socket | BareSocket;
  readonly #peer: Peer;
  readonly #isRequired: boolean;
  readonly #over: (isKnown: boolean) => void;
  #bytes: Buffer = NO_BYTES;
  #hasEnded = false;
  #isOver = false;
  #until = 0; // its deadline, in milliseconds of the loop's clock

  /** `over` is called once: with true if the client is known, with false if it is gone. */
  constructor(
    engine: LoopEngine,
    socket: Socket | BareSocket,
    peer: Peer,
    isRequired: boolean,
    over: (isKnown: boolean) => void,
  ) {
    this.#engine = engine;
    this.#socket = socket;
    this.#peer = peer;
    this.#isRequired = isRequired;
    this.#over = over;
    this.id = engine.connections.open("handleTrack");
  }

  /** Waits for the header, for some seconds. */
  begin(seconds: number): void {
    const { connections, active, clock } = this.#engine;
    connections.seat(this.id, this);
    debug?.(this.#engine.core, `connection ${show(this.id)} is to send a PROXY header`);
    try {
      this.#until = clock.now() + seconds * 1000;
      connections.setTimeout(this.id, seconds);
      hear(this.#socket, this);
      if (active) this.#socket.resume();
      else this.suspend();
    } catch (error) {
      this.#end(false);
      throw error;
    }
  }

  /** Its header must be whole within this many seconds, if not sooner. */
  hurry(seconds: number): void {
    const { connections, clock } = this.#engine;
    const until = clock.now() + seconds * 1000;
    if (until >= this.#until) return;
    this.#until = until;
    connections.setTimeout(this.id, seconds);
  }

  received(chunk: Buffer): void {
    this.#attempt(() => {
      if (this.#isOver) return keepRest(this.#socket, chunk); // the runtime had read it already
      this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk]);
    });
    this.#look();
  }

  disconnected(ended: boolean): void {
    if (this.#isOver) return;
    if (!ended) return this.drop("proxy");
    this.#hasEnded = true;
    this.#look();
  }

  failed(): void {
    this.drop("proxy");
  }

  expire(): void {
    this.drop("proxy");
  }

  /** Resets the client, and reports it. */
  drop(reason: DropReason): void {
    if (this.#isOver) return;
    leave(this.#socket);
    this.#end(false);
    turnAway(this.#engine, this.#socket, reason, this.#peer);
  }

  /** Resets the client. */
  close(): void {
    if (this.#isOver) return;
    leave(this.#socket);
    this.#end(false);
    reset(this.#socket);
  }

  suspend(): void {
    if (this.#isOver || this.#socket.destroyed) return;
    this.#socket.pause();
    this.#socket.unref();
  }

  /** However long the loop was stopped, the client has another second. */
  resume(): void {
    if (this.#isOver) return;
    const { connections, clock } = this.#engine;
    connections.setTimeout(this.id, Math.max(1, (this.#until - clock.now()) / 1000));
    if (this.#socket.destroyed) return this.#engine.nextTick(() => this.drop("proxy"));
    this.#socket.ref();
    this.#socket.resume();
    if (this.#bytes.length > 0 || this.#hasEnded) this.#engine.nextTick(() => this.#look());
  }

  // What has been read while the loop was stopping is looked at when it runs again. Not in a dispatch: the client arrives in one of its own.
  #look(): void {
    if (!this.#isOver && this.#engine.active) this.#attempt(() => this.#parse());
  }

  // Only this client is lost if something throws.
  #attempt(task: () => void): void {
    try {
      task();
    } catch (error) {
      fails(this.#engine, error);
      this.#engine.guard.run("close", () => (this.#isOver ? reset(this.#socket) : this.close()));
    }
  }

  #parse(): void {
    const found = parseProxy(this.#bytes);
    switch (found.what) {
      case "header":
        return this.#known(found.proxy, found.length);
      case "none":
        return this.#isRequired ? this.#refuse("no header") : this.#known(undefined, 0);
      case "malformed":
        return this.#refuse(found.why);
      case "partial":
        if (this.#hasEnded) this.#refuse("an end within the header");
        break;
      case "undecided":
        if (!this.#hasEnded) return;
        if (this.#isRequired) this.#refuse("an end before the header");
        else this.#known(undefined, 0);
    }
  }

  #refuse(why: string): void {
    debug?.(this.#engine.core, `connection ${show(this.id)} has sent ${why}`);
    this.drop("proxy");
  }

  #known(proxy: ProxyInfo | undefined, length: number): void {
    const socket = this.#socket;
    const rest = this.#bytes.subarray(length);
    this.#bytes = NO_BYTES;
    socket.pause();
    setOrigin(socket, { peer: proxy && peerIn(proxy), proxy, rest: undefined });
    // A bare connection keeps this listener until it is admitted.
    if (!(socket instanceof BareSocket)) unhear(socket);
    if (rest.length > 0) keepRest(socket, rest);
    this.#end(true);
  }

  #end(isKnown: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#engine.connections.close(this.id);
    this.#over(isKnown);
  }
}

// The client's address. A client of a UNIX domain socket has none; if the proxy says nothing, it is that of the socket.
function peerIn({ command, transport, sourceAddress, sourcePort }: ProxyInfo): Peer | undefined {
  if (command === "LOCAL" || transport === "UNKNOWN") return undefined;
  const isUnix = transport === "UNIX" || transport === "UNIX_DGRAM";
  return isUnix
    ? { remoteAddress: undefined, remotePort: undefined }
    : { remoteAddress: sourceAddress, remotePort: sourcePort };
}
