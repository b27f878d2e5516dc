// The async context in which a timer was made, as AsyncLocalStorage sees it. Its callback runs in that context.
//
// An AsyncResource keeps a context, but it is as large as a timer, and most programs have no context to keep. So it is found out first
// whether there is one, in the way that suits the runtime; a runtime that shows none of them keeps one with each timer.

import { builtinModule } from "../base/runtime.ts";

type Hooks = typeof import("node:async_hooks");
type Resource = InstanceType<Hooks["AsyncResource"]> & Marked;
type Marked = { [key: symbol]: unknown };

/** Runs a function in the context that it has kept. */
export interface Context {
  // oxlint-disable-next-line no-explicit-any -- as Node's types have it
  runInAsyncScope(task: (this: unknown, ...args: any[]) => unknown, subject: unknown, ...args: unknown[]): unknown;
}

interface Contexts {
  /** Keeps the current context; returns undefined if there is none. */
  readonly capture: () => Context | undefined;
  /** Runs a task in no context. */
  readonly outside: (task: () => void) => void;
}

const TYPE = "Timeout";
const STORE = "kResourceStore"; // the keys under which Node 20 and 22 keep what AsyncLocalStorage stores

/** Finds out how this runtime keeps contexts. */
function contextsOf(hooks: Hooks | undefined): Contexts {
  if (!hooks) return { capture: () => undefined, outside: (task) => task() };
  const { AsyncLocalStorage, AsyncResource } = hooks;
  const keep = (): Resource => new AsyncResource(TYPE) as Resource;
  const root = keep();
  const outside = (task: () => void): void => void root.runInAsyncScope(task);

  // Node 20 and 22: promises have an id while somebody uses contexts, and only then. To try that here would make promises slower.
  if ("_propagate" in AsyncLocalStorage.prototype) {
    const id = keysOf(root).find((key) => root[key] === root.asyncId());
    if (!id) return { capture: keep, outside };
    for (const key of keysOf(root)) if (key.description === STORE) Reflect.deleteProperty(root, key);
    return {
      capture: () => ((Promise.resolve() as unknown as Marked)[id] === undefined ? undefined : keep()),
      outside,
    };
  }

  // Node 24 and later: a resource has the context under a key of its own; undefined if there is none.
  const storage = new AsyncLocalStorage();
  const inside = storage.run(storage, keep);
  const frame = keysOf(inside).find((key) => inside[key] instanceof Map && inside[key].has(storage));
  if (!frame) return { capture: keep, outside };
  root[frame] = undefined;
  const capture = (): Context | undefined => {
    const resource = keep();
    return resource[frame] === undefined ? undefined : resource;
  };
  return { capture, outside };
}

function keysOf(value: object): symbol[] {
  return Object.getOwnPropertySymbols(value);
}

const contexts = contextsOf(builtinModule("node:async_hooks") as Hooks | undefined);

export const capture: Contexts["capture"] = contexts.capture;
export const outside: Contexts["outside"] = contexts.outside;
