// Package managers: each installs the package by name, without a warning, and it works.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import { serveRegistry } from "./registry.mjs";
import { MODULE, SAID } from "./talk.mjs";
import { prints, programs, run, write } from "./workshop.mjs";

const TOOLS = { pnpm: "12.21.0", yarn: "1.22.22", "@yarnpkg/cli-dist": "4.18.1" };

/** @param {import("./report.mjs").Report} report @param {import("./workshop.mjs").Workshop} workshop @param {boolean} short */
export async function installers(report, workshop, short) {
  const registry = await serveRegistry(workshop.file, workshop.manifest);
  const { url } = registry;
  const { node, bun, deno } = programs;
  try {
    /** @param {string} title @param {Trial} trial */
    const trial = (title, trial) => report.check(title, () => install(workshop, title, url, trial));
    await trial("npm", { command: ["npm", "install", "wasm-ioloop", "--no-audit", "--no-fund"], run: [node] });
    if (bun) await trial("Bun", { command: [bun, "add", "wasm-ioloop"], run: [bun] });
    if (short) return;

    const tools = join(workshop.with("installers", TOOLS, {}), "node_modules");
    const store = `--store-dir=${workshop.empty("pnpm-store")}`;
    await trial("pnpm", {
      command: [node, join(tools, "pnpm/bin/pnpm.mjs"), "add", "wasm-ioloop", store],
      run: [node],
    });
    const classic = join(tools, "yarn/bin/yarn.js");
    const cache = `--cache-folder=${workshop.empty("yarn-cache")}`;
    await trial("Yarn 1", { command: [node, classic, "add", "wasm-ioloop", cache], run: [node] });
    const berry = join(tools, "@yarnpkg/cli-dist/bin/yarn.js");
    for (const linker of ["node-modules", "pnp"]) {
      await trial(`Yarn 4, ${linker}`, {
        command: [node, berry, "add", "wasm-ioloop"],
        run: [node, berry, "node"],
        files: { ".yarnrc.yml": `nodeLinker: ${linker}\nunsafeHttpWhitelist: ["127.0.0.1"]\n`, "yarn.lock": "" },
      });
    }
    if (!deno) return report.leaveOut("Deno", "not installed: npm run runtimes");
    const permissions = ["run", "--allow-all", "--no-prompt"];
    await trial("Deno", { command: [deno, "add", "npm:wasm-ioloop"], run: [deno, ...permissions] });
  } finally {
    registry.close();
  }
}

/** @typedef {{ command: readonly string[], run: readonly string[], files?: Readonly<Record<string, string>> }} Trial */

/** @param {import("./workshop.mjs").Workshop} workshop @param {string} title @param {string} url @param {Trial} trial */
async function install(workshop, title, url, { command, run: runner, files = {} }) {
  const folder = workshop.empty(`install-${title.toLowerCase().replaceAll(/\W+/g, "-")}`);
  write(folder, { "talk.mjs": MODULE, ".npmrc": `registry=${url}/\n`, ...files });
  const own = join(folder, ".home"); // without caches and settings of the user
  const { output, errors } = await run(folder, command, {
    HOME: own,
    DENO_DIR: join(own, "deno"),
    NPM_CONFIG_REGISTRY: url,
    npm_config_cache: join(own, "npm"),
    npm_config_update_notifier: "false",
    BUN_INSTALL_CACHE_DIR: join(own, "bun"),
    YARN_NPM_REGISTRY_SERVER: url,
    YARN_REGISTRY: url,
    YARN_ENABLE_TELEMETRY: "0",
    YARN_GLOBAL_FOLDER: join(own, "yarn"),
  });
  // Yarn's warnings about its own module loader are not about the package.
  const said = (output + errors).replace(/^.*YN0092: .*ESM support for PnP[^]*?Done with warnings.*$/m, "");
  const warning = /^.*(?:warn|deprecat|error|missing peer|unmet).*$/im.exec(said);
  if (warning) throw new Error(`said: ${warning[0]}\n${output}${errors}`);
  await prints(SAID, folder, [...runner, "talk.mjs"], { HOME: own, DENO_DIR: join(own, "deno") });
  if (!/pnp|deno/i.test(title)) {
    const installed = readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith("."));
    if (installed.join() !== "wasm-ioloop") throw new Error(`installed: ${installed.join(", ")}`);
  }
}
