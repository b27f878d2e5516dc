// Compares the list of foreign calls with the source: a new call fails here until it is listed. Then another test makes it throw.

import { EventEmitter } from "node:events";
import fs from "node:fs";
import net from "node:net";
import { Duplex } from "node:stream";
import tls from "node:tls";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { harness } from "../support/harness.ts";
import { filesIn, root } from "../support/paths.ts";
import { CALLS } from "./foreign-calls.ts";

const test = harness("foreign-calls");

/** Names in host/ of our own objects. */
const OURS = new Set(
  `this super engine #engine owner #owner acceptor acceptors admission connections connection resources resource timers #timers writers
  guard #guard supervisor #supervisor core calls #turns #stall #inbox inbox #outbox #writing stream #stream #loop loop ioloop #reactor reactor
  #watchers watcher entry run #run context #held #nextTicks listener client #closing handshake handshakes lane writer file one Reactor Loop
  Client Server oldest before told shown rule #outcome outcome #ready begins DROPPED info LISTENER clock consumer
  #consumer source #source outbox #slow #borrower sink #sink pipe #ends settle #wanted wanted #framer framer #accepts
  frames #frames #rest prefix patience`.split(/\s+/),
);
/** Exceptions in some files: such a name of a foreign object, or a foreign name of one of our objects. */
const BUT = new Set(["socket/fast-path this", "socket/handle this", "time/guarded-clock clock"]);
const OURS_HERE = new Set(
  `socket/bun-socket data, socket/bun-socket socket.closed, engine/stall #alarm, time/deadline-alarm #alarm, time/virtual-clock #alarms,
  socket/handle socket.reset, loop/listen server, loop/listen #server, framing/delimited-frames rest, framing/sized-frames rest, framing/sized-frames bytes.push,
  framing/rest larger.set, framing/rest #buffer.set, timers/numbers numbers.set, timers/schedule alarm.set,
  timers/schedule entries.push, socket/read-buffers spare.push, socket/read-buffers #used.push,
  net/proxied-clients clients.end, net/proxy-header bytes.set, net/proxy-tlvs found.push`.split(/,\s+/),
);
/** Objects of the language, and names of our collections. They cannot be made to throw. */
const LANGUAGE = new Set(
  `Object Array Math Number Reflect Promise Symbol JSON Uint8Array ArrayBuffer Date #onEnd #ending #exempt #others #looks #entries #hot #classes
  #pending #alarms #subscribers list rest words facts states names pairs contexts #chunks parts #callbacks #failures #filling all #remaining
  #waiting #lanes #fresh #batch origins givers #args args text value name host path candidate lower others hosts known hot methods code escape longest broken promise
  result done running signals values #ends #since drains ofEngine watchers drained errors waiting rooms framers lines`.split(
    /\s+/,
  ),
);

const SETS: readonly object[] = [
  net.Socket.prototype,
  net.Server.prototype,
  tls.TLSSocket.prototype,
  Duplex.prototype,
  EventEmitter.prototype,
  AbortSignal.prototype,
];

/** Methods of the runtime's objects. */
function namesOfRuntime(): Set<string> {
  const names = new Set<string>();
  for (const set of SETS)
    for (
      let one: object | null = set;
      one && one !== Object.prototype;
      one = Object.getPrototypeOf(one) as object | null
    )
      for (const name of Object.getOwnPropertyNames(one)) names.add(name);
  for (const name of Object.getOwnPropertyNames(Array.prototype)) names.delete(name); // streams have some of them, too
  return names;
}

/** A source without comments, and with empty strings. */
function bare(source: string): string {
  return source
    .replaceAll(/\/\*[\s\S]*?\*\//g, "")
    .replaceAll(/(^|\s)\/\/.*$/gm, "")
    .replaceAll(/"(?:[^"\\\n]|\\.)*"/g, '""');
}

/** The names of foreign functions that a source calls. */
function foreignCalls(file: string, source: string, listed: ReadonlySet<string>, known: ReadonlySet<string>): string[] {
  const found = new Set<string>();
  const text = bare(source);
  for (const [, receiver = "", name = ""] of text.matchAll(
    /(#?\w+)(?:\(\))?[)\]!]*\??\s*\.\s*(\w+)(?:\?\.)?(?:<[^()]*>)?\(/g,
  )) {
    if (!listed.has(name) && !known.has(name)) continue;
    if (name.startsWith("_")) found.add(name);
    const isOurs = (OURS.has(receiver) && !BUT.has(`${file} ${receiver}`)) || OURS_HERE.has(`${file} ${receiver}`);
    if (!isOurs && !OURS_HERE.has(`${file} ${receiver}.${name}`) && !LANGUAGE.has(receiver)) found.add(name);
  }
  // Functions imported from the runtime.
  for (const [, names = ""] of source.matchAll(/^import \{([^}]*)\} from "(?:node:[^"]*|[./]*base\/runtime\.ts)";/gm))
    for (const part of names.split(",").map((part) => part.trim())) {
      const [name = "", alias = name] = part.split(" as ");
      if (!part.startsWith("type ") && name && name !== "setting" && new RegExp(`(?<![.\\w#])${alias}\\(`).test(text))
        found.add(name);
    }
  return [...found].toSorted();
}

test("every foreign call is listed with the files that make it", () => {
  const listed = new Map<string, string[]>();
  for (const { name, files } of CALLS)
    for (const file of files) listed.set(file, [...(listed.get(file) ?? []), name].sort());
  const names = new Set(CALLS.map(({ name }) => name));
  const known = namesOfRuntime();
  const folder = join(root, "host");
  const found = new Map<string, string[]>();
  for (const path of filesIn(folder)) {
    const file = path.replace(/\.ts$/, "");
    // Services use the package as a program does: what throws there, throws in a program.
    if (!path.endsWith(".ts") || file === "core/wasm" || file.startsWith("service/")) continue;
    const calls = foreignCalls(file, fs.readFileSync(join(folder, path), "utf8"), names, known);
    if (calls.length > 0) found.set(file, calls);
  }
  if (process.env["IOLOOP_TEST_TELL"]) console.log(JSON.stringify(Object.fromEntries(found)));
  assert.equal(Object.fromEntries(listed), Object.fromEntries(found));
});

test("a new call is detected", () => {
  const known = namesOfRuntime();
  assert.equal(foreignCalls("a", "handle.cork();\n// handle.uncork()\nthis.end();", new Set(), known), ["cork"]);
  assert.equal(foreignCalls("a", 'import { a, b as c, type d } from "node:x";\na(c(d));', new Set(), known), [
    "a",
    "b",
  ]);
  assert.equal(foreignCalls("a", "(handle as Handle)!.destroy?.(error)", new Set(), known), ["destroy"]);
});
