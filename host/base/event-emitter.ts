// Events, as in Mojo::EventEmitter: callbacks get the emitter first, and an `error` without a subscriber is thrown.

import { FUNCTION, STRING, check } from "./checks.ts";
import { isThenable } from "./deferred.ts";
import { toError, withCode } from "./errors.ts";
import { known } from "./guess.ts";
import { type Methods, detached, ownMethods } from "./methods.ts";

/** A subscriber. It gets the emitter first, then the event's arguments. */
export type Subscriber<T, Args extends unknown[]> = (emitter: T, ...args: Args) => unknown;

/** The events of a class: for each name, the types of its arguments. */
export type Events<E> = { [name in keyof E]: unknown[] };

/** On the wrapper that `once` makes: the callback that it was given. */
const GIVEN: unique symbol = Symbol("given to once");

interface Wrapper {
  [GIVEN]?: { readonly name: string };
}

/** All event names of a class. The type makes sure that none is missing. */
export function namesOf<E>(names: Readonly<Record<keyof E, true>>): readonly string[] {
  return Object.keys(names);
}
// The arguments of `error`; any arguments if the events of the emitter are not declared.
type ErrorArguments<E> = E extends { error: infer Args extends unknown[] }
  ? Args
  : string extends keyof E
    ? unknown[]
    : never;

/**
 * The base of everything that emits events.
 *
 * Subscribers run in the order in which they subscribed. Subscribing or unsubscribing during an emit takes effect from the next
 * emit on. If a subscriber throws, the later ones are skipped, and `emit` throws the exception.
 */
export class EventEmitter<E extends Events<E> = Record<string, unknown[]>> {
  /** @internal */
  static readonly ownMethods: Methods = { of: "an emitter", unchecked: ["on", "emit", "hasSubscribers"] };
  /** The event names of a class; default undefined. If a class sets them, subscribing to or emitting another name throws. */
  static readonly events: readonly string[] | undefined = undefined;

  /** @internal */
  constructor() {
    ownMethods(new.target);
  }

  #first: Subscribed | undefined;

  /** Subscribes to an event. Returns the callback, which `unsubscribe` takes. Throws a `TypeError` if the class has no such event. */
  on<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): Subscriber<this, E[K]> {
    if (!(this instanceof EventEmitter)) detached("on", "an emitter");
    return EventEmitter.#subscribe(this, "on", name, cb, cb) as Subscriber<this, E[K]>;
  }

  /** Subscribes for one emit. Returns the wrapper around the callback; it can be unsubscribed, or called in place of the emit. */
  once<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): Subscriber<this, E[K]> {
    let called = false;
    const isOfNode = name === "error" && isRejecter(cb) && isAwaited(this.#first);
    const wrapper: Subscriber<this, E[K]> & Wrapper = (emitter, ...args) => {
      if (called) return undefined; // by a nested emit
      called = true;
      this.unsubscribe(name, wrapper);
      return isOfNode ? (cb as unknown as (error: unknown) => unknown)(args[0]) : cb(emitter, ...args);
    };
    wrapper[GIVEN] = cb;
    return EventEmitter.#subscribe(this, "once", name, cb, wrapper) as Subscriber<this, E[K]>;
  }

  /** `on`, under Node's name. Returns the emitter. */
  addListener<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): this {
    EventEmitter.#subscribe(this, "addListener", name, cb, cb);
    return this;
  }

  /** Calls the subscribers of an event. An `error` without subscribers throws its argument, wrapped in an IOLoopError if it is not an error. */
  emit<K extends keyof E & string>(name: K, ...args: E[K]): this {
    if (!(this instanceof EventEmitter)) detached("emit", "an emitter");
    const list = find(this.#first, name)?.subscribers as Subscriber<this, E[K]>[] | Subscriber<this, E[K]> | undefined;
    if (typeof list === "function") {
      const result = list(this, ...args);
      if (isThenable(result)) this.pending(result, name);
      return this;
    }
    if (!list || list.length === 0) {
      if (name === "error") throw toError(args[0]);
      mustKnow(this, "emit", name);
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
    const list = find(this.#first, name)?.subscribers;
    return typeof list === "function" || (list?.length ?? 0) > 0;
  }

  /** The subscribers of an event: the live list, or a new empty array if there are none. */
  subscribers<K extends keyof E & string>(name: K): Subscriber<this, E[K]>[] {
    return (find(this.#first, name)?.list() ?? []) as Subscriber<this, E[K]>[];
  }

  /** Removes every subscription of a callback to an event, including those by `once`; without a callback, all subscriptions to the event. */
  unsubscribe<K extends keyof E & string>(name: K, cb?: Subscriber<this, E[K]>): this {
    const event = find(this.#first, name);
    if (!event) return this;
    const list = event.list();
    const rest = cb === undefined ? [] : list.filter((other) => other !== cb && (other as Wrapper)[GIVEN] !== cb);
    list.splice(0, list.length, ...rest);
    if (rest.length === 0) this.#first = without(this.#first!, event);
    return this;
  }

  /** The same as `unsubscribe`. */
  off<K extends keyof E & string>(name: K, cb?: Subscriber<this, E[K]>): this {
    return this.unsubscribe(name, cb);
  }

  /** The same as `unsubscribe`, under Node's name. The callback is required. */
  removeListener<K extends keyof E & string>(name: K, cb: Subscriber<this, E[K]>): this {
    check("removeListener: callback", cb, FUNCTION);
    return this.unsubscribe(name, cb);
  }

  /** Removes every subscription to every event. */
  unsubscribeAll(): this {
    this.#first = undefined;
    return this;
  }

  /** Removes every subscription to an event; without a name, to every event. Node's name. */
  removeAllListeners(name?: keyof E & string): this {
    return name === undefined ? this.unsubscribeAll() : this.unsubscribe(name);
  }

  /** Subscribes to `error`. */
  catch(cb: Subscriber<this, ErrorArguments<E>>): this {
    check("catch: callback", cb, FUNCTION);
    this.on("error" as keyof E & string, cb as never);
    return this;
  }

  /** Called with the promise that a subscriber returned. A plain emitter ignores it. */
  protected pending(_result: PromiseLike<unknown>, _name: string): void {
    // If it rejects, the runtime reports an unhandled rejection.
  }

  /** Called before a subscription to an event. If it throws, there is no subscription. @internal */
  protected subscribing(_name: string): void {
    // For classes with events that take a single subscriber.
  }

  /** Called after a subscription to an event. @internal */
  protected subscribed(_name: string): void {
    // For classes that keep data for their first subscriber.
  }

  // `given` is the caller's callback; `cb` is that callback or the wrapper of `once`. Static, like all private methods of emitters and
  // streams: others would cost each object a field.
  static #subscribe<E extends Events<E>>(
    emitter: EventEmitter<E>,
    what: string,
    name: string,
    given: unknown,
    cb: unknown,
  ): unknown {
    check(`${what}: name`, name, STRING);
    check(`${what}: callback`, given, FUNCTION);
    emitter.subscribing(name);
    const event = find(emitter.#first, name);
    if (event) {
      event.list().push(cb as Any);
    } else {
      mustKnow(emitter, what, name);
      emitter.#first = append(emitter.#first, new Subscribed(name, cb as Any));
    }
    emitter.subscribed(name);
    return cb;
  }
}

type Any = (...args: never[]) => unknown;

// An event that has subscribers, and the next such event of the emitter. Such a chain is smaller than an array or a Map, and a program can
// have very many emitters with few events.
class Subscribed {
  readonly name: string;
  /** A list or, while it is a single one that was never listed, itself. */
  subscribers: Any | Any[];
  next: Subscribed | undefined;

  constructor(name: string, first: Any) {
    this.name = name;
    this.subscribers = first;
  }

  list(): Any[] {
    if (typeof this.subscribers === "function") this.subscribers = [this.subscribers];
    return this.subscribers;
  }
}

function find(first: Subscribed | undefined, name: string): Subscribed | undefined {
  let event = first;
  while (event && event.name !== name) event = event.next;
  return event;
}

// Returns the first event of the chain.
function append(first: Subscribed | undefined, event: Subscribed): Subscribed {
  if (!first) return event;
  let last = first;
  while (last.next) last = last.next;
  last.next = event;
  return first;
}

// The same.
function without(first: Subscribed, gone: Subscribed): Subscribed | undefined {
  if (first === gone) return gone.next;
  let before = first;
  while (before.next !== gone) before = before.next!;
  before.next = gone.next;
  return first;
}

// Checked only while the name has no subscriber, so repeated subscriptions and emits cost nothing.
function mustKnow(emitter: object, what: string, name: string): void {
  const { events } = emitter.constructor as typeof EventEmitter;
  if (events === undefined) return;
  for (let i = 0; i < events.length; i++) if (events[i] === name) return;
  const message = `${what}: ${emitter.constructor.name} has no event "${name}"; ${known(name, events)}`;
  throw withCode(new TypeError(message), "ERR_IOLOOP_UNKNOWN_EVENT");
}

// Whether `once` of node:events is waiting for one of the events.
function isAwaited(first: Subscribed | undefined): boolean {
  for (let event = first; event; event = event.next) {
    const { subscribers } = event;
    const last: unknown = typeof subscribers === "function" ? subscribers : subscribers.at(-1);
    if ((last as Wrapper | undefined)?.[GIVEN]?.name === "resolver") return true;
  }
  return false;
}

// `once` of node:events subscribes this function to `error`, after the event that it waits for, and rejects with its first
// argument. That must be the error, not the emitter.
function isRejecter(cb: unknown): boolean {
  return typeof cb === "function" && cb.name === "errorListener" && cb.length === 1;
}
