// Links as they are written for GitHub, from file to file, made links of the site. Links to other files lead to the repository.

import { existsSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { PAGES, PLAYGROUND, REPOSITORY, ROOT, linkTo, targetOf } from "./pages.mjs";

/** A heading's anchor as GitHub makes it. @param {string} title */
export function slugify(title) {
  return title
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\s-]/gu, "")
    .replaceAll(" ", "-");
}

/** @param {string} file @param {string} href */
function resolve(file, href) {
  const [path = "", anchor] = href.split("#");
  const target = targetOf(file, path);
  const hash = anchor === undefined ? "" : `#${anchor}`;
  if (PAGES.has(target)) return { href: linkTo(target) + hash };
  // A page of the same server, but not one that the generator makes.
  if (target === PLAYGROUND.folder) return { href: PLAYGROUND.link, target: "_self" };
  const place = join(ROOT, target);
  if (!existsSync(place)) throw new Error(`${file}: the link "${href}" leads to no file: there is no ${target}`);
  return { href: `${REPOSITORY}/${statSync(place).isDirectory() ? "tree" : "blob"}/HEAD/${target}${hash}` };
}

/** A plugin for markdown-it. @param {import("markdown-it").default} md */
export function links(md) {
  md.core.ruler.push("repository_links", ({ tokens, env }) => {
    const file = relative(ROOT, env.realPath ?? env.path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      const href = token.type === "link_open" ? token.attrGet("href") : null;
      if (href === null || /^(?:#|[a-z][a-z\d+.-]*:)/i.test(href)) continue;
      for (const [name, value] of Object.entries(resolve(file, href))) token.attrSet(name, value);
    }
  });
}
