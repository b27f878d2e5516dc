// The limits of a loop: attributes that its core is told.

import { GuardedEmitter } from "../reactor/emitters.ts";
import { COUNT, POSITIVE, check } from "../base/checks.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import type { IOLoopEvents, IOLoopOptions } from "./loop-options.ts";

/** The base of class IOLoop. */
export abstract class LoopLimits extends GuardedEmitter<IOLoopEvents> {
  #maxAccepts: number;
  #maxConnections: number;
  #multiAccept: number;

  /** @internal */
  constructor(engine: LoopEngine, { maxAccepts = 0, maxConnections = 1000, multiAccept }: IOLoopOptions) {
    super(engine);
    this.#maxAccepts = maxAccepts;
    this.#maxConnections = maxConnections;
    this.#multiAccept = multiAccept ?? (maxConnections < 50 ? 1 : 50);
  }

  /** How many connections to accept before stopping gracefully; up to half is subtracted at random, once. Default 0: no limit. */
  get maxAccepts(): number {
    return this.#maxAccepts;
  }

  set maxAccepts(count: number) {
    check("maxAccepts", count, COUNT);
    this.#maxAccepts = count;
    this.applyLimits();
  }

  /** How many accepted connections may be open at once; further clients wait. Default 1000; 0 admits none. */
  get maxConnections(): number {
    return this.#maxConnections;
  }

  set maxConnections(count: number) {
    check("maxConnections", count, COUNT);
    this.#maxConnections = count;
    this.applyLimits();
  }

  /** How many clients are admitted a tick. Default 50, or 1 if the constructor was given a `maxConnections` under 50. */
  get multiAccept(): number {
    return this.#multiAccept;
  }

  set multiAccept(count: number) {
    check("multiAccept", count, POSITIVE);
    this.#multiAccept = count;
    this.applyLimits();
  }

  /** @internal */
  protected applyLimits(): void {
    this.engine.admission.limits(this.#maxConnections, this.#maxAccepts, this.#multiAccept);
  }
}
