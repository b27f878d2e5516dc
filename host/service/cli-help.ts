// What the command prints about itself: its help, on one screen, and its version.

import { readFileSync } from "node:fs";

/** The help: 24 lines of 80 columns at most. */
export const HELP = `Usage: wasm-ioloop [OPTIONS] FILE [-- ARGUMENTS OF THE PROGRAM]

Serves what FILE exports: an HTTP handler or app, an object with fetch, a server
(as default), or setUp(loop, worker, options). Each worker loads FILE itself.

  -p, --port N              default $PORT or 3000; 0 for a free one
  -a, --address ADDRESS     default 127.0.0.1; 0.0.0.0 for other machines
      --path FILE, --activation  a UNIX domain socket; one that systemd passes
      --cert FILE --key FILE  TLS
      --proxy-protocol MODE  required or optional: addresses from a balancer
      --admin [ADDRESS:]PORT  a server for health checks
  -w, --workers N           default one for each CPU; 0: a single process
  -c, --max-connections N   open at once in a worker, default 1000; others wait
      --backlog N, --wait-timeout S  how many may wait, 511; how long, 60 s
      --idle-timeout S      closes silent connections; default never
      --max-per-address N, --queue adaptive (under overload, the newest first)
      --delay S             accepts for so long after a stop has begun
      --graceful-timeout S  what is still open then is closed, default 120
      --max-memory SIZE     replaces a worker that is larger, such as 512M
      --pid-file FILE, --json (log), --accepts N, --reuse-port, and more: see
      docs/api/command.md
  -h, --help, -v, --version
Exit codes: 0 stopped by a signal, 1 failed to start or to serve, 2 wrong usage`;

/** The version of the package. */
export function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };
  return manifest.version;
}
