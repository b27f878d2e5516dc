// The controls: presets, sliders, speed. Each reports changes to the page, and shows the current value.

import { LIMITS, LOAD, PRESETS, SPEEDS } from "./settings.js";

/** @param {string} id */
export function element(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** @param {string} id */
export function input(id) {
  return /** @type {HTMLInputElement} */ (element(id));
}

/**
 * Creates the radio buttons of the presets.
 *
 * @param {(preset: import("./settings.js").Preset) => void} chosen
 * @returns {(name: string | undefined) => void} selects one of them, or none
 */
export function makePresets(chosen) {
  const radios = PRESETS.map((preset) => {
    const label = document.createElement("label");
    const radio = document.createElement("input");
    radio.type = "radio";
    radio.name = "preset";
    radio.value = preset.name;
    radio.addEventListener("change", () => chosen(preset));
    label.append(radio, preset.label);
    element("presets").append(label);
    return radio;
  });
  return (name) => {
    for (const radio of radios) radio.checked = radio.value === name;
  };
}

/**
 * Creates the sliders of load and limits.
 *
 * @param {(name: keyof import("./settings.js").Settings, value: number) => void} changed
 * @returns {(settings: Readonly<import("./settings.js").Settings>) => void} shows settings
 */
export function makeSliders(changed) {
  const shows = [LOAD, LIMITS].flatMap((sliders, group) =>
    sliders.map((slider) => {
      const row = document.createElement("div");
      const label = document.createElement("label");
      const range = document.createElement("input");
      const output = document.createElement("output");
      row.className = "slider";
      label.className = slider.isOption ? "option" : "";
      row.title = slider.hint;
      range.setAttribute("aria-description", slider.hint);
      range.type = "range";
      range.id = slider.name;
      label.htmlFor = slider.name;
      label.textContent = slider.label;
      output.htmlFor.add(slider.name);
      output.ariaLive = "off"; // the slider announces its value itself
      row.append(label, output, range);
      if (group === 0) element("seed").parentElement?.before(row);
      else element("limits").append(row);
      element("hints").append(hint(slider));
      const show = stops(range, output, slider.stops, slider.show, (value) => changed(slider.name, value));
      return /** @type {const} */ ([slider.name, show]);
    }),
  );
  return (settings) => {
    for (const [name, show] of shows) show(settings[name]);
  };
}

/** Creates the slider of the speed. @param {(speed: number) => void} changed @returns {(speed: number) => void} */
export function makeSpeed(changed) {
  return stops(input("speed"), element("speed-shown"), SPEEDS, (value) => `${value}×`, changed);
}

/**
 * A slider over a list of values.
 *
 * @param {HTMLInputElement} range
 * @param {HTMLElement} output
 * @param {readonly number[]} values
 * @param {(value: number) => string} text
 * @param {(value: number) => void} changed
 * @returns {(value: number) => void} shows a value
 */
function stops(range, output, values, text, changed) {
  range.min = "0";
  range.max = String(values.length - 1);
  range.step = "1";
  const show = (/** @type {number} */ value) => {
    const index = Math.max(0, values.indexOf(value));
    range.value = String(index);
    range.style.setProperty("--at", `${(index / (values.length - 1)) * 100}%`);
    range.setAttribute("aria-valuetext", text(value));
    output.textContent = text(value);
  };
  range.addEventListener("input", () => {
    const value = values[Number(range.value)] ?? 0;
    show(value);
    changed(value);
  });
  return show;
}

/** @param {import("./settings.js").Slider} slider */
function hint({ label, hint, isOption }) {
  const entry = document.createElement("div");
  const term = document.createElement("dt");
  const text = document.createElement("dd");
  term.className = isOption ? "option" : "";
  term.textContent = label;
  text.textContent = hint;
  entry.append(term, text);
  return entry;
}
