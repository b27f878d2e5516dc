// A cache with a million entries, each of which expires by a timer of its own. Reading an entry makes it live longer.
//
//   node examples/expiring-cache.mjs [COUNT] [MILLISECONDS]      default 1,000,000 entries, which live for 4,000 ms
//
// With the timers of node:timers it does the same. Change the import to compare.

import { clearTimeout, setTimeout } from "wasm-ioloop/timers";
import { setTimeout as sleep } from "wasm-ioloop/timers/promises";

/** A map whose entries expire when they have not been read for some milliseconds. */
class ExpiringCache {
  #entries = new Map(); // key → { value, timer }
  #lifetime;

  constructor(lifetime) {
    this.#lifetime = lifetime;
  }

  get size() {
    return this.#entries.size;
  }

  set(key, value) {
    const entry = this.#entries.get(key);
    if (entry) {
      entry.value = value;
      entry.timer.refresh();
    } else {
      const timer = setTimeout(ExpiringCache.#expire, this.#lifetime, this.#entries, key);
      this.#entries.set(key, { value, timer: timer.unref() });
    }
  }

  get(key) {
    const entry = this.#entries.get(key);
    entry?.timer.refresh();
    return entry?.value;
  }

  delete(key) {
    clearTimeout(this.#entries.get(key)?.timer);
    return this.#entries.delete(key);
  }

  // One function for all entries, instead of a closure each: that is most of the memory of a timer.
  static #expire(entries, key) {
    entries.delete(key);
  }
}

const [count = 1_000_000, lifetime = 4000] = process.argv.slice(2).map(Number);
const number = (value) => Math.round(value).toLocaleString("en");

/** Does something for some keys, and prints what it takes for each. */
function measure(what, keys, task) {
  const begin = process.cpuUsage();
  for (let key = 0; key < keys; key++) task(key);
  const { user, system } = process.cpuUsage(begin);
  console.log(`${number(keys)} ${what}: ${number(((user + system) * 1000) / keys)} ns each`);
}

const cache = new ExpiringCache(lifetime);
measure("entries made", count, (key) => cache.set(key, key));
measure("entries deleted", Math.floor(count / 10), (key) => cache.delete(key));

await sleep(lifetime / 2);
const half = count / 2;
measure("entries read, which live longer", Math.floor(half), (key) => cache.get(half + key));

await sleep(lifetime / 2 + lifetime / 4);
console.log(`${number(cache.size)} entries are left`);
await sleep(lifetime);
console.log(`${number(cache.size)} entries are left`);
