// The async context in which a timer was made, as AsyncLocalStorage sees it. Its callback runs in that context.
//
// The documented way is an AsyncResource for each timer, as large as the timer itself, while most programs have no context to keep. So
// it is looked up, in a way that depends on the runtime, whether there is one. `IOLOOP_FAST=0` turns that off.

import { builtinModule, setting } from "../base/runtime.ts";

// oxlint-disable-next-line consistent-type-imports -- an import, even of a type, would say that this file needs Node
type Hooks = typeof import("node:async_hooks");
type Task<T> = (given: T) => void;

interface Contexts {
  /** The current context, to be kept; undefined if there is none. */
  readonly capture: () => unknown;
  /** Calls a function of a program in a context. */
  readonly within: <T>(context: unknown, task: Task<T>, given: T) => void;
  /** Calls a function of a program that has no context. One that it enters is not that of the next one. */
  readonly without: <T>(task: Task<T>, given: T) => void;
  /** Calls a function of ours in no context. */
  readonly outside: (task: () => void) => void;
}

/** The class of contexts of Node 24 and later. An object of it maps each AsyncLocalStorage to what it has stored. */
interface Frames {
  readonly current: () => unknown;
  readonly set: (frame: unknown) => void;
}

type Resource = InstanceType<Hooks["AsyncResource"]>;
type Snapshot = <T>(task: Task<T>, given: T) => void;
type Keyed = Record<symbol, unknown>;

const TYPE = "Timeout";
const STORE = "kResourceStore"; // the name of keys under which Node 20 and 22 keep what an AsyncLocalStorage has stored

const directly: Contexts["without"] = (task, given) => task(given);

/** Without contexts: in a browser, for example. */
const NONE: Contexts = {
  capture: () => undefined,
  within: (_context, task, given) => task(given),
  without: directly,
  outside: (task) => task(),
};

/** With an AsyncResource for each timer. */
function resources(hooks: Hooks): Contexts {
  const root = new hooks.AsyncResource(TYPE);
  for (const key of keysOf(root)) if (key.description === STORE) Reflect.deleteProperty(root, key);
  return {
    capture: () => new hooks.AsyncResource(TYPE),
    within: (context, task, given) =>
      (context as Resource).runInAsyncScope(task as (given: unknown) => void, undefined, given),
    without: directly,
    outside: (task) => root.runInAsyncScope(task),
  };
}

/** With a snapshot for each timer, which on Bun and Deno is the least. */
function snapshots({ AsyncLocalStorage }: Hooks): Contexts | undefined {
  if (typeof AsyncLocalStorage.snapshot !== "function") return undefined;
  const root = AsyncLocalStorage.snapshot();
  return {
    capture: () => AsyncLocalStorage.snapshot(),
    within: (context, task, given) => (context as Snapshot)(task, given),
    without: directly,
    outside: (task) => root(task),
  };
}

/** Node 20 and 22: promises have an id while somebody uses contexts, and only then. */
function promiseIds(hooks: Hooks): Contexts | undefined {
  if (!("_propagate" in hooks.AsyncLocalStorage.prototype)) return undefined;
  const resource = new hooks.AsyncResource(TYPE);
  const id = keysOf(resource).find((key) => (resource as unknown as Keyed)[key] === resource.asyncId());
  if (!id) return undefined;
  const all = resources(hooks);
  const nothing = (): void => {};
  const isUsed = (): boolean => (new Promise(nothing) as unknown as Keyed)[id] !== undefined;
  let empty: unknown;
  const create = (): void => void (empty = all.capture());
  const within: Contexts["within"] = (context, task, given) => {
    let hasThrown = true;
    try {
      all.within(context, task, given);
      hasThrown = false;
    } finally {
      if (hasThrown) leave(context as Keyed, hooks.executionAsyncResource() as Keyed);
    }
  };
  return {
    ...all,
    capture: () => (isUsed() ? all.capture() : undefined),
    within,
    // A context that is entered belongs to the resource under way, so each callback needs one of its own.
    without: (task, given) => {
      if (!isUsed()) return task(given);
      all.outside(create);
      within(empty, task, given);
    },
  };
}

// A callback that throws leaves its context, so that a handler of uncaught errors has it, as with Node's timers.
function leave(context: Keyed, to: Keyed): void {
  for (const key of keysOf(context)) if (key.description === STORE) to[key] = context[key];
}

/** Node 24 and later: contexts are objects, which an AsyncResource shows, and their class can tell the current one. */
function frames(hooks: Hooks): Contexts | undefined {
  const storage = new hooks.AsyncLocalStorage();
  return storage.run(storage, () => {
    const resource = new hooks.AsyncResource(TYPE) as unknown as Keyed;
    const frame = keysOf(resource)
      .map((key) => resource[key])
      .find((value) => (value as Partial<Map<unknown, unknown>> | undefined)?.get?.(storage) === storage);
    const { current, set } = (frame?.constructor ?? {}) as Partial<Frames>;
    if (typeof current !== "function" || typeof set !== "function" || current() !== frame) return undefined;
    return framesOf(current, set);
  });
}

// A callback that throws leaves its context here, too.
function framesOf(current: Frames["current"], set: Frames["set"]): Contexts {
  return {
    capture: current,
    within: (context, task, given) => {
      set(context);
      task(given);
      set(undefined);
    },
    without: (task, given) => {
      task(given);
      set(undefined);
    },
    outside: (task) => {
      const before = current();
      set(undefined);
      try {
        task();
      } finally {
        set(before);
      }
    },
  };
}

function keysOf(value: object): symbol[] {
  return Object.getOwnPropertySymbols(value);
}

function contextsOf(hooks: Hooks | undefined): Contexts {
  if (!hooks) return NONE;
  if (setting("IOLOOP_FAST") === "0") return resources(hooks);
  // On Bun, to make an AsyncLocalStorage or an AsyncResource makes all promises slower.
  if ("Bun" in globalThis) return snapshots(hooks) ?? resources(hooks);
  return promiseIds(hooks) ?? frames(hooks) ?? snapshots(hooks) ?? resources(hooks);
}

const contexts = contextsOf(builtinModule("node:async_hooks") as Hooks | undefined);

export const capture: Contexts["capture"] = contexts.capture;
export const within: Contexts["within"] = contexts.within;
export const without: Contexts["without"] = contexts.without;
export const outside: Contexts["outside"] = contexts.outside;
