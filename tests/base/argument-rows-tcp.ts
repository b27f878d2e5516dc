// The options of a connection, in each call that takes them, with invalid values.

import { Client, Server } from "wasm-ioloop";
import { NO_BOOLEAN, NO_NUMBER, RANGE, type Row, TYPE, type Task, count, nop, time } from "./argument-values.ts";

type Call = (...[loop, options]: Parameters<Task>) => unknown;
type Option = (name: string) => [string, Task];

function options(what: string, call: Call): Option {
  return (name) => [`${what}: option "${name}"`, (loop, wrong) => call(loop, { [name]: wrong } as never)];
}

const KEEP_ALIVES = [
  [-1, "-1"],
  [1.5, "1.5"],
  [NaN, "NaN"],
  [32768, "32768"],
] as const;
const MODES = [
  [-1, "-1"],
  [0o1000, "512"],
  [1.5, "1.5"],
] as const;
const FAMILIES = [
  [5, "5"],
  [46, "46"],
] as const;

/** The options of both sides. */
function both(option: Option): Row[] {
  const [[noDelay, onNoDelay], [keepAlive, onKeepAlive]] = [option("noDelay"), option("keepAlive")];
  return [
    [onNoDelay, NO_BOOLEAN, TYPE, `${noDelay} must be true or false`],
    ...count(keepAlive, KEEP_ALIVES, "must be a whole number of seconds from 0 to 32767", onKeepAlive),
    ...time(...option("idleTimeout")),
  ];
}

function listener(what: string, call: Call): Row[] {
  const option = options(what, call);
  const [[ipv6Only, onIpv6Only], [mode, onMode]] = [option("ipv6Only"), option("mode")];
  return [
    ...both(option),
    ...time(...option("lifetime")),
    [onIpv6Only, NO_BOOLEAN, TYPE, `${ipv6Only} must be true or false`],
    ...count(mode, MODES, "must be permissions from 0 to 0o777", onMode),
  ];
}

function connector(what: string, call: Call): Row[] {
  const option = options(what, call);
  const [[family, onFamily], [lookup, onLookup]] = [option("family"), option("lookup")];
  return [
    ...both(option),
    [onFamily, FAMILIES, RANGE, `${family} must be 0, 4 or 6`],
    [onFamily, NO_NUMBER, TYPE, `${family} must be 0, 4 or 6`],
    [
      onLookup,
      [
        [5, "5"],
        ["dns", '"dns"'],
      ],
      TYPE,
      `${lookup} must be a function`,
    ],
  ];
}

export const TCP_ROWS: readonly Row[] = [
  ...listener("server", (loop, wrong) => loop.server(wrong, nop)),
  ...listener("listen", (loop, wrong) => new Server({ reactor: loop.reactor }).listen(wrong)),
  ...connector("client", (loop, wrong) => loop.client(wrong, nop)),
  ...connector("connect", (loop, wrong) => new Client({ reactor: loop.reactor }).connect(wrong)),
];
