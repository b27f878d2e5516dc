// What a TLS side takes, and how it becomes options of `node:tls`.

import { readFileSync } from "node:fs";
import type { ConnectionOptions, SecureContext, SecureContextOptions, TlsOptions } from "node:tls";
import { IOLoopError } from "../base/errors.ts";
import { nodeTls } from "./node-tls.ts";
import { BOOLEAN, OBJECT, type Rule, STRING, TEXT, check } from "../base/checks.ts";

/** A certificate, key or CA: its path, or the PEM itself. */
export type Pem = string | Buffer;

/** For each host name a {@link Pem}; the name `""`, or else the first one, is for clients that name none of them. */
export type PemByHost = Readonly<Record<string, Pem>>;

/** Options of a server's TLS. */
export interface ServerTlsOptions {
  /** Speak TLS; needs `tlsCert` and `tlsKey`. Default false. */
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
  /** Speak TLS; the certificate of the server is verified, and that it names the `address`. Default false. */
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

const isPem = (value: unknown): value is Pem => typeof value === "string" || Buffer.isBuffer(value);
const isPlain = (value: unknown): value is object => typeof value === "object" && value !== null;
const PEM: Rule = { allowed: "a path or a PEM, as string or Buffer", type: isPem };
const PEM_BY_HOST: Rule = {
  allowed: "a path or a PEM, as string or Buffer, or an object with one for each host name",
  type: (value) =>
    isPem(value) || (isPlain(value) && Object.keys(value).length > 0 && Object.values(value).every(isPem)),
};
const PEMS: Rule = {
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
  tlsOptions: OBJECT,
};

/** What each option of a client's TLS must be. */
export const CLIENT_TLS_RULES: Readonly<Record<string, Rule>> = {
  tls: BOOLEAN,
  tlsCert: PEM,
  tlsKey: PEM,
  tlsCa: PEMS,
  tlsOptions: OBJECT,
};

/** The options of `tls.createServer`; reads the files, and throws where they are not what they should be. */
export function serverTls(options: ServerTlsOptions): TlsOptions {
  const { tlsCert, tlsKey, tlsCa, tlsCiphers, tlsVersion, tlsOptions } = options;
  if (tlsCert === undefined || tlsKey === undefined) {
    const message = 'listen: option "tls" needs the options "tlsCert" and "tlsKey": no key is built in';
    throw new IOLoopError("ERR_IOLOOP_TLS", message);
  }
  const certs = isPem(tlsCert) ? { "": tlsCert } : tlsCert;
  const verify = options.tlsVerify ?? tlsCa !== undefined;
  const common: TlsOptions = {
    ...(tlsCa !== undefined && { ca: pems("listen", tlsCa) }),
    ...(tlsCiphers !== undefined && { ciphers: tlsCiphers }),
    ...(tlsVersion !== undefined && { minVersion: tlsVersion }),
  };
  const pairs = new Map<string, { cert: Buffer; key: Buffer }>();
  for (const [host, cert] of Object.entries(certs)) {
    const key = isPem(tlsKey) ? tlsKey : tlsKey[host];
    if (key === undefined) throw new IOLoopError("ERR_IOLOOP_TLS", `listen: option "tlsKey" has none for "${host}"`);
    pairs.set(host, { cert: pem('listen: option "tlsCert"', cert), key: pem('listen: option "tlsKey"', key) });
  }
  const first = pairs.get("") ?? [...pairs.values()][0]!;
  const contexts = new Map([...pairs].map(([host, pair]) => [host.toLowerCase(), context({ ...common, ...pair })]));
  return {
    ...common,
    ...first,
    requestCert: verify !== false,
    rejectUnauthorized: verify === true,
    ...(contexts.size > 1 && {
      SNICallback: (name, done) => done(null, contextFor(contexts, name)),
    }),
    ...tlsOptions,
  };
}

/** The options of `tls.connect`, but for where to. */
export function clientTls(options: ClientTlsOptions): ConnectionOptions {
  const { tlsCert, tlsKey, tlsCa, tlsOptions } = options;
  // What else the runtime does not take it refuses before it connects, but for this: then there is a socket that nobody hears.
  if (tlsOptions?.servername !== undefined) check(SERVER_NAME, tlsOptions.servername, STRING);
  const own = {
    ...(tlsCa !== undefined && { ca: pems("connect", tlsCa) }),
    ...(tlsCert !== undefined && { cert: pem('connect: option "tlsCert"', tlsCert) }),
    ...(tlsKey !== undefined && { key: pem('connect: option "tlsKey"', tlsKey) }),
  };
  if (Object.keys(own).length > 0) context(own); // only to see that it is one
  return { ...own, ...tlsOptions };
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
