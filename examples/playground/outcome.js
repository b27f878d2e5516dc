// The outcomes of clients: a bar of all fates, the shares of the addresses, and five figures with charts of the last minute.

import { capacityOf } from "./clients.js";
import { element } from "./controls.js";
import { Fate } from "./ledger.js";
import { Spark } from "./spark.js";
import { duration, number, percent, setText } from "./text.js";

/** @typedef {import("./host.js").Host} Host */
/** @typedef {import("./settings.js").Settings} Settings */

/** Name, colour, and the number of clients. @type {readonly (readonly [string, string, (host: Host) => number])[]} */
const FATES = [
  ["served", "served", ({ ledger }) => ledger.ended[Fate.SERVED] ?? 0],
  ["admitted", "inside", (host) => host.inside],
  ["waiting", "waiting", (host) => host.waiting],
  ["reset: queue full", "lost-3", ({ ledger }) => ledger.ended[Fate.TURNED_AWAY] ?? 0],
  ["waited too long", "lost-2", ({ ledger }) => ledger.ended[Fate.WAITED] ?? 0],
  ["left unanswered", "lost", ({ ledger }) => ledger.ended[Fate.GAVE_UP] ?? 0],
  ["silent, closed", "silent", ({ ledger }) => ledger.ended[Fate.SILENT] ?? 0],
  ["closed by the drain", "plan", ({ ledger }) => ledger.ended[Fate.CLOSED] ?? 0],
];

/**
 * @typedef {object} Tile
 * @property {string} label
 * @property {"waiting" | "inside" | "served" | "ink"} colour
 * @property {"waiting" | "goodput" | "rate" | "answer" | "delay"} series
 * @property {number} atLeast the value of the full height of its chart
 * @property {(host: Host) => string} value
 * @property {(host: Host, settings: Settings) => string} note
 */

/** @type {readonly Tile[]} */
const TILES = [
  {
    label: "Goodput",
    colour: "served",
    series: "goodput",
    atLeast: 1,
    value: ({ ledger }) => percent(ledger.goodput.ago(0) || 0),
    note: (_host, { load }) => `of the capacity, in time; ${percent(load)} arrive`,
  },
  {
    label: "Throughput",
    colour: "inside",
    series: "rate",
    atLeast: 10,
    value: ({ ledger }) => `${(ledger.rate.ago(0) || 0).toFixed(1)} /s`,
    note: (_host, settings) => `answers, of ${number(Math.round(capacityOf(settings)))} possible`,
  },
  {
    label: "Waiting",
    colour: "waiting",
    series: "waiting",
    atLeast: 10,
    value: (host) => number(host.waiting),
    note: ({ ledger }) => `longest wait ${duration(ledger.longestWait)}`,
  },
  {
    label: "Answer after",
    colour: "ink",
    series: "answer",
    atLeast: 1000,
    value: ({ ledger }) => duration(ledger.answer.ago(0)),
    note: () => "on average",
  },
  {
    label: "Timers late by",
    colour: "ink",
    series: "delay",
    atLeast: 10,
    value: ({ ledger }) => duration(ledger.delay.greatest(8)),
    note: ({ ledger }) => `${duration(ledger.delay.greatest())} at most`,
  },
];

/** Who is served: name, colour, and the group of clients. @type {readonly (readonly [string, string, "others" | "flooder"])[]} */
const GROUPS = [
  ["of the clients of the forty are served", "served", "others"],
  ["of those of the address that floods", "flood", "flooder"],
];

export class Outcome {
  #fates = makeFates();
  #groups = makeGroups();
  #tiles;

  /** @param {() => void} resized */
  constructor(resized) {
    this.#tiles = TILES.map((tile) => makeTile(tile, resized));
  }

  /** @param {Host} host @param {Settings} settings @param {import("./canvas.js").Palette} palette */
  show(host, settings, palette) {
    for (const show of this.#fates) show(host);
    element("groups").hidden = settings.flooder === 0;
    for (const show of this.#groups) show(host);
    for (const show of this.#tiles) show(host, settings, palette);
  }
}

function makeFates() {
  const bar = document.createElement("div");
  const list = document.createElement("ul");
  bar.className = "bar";
  element("fates").append(bar, list);
  return FATES.map(([name, colour, count]) => {
    const part = document.createElement("i");
    const item = document.createElement("li");
    const dot = document.createElement("i");
    const value = document.createElement("strong");
    dot.className = "dot";
    for (const swatch of [part, dot]) swatch.style.setProperty("--colour", `var(--${colour})`);
    item.append(dot, value, ` ${name}`);
    list.append(item);
    bar.append(part);
    return (/** @type {Host} */ host) => {
      setText(value, number(count(host)));
      part.style.flexGrow = String(count(host));
      item.classList.toggle("none", count(host) === 0);
    };
  });
}

function makeGroups() {
  return GROUPS.map(([name, colour, group]) => {
    const item = document.createElement("li");
    const value = document.createElement("strong");
    const bar = document.createElement("div");
    const part = document.createElement("i");
    bar.className = "bar";
    part.style.setProperty("--colour", `var(--${colour})`);
    bar.append(part);
    item.append(value, ` ${name}`, bar);
    element("groups").append(item);
    return (/** @type {Host} */ host) => {
      const { share } = host.ledger[group];
      setText(value, Number.isNaN(share) ? "–" : percent(share));
      part.style.flexBasis = `${(share || 0) * 100}%`;
    };
  });
}

/** @param {Tile} tile @param {() => void} resized */
function makeTile({ label, colour, series, atLeast, value, note }, resized) {
  const tile = document.createElement("dl");
  const [term, figure, small] = ["dt", "dd", "small"].map((name) => document.createElement(name));
  const canvas = document.createElement("canvas");
  if (!term || !figure || !small) return () => {};
  const text = document.createElement("span");
  tile.className = "tile";
  term.textContent = label;
  figure.append(text, " ", small);
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `${label}: the last minute`);
  const stage = document.createElement("div");
  stage.className = "stage";
  stage.append(canvas);
  tile.append(term, figure, stage);
  element("tiles").append(tile);
  const spark = new Spark(canvas, resized);
  return (
    /** @type {Host} */ host,
    /** @type {Settings} */ settings,
    /** @type {import("./canvas.js").Palette} */ palette,
  ) => {
    setText(text, value(host));
    setText(small, note(host, settings));
    spark.draw(host.ledger[series], palette[colour], atLeast, palette.line);
  };
}
