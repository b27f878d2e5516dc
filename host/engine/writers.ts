// Streams with something to send: once, when the callback that wrote has ended.

import { queueMicrotask } from "../base/runtime.ts";

interface Owner {
  readonly active: boolean;
  readonly isDispatching: boolean;
  begin(): boolean;
  end(): void;
  wake(): void;
}

interface Writer {
  flush(): void;
}

export class Writers {
  readonly #owner: Owner;
  // Those from `#next` to `#end` wait. The list is used over and over: nothing is allocated for a write.
  readonly #list: (Writer | undefined)[] = [];
  #next = 0;
  #end = 0;
  #isCalledFor = false;

  constructor(owner: Owner) {
    this.#owner = owner;
  }

  /** How many have something to send. */
  get length(): number {
    return this.#end - this.#next;
  }

  /** Has a writer's `flush` called when the current callback has ended; from outside, in a microtask. */
  add(writer: Writer): void {
    const owner = this.#owner;
    this.#list[this.#end++] = writer;
    if (owner.isDispatching || this.#isCalledFor || !owner.active) return;
    try {
      queueMicrotask(() => {
        this.#isCalledFor = false;
        if (!owner.isDispatching && owner.begin()) owner.end();
      });
      this.#isCalledFor = true;
    } catch (error) {
      owner.wake(); // the next pass does it
      throw error;
    }
  }

  /** Flushes those that wait now. */
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
