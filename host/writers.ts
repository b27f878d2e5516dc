// Streams with something to send: once, when the callback that wrote has ended.

import type { Engine } from "./engine.ts";
import { PassQueue } from "./pass-queue.ts";

interface Writer {
  flush(): void;
}

export class Writers {
  readonly #engine: Engine;
  readonly #queue = new PassQueue<Writer>();
  #isCalledFor = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** How many have something to send. */
  get length(): number {
    return this.#queue.length;
  }

  /** Has a writer's `flush` called when the current callback has ended; from outside, in a microtask. */
  add(writer: Writer): void {
    const engine = this.#engine;
    this.#queue.push(writer);
    if (engine.isDispatching || this.#isCalledFor || !engine.active) return;
    this.#isCalledFor = true;
    queueMicrotask(() => {
      this.#isCalledFor = false;
      if (!engine.isDispatching && engine.begin()) engine.end();
    });
  }

  flush(): void {
    if (this.#queue.length > 0) this.#queue.run((writer) => writer.flush());
  }

  clear(): void {
    this.#queue.clear();
  }
}
