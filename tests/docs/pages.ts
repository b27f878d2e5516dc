// The documents of the repository.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn, root } from "../support/paths.ts";

/** The README and every page of docs/, as paths relative to the root. */
export const pages: readonly string[] = [
  "README.md",
  ...filesIn(join(root, "docs"))
    .filter((file) => file.endsWith(".md"))
    .map((file) => join("docs", file)),
];

/** The text of a file, given by its path relative to the root. */
export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}
