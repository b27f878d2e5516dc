// A small Redis: strings and counters with a time to live, in memory. It works with redis-cli and redis-benchmark.
//
//   node examples/redis-server.mjs [PORT] [ADDRESS]              6379 127.0.0.1
//
// Port 0 is a free one. MAX_CONNECTIONS=20 DISPLACE_IDLE=1 in the environment: 20 slots, and connections that are silent for a second make room.
// Then: redis-cli -p 6379 set a 1 ex 10; redis-benchmark -p 6379 -t ping,set,get,incr -P 16 -q
// Ctrl-C, or SIGTERM: connected clients have five seconds to finish.

import { IOLoop } from "wasm-ioloop";

const [port = "6379", address = "127.0.0.1"] = process.argv.slice(2);
const MAX = 1024 * 1024; // bytes of a command
const { MAX_CONNECTIONS = "1000", DISPLACE_IDLE = "0" } = process.env;
const loop = new IOLoop({ maxConnections: Number(MAX_CONNECTIONS), displaceIdle: Number(DISPLACE_IDLE) });

class RedisError extends Error {}
class Status extends String {} // such as OK: sent without a length

/** The protocol of Redis, as a framer: yields commands as arrays of strings, and encodes replies. */
function resp() {
  let rest = Buffer.alloc(0);
  let at = 0;

  function line() {
    const end = rest.indexOf("\r\n", at);
    if (end < 0) return undefined;
    const text = rest.latin1Slice(at, end);
    at = end + 2;
    return text;
  }

  function count(text, kind, most) {
    const number = Number(text.slice(1));
    if (text[0] !== kind || !(number >= 0 && number <= most)) throw new RedisError("Protocol error");
    return number;
  }

  // The next command; undefined if it is not complete
  function command() {
    const head = line();
    if (head === undefined) return undefined;
    if (head[0] !== "*") return head.trim().split(/ +/); // typed by hand
    const words = [];
    for (let left = count(head, "*", 1024); left > 0; left--) {
      const start = line();
      if (start === undefined) return undefined;
      const length = count(start, "$", MAX);
      if (rest.length < at + length + 2) return undefined;
      words.push(rest.utf8Slice(at, at + length));
      at += length + 2;
    }
    return words;
  }

  return {
    *push(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let used = 0;
      at = 0;
      for (let next = command(); next !== undefined; next = command()) {
        used = at;
        if (next.length > 0) yield next;
      }
      rest = rest.subarray(used);
      if (rest.length > MAX) throw new RedisError("Protocol error: too big");
    },
    end() {
      if (rest.length > 0) throw new RedisError("The input has ended within a command");
    },
    encode: (reply) => Buffer.from(encode(reply)),
  };
}

function encode(reply) {
  if (reply === null) return "$-1\r\n";
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (reply instanceof RedisError) return `-ERR ${reply.message}\r\n`;
  if (reply instanceof Status) return `+${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(encode).join("")}`;
  return `$${Buffer.byteLength(reply)}\r\n${reply}\r\n`;
}

const data = new Map();
const timers = new Map(); // of keys that expire
const OK = new Status("OK");
const PONG = new Status("PONG");

function forget(key) {
  loop.remove(timers.get(key));
  timers.delete(key);
  return data.delete(key) ? 1 : 0;
}

function expire(key, seconds) {
  if (!(seconds >= 0)) throw new RedisError("value is not an integer or out of range");
  if (!data.has(key)) return 0;
  loop.remove(timers.get(key));
  timers.set(
    key,
    loop.timer(seconds, () => forget(key)),
  );
  return 1;
}

function add(key, by) {
  const sum = Number(data.get(key) ?? 0) + by;
  if (!Number.isSafeInteger(sum)) throw new RedisError("value is not an integer or out of range");
  data.set(key, String(sum));
  return sum;
}

const COMMANDS = {
  command: () => [],
  config: (_what, name = "") => [name, ""],
  dbsize: () => data.size,
  decr: (key) => add(key, -1),
  del: (...keys) => keys.reduce((sum, key) => sum + forget(key), 0),
  echo: (text = "") => text,
  exists: (...keys) => keys.filter((key) => data.has(key)).length,
  expire: (key, seconds) => expire(key, Number(seconds)),
  flushall: () => (data.clear(), OK),
  get: (key) => data.get(key) ?? null,
  incr: (key) => add(key, 1),
  keys: () => [...data.keys()],
  mget: (...keys) => keys.map((key) => data.get(key) ?? null),
  ping: (text) => text ?? PONG,
  set(key, value, unit, time) {
    if (value === undefined) throw new RedisError("wrong number of arguments for 'set' command");
    forget(key);
    data.set(key, value);
    if (unit !== undefined) expire(key, unit.toLowerCase() === "px" ? time / 1000 : Number(time));
    return OK;
  },
};

function answer([name, ...args]) {
  const run = Object.hasOwn(COMMANDS, name.toLowerCase()) ? COMMANDS[name.toLowerCase()] : undefined;
  try {
    if (!run) throw new RedisError(`unknown command '${name.slice(0, 50)}'`);
    return run(...args);
  } catch (err) {
    if (err instanceof RedisError) return err;
    throw err;
  }
}

const id = loop.server({ port: Number(port), address, idleTimeout: 300 }, (loop, stream) => {
  stream.on("error", (_stream, err) => console.log(err.message));
  stream.on("drain", () => stream.start());
  stream.frames(resp, (stream, words) => {
    if (words[0].toLowerCase() === "quit") return stream.write("+OK\r\n").closeGracefully();
    void stream.sendFrame(answer(words)); // all answers to a chunk are sent together
    if (!stream.canWrite) stream.stop(); // the client does not read: take no more commands from it
  });
});

const server = loop.acceptor(id);
await server.ready;
console.log(`Listening on ${address}:${server.port}`);

function stop() {
  for (const timer of timers.values()) loop.remove(timer);
  void loop.stopGracefully({ timeout: 5 });
}
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
await loop.start();
console.log("Bye");
