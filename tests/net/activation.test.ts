// Sockets that a service manager has passed: which one is meant, and clients that wait while no process accepts.

import { spawn } from "node:child_process";
import cluster from "node:cluster";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { IOLoop, Server } from "wasm-ioloop";
import { refusal } from "../base/refusal.ts";
import { harness, inFolder, isDeno, peer, quietLoop, script, until } from "../support/harness.ts";

const NAMES = ["web", "admin", "admin"];

// The processes that are given sockets run this file, too: alone, or as the primary of two workers, whose environment is its own.
if (process.argv[2] === "cluster" && cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const codes = await Promise.all(workers.map(async (worker) => (await once(worker, "exit"))[0] as number | null));
  process.exit(codes.some((code) => code !== 0) ? 1 : 0);
} else if (process.argv[2] === "serve" || process.argv[2] === "cluster") {
  const loop = new IOLoop();
  const ids = NAMES.map((activation) =>
    loop.server({ activation }, (loop, stream) => {
      stream.on("read", (stream, chunk) => {
        stream.write(`${activation} ${process.pid} ${String(chunk)}`).closeGracefully();
        if (String(chunk) === "stop") void loop.stopGracefully({ timeout: 5 });
      });
    }),
  );
  const again = refusal(() => loop.server({ activation: "web" }, () => {}));
  if (!again.endsWith('socket "web" was taken by an earlier call, and cannot be used again')) throw new Error(again);
  await Promise.all(ids.map((id) => loop.acceptor(id)!.ready));
  await loop.start();
  process.exit(0);
}

// Does what a service manager does: it keeps the sockets open, and starts the command for each line that it reads.
const MANAGER = `use Socket; $^F = 9; $| = 1; my ($names, $places, @command) = @ARGV; my (@kept, @said);
  for (split /,/, $places) {
    my $tcp = $_ eq "tcp";
    socket(my $s, $tcp ? AF_INET : AF_UNIX, SOCK_STREAM, 0) or die;
    bind($s, $tcp ? pack_sockaddr_in(0, INADDR_LOOPBACK) : pack_sockaddr_un($_)) or die;
    listen($s, 128) or die;
    push @kept, $s; push @said, $tcp ? (unpack_sockaddr_in(getsockname $s))[0] : $_;
  }
  print join(",", @said), "\\n";
  while (<STDIN>) {
    my $pid = fork;
    if (!$pid) { open STDIN, "<", "/dev/null"; @ENV{qw(LISTEN_FDS LISTEN_FDNAMES LISTEN_PID)} = (scalar @kept, $names, $$); exec @command }
    waitpid $pid, 0; print "ended with $?\\n";
  }`;

interface Manager {
  readonly places: readonly ({ port: number } | { path: string })[];
  /** Starts the program. */
  start(): void;
  /** Resolves when it has ended so many times. */
  ended(times: number): Promise<void>;
}

async function managed(
  mode: string,
  where: readonly string[],
  use: (manager: Manager) => Promise<void>,
): Promise<void> {
  const command = [process.execPath, ...script(fileURLToPath(import.meta.url)), mode];
  const child = spawn("perl", ["-e", MANAGER, "--", NAMES.join(":"), where.join(), ...command]);
  let output = "";
  for (const from of [child.stdout, child.stderr]) from.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const closed = new Promise((resolve) => child.on("close", resolve));
  try {
    await until(() => output.includes("\n"));
    const places = output.trim().split(",");
    await use({
      places: places.map((place) => (/^\d+$/.test(place) ? { port: Number(place) } : { path: place })),
      start: () => child.stdin.write("\n"),
      ended: async (times) => {
        const ends = (): string[] => output.match(/^ended with .*$/gm) ?? [];
        await until(() => ends().length === times);
        assert.equal(ends(), Array(times).fill("ended with 0"), output);
      },
    });
  } finally {
    child.stdin.end();
    await closed;
  }
}

async function ask(where: Manager["places"][number], text: string): Promise<string> {
  const { socket, ended, closed } = peer(where);
  socket.write(text);
  const answer = await ended;
  socket.destroy();
  await closed;
  return answer;
}

const test = harness("activation");

test("clients that come while no process accepts are served by the next one; the file of a UNIX socket stays", () =>
  inFolder((folder) =>
    managed("serve", ["tcp", join(folder, "one"), join(folder, "two")], async ({ places, start, ended }) => {
      const [web] = places;
      for (const round of [1, 2]) {
        const waiting = places.flatMap((place) => [ask(place, "hello"), ask(place, "hello")]);
        start();
        const answers = await Promise.all(waiting);
        assert.equal(
          answers.map((answer) => answer.replace(/ \d+ /, " ")),
          ["web", "web", "admin", "admin", "admin", "admin"].map((name) => `${name} hello`),
        );
        assert.is(new Set(answers.map((answer) => answer.split(" ")[1])).size, 1);
        assert.match(await ask(web!, "stop"), /^web \d+ stop$/);
        await ended(round);
        for (const name of ["one", "two"]) assert.ok(existsSync(join(folder, name)));
      }
    }),
  ));

test("the workers of a cluster share the sockets that were passed to the primary", () =>
  inFolder(async (folder) => {
    if (isDeno) return;
    await managed("cluster", ["tcp", join(folder, "one"), join(folder, "two")], async ({ places, start, ended }) => {
      start();
      const serving = async (place: Manager["places"][number], text: string): Promise<string> => {
        const [, pid = "", said] = (await ask(place, text)).split(" ");
        assert.is(said, text);
        return pid;
      };
      for (const place of places) {
        const pids = new Set<string>();
        while (pids.size < 2) pids.add(await serving(place, "hello"));
      }
      const [one, other] = [await serving(places[0]!, "stop"), await serving(places[1]!, "stop")];
      assert.is.not(one, other);
      await ended(1);
    });
  }));

test("a socket that cannot be meant is an error, which says what was passed", () => {
  const { loop } = quietLoop();
  const NAMES = ["LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PID"] as const;
  const saved = NAMES.map((name) => process.env[name]);
  const set = (...values: (string | undefined)[]): void =>
    NAMES.forEach((name, index) => {
      const value = values[index];
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    });
  const own = String(process.pid);
  const refused = (activation: true | string, why: RegExp): void => {
    for (const [what, task] of [
      ["server", () => loop.server({ activation }, () => {})],
      ["listen", () => new Server({ reactor: loop.reactor }).listen({ activation })],
    ] as const) {
      const said = refusal(task);
      assert.match(said, why);
      assert.ok(said.startsWith(`IOLoopError ERR_IOLOOP_ACTIVATION: ${what}: option "activation": `), said);
    }
  };
  try {
    set();
    refused(true, /systemd has passed no socket: LISTEN_FDS is not set/);
    for (const wrong of ["0", "-1", "x", "1.5", "1000000000"]) {
      set(wrong, undefined, own);
      refused("web", new RegExp(`systemd has passed no socket: LISTEN_FDS is "${wrong}"$`));
    }
    set("1", "web");
    refused(true, /LISTEN_PID is not set, and this is process \d+; run the runtime itself/);
    set("1", "web", "1");
    refused(
      true,
      /were passed to process 1, and this is process \d+; run the runtime itself in ExecStart, not npm, npx/,
    );
    set("1", "web", String(process.ppid)); // a child of the process that they were passed to
    refused("web", /were passed to process \d+, and this is process/);
    set("3", "web:admin", own);
    refused(true, /3 sockets were passed: "web", "admin", "unknown"; give the name of one instead of true$/);
    refused("wbe", /no socket has the name "wbe"; passed were "web", "admin", "unknown"$/);
    set("1", undefined, own);
    refused("web", /no socket has the name "web"; passed were "unknown"$/);
  } finally {
    set(...saved);
  }
  for (const [name, value] of [
    ["fd", 3],
    ["path", "/tmp/x"],
    ["port", 1],
    ["address", "::"],
    ["mode", 0o600],
    ["ipv6Only", true],
    ["reuse", true],
  ] as const)
    assert.is(
      refusal(() => loop.server({ activation: true, [name]: value }, () => {})),
      `TypeError ERR_IOLOOP_INVALID_ARG_TYPE: server: options "activation" and "${name}" cannot be combined`,
    );
  for (const wrong of [false, ""])
    assert.match(
      refusal(() => loop.server({ activation: wrong as never }, () => {})),
      /^RangeError ERR_IOLOOP_OUT_OF_RANGE: server: option "activation" must be true, or the name of a socket/,
    );
});
