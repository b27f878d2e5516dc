// The benches: their arithmetic, reports and command line. No test checks what they measure.

import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { faultsOfMarkup, report } from "./bench-report.ts";
import { harness } from "../support/harness.ts";
import { root } from "../support/paths.ts";

const node = process.env["TEST_NODE"] ?? process.execPath;

// The benches are plain modules beside the tests, without types.
const names = [
  "measure",
  "result",
  "goals",
  "wrk",
  "options",
  "turns",
  "docs",
  "report/html",
  "report/charts",
  "peers/serving",
];
const modules = names.map((name): Promise<any> => import(new URL(`../../../bench/${name}.mjs`, import.meta.url).href));
const all = Object.assign({}, ...(await Promise.all(modules)));
const { BENCHES, compareRows, faultsOf, figure, figuresIn, goalsOf, html, matricesOf, median, niceTicks } = all;
const { parse, percentile, ratio, replaceBlock, requestCounter, summary, takeTurns, verdict, writeDocs } = all;

const test = harness("bench"); // after the imports: the suite runs the tests that exist by then

/** A finished report, as a run writes it. */
function finished(): ReturnType<typeof report> {
  const made = report();
  for (const { tables } of made.benches) for (const table of tables) compareRows(table);
  return made;
}

async function temporary(use: (folder: string) => void | Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-"));
  try {
    await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("medians, percentiles and summaries", () => {
  assert.is(median([3, 1, 2]), 2);
  assert.is(median([4, 1, 2, 3]), 2.5);
  assert.is(percentile([1, 2, 3, 4], 50), 2);
  assert.is(percentile([1, 2, 3, 4], 99), 4);
  assert.is(percentile([7], 50), 7);
  assert.equal(summary([2, 4, 3]), { median: 3, low: 2, high: 4, spread: 2 / 3, rounds: [2, 4, 3] });
  assert.is(summary([0, 0]).spread, 0);
});

test("ratios are computed per round, and above 1 ours is better", () => {
  const [ours, theirs] = [summary([1, 10, 2]), summary([2, 30, 2])];
  assert.equal(ratio(ours, theirs, { better: "lower" }), { median: 2, low: 1, high: 3 });
  assert.equal(ratio(ours, theirs, { better: "higher" }), { median: 0.5, low: 1 / 3, high: 1 });
  assert.is(ratio(summary([0]), summary([0]), { better: "lower" }).median, 1);
  assert.is(ratio(summary([0]), summary([5]), { better: "lower" }).median, 1000);
  assert.is(ratio(summary([0.01]), summary([0.5]), { better: "lower", floor: 1 }).median, 1);
});

test("our rows are compared on the same runtime, and with rows without a runtime, against the goals", () => {
  const [{ tables }] = finished().benches as any;
  const [ours, , theirs] = tables[0].rows;
  assert.equal(
    ours.ratios.map(({ column, against, median, goal }: any) => [column, against, median, goal]),
    [
      ["cpu", "node:net on Node 20", 1.5, 1.2],
      ["cpu", "C, libuv", 0.5, 0.7],
    ],
  );
  assert.is(theirs.ratios, undefined);
});

test("candidates alternate, in reverse in every other round; one that fails twice is left out, and named", async () => {
  const order: string[] = [];
  const measure = ({ name }: { name: string }): Promise<object> => {
    order.push(name);
    const fails = name === "bad" || (name === "shaky" && order.length === 2);
    return fails ? Promise.reject(new Error("no")) : Promise.resolve({ cpu: order.length });
  };
  const candidates = ["good", "shaky", "bad"].map((name) => ({ name, peer: name }));
  const { rows, skipped } = await takeTurns({ candidates, rounds: 2, progress: () => {}, measure });
  assert.is(order.join(" "), "good shaky shaky bad bad shaky good");
  assert.equal(
    rows.map(({ name, cells }: any) => [name, cells.cpu.rounds]),
    [
      ["good", [1, 7]],
      ["shaky", [3, 6]],
    ],
  );
  assert.equal(
    skipped.map(({ name, reason }: any) => `${name}: ${reason}`),
    ["shaky: a round was repeated: no", "bad: a round was repeated: no", "bad: left out: no"],
  );
});

test("a goal is met, close, or missed", () => {
  assert.is(verdict({ median: 1.2, high: 1.2, goal: 1.2 }), "met");
  assert.is(verdict({ median: 1.1, high: 1.3, goal: 1.2 }), "close");
  assert.is(verdict({ median: 1.1, high: 1.15, goal: 1.2 }), "missed");
  assert.equal(
    goalsOf(finished()).map(({ value, goal, verdict }: any) => [value, goal, verdict]),
    [
      ["1.5 ×", "at least 1.2 ×", "met"],
      ["0.5 ×", "at least 0.7 ×", "missed"],
      ["6,757 B", "at most 12,288 B", "met"],
      ["70,000 B", "at most 30,720 B", "missed"],
    ],
  );
});

test("ratios as a matrix: ours down, the others across", () => {
  const [{ tables }] = finished().benches as any;
  const [{ column, peers, rows }] = matricesOf(tables[0]);
  assert.is(column.key, "cpu");
  assert.equal(peers, ["node:net", "C, libuv"]);
  const medians = rows.map(({ cells }: any) => cells.map((cell: any) => cell?.median));
  assert.equal(medians, [
    [1.5, 0.5],
    [undefined, 1],
  ]);
  assert.equal(
    rows.map(({ name }: any) => name),
    ["wasm-ioloop on Node 20", "wasm-ioloop on Bun"],
  );
});

test("figures keep three significant digits", () => {
  assert.equal([0, 0.123, 9.876, 12.34, 456.7, 12_345.6, NaN].map(figure), [
    "0",
    "0.12",
    "9.88",
    "12.3",
    "457",
    "12,346",
    "–",
  ]);
});

test("ticks begin at 0 and cover all values", () => {
  for (const longest of [0.003, 0.9, 1, 7.3, 99, 100, 1234]) {
    const ticks: number[] = niceTicks(longest);
    assert.is(ticks[0], 0);
    assert.ok(ticks.at(-1)! >= longest && ticks.at(-1)! < longest * 2, `${longest}: ${ticks.join()}`);
    assert.ok(ticks.length >= 3 && ticks.length <= 7, `${longest}: ${ticks.join()}`);
  }
});

test("the output of wrk is parsed, and failed requests do not count", () => {
  const line = (text: string): string => `Running 3s test\n  1 threads\n${text}\n`;
  const figures = "requests=300 microseconds=1500000 bytes=31500 p50=226.0 p99=593.0 p999=3439.0";
  const none = "connect=0 read=0 write=0 timeout=0 status=0";
  assert.equal(figuresIn(line(`FIGURES ${figures} ${none}`)), {
    requests: 300,
    seconds: 1.5,
    bytes: 31_500,
    p50: 226,
    p99: 593,
    p999: 3439,
  });
  assert.throws(() => figuresIn(line(`FIGURES ${figures} ${none.replace("read=0", "read=7")}`)), /7 \(read\)/);
  assert.throws(
    () => figuresIn(line(`FIGURES ${figures.replace("requests=300", "requests=0")} ${none}`)),
    /no request/,
  );
  assert.throws(() => figuresIn(line("unable to connect")), /unable to connect/);
});

test("servers in JavaScript count a request once, wherever it is split", () => {
  const requests = Buffer.from("GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n\r\r\n\r\n");
  for (let at = 0; at <= requests.length; at++) {
    const count = requestCounter();
    assert.is(count(requests.subarray(0, at)) + count(requests.subarray(at)), 2, `cut at ${at}`);
  }
});

test("a report is validated, and its faults are found", () => {
  assert.equal(faultsOf(finished()), []);
  const broken = finished() as any;
  broken.format = 0;
  broken.date = "yesterday";
  broken.benches[0].tables[0].main = "nothing";
  broken.benches[0].tables[0].rows[0].cells.cpu.rounds = [];
  broken.benches[0].tables[0].rows[0].ratios[0].against = "nobody";
  broken.benches[1].tables[0].id = broken.benches[0].tables[0].id;
  assert.is(faultsOf(broken).length, 6, faultsOf(broken).join("; "));
});

test("the page is well-formed, complete, and needs nothing else", () => {
  const page: string = html(finished());
  assert.equal(faultsOfMarkup(page), []);
  assert.not.match(page, /<script|<link|<img|https?:|url\(|@import/i);
  for (const text of [
    "Tom &amp; Jerry &lt;9000&gt;",
    "2 of 4 met",
    "uvloop is not installed",
    "1.44.2",
    "2026-11-22",
  ]) {
    assert.ok(page.includes(text), text);
  }
  assert.match(page, /prefers-color-scheme: dark/);
  assert.not.match(page, /NaN|undefined|Infinity/);
  assert.equal(faultsOfMarkup("<p><b>x</p></b>").length, 2);
  assert.equal(faultsOfMarkup('<p title="a"b">x</p>').length > 0, true);
});

test("tables and charts are written between the markers of the docs, and nothing else is changed", async () => {
  await temporary((folder) => {
    for (const page of ["benchmarks.md", "performance.md"]) cpSync(join(root, "docs", page), join(folder, page));
    const before = readFileSync(join(folder, "benchmarks.md"), "utf8");
    const files: string[] = writeDocs(finished(), folder);
    const after = readFileSync(join(folder, "benchmarks.md"), "utf8");
    assert.equal(readdirSync(join(folder, "images")).toSorted(), ["net-one-latency.svg", "net-one.svg", "size.svg"]);
    for (const file of files) assert.ok(existsSync(file), file);
    for (const file of files.filter((file) => file.endsWith(".svg")))
      assert.equal(faultsOfMarkup(readFileSync(file, "utf8")), [], file);
    assert.match(after, "wasm-ioloop on Node 20");
    const rest = (text: string): string => text.replaceAll(/<!-- bench:(net|size) -->[^]*?<!-- \/bench:\1 -->/g, "");
    assert.is(rest(after), rest(before));
    writeDocs(finished(), folder);
    assert.is(readFileSync(join(folder, "benchmarks.md"), "utf8"), after);
    const quick = finished();
    quick.options.quick = true;
    assert.throws(() => writeDocs(quick, folder), /quick/);
  });
});

test("the docs have a place for every bench", () => {
  const text = readFileSync(join(root, "docs/benchmarks.md"), "utf8");
  for (const name of BENCHES) assert.ok(replaceBlock(text, name, "x").includes(`<!-- bench:${name} -->\n\nx\n\n<!--`));
  assert.throws(() => replaceBlock(text, "nothing", "x"), /bench:nothing/);
});

test("the command line is parsed, and mistakes in it are errors", () => {
  assert.equal(parse([]).benches, BENCHES);
  assert.equal(parse(["net", "timers", "--runtime", "node,bun", "--runtime", "deno"]).benches, ["timers", "net"]);
  assert.equal(parse(["--runtime", "node,bun", "--runtime", "deno"]).runtimes, ["node", "bun", "deno"]);
  assert.is(parse(["--quick"]).rounds, 1);
  assert.is(parse(["--quick", "--rounds", "3"]).rounds, 3);
  for (const wrong of [
    ["nothing"],
    ["--rounds", "0"],
    ["--seconds", "1.5"],
    ["--pending", "511"],
    ["--nothing"],
    ["--write-docs", "--quick"],
  ]) {
    assert.throws(() => parse(wrong), undefined, wrong.join(" "));
  }
});

test("a quick run of two benches writes a complete report", async () => {
  await temporary(async (folder) => {
    const args = [
      "bench/run.mjs",
      "timers",
      "lateness",
      "--quick",
      "--pending",
      "512",
      "--peers",
      "setTimeout,undici,heap,twin",
      "--runtime",
      "node",
      "--out",
      folder,
    ];
    const output = await new Promise<string>((resolve, reject) => {
      execFile(node, args, { cwd: root }, (error, output, errors) => {
        if (error) reject(new Error(`${error.message}\n${errors}`));
        else resolve(output);
      });
    });
    assert.match(output, "timers-restart");
    const written = JSON.parse(readFileSync(join(folder, "report.json"), "utf8"));
    assert.equal(faultsOf(written), []);
    assert.equal(
      written.benches.map(({ name }: any) => name),
      ["timers", "lateness"],
    );
    const [ours] = written.benches[1].tables[0].rows;
    assert.is(ours.peer, "ours");
    assert.is(ours.cells.early.median, 0);
    assert.equal(faultsOfMarkup(readFileSync(join(folder, "report.html"), "utf8")), []);
  });
}, 60);
