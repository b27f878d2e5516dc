// Clients that have just ended: they are shown leaving, and fade. Served clients move on, the others drop out.

import { circle } from "./canvas.js";
import { Fate } from "./ledger.js";

const MOST = 160; // the newest
const LIFE_MS = 600;

export class Ghosts {
  #x = new Float32Array(MOST);
  #y = new Float32Array(MOST);
  #age = new Float32Array(MOST).fill(LIFE_MS);
  #fate = new Uint8Array(MOST);
  #next = 0;

  /** @param {number} x @param {number} y @param {number} fate */
  add(x, y, fate) {
    const at = this.#next;
    this.#next = (at + 1) % MOST;
    this.#x[at] = x;
    this.#y[at] = y;
    this.#age[at] = 0;
    this.#fate[at] = fate;
  }

  /** A client that was never in the queue. @param {number} height */
  turnAway(height) {
    const spread = (this.#next * 0.618) % 1;
    this.add(8 + 26 * spread, height * (0.3 + 0.4 * ((spread * 7) % 1)), Fate.TURNED_AWAY);
  }

  clear() {
    this.#age.fill(LIFE_MS);
  }

  /** @param {CanvasRenderingContext2D} context @param {import("./canvas.js").Palette} palette @param {number} elapsed @returns {boolean} whether any is left */
  draw(context, palette, elapsed) {
    let any = false;
    for (let at = 0; at < MOST; at++) {
      const age = (this.#age[at] ?? 0) + Math.max(elapsed, 0);
      if (age >= LIFE_MS) {
        this.#age[at] = LIFE_MS;
        continue;
      }
      any = true;
      this.#age[at] = age;
      const gone = age / LIFE_MS;
      const isServed = this.#fate[at] === Fate.SERVED;
      const isSilent = this.#fate[at] === Fate.SILENT;
      context.globalAlpha = 1 - gone;
      context.fillStyle = isServed ? palette.served : isSilent ? palette.silent : palette.lost;
      context.beginPath();
      const x = (this.#x[at] ?? 0) + (isServed ? 46 * gone : 0);
      const y = (this.#y[at] ?? 0) + (isServed ? 0 : 40 * gone * gone);
      circle(context, x, y, 4 - 2 * gone);
      context.fill();
    }
    context.globalAlpha = 1;
    return any;
  }
}
