// The controls: presets, sliders, switches, speed. Each reports changes to the page, and shows the current value.

import { PRESETS } from "./presets.js";
import { LIMITS, LOAD, MAIN, SPEEDS } from "./settings.js";

/** @typedef {import("./settings.js").Settings} Settings */
/** @typedef {import("./settings.js").Slider} Slider */
/** @typedef {import("./settings.js").Switch} Switch */

/** A control, and what shows a value in it. @typedef {[HTMLElement, (value: number) => void]} Made */

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
 * @param {(preset: import("./presets.js").Preset) => void} chosen
 * @returns {(name: string | undefined) => void} selects one of them, or none
 */
export function makePresets(chosen) {
  const parent = element("presets");
  const radios = PRESETS.map((preset) => makeRadio(parent, "preset", preset.name, preset.label, () => chosen(preset)));
  return (name) => {
    for (const radio of radios) radio.checked = radio.value === name;
  };
}

/**
 * Creates the sliders and switches, each with a text that explains it.
 *
 * @param {(name: keyof Settings, value: number) => void} changed
 * @returns {(settings: Readonly<Settings>) => void} shows settings
 */
export function makeControls(changed) {
  const groups = /** @type {const} */ ([
    ["main", MAIN],
    ["clients", LOAD],
    ["limits", LIMITS],
  ]);
  const shows = groups.flatMap(([group, controls]) =>
    controls.map((control) => {
      const change = (/** @type {number} */ value) => changed(control.name, value);
      const [row, show] = "choices" in control ? makeSwitch(control, change) : makeSlider(control, change);
      const text = document.createElement("p");
      text.className = "hint";
      text.id = `${control.name}-hint`;
      text.textContent = control.hint;
      row.append(text);
      element(group).append(row);
      return /** @type {const} */ ([control.name, show]);
    }),
  );
  return (settings) => {
    for (const [name, show] of shows) show(settings[name]);
  };
}

/** @param {Slider} slider @param {(value: number) => void} changed @returns {Made} */
function makeSlider({ name, label, isOption, stops: values, show: text }, changed) {
  const row = document.createElement("div");
  const caption = document.createElement("label");
  const range = document.createElement("input");
  const output = document.createElement("output");
  row.className = "slider";
  caption.className = isOption ? "option" : "";
  caption.htmlFor = name;
  caption.textContent = label;
  range.type = "range";
  range.id = name;
  range.setAttribute("aria-describedby", `${name}-hint`);
  output.htmlFor.add(name);
  output.ariaLive = "off"; // the slider announces its value itself
  row.append(caption, output, range);
  return [row, stops(range, output, values, text, changed)];
}

/** @param {Switch} control @param {(value: number) => void} changed @returns {Made} */
function makeSwitch({ name, label, choices }, changed) {
  const group = document.createElement("fieldset");
  const legend = document.createElement("legend");
  const buttons = document.createElement("div");
  group.className = "switch";
  group.id = name;
  group.setAttribute("aria-describedby", `${name}-hint`);
  legend.textContent = label;
  buttons.className = "choices";
  group.append(legend, buttons);
  const radios = choices.map(([value, text]) => makeRadio(buttons, name, String(value), text, () => changed(value)));
  return [
    group,
    (value) => {
      for (const radio of radios) radio.checked = radio.value === String(value);
    },
  ];
}

/** @param {Element} parent @param {string} name @param {string} value @param {string} text @param {() => void} chosen */
function makeRadio(parent, name, value, text, chosen) {
  const label = document.createElement("label");
  const radio = document.createElement("input");
  radio.type = "radio";
  radio.name = name;
  radio.value = value;
  radio.addEventListener("change", chosen);
  label.append(radio, text);
  parent.append(label);
  return radio;
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
