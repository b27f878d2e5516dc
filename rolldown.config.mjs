// One file per entry point and one that they share, instead of one per file of `host/`: a starting program need not look up some fifty files.
// The same for declarations.

import { defineConfig } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const { core, framing, admin, ...others } = {
  admin: "host/service/admin.ts",
  index: "host/index.ts",
  core: "host/core/core.ts",
  framing: "host/framing/framing.ts",
  testing: "host/time/virtual-clock.ts",
};
const common = { external: /^node:/, platform: "neutral", logLevel: "warn" };
const output = { dir: "dist", format: "esm" };

// Entry points for other hosts need no types of Node.
const needsNoNode = new Set(["core", "testing", "shared"]);

// Services use the package as a program does: they import its main entry.
const mainEntry = {
  name: "main-entry",
  resolveId: (source) => (source === "../index.ts" ? { id: "./index.js", external: true } : null),
};

const declarations = (input) => ({
  ...common,
  input,
  plugins: [mainEntry, dts({ emitDtsOnly: true, oxc: { stripInternal: true }, sourcemap: true })],
  output: {
    ...output,
    chunkFileNames: "shared.d.ts",
    banner: ({ name }) => (needsNoNode.has(name.replace(/\.d$/, "")) ? "" : '/// <reference types="node" />'),
  },
});

export default defineConfig([
  {
    ...common,
    input: { core, framing, admin, ...others },
    plugins: [mainEntry],
    preserveEntrySignatures: "allow-extension",
    output: {
      ...output,
      chunkFileNames: "shared.js",
      // One file for all that several entry points use, whichever they are.
      codeSplitting: { groups: [{ name: "shared", test: /host\/(?!core\/|framing\/)/, minShareCount: 2 }] },
      comments: true,
      sourcemap: true,
      sourcemapExcludeSources: true, // the package has them
    },
  },
  declarations({ core }), // separately, as the others use none of its types
  declarations({ admin }),
  declarations({ framing }), // and these need the types of Node, which those that the others share do not
  declarations(others),
]);
