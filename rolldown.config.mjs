// One file for each entry and one they share, instead of one for each file of `host/`: a program that starts need not look up some fifty of them.
// The declarations likewise.

import { defineConfig } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const { core, ...others } = {
  index: "host/index.ts",
  core: "host/core/core.ts",
  testing: "host/time/virtual-clock.ts",
};
const common = { external: /^node:/, platform: "neutral", logLevel: "warn" };
const output = { dir: "dist", format: "esm" };

// What is for other hosts than Node needs no types of Node's.
const needsNoNode = new Set(["core", "testing", "shared"]);

const declarations = (input) => ({
  ...common,
  input,
  plugins: [dts({ emitDtsOnly: true, oxc: { stripInternal: true }, sourcemap: true })],
  output: {
    ...output,
    chunkFileNames: "shared.d.ts",
    banner: ({ name }) => (needsNoNode.has(name.replace(/\.d$/, "")) ? "" : '/// <reference types="node" />'),
  },
});

export default defineConfig([
  {
    ...common,
    input: { core, ...others },
    preserveEntrySignatures: "allow-extension",
    output: {
      ...output,
      chunkFileNames: "shared.js",
      comments: true,
      sourcemap: true,
      sourcemapExcludeSources: true, // the package has them
    },
  },
  declarations({ core }), // for itself: the others have none of its types
  declarations(others),
]);
