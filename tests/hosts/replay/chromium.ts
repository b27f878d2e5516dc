// A page in Chromium as a host. Its requests are answered here, without a network.

import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { launch } from "../../support/chromium.ts";
import { type Host, notInstalled } from "./host.ts";

export const chromium: Host = {
  name: "chromium",
  missing: () => notInstalled({ chromium: "chromium" }),
  async play({ wasm, script }) {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.route("**", (route) => {
        const name = basename(new URL(route.request().url()).pathname);
        const given: Record<string, string> = { "core.wasm": wasm, "script.txt": script };
        if (name === "") return route.fulfill({ body: "", contentType: "text/html" });
        return route.fulfill({ path: given[name] ?? fileURLToPath(new URL(name, import.meta.url)) });
      });
      await page.goto("http://localhost/");
      const trace = await page.evaluate<string[]>('import("/player-page.js").then(({ trace }) => trace)');
      const session = await browser.newBrowserCDPSession();
      const { jsVersion } = await session.send("Browser.getVersion");
      return { trace, version: browser.version(), engine: `V8 ${jsVersion}` };
    } finally {
      await browser.close();
    }
  },
};
