// What a loop does by promises: it connects, sleeps and listens.

import { SECONDS, SIGNAL, check, checkOptions } from "../base/checks.ts";
import { onAbort } from "../base/signals.ts";
import type { ClientOptions } from "../net/client-options.ts";
import type { ListenerOptions } from "../net/listener-options.ts";
import type { Reactor } from "../reactor/reactor.ts";
import type { AnyData, SignalOptions, Stream } from "../stream/stream.ts";
import type { StopOptions } from "./graceful-stop.ts";
import { LoopLimits } from "./limits.ts";
import { type ListeningServer, listen } from "./listen.ts";
import { pending } from "./pending.ts";
import { removeConnection, streamClient } from "./streams.ts";

const GRACE = 5; // seconds

/** A base of class IOLoop. */
export abstract class LoopPromises extends LoopLimits {
  abstract readonly reactor: Reactor;
  abstract readonly isRunning: boolean;
  abstract reset(): void;
  abstract stopGracefully(options?: StopOptions): Promise<void>;

  /**
   * Opens a connection, and starts the loop if it is not running. Nothing that arrives is lost. Rejects with the error of the attempt, or with
   * `ERR_IOLOOP_STOPPED` after a stop. Options: {@link ClientOptions}; the `signal` holds for the attempt only.
   */
  connect<Data = AnyData>(options: ClientOptions = {}): Promise<Stream<Data>> {
    return pending<Stream<Data>>(this.engine, "connect", ({ resolve, reject }) => {
      const done = (error: unknown, stream: Stream | undefined): void => (stream ? resolve(stream) : reject(error));
      const id = streamClient(this.reactor, options, done, "connect");
      return () => removeConnection(this.engine, id);
    });
  }

  /** Waits for some seconds, and starts the loop if it is not running. Rejects with `ERR_IOLOOP_STOPPED` after a stop. */
  sleep(seconds: number, options: SignalOptions = {}): Promise<void> {
    check("sleep: seconds", seconds, SECONDS);
    const { signal } = checkOptions("sleep", options, { signal: SIGNAL });
    const { timers } = this.engine;
    return pending<void>(this.engine, "sleep", ({ resolve, reject }) => {
      const timer = timers.make(seconds, false, () => {
        forget();
        resolve();
      });
      const forget = onAbort(signal, (reason) => {
        timers.remove(timer);
        reject(reason);
      });
      return () => {
        forget();
        timers.remove(timer);
      };
    });
  }

  /**
   * Listens, for a `for await` over the connections: it admits one client for each that is asked for. Options: {@link ListenerOptions}. `Data`
   * is the type of each stream's `data`.
   */
  listen<Data = AnyData>(options: ListenerOptions = {}): ListeningServer<Data> {
    return listen<Data>(this.reactor, options);
  }

  /** Stops gracefully within 5 seconds if it is running, and removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.isRunning) await this.stopGracefully({ timeout: GRACE });
    this.reset();
  }
}
