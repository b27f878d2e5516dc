// What a TLS side takes, and how it becomes options of `node:tls`.

import { readFileSync } from "node:fs";
import type { ConnectionOptions, SecureContext, SecureContextOptions, TlsOptions } from "node:tls";
import { IOLoopError, withCode } from "../base/errors.ts";
import { keyType, mixesCertificates, nodeTls } from "./node-tls.ts";
import { BOOLEAN, OPTIONS, type Rule, STRING, TEXT, check } from "../base/checks.ts";

/** A certificate, key or CA: its path, or the PEM itself. */
export type Pem = string | Buffer;

/** For each host name a {@link Pem}; the name `""`, or else the first one, is for clients that name none of them. */
export type PemByHost = Readonly<Record<string, Pem>>;

/** Options of a server's TLS. */
export interface ServerTlsOptions {
  /** Speak TLS; requires `tlsCert` and `tlsKey`. Default: whether another option that begins with `tls` is given. */
  tls?: boolean | undefined;
  /** The certificate, or one for each host name (SNI): path or PEM. */
  tlsCert?: Pem | PemByHost | undefined;
  /** The key, or one for each host name: path or PEM. */
  tlsKey?: Pem | PemByHost | undefined;
  /** Who signs the certificates of clients; with it they are required, unless `tlsVerify` says otherwise. */
  tlsCa?: Pem | readonly Pem[] | undefined;
  /** The ciphers, in OpenSSL's notation. */
  tlsCiphers?: string | undefined;
  /** Certificates of clients: `true` required, `"optional"` verified where there is one, `false` not asked for. */
  tlsVerify?: boolean | "optional" | undefined;
  /** The lowest version spoken; default the runtime's, `"TLSv1.2"`. */
  tlsVersion?: "TLSv1.2" | "TLSv1.3" | undefined;
  /** Anything else `tls.createServer` takes: ALPNProtocols, handshakeTimeout (ms, default 10,000), … */
  tlsOptions?: TlsOptions | undefined;
}

/** Options of a client's TLS. */
export interface ClientTlsOptions {
  /** Speak TLS; the certificate of the server is verified, and that it names the `address`. Default as a server's. */
  tls?: boolean | undefined;
  /** Who signs the certificate of the server; default the runtime's own list. Path or PEM. */
  tlsCa?: Pem | readonly Pem[] | undefined;
  /** The client's certificate: path or PEM. */
  tlsCert?: Pem | undefined;
  /** The client's key: path or PEM. */
  tlsKey?: Pem | undefined;
  /** Anything else `tls.connect` takes: servername, ALPNProtocols, minVersion, rejectUnauthorized, … */
  tlsOptions?: ConnectionOptions | undefined;
}

/** What proves who one is. */
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

const SERVER_NAME = 'connect: option "tlsOptions.servername"';

/** What each option of a server's TLS must be. */
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

/** What each option of a client's TLS must be. */
export const CLIENT_TLS_RULES: Readonly<Record<string, Rule>> = {
  tls: BOOLEAN,
  tlsCert: PEM,
  tlsKey: PEM,
  tlsCa: PEMS,
  tlsOptions: OPTIONS,
};

/** Whether the options ask for TLS: `tls` does, and so does any other that begins with it. */
export function usesTls(what: string, options: ServerTlsOptions | ClientTlsOptions): boolean {
  const { tls } = options;
  const others = Object.entries(options).flatMap(([name, value]) =>
    name !== "tls" && name.startsWith("tls") && value !== undefined ? [`"${name}"`] : [],
  );
  if (tls === false && others.length > 0) {
    const message = `${what}: option "tls" is false beside ${others.join(", ")}; leave out "tls" for TLS, or the others for none`;
    throw withCode(new TypeError(message), "ERR_IOLOOP_INVALID_ARG_TYPE");
  }
  return tls ?? others.length > 0;
}

/** The options of `tls.createServer`; reads the files, and throws where they are not what they should be. */
export function serverTls(options: ServerTlsOptions): TlsOptions {
  const { tlsCa, tlsCiphers, tlsVersion } = options;
  const tlsOptions = given(options.tlsOptions);
  const verify = options.tlsVerify ?? tlsCa !== undefined;
  const common: TlsOptions = {
    ...(tlsCa !== undefined && { ca: pems("listen", tlsCa) }),
    ...(tlsCiphers !== undefined && { ciphers: tlsCiphers }),
    ...(tlsVersion !== undefined && { minVersion: tlsVersion }),
  };
  const pairs = serverPairs(options);
  // A client that names a host is verified by the context of that name, too.
  const { pfx: _, ...more } = tlsOptions;
  const contexts = new Map(
    [...pairs].map(([host, pair]) => [host.toLowerCase(), context({ ...common, ...more, ...pair })]),
  );
  checkKeyTypes(pairs, tlsOptions);
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

// Certificate and key for each host name; none where `tlsOptions` has all there is.
function serverPairs({ tlsCert, tlsKey, tlsOptions = {} }: ServerTlsOptions): Map<string, Pair> {
  const { cert, key } = tlsOptions;
  if (tlsCert === undefined && tlsKey === undefined && isComplete(tlsOptions)) return new Map();
  if ((tlsCert ?? tlsKey) === undefined || (tlsCert ?? cert) === undefined || (tlsKey ?? key) === undefined) {
    throw new IOLoopError("ERR_IOLOOP_TLS", 'listen: option "tls" requires "tlsCert" and "tlsKey"');
  }
  const hosts = isByHost(tlsCert) ? Object.keys(tlsCert) : [""];
  const ofHost = (host: string): Pair => ({
    cert: tlsCert === undefined ? cert : pemOf("tlsCert", tlsCert, host),
    key: tlsKey === undefined ? key : pemOf("tlsKey", tlsKey, host),
  });
  return new Map(hosts.map((host) => [host, ofHost(host)]));
}

function pemOf(name: string, value: Pem | PemByHost, host: string): Buffer {
  const own = !isByHost(value) ? value : Object.hasOwn(value, host) ? value[host] : undefined;
  if (own !== undefined) return pem(`listen: option "${name}"`, own);
  // The hosts are those of `tlsCert`.
  const message = `listen: option "tlsKey" has no entry for host "${host}", which "tlsCert" has`;
  throw new IOLoopError("ERR_IOLOOP_TLS", message);
}

// Whether there is something to serve with.
function isComplete({ cert, key, pfx, SNICallback, pskCallback }: TlsOptions): boolean {
  return [cert && key, pfx, SNICallback, pskCallback].some(Boolean);
}

// The pair for clients that name no host, or none that is known.
function byDefault(pairs: Map<string, Pair>): Pair | undefined {
  return pairs.get("") ?? [...pairs.values()][0];
}

// Up to Node 22, a connection keeps the default certificate beside that of the name where their keys are of different types, and then
// often the wrong one is served.
function checkKeyTypes(pairs: Map<string, Pair>, { passphrase }: TlsOptions): void {
  if (pairs.size < 2 || !mixesCertificates()) return;
  const typeOf = ({ key }: Pair): string =>
    keyType({ key: key as Buffer, ...(passphrase !== undefined && { passphrase }) });
  const usual = typeOf(byDefault(pairs)!);
  for (const [host, pair] of pairs) {
    const type = typeOf(pair);
    if (type === usual) continue;
    const message = `listen: option "tlsKey" has a key of type ${type} for host "${host}", and the default one is of type ${usual}`;
    const why = `Node ${process.versions.node} would serve the wrong certificate; use one type for all, or Node 24`;
    throw new IOLoopError("ERR_IOLOOP_TLS", `${message}: ${why}`);
  }
}

/** The options of `tls.connect`, without where to. */
export function clientTls(options: ClientTlsOptions): ConnectionOptions {
  const { tlsCert, tlsKey, tlsCa } = options;
  const tlsOptions = given(options.tlsOptions);
  // What else the runtime does not take it refuses before it connects, all but this: then there is a socket that nobody hears.
  if (tlsOptions.servername !== undefined) check(SERVER_NAME, tlsOptions.servername, STRING);
  // Of a certificate without its key, or a key without one, nothing would be shown to the server.
  if (tlsKey !== undefined && (tlsCert ?? tlsOptions.cert) === undefined) throw halved("tlsKey", "tlsCert");
  if (tlsCert !== undefined && (tlsKey ?? tlsOptions.key) === undefined) throw halved("tlsCert", "tlsKey");
  const own = {
    ...(tlsCa !== undefined && { ca: pems("connect", tlsCa) }),
    ...(tlsCert !== undefined && { cert: pem('connect: option "tlsCert"', tlsCert) }),
    ...(tlsKey !== undefined && { key: pem('connect: option "tlsKey"', tlsKey) }),
  };
  const { passphrase } = tlsOptions;
  if (Object.keys(own).length > 0) context({ ...own, ...(passphrase !== undefined && { passphrase }) }); // only to see that it is one
  return { ...own, ...tlsOptions };
}

// One that is undefined counts as not given: it must not take the place of what another option says.
function given<T extends object>(options: T | undefined): T {
  return Object.fromEntries(Object.entries(options ?? {}).filter(([, value]) => value !== undefined)) as T;
}

function halved(given: string, missing: string): IOLoopError {
  return new IOLoopError("ERR_IOLOOP_TLS", `connect: option "${given}" requires "${missing}"`);
}

// The context for a host name: its own, that of a wildcard one label up, or none: the default.
function contextFor(contexts: Map<string, SecureContext>, name: string): SecureContext | undefined {
  const host = name.toLowerCase();
  return contexts.get(host) ?? contexts.get(host.replace(/^[^.]+/, "*"));
}

function context(options: SecureContextOptions): SecureContext {
  try {
    return nodeTls().createSecureContext(options);
  } catch (cause) {
    throw new IOLoopError("ERR_IOLOOP_TLS", `TLS: ${(cause as Error).message}`, { cause });
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
    return readFileSync(value);
  } catch (cause) {
    throw new IOLoopError("ERR_IOLOOP_TLS", `${what}: ${(cause as Error).message}`, { cause });
  }
}
