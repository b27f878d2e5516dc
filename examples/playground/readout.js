// The current values on the page: the clock, the gate, the phase, and the keys of the pictures.

import { Phase, State } from "wasm-ioloop/core";
import { element } from "./controls.js";
import { duration, number, setText } from "./text.js";

/** @typedef {import("./host.js").Host} Host */
/** @typedef {(host: Host) => string} Say */

/** Name, colour, and a count. @typedef {readonly [string, string, Say?]} Entry */

/** @type {readonly Entry[]} */
const DIAL_KEY = [
  ["work on an answer", "inside"],
  ["the oldest waits too long", "waiting"],
  ["silence ends", "silent"],
  ["clients arrive and leave", "plan"],
];

/** @type {readonly Entry[]} */
const TABLE_KEY = [
  ["WAITING", "waiting", ({ core }) => number(core.calls.connectionsIn(State.WAITING))],
  ["INCOMING", "inside", ({ core }) => number(core.calls.connectionsIn(State.INCOMING))],
  ["slots in the table", "line", ({ core }) => number(core.calls.connectionCapacity())],
  ["ids used so far", "plan", ({ places }) => number(places.uses.reduce((sum, count) => sum + count, 0))],
];

export class Readout {
  #keys = [...makeKey("dial-key", DIAL_KEY), ...makeKey("table-key", TABLE_KEY)];

  /** @param {Host} host @param {import("./settings.js").Settings} settings */
  show(host, { maxConnections, backlog }) {
    setText(element("clock"), `${(host.now / 1000).toFixed(3)} s`);
    setText(element("line-count"), number(host.waiting));
    setText(element("line-of"), `of ${number(backlog)} allowed`);
    setText(element("inside-count"), number(host.inside));
    setText(
      element("inside-of"),
      maxConnections === Infinity ? "without a limit" : `of ${number(maxConnections)} slots`,
    );
    const { line, seats, silent } = host.places;
    show("inside-silent", silent);
    show(
      "line-gone",
      line.reduce((sum, { isGone }) => sum + Number(isGone), 0),
    );
    show(
      "inside-gone",
      seats.reduce((sum, client) => sum + Number(client?.isGone ?? false), 0),
    );
    const isFull = host.inside >= maxConnections;
    setText(element("door"), host.phase >= Phase.DRAINING ? "shut" : isFull ? "full" : "open");
    setText(element("next"), host.next === Infinity ? "never" : `in ${duration(Math.max(0, host.next - host.now))}`);
    for (const [phase, item] of [...element("phases").children].entries()) {
      if (phase === host.phase) item.setAttribute("aria-current", "step");
      else item.removeAttribute("aria-current");
    }
    for (const show of this.#keys) show(host);
  }
}

/** A count that is shown only if there is any. @param {string} id @param {number} count */
function show(id, count) {
  setText(element(`${id}-count`), number(count));
  element(id).classList.toggle("none", count === 0);
}

/** @param {string} id @param {readonly Entry[]} entries */
function makeKey(id, entries) {
  return entries.map(([name, colour, say]) => {
    const item = document.createElement("li");
    const dot = document.createElement("i");
    const value = document.createElement("strong");
    dot.className = "dot";
    dot.style.setProperty("--colour", `var(--${colour})`);
    item.append(dot, value, say ? ` ${name}` : name);
    element(id).append(item);
    return (/** @type {Host} */ host) => say && setText(value, say(host));
  });
}
