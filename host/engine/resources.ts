// Everything that has sockets: the connections, and besides them listening servers, watched handles, listeners of a signal.

/** An object that has sockets. While the loop is stopped, it emits nothing and does not keep the process alive. */
export interface Resource {
  suspend(): void;
  resume(): void;
  /** Closes at once. */
  close(): void;
}

/** Runs a task of the loop itself that may call foreign code, and reports exceptions. */
interface Guard {
  run(event: string, task: () => void): void;
}

// `close` callbacks may open new connections: these are closed as well, up to a fixed number of rounds.
const ROUNDS = 16;

/** The resources of a loop: suspended when it stops, resumed when it starts, closed when it is reset. */
export class Resources {
  readonly #others = new Set<Resource>();
  readonly #connections: readonly (Resource | undefined)[];
  readonly #guard: Guard;
  readonly #looks = new Map<Resource, () => boolean>();
  /** The number of watched handles, which the core does not know. */
  watched = 0;

  constructor(connections: readonly (Resource | undefined)[], guard: Guard) {
    this.#connections = connections;
    this.#guard = guard;
  }

  /** The number of resources. */
  get count(): number {
    return this.#all().length;
  }

  add(resource: Resource): void {
    this.#others.add(resource);
  }

  delete(resource: Resource): void {
    this.#others.delete(resource);
  }

  /** A resource watches one more handle. `look` runs in every pass, and returns true if it must run in the next one, too. */
  watch(resource: Resource, look: () => boolean): void {
    this.watched++;
    this.add(resource);
    this.#looks.set(resource, look);
  }

  /** A resource watches one handle less; with `all`, it was the last one. */
  unwatch(resource: Resource, all: boolean): void {
    this.watched--;
    if (!all) return;
    this.delete(resource);
    this.#looks.delete(resource);
  }

  /** Checks the watched handles. Returns true if the next pass must do so, too. */
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
