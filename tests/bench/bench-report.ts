// A small report, as a run of the benches writes it, with figures that are easy to calculate with; and a checker for markup.

const row = (name: string, peer: string, cpu: number, on: Partial<{ runtime: string; label: string }> = {}) => {
  const cell = (value: number): object => ({
    median: value,
    low: value,
    high: value,
    spread: 0,
    rounds: [value, value],
  });
  return { name, peer, ...on, cells: { cpu: cell(cpu), p50: cell(0.2), p99: cell(3), p999: cell(40) } };
};

const size = (name: string, bytes: number): object => ({
  name,
  peer: "ours",
  cells: { bytes: { median: bytes, low: bytes, high: bytes, spread: 0, rounds: [bytes] } },
});

const latency = (key: string): object => ({ key, title: key, unit: "ms", better: "lower" });

/** A report without its ratios. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types
export function report() {
  const node = { runtime: "node", label: "Node 20" };
  return {
    format: 1,
    date: "2026-11-22T12:00:00.000Z",
    machine: {
      cpu: "Tom & Jerry <9000>",
      cores: 2,
      memory: "8 GiB",
      system: "Debian",
      kernel: "Linux 6",
      pinned: "pinned",
      loadBefore: 0.1,
      stolenPercent: 0,
    },
    versions: { "Node 20": "20.1.0", libuv: "1.44.2" },
    options: { quick: false, rounds: 2, seconds: 3, connections: 9000, idleSeconds: 60 },
    benches: [
      {
        name: "net",
        title: "Requests",
        about: "About.",
        tables: [
          {
            id: "net-one",
            title: "One",
            main: "cpu",
            columns: [
              { key: "cpu", title: "CPU", unit: "µs", better: "lower" },
              ...["p50", "p99", "p999"].map(latency),
            ],
            rows: [
              row("wasm-ioloop on Node 20", "ours", 4, node),
              row("wasm-ioloop on Bun", "ours", 2, { runtime: "bun", label: "Bun" }),
              row("node:net on Node 20", "node-net", 6, node),
              row("C, libuv", "c-libuv", 2),
            ],
          },
        ],
      },
      {
        name: "size",
        title: "Size",
        about: "About.",
        tables: [
          {
            id: "size",
            title: "Bytes",
            main: "bytes",
            columns: [{ key: "bytes", title: "size", unit: "B", better: "lower" }],
            rows: [size("core.wasm", 6757), size("bundle, minified, gzipped", 70_000)],
          },
        ],
      },
    ],
    skipped: [{ name: "Python, uvloop", reason: "uvloop is not installed" }],
  };
}

/** The faults of markup: tags that do not match, and attributes or texts that end too early. */
export function faultsOfMarkup(markup: string): string[] {
  const open: string[] = [];
  const faults: string[] = [];
  const text = markup.replace(/^<!doctype html>/, "").replaceAll(/<style>[^<]*<\/style>/g, "");
  const tags = /<(\/?)([a-z][a-z0-9]*)((?:\s+[a-zA-Z][a-zA-Z0-9-]*="[^"<>]*")*)\s*(\/?)>/g;
  for (const [, closes, name, , isEmpty] of text.matchAll(tags)) {
    if (closes === "/") {
      const last = open.pop();
      if (last !== name) faults.push(`</${name}> closes <${last}>`);
    } else if (isEmpty !== "/") open.push(name!);
  }
  faults.push(...open.map((name) => `<${name}> is not closed`));
  if (/[<>]/.test(text.replaceAll(tags, ""))) faults.push("a character that does not belong to a tag");
  if (/&(?!amp;|lt;|gt;|quot;)/.test(text)) faults.push("an invalid entity");
  return faults;
}
