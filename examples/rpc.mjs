// Remote procedure calls: JSON messages behind their length, over a pool of connections, with retries, backoff and cancelling.
//
//   node examples/rpc.mjs          runs a server and a client in one process, and prints what happens

import { IOLoop } from "wasm-ioloop";
import { lengthPrefixed } from "wasm-ioloop/framing";

const loop = new IOLoop();

/** A framer: JSON behind its length. */
function messages() {
  const frames = lengthPrefixed({ max: 1024 * 1024 });
  return {
    push: (chunk) => Array.from(frames.push(chunk), (bytes) => JSON.parse(bytes.toString())),
    end: () => frames.end(),
    encode: (message) => frames.encode(JSON.stringify(message)),
  };
}

/** Serves these methods. Calls of one connection run at the same time. */
function serve(methods, options) {
  return loop.server(options, (_loop, stream) => {
    stream.on("error", (_stream, err) => console.log(`Server: ${err.message}`));
    stream.frames(messages, async (stream, { id, method, params }) => {
      try {
        if (!Object.hasOwn(methods, method)) throw new Error(`no method ${method}`);
        const result = await methods[method](...params);
        await stream.sendFrame({ id, result });
      } catch (err) {
        if (!stream.isClosed) await stream.sendFrame({ id, error: err.message });
      }
    });
  });
}

/** Calls methods over a few connections, which are opened when they are needed. */
class Client {
  #options;
  #size;
  #open = []; // promises of connections
  #next = 0;
  #id = 0;

  constructor({ size = 2, ...options }) {
    this.#size = size;
    this.#options = options;
  }

  /** Calls a method. An error of the connection is tried again, up to `tries` times, after a pause that doubles. */
  async call(method, params = [], { signal, tries = 4, pause = 0.05 } = {}) {
    for (let left = tries - 1, wait = pause; ; left--, wait *= 2) {
      try {
        return await this.#attempt(method, params, signal);
      } catch (err) {
        if (err instanceof Refused || left === 0 || signal?.aborted) throw err;
        console.log(`Client: ${err.code ?? err.message}, next try in ${wait} s`);
        await loop.sleep(wait, { signal });
      }
    }
  }

  close() {
    for (const connection of this.#open) connection?.then(({ stream }) => stream.close()).catch(() => {});
  }

  async #attempt(method, params, signal) {
    const { stream, calls } = await this.#connection(this.#next++ % this.#size);
    const id = ++this.#id;
    return new Promise((resolve, reject) => {
      const abort = () => settle(reject, signal.reason);
      const settle = (how, what) => {
        calls.delete(id);
        signal?.removeEventListener("abort", abort);
        how(what);
      };
      calls.set(id, { resolve: (value) => settle(resolve, value), reject: (err) => settle(reject, err) });
      if (signal?.aborted) return abort();
      signal?.addEventListener("abort", abort);
      stream.sendFrame({ id, method, params }).catch((err) => calls.get(id)?.reject(err));
    });
  }

  #connection(at) {
    this.#open[at] ??= this.#connect(at);
    return this.#open[at];
  }

  async #connect(at) {
    try {
      const stream = await loop.connect(this.#options);
      const calls = new Map(); // id → the promise of the call
      const frames = stream.frames(messages);
      void this.#listen(at, frames, calls);
      return { stream, calls };
    } catch (err) {
      this.#open[at] = undefined;
      throw err;
    }
  }

  // Takes answers until the connection ends. Calls without an answer fail then.
  async #listen(at, frames, calls) {
    let end = Object.assign(new Error("the connection has ended"), { code: "ENDED" });
    try {
      for await (const { id, result, error } of frames) {
        if (error === undefined) calls.get(id)?.resolve(result);
        else calls.get(id)?.reject(new Refused(error));
      }
    } catch (err) {
      end = err;
    }
    this.#open[at] = undefined;
    for (const { reject } of calls.values()) reject(end);
  }
}

/** The server has answered with an error: trying again would not help. */
class Refused extends Error {}

const methods = {
  add: (a, b) => a + b,
  later: (seconds, value) => loop.sleep(seconds).then(() => value),
};
const first = serve(methods, { port: 0 });
const { port } = loop.acceptor(first);
const client = new Client({ port, size: 2, timeout: 5 });

console.log("2 + 3 =", await client.call("add", [2, 3]));
console.log(await Promise.all([client.call("later", [0.1, "last"]), client.call("later", [0, "first"])]));
await client.call("divide", [1, 0]).catch((err) => console.log(`Refused: ${err.message}`));

const patience = new AbortController();
loop.timer(0.05, () => patience.abort(new Error("took too long")));
await client.call("later", [60], { signal: patience.signal }).catch((err) => console.log(`Cancelled: ${err.message}`));

// The server goes away, and comes back while the client tries again
loop.remove(first);
client.close();
let second;
loop.timer(0.1, () => (second = serve(methods, { port })));
console.log("4 + 5 =", await client.call("add", [4, 5], { tries: 6 }));
loop.remove(second);
client.close();
loop.reset(); // the call of `later` that was cancelled still runs on the server
