// Streams with something to send: once, when the callback that wrote has ended.

import type { Engine } from "./engine.ts";

interface Writer {
  flush(): void;
}

export class Writers {
  readonly #engine: Engine;
  // Those from `#next` to `#end` wait. The list is used over and over: nothing is allocated for a write.
  readonly #list: (Writer | undefined)[] = [];
  #next = 0;
  #end = 0;
  #isCalledFor = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** How many have something to send. */
  get length(): number {
    return this.#end - this.#next;
  }

  /** Has a writer's `flush` called when the current callback has ended; from outside, in a microtask. */
  add(writer: Writer): void {
    const engine = this.#engine;
    this.#list[this.#end++] = writer;
    if (engine.isDispatching || this.#isCalledFor || !engine.active) return;
    this.#isCalledFor = true;
    queueMicrotask(() => {
      this.#isCalledFor = false;
      if (!engine.isDispatching && engine.begin()) engine.end();
    });
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
