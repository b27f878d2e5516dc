// Takes the screenshots of the playground for the documentation: `node build/tests/examples/playground-images.js`.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../support/harness.ts";
import { type Look, visit } from "./playground-page.ts";
import { decodePng, encodePng } from "./png.ts";
import { root } from "../support/paths.ts";

// The first font of the style sheet, whether this machine has it or not
const font = join(root, "node_modules/vitepress/dist/client/theme-default/fonts/inter-roman-latin.woff2");
const face = `@font-face { font-family: Inter; font-weight: 100 900;
  src: url(data:font/woff2;base64,${readFileSync(font).toString("base64")}); }`;

const folder = join(root, "docs/images");
const query = "preset=overload&seed=1&paused";

async function picture(name: string, look: Look): Promise<void> {
  await visit(look, async (page) => {
    await page.addStyleTag({ content: face });
    await page.evaluate("document.fonts.load('15px Inter')");
    // First come, first served, until nobody is served any more; then adaptive
    await page.evaluate("playground.advance(30)");
    await page.check("#queue input[value='1']");
    await page.evaluate("playground.advance(20)");
    await page.evaluate("scrollTo(0, 0)");
    await page.click("#play");
    await sleep(1);
    const png = encodePng(decodePng(await page.screenshot()));
    writeFileSync(join(folder, `${name}.png`), png);
    console.log(`${name}.png: ${png.length} bytes`);
  });
}

mkdirSync(folder, { recursive: true });
await picture("playground", { query, width: 1280, height: 800, scale: 1.5 });
await picture("playground-phone", { query, width: 390, height: 844, scale: 2 });
