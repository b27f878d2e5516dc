// Guesses the name that was probably meant by one that does not exist.

/** Names from other libraries, in lower case, and their names here. */
const ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // options
  host: ["address"],
  hostname: ["address"],
  ip: ["address"],
  interface: ["address"],
  socketpath: ["path"],
  socket: ["handle", "path"],
  connection: ["handle", "accept", "connect"],
  reuseport: ["reuse", "sharing"],
  so_reuseport: ["reuse", "sharing"],
  exclusive: ["reuse"],
  systemd: ["activation"],
  socketactivation: ["activation"],
  queuesize: ["backlog"],
  proxy: ["proxyProtocol", "proxyHeader"],
  acceptproxy: ["proxyProtocol"],
  sendproxy: ["proxyHeader"],
  trustproxy: ["proxyTrust"],
  maxqueue: ["backlog"],
  somaxconn: ["backlog"],
  queuetimeout: ["waitTimeout"],
  maxclients: ["maxConnections"],
  max_connections: ["maxConnections"],
  max_accepts: ["maxAccepts"],
  maxrequests: ["maxAccepts"],
  concurrency: ["workers"],
  instances: ["workers"],
  processes: ["workers"],
  clients: ["accepts"],
  max_memory_restart: ["maxMemory"],
  maxmemoryrestart: ["maxMemory"],
  kill_timeout: ["gracefulTimeout"],
  listen_timeout: ["upgradeTimeout"],
  pid_file: ["pidFile"],
  pidfile: ["pidFile"],
  multi_accept: ["multiAccept"],
  connecttimeout: ["timeout"],
  connect_timeout: ["timeout"],
  gracefultimeout: ["timeout", "gracefulTimeout"],
  localport: ["localAddress"],
  cert: ["tlsCert"],
  key: ["tlsKey"],
  ca: ["tlsCa"],
  ciphers: ["tlsCiphers"],
  minversion: ["tlsVersion"],
  requestcert: ["tlsVerify"],
  rejectunauthorized: ["tlsVerify", "tlsOptions"],
  servername: ["tlsOptions"],
  alpnprotocols: ["tlsOptions"],
  ssl: ["tls"],
  secure: ["tls"],
  loop: ["ioloop", "reactor"],
  now: ["clock"],
  abortsignal: ["signal"],
  // events
  data: ["read"],
  message: ["read"],
  readable: ["read"],
  secureconnection: ["accept"],
  secureconnect: ["connect"],
  ready: ["connect", "accept"],
  finish: ["drain"],
  done: ["finish"],
  end: ["close", "finish"],
  disconnect: ["close"],
  dropped: ["drop"],
  err: ["error"],
  exception: ["error"],
};

/** Options that are often given to a call that does not have them, and where they belong. */
interface Place {
  readonly where: string;
  /** The calls that are often given them. */
  readonly from: readonly string[];
  readonly names: readonly string[];
}

const OF_LOOP = "maxAccepts multiAccept queue targetWait acceptRate acceptBurst displaceIdle fairness maxPerAddress";
const OF_SERVER =
  "address port path fd activation backlog waitTimeout overflow reuse idleTimeout lifetime halfOpen noDelay keepAlive exempt proxyProtocol proxyTrust";
const OF_SERVER_TLS = "tls tlsCert tlsKey tlsCa tlsCiphers tlsVersion tlsVerify tlsOptions";
const OF_HTTP = "keepAliveTimeout headersTimeout requestTimeout timeout maxHeadersCount maxRequestsPerSocket";
const PLACES: readonly Place[] = [
  {
    where: "it is an option of `new IOLoop`",
    from: ["server", "serve", "listen", "client", "connect"],
    names: OF_LOOP.split(" "),
  },
  {
    where: "set it on the loop, in the callback: loop.",
    from: ["prefork"],
    names: `maxConnections ${OF_LOOP.replace("maxAccepts ", "")}`.split(" "),
  },
  {
    where: "it is an option of `server`, which the callback calls",
    from: ["prefork"],
    names: `${OF_SERVER} ${OF_SERVER_TLS}`.split(" "),
  },
  { where: "it is an option of `new IOLoop`, and of `server`", from: ["client", "connect"], names: ["maxConnections"] },
  { where: "it is an option of `server`", from: ["new IOLoop"], names: `${OF_SERVER} ${OF_SERVER_TLS}`.split(" ") },
  { where: "set it on the server: server.", from: ["serve"], names: OF_HTTP.split(" ") },
];

/** Where an option belongs that is not one of `what`; undefined if nothing takes it, as far as we know. */
function placeOf(what: string, name: string): string | undefined {
  const place = PLACES.find(({ from, names }) => from.includes(what) && names.includes(name))?.where;
  return place?.endsWith(".") ? place + name : place;
}

/** The name among `known` that was probably meant by `name`; undefined if none is similar. */
export function guess(name: string, known: readonly string[]): string | undefined {
  const lower = name.toLowerCase();
  const elsewhere = Object.hasOwn(ELSEWHERE, lower) ? ELSEWHERE[lower]!.find((it) => known.includes(it)) : undefined;
  if (elsewhere !== undefined) return elsewhere;
  let best: string | undefined;
  let least = Math.min(2, Math.floor(name.length / 2)) + 1;
  for (const candidate of known) {
    const distance = edits(lower, candidate.toLowerCase());
    if (distance >= least) continue;
    best = candidate;
    least = distance;
  }
  return best;
}

/** The end of a message about an unknown option of `what`. */
export function knownOptions(what: string, name: string, names: readonly string[]): string {
  const place = placeOf(what, name);
  return place === undefined ? known(name, names) : `${place}; known are ${names.join(", ")}`;
}

/** The end of a message about an unknown name: the name that was probably meant, and all names that exist. */
export function known(name: string, names: readonly string[]): string {
  const meant = guess(name, names);
  const question = meant === undefined ? "" : `did you mean "${meant}"? `;
  return `${question}known are ${names.join(", ")}`;
}

/** The number of characters that must be inserted, removed, changed, or swapped with their neighbour; Infinity if it is surely above two. */
function edits(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return Infinity;
  let [before, row]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + change);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        next[j] = Math.min(next[j]!, before[j - 2]! + 1);
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
