// The options of the command: names, rules, and where each value belongs.

import { parseArgs } from "node:util";
import { type Rule, COUNT, HOST, PORT, POSITIVE, SECONDS, TEXT, oneOf } from "../base/checks.ts";
import { guess } from "../base/guess.ts";
import { show } from "../base/show.ts";

/** A wrong use of the command. The message says what is right. */
export class UsageError extends Error {}

type Values = Record<string, unknown>;

/** What the command is to do. */
export type Command = { readonly kind: "help" | "version" } | ({ readonly kind: "run" } & Settings);

/** How a program is run. */
export interface Settings {
  readonly file: string;
  /** Arguments of the program: those after `--`. */
  readonly args: readonly string[];
  /** Options of `prefork`. */
  readonly prefork: Values;
  /** Attributes of the loop. */
  readonly loop: Values;
  /** Options of `serve`. */
  readonly listen: Values;
  /** Attributes of the HTTP server. */
  readonly http: Values;
}

type Place = "prefork" | "loop" | "listen" | "http";

interface Option {
  readonly to: Place;
  readonly as: string;
  readonly rule: Rule;
  readonly short?: string;
}

const BYTES: Rule = { ...POSITIVE, allowed: "a number of bytes, such as 512M or 2G" };
const ON: Rule = { allowed: "", type: (value) => value === true };
const RATE: Rule = { ...SECONDS, allowed: "a number of clients a second, 0 or more" };

const option = (to: Place, as: string, rule: Rule, short?: string): Option => ({
  to,
  as,
  rule,
  ...(short && { short }),
});

/** Every option that has a value or is a switch, except `help` and `version`. */
export const OPTIONS: Readonly<Record<string, Option>> = {
  "accept-rate": option("loop", "acceptRate", RATE),
  accepts: option("prefork", "accepts", COUNT),
  address: option("listen", "address", HOST, "a"),
  backlog: option("listen", "backlog", COUNT),
  cert: option("listen", "tlsCert", TEXT),
  delay: option("prefork", "delay", SECONDS),
  "displace-idle": option("loop", "displaceIdle", SECONDS),
  fairness: option("loop", "fairness", oneOf("none", "address")),
  "graceful-timeout": option("prefork", "gracefulTimeout", SECONDS),
  "heartbeat-interval": option("prefork", "heartbeatInterval", SECONDS),
  "heartbeat-timeout": option("prefork", "heartbeatTimeout", SECONDS),
  "idle-timeout": option("listen", "idleTimeout", SECONDS),
  json: option("prefork", "json", ON),
  "keep-alive-timeout": option("http", "keepAliveTimeout", SECONDS),
  key: option("listen", "tlsKey", TEXT),
  lifetime: option("listen", "lifetime", SECONDS),
  "max-connections": option("loop", "maxConnections", COUNT, "c"),
  "max-memory": option("prefork", "maxMemory", BYTES),
  "max-per-address": option("loop", "maxPerAddress", COUNT),
  path: option("listen", "path", TEXT),
  "pid-file": option("prefork", "pidFile", TEXT),
  port: option("listen", "port", PORT, "p"),
  queue: option("loop", "queue", oneOf("fifo", "adaptive")),
  "reuse-port": option("prefork", "sharing", ON),
  spare: option("prefork", "spare", COUNT),
  "target-wait": option("loop", "targetWait", SECONDS),
  "upgrade-timeout": option("prefork", "upgradeTimeout", SECONDS),
  "wait-timeout": option("listen", "waitTimeout", SECONDS),
  workers: option("prefork", "workers", COUNT, "w"),
};

const SWITCHES = { help: "h", version: "v" } as const;
const NAMES = [...Object.keys(OPTIONS), ...Object.keys(SWITCHES)];

/** Names that similar commands have, and ours. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  bind: "address",
  listen: "port",
  "max-requests": "accepts",
  "max-accepts": "accepts",
  "max-memory-restart": "max-memory",
  instances: "workers",
  processes: "workers",
  threads: "workers",
  cluster: "workers",
  concurrency: "max-connections",
  clients: "max-connections",
  connections: "max-connections",
  limit: "max-connections",
  timeout: "idle-timeout",
  "inactivity-timeout": "idle-timeout",
  keepalive: "keep-alive-timeout",
  "keep-alive": "keep-alive-timeout",
  "shutdown-timeout": "graceful-timeout",
  "grace-period": "graceful-timeout",
  "stop-timeout": "graceful-timeout",
  socket: "path",
  unix: "path",
  certfile: "cert",
  "ssl-cert": "cert",
  "tls-cert": "cert",
  keyfile: "key",
  "ssl-key": "key",
  "tls-key": "key",
  pidfile: "pid-file",
  pid: "pid-file",
  reuse: "reuse-port",
  log: "json",
};

const isSwitch = (name: string): boolean => OPTIONS[name]?.rule === ON || Object.hasOwn(SWITCHES, name);

/**
 * Reads the arguments of the command, and the variables PORT and WEB_CONCURRENCY. `workers` is how many there are if neither says so. Throws
 * UsageError.
 */
export function parse(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  workers?: number,
): Command {
  const { values, files, rest } = tokens(args);
  for (const kind of ["help", "version"] as const) if (values.has(kind)) return { kind };
  const [file, second] = files;
  if (file === undefined) throw new UsageError("FILE is missing");
  if (second !== undefined)
    throw new UsageError(`one FILE only, but there is also ${show(second)}; arguments of the program follow --`);
  const settings = {
    file,
    args: rest,
    prefork: {} as Values,
    loop: {} as Values,
    listen: {} as Values,
    http: {} as Values,
  };
  for (const [name, text] of values) {
    const { to, as, rule } = OPTIONS[name]!;
    settings[to][as] = valueOf(`--${name}`, text, rule);
  }
  const { listen, loop, prefork } = settings;
  if (env["PORT"] && listen["port"] === undefined && listen["path"] === undefined)
    listen["port"] = valueOf("PORT in the environment", env["PORT"], PORT);
  if (env["WEB_CONCURRENCY"] && prefork["workers"] === undefined)
    prefork["workers"] = valueOf("WEB_CONCURRENCY in the environment", env["WEB_CONCURRENCY"], POSITIVE);
  if (workers !== undefined) prefork["workers"] ??= workers;
  checkTogether(values, settings);
  if (prefork["sharing"] !== undefined) prefork["sharing"] = "reusePort";
  // A loop that is made with so low a limit admits one client at a time.
  if (Number(loop["maxConnections"] ?? 1000) < 50) loop["multiAccept"] = 1;
  return { kind: "run", ...settings };
}

/** A message about an option of `prefork` or `serve`, with the name that it has here. */
export function renamed(message: string): string {
  const names = new Map(Object.entries(OPTIONS).map(([name, { as }]) => [as, name]));
  names.set("reuse", "reuse-port");
  if (!/^\w+: option "\w+"/.test(message)) return message;
  return message.replaceAll(/(?:^\w+: option )?"(\w+)"/g, (all, as: string) =>
    names.has(as) ? `--${names.get(as)}` : all,
  );
}

function tokens(args: readonly string[]): { values: Map<string, string | true>; files: string[]; rest: string[] } {
  const end = args.indexOf("--");
  const [own, rest] = end < 0 ? [args, []] : [args.slice(0, end), args.slice(end + 1)];
  const options = Object.fromEntries(
    NAMES.map((name) => {
      const short = OPTIONS[name]?.short ?? SWITCHES[name as keyof typeof SWITCHES];
      return [name, { type: isSwitch(name) ? "boolean" : "string", ...(short && { short }) } as const];
    }),
  );
  const parsed = parseArgs({ args: [...own], options, strict: false, allowPositionals: true, tokens: true });
  const values = new Map<string, string | true>();
  const files: string[] = [];
  for (const token of parsed.tokens) {
    if (token.kind === "positional") files.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (!NAMES.includes(name)) throw new UsageError(unknown(name, rawName));
    if (isSwitch(name) && value !== undefined) throw new UsageError(`${rawName} takes no value`);
    if (!isSwitch(name) && value === undefined) throw new UsageError(`${rawName} needs a value`);
    values.set(name, value ?? true);
  }
  return { values, files, rest };
}

function unknown(name: string, rawName: string): string {
  const dashed = name.replaceAll(/[A-Z_]/g, (letter) => (letter === "_" ? "-" : `-${letter.toLowerCase()}`));
  const meant = (Object.hasOwn(ELSEWHERE, dashed) ? ELSEWHERE[dashed] : undefined) ?? guess(dashed, NAMES);
  const question = meant === undefined ? "see wasm-ioloop --help" : `did you mean --${meant}?`;
  return `unknown option ${rawName}; ${question}`;
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

function valueOf(what: string, text: string | true, rule: Rule): unknown {
  const value = text === true ? true : converted(text, rule);
  if (rule.type(value) && (rule === BYTES ? Number(value) >= 1 : (rule.range?.(value as never) ?? true))) return value;
  throw new UsageError(`${what} must be ${rule.allowed}, not ${show(text)}`);
}

function converted(text: string, rule: Rule): unknown {
  if (!rule.type(0)) return text;
  if (rule === BYTES) {
    const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([kmg])?(?:i?b)?$/i.exec(text) ?? [];
    return Math.floor(Number(number) * UNITS[unit.toLowerCase()]!);
  }
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

/** Options of a manager, which there is none of without workers. */
const OF_MANAGER =
  `accepts heartbeat-interval heartbeat-timeout max-memory pid-file reuse-port spare upgrade-timeout`.split(" ");

function checkTogether(values: ReadonlyMap<string, string | true>, { listen, prefork }: Settings): void {
  const apart = (one: string, ...others: string[]): void => {
    const other = others.find((name) => values.has(name));
    if (values.has(one) && other !== undefined) throw new UsageError(`--${one} and --${other} cannot be combined`);
  };
  apart("path", "port", "address", "reuse-port");
  if (values.has("cert") !== values.has("key")) {
    const [given, missing] = values.has("cert") ? ["cert", "key"] : ["key", "cert"];
    throw new UsageError(`--${given} needs --${missing}`);
  }
  if (values.has("reuse-port") && listen["port"] === 0) throw new UsageError("--reuse-port needs a port other than 0");
  const ofManager = OF_MANAGER.find((name) => values.has(name));
  if (prefork["workers"] === 0 && ofManager !== undefined)
    throw new UsageError(`--${ofManager} needs workers, and there are none; give --workers 1 or more`);
}
