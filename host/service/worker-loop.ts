// The loop of a worker: it counts its connections, knows when its servers listen, and makes them share their ports.

import { withCode } from "../base/errors.ts";
import {
  IOLoop,
  type Id,
  type ListenerOptions,
  type ListeningServer,
  type ServeOptions,
  type ServedServer,
  type Server,
  type ServerCallback,
} from "../index.ts";
import type { Ports } from "./channel.ts";
import type { Settings } from "./prefork-options.ts";

const FIXED_PORT = 'with sharing "reusePort" of prefork, workers can only share TCP servers with a fixed "port"';

export class WorkerLoop extends IOLoop {
  readonly #reusesPort: boolean;
  readonly #spent: () => void;
  #left: number; // connections until it is spent; below zero without a limit
  #starting: Promise<void>[] = [];
  #hasStarted = false; // what listens later is not waited for, and has no successor at the same port
  readonly #ports: Ports;
  readonly #free = new Map<string, Server>(); // servers that have asked for a free port
  readonly #counts = new Map<string, number>(); // of such servers, by address

  /** `ports` are those of other workers. `spent` is called when as many connections have been accepted as a worker may accept. */
  constructor({ accepts, sharing }: Settings, ports: Ports, spent: () => void) {
    super();
    this.#ports = ports;
    this.#left = accepts === 0 ? -1 : Math.max(1, accepts - Math.floor(Math.random() * (accepts / 2)));
    this.#reusesPort = sharing === "reusePort";
    this.#spent = spent;
  }

  /** Resolves when all its servers listen, also those that are added meanwhile. Rejects if one cannot. */
  async listens(): Promise<void> {
    for (let all = this.#starting; all.length > 0; all = this.#starting) {
      this.#starting = [];
      await Promise.all(all);
    }
    this.#hasStarted = true;
  }

  /** The ports of the servers that have asked for a free one. */
  ports(): Ports {
    const entries = [...this.#free].map(([name, { port }]) => [name, port] as const);
    return Object.fromEntries(entries.filter(([, port]) => port !== undefined)) as Ports;
  }

  override server<Data>(options: ListenerOptions, cb: ServerCallback<Data>): Id;
  override server<Data>(cb: ServerCallback<Data>, options?: ListenerOptions): Id;
  override server(a: unknown, b?: unknown): Id {
    const [given, cb] = typeof a === "function" ? [b, a] : [a, b];
    if (typeof cb !== "function") return super.server(a as ListenerOptions, b as ServerCallback); // it throws
    const options = this.#shared("server", given as ListenerOptions | undefined);
    const counted = this.#counted(cb as ServerCallback, options);
    return this.#listens(options, () => super.server(options, counted));
  }

  override serve<Data>(server: ServedServer, given?: ServeOptions, cb?: ServerCallback<Data>): Id {
    const options = this.#shared("serve", given);
    const isCallback = cb === undefined || typeof cb === "function";
    const counted = isCallback ? this.#counted(cb as ServerCallback | undefined, options) : cb;
    return this.#listens(options, () => super.serve(server, options, counted));
  }

  override listen<Data>(given?: ListenerOptions): ListeningServer<Data> {
    const options = this.#shared("listen", given);
    let server!: ListeningServer<Data>;
    this.#listens(options, () => (server = super.listen<Data>(options)).id);
    if (options.exempt === true) return server;
    const iterate = server[Symbol.asyncIterator].bind(server);
    server[Symbol.asyncIterator] = () => {
      const accepts = iterate();
      const next = accepts.next.bind(accepts);
      accepts.next = async (...args) => {
        const result = await next(...args);
        if (result.done !== true) this.#accepted();
        return result;
      };
      return accepts;
    };
    return server;
  }

  #counted(cb: ServerCallback | undefined, { exempt }: ListenerOptions): ServerCallback {
    if (exempt === true) return cb ?? nothing;
    return (loop, stream, id) => {
      this.#accepted();
      return cb?.(loop, stream, id);
    };
  }

  #accepted(): void {
    if (this.#left > 0 && --this.#left === 0) this.#spent();
  }

  #listens(options: ListenerOptions, listen: () => Id): Id {
    if (this.#hasStarted) return listen();
    const name = this.#nameOf(options);
    const port = name === undefined ? undefined : this.#ports[name];
    if (port !== undefined) options.port = port;
    const id = listen();
    const server = this.acceptor(id);
    if (!server) return id;
    if (name !== undefined) this.#free.set(name, server);
    const ready = server.ready.catch(unlessClosed);
    ready.catch(nothing); // a program that awaits it as well may fail before `listens` is called
    this.#starting.push(ready);
    return id;
  }

  // All workers make their servers in the same order.
  #nameOf(options: ListenerOptions | undefined): string | undefined {
    const { port = 0, path, fd, address = "127.0.0.1" } = options ?? {};
    const { activation } = (options ?? {}) as { activation?: unknown };
    if (port !== 0 || [path, fd, activation].some((other) => other !== undefined)) return undefined;
    const count = this.#counts.get(address) ?? 0;
    this.#counts.set(address, count + 1);
    return `${address} ${count}`;
  }

  // A copy, so that each option is read once.
  #shared<T extends ListenerOptions>(what: string, given: T | undefined): T {
    if (given === undefined) return this.#shared(what, {} as T);
    if (typeof given !== "object" || given === null || Array.isArray(given)) return given; // the loop throws
    const options = { ...given };
    if (!this.#reusesPort) return options;
    for (const name of ["path", "fd", "activation"]) {
      if ((options as Record<string, unknown>)[name] === undefined) continue;
      throw withCode(new TypeError(`${what}: ${FIXED_PORT}, not option "${name}"`), "ERR_IOLOOP_INVALID_ARG_TYPE");
    }
    if ((options.port ?? 0) === 0) {
      throw withCode(new RangeError(`${what}: ${FIXED_PORT}, not a free one`), "ERR_IOLOOP_OUT_OF_RANGE");
    }
    options.reuse = true;
    return options;
  }
}

// The program may close a server again before it listens.
function unlessClosed(error: unknown): void {
  if ((error as { code?: unknown }).code !== "ERR_IOLOOP_ABORTED") throw error;
}

function nothing(): void {
  // The server gets the connection without it.
}
