// The site of the documentation: `npm run docs` makes it in build/site.
//
// Its pages are the documents as they are in the repository. All links in it are relative: it may be served from any folder.

import { defineConfig } from "vitepress";
import { links, slugify } from "./links.mjs";
import { DESCRIPTION, PLAYGROUND, REPOSITORY, linkTo, rewrites, sidebar } from "./pages.mjs";
import { copyPlayground } from "./playground.mjs";

const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Ccircle cx='16' cy='16' r='12' " +
  "fill='none' stroke='%234f46c8' stroke-width='5' stroke-dasharray='60 16'/%3E%3C/svg%3E";

/** The part of a document that is searched: without measured tables, and with programs that are not highlighted. @param {string} text */
function searched(text) {
  return text.replaceAll(/^<!-- bench:[^]*?^<!-- \/bench:.*$/gm, "").replaceAll(/^```\w+$/gm, "```text");
}

export default defineConfig({
  title: "wasm-ioloop",
  description: DESCRIPTION,
  lang: "en",
  head: [["link", { rel: "icon", href: ICON }]],
  base: "./",
  srcDir: "..",
  outDir: "../build/site",
  cacheDir: "../build/site-cache",
  srcExclude: ["{assembly,bench,build,examples,host,tests}/**"],
  additionalConfig: {}, // there are other files named config in the repository
  rewrites,
  router: { prefetchLinks: false }, // the sidebar names all pages: each would load all others
  // The playground is not made by the generator.
  ignoreDeadLinks: [(url) => url.startsWith(PLAYGROUND.link)],
  markdown: {
    anchor: { slugify },
    config: (md) => void md.use(links),
  },
  vite: { publicDir: false },
  buildEnd: ({ outDir }) => copyPlayground(outDir),
  themeConfig: {
    nav: [
      { text: "Getting started", link: linkTo("docs/getting-started.md") },
      { text: "API", link: linkTo("docs/api/ioloop.md"), activeMatch: "/api/" },
      { text: "Performance", link: linkTo("docs/performance.md") },
      { text: "Playground", link: PLAYGROUND.link, target: "_self" },
    ],
    sidebar,
    outline: { level: [2, 3] },
    externalLinkIcon: true,
    socialLinks: [{ icon: "github", link: REPOSITORY }],
    editLink: { pattern: `${REPOSITORY}/edit/main/:path`, text: "Edit this page on GitHub" },
    search: {
      provider: "local",
      options: {
        // So that "graceful" finds stopGracefully. It runs in the browser, alone.
        miniSearch: {
          options: {
            tokenize: (text) => {
              const words = text.split(/[\n\r\p{Z}\p{P}]+/u);
              const parts = words.map((word) => word.split(/(?<=[a-z\d])(?=[A-Z])/));
              return words.concat(parts.filter(({ length }) => length > 1).flat());
            },
          },
        },
        _render: (text, env, md) => md.renderAsync(searched(text), env),
      },
    },
  },
});
