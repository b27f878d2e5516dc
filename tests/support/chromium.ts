// Chromium, as the system has it, without a window.

import { type Browser, chromium } from "playwright-core";
import { pathOf } from "../hosts/replay/host.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts it, with a folder of its own for the user's data, which goes when it is closed. */
export function launch(): Promise<Browser> {
  const executablePath = pathOf("chromium");
  if (executablePath === undefined) throw new Error("there is no chromium");
  return chromium.launch({ executablePath, args: FLAGS });
}
