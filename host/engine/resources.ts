// What holds sockets besides the connections: listening servers, watched handles, listeners of a signal.

/** Something that holds a socket: silent and no reason to keep the process alive while the loop is stopped. */
export interface Resource {
  suspend(): void;
  resume(): void;
  /** Closes at once. */
  close(): void;
}

/** Runs a task of the loop's own that may call foreign code, and reports what it throws. */
interface Guard {
  run(event: string, task: () => void): void;
}

// `close` callbacks may open new connections: these are closed as well, up to a fixed number of rounds.
const ROUNDS = 16;

/** All that a loop suspends when it stops, resumes when it starts, and closes when it is reset. */
export class Resources {
  readonly #others = new Set<Resource>();
  readonly #connections: readonly (Resource | undefined)[];
  readonly #guard: Guard;
  readonly #looks = new Map<Resource, () => boolean>();
  /** How many things are watched that the core does not know. */
  watched = 0;

  constructor(connections: readonly (Resource | undefined)[], guard: Guard) {
    this.#connections = connections;
    this.#guard = guard;
  }

  /** How many there are. */
  get count(): number {
    return this.#all().length;
  }

  add(resource: Resource): void {
    this.#others.add(resource);
  }

  delete(resource: Resource): void {
    this.#others.delete(resource);
  }

  /** One thing more is watched by a resource. `look` runs in every pass; true if it has more to do in the next. */
  watch(resource: Resource, look: () => boolean): void {
    this.watched++;
    this.add(resource);
    this.#looks.set(resource, look);
  }

  /** One thing less is watched by a resource; with `all`, it was the last one. */
  unwatch(resource: Resource, all: boolean): void {
    this.watched--;
    if (!all) return;
    this.delete(resource);
    this.#looks.delete(resource);
  }

  /** Looks at what is watched. Whether there is more to do in the next pass. */
  look(): boolean {
    let more = false;
    for (const look of this.#looks.values()) more = look() || more;
    return more;
  }

  suspend(): void {
    for (const resource of this.#all()) this.#guard.run("stop", () => resource.suspend());
  }

  resume(): void {
    for (const resource of this.#all()) this.#guard.run("start", () => resource.resume());
  }

  close(): void {
    for (let i = 0, open = this.#all(); i < ROUNDS && open.length > 0; i++, open = this.#all())
      for (const resource of open) this.#guard.run("reset", () => resource.close());
    this.#others.clear();
    this.#looks.clear();
    this.watched = 0;
  }

  #all(): Resource[] {
    const all = [...this.#others];
    for (const connection of this.#connections) if (connection) all.push(connection);
    return all;
  }
}
