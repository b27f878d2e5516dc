// Makes the package for publishing: copies its files to build/package, and packs that folder.
//
//   npm run package        and then: npm publish build/package
//
// The copy has the files that package.json lists. Its package.json has no fields for development, and links in its documents to files
// that are not in the package lead to the repository.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL(".", import.meta.url));
const OURS = new Set(["private", "scripts", "devDependencies", "overrides", "allowScripts"]);

/** Packs a folder. With `more` arguments for npm, it can also only list the contents. @param {string} folder @param {string[]} more */
function npmPack(folder, ...more) {
  // The scripts would build dist/ again.
  const args = ["pack", folder, "--json", "--ignore-scripts", ...more];
  /** @type {[{ filename: string, size: number, files: { path: string }[] }]} */
  const [packed] = JSON.parse(execFileSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }));
  return packed;
}

/** The package.json that is published. */
function manifest() {
  const whole = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const home = whole.repository.url.replace(/^git\+|\.git$/g, "");
  const published = Object.entries(whole).filter(([name]) => !OURS.has(name));
  return { ...Object.fromEntries(published), homepage: `${home}#readme`, bugs: `${home}/issues` };
}

/** A document with links that also work without the repository. @param {string} file @param {string} folder @param {string} home */
function linked(file, folder, home) {
  const text = readFileSync(file, "utf8");
  return text.replaceAll(/(!\[[^\]]*)?\]\(([^)#:\s]+)(#[^)]*)?\)/g, (link, image = "", path, anchor = "") => {
    const target = relative(folder, resolve(dirname(file), path));
    if (existsSync(join(folder, target)) || !existsSync(join(root, target))) return link; // the target is in the package, or it is not a link
    const place = `${home}/${image ? "raw" : "blob"}/HEAD/${target}`;
    return `${image}](${place}${anchor})`;
  });
}

/** Copies the package into a new folder. @param {string} folder */
export function stage(folder) {
  rmSync(folder, { recursive: true, force: true });
  const { files } = npmPack(root, "--dry-run");
  for (const { path } of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    cpSync(join(root, path), join(folder, path));
  }
  const published = manifest();
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(published, null, 2)}\n`);
  const home = published.homepage.replace(/#.*/, "");
  for (const { path } of files.filter(({ path }) => path.endsWith(".md"))) {
    const file = join(folder, path);
    writeFileSync(file, linked(file, folder, home));
  }
}

/** Stages and packs the package inside a folder. @param {string} folder @returns the packed file, and its contents */
export function pack(folder) {
  const staged = join(folder, "package");
  stage(staged);
  const { filename, files, size } = npmPack(staged, "--pack-destination", folder);
  return { file: join(folder, filename), files: files.map(({ path }) => path), size };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { file, files, size } = pack(join(root, "build"));
  console.log(`${relative(root, file)}: ${files.length} files, ${size} bytes; staged in build/package`);
}
