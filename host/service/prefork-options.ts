// The options of prefork.

import {
  BOOLEAN,
  COUNT,
  FUNCTION,
  POSITIVE,
  type Rule,
  SECONDS,
  TEXT,
  checkApart,
  checkOptions,
  oneOf,
} from "../base/checks.ts";
import { withCode } from "../base/errors.ts";
import { printLine } from "./service-log.ts";

/** Options of {@link prefork}. Times are in seconds. */
export interface PreforkOptions {
  /** How many workers serve at the same time; default 4. The signals TTIN and TTOU change it. */
  workers?: number | undefined;
  /**
   * After how many connections a worker is replaced; up to half is subtracted at random, so that not all are replaced at once. Default 10000;
   * 0 for no limit.
   */
  accepts?: number | undefined;
  /** The same as `accepts`. */
  maxAccepts?: number | undefined;
  /**
   * How many processes may run beyond `workers` while some are replaced; default 2. With 0, a worker must have ended before its successor
   * starts.
   */
  spare?: number | undefined;
  /** Seconds between two heartbeats of a worker; default 5. */
  heartbeatInterval?: number | undefined;
  /** Seconds without a heartbeat after which a worker is killed and replaced; default 50. */
  heartbeatTimeout?: number | undefined;
  /** Seconds that a worker may take to end, from when it accepts no more; then it is killed. Default 120. */
  gracefulTimeout?: number | undefined;
  /** Seconds that a new worker may take until its first heartbeat; then it is killed, and its start has failed. Default 180. */
  upgradeTimeout?: number | undefined;
  /** Seconds that a worker goes on accepting after `finish`, until a load balancer has noticed; default 0. */
  delay?: number | undefined;
  /** How many bytes a worker may have resident before it is replaced; measured at each heartbeat. Default 0, no limit. */
  maxMemory?: number | undefined;
  /**
   * How the workers share their ports. `"cluster"` (the default): the manager accepts, and gives the connections to the workers in turn.
   * `"reusePort"`: each worker listens for itself, and the system spreads the connections (SO_REUSEPORT); only TCP with a fixed port.
   */
  sharing?: "cluster" | "reusePort" | undefined;
  /** A file for the process id of the manager. It is removed at the end. */
  pidFile?: string | undefined;
  /** Whether the log is written as JSON, one object per line; default false. */
  json?: boolean | undefined;
  /** Called with each line of the log and the name of its event, instead of writing it to stderr. */
  log?: ((line: string, event: string) => unknown) | undefined;
}

/** The options with their defaults. */
export interface Settings {
  readonly workers: number;
  readonly accepts: number;
  readonly spare: number;
  readonly heartbeatInterval: number;
  readonly heartbeatTimeout: number;
  readonly gracefulTimeout: number;
  readonly upgradeTimeout: number;
  readonly delay: number;
  readonly maxMemory: number;
  readonly sharing: "cluster" | "reusePort";
  readonly pidFile: string | undefined;
  readonly json: boolean;
  readonly log: (line: string, event: string) => unknown;
}

const TIME: Rule = {
  allowed: "a finite number of seconds, more than 0",
  type: SECONDS.type,
  range: (value: number) => value > 0 && Number.isFinite(value * 1000),
};
const BYTES: Rule = {
  allowed: "a whole number of bytes, 0 or more",
  type: (value) => typeof value === "number",
  range: (value: number) => Number.isSafeInteger(value) && value >= 0,
};

const RULES: Readonly<Record<keyof PreforkOptions, Rule>> = {
  workers: POSITIVE,
  accepts: COUNT,
  maxAccepts: COUNT,
  spare: COUNT,
  heartbeatInterval: TIME,
  heartbeatTimeout: TIME,
  gracefulTimeout: TIME,
  upgradeTimeout: TIME,
  delay: SECONDS,
  maxMemory: BYTES,
  sharing: oneOf("cluster", "reusePort"),
  pidFile: TEXT,
  json: BOOLEAN,
  log: FUNCTION,
};

/** Checks the options, and returns them with their defaults, each read once. Throws if one is invalid. */
export function checkPreforkOptions(options: PreforkOptions): Settings {
  const given = checkOptions("prefork", options, RULES);
  checkApart("prefork", given, "accepts", "maxAccepts");
  const { workers = 4, maxAccepts = 10000, accepts = maxAccepts, spare = 2 } = given;
  const { heartbeatInterval = 5, heartbeatTimeout = 50, gracefulTimeout = 120, upgradeTimeout = 180 } = given;
  const { delay = 0, maxMemory = 0, sharing = "cluster", pidFile, json = false } = given;
  if (heartbeatTimeout <= heartbeatInterval) {
    const message =
      `prefork: option "heartbeatTimeout" must be more than "heartbeatInterval", which is ${heartbeatInterval}, ` +
      `not ${heartbeatTimeout}`;
    throw withCode(new RangeError(message), "ERR_IOLOOP_OUT_OF_RANGE");
  }
  const log = given.log ?? printLine;
  return {
    workers,
    accepts,
    spare,
    heartbeatInterval,
    heartbeatTimeout,
    gracefulTimeout,
    upgradeTimeout,
    delay,
    maxMemory,
    sharing,
    pidFile,
    json,
    log,
  };
}
