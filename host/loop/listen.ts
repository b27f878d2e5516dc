// Servers whose connections are iterated over: one client is admitted for each that is asked for.

import { IOLoopError } from "../base/errors.ts";
import { DONE, Iteration, type Result } from "../base/iteration.ts";
import { queueMicrotask } from "../base/runtime.ts";
import type { Id } from "../core/ids.ts";
import type { DropReason } from "../engine/connections.ts";
import type { Resource } from "../engine/resources.ts";
import type { ListenerOptions } from "../net/listener-options.ts";
import { Server } from "../net/server.ts";
import type { Reactor } from "../reactor/reactor.ts";
import type { AnyData, Stream } from "../stream/stream.ts";
import { ensureRunning, wasReset, whenFailed } from "./pending.ts";
import { streamServer } from "./streams.ts";

/** A server that `listen` of a loop returns. Not a class of its own, so that the compiler takes it where it takes a {@link Server}. */
export type ListeningServer<Data = AnyData> = Server & {
  /** The id of the acceptor; 0 once it is closed. */
  readonly id: Id;
  /**
   * Iterates over the connections, and starts the loop if it is not running. One client is admitted for each that is asked for. Until the
   * iteration is left, the server keeps the loop running. It ends when the server is closed, and in a graceful stop when no client waits. If
   * listening fails, it throws. Leaving it early closes the server, and not its connections.
   *
   * @throws IOLoopError `ERR_IOLOOP_HANDLE_IN_USE` during another iteration.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<Stream<Data>>;
};

/** Admits a client only when its iteration asks for one. */
class AskedServer<Data> extends Server {
  /** As consoles and errors show it. */
  static override readonly name = "ListeningServer";
  #accepts: Accepts<Data> | undefined;
  #record = 0;
  #isStarted = true;

  /** @internal */
  constructor(options: { reactor: Reactor }) {
    super(options);
    const { admitted } = this;
    this.admitted = (...args) => {
      this.hold(); // first: no other may come in with it
      admitted(...args);
    };
    this.lost = () => this.#accepts?.lost();
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Stream<Data>> {
    if (this.#accepts?.isOver === false)
      throw new IOLoopError("ERR_IOLOOP_HANDLE_IN_USE", "for await: the server is iterated over already");
    return (this.#accepts = new Accepts<Data>(this));
  }

  override start(): void {
    this.#isStarted = true;
    super.start();
    this.askFor(this.#accepts?.isWaiting === true);
  }

  override stop(): void {
    this.#isStarted = false;
    super.stop();
  }

  /** Admits nobody until it is asked. @internal */
  hold(): void {
    if (this.#record === 0) this.#record = this.record();
    this.askFor(false);
  }

  /** Admits the next client, or nobody. Returns false once nobody waits and none can come. @internal */
  askFor(one: boolean): boolean {
    return this.engine.acceptors.listen(this.#record, one && this.#isStarted);
  }

  /** A connection of a client that was admitted. @internal */
  accepted(stream: Stream<Data>): void {
    if (!this.#accepts?.accepted(stream)) stream.close(); // the iteration was left meanwhile
  }

  /** @internal */
  override closeFor(reason: DropReason): void {
    super.closeFor(reason);
    this.#accepts?.closed();
  }

  /** @internal */
  override end(): void {
    super.end();
    this.#accepts?.acceptingEnded();
  }
}

/** An iteration over the connections of a server. */
class Accepts<Data> extends Iteration<Stream<Data>> implements Resource {
  isOver = false;
  readonly #server: AskedServer<Data>;
  #hasEnded = false; // accepting has ended, and clients may still wait
  #failure: { readonly error: unknown } | undefined;
  readonly #failed = (_server: unknown, error: unknown): void => this.#end({ error });
  readonly #forget: () => void;

  constructor(server: AskedServer<Data>) {
    super();
    this.#server = server;
    const { engine } = server;
    engine.resources.watch(this, () => this.#look());
    server.on("error", this.#failed);
    this.#forget = whenFailed(engine, (error) => this.#end({ error }));
    if (!server.handle)
      server.ready.then(
        () => this.#end(),
        (error: unknown) => this.#end(isClose(error) ? undefined : { error }),
      );
  }

  /** A client was admitted and is connected. Returns false if nobody asks for it any more. */
  accepted(stream: Stream<Data>): boolean {
    const isWanted = this.isWaiting;
    this.settle({ done: false, value: stream });
    return isWanted;
  }

  /** The handshake of an admitted client has failed. */
  lost(): void {
    if (this.isWaiting) this.#server.askFor(true);
  }

  /** The server is closed. A microtask later, as a reset or an error may be the cause. */
  closed(): void {
    queueMicrotask(() => this.#end());
  }

  acceptingEnded(): void {
    this.#hasEnded = true;
    if (!this.#server.askFor(this.isWaiting)) this.#end();
  }

  suspend(): void {
    if (this.#hasEnded) this.#end(); // the graceful stop is over
  }

  resume(): void {
    // The server does what there is to do.
  }

  close(): void {
    this.#end({ error: wasReset("for await") });
  }

  protected override found(): Result<Stream<Data>> | undefined {
    return this.isOver && !this.#failure ? DONE : undefined;
  }

  protected override asked(): void {
    const server = this.#server;
    try {
      if (this.isOver) return this.#settle();
      ensureRunning(server.engine, "for await");
      if (!server.askFor(true) && this.#hasEnded) this.#end();
    } catch (error) {
      this.#end({ error });
    }
  }

  protected override left(): void {
    if (this.isOver) return;
    this.#end();
    this.#server.close();
  }

  #look(): boolean {
    if (this.#hasEnded && !this.#server.askFor(this.isWaiting)) this.#end();
    return false;
  }

  #end(failure?: { readonly error: unknown }): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#failure = failure;
    this.#server.engine.resources.unwatch(this, true);
    this.#server.unsubscribe("error", this.#failed);
    this.#forget();
    if (this.isWaiting) this.#settle();
  }

  // The error is thrown once.
  #settle(): void {
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure) this.fail(failure.error);
    else this.settle(DONE);
  }
}

function isClose(error: unknown): boolean {
  return (error as { code?: unknown }).code === "ERR_IOLOOP_ABORTED";
}

/** Listens with these options, and admits nobody until it is asked. */
export function listen<Data>(reactor: Reactor, options: ListenerOptions): ListeningServer<Data> {
  const asked = new AskedServer<Data>({ reactor });
  const server = asked as unknown as ListeningServer<Data>;
  streamServer(reactor, options, (stream) => asked.accepted(stream), server, "listen");
  asked.hold();
  return server;
}
