// One file for each entry and one they share, instead of one for each file of `host/`: a program that starts need not look up some fifty of them.
// The declarations likewise.

import { defineConfig } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const common = {
  input: { index: "host/index.ts", core: "host/core/core.ts", testing: "host/time/virtual-clock.ts" },
  external: /^node:/,
  platform: "neutral",
  logLevel: "warn",
};

// What is for other hosts than Node needs no types of Node's.
const needsNoNode = new Set(["core", "testing", "shared"]);

export default defineConfig([
  {
    ...common,
    preserveEntrySignatures: "allow-extension",
    output: {
      dir: "dist",
      format: "esm",
      chunkFileNames: "shared.js",
      comments: true,
      sourcemap: true,
      sourcemapExcludeSources: true, // the package has them
    },
  },
  {
    ...common,
    plugins: [dts({ emitDtsOnly: true, oxc: { stripInternal: true }, sourcemap: true })],
    output: {
      dir: "dist",
      format: "esm",
      chunkFileNames: "shared.d.ts",
      banner: ({ name }) => (needsNoNode.has(name.replace(/\.d$/, "")) ? "" : '/// <reference types="node" />'),
    },
  },
]);
