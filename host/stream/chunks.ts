// The input of a stream as an async iterator over chunks.

import type { Consumed } from "./consumer.ts";
import { Pulling } from "./pulling.ts";

/** Iterates over chunks, of any size. */
export class Chunks extends Pulling<Buffer> {
  override readonly name = "an iterator";

  constructor(stream: Consumed) {
    super(stream, "for await");
  }

  override received(chunk: Buffer): void {
    this.settleWith({ done: false, value: chunk });
  }

  protected override take(): IteratorResult<Buffer, undefined> | undefined {
    const chunk = this.takeChunk();
    return chunk && { done: false, value: chunk };
  }
}
