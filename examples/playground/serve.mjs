// Serves the playground on loopback, and no other files of this repository.
//
//   npm run build && node examples/playground/serve.mjs [PORT]      port 8080, or a free one for 0

import { createReadStream, realpathSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
const HOME = "/examples/playground/";
const FOLDERS = ["examples/playground", "dist"];
const TYPES = new Map([
  [".html", "text/html; charset=utf-8"],
  [".css", "text/css; charset=utf-8"],
  [".js", "text/javascript; charset=utf-8"],
]);

/** The file that a URL names; undefined if it names none, or one that is not part of the playground. @param {string} url */
function fileOf(url) {
  try {
    const { pathname } = new URL(url, "http://localhost");
    const named = join(ROOT, decodeURIComponent(pathname), pathname.endsWith("/") ? "index.html" : "");
    const file = realpathSync(named); // with dots and links resolved
    const isHere = FOLDERS.some((folder) => file.startsWith(realpathSync(join(ROOT, folder)) + sep));
    return isHere && TYPES.has(extname(file)) && statSync(file).isFile() ? file : undefined;
  } catch {
    return undefined; // no such file, or an invalid URL
  }
}

/** @param {import("node:http").IncomingMessage} request @param {import("node:http").ServerResponse} response */
function answer({ method = "", url = "" }, response) {
  const file = fileOf(url);
  if (method !== "GET" && method !== "HEAD") {
    response.writeHead(405, { allow: "GET, HEAD" }).end();
  } else if (url === "/") {
    response.writeHead(302, { location: HOME }).end();
  } else if (!file) {
    response.writeHead(404, { "content-type": "text/plain" }).end("Not found\n");
  } else {
    response.writeHead(200, { "content-type": TYPES.get(extname(file)), "cache-control": "no-cache" });
    createReadStream(file).pipe(response);
  }
}

/** @param {string} message */
function fail(message) {
  console.error(message);
  process.exit(1);
}

const [port = "8080"] = process.argv.slice(2);
if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) fail(`The port must be a number from 0 to 65535, not ${port}`);
const server = createServer(answer);
server.on("error", (/** @type {NodeJS.ErrnoException} */ error) => {
  const why = error.code === "EADDRINUSE" ? "is in use" : `cannot be used: ${error.message}`;
  fail(`Port ${port} ${why}. Another one: npm run playground -- ${(Number(port) % 65535) + 1}`);
});
server.listen(Number(port), "127.0.0.1", () => {
  const address = server.address();
  if (typeof address === "object") console.log(`The playground: http://127.0.0.1:${address?.port}${HOME}`);
});
