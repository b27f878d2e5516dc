// Draws pending deadlines as in a hierarchical timing wheel: rings of 64 slots, each ring 64 times as slow.
//
// A deadline is in the ring of the highest six bits in which its tick differs from the current one. So it moves
// inward, from ring to ring, as its time nears. The core's memory is private, so this uses the deadlines that the host knows.

import { slotOf } from "wasm-ioloop/core";
import { Surface, circle } from "./canvas.js";
import { DESCRIPTORS } from "./places.js";
import { Purpose } from "./timers.js";

const TICKS = 16; // per millisecond
const SLOTS = 64;
const RINGS = 4;
const STEP = 4.2; // from dot to dot, if there is room
const FALL_MS = 90;
// Each connection may have a deadline and two timers, the host has two more, and the queue has a deadline.
const MOST = 3 * DESCRIPTORS + 3;

export class Dial {
  #surface;
  #x = new Float32Array(MOST);
  #y = new Float32Array(MOST);
  #deadlines = new Float64Array(MOST).fill(NaN);
  #slots = new Uint16Array(MOST);
  #counts = new Uint16Array(RINGS * SLOTS);
  #stacked = new Uint16Array(RINGS * SLOTS);
  #glide = 1;
  #moves = false;
  #shown = 0;

  /** @param {HTMLCanvasElement} canvas @param {() => void} resized */
  constructor(canvas, resized) {
    this.#surface = new Surface(canvas, resized);
  }

  /**
   * @param {import("./host.js").Host} host
   * @param {import("./canvas.js").Palette} palette
   * @param {number} elapsed real milliseconds since the last call; Infinity: nothing glides
   * @returns {boolean} whether anything still moves
   */
  draw(host, palette, elapsed) {
    if (!this.#surface.isThere) return false;
    const now = Math.floor(host.now * TICKS);
    this.#glide = 1 - Math.exp(-elapsed / FALL_MS);
    this.#moves = false;
    if (elapsed === Infinity) this.#shown = now;
    this.#surface.clear();
    this.#drawRings(palette, now);
    this.#counts.fill(0);
    this.#stacked.fill(0);
    eachDeadline(host, (index, deadline) => {
      const slot = slotAt(Math.floor(deadline * TICKS), now);
      this.#slots[index] = slot;
      this.#counts[slot] = (this.#counts[slot] ?? 0) + 1;
    });
    const colours = [palette.plan, palette.inside, palette.waiting, palette.silent];
    for (const purpose of [Purpose.WORK, Purpose.IDLE, Purpose.WAIT, Purpose.PLAN]) {
      const { context } = this.#surface;
      context.fillStyle = colours[purpose] ?? palette.ink;
      context.beginPath();
      eachDeadline(host, (index, deadline, its) => its === purpose && this.#drawDot(index, deadline));
      context.fill();
    }
    this.#drawCount(palette);
    this.#drawNext(palette, host.isRunning ? host.core.calls.pollDeadline() : Infinity, now);
    this.#shown = now;
    return this.#moves;
  }

  get #radius() {
    return Math.min(this.#surface.width, this.#surface.height) / 2 - 3;
  }

  /** The inner radius of a ring. @param {number} ring */
  #inner(ring) {
    return this.#radius * (0.16 + (0.84 * ring) / RINGS);
  }

  get #band() {
    return (this.#radius * 0.84) / RINGS;
  }

  /** @param {import("./canvas.js").Palette} palette @param {number} now */
  #drawRings(palette, now) {
    const { context, width, height } = this.#surface;
    const [x, y] = [width / 2, height / 2];
    for (let ring = 0; ring < RINGS; ring++) {
      const turn = SLOTS ** (ring + 1);
      // The hand, and the area that it has swept since the last call
      const swept = Math.min(1, Math.max(0, now - this.#shown) / turn);
      const hand = (Math.floor((now % turn) / SLOTS ** ring) + 0.5) / SLOTS;
      for (const [turns, colour] of /** @type {const} */ ([
        [swept, palette.faint],
        [1 / SLOTS, palette.line],
      ])) {
        const [from, to] = [angle(hand + 0.5 / SLOTS - turns), angle(hand + 0.5 / SLOTS)];
        context.fillStyle = colour;
        context.beginPath();
        context.arc(x, y, this.#inner(ring) + this.#band, from, to);
        context.arc(x, y, this.#inner(ring), to, from, true);
        context.fill();
      }
    }
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    for (let ring = 0; ring <= RINGS; ring++) circle(context, x, y, this.#inner(ring));
    for (let ring = 0; ring < RINGS; ring++) {
      for (let slot = 0; slot < SLOTS; slot++) {
        const [cos, sin] = [Math.cos(angle(slot / SLOTS)), Math.sin(angle(slot / SLOTS))];
        const inner = this.#inner(ring);
        const length = slot % 16 === 0 ? 5 : 2;
        context.moveTo(x + cos * inner, y + sin * inner);
        context.lineTo(x + cos * (inner + length), y + sin * (inner + length));
      }
    }
    context.stroke();
  }

  /** @param {number} index @param {number} deadline */
  #drawDot(index, deadline) {
    const slot = this.#slots[index] ?? 0;
    const stacked = this.#stacked[slot] ?? 0;
    this.#stacked[slot] = stacked + 1;
    const [x, y] = this.#position(slot, stacked);
    if (this.#deadlines[index] !== deadline) {
      this.#deadlines[index] = deadline;
      this.#x[index] = x;
      this.#y[index] = y;
    }
    const [dx, dy] = [x - (this.#x[index] ?? 0), y - (this.#y[index] ?? 0)];
    this.#x[index] = (this.#x[index] ?? 0) + dx * this.#glide;
    this.#y[index] = (this.#y[index] ?? 0) + dy * this.#glide;
    if (Math.abs(dx) + Math.abs(dy) > 0.5) this.#moves = true;
    circle(this.#surface.context, this.#x[index] ?? 0, this.#y[index] ?? 0, 1.8);
  }

  /** @param {import("./canvas.js").Palette} palette @param {number} deadline @param {number} now */
  #drawNext(palette, deadline, now) {
    if (deadline === Infinity) return;
    const [x, y] = this.#position(slotAt(Math.floor(deadline * TICKS), now), 0);
    const { context } = this.#surface;
    context.strokeStyle = palette.ink;
    context.lineWidth = 1.5;
    context.beginPath();
    circle(context, x, y, 5);
    context.stroke();
  }

  /** @param {import("./canvas.js").Palette} palette */
  #drawCount(palette) {
    const { context, width, height } = this.#surface;
    let count = 0;
    for (const inSlot of this.#counts) count += inSlot;
    context.fillStyle = palette.panel;
    context.beginPath();
    circle(context, width / 2, height / 2, this.#inner(0) - 1);
    context.fill();
    context.fillStyle = palette.soft;
    context.font = `600 11px ${getComputedStyle(document.documentElement).fontFamily}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillText(String(count), width / 2, height / 2 + 0.5);
  }

  // The dots of a slot are in a row, closer together if there are many.
  /** @param {number} slot @param {number} stacked @returns {[number, number]} */
  #position(slot, stacked) {
    const { width, height } = this.#surface;
    const ring = Math.floor(slot / SLOTS);
    const room = this.#band - 8;
    const step = Math.min(STEP, room / Math.max(1, (this.#counts[slot] ?? 1) - 1));
    const radius = this.#inner(ring) + 5 + stacked * step;
    const at = angle(((slot % SLOTS) + 0.5) / SLOTS);
    return [width / 2 + Math.cos(at) * radius, height / 2 + Math.sin(at) * radius];
  }
}

/** The position of a tick: its ring and slot, as one number. @param {number} tick @param {number} now */
export function slotAt(tick, now) {
  const due = Math.max(tick, now);
  let ring = 0;
  let unit = 1;
  while (ring < RINGS - 1 && Math.floor(due / (unit * SLOTS)) !== Math.floor(now / (unit * SLOTS))) {
    ring++;
    unit *= SLOTS;
  }
  return ring * SLOTS + (Math.floor(due / unit) % SLOTS);
}

/** Visits every deadline, each with its own index. @param {import("./host.js").Host} host @param {(index: number, deadline: number, purpose: number) => void} visit */
function eachDeadline({ timers, places, waitEnds }, visit) {
  if (waitEnds !== Infinity) visit(MOST - 1, waitEnds, Purpose.WAIT);
  for (const timer of timers.bySlot) {
    if (timer) visit(DESCRIPTORS + slotOf(timer.id), timer.deadline, timer.purpose);
  }
  for (const client of places.clients) {
    if (client && client.deadline !== Infinity) visit(slotOf(client.id), client.deadline, Purpose.IDLE);
  }
}

/** @param {number} turns from the top, clockwise */
function angle(turns) {
  return (turns - 0.25) * 2 * Math.PI;
}
