// Draws the gate: the queue, the door, and the slots of admitted clients. Clients glide to their places, in real time.

import { slotOf } from "wasm-ioloop/core";
import { Surface, circle } from "./canvas.js";
import { PIECES } from "./clients.js";
import { Ghosts } from "./ghosts.js";
import { DESCRIPTORS } from "./places.js";

const GLIDE_MS = 45;
const LARGEST = 38;

/** @typedef {import("./clients.js").Client} Client */
/** @typedef {{ rows: number, size: number, top: number }} Grid */

export class Gate {
  #surface;
  #ghosts = new Ghosts();
  #x = new Float32Array(DESCRIPTORS);
  #y = new Float32Array(DESCRIPTORS);
  // The client at each position, as its serial number + 1, and whether it has passed the door.
  #whose = new Float64Array(DESCRIPTORS);
  #passed = new Uint8Array(DESCRIPTORS);
  #opening = 1;
  #door = 0;
  #moves = false;
  /** @type {Grid} */
  #lineGrid = { rows: 1, size: 1, top: 0 };
  /** @type {Grid} */
  #insideGrid = { rows: 1, size: 1, top: 0 };

  /** @param {HTMLCanvasElement} canvas @param {() => void} resized */
  constructor(canvas, resized) {
    this.#surface = new Surface(canvas, resized);
  }

  /** A client has ended: shows it leaving. @param {Client} client @param {number} fate */
  left(client, fate) {
    const slot = slotOf(client.id);
    if (this.#whose[slot] !== client.serial + 1) return;
    this.#ghosts.add(this.#x[slot] ?? 0, this.#y[slot] ?? 0, fate);
  }

  /** A client was dropped before it was in the queue. */
  refused() {
    this.#ghosts.turnAway(this.#surface.height);
  }

  forget() {
    this.#whose.fill(0);
    this.#ghosts.clear();
  }

  /**
   * @param {import("./host.js").Host} host
   * @param {import("./settings.js").Settings} settings
   * @param {import("./canvas.js").Palette} palette
   * @param {number} elapsed real milliseconds since the last call; Infinity: nothing glides
   * @returns {boolean} whether anything still moves
   */
  draw(host, settings, palette, elapsed) {
    const { context, width, height, isThere } = this.#surface;
    if (!isThere) return false;
    this.#door = Math.min(56, Math.max(44, width / 10)); // as in the style sheet
    const side = (width - this.#door) / 2;
    const hasLimit = settings.maxConnections !== Infinity;
    const { line, seats: taken } = host.places;
    const seats = Math.min(Math.max(settings.backlog, line.length, 1), DESCRIPTORS);
    const places = hasLimit ? Math.min(settings.maxConnections, DESCRIPTORS) : 0;
    const crowd = hasLimit ? Math.max(places, taken.length) : roundUp(taken.length);
    this.#lineGrid = fit(seats, side, height);
    this.#insideGrid = fit(crowd, side, height);
    this.#moves = false;
    this.#surface.clear();

    this.#drawSeats(palette, side, settings.backlog, places);
    this.#drawDoor(palette, side, host, settings, elapsed);
    const glide = 1 - Math.exp(-elapsed / GLIDE_MS);
    this.#drawLine(palette, side, host, glide);
    this.#drawInside(palette, side, host, glide);
    if (this.#ghosts.draw(context, palette, elapsed)) this.#moves = true;
    return this.#moves;
  }

  /** @param {import("./canvas.js").Palette} palette @param {number} side @param {number} seats @param {number} places */
  #drawSeats(palette, side, seats, places) {
    const { context } = this.#surface;
    context.fillStyle = palette.line;
    context.beginPath();
    for (let i = 0; i < Math.min(seats, DESCRIPTORS); i++) {
      circle(context, this.#lineX(i, side), rowY(this.#lineGrid, i), Math.max(0.7, this.#lineGrid.size * 0.09));
    }
    context.fill();
    context.strokeStyle = palette.line;
    context.lineWidth = 1;
    context.beginPath();
    for (let i = 0; i < places; i++) {
      circle(context, this.#insideX(i, side), rowY(this.#insideGrid, i), this.#insideGrid.size * 0.38);
    }
    context.stroke();
  }

  /** @param {import("./canvas.js").Palette} palette @param {number} side @param {import("./host.js").Host} host @param {import("./settings.js").Settings} settings @param {number} elapsed */
  #drawDoor(palette, side, host, settings, elapsed) {
    const { context, height } = this.#surface;
    const isOpen = host.phase < 2 && host.inside < settings.maxConnections;
    const target = isOpen ? 1 : 0;
    this.#opening += (target - this.#opening) * (1 - Math.exp(-elapsed / 120));
    if (Math.abs(target - this.#opening) > 0.01) this.#moves = true;
    const gap = 4 + this.#opening * Math.min(44, height * 0.3);
    context.fillStyle = palette.ink;
    context.beginPath();
    context.roundRect(side + this.#door / 2 - 2, 0, 4, (height - gap) / 2, 2);
    context.roundRect(side + this.#door / 2 - 2, (height + gap) / 2, 4, (height - gap) / 2, 2);
    context.fill();
  }

  // A waiting client fills up as its patience runs out. One that has left is grey.
  /** @param {import("./canvas.js").Palette} palette @param {number} side @param {import("./host.js").Host} host @param {number} glide */
  #drawLine(palette, side, host, glide) {
    const { line } = host.places;
    const radius = this.#lineGrid.size * 0.4;
    for (let i = 0; i < line.length; i++) {
      const client = line[i];
      if (client) this.#move(client, this.#lineX(i, side), rowY(this.#lineGrid, i), glide);
    }
    for (const [colour, is] of kinds(palette, palette.waiting)) {
      this.#discs(line, colour, palette.tint, (client) => (is(client) ? radius : 0));
      this.#discs(line, colour, "1", (client) => {
        if (!is(client)) return 0;
        return radius * (client.isGone ? 0.6 : Math.sqrt((host.now - client.arrived) / client.patience));
      });
    }
    this.#surface.context.globalAlpha = 1;
  }

  // An admitted client fills up as its answer progresses. A silent one is hollow, and one that has left is grey.
  /** @param {import("./canvas.js").Palette} palette @param {number} side @param {import("./host.js").Host} host @param {number} glide */
  #drawInside(palette, side, host, glide) {
    const { context, height } = this.#surface;
    const radius = this.#insideGrid.size * 0.4;
    const { seats } = host.places;
    for (let i = 0; i < seats.length; i++) {
      const client = seats[i];
      if (!client) continue;
      const slot = slotOf(client.id);
      const door = side + this.#door / 2;
      if (this.#whose[slot] !== client.serial + 1) this.#place(slot, client, side - 20, height / 2);
      if (glide === 1 || Math.abs((this.#x[slot] ?? 0) - door) < this.#door / 3) this.#passed[slot] = 1;
      if (this.#passed[slot]) this.#move(client, this.#insideX(i, side), rowY(this.#insideGrid, i), glide);
      else this.#move(client, door, height / 2, Math.min(1, glide * 1.6));
    }
    for (const [colour, is] of kinds(palette, palette.inside)) {
      this.#discs(seats, colour, palette.tint, (client) => (is(client) && !client.isSilent ? radius : 0));
      this.#discs(seats, colour, "1", (client) => {
        if (client.isSilent || !is(client)) return 0;
        const piece = (host.now - client.pieceFrom) / (client.pieceTo - client.pieceFrom);
        return radius * Math.sqrt((client.pieces + Math.min(1, Math.max(0, piece))) / PIECES);
      });
    }
    this.#discs(seats, palette.silent, palette.tint, (client) => (client.isSilent ? radius : 0));
    context.globalAlpha = 1;
    context.strokeStyle = palette.silent;
    context.lineWidth = Math.max(1, radius * 0.22);
    context.beginPath();
    for (const client of seats) {
      if (!client?.isSilent) continue;
      const slot = slotOf(client.id);
      circle(context, this.#x[slot] ?? 0, this.#y[slot] ?? 0, radius * 0.8);
    }
    context.stroke();
  }

  // All clients of one colour are one path.
  /** @param {readonly (Client | undefined)[]} clients @param {string} colour @param {string} alpha @param {(client: Client) => number} radius */
  #discs(clients, colour, alpha, radius) {
    const { context } = this.#surface;
    context.fillStyle = colour;
    context.globalAlpha = Number(alpha);
    context.beginPath();
    for (const client of clients) {
      if (!client) continue;
      const slot = slotOf(client.id);
      circle(context, this.#x[slot] ?? 0, this.#y[slot] ?? 0, radius(client));
    }
    context.fill();
  }

  /** @param {Client} client @param {number} x @param {number} y @param {number} glide */
  #move(client, x, y, glide) {
    const slot = slotOf(client.id);
    if (this.#whose[slot] !== client.serial + 1) this.#place(slot, client, 8, this.#surface.height / 2);
    const [dx, dy] = [x - (this.#x[slot] ?? 0), y - (this.#y[slot] ?? 0)];
    this.#x[slot] = (this.#x[slot] ?? 0) + dx * glide;
    this.#y[slot] = (this.#y[slot] ?? 0) + dy * glide;
    if (Math.abs(dx) + Math.abs(dy) > 0.5) this.#moves = true;
  }

  /** @param {number} slot @param {Client} client @param {number} x @param {number} y */
  #place(slot, client, x, y) {
    this.#whose[slot] = client.serial + 1;
    this.#passed[slot] = 0;
    this.#x[slot] = x;
    this.#y[slot] = y;
  }

  /** @param {number} index @param {number} side */
  #lineX(index, side) {
    const { rows, size } = this.#lineGrid;
    return side - (Math.floor(index / rows) + 0.5) * size;
  }

  /** @param {number} index @param {number} side */
  #insideX(index, side) {
    const { rows, size } = this.#insideGrid;
    return side + this.#door + (Math.floor(index / rows) + 0.5) * size;
  }
}

/**
 * The colours of clients, and which ones have them.
 *
 * @param {import("./canvas.js").Palette} palette
 * @param {string} usual
 * @returns {readonly (readonly [string, (client: Client) => boolean])[]}
 */
function kinds(palette, usual) {
  return [
    [usual, ({ isGone, isFlooder }) => !isGone && !isFlooder],
    [palette.flood, ({ isGone, isFlooder }) => !isGone && isFlooder],
    [palette.plan, ({ isGone }) => isGone],
  ];
}

/** The columns alternate in direction, so that the queue is a continuous line. @param {Grid} grid @param {number} index */
function rowY({ rows, size, top }, index) {
  const column = Math.floor(index / rows);
  const row = index % rows;
  return top + ((column % 2 === 0 ? row : rows - 1 - row) + 0.5) * size;
}

/** The largest squares of which `count` fit. @param {number} count @param {number} width @param {number} height @returns {Grid} */
function fit(count, width, height) {
  let size = LARGEST;
  while (size > 3 && Math.floor(width / size) * Math.floor(height / size) < count) size -= 0.5;
  const rows = Math.max(1, Math.floor(height / size));
  return { rows, size, top: (height - rows * size) / 2 };
}

/** Rounds up, so that the places of a crowd do not shrink with every new client. @param {number} count */
function roundUp(count) {
  return Math.min(DESCRIPTORS, Math.max(1, Math.ceil(count / 64)) * 64);
}
