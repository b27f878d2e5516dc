// Draws a series of samples of the last minute as a small chart.

import { Surface } from "./canvas.js";
import { KEPT } from "./ledger.js";

export class Spark {
  #surface;

  /** @param {HTMLCanvasElement} canvas @param {() => void} resized */
  constructor(canvas, resized) {
    this.#surface = new Surface(canvas, resized);
  }

  /**
   * @param {import("./ledger.js").Series} series
   * @param {string} colour
   * @param {number} atLeast the value of the full height, unless a sample is greater
   * @param {string} ground
   */
  draw(series, colour, atLeast, ground) {
    const { context, width, height } = this.#surface;
    const top = Math.max(atLeast, series.greatest());
    const step = width / (KEPT - 1);
    const y = (/** @type {number} */ value) => height - 1.5 - (value / top) * (height - 3);
    this.#surface.clear();
    context.fillStyle = ground;
    context.fillRect(0, height - 1, width, 1);
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.lineJoin = "round";
    context.beginPath();
    let isDown = false;
    for (let age = series.length - 1; age >= 0; age--) {
      const value = series.ago(age);
      const x = width - age * step;
      if (Number.isNaN(value)) isDown = false;
      else if (isDown) context.lineTo(x, y(value));
      else context.moveTo(x, y(value));
      if (!Number.isNaN(value)) isDown = true;
    }
    context.stroke();
  }
}
