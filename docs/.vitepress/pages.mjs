// Which documents are pages of the site, at which address, and in which order they are listed.

import { readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** @type {{ description: string, repository: { url: string } }} */
const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
export const DESCRIPTION = manifest.description;
export const REPOSITORY = manifest.repository.url.replace(/^git\+|\.git$/g, "");

/** Where the playground is, and the folder that it is made of. */
export const PLAYGROUND = { link: "/playground/", folder: "examples/playground" };

/** The groups of the sidebar. Of a folder, the pages that are not named follow those that are. */
const GROUPS = [
  { text: "Introduction", pages: ["README.md", "docs/getting-started.md"] },
  {
    text: "Guides",
    folder: "docs/guides",
    pages: names(
      "docs/guides",
      "http overload node-net mojo framing tls deploying proxy-protocol tuning observability testing interop troubleshooting",
    ),
  },
  {
    text: "API",
    folder: "docs/api",
    pages: names(
      "docs/api",
      "ioloop stream stream-reader framing server client reactor delay event-emitter clock timers errors prefork command admin core",
    ),
  },
  { text: "Runtimes and performance", folder: "docs", pages: names("docs", "runtimes performance benchmarks") },
  { text: "Internals", folder: "docs/internals", pages: names("docs/internals", "design abi replay glossary") },
  { text: "Project", pages: ["CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"] },
];

/** @param {string} folder @param {string} list */
function names(folder, list) {
  return list.split(" ").map((name) => `${folder}/${name}.md`);
}

/** The documents directly in a folder. @param {string} folder */
function documentsIn(folder) {
  const files = readdirSync(join(ROOT, folder)).filter((name) => name.endsWith(".md"));
  return files.toSorted().map((name) => `${folder}/${name}`);
}

/** The title of a document: its first heading, without marks. @param {string} file */
function titleOf(file) {
  if (file === "README.md") return "Overview";
  const text = readFileSync(join(ROOT, file), "utf8");
  return /^# (.*)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? file;
}

/** The file of the site that a document becomes. @param {string} file */
function pageOf(file) {
  return file === "README.md" ? "index.md" : file.replace(/^docs\//, "").toLowerCase();
}

/** Where a document is on the site, from its root on. @param {string} file */
export function linkTo(file) {
  return `/${pageOf(file)}`.replace(/index\.md$/, "");
}

const listed = new Set(GROUPS.flatMap(({ pages }) => pages));
const groups = GROUPS.map(({ text, folder, pages }) => {
  const others = folder === undefined ? [] : documentsIn(folder).filter((file) => !listed.has(file));
  return { text, pages: [...pages, ...others] };
});

/** Every document that is a page. */
export const PAGES = new Set(groups.flatMap(({ pages }) => pages));

/** The page of the site for each document. */
export const rewrites = Object.fromEntries([...PAGES].map((file) => [file, pageOf(file)]));

export const sidebar = groups.map(({ text, pages }) => ({
  text,
  items: pages.map((file) => ({ text: titleOf(file), link: linkTo(file) })),
}));

/** The file that a link in a document leads to, as a path from the root of the repository on. @param {string} file @param {string} path */
export function targetOf(file, path) {
  return join(dirname(file), decodeURIComponent(path)).replace(/\/$/, "");
}
