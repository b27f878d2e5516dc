// The async context in which a timer was made, as AsyncLocalStorage sees it. Its callback runs in that context.
//
// The documented way is an AsyncResource for each timer, as large as the timer itself, while most programs have no context to keep. So
// it is looked up, in a way that depends on the runtime, whether there is one. `IOLOOP_FAST=0` turns that off.

import { builtinModule, setting } from "../base/runtime.ts";

// oxlint-disable-next-line consistent-type-imports -- an import, even of a type, would say that this file needs Node
type Hooks = typeof import("node:async_hooks");

interface Contexts {
  /** The current context, to be kept; undefined if there is none. */
  readonly capture: () => unknown;
  /** Calls a function in a context. */
  readonly within: <T>(context: unknown, task: (given: T) => void, given: T) => void;
  /** Calls a function in no context. */
  readonly outside: (task: () => void) => void;
}

/** The class of contexts of Node 24 and later. An object of it maps each AsyncLocalStorage to what it has stored. */
interface Frames {
  current(): unknown;
  set(frame: unknown): void;
}

type Resource = InstanceType<Hooks["AsyncResource"]>;
type Keyed = Record<symbol, unknown>;

const TYPE = "Timeout";
const STORE = "kResourceStore"; // the name of keys under which Node 20 and 22 keep what an AsyncLocalStorage has stored

/** Without contexts: in a browser, for example. */
const NONE: Contexts = {
  capture: () => undefined,
  within: (_context, task, given) => task(given),
  outside: (task) => task(),
};

/** With an AsyncResource for each timer. */
function resources(hooks: Hooks): Contexts {
  const root = new hooks.AsyncResource(TYPE);
  for (const key of keysOf(root)) if (key.description === STORE) Reflect.deleteProperty(root, key);
  return {
    capture: () => new hooks.AsyncResource(TYPE),
    within: (context, task, given) => (context as Resource).runInAsyncScope(task as () => void, undefined, given),
    outside: (task) => root.runInAsyncScope(task),
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
  return { ...all, capture: () => (isUsed() ? all.capture() : undefined) };
}

/** Node 24 and later: contexts are objects, which an AsyncResource shows, and their class can tell the current one. */
function frames(hooks: Hooks): Contexts | undefined {
  const storage = new hooks.AsyncLocalStorage();
  return storage.run(storage, () => {
    const resource = new hooks.AsyncResource(TYPE) as unknown as Keyed;
    const frame = keysOf(resource)
      .map((key) => resource[key])
      .find((value) => (value as Partial<Map<unknown, unknown>> | undefined)?.get?.(storage) === storage);
    const Frame = frame?.constructor as Partial<Frames> | undefined;
    if (!Frame || typeof Frame.set !== "function" || Frame.current?.() !== frame) return undefined;
    return framesOf(Frame as Frames);
  });
}

function framesOf(Frame: Frames): Contexts {
  const within: Contexts["within"] = (context, task, given) => {
    const before = Frame.current();
    Frame.set(context);
    try {
      task(given);
    } finally {
      Frame.set(before);
    }
  };
  return { capture: () => Frame.current(), within, outside: (task) => within(undefined, task, undefined) };
}

function keysOf(value: object): symbol[] {
  return Object.getOwnPropertySymbols(value);
}

function contextsOf(hooks: Hooks | undefined): Contexts {
  if (!hooks) return NONE;
  if (setting("IOLOOP_FAST") === "0") return resources(hooks);
  return promiseIds(hooks) ?? frames(hooks) ?? resources(hooks);
}

const contexts = contextsOf(builtinModule("node:async_hooks") as Hooks | undefined);

export const capture: Contexts["capture"] = contexts.capture;
export const within: Contexts["within"] = contexts.within;
export const outside: Contexts["outside"] = contexts.outside;
