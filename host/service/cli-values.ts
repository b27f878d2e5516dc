// The values of the command's options: what is allowed, and how text becomes a value.

import { isIP } from "node:net";
import { type Rule, PORT, POSITIVE, SECONDS, TEXT } from "../base/checks.ts";
import { show } from "../base/show.ts";

/** A wrong use of the command. The message says what is right. */
export class UsageError extends Error {}

/** Where a server listens. */
export interface Place {
  readonly path?: string;
  readonly address?: string;
  readonly port?: number;
}

export const BYTES: Rule = { ...POSITIVE, allowed: "a number of bytes, such as 512M or 2G" };
export const ON: Rule = { allowed: "", type: (value) => value === true };
export const RATE: Rule = { ...SECONDS, allowed: "a number of clients a second, 0 or more" };

export const NETWORKS: Rule = {
  allowed: "addresses and networks with commas between them, such as 10.0.0.0/8,192.0.2.1",
  type: (value) => Array.isArray(value),
  range: (value: string[]) => value.every(isNetwork),
};
/** Where a second server listens: see {@link Place}. */
export const PLACE: Rule = {
  allowed: "a port, ADDRESS:PORT, or the path of a UNIX domain socket with a / in it",
  type: (value) => typeof value === "object",
};
/** A switch that may have a value: `--activation`, `--activation=NAME`. */
export const NAMED: Rule = {
  allowed: "the name of a socket",
  type: (value) => value === true || TEXT.type(value),
  range: (value) => value !== "",
};

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** The value of an option, converted. `what` names the option. Throws UsageError. */
export function valueOf(what: string, text: string | true, rule: Rule): unknown {
  const value = text === true ? true : converted(text, rule);
  if (rule.type(value) && (rule === BYTES ? Number(value) >= 1 : (rule.range?.(value as never) ?? true))) return value;
  throw new UsageError(`${what} must be ${rule.allowed}, not ${show(text)}`);
}

function converted(text: string, rule: Rule): unknown {
  if (rule === NETWORKS) return text.split(",");
  if (rule === PLACE) return placeOf(text);
  if (!rule.type(0)) return text;
  if (rule === BYTES) {
    const [, number, unit = ""] = /^(\d+(?:\.\d+)?)([kmg])?(?:i?b)?$/i.exec(text) ?? [];
    return Math.floor(Number(number) * UNITS[unit.toLowerCase()]!);
  }
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
}

function isNetwork(text: string): boolean {
  const [address = "", bits, more] = text.split("/");
  const family = isIP(address);
  if (family === 0 || address.includes("%") || more !== undefined) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128));
}

function placeOf(text: string): Place | number {
  if (text.includes("/")) return { path: text };
  const [, , bracketed, name, digits] = /^((?:\[([^\]]+)\]|([^:]+)):)?(\d+)$/.exec(text) ?? [];
  const [address, port] = [bracketed ?? name, Number(digits)];
  if (!PORT.range!(port as never)) return Number.NaN;
  return address === undefined ? { port } : { address, port };
}
