// The page: virtual time follows real time, at any speed, and the decisions of the core are drawn.
//
// In the address: ?preset=overload&seed=7&speed=10&paused. In the console: playground.advance(60).

import { Phase } from "wasm-ioloop/core";
import { readPalette } from "./canvas.js";
import { element, input, makeControls, makePresets, makeSpeed } from "./controls.js";
import { Dial } from "./dial.js";
import { Gate } from "./gate.js";
import { Host } from "./host.js";
import { Fate } from "./ledger.js";
import { Outcome } from "./outcome.js";
import { Readout } from "./readout.js";
import { PRESETS } from "./presets.js";
import { SPEEDS } from "./settings.js";
import { Table } from "./table.js";
import { duration, number, setText } from "./text.js";
import { verdict } from "./verdict.js";

const FRAME_BUDGET_MS = 9; // for passes; the rest of a sixtieth of a second is for drawing
const LONGEST_FRAME_MS = 100; // a page that was hidden does not catch up
const TEXT_MS = 100; // figures that change faster cannot be read

/** @type {Record<number, string>} */
const DRAINING = {
  [Phase.FINISHING]: "Draining, but clients are still accepted for a while, until load balancers have noticed.",
  [Phase.DRAINING]: "The door is shut. Waiting clients are still served, in order, and admitted ones until they end.",
};

class Page {
  host;
  #settings;
  #seed;
  #speed;
  #lesson = "";
  #tip = "";
  #next = "";
  #isPlaying = false;
  #asked = 0;
  #latest = 0;
  #told = -Infinity;
  #drainedAt = 0;
  #jumps = false;
  #palette = readPalette();
  #isCalm = matchMedia("(prefers-reduced-motion: reduce)");
  #wake = () => this.draw();
  #gate = new Gate(/** @type {HTMLCanvasElement} */ (element("gate")), this.#wake);
  #dial = new Dial(/** @type {HTMLCanvasElement} */ (element("dial")), this.#wake);
  #table = new Table(/** @type {HTMLCanvasElement} */ (element("table")), this.#wake);
  #outcome = new Outcome(this.#wake);
  #readout = new Readout();
  #showPreset;
  #showControls;

  constructor() {
    const query = new URLSearchParams(location.search);
    const preset = PRESETS.find(({ name }) => name === query.get("preset")) ?? PRESETS[1] ?? PRESETS[0];
    if (!preset) throw new Error("no preset");
    const speed = Number(query.get("speed"));
    this.#speed = SPEEDS.includes(speed) ? speed : 1;
    this.#seed = Math.trunc(Number(query.get("seed") ?? 1)) || 0;
    this.#settings = { ...preset.settings };
    this.host = new Host(this.#settings, this.#seed);
    this.#showPreset = makePresets((preset) => this.#choose(preset));
    this.#showControls = makeControls((name, value) => this.#set(name, value));
    makeSpeed((value) => (this.#speed = value))(this.#speed);
    input("seed").value = String(this.#seed);
    this.#listen();
    this.#choose(preset);
    if (!query.has("paused") && !this.#isCalm.matches) this.play();
  }

  play() {
    if (!this.host.isRunning) this.reset();
    this.#isPlaying = true;
    this.#latest = 0;
    this.draw();
  }

  pause() {
    this.#isPlaying = false;
    this.draw();
  }

  /** One pass of the loop. */
  step() {
    this.#isPlaying = false;
    this.host.step();
    this.draw();
  }

  /** The same clients again, from the start. */
  reset() {
    this.#seed = Math.trunc(Number(input("seed").value)) || 0;
    this.host = new Host(this.#settings, this.#seed);
    this.host.watcher = this.#gate;
    this.#gate.forget();
    this.draw();
  }

  /** A graceful stop. A second call closes the remaining connections at once. */
  drain() {
    if (this.host.phase === Phase.ADMITTING) {
      this.#drainedAt = this.host.now;
      this.host.drain();
    } else {
      this.host.hurry();
    }
    this.draw();
  }

  /** Advances virtual time by some seconds at once. @param {number} seconds */
  advance(seconds) {
    this.host.advance(this.host.now + seconds * 1000);
    this.#gate.forget();
    this.#jumps = true;
    this.draw();
  }

  /** Schedules a redraw of the page. */
  draw() {
    this.#told = -Infinity;
    this.#ask();
  }

  #ask() {
    if (this.#asked === 0) this.#asked = requestAnimationFrame((at) => this.#frame(at));
  }

  /** @param {number} at */
  #frame(at) {
    this.#asked = 0;
    const elapsed = this.#latest === 0 ? 0 : Math.min(at - this.#latest, LONGEST_FRAME_MS);
    this.#latest = at;
    if (this.#isPlaying) {
      this.host.advance(this.host.now + elapsed * this.#speed, performance.now() + FRAME_BUDGET_MS);
      if (!this.host.isRunning) this.pause();
    }
    const glide = this.#isCalm.matches || this.#jumps ? Infinity : elapsed;
    this.#jumps = false;
    let moves = this.#gate.draw(this.host, this.#settings, this.#palette, glide);
    moves = this.#dial.draw(this.host, this.#palette, glide) || moves;
    this.#table.draw(this.host, this.#palette);
    if (at - this.#told >= TEXT_MS) {
      this.#told = at;
      this.#tell();
    }
    if (this.#isPlaying || moves) this.#ask();
    else this.#latest = 0;
  }

  #tell() {
    const { host } = this;
    this.#readout.show(host, this.#settings);
    this.#outcome.show(host, this.#settings, this.#palette);
    setText(element("lesson-text"), this.#sentence());
    setText(element("tip"), host.phase === Phase.ADMITTING ? this.#tip : "");
    setText(element("play-label"), this.#isPlaying ? "Pause" : "Play");
    element("play").classList.toggle("playing", this.#isPlaying);
    const isOver = host.phase === Phase.FINISHED;
    setText(element("drain-label"), host.phase === Phase.ADMITTING || isOver ? "Drain" : "Close all");
    for (const id of ["step", "drain"]) /** @type {HTMLButtonElement} */ (element(id)).disabled = isOver;
  }

  #sentence() {
    const { host } = this;
    if (host.phase === Phase.ADMITTING) return this.#lesson || verdict(host, this.#settings);
    if (host.phase !== Phase.FINISHED) return DRAINING[host.phase] ?? "";
    const closed = host.ledger.ended[Fate.CLOSED] ?? 0;
    const took = duration(host.now - this.#drainedAt);
    return `Drained in ${took}. ${closed === 0 ? "No client" : number(closed)} had to be closed. Play starts again.`;
  }

  /** @param {import("./presets.js").Preset} preset */
  #choose({ name, lesson, tip, next, settings }) {
    this.#settings = { ...settings };
    this.#lesson = lesson;
    this.#tip = tip;
    this.#next = next;
    this.#showPreset(name);
    this.#showControls(settings);
    this.reset();
  }

  /** @param {keyof import("./settings.js").Settings} name @param {number} value */
  #set(name, value) {
    this.#settings = { ...this.#settings, [name]: value };
    this.host.set(this.#settings);
    this.#lesson = "";
    this.#tip = this.#next;
    this.#showPreset(undefined);
    this.draw();
  }

  #listen() {
    element("play").addEventListener("click", () => (this.#isPlaying ? this.pause() : this.play()));
    element("step").addEventListener("click", () => this.step());
    element("reset").addEventListener("click", () => this.reset());
    element("drain").addEventListener("click", () => this.drain());
    input("seed").addEventListener("change", () => this.reset());
    for (const id of ["settings", "more"]) element(id).addEventListener("submit", (event) => event.preventDefault());
    document.addEventListener("keydown", (event) => this.#press(event));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
      this.#palette = readPalette();
      this.draw();
    });
  }

  // A focused control keeps its usual keys; elsewhere the keys are those of the page.
  /** @param {KeyboardEvent} event */
  #press(event) {
    const target = event.target instanceof Element ? event.target : document.body;
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === " " && !target.matches('button, input[type="number"]')) {
      event.preventDefault();
      if (this.#isPlaying) this.pause();
      else this.play();
    } else if (event.key === "ArrowRight" && !target.matches("input")) {
      event.preventDefault();
      this.step();
    }
  }
}

Object.assign(globalThis, { playground: new Page() });
