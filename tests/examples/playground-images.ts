// Takes the screenshots of the playground for the documentation: `node build/tests/examples/playground-images.js`.

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sleep } from "../support/harness.ts";
import { type Look, visit } from "./playground-page.ts";
import { decodePng, encodePng } from "./png.ts";
import { root } from "../support/paths.ts";

const folder = join(root, "docs/images");
const query = "preset=overload&seed=1&paused";

async function picture(name: string, look: Look): Promise<void> {
  await visit(look, async (page) => {
    // First come, first served, until nobody is served any more; then adaptive
    await page.evaluate("playground.advance(30)");
    await page.check("#queue input[value='1']");
    await page.evaluate("playground.advance(20)");
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
