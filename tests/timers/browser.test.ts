// The timers in a browser: without Node's modules, and with a task for each of several timers that are due together.

import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { drivesBrowser, missingBrowser } from "../examples/playground-page.ts";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const test = harness("timers/browser");

const PAGE = `<!doctype html><link rel="icon" href="data:,"><script type="module">
  import { clearTimeout, setInterval, clearInterval, setTimeout } from "/dist/timers.js";
  import * as promises from "/dist/timers-promises.js";
  const seen = [];
  addEventListener("error", (event) => { seen.push("error " + event.message); event.preventDefault(); });
  const begin = performance.now();
  setTimeout((what) => {
    seen.push(what);
    Promise.resolve().then(() => seen.push("its promise")).then(() => clearTimeout(cleared));
    throw new Error("thrown");
  }, 2, "first");
  const cleared = setTimeout(() => seen.push("cleared"), 2);
  const number = +setTimeout(() => seen.push("cleared by number"), 2);
  clearTimeout(number);
  setTimeout(() => seen.push("second"), 2).unref();
  let ticks = 0;
  const interval = setInterval(() => { if (++ticks === 3) clearInterval(interval); }, 1);
  const early = await promises.setTimeout(8, performance.now() - begin);
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 1);
  const aborted = await promises.setTimeout(60000, null, { signal: controller.signal }).catch((error) => error.name);
  // A thousand that are due together, each in a task of its own.
  let left = 1000;
  const start = performance.now();
  await new Promise((resolve) => { for (let i = 0; i < 1000; i++) setTimeout(() => --left || resolve(), 5); });
  const many = performance.now() - start;
  globalThis.result = { seen, ticks, aborted, many };
</script>`;

if (!drivesBrowser) {
  console.log("skipped: another runtime drives the browser");
} else if (missingBrowser !== undefined) {
  console.log(`skipped: ${missingBrowser}`);
} else {
  test("they fire, in order, with what callbacks queue in between, and errors are reported", async () => {
    const { launch } = await import("../support/chromium.ts");
    const server = createServer((request, response) => {
      const name = /^\/dist\/([\w-]+\.js)$/.exec(request.url ?? "")?.[1];
      response.setHeader("content-type", name === undefined ? "text/html" : "text/javascript");
      response.end(name === undefined ? PAGE : readFileSync(join(root, "dist", name)));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await launch();
    try {
      const page = await browser.newPage();
      const wrong: string[] = [];
      page.on("console", (message) => void wrong.push(message.text()));
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
      await page
        .waitForFunction("globalThis.result")
        .catch((error: unknown) => assert.unreachable(`${error} ${wrong}`));
      const result = (await page.evaluate("globalThis.result")) as Record<string, unknown>;
      assert.equal(result["seen"], ["first", "error Uncaught Error: thrown", "its promise", "second"]);
      assert.is(result["ticks"], 3);
      assert.is(result["aborted"], "AbortError");
      assert.ok((result["many"] as number) >= 5 && (result["many"] as number) < 3000, String(result["many"]));
    } finally {
      await browser.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  });
}
