// PNG images, as far as screenshots need it: reads those of a browser, and writes few colours in few bytes.

import { crc32, deflateSync, inflateSync } from "node:zlib";

/** An image: three bytes per pixel, row by row. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOURS = 256;

/** Reads a PNG with 8 bits per channel, without interlacing, as browsers and `encodePng` write it. */
export function decodePng(png: Buffer): Image {
  if (!png.subarray(0, 8).equals(SIGNATURE)) throw new Error("not a PNG");
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  const channels = { 2: 3, 3: 1, 6: 4 }[png[25]!];
  if (png[24] !== 8 || channels === undefined || png[28] !== 0) throw new Error("this kind of PNG is not supported");
  const bytes = unfilter(inflateSync(chunksOf(png, "IDAT")), width * channels, height, channels);
  const palette = chunksOf(png, "PLTE");
  const pixels = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    for (let channel = 0; channel < 3; channel++) {
      pixels[i * 3 + channel] = channels === 1 ? palette[bytes[i]! * 3 + channel]! : bytes[i * channels + channel]!;
    }
  }
  return { width, height, pixels };
}

/** The number of different colours. */
export function coloursOf({ pixels }: Image): number {
  const colours = new Set<number>();
  for (let at = 0; at < pixels.length; at += 3) colours.add(colourAt(pixels, at));
  return colours.size;
}

/** The brightness of an image, from 0 to 255. */
export function brightnessOf({ pixels }: Image): number {
  return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
}

/** Writes an image with at most 256 colours. Flat areas keep their exact colour. */
export function encodePng({ width, height, pixels }: Image): Buffer {
  const palette = paletteOf(pixels);
  const known = new Map<number, number>();
  const rows = Buffer.alloc((width + 1) * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const colour = colourAt(pixels, (y * width + x) * 3);
      let index = known.get(colour);
      if (index === undefined) known.set(colour, (index = nearest(palette, colour)));
      rows[y * (width + 1) + 1 + x] = index;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3], 8); // indexed
  const colours = Buffer.from(palette.flatMap((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]));
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("PLTE", colours),
    chunk("IDAT", deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

// The joined data of all chunks of a type.
function chunksOf(png: Buffer, type: string): Buffer {
  const parts: Buffer[] = [];
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const length = png.readUInt32BE(at);
    if (png.toString("latin1", at + 4, at + 8) === type) parts.push(png.subarray(at + 8, at + 8 + length));
  }
  return Buffer.concat(parts);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}

function colourAt(pixels: Uint8Array, at: number): number {
  return (pixels[at]! << 16) | (pixels[at + 1]! << 8) | pixels[at + 2]!;
}

// Similar colours share an entry, which has the most frequent of them; the most frequent entries are kept.
function paletteOf(pixels: Uint8Array): number[] {
  const counts = new Map<number, number>();
  for (let at = 0; at < pixels.length; at += 3) {
    const colour = colourAt(pixels, at);
    counts.set(colour, (counts.get(colour) ?? 0) + 1);
  }
  const places = new Map<number, { colour: number; most: number; sum: number }>();
  for (const [colour, count] of counts) {
    const key = colour & 0xf8f8f8;
    const place = places.get(key) ?? { colour, most: 0, sum: 0 };
    if (count > place.most) Object.assign(place, { colour, most: count });
    place.sum += count;
    places.set(key, place);
  }
  const fullest = [...places.values()].sort((a, b) => b.sum - a.sum).slice(0, COLOURS);
  return fullest.map(({ colour }) => colour);
}

function nearest(palette: readonly number[], colour: number): number {
  let [best, least] = [0, Infinity];
  for (const [index, other] of palette.entries()) {
    const red = (colour >> 16) - (other >> 16);
    const green = ((colour >> 8) & 255) - ((other >> 8) & 255);
    const blue = (colour & 255) - (other & 255);
    const distance = 2 * red * red + 4 * green * green + 3 * blue * blue;
    if (distance < least) [best, least] = [index, distance];
  }
  return best;
}

// The first byte of each row is its filter, which predicts pixels from their neighbours.
function unfilter(data: Buffer, stride: number, height: number, channels: number): Uint8Array {
  const bytes = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = data[y * (stride + 1)]!;
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= channels ? bytes[at - channels]! : 0;
      const up = y > 0 ? bytes[at - stride]! : 0;
      const corner = x >= channels && y > 0 ? bytes[at - stride - channels]! : 0;
      const foretold = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter]!;
      bytes[at] = data[y * (stride + 1) + 1 + x]! + foretold;
    }
  }
  return bytes;
}

function paeth(left: number, up: number, corner: number): number {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  return a <= b && a <= c ? left : b <= c ? up : corner;
}
