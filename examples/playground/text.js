// Formats numbers, and updates texts on the page.

/** @param {number} value */
export function number(value) {
  return value.toLocaleString("en");
}

/** @param {number} share from 0 to 1 */
export function percent(share) {
  return `${Math.round(share * 100)}\u00a0%`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (Number.isNaN(milliseconds)) return "–";
  if (milliseconds < 10) return `${milliseconds.toFixed(1)} ms`;
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

/** Changes a text only if it differs, to avoid an unnecessary layout. @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
