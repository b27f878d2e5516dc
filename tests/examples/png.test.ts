// PNGs that are written can be read, and many colours are reduced to few.

import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { type Image, brightnessOf, coloursOf, decodePng, encodePng } from "./png.ts";

const test = harness("png");

const imageOf = (width: number, height: number, value: (at: number) => number): Image => ({
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, at) => value(at)),
});

test("an image of few colours is read back unchanged", () => {
  const image = imageOf(23, 11, (at) => (at % 7) * 36);
  assert.equal(decodePng(encodePng(image)), image);
  assert.is(coloursOf(image), 7);
});

test("of many colours, those of flat areas are kept, and the others are close", () => {
  const image = imageOf(100, 100, (at) => (at < 24_000 ? 247 : (at * 7919) % 256));
  const read = decodePng(encodePng(image));
  assert.ok(coloursOf(image) > 256);
  assert.ok(coloursOf(read) <= 256);
  assert.equal(read.pixels.subarray(0, 24_000), image.pixels.subarray(0, 24_000));
  assert.ok(Math.abs(brightnessOf(read) - brightnessOf(image)) < 4);
});

test("anything else than a PNG is an error", () => {
  assert.throws(() => decodePng(Buffer.from("<svg/>")), "not a PNG");
});
