// The documentation site: generates it, serves it, and collects its links.

import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, normalize } from "node:path";
import { root } from "../support/paths.ts";

/** Not the root of a server, as the site must work in any folder. */
const BASE = "/some/folder/";

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** Generates the site in a folder. Returns the output of the generator. */
export function build(folder: string): Promise<string> {
  const program = join(root, "node_modules/vitepress/bin/vitepress.js");
  const node = process.env["TEST_NODE"] ?? process.execPath;
  return new Promise((resolve, reject) => {
    const options = { cwd: root, env: { ...process.env, NO_COLOR: "1" } };
    execFile(node, [program, "build", "docs", "--outDir", folder], options, (error, output, errors) => {
      if (error) reject(new Error(`${output}${errors}`));
      else resolve(output + errors);
    });
  });
}

/** Serves files while `use` runs, which gets the address of the first page. */
export async function served<T>(folder: string, use: (home: string) => Promise<T>): Promise<T> {
  const server: Server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const path = pathname.startsWith(BASE) ? normalize(`/${decodeURIComponent(pathname.slice(BASE.length))}`) : "/none";
    const file = join(folder, path.endsWith("/") ? `${path}index.html` : path);
    try {
      const content = readFileSync(file);
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(content);
    } catch {
      response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`);
  } finally {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }
}

/** The links, images and anchors of a page. */
export interface Crawled {
  readonly status: number;
  readonly links: readonly string[];
  readonly anchors: ReadonlySet<string>;
}

function unescaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    "&amp;": "&",
    "&quot;": '"',
    "&#39;": "'",
    "&lt;": "<",
    "&gt;": ">",
  };
  return text.replaceAll(/&(?:amp|quot|#39|lt|gt);/g, (entity) => entities[entity]!);
}

function crawledOf(status: number, html: string): Crawled {
  const attributes = (names: string): string[] =>
    [...html.matchAll(new RegExp(`\\s(?:${names})="([^"]*)"`, "g"))].map(([, value]) => unescaped(value!));
  return { status, links: attributes("href|src"), anchors: new Set(attributes("id")) };
}

/** Everything that can be reached from the first page of the server, by address. */
export async function crawl(home: string): Promise<Map<string, Crawled>> {
  const found = new Map<string, Crawled>();
  const queue = [home];
  for (const address of queue) {
    const response = await fetch(address);
    const isPage = response.headers.get("content-type")?.startsWith("text/html") === true;
    const content = await response.text(); // read in any case, to free the connection
    const crawled = crawledOf(response.status, isPage ? content : "");
    found.set(address, crawled);
    for (const link of crawled.links) {
      const target = new URL(link, address);
      target.hash = "";
      if (target.origin === new URL(home).origin && !queue.includes(target.href)) queue.push(target.href);
    }
  }
  return found;
}
