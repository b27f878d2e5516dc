// wabt's interpreter as a host. It cannot pass arguments to a function, so the calls become part of the module: a function that
// performs a run is appended to the text of the core. It prints bits, which are converted to numbers here.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { operationsOf } from "./corpus.ts";
import { type Type, exports } from "./exports.ts";
import { type Host, linesOf, notInstalled, run } from "./host.ts";
import { format, parse } from "./numbers.ts";

const IMPORT = '(import "host" "print" (func $print (param i64)))';
const HELPERS = `
  (global $operations (mut i64) (i64.const 1)) ;; the instance itself is the first
  (func $performed (param i64)
    (global.set $operations (i64.add (global.get $operations) (local.get 0))))
  (func $print_i32 (param i32)
    (call $print (i64.extend_i32_s (local.get 0))))
  (func $print_f64 (param f64)
    (call $print (i64.reinterpret_f64 (local.get 0))))
  (func $hash (result i64) (local $at i32) (local $hash i64)
    (local.set $hash (i64.const 0xcbf29ce484222325))
    (loop $next
      (local.set $hash (i64.xor (local.get $hash) (i64.load8_u (local.get $at))))
      (local.set $hash (i64.mul (local.get $hash) (i64.const 0x100000001b3)))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.shl (memory.size) (i32.const 16)))))
    (local.get $hash))`;

/** The result of an operation: a value of a type, the hash, or nothing. */
type Result = Type | "hash" | undefined;

export const interpreter: Host = {
  name: "wasm-interp",
  missing: () => notInstalled({ wasm2wat: "wabt", wat2wasm: "wabt", "wasm-interp": "wabt" }),
  async play({ wasm, script, folder }) {
    const [version, core] = await Promise.all([
      run("wasm-interp", "--version"),
      run("wasm2wat", "--generate-names", wasm),
    ]);
    const runs = readFileSync(script, "utf8").split(/^new$/m).slice(1);
    const traces = await Promise.all(runs.map((text, at) => playRun(core, text, join(folder, `run-${at}`))));
    const counts = traces.map((trace) => Number(trace.pop()));
    const operations = counts.reduce((sum, count) => sum + count, 0);
    return { trace: [...traces.flat(), `operations ${operations}`], version: version.trim(), engine: "wabt" };
  },
};

// The results of one run, followed by the number of operations that were performed.
async function playRun(core: string, text: string, file: string): Promise<string[]> {
  const operations = operationsOf(text).map((line) => line.split(" = ")[0]!.split(" "));
  writeFileSync(`${file}.wat`, moduleOf(core, operations));
  await run("wat2wasm", `${file}.wat`, "-o", `${file}.wasm`);
  const output = await run("wasm-interp", "--host-print", "--run-all-exports", `${file}.wasm`);
  const printed = [...output.matchAll(/host\.print\(i64:(\d+)\)/g)].map(([, bits = ""]) => BigInt(bits));
  const results = operations.map(resultOf).filter((result) => result !== undefined);
  if (printed.length <= results.length) throw new Error(`${linesOf(output).at(-1)} after ${printed.length} results`);
  return printed.map((bits, at) => read(bits, results[at]));
}

// The core with a run, which is the only export.
function moduleOf(core: string, operations: readonly (readonly string[])[]): string {
  const functions = new Map(
    [...core.matchAll(/\(export "(\w+)" \(func (\S+?)\)\)/g)].map(([, name, to]) => [name!, to!]),
  );
  const steps = operations.map((words) => step(words, functions));
  const body = core.replace("(module", `(module ${IMPORT}`).replaceAll(/^ *\(export .*$/gm, "");
  return [
    body.slice(0, body.lastIndexOf(")")),
    HELPERS,
    '(func (export "run") (local $left i32) (local $i32 i32) (local $f64 f64)',
    ...steps,
    "(call $print (global.get $operations))))",
  ].join("\n");
}

// One operation, which prints its result.
function step(words: readonly string[], functions: ReadonlyMap<string, string>): string {
  const isRepeated = words[0] === "times";
  const [count, operation] = isRepeated ? [words[1]!, words.slice(2)] : ["1", words];
  const result = resultOf(operation);
  const performed = `(call $performed (i64.const ${count}))`;
  const value = valueOf(operation, functions);
  if (result === "hash") return `(call $print ${value}) ${performed}`;
  if (!isRepeated) return `${result ? `(call $print_${result} ${value})` : value} ${performed}`;
  return `(local.set $left (i32.const ${count}))
    (loop $again
      ${result ? `(local.set $${result} ${value})` : value}
      (local.set $left (i32.sub (local.get $left) (i32.const 1)))
      (br_if $again (local.get $left)))
    ${result ? `(call $print_${result} (local.get $${result}))` : ""} ${performed}`;
}

function valueOf([name = "", ...args]: readonly string[], functions: ReadonlyMap<string, string>): string {
  const constant = (type: Type, text: string): string =>
    `(${type}.const ${text.replace("Infinity", "inf").replace("NaN", "nan")})`;
  if (name === "memory") return "(call $hash)";
  if (name === "load" || name === "store") {
    const [address = "", index = "", value] = args;
    const at = `(i32.add (call ${functions.get(address)}) (i32.const ${8 * parse(index)}))`;
    return value === undefined ? `(f64.load ${at})` : `(f64.store ${at} ${constant("f64", value)})`;
  }
  const { parameters } = exports.get(name)!;
  return `(call ${functions.get(name)} ${parameters.map(({ type }, at) => constant(type, args[at]!)).join(" ")})`;
}

function resultOf([name = "", ...rest]: readonly string[]): Result {
  if (name === "times") return resultOf(rest.slice(1));
  if (name === "memory") return "hash";
  if (name === "load") return "f64";
  return name === "store" ? undefined : exports.get(name)!.result;
}

function read(bits: bigint, result: Result): string {
  if (result === "hash") return bits.toString(16).padStart(16, "0");
  if (result === "f64") return format(new Float64Array(new BigUint64Array([bits]).buffer)[0]!);
  return String(BigInt.asIntN(32, bits));
}
