// The TLS options of servers and clients, and their conversion to options of `node:tls`.

import type { ConnectionOptions, SecureContext, SecureContextOptions, TlsOptions } from "node:tls";
import { IOLoopError, withCode } from "../base/errors.ts";
import { fs } from "./builtin.ts";
import { keyType, mixesCertificates, nodeTls } from "./node-tls.ts";
import { BOOLEAN, OPTIONS, type Rule, STRING, TEXT, check } from "../base/checks.ts";

/** A certificate, key or CA: the path of a PEM file, or the PEM itself. */
export type Pem = string | Buffer;

/** A {@link Pem} for each host name. The name `""`, or else the first one, is for clients that name none of them. */
export type PemByHost = Readonly<Record<string, Pem>>;

/** TLS options of a server. */
export interface ServerTlsOptions {
  /** Use TLS; requires `tlsCert` and `tlsKey`. Default: true if another option that begins with `tls` is given. */
  tls?: boolean | undefined;
  /** The certificate, or one for each host name (SNI): path or PEM. */
  tlsCert?: Pem | PemByHost | undefined;
  /** The key, or one for each host name: path or PEM. */
  tlsKey?: Pem | PemByHost | undefined;
  /** The CAs that sign client certificates. If given, clients must send a certificate, unless `tlsVerify` says otherwise. */
  tlsCa?: Pem | readonly Pem[] | undefined;
  /** The ciphers, in OpenSSL's notation; default the runtime's. */
  tlsCiphers?: string | undefined;
  /** Client certificates: `true` required, `"optional"` verified if the client sends one, `false` not requested. Default: whether `tlsCa` is given. */
  tlsVerify?: boolean | "optional" | undefined;
  /** The minimum version of TLS; default the runtime's, `"TLSv1.2"`. */
  tlsVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** Other options of `tls.createServer`: ALPNProtocols, handshakeTimeout (ms, default 10,000), … */
  tlsOptions?: TlsOptions | undefined;
}

/** TLS options of a client. */
export interface ClientTlsOptions {
  /** Use TLS. The server's certificate is verified, and must name the `address`. Default: true if another option that begins with `tls` is given. */
  tls?: boolean | undefined;
  /** The CAs that sign the server's certificate, path or PEM; default the runtime's own list. */
  tlsCa?: Pem | readonly Pem[] | undefined;
  /** The client's certificate, path or PEM; requires a key. */
  tlsCert?: Pem | undefined;
  /** The client's key, path or PEM; requires a certificate. */
  tlsKey?: Pem | undefined;
  /** Other options of `tls.connect`: servername, ALPNProtocols, minVersion, rejectUnauthorized, … */
  tlsOptions?: ConnectionOptions | undefined;
}

/** A certificate with its key. */
type Pair = Pick<SecureContextOptions, "cert" | "key">;

const isPem = (value: unknown): value is Pem => typeof value === "string" || Buffer.isBuffer(value);
const isPlain = (value: unknown): value is object => typeof value === "object" && value !== null;
const isByHost = (value: unknown): value is PemByHost => isPlain(value) && !isPem(value);
const PEM: Rule = { allowed: "a path or a PEM, as string or Buffer", type: isPem };
const PEM_BY_HOST: Rule = {
  holdsOthers: true,
  allowed: "a path or a PEM, as string or Buffer, or an object with one for each host name",
  type: (value) =>
    isPem(value) || (isPlain(value) && Object.keys(value).length > 0 && Object.values(value).every(isPem)),
};
const PEMS: Rule = {
  holdsOthers: true,
  allowed: "a path or a PEM, as string or Buffer, or an array of them",
  type: (value) => isPem(value) || (Array.isArray(value) && value.every(isPem)),
};
const VERIFY: Rule = {
  allowed: 'true, false or "optional"',
  type: (value) => typeof value === "boolean" || typeof value === "string",
  range: (value: unknown) => typeof value === "boolean" || value === "optional",
};
const VERSION: Rule = {
  allowed: '"TLSv1.2" or "TLSv1.3"',
  type: (value) => typeof value === "string",
  range: (value: string) => value === "TLSv1.2" || value === "TLSv1.3",
};

/** The rules for a server's TLS options. */
export const SERVER_TLS_RULES: Readonly<Record<string, Rule>> = {
  tls: BOOLEAN,
  tlsCert: PEM_BY_HOST,
  tlsKey: PEM_BY_HOST,
  tlsCa: PEMS,
  tlsCiphers: TEXT,
  tlsVerify: VERIFY,
  tlsVersion: VERSION,
  tlsOptions: OPTIONS,
};

/** The rules for a client's TLS options. */
export const CLIENT_TLS_RULES: Readonly<Record<string, Rule>> = {
  tls: BOOLEAN,
  tlsCert: PEM,
  tlsKey: PEM,
  tlsCa: PEMS,
  tlsOptions: OPTIONS,
};

/** Whether the options ask for TLS: by `tls`, or by any other option that begins with it. Throws if they contradict each other. */
export function usesTls(what: string, options: ServerTlsOptions | ClientTlsOptions): boolean {
  const { tls } = options;
  const others = Object.entries(options).flatMap(([name, value]) =>
    name !== "tls" && name.startsWith("tls") && value !== undefined ? [`"${name}"`] : [],
  );
  if (tls === false && others.length > 0) {
    const message = `${what}: option "tls" is false despite ${others.join(", ")}; remove "tls" to use TLS, or remove the other options`;
    throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
  }
  return tls ?? others.length > 0;
}

/** Converts to options of `tls.createServer`. Reads the files. Throws `ERR_IOLOOP_TLS` if one is missing or invalid. `what` is the called method. */
export function serverTls(options: ServerTlsOptions, what = "listen"): TlsOptions {
  const { tlsCa, tlsCiphers, tlsVersion } = options;
  const tlsOptions = given(options.tlsOptions);
  const verify = options.tlsVerify ?? tlsCa !== undefined;
  const common: TlsOptions = {
    ...(tlsCa !== undefined && { ca: pems(what, tlsCa) }),
    ...(tlsCiphers !== undefined && { ciphers: tlsCiphers }),
    ...(tlsVersion !== undefined && { minVersion: tlsVersion }),
  };
  const pairs = serverPairs(options, what);
  // The contexts of host names need the common options, too: they also verify client certificates.
  const { pfx: _, ...more } = tlsOptions;
  const contexts = new Map(
    [...pairs].map(([host, pair]) => [host.toLowerCase(), context(what, { ...common, ...more, ...pair })]),
  );
  checkKeyTypes(pairs, tlsOptions, what);
  return {
    ...common,
    ...byDefault(pairs),
    requestCert: verify !== false,
    rejectUnauthorized: verify === true,
    ...(contexts.size > 1 && {
      SNICallback: (name, done) => done(null, contextFor(contexts, name)),
    }),
    ...tlsOptions,
  };
}

// The certificate and key for each host name; empty if `tlsOptions` has everything.
function serverPairs({ tlsCert, tlsKey, tlsOptions = {} }: ServerTlsOptions, what: string): Map<string, Pair> {
  const { cert, key } = tlsOptions;
  if (tlsCert === undefined && tlsKey === undefined && isComplete(tlsOptions)) return new Map();
  if ((tlsCert ?? tlsKey) === undefined || (tlsCert ?? cert) === undefined || (tlsKey ?? key) === undefined) {
    throw new IOLoopError("ERR_IOLOOP_TLS", `${what}: option "tls" requires "tlsCert" and "tlsKey"`);
  }
  const hosts = isByHost(tlsCert) ? Object.keys(tlsCert) : [""];
  const ofHost = (host: string): Pair => ({
    cert: tlsCert === undefined ? cert : pemOf(what, "tlsCert", tlsCert, host),
    key: tlsKey === undefined ? key : pemOf(what, "tlsKey", tlsKey, host),
  });
  return new Map(hosts.map((host) => [host, ofHost(host)]));
}

function pemOf(what: string, name: string, value: Pem | PemByHost, host: string): Buffer {
  const own = !isByHost(value) ? value : Object.hasOwn(value, host) ? value[host] : undefined;
  if (own !== undefined) return pem(`${what}: option "${name}"`, own);
  // It must be `tlsKey`, as the hosts are those of `tlsCert`.
  const message = `${what}: option "tlsKey" has no entry for host "${host}", which "tlsCert" has`;
  throw new IOLoopError("ERR_IOLOOP_TLS", message);
}

// Whether `tlsOptions` alone is enough for a server.
function isComplete({ cert, key, pfx, SNICallback, pskCallback }: TlsOptions): boolean {
  return [cert && key, pfx, SNICallback, pskCallback].some(Boolean);
}

// The pair for clients that name no host, or an unknown one.
function byDefault(pairs: Map<string, Pair>): Pair | undefined {
  return pairs.get("") ?? [...pairs.values()][0];
}

// Up to Node 22, a connection keeps the default certificate in addition to that of the host name if their keys have different types,
// and often serves the wrong one.
function checkKeyTypes(pairs: Map<string, Pair>, { passphrase }: TlsOptions, what: string): void {
  if (pairs.size < 2 || !mixesCertificates()) return;
  const typeOf = ({ key }: Pair): string =>
    keyType({ key: key as Buffer, ...(passphrase !== undefined && { passphrase }) });
  const usual = typeOf(byDefault(pairs)!);
  for (const [host, pair] of pairs) {
    const type = typeOf(pair);
    if (type === usual) continue;
    const message = `${what}: option "tlsKey" has a key of type ${type} for host "${host}", and the default key is of type ${usual}`;
    const why = `Node ${process.versions.node} would serve the wrong certificate; use one type for all, or Node 24`;
    throw new IOLoopError("ERR_IOLOOP_TLS", `${message}: ${why}`);
  }
}

/** Converts to options of `tls.connect`, without the address. Throws `ERR_IOLOOP_TLS` if a file is missing or invalid. `what` is the called method. */
export function clientTls(options: ClientTlsOptions, what = "connect"): ConnectionOptions {
  const { tlsCert, tlsKey, tlsCa } = options;
  const tlsOptions = given(options.tlsOptions);
  // The runtime checks all options before it connects, except this one. If that threw later, a socket without listeners would be left.
  if (tlsOptions.servername !== undefined)
    check(`${what}: option "tlsOptions.servername"`, tlsOptions.servername, STRING);
  // With only one of certificate and key, the client would send no certificate.
  if (tlsKey !== undefined && (tlsCert ?? tlsOptions.cert) === undefined) throw halved(what, "tlsKey", "tlsCert");
  if (tlsCert !== undefined && (tlsKey ?? tlsOptions.key) === undefined) throw halved(what, "tlsCert", "tlsKey");
  const own = {
    ...(tlsCa !== undefined && { ca: pems(what, tlsCa) }),
    ...(tlsCert !== undefined && { cert: pem(`${what}: option "tlsCert"`, tlsCert) }),
    ...(tlsKey !== undefined && { key: pem(`${what}: option "tlsKey"`, tlsKey) }),
  };
  const { passphrase } = tlsOptions;
  if (Object.keys(own).length > 0) context(what, { ...own, ...(passphrase !== undefined && { passphrase }) }); // only to validate them
  return { ...own, ...tlsOptions };
}

// Removes undefined options: they count as not given, and must not override other options.
function given<T extends object>(options: T | undefined): T {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as T;
}

function halved(what: string, given: string, missing: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_TLS", `${what}: option "${given}" requires "${missing}"`);
}

// The context for a host name: its own, or that of a wildcard one label up; undefined for the default.
function contextFor(contexts: Map<string, SecureContext>, name: string): SecureContext | undefined {
  const host = name.toLowerCase();
  return contexts.get(host) ?? contexts.get(host.replace(/^[^.]+/, "*"));
}

function context(what: string, options: SecureContextOptions): SecureContext {
  try {
    return nodeTls().createSecureContext(options);
  } catch (cause) {
    throw new IOLoopError("ERR_IOLOOP_TLS", `${what}: invalid TLS options: ${(cause as Error).message}`, { cause });
  }
}

function pems(what: string, value: Pem | readonly Pem[]): Buffer[] {
  const list = isPem(value) ? [value] : value;
  return list.map((item) => pem(`${what}: option "tlsCa"`, item));
}

function pem(what: string, value: Pem): Buffer {
  if (Buffer.isBuffer(value)) return value;
  if (value.includes("-----BEGIN ")) return Buffer.from(value);
  try {
    return fs().readFileSync(value);
  } catch (cause) {
    throw new IOLoopError("ERR_IOLOOP_TLS", `${what}: ${(cause as Error).message}`, { cause });
  }
}
