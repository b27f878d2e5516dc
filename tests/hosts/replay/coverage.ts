// The coverage of a corpus: lists what it does not reach.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BATCH, Code, Decision, Due, Phase, State, Transition } from "wasm-ioloop/core";
import { operationsOf } from "./corpus.ts";
import { exports, root } from "./exports.ts";
import { Player } from "./player.ts";
import { instances } from "./recorder.ts";

/** The export that applies each event of the transition table to a connection. */
const MOVES: Partial<Record<keyof typeof Transition, string>> = {
  CONNECTED: "handleConnected",
  ADOPT: "handleAdopt",
  CLOSE: "handleClose",
  LINGER: "handleLinger",
};

/** Everything that must be reached, in words. */
function wanted(): string[] {
  const named = (call: string, values: Record<string, number>): string[] =>
    Object.values(values).map((value) => `${call} = ${value}`);
  const states = Object.values(State);
  const moves = Object.values(MOVES).flatMap((call) =>
    states.filter((state) => state !== State.FREE).map((state) => `${call} in state ${state}`),
  );
  return [
    ...exports.keys(),
    ...documented(),
    ...named("handleDue", Due),
    ...named("pollDecision", Decision),
    ...named("phase", Phase),
    ...states.filter((state) => state !== State.FREE).map((state) => `stateOf = ${state}`),
    ...states.flatMap((state) => Object.values(Transition).map((event) => `nextState ${state} ${event}`)),
    ...moves,
    ...[...exports.keys()].filter((name) => name.endsWith("Address")).map((name) => `what stands at ${name}`),
    `pollDue = ${BATCH}`,
    "memory that has grown",
    "connections whose table has grown twice",
  ];
}

/** The results that docs/internals/abi.md names for each export. */
function documented(): string[] {
  const document = readFileSync(join(root, "docs/internals/abi.md"), "utf8");
  const items = [...document.matchAll(/^- `(\w+)\([^)]*\)` → ([^;]+);/gm)];
  if (items.length === 0) throw new Error("docs/internals/abi.md lists no export with a result");
  const codes: Record<string, number> = Code;
  return items.flatMap(([, name = "", result = ""]) => {
    if (!exports.has(name)) return [];
    const values = [...result.matchAll(/`(?:ERR_)?(\w+)`/g)].map(([, code = ""]) => `${name} = ${codes[code]}`);
    if (/\bid\b/.test(result)) values.push(`${name} gives an id`);
    if (/or 0\b/.test(result)) values.push(`${name} = 0`);
    return values;
  });
}

/** Everything that a script reaches. */
function reached(script: string): Set<string> {
  const found = new Set<string>();
  const capacities = new Set<string>();
  let instance = instances()();
  const make = instances();
  const player = new Player(() => (instance = make()));
  for (const line of operationsOf(script)) {
    const operation = line.split(" = ")[0]!;
    const [name = "", ...args] = operation.replace(/^times \d+ /, "").split(" ");
    const before = Object.values(MOVES).includes(name) ? player.perform(`stateOf ${args[0]}`) : undefined;
    const result = player.perform(operation);
    found.add(name);
    found.add(`${name} = ${result}`);
    if (Number(result) > 2 ** 50) found.add(`${name} gives an id`);
    if (before !== undefined) found.add(`${name} in state ${before}`);
    if (name === "load" || name === "store") found.add(`what stands at ${args[0]}`);
    if (name === "nextState") found.add(operation);
    if (name === "connectionCapacity") capacities.add(result!);
    if (instance.memory.buffer.byteLength > initial) found.add("memory that has grown");
  }
  if (capacities.size > 2) found.add("connections whose table has grown twice");
  return found;
}

const initial = instances()().memory.buffer.byteLength;

/** Everything that a script does not reach. */
export function missing(script: string): string[] {
  const found = reached(script);
  // It takes four million connections, which an interpreter cannot open in a minute. A test of the core has it.
  found.add(`handleAccept = ${Code.FULL}`);
  return wanted().filter((what) => !found.has(what));
}
