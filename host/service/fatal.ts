// Errors that nothing has caught end the process, on every runtime, unless the program has a listener for them.
//
// On Bun they end no process whose main module still waits for a top-level await, as a worker of `await prefork()` does. And there, rejections are
// not passed on as exceptions.

type Print = (error: unknown, origin: string) => void;
type Listener = (error: unknown, origin: unknown) => void;

const isBun = process.versions["bun"] !== undefined;
const EVENTS = ["uncaughtException", "unhandledRejection"] as const;
// The command and prefork are two files of the package, with a copy of this module each.
const OURS = Symbol.for("wasm-ioloop.fatal");

/** From now on, `print` gets an error that nothing has caught, and the process ends with code 1. Replaces what an earlier call has set. */
export function endAtErrors(print: Print): void {
  for (const event of isBun ? EVENTS : EVENTS.slice(0, 1)) {
    const earlier = process.listeners(event as "uncaughtException") as unknown as Listener[];
    for (const listener of earlier) if (OURS in listener) process.off(event, listener);
    const listener: Listener = (error, origin) => {
      if (process.listenerCount(event) > 1) return; // the program has a listener of its own
      if (isOfChannel(error)) return;
      const isRejection = event === "unhandledRejection"; // then `origin` is the promise
      if (isRejection) process.emit("uncaughtExceptionMonitor", error as Error, event);
      print(error, isRejection ? event : String(origin));
      process.exit(1);
    };
    process.on(event as "uncaughtException", Object.assign(listener, { [OURS]: true }));
  }
}

// On Deno both sides may close their channel at the same time, and the second to do so gets this, which no call throws.
function isOfChannel(error: unknown): boolean {
  return "Deno" in globalThis && (error as { code?: unknown } | undefined)?.code === "ERR_IPC_DISCONNECTED";
}

/** The same where the runtime does not end the process by itself. Prints the error as the runtime does. */
export function endAtErrorsOnBun(): void {
  if (isBun) endAtErrors((error) => console.error(error));
}
