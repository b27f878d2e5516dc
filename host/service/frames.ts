// Frames of a stack that help the author of a program: not those of the runtime and of this package.

const FRAME = /^\s+at /m;
const PACKAGE = new URL("..", import.meta.url);
const OURS = [
  "(<anonymous>)",
  "(index ",
  "node:",
  "ext:",
  "native:",
  ...["dist/", "host/"].flatMap((folder) => placesOf(new URL(folder, PACKAGE))),
];

function placesOf(folder: URL): string[] {
  return [folder.href, decodeURIComponent(folder.pathname)];
}

/** Whether a text has frames of a stack. */
export function hasFrames(stack: string): boolean {
  return FRAME.test(stack);
}

/** A stack with the frames of the program only. */
export function ownFrames(stack: string): string {
  const lines = stack.split("\n");
  return lines.filter((line) => !FRAME.test(line) || !OURS.some((place) => line.includes(place))).join("\n");
}
