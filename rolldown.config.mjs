// One file for each entry and one they share, instead of one for each file of `host/`: a program that starts need not look up some fifty of them.

import { defineConfig } from "rolldown";

export default defineConfig({
  input: { index: "host/index.ts", core: "host/core/core.ts", testing: "host/time/virtual-clock.ts" },
  external: [/^node:/, "@assemblyscript/loader"],
  platform: "neutral",
  logLevel: "warn",
  preserveEntrySignatures: "allow-extension",
  output: { dir: "dist", format: "esm", chunkFileNames: "shared.js", comments: true },
});
