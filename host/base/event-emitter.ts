// Events, as Mojo::EventEmitter has them: the emitter comes first, and an error that nobody hears is thrown.

import { FUNCTION, STRING, check } from "./checks.ts";
import { isThenable } from "./deferred.ts";
import { toError, withCode } from "./errors.ts";
import { known } from "./guess.ts";
import { detached, ownMethods } from "./methods.ts";

/** A subscriber: the emitter first, then the event's arguments. */
export type Subscriber<T, Args extends unknown[]> = (emitter: T, ...args: Args) => unknown;

/** The events of a class: name to arguments. */
export type Events<E> = { [name in keyof E]: unknown[] };

/** Which callback was given to `once`, on the wrapper of it. */
const GIVEN: unique symbol = Symbol("given to once");

interface Wrapper {
  [GIVEN]?: { readonly name: string };
}

/** The names of the events of a class, complete. */
export function namesOf<E>(names: Readonly<Record<keyof E, true>>): readonly string[] {
  return Object.keys(names);
}
// What `error` has; of an emitter whose events are not known, anything.
type ErrorArguments<E> = E extends { error: infer Args extends unknown[] }
  ? Args
  : string extends keyof E
    ? unknown[]
    : never;

/**
 * The base of everything that emits events.
 *
 * Subscribers run in the order they subscribed. Those added or removed during an emit take effect from the next one. A
 * subscriber that throws ends the emit: later ones are skipped, and the exception leaves `emit`.
 */
export class EventEmitter<E extends Events<E> = Record<string, unknown[]>> {
  /** The names of the events of a class. Another one is an error, where the class says them. */
  static readonly events: readonly string[] | undefined = undefined;

  // Name, list, name, list: a Map would be several times as large, and there may be very many emitters with few events.
  #subscribers: unknown[] | undefined;

  /** Subscribes to an event. Returns the callback, for `unsubscribe`. */
  on<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): Subscriber<this, E[K]> {
    if (!(this instanceof EventEmitter)) detached("on", "an emitter");
    return this.#subscribe("on", name, cb, cb);
  }

  /** Subscribes for one emit. Returns the wrapper, which can be unsubscribed, or called for that one time. */
  once<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): Subscriber<this, E[K]> {
    let called = false;
    const isOfNode = name === "error" && isRejecter(cb) && this.#isAwaited();
    const wrapper: Subscriber<this, E[K]> & Wrapper = (emitter, ...args) => {
      if (called) return undefined; // by an emit inside this one
      called = true;
      this.unsubscribe(name, wrapper);
      return isOfNode ? (cb as unknown as (error: unknown) => unknown)(args[0]) : cb(emitter, ...args);
    };
    wrapper[GIVEN] = cb;
    return this.#subscribe("once", name, cb, wrapper);
  }

  /** `on`, under Node's name. Returns the emitter. */
  addListener<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): this {
    this.#subscribe("addListener", name, cb, cb);
    return this;
  }

  /** Calls the subscribers of an event. An `error` without any throws its argument, as IOLoopError where it is no Error. */
  emit<K extends keyof E & string>(name: K, ...args: E[K]): this {
    if (!(this instanceof EventEmitter)) detached("emit", "an emitter");
    const list = this.#list(name);
    if (!list || list.length === 0) {
      if (name === "error") throw toError(args[0]);
      this.#mustKnow("emit", name);
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

  /** Ends every subscription of a callback to an event, those by `once` too; without a callback, all of that event. */
  unsubscribe<K extends keyof E & string>(name: K, cb?: Subscriber<this, E[K]>): this {
    const list = this.#list(name);
    if (!list) return this;
    const rest = cb === undefined ? [] : list.filter((other) => other !== cb && (other as Wrapper)[GIVEN] !== cb);
    list.splice(0, list.length, ...rest);
    if (rest.length === 0) this.#subscribers!.splice(this.#subscribers!.indexOf(list) - 1, 2);
    return this;
  }

  /** The same as `unsubscribe`. */
  off<K extends keyof E & string>(name: K, cb?: Subscriber<this, E[K]>): this {
    return this.unsubscribe(name, cb);
  }

  /** `unsubscribe`, under Node's name. */
  removeListener<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): this {
    check("removeListener: callback", cb, FUNCTION);
    return this.unsubscribe(name, cb);
  }

  /** Ends every subscription to every event. */
  unsubscribeAll(): this {
    this.#subscribers = undefined;
    return this;
  }

  /** Ends every subscription to an event; without a name, to every event. Node's name for both. */
  removeAllListeners(name?: keyof E & string): this {
    return name === undefined ? this.unsubscribeAll() : this.unsubscribe(name);
  }

  /** Subscribes to `error`. */
  catch(cb: Subscriber<this, ErrorArguments<E>>): this {
    check("catch: callback", cb, FUNCTION);
    this.on("error" as keyof E & string, cb as never);
    return this;
  }

  /** What becomes of a promise that a subscriber returned. A plain emitter leaves it to the runtime. */
  protected pending(_result: PromiseLike<unknown>, _name: string): void {
    // Its rejection, if any, is unhandled, as that of any promise nobody waits for.
  }

  /** Somebody is about to subscribe to an event. What this throws refuses it. @internal */
  protected subscribing(_name: string): void {
    // Of interest to what has one reader at a time.
  }

  /** Somebody has subscribed to an event. @internal */
  protected subscribed(_name: string): void {
    // Of interest to what keeps something for its first subscriber.
  }

  // `given` is what the caller gave, `cb` what is to be called.
  #subscribe<K extends keyof E & string, T extends Subscriber<this, E[K]>>(what: string, name: K, given: T, cb: T): T {
    check(`${what}: name`, name, STRING);
    check(`${what}: callback`, given, FUNCTION);
    this.subscribing(name);
    const list = this.#list(name);
    if (list) {
      list.push(cb);
    } else {
      this.#mustKnow(what, name);
      this.#subscribers = this.#subscribers ? this.#subscribers.concat(name, [[cb]]) : [name, [cb]];
    }
    this.subscribed(name);
    return cb;
  }

  // Asked only where nobody has subscribed to that name yet.
  #mustKnow(what: string, name: string): void {
    const { events } = this.constructor as typeof EventEmitter;
    if (events === undefined) return;
    for (let i = 0; i < events.length; i++) if (events[i] === name) return;
    const message = `${what}: ${this.constructor.name} has no event "${name}"; ${known(name, events)}`;
    throw withCode(new TypeError(message), "ERR_IOLOOP_UNKNOWN_EVENT");
  }

  // Whether `once` of node:events waits for one of the events.
  #isAwaited(): boolean {
    return (this.#subscribers ?? []).some(
      (list) => Array.isArray(list) && (list.at(-1) as Wrapper | undefined)?.[GIVEN]?.name === "resolver",
    );
  }

  #list<K extends keyof E & string>(name: K): Subscriber<this, E[K]>[] | undefined {
    const all = this.#subscribers;
    if (all) for (let i = 0; i < all.length; i += 2) if (all[i] === name) return all[i + 1] as Subscriber<this, E[K]>[];
    return undefined;
  }
}

ownMethods(EventEmitter, "an emitter", ["on", "emit", "hasSubscribers"]);

// `once` of node:events subscribes to `error` behind the event that it waits for, with this one, and rejects with its first
// argument. That is to be the error, and not the emitter.
function isRejecter(cb: unknown): boolean {
  return typeof cb === "function" && cb.name === "errorListener" && cb.length === 1;
}
