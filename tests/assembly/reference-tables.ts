// The core's reference: connections.

import { Code, Due, Kind, State } from "wasm-ioloop/core";
import { type Alarmed, ReferenceTimers, isDuration } from "./reference-timers.ts";

export interface Connection extends Alarmed {
  state: number;
  timeout: number;
  activity: number;
  /** Of a client that waits, and was not evicted, or was admitted. */
  acceptor?: Acceptor | undefined;
  address?: Address | undefined;
  /** How long it waited; 0 if that says nothing, or was told already. */
  waited: number;
  /** When its lifetime began. */
  start: number;
  readonly life: Alarmed;
}

export interface Acceptor {
  readonly id: number;
  backlog: number;
  waitTimeout: number;
  single: boolean;
  most: number;
  readonly isExempt: boolean;
  listening: boolean;
  hasEnded: boolean;
  turn: number;
}

/** The address of clients. */
export interface Address {
  readonly key: number;
}

const LIVING: ReadonlySet<number> = new Set([State.INCOMING, State.OUTGOING, State.LOOSE, State.EXEMPT]);

/** The core's timers and connections. */
export abstract class ReferenceTables extends ReferenceTimers {
  readonly connections = new Map<number, Connection>();
  readonly acceptors = new Map<number, Acceptor>();
  /** Lingering connections, in the order in which they began to linger. */
  protected lingering: Connection[] = [];

  override handleReset(): void {
    super.handleReset();
    this.connections.clear();
    this.acceptors.clear();
    this.lingering = [];
  }

  handleConnect(timeout: number, now: number, id: number): number {
    return this.open(State.CONNECTING, timeout, now, id);
  }

  handleTrack(timeout: number, now: number, id: number): number {
    return this.open(State.LOOSE, timeout, now, id);
  }

  handleConnected(id: number, now: number): number {
    const code = this.#move(id, State.CONNECTING, State.OUTGOING);
    if (code < 0) return code;
    this.tell(now);
    this.begin(this.connections.get(id)!);
    return Code.OK;
  }

  handleAdopt(id: number): number {
    return this.#move(id, State.LOOSE, State.OUTGOING);
  }

  handleTimeout(id: number, timeout: number, now: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    this.tell(now);
    if (connection.state === State.LINGERING || connection.state === State.WAITING) return Code.STATE;
    return this.#setTimeout(connection, timeout);
  }

  handleLifetime(id: number, lifetime: number, now: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    this.tell(now);
    if (!LIVING.has(connection.state)) return Code.STATE;
    if (!isDuration(lifetime)) return Code.TIME;
    connection.life.alarm = lifetime > 0 ? this.start(connection.start + lifetime) : undefined;
    return Code.OK;
  }

  handleLinger(id: number, now: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    this.tell(now);
    if (!LIVING.has(connection.state)) return Code.STATE;
    connection.state = State.LINGERING;
    connection.life.alarm = undefined;
    connection.alarm = this.start(this.now + 2000);
    this.lingering.push(connection);
    return Code.OK;
  }

  handleClose(id: number): number {
    this.lingering = this.lingering.filter((connection) => connection.id !== id);
    return this.connections.delete(id) ? Code.OK : Code.STALE;
  }

  stateOf(id: number): number {
    return this.connections.get(id)?.state ?? Code.STALE;
  }

  connectionsIn(state: number): number {
    return [...this.connections.values()].filter((connection) => connection.state === state).length;
  }

  protected open(state: number, timeout: number, now: number, id: number): number {
    this.tell(now);
    if (!isDuration(timeout)) return Code.TIME;
    const connection: Connection = {
      id,
      state,
      timeout: 0,
      activity: 0,
      start: this.now,
      waited: 0,
      life: { id },
      moved: () => (connection.state === State.LINGERING ? -Infinity : connection.activity + connection.timeout),
    };
    this.#setTimeout(connection, timeout);
    return this.add(Kind.CONNECTION, this.connections, connection);
  }

  /** Begins a lifetime, without a deadline. */
  protected begin(connection: Connection): void {
    connection.start = this.now;
    this.#setTimeout(connection, 0);
  }

  protected alarmedOfConnections(): Alarmed[] {
    return [...this.connections.values()].flatMap((connection) => [connection, connection.life]);
  }

  protected isOfConnection(one: Alarmed): boolean {
    const connection = this.connections.get(one.id);
    return connection === one || connection?.life === one;
  }

  protected answerFor(id: number): number {
    const connection = this.connections.get(id);
    if (connection?.life.alarm?.isDue) {
      connection.life.alarm = undefined;
      return Due.LIFETIME;
    }
    if (!connection?.alarm?.isDue || this.wasPutOff(connection)) return Due.VOID;
    connection.alarm = undefined;
    const answers: Record<number, number> = {
      [State.CONNECTING]: Due.CONNECT,
      [State.LINGERING]: Due.LINGER,
    };
    return answers[connection.state] ?? Due.IDLE;
  }

  #setTimeout(connection: Connection, timeout: number): number {
    if (!isDuration(timeout)) return Code.TIME;
    connection.timeout = timeout;
    connection.activity = this.now;
    connection.alarm = timeout > 0 ? this.start(this.now + timeout) : undefined;
    return Code.OK;
  }

  #move(id: number, from: number, to: number): number {
    const connection = this.connections.get(id);
    if (!connection) return Code.STALE;
    if (connection.state !== from) return Code.STATE;
    connection.state = to;
    return Code.OK;
  }
}
