// The system's Chromium, without a window.

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

/** Starts Chromium, with a temporary folder for the user's data, which is removed when it is closed. */
export function launch(): Promise<Browser> {
  const executablePath = pathOf("chromium");
  if (executablePath === undefined) throw new Error("chromium is not installed");
  return chromium.launch({ executablePath, args: FLAGS });
}
