// One file for each way in, instead of one for each of `host/`: a program that starts need not look for some forty of them.

import { defineConfig } from "rolldown";

export default defineConfig({
  input: ["host/index.ts", "host/core.ts", "host/testing.ts"],
  external: [/^node:/, "@assemblyscript/loader"],
  platform: "neutral",
  logLevel: "warn",
  preserveEntrySignatures: "allow-extension",
  output: { dir: "dist", format: "esm", chunkFileNames: "shared.js", comments: true },
});
