// One file per entry point and one that they share, instead of one per file of `host/`: a starting program need not look up some fifty files.
// The same for declarations.

import { defineConfig } from "rolldown";
import { dts } from "rolldown-plugin-dts";

const {
  core,
  framing,
  timers,
  "timers-promises": promises,
  ...others
} = {
  index: "host/index.ts",
  core: "host/core/core.ts",
  framing: "host/framing/framing.ts",
  testing: "host/time/virtual-clock.ts",
  timers: "host/timers/timers.ts",
  "timers-promises": "host/timers/promises.ts",
};
// What is built on the package, as a program is: it imports the package's main file.
const services = { admin: "host/service/admin.ts", prefork: "host/service/prefork.ts" };
const ofPackage = {
  name: "of-package",
  resolveId: (source) => (source === "../index.ts" ? { id: "./index.js", external: true } : undefined),
};
const common = { external: /^node:/, platform: "neutral", logLevel: "warn" };
// The comments for users are in the declarations, and the others in the sources: a program that starts need not read them.
const comments = { legal: true, annotation: true, jsdoc: false };
const output = { dir: "dist", format: "esm" };

// The command is no entry of the package. It uses two of them.
const OF_COMMAND = new Set(["./admin.ts", "./prefork.ts"]);
const ofServices = {
  name: "of-services",
  resolveId: (source) => (OF_COMMAND.has(source) ? { id: source.replace(".ts", ".js"), external: true } : undefined),
};

// Entry points for other hosts need no types of Node.
const needsNoNode = new Set(["core", "testing", "shared"]);

// And the timers run in browsers: they need only what the compiler has itself.
const LIBRARY = '/// <reference lib="esnext.disposable" />';
const NODE = '/// <reference types="node" />';
const typesFor = (name) => (needsNoNode.has(name) ? "" : name.startsWith("timers") ? LIBRARY : NODE);

const declarations = (input, ...plugins) => ({
  ...common,
  input,
  plugins: [...plugins, dts({ emitDtsOnly: true, oxc: { stripInternal: true }, sourcemap: true })],
  output: {
    ...output,
    chunkFileNames: "shared.d.ts",
    banner: ({ name }) => typesFor(name.replace(/\.d$/, "")),
  },
});

export default defineConfig([
  {
    ...common,
    input: { core, framing, timers, "timers-promises": promises, ...others },
    preserveEntrySignatures: "allow-extension",
    output: {
      ...output,
      chunkFileNames: "[name].js",
      // One file for all that several entry points use, whichever they are. Another one for what the two of the timers share: it has a core.
      codeSplitting: {
        includeDependenciesRecursively: false,
        groups: [
          { name: "shared", test: /host\/(?!core\/|framing\/|timers\/)/, minShareCount: 2 },
          { name: "timers-shared", test: /host\/timers\/(?!timers\.|promises\.)/ },
        ],
      },
      comments,
      sourcemap: true,
      sourcemapExcludeSources: true, // the package has them
    },
  },
  {
    ...common,
    input: services,
    plugins: [ofPackage],
    output: {
      ...output,
      chunkFileNames: "service.js",
      comments,
      sourcemap: true,
      sourcemapExcludeSources: true,
    },
  },
  declarations(services, ofPackage),
  {
    ...common,
    input: { cli: "host/service/cli.ts" },
    plugins: [ofPackage, ofServices],
    output: { ...output, comments, sourcemap: true, sourcemapExcludeSources: true },
  },
  declarations({ core }), // separately, as the others use none of its types
  declarations({ framing }), // and these need the types of Node, which those that the others share do not
  declarations({ timers }),
  declarations({ "timers-promises": promises }),
  declarations(others),
]);
