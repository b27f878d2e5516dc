// Canvases in the resolution of the screen, and the colours of the style sheet, light or dark.

const NAMES = [
  "panel",
  "ink",
  "soft",
  "line",
  "faint",
  "waiting",
  "inside",
  "silent",
  "served",
  "lost",
  "flood",
  "plan",
];

/** @typedef {Record<"panel" | "ink" | "soft" | "line" | "faint" | "waiting" | "inside" | "silent" | "served" | "lost" | "flood" | "plan" | "tint", string>} Palette */

/** The current colours. @returns {Palette} */
export function readPalette() {
  const style = getComputedStyle(document.documentElement);
  const entries = [...NAMES, "tint"].map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  return /** @type {Palette} */ (Object.fromEntries(entries));
}

/** A canvas that follows its size on the page. Sizes and positions are in pixels of the page, not of the screen. */
export class Surface {
  width = 0;
  height = 0;
  context;
  #canvas;

  /** @param {HTMLCanvasElement} canvas @param {() => void} resized */
  constructor(canvas, resized) {
    this.#canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    new ResizeObserver(() => {
      this.#fit();
      resized();
    }).observe(canvas);
    this.#fit();
  }

  /** Whether the canvas has a size: a panel may be too small, or not laid out yet. */
  get isThere() {
    return this.width > 20 && this.height > 10;
  }

  clear() {
    this.context.clearRect(0, 0, this.width, this.height);
  }

  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const scale = globalThis.devicePixelRatio || 1;
    this.width = clientWidth;
    this.height = clientHeight;
    this.#canvas.width = Math.round(clientWidth * scale);
    this.#canvas.height = Math.round(clientHeight * scale);
    this.context.setTransform(scale, 0, 0, scale, 0, 0);
  }
}

/** Adds a circle to a path. @param {Path2D | CanvasRenderingContext2D} path @param {number} x @param {number} y @param {number} radius */
export function circle(path, x, y, radius) {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}
