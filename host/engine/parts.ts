// What the parts of a loop are to its engine.

/** Something that holds a socket: silent and no reason to keep the process alive while the loop is stopped. */
export interface Resource {
  suspend(): void;
  resume(): void;
  /** Closes at once. */
  close(): void;
}

/** What a connection id of the core names. */
export interface Connection extends Resource {
  readonly id: number;
  /** Its deadline has passed; `answer` is one of `Due`. */
  expire(answer: number): void;
  /** The loop may wait no longer. Where there is nobody to tell, `close` does. */
  abort?(): void;
}

/** A client in the line. */
export interface Client extends Connection {
  admit(): void;
  evict(): void;
}

/** What an acceptor id of the core names. */
export interface Acceptor {
  readonly id: number;
  close(): void;
}

/** Who hears of what happens to no particular connection: the reactor, and the loop where it has one. */
export interface Supervisor {
  failed(error: unknown, event: string): void;
  finish(): void;
  drop(info: DropInfo): void;
}

/** What a reactor emits on its loop. */
export interface Emitting {
  fire(name: "finish"): void;
  fire(name: "drop", info: DropInfo): void;
}

/** Why a waiting client was reset, and who it was. */
export interface DropInfo {
  /** `backlog`: as many wait as may; `timeout`: it waited too long; `full`: the core has no room. */
  readonly reason: "backlog" | "timeout" | "full";
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
}

/** A callback of the user's: the loop or reactor, and whatever the event says. */
export type Callback = (subject: never) => unknown;
