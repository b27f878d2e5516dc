// Events, as Mojo::EventEmitter has them: the emitter comes first, and an error that nobody hears is thrown.

import { isThenable, toError } from "./errors.ts";
import { FUNCTION, STRING, check } from "./checks.ts";

/** A subscriber: the emitter first, then the event's arguments. */
export type Subscriber<T, Args extends unknown[]> = (emitter: T, ...args: Args) => unknown;

/** The events of a class: name to arguments. */
export type Events<E> = { [name in keyof E]: unknown[] };

/**
 * The base of everything that emits events.
 *
 * Subscribers run in the order they subscribed. Those added or removed during an emit take effect from the next one. A
 * subscriber that throws ends the emit: later ones are skipped, and the exception leaves `emit`.
 */
export class EventEmitter<E extends Events<E> = Record<string, unknown[]>> {
  // Name, list, name, list: a Map would be several times as large, and there may be very many emitters with few events.
  #subscribers: unknown[] | undefined;

  /** Subscribes to an event. Returns the callback, for `unsubscribe`. */
  on<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): Subscriber<this, E[K]> {
    check("on: name", name, STRING);
    check("on: callback", cb, FUNCTION);
    const list = this.#list(name);
    if (list) list.push(cb);
    else this.#subscribers = this.#subscribers ? this.#subscribers.concat(name, [[cb]]) : [name, [cb]];
    return cb;
  }

  /** Subscribes for one emit. Returns the wrapper, which can be unsubscribed, or called for that one time. */
  once<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): Subscriber<this, E[K]> {
    check("once: name", name, STRING);
    check("once: callback", cb, FUNCTION);
    let called = false;
    const wrapper: Subscriber<this, E[K]> = (emitter, ...args) => {
      if (called) return undefined; // by an emit inside this one
      called = true;
      this.unsubscribe(name, wrapper);
      return cb(emitter, ...args);
    };
    return this.on(name, wrapper);
  }

  /** Calls the subscribers of an event. An `error` without any throws its argument, as IOLoopError where it is no Error. */
  emit<K extends keyof E & string>(name: K, ...args: E[K]): this {
    const list = this.#list(name);
    if (!list || list.length === 0) {
      if (name === "error") throw toError(args[0]);
      return this;
    }
    const now = list.length === 1 ? list : list.slice();
    for (let i = 0, end = now.length; i < end; i++) {
      const result = now[i]!(this, ...args);
      if (isThenable(result)) this.pending(result, name);
    }
    return this;
  }

  /** Whether an event has subscribers. */
  hasSubscribers(name: keyof E & string): boolean {
    return (this.#list(name)?.length ?? 0) > 0;
  }

  /** The subscribers of an event: the live list where it has any. */
  subscribers<K extends keyof E & string>(name: K): Subscriber<this, E[K]>[] {
    return this.#list(name) ?? [];
  }

  /** Ends every subscription of a callback to an event; without a callback, all of that event. */
  unsubscribe<K extends keyof E & string>(name: K, cb?: Subscriber<this, E[K]>): this {
    const list = this.#list(name);
    if (!list) return this;
    const rest = cb === undefined ? [] : list.filter((other) => other !== cb);
    list.splice(0, list.length, ...rest);
    if (rest.length === 0) this.#subscribers!.splice(this.#subscribers!.indexOf(list) - 1, 2);
    return this;
  }

  /** Ends every subscription to every event. */
  unsubscribeAll(): this {
    this.#subscribers = undefined;
    return this;
  }

  /** Subscribes to `error`. */
  catch(cb: Subscriber<this, E extends { error: infer Args extends unknown[] } ? Args : never>): this {
    check("catch: callback", cb, FUNCTION);
    this.on("error" as keyof E & string, cb as never);
    return this;
  }

  /** What becomes of a promise that a subscriber returned. A plain emitter leaves it to the runtime. */
  protected pending(_result: PromiseLike<unknown>, _name: string): void {
    // Its rejection, if any, is unhandled, as that of any promise nobody waits for.
  }

  #list<K extends keyof E & string>(name: K): Subscriber<this, E[K]>[] | undefined {
    const all = this.#subscribers;
    if (all) for (let i = 0; i < all.length; i += 2) if (all[i] === name) return all[i + 1] as Subscriber<this, E[K]>[];
    return undefined;
  }
}
