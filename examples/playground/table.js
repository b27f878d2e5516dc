// Draws the connection table of the core: one square for each slot, coloured by its state in the core.

import { State } from "wasm-ioloop/core";
import { Surface } from "./canvas.js";
import { DESCRIPTORS } from "./places.js";

const COLUMNS = 64;
const GAP = 0.22; // of a square

export class Table {
  #surface;

  /** @param {HTMLCanvasElement} canvas @param {() => void} resized */
  constructor(canvas, resized) {
    this.#surface = new Surface(canvas, resized);
  }

  /** @param {import("./host.js").Host} host @param {import("./canvas.js").Palette} palette */
  draw(host, palette) {
    const { calls } = host.core;
    const { clients, uses } = host.places;
    const capacity = calls.connectionCapacity();
    this.#surface.clear();
    this.#squares(palette.faint, 1, (slot) => slot >= capacity);
    this.#squares(palette.line, 1, (slot) => slot < capacity && !clients[slot]);
    for (let age = 1; age <= 4; age++) {
      this.#squares(palette.plan, age * 0.2, (slot) => !clients[slot] && ageOf(uses[slot] ?? 0) === age);
    }
    const stateOf = (/** @type {number} */ slot) => {
      const client = clients[slot];
      return client ? calls.stateOf(client.id) : State.FREE;
    };
    this.#squares(palette.waiting, 1, (slot) => stateOf(slot) === State.WAITING);
    this.#squares(palette.inside, 1, (slot) => stateOf(slot) === State.INCOMING);
  }

  /** @param {string} colour @param {number} alpha @param {(slot: number) => boolean} which */
  #squares(colour, alpha, which) {
    const { context, width } = this.#surface;
    const size = width / (COLUMNS - GAP);
    context.fillStyle = colour;
    context.globalAlpha = alpha;
    for (let slot = 0; slot < DESCRIPTORS; slot++) {
      if (!which(slot)) continue;
      const [x, y] = [(slot % COLUMNS) * size, Math.floor(slot / COLUMNS) * size];
      context.fillRect(x, y, size * (1 - GAP), size * (1 - GAP));
    }
    context.globalAlpha = 1;
  }
}

/** How often a slot was used, as a level from 0 to 4: never, up to 3 times, 15, 63, or more. @param {number} uses */
function ageOf(uses) {
  return uses === 0 ? 0 : Math.min(4, 1 + Math.floor(Math.log2(uses + 1) / 2 - 0.5));
}
