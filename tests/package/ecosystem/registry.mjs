// A registry with a single package: the packed one. So package managers install it by name, as for users.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const PUBLISHED = "2026-01-01T00:00:00.000Z"; // old enough for package managers that do not install recent versions

/**
 * Serves a packed file until `close` is called.
 *
 * @param {string} file @param {{ readonly name: string, readonly version: string }} manifest
 * @returns {Promise<{ url: string, close: () => void }>}
 */
export async function serveRegistry(file, manifest) {
  const packed = readFileSync(file);
  const { name, version } = manifest;
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", url);
    if (pathname === `/${name}/-/${name}-${version}.tgz`) {
      response.end(packed);
      return;
    }
    if (pathname !== `/${name}`) {
      response.writeHead(404).end("{}");
      return;
    }
    const dist = {
      tarball: `${url}/${name}/-/${name}-${version}.tgz`,
      shasum: createHash("sha1").update(packed).digest("hex"),
      integrity: `sha512-${createHash("sha512").update(packed).digest("base64")}`,
    };
    response.writeHead(200, { "content-type": "application/json" }).end(
      JSON.stringify({
        name,
        "dist-tags": { latest: version },
        versions: { [version]: { ...manifest, dist } },
        time: { created: PUBLISHED, modified: PUBLISHED, [version]: PUBLISHED },
      }),
    );
  });
  await new Promise((resolve) => void server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  return { url, close: () => void server.close() };
}
