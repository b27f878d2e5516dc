// The documentation site, as readers see it.

import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Browser, Page } from "playwright-core";
import * as assert from "uvu/assert";
import { drivesBrowser, missingBrowser } from "../examples/playground-page.ts";
import { brightnessOf, decodePng } from "../examples/png.ts";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";
import { pages, read } from "./pages.ts";
import { build, crawl, served } from "./site.ts";

const test = harness("site");
const SECONDS = 240; // enough for a machine that is four times as busy
const REPOSITORY = (JSON.parse(read("package.json")) as { repository: { url: string } }).repository.url.replaceAll(
  /^git\+|\.git$/g,
  "",
);

mkdirSync(join(root, "build"), { recursive: true });
const folder = mkdtempSync(join(root, "build/site-"));
process.on("exit", () => rmSync(folder, { recursive: true }));

test(
  "it is generated without warnings, with every document",
  async () => {
    const output = await build(folder);
    assert.not.match(output, /warn|error|dead|deprecated|chunks are larger/i);
    for (const page of pages) {
      const file = page === "README.md" ? "index.html" : page.replace(/^docs\/(.*)\.md$/, "$1.html");
      assert.ok(existsSync(join(folder, file)), file);
    }
  },
  SECONDS,
);

test(
  "every link has a target: pages, anchors, images, and files of the repository",
  () =>
    served(folder, async (home) => {
      const found = await crawl(home);
      const dead: string[] = [];
      for (const [address, { status, links }] of found) {
        if (status !== 200) dead.push(`${address}: ${status}`);
        for (const link of links) {
          const target = new URL(link, address);
          const anchor = decodeURIComponent(target.hash.slice(1));
          target.hash = "";
          const page = found.get(target.href);
          if (page && anchor !== "" && !page.anchors.has(anchor)) dead.push(`${address}: ${link}`);
          const [, path] = /^\/(?:blob|tree)\/HEAD\/(.*)$/.exec(target.href.slice(REPOSITORY.length)) ?? [];
          if (target.href.startsWith(REPOSITORY) && path !== undefined && !existsSync(join(root, path))) {
            dead.push(`${address}: ${link}`);
          }
        }
      }
      assert.equal(dead, []);
      const reached = [...found.keys()].filter((address) => /\.html$|\/$/.test(address));
      assert.ok(reached.length >= pages.length, `${reached.length} pages`);
      assert.ok([...found.keys()].filter((address) => /\.(?:svg|png)$/.test(address)).length > 20);
    }),
  SECONDS,
);

/** Opens a browser at the site while `use` runs. Messages in its console, and requests to other servers, are errors. */
async function visit(use: (page: Page, home: string) => Promise<void>): Promise<void> {
  const { launch } = await import("../support/chromium.ts");
  await served(folder, async (home) => {
    const browser: Browser = await launch();
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
      page.setDefaultTimeout(60_000);
      const wrong: string[] = [];
      page.on("console", (message) => void wrong.push(`${message.type()}: ${message.text()}`));
      page.on("pageerror", (error) => void wrong.push(String(error)));
      page.on("response", (response) => {
        if (response.status() >= 400) wrong.push(`${response.status()}: ${response.url()}`);
      });
      page.on("request", (request) => {
        if (!request.url().startsWith(home) && !request.url().startsWith("data:")) wrong.push(request.url());
      });
      await use(page, home);
      assert.equal(wrong, []);
    } finally {
      await browser.close();
    }
  });
}

function siteTest(title: string, use: (page: Page, home: string) => Promise<void>): void {
  if (drivesBrowser && missingBrowser === undefined) test(title, () => visit(use), SECONDS);
}

if (drivesBrowser && missingBrowser !== undefined) console.log(`skipped the pages of the site: ${missingBrowser}`);

siteTest("on a wide window and on a phone nothing overflows sideways", async (page, home) => {
  const found = await crawl(home);
  const addresses = [...found.keys()].filter((address) => address.endsWith(".html"));
  assert.ok(addresses.length > pages.length);
  const wide: string[] = [];
  let widths = [1280, 390];
  for (const address of addresses) {
    await page.goto(address);
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      const over = (await page.evaluate("document.documentElement.scrollWidth")) as number;
      if (over > width) wide.push(`${address}: ${over} at ${width}`);
    }
    widths = widths.toReversed(); // a window that already has the size is not changed
  }
  assert.equal(wide, []);
});

siteTest("the search finds a page, and opens it", async (page, home) => {
  await page.goto(home);
  await page.keyboard.press("Control+k");
  await page.fill("#localsearch-input", "graceful");
  const results = page.locator(".VPLocalSearchBox .result");
  await results.first().waitFor();
  const shown = await results.allTextContents();
  assert.ok(
    shown.some((text) => text.includes("stopGracefully")),
    shown.join("\n"),
  );
  await results.first().click();
  await page.waitForURL((url) => url.href !== home);
  await page.waitForFunction("document.querySelector('.vp-doc')?.textContent.toLowerCase().includes('graceful')");
});

siteTest("links in a page and in the sidebar lead from page to page", async (page, home) => {
  await page.goto(home);
  await page.locator(".vp-doc").getByRole("link", { name: "Getting started" }).first().click();
  await page.waitForURL(`${home}getting-started.html`);
  await page.locator(".VPSidebar").getByRole("link", { name: "Stream", exact: true }).click();
  await page.waitForURL(`${home}api/stream.html`);
  // The address changes first, the page when it is loaded.
  await page.waitForFunction(String.raw`/^\W*Stream\W*$/.test(document.querySelector("h1")?.textContent)`);
  assert.is(await page.locator(".VPSidebar .group").count(), 6);
});

siteTest("the playground is a page of the site, plays, and has a link back", async (page, home) => {
  await page.emulateMedia({ reducedMotion: "no-preference" });
  await page.goto(home);
  await page.locator(".VPNavBar").getByRole("link", { name: "Playground" }).click();
  await page.waitForURL(`${home}playground/**`);
  await page.waitForFunction("globalThis.playground?.host.now > 200");
  await page.click("header a");
  await page.waitForURL(`${home}index.html`);
  await page.click(".vp-doc a:has(img[src*=playground])");
  await page.waitForURL(`${home}playground/**`);
});

siteTest("a chart has the light or dark theme of its page, whatever the system's theme", async (page, home) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto(`${home}performance.html`);
  const chart = page.locator(".vp-doc img[src$='.svg']").first();
  const brightness = async (): Promise<number> => brightnessOf(decodePng(await chart.screenshot()));
  assert.ok((await brightness()) > 180);
  await page.click(".VPNavBar .VPSwitchAppearance");
  await page.waitForFunction("document.documentElement.classList.contains('dark')");
  assert.ok((await brightness()) < 100);
});
