// What will happen, the earliest first. Equal times keep their order.

export class Heap {
  #entries = [];
  #made = 0;

  /** The time of the first entry; Infinity if there is none. */
  get time() {
    return this.#entries[0]?.time ?? Infinity;
  }

  /** Adds an entry. */
  add(time, kind, attempt) {
    const entries = this.#entries;
    const entry = { time, order: this.#made++, kind, attempt };
    let at = entries.length;
    for (let above; at > 0 && isBefore(entry, entries[(above = (at - 1) >> 1)]); at = above)
      entries[at] = entries[above];
    entries[at] = entry;
  }

  /** Removes the first entry, and returns it. */
  take() {
    const entries = this.#entries;
    const [first] = entries;
    const last = entries.pop();
    if (entries.length === 0) return first;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= entries.length) break;
      if (below + 1 < entries.length && isBefore(entries[below + 1], entries[below])) below++;
      if (!isBefore(entries[below], last)) break;
      entries[at] = entries[below];
      at = below;
    }
    entries[at] = last;
    return first;
  }
}

function isBefore(a, b) {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}
