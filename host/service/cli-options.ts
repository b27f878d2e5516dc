// The options of the command: names, rules, and where each value belongs.

import { parseArgs } from "node:util";
import { type Rule, COUNT, HOST, PORT, POSITIVE, SECONDS, TEXT, oneOf } from "../base/checks.ts";
import { guess } from "../base/guess.ts";
import { show } from "../base/show.ts";
import { BYTES, NAMED, NETWORKS, ON, PLACE, type Place, RATE, UsageError, valueOf } from "./cli-values.ts";

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
  /** Where `admin` listens, if at all. */
  readonly admin: { at?: Place };
}

type Target = "prefork" | "loop" | "listen" | "http" | "admin";

interface Option {
  readonly to: Target;
  readonly as: string;
  readonly rule: Rule;
  readonly short?: string;
}

const option = (to: Target, as: string, rule: Rule, short?: string): Option => ({
  to,
  as,
  rule,
  ...(short && { short }),
});

/** Every option that has a value or is a switch, except `help` and `version`. */
export const OPTIONS: Readonly<Record<string, Option>> = {
  "accept-rate": option("loop", "acceptRate", RATE),
  accepts: option("prefork", "accepts", COUNT),
  activation: option("listen", "activation", NAMED),
  address: option("listen", "address", HOST, "a"),
  admin: option("admin", "at", PLACE),
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
  "proxy-protocol": option("listen", "proxyProtocol", oneOf("required", "optional")),
  "proxy-trust": option("listen", "proxyTrust", NETWORKS),
  queue: option("loop", "queue", oneOf("fifo", "adaptive")),
  "reuse-port": option("prefork", "sharing", ON),
  spare: option("prefork", "spare", COUNT),
  "target-wait": option("loop", "targetWait", SECONDS),
  "upgrade-timeout": option("prefork", "upgradeTimeout", SECONDS),
  "wait-timeout": option("listen", "waitTimeout", SECONDS),
  workers: option("prefork", "workers", COUNT, "w"),
};

const LOCAL = "127.0.0.1"; // the default of both servers
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
  systemd: "activation",
  "socket-activation": "activation",
  proxy: "proxy-protocol",
  "accept-proxy": "proxy-protocol",
  "trust-proxy": "proxy-trust",
  "forwarded-allow-ips": "proxy-trust",
  health: "admin",
  "health-port": "admin",
  metrics: "admin",
};

const isNamed = (name: string): boolean => OPTIONS[name]?.rule === NAMED;
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
  if (second !== undefined && values.get("activation") === true)
    throw new UsageError(
      `one FILE only, but there is also ${show(second)}; the name of a socket follows --activation=`,
    );
  if (second !== undefined)
    throw new UsageError(`one FILE only, but there is also ${show(second)}; arguments of the program follow --`);
  const settings = {
    file,
    args: rest,
    prefork: {} as Values,
    loop: {} as Values,
    listen: {} as Values,
    http: {} as Values,
    admin: {} as Values & { at?: Place },
  };
  for (const [name, text] of values) {
    const { to, as, rule } = OPTIONS[name]!;
    settings[to][as] = valueOf(`--${name}`, text, rule);
  }
  const { listen, loop, prefork } = settings;
  if (env["PORT"] && ["port", "path", "activation"].every((name) => listen[name] === undefined))
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
      return [name, { type: isSwitch(name) || isNamed(name) ? "boolean" : "string", ...(short && { short }) } as const];
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
    if (!isSwitch(name) && !isNamed(name) && value === undefined) throw new UsageError(`${rawName} needs a value`);
    values.set(name, value ?? true);
  }
  return { values, files, rest };
}

function unknown(name: string, rawName: string): string {
  const dashed = name.replaceAll(/[A-Z_]/g, (letter) => (letter === "_" ? "-" : `-${letter.toLowerCase()}`));
  const meant = (Object.hasOwn(ELSEWHERE, dashed) ? ELSEWHERE[dashed] : undefined) ?? guess(dashed, NAMES);
  return `unknown option ${rawName}${meant === undefined ? "" : `; did you mean --${meant}?`}`; // the usage follows
}

/** Options of a manager, which there is none of without workers. */
const OF_MANAGER =
  `accepts heartbeat-interval heartbeat-timeout max-memory pid-file reuse-port spare upgrade-timeout`.split(" ");

function checkTogether(values: ReadonlyMap<string, string | true>, { listen, loop, prefork, admin }: Settings): void {
  const apart = (one: string, ...others: string[]): void => {
    const other = others.find((name) => values.has(name));
    if (values.has(one) && other !== undefined) throw new UsageError(`--${one} and --${other} cannot be combined`);
  };
  apart("path", "port", "address", "reuse-port");
  apart("activation", "path", "port", "address", "reuse-port");
  if (values.has("proxy-trust") && !values.has("proxy-protocol"))
    throw new UsageError("--proxy-trust needs --proxy-protocol");
  if (values.has("target-wait") && loop["queue"] !== "adaptive")
    throw new UsageError("--target-wait needs --queue adaptive");
  const { path, port, address = LOCAL } = admin.at ?? {};
  if (values.has("reuse-port") && (path !== undefined || port === 0))
    throw new UsageError("with --reuse-port, --admin needs a port other than 0");
  const isSame = port === listen["port"] && address === (listen["address"] ?? LOCAL);
  if (port !== undefined && port !== 0 && isSame) throw new UsageError("--admin and --port must be different ports");
  if (values.has("cert") !== values.has("key")) {
    const [given, missing] = values.has("cert") ? ["cert", "key"] : ["key", "cert"];
    throw new UsageError(`--${given} needs --${missing}`);
  }
  if (values.has("reuse-port") && listen["port"] === 0) throw new UsageError("--reuse-port needs a port other than 0");
  const ofManager = OF_MANAGER.find((name) => values.has(name));
  if (prefork["workers"] === 0 && ofManager !== undefined)
    throw new UsageError(`--${ofManager} needs workers, and there are none; give --workers 1 or more`);
}
