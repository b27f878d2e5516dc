// The playground in a real browser.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { isBun, isDeno, script, until } from "../support/harness.ts";
import { notInstalled } from "../hosts/replay/host.ts";
import { root } from "../support/paths.ts";

/** Whether this runtime drives the browser. Only the Node that runs the tests does. */
export const drivesBrowser: boolean =
  !isBun && !isDeno && (process.env["TEST_NODE"] ?? process.execPath) === process.execPath;

/** Why there is no browser; undefined if there is one. */
export const missingBrowser: string | undefined = notInstalled({ chromium: "chromium" });

/** The settings of a page. */
export interface Look {
  /** The query of the address. */
  readonly query?: string;
  readonly width?: number;
  readonly height?: number;
  readonly scale?: number;
  readonly dark?: boolean;
  readonly calm?: boolean;
}

/** Runs the server of the playground while `use` runs. */
export async function served<T>(use: (origin: string) => Promise<T>): Promise<T> {
  const file = join(root, "examples/playground/serve.mjs");
  const child = spawn(process.execPath, [...script(file), "0"], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("close", resolve));
  try {
    return await use(await originOf(child));
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Opens the page in a new browser while `use` runs. Messages in its console, and requests to other servers, are errors. */
export async function visit<T>(look: Look, use: (page: Page) => Promise<T>): Promise<T> {
  const { query = "", width = 1280, height = 800, scale = 1, dark = false, calm = false } = look;
  const { launch } = await import("../support/chromium.ts"); // only if this runtime drives the browser
  return served(async (origin) => {
    const browser = await launch();
    try {
      const page = await browser.newPage({
        viewport: { width, height },
        deviceScaleFactor: scale,
        colorScheme: dark ? "dark" : "light",
        reducedMotion: calm ? "reduce" : "no-preference",
      });
      const wrong: string[] = [];
      page.on("console", (message) => void wrong.push(`${message.type()}: ${message.text()}`));
      page.on("pageerror", (error) => void wrong.push(String(error)));
      page.on("requestfailed", (request) => void wrong.push(`failed: ${request.url()}`));
      page.on("request", (request) => {
        if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) wrong.push(request.url());
      });
      await page.goto(`${origin}/examples/playground/?${query}`);
      await page.waitForFunction("globalThis.playground && document.querySelector('#line-of').textContent !== ''");
      const result = await use(page);
      if (wrong.length > 0) throw new Error(wrong.join("\n"));
      return result;
    } finally {
      await browser.close();
    }
  });
}

async function originOf(child: ChildProcess): Promise<string> {
  let output = "";
  child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  await until(() => output.includes("\n"));
  return /http:\/\/127\.0\.0\.1:\d+/.exec(output)![0];
}
