// The playground as visitors see it, in Chromium.

import type { Page } from "playwright-core";
import * as assert from "uvu/assert";
import { harness, sleep } from "../support/harness.ts";
import { type PlaygroundHost, playground } from "./playground-modules.ts";
import { type Look, drivesBrowser, missingBrowser, visit } from "./playground-page.ts";
import { brightnessOf, coloursOf, decodePng } from "./png.ts";

const { Host, PRESETS } = await playground();
const test = harness("playground");
const SECONDS = 60;

/** A test of the page, if there is a browser. */
function pageTest(title: string, look: Look, body: (page: Page) => Promise<void>): void {
  if (drivesBrowser && missingBrowser === undefined) test(title, () => visit(look, body), SECONDS);
}

if (drivesBrowser && missingBrowser !== undefined) console.log(`skipped the page of the playground: ${missingBrowser}`);

const clock = (page: Page): Promise<number> => page.evaluate("playground.host.now") as Promise<number>;
const shown = async (page: Page, id: string): Promise<number> =>
  Number.parseFloat((await page.textContent(`#${id}`))!.replaceAll(",", ""));

/** Waits until an expression is true in the page, which draws a frame later. */
async function holds(page: Page, expression: string): Promise<void> {
  await page.waitForFunction(expression, undefined, { timeout: 20_000 });
}

/** Waits until the page shows a text. */
async function says(page: Page, selector: string, text: string): Promise<void> {
  await holds(page, `document.querySelector(${JSON.stringify(selector)})?.textContent === ${JSON.stringify(text)}`);
}

const plays = (page: Page): Promise<void> => says(page, "#play-label", "Pause");
const rests = (page: Page): Promise<void> => says(page, "#play-label", "Play");

pageTest("the page loads without errors, and plays by itself", {}, async (page) => {
  assert.is(await page.title(), "wasm-ioloop playground");
  await holds(page, "playground.host.now > 200");
  await plays(page);
  assert.ok(await page.isChecked("input[value=overload]"));
  await holds(page, "document.querySelector('#clock').textContent !== '0.000 s'");
});

pageTest("with prefers-reduced-motion it does not play by itself", { calm: true }, async (page) => {
  await sleep(0.3);
  assert.is(await clock(page), 0);
  await page.click("#play");
  await holds(page, "playground.host.now > 100");
});

pageTest("play, pause, step and reset", { query: "paused" }, async (page) => {
  assert.is(await clock(page), 0);
  const next = (await page.evaluate("playground.host.next")) as number;
  await page.click("#step");
  const stepped = await clock(page);
  assert.ok(stepped >= next && stepped < next + 1, `${stepped} instead of ${next}`);
  await page.click("#play");
  await holds(page, "playground.host.now > 300");
  await page.click("#play");
  await rests(page);
  const paused = await clock(page);
  await sleep(0.3);
  assert.is(await clock(page), paused);
  await says(page, "#clock", `${(paused / 1000).toFixed(3)} s`);
  await page.click("#reset");
  assert.is(await clock(page), 0);
  assert.is(await page.evaluate("playground.host.ledger.arrived"), 0);
});

pageTest(
  "keys: space plays and pauses, the arrow steps, and both leave sliders and buttons alone",
  { query: "paused" },
  async (page) => {
    await page.keyboard.press("Space");
    await plays(page);
    await page.keyboard.press("Space");
    await rests(page);
    const before = await clock(page);
    await page.keyboard.press("ArrowRight");
    assert.ok((await clock(page)) > before);

    await page.focus("#maxConnections");
    const at = await clock(page);
    await page.keyboard.press("ArrowRight");
    assert.is(await page.textContent("[for=maxConnections] + output"), "50");
    await says(page, "#inside-of", "of 50 slots");
    assert.is(
      await page.locator("input[name=preset]:checked").count(),
      0,
      "the settings are not those of a preset any more",
    );
    assert.is(await clock(page), at);
    await page.keyboard.press("Space");
    await plays(page);
    await holds(page, "playground.host.ledger.mostInside === 50");

    await page.focus("#reset");
    await page.keyboard.press("Space");
    await plays(page);
    await page.check("input[value=calm]");
    await page.keyboard.press("ArrowRight");
    assert.ok(await page.isChecked("input[value=overload]"), "arrows go from preset to preset");
  },
);

pageTest("virtual time runs at the selected speed", { query: "speed=0.1" }, async (page) => {
  const lasts = async (): Promise<[real: number, virtual: number]> => {
    const [from, begin] = [await clock(page), performance.now()];
    await sleep(0.5);
    await holds(page, `playground.host.now > ${from}`);
    const to = await clock(page);
    return [performance.now() - begin, to - from];
  };
  const [real, slow] = await lasts();
  assert.ok(slow < real / 2, `${slow} ms in ${real} ms`);
  await page.focus("#speed");
  await page.keyboard.press("End");
  assert.is(await page.textContent("#speed-shown"), "100×");
  const [again, fast] = await lasts();
  assert.ok(fast > 2 * again, `${fast} ms in ${again} ms`);
});

pageTest("under overload clients wait, and no limit is exceeded", { query: "speed=20&preset=short" }, async (page) => {
  for (let i = 0; i < 20; i++) {
    const [inside, waiting] = (await page.evaluate("[playground.host.inside, playground.host.waiting]")) as number[];
    assert.ok(inside! <= 40 && waiting! <= 80, `${inside} inside, ${waiting} wait`);
    await sleep(0.05);
  }
  await page.evaluate("playground.advance(10)");
  await page.click("#play");
  await says(page, "#inside-count", "40");
  assert.ok((await shown(page, "line-count")) > 0);
  assert.is(await page.evaluate("playground.host.ledger.mostInside"), 40);
  await says(page, "#door", "full");
  assert.ok((await shown(page, "fates li:first-child strong")) > 100);
});

pageTest("the order is switched during a run, and goodput returns", { query: "paused" }, async (page) => {
  const goodput = ".tile:first-child dd span";
  await page.evaluate("playground.advance(30)");
  await says(page, goodput, "0\u00a0%");
  await holds(page, "document.querySelector('#lesson-text').textContent.startsWith('Twice as many')");
  await says(page, "#tip", "switch the order to adaptive.");
  assert.match((await page.textContent("#line-gone"))!, /^[1-9]\d* have left$/);
  await page.check("#queue input[value='1']");
  await page.evaluate("playground.advance(20)");
  await holds(page, `parseInt(document.querySelector("${goodput}").textContent) > 90`);
  await says(
    page,
    "#lesson-text",
    "More clients arrive than the server can serve. It works at capacity, for clients that are still there.",
  );
  await says(page, "#tip", "shorten the patience to 2 s, or turn the load to 10.");
  assert.is(await page.locator("input[name=preset]:checked").count(), 0);
});

pageTest("the shares of the addresses are shown only beside one that floods", { query: "paused" }, async (page) => {
  await page.evaluate("playground.advance(5)");
  assert.not.ok(await page.isVisible("#groups"));
  await page.check("input[value=greedy]");
  await page.check("#fairness input[value='1']");
  await page.evaluate("playground.advance(30)");
  await holds(page, "parseInt(document.querySelector('#groups li:first-child strong').textContent) > 85");
  await holds(page, "parseInt(document.querySelector('#groups li:last-child strong').textContent) < 20");
});

pageTest("a drain goes through its phases, and ends", { query: "paused&preset=short" }, async (page) => {
  const phase = (name: string): Promise<void> => says(page, "#phases [aria-current]", name);
  await page.evaluate("playground.advance(5)");
  await phase("Admitting");
  await page.click("#drain");
  await phase("Finishing");
  await page.evaluate("playground.advance(1)");
  await phase("Draining");
  await says(page, "#door", "shut");
  await page.focus("#speed");
  await page.keyboard.press("End");
  await page.keyboard.press("Space");
  await phase("Finished");
  await rests(page);
  await says(page, "#inside-count", "0");
  assert.match((await page.textContent("#lesson-text"))!, /^Drained in .* No client had to be closed/);
  assert.ok(await page.isDisabled("#drain"));
  await page.click("#play");
  await holds(page, "playground.host.phase === 0 && playground.host.now > 0");
});

pageTest(
  "the same seed gives the same run: played, skipped, and without a browser",
  { query: "speed=5" },
  async (page) => {
    const account =
      "JSON.stringify([playground.host.now, playground.host.ledger.ended, playground.host.ledger.longestWait])";
    for (const { name, settings } of PRESETS) {
      await page.check(`input[value=${name}]`);
      await page.fill("#seed", "42");
      await page.click("#play"); // it was playing: the click pauses it, and the seed is applied when the field loses the focus
      await page.click("#reset");
      await page.click("#play");
      await holds(page, "playground.host.now > 500");
      await page.click("#play");
      await page.evaluate("playground.host.advance(60000)");
      const host: PlaygroundHost = new Host(settings, 42);
      host.advance(60_000);
      const expected = [host.now, host.ledger.ended, host.ledger.longestWait];
      assert.is(await page.evaluate(account), JSON.stringify(expected), name);
      await page.click("#play");
    }
  },
);

pageTest("no window is so small that it has to be scrolled sideways", { query: "speed=20" }, async (page) => {
  for (const preset of ["greedy", "unlimited", "burst"]) {
    await page.check(`input[value=${preset}]`);
    await page.evaluate("playground.advance(200)");
    for (const width of [320, 390, 720, 768, 1024, 1280, 1920]) {
      await page.setViewportSize({ width, height: 844 });
      await sleep(0.1); // wait for a frame
      const wide = (await page.evaluate("document.documentElement.scrollWidth")) as number;
      assert.ok(wide <= width, `${wide} at ${width}, ${preset}`);
    }
  }
});

pageTest("every control has a name", { query: "paused" }, async (page) => {
  const nameless = `[...document.querySelectorAll("input, button, canvas")]
    .filter((it) => !(it.labels?.[0] ?? it).textContent.trim() && !it.ariaLabel).map((it) => it.outerHTML)`;
  assert.equal(await page.evaluate(nameless), []);
  assert.ok((await page.locator("input[type=range]").count()) === 17);
  const unexplained = `[...document.querySelectorAll("main input:not([type=radio]), main fieldset")]
    .filter((it) => !document.getElementById(it.getAttribute("aria-describedby"))?.textContent.trim()).map((it) => it.id)`;
  assert.equal(await page.evaluate(unexplained), []);
  assert.is(await page.getAttribute("#patience", "aria-valuetext"), "4 s");
});

for (const [width, height] of [
  [1280, 800],
  [390, 844],
] as const) {
  const look = { width, height, query: "paused&preset=greedy" };
  pageTest(`the page is drawn in the light and in the dark theme: ${width} × ${height}`, look, async (page) => {
    await page.evaluate("playground.advance(30)");
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await sleep(0.5); // wait for a few frames
      const image = decodePng(await page.screenshot());
      assert.equal([image.width, image.height], [width, height]);
      assert.ok(coloursOf(image) > 100, `${coloursOf(image)} colours`);
      for (const id of ["gate", "dial", "table"]) {
        const canvas = decodePng(await page.locator(`#${id}`).screenshot());
        assert.ok(coloursOf(canvas) > 5, `${id}: ${coloursOf(canvas)} colours`);
        const brightness = brightnessOf(canvas);
        assert.ok(colorScheme === "dark" ? brightness < 100 : brightness > 180, `${id} is ${brightness} bright`);
      }
    }
  });
}
