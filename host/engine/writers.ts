// Streams with data to send. Each is flushed once, after the callback that wrote has ended.

interface Owner {
  readonly active: boolean;
  readonly isDispatching: boolean;
  begin(): boolean;
  end(): void;
}

interface Writer {
  flush(): void;
}

const READY = Promise.resolve();

export class Writers {
  readonly #owner: Owner;
  // Those from `#next` to `#end` wait. The list is reused, so that a write allocates nothing.
  readonly #list: (Writer | undefined)[] = [];
  #next = 0;
  #end = 0;
  #isCalledFor = false;
  readonly #called = (): void => {
    this.#isCalledFor = false;
    if (!this.#owner.isDispatching && this.#owner.begin()) this.#owner.end();
  };

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** The number of streams with data to send. */
  get length(): number {
    return this.#end - this.#next;
  }

  /** Makes a writer's `flush` run after the current callback; outside of callbacks, in a microtask. */
  add(writer: Writer): void {
    const owner = this.#owner;
    this.#list[this.#end++] = writer;
    if (owner.isDispatching || this.#isCalledFor || !owner.active) return;
    this.#isCalledFor = true;
    void READY.then(this.#called); // on Node, this costs a fraction of `queueMicrotask`
  }

  /** Flushes the streams that wait now. Those added meanwhile wait for the next call. */
  flush(): void {
    const end = this.#end;
    while (this.#next < Math.min(end, this.#end)) {
      const writer = this.#list[this.#next];
      this.#list[this.#next++] = undefined;
      writer?.flush();
    }
    if (this.#next === this.#end) this.#next = this.#end = 0;
  }

  clear(): void {
    this.#list.length = 0;
    this.#next = this.#end = 0;
  }
}
