// The limits of a loop: attributes that are passed on to its core.

import { GuardedEmitter } from "../reactor/emitters.ts";
import { COUNT, POSITIVE, SECONDS, check } from "../base/checks.ts";
import type { LoopEngine } from "../engine/loop-engine.ts";
import {
  FAIRNESS,
  type Fairness,
  type IOLoopEvents,
  type IOLoopOptions,
  QUEUE,
  type QueueOrder,
  RATE,
} from "./loop-options.ts";

/** The base of class IOLoop. */
export abstract class LoopLimits extends GuardedEmitter<IOLoopEvents> {
  #maxAccepts: number;
  #maxConnections: number;
  #multiAccept: number;
  #queue: QueueOrder;
  #targetWait: number;
  #acceptRate: number;
  #acceptBurst: number;
  #displaceIdle: number;
  #fairness: Fairness;
  #maxPerAddress: number;

  /** @internal */
  constructor(engine: LoopEngine, options: IOLoopOptions) {
    super(engine);
    const { maxAccepts = 0, maxConnections = 1000, multiAccept } = options;
    this.#queue = options.queue ?? "fifo";
    this.#targetWait = options.targetWait ?? 0.1;
    this.#acceptRate = options.acceptRate ?? 0;
    this.#acceptBurst = options.acceptBurst ?? 50;
    this.#displaceIdle = options.displaceIdle ?? 0;
    this.#fairness = options.fairness ?? "none";
    this.#maxPerAddress = options.maxPerAddress ?? 0;
    this.#maxAccepts = maxAccepts;
    this.#maxConnections = maxConnections;
    this.#multiAccept = multiAccept ?? (maxConnections < 50 ? 1 : 50);
  }

  /** After how many accepted connections the loop stops gracefully; up to half is subtracted at random, once. Default 0: no limit. */
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

  /** How many clients are admitted per tick. Default 50, or 1 if the constructor was given a `maxConnections` under 50. */
  get multiAccept(): number {
    return this.#multiAccept;
  }

  set multiAccept(count: number) {
    check("multiAccept", count, POSITIVE);
    this.#multiAccept = count;
    this.applyLimits();
  }

  /**
   * The order in which waiting clients are admitted. `"fifo"` (the default): first come, first served. `"adaptive"`: the same while waits are
   * short, but the newest first while the oldest has waited for longer than `targetWait`, because under overload the others have mostly given
   * up. Then a full queue resets its oldest client instead of the one that arrives, and clients that have waited for 50 times `targetWait`
   * are reset.
   */
  get queue(): QueueOrder {
    return this.#queue;
  }

  set queue(order: QueueOrder) {
    check("queue", order, QUEUE);
    this.#queue = order;
    this.#applyQueue();
  }

  /** For an adaptive queue: the wait in seconds up to which clients are admitted in order of arrival; default 0.1. */
  get targetWait(): number {
    return this.#targetWait;
  }

  set targetWait(seconds: number) {
    check("targetWait", seconds, SECONDS);
    this.#targetWait = seconds;
    this.#applyQueue();
  }

  /** How many clients are admitted per second; further ones wait. Default 0: no limit. It also applies during a graceful stop. */
  get acceptRate(): number {
    return this.#acceptRate;
  }

  set acceptRate(count: number) {
    check("acceptRate", count, RATE);
    this.#acceptRate = count;
    this.#applyRate();
  }

  /** With a rate: how many clients are admitted at once after a pause; default 50. */
  get acceptBurst(): number {
    return this.#acceptBurst;
  }

  set acceptBurst(count: number) {
    check("acceptBurst", count, POSITIVE);
    this.#acceptBurst = count;
    this.#applyRate();
  }

  /**
   * While a client waits and the loop is full, the connection that has been silent longest makes room, if for at least so many seconds: it
   * closes as by `closeGracefully`, `closeReason` `"displaced"`. Never one with something left to send or with `busy` set, an outgoing
   * or upgraded one, a handshake, HTTP/2, or one in the middle of a request. Default 0: never.
   */
  get displaceIdle(): number {
    return this.#displaceIdle;
  }

  set displaceIdle(seconds: number) {
    check("displaceIdle", seconds, SECONDS);
    this.#displaceIdle = seconds;
    this.#applyQueue();
  }

  /**
   * Whose turn it is among waiting clients. `"none"` (the default): that of the next client in the queue. `"address"`: addresses with
   * waiting clients take turns (IPv6: /64 networks), so that one with many clients does not keep the others waiting; a full queue then resets
   * the oldest client of the address that has most. Holds for clients that arrive from then on.
   */
  get fairness(): Fairness {
    return this.#fairness;
  }

  set fairness(fairness: Fairness) {
    check("fairness", fairness, FAIRNESS);
    this.#fairness = fairness;
    this.#applyQueue();
  }

  /**
   * How many connections of one address may be open at once (IPv6: of one /64 network). As many again may wait, and hold nobody else up; one
   * more is reset, and `drop` is emitted with the reason `"address"`. Counts clients that arrive from when it is set; UNIX sockets have no
   * address. Default 0: no limit.
   */
  get maxPerAddress(): number {
    return this.#maxPerAddress;
  }

  set maxPerAddress(count: number) {
    check("maxPerAddress", count, COUNT);
    this.#maxPerAddress = count;
    this.#applyQueue();
  }

  /** Passes all limits on to the core. @internal */
  protected applyAll(): void {
    this.applyLimits();
    this.#applyQueue();
    this.#applyRate();
  }

  /** @internal */
  protected applyLimits(): void {
    this.engine.admission.limits(this.#maxConnections, this.#maxAccepts, this.#multiAccept);
  }

  #applyQueue(): void {
    this.engine.admission.order({
      adaptive: this.#queue === "adaptive",
      targetWait: this.#targetWait,
      fair: this.#fairness === "address",
      maxPerAddress: this.#maxPerAddress,
      displaceIdle: this.#displaceIdle,
    });
  }

  #applyRate(): void {
    this.engine.admission.rate(this.#acceptRate, this.#acceptBurst);
  }
}
