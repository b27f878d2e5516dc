// The unit files, and socket activation and notifications by the programs of systemd.

import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { root } from "../../support/paths.ts";
import type { Runtime } from "../../support/runtimes.ts";
import { type Running, cleanUp, makeFolder, run, until } from "../restarts/processes.ts";
import { type Report, leftOut } from "../restarts/report.ts";
import { FOLDER, ask, codeOf, freeTriple, shown } from "./site.ts";

const ACTIVATE = "systemd-socket-activate";

/** Prints each datagram that arrives at a UNIX socket. Node has no such sockets. */
const LISTENER = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True)
while True: print(s.recv(4096).decode(), flush=True)`;

/** Holds a socket as systemd does, and restarts the command for each line that it reads. */
const MANAGER = `import os, signal, socket, sys
s = socket.create_server(("127.0.0.1", int(sys.argv[1])), backlog=4096)
def start():
    pid = os.fork()
    if pid: return pid
    os.dup2(s.fileno(), 3)
    os.set_inheritable(3, True)
    os.environ.update(LISTEN_FDS="1", LISTEN_FDNAMES="app.socket", LISTEN_PID=str(os.getpid()))
    os.execvp(sys.argv[2], sys.argv[2:])
def end():
    os.kill(pid, signal.SIGTERM)
    print("ended with", os.waitpid(pid, 0)[1], flush=True)
pid = start()
for line in sys.stdin:
    end()
    pid = start()
end()`;

function units(report: Report): void {
  const folder = makeFolder();
  const files = ["app.socket", "app.service", "workers.service"].map((name) => {
    const file = join(folder, name);
    const text = shown(`systemd/${name}`);
    writeFileSync(file, text.replace("/usr/bin/node", process.execPath).replace("/srv/app", FOLDER));
    return file;
  });
  const { status, stderr } = spawnSync("systemd-analyze", ["verify", ...files], { encoding: "utf8" });
  const about = stderr.split("\n").filter((line) => line.includes(folder) || /^(?:app|workers)\./.test(line));
  const isValid = status === 0 && about.length === 0;
  report(isValid, `systemd-analyze accepts the units${isValid ? "" : `: ${stderr}`}`);
}

function activate(
  places: readonly string[],
  env: Readonly<Record<string, string>>,
  command: readonly string[],
  names = "",
): Running {
  const args = places.flatMap((place) => ["--listen", place]);
  for (const [name, value] of Object.entries(env)) args.push("--setenv", `${name}=${value}`);
  if (names !== "") args.push(`--fdname=${names}`);
  return run(ACTIVATE, [...args, ...command]);
}

/** The server of examples/deploy/, whose state is reported, too. */
async function served(file: string, report: Report): Promise<void> {
  const folder = makeFolder();
  const socket = join(folder, "notify");
  const systemd = run("python3", ["-c", LISTENER, socket]);
  await systemd.printed("bound");
  const web = await freeTriple();
  const port = await freeTriple();
  const env = { PORT: String(port), NOTIFY_SOCKET: socket, STOP_DELAY: "0.2" };
  const server = activate([`127.0.0.1:${web}`], env, [process.execPath, join(FOLDER, file)]);
  await server.printed("Listening on");
  const codes = [await codeOf(`http://127.0.0.1:${web}/`), await codeOf(`http://127.0.0.1:${port + 1}/readyz`)];
  await systemd.printed("READY=1");
  server.child.kill("SIGTERM");
  const how = await server.ended;
  await systemd.printed("STOPPING=1");
  const isWhole = codes.join() === "200,200" && how === "code 0";
  report(isWhole, `${ACTIVATE} starts ${file}: answers ${codes.join(" and ")}, READY=1, STOPPING=1, ${how}`);
}

/** The environment that the unit sets. */
function environment(unit: string): Record<string, string> {
  const line = /^Environment=(.*)$/m.exec(shown(`systemd/${unit}`))?.[1] ?? "";
  return Object.fromEntries(line.split(" ").map((pair) => pair.split("="))) as Record<string, string>;
}

/** The service is restarted while clients ask, by kept connections: those that connect meanwhile wait for the next process. */
async function restarted(name: "server" | "workers", times: number, report: Report): Promise<void> {
  const web = await freeTriple();
  const command = ["-c", MANAGER, String(web), process.execPath, join(FOLDER, `${name}.mjs`)];
  const env = {
    PORT: String(await freeTriple()),
    ...environment(name === "server" ? "app.service" : "workers.service"),
  };
  const manager = run("python3", command, { env });
  await manager.printed("Listening on");
  const load = ask(`http://127.0.0.1:${web}/`);
  for (let round = 1; round <= times; round++) {
    const more = load.asked + 100;
    await until(() => load.asked > more, `the service answers: ${manager.text()}`);
    manager.child.stdin!.write("\n");
    await until(() => (manager.text().match(/^Listening on/gm)?.length ?? 0) > round, "the service is restarted");
  }
  await load.end();
  manager.child.stdin!.end();
  await manager.ended;
  const ends = manager.text().match(/^ended with .*$/gm) ?? [];
  const isWhole = load.failed.length === 0 && ends.length === times + 1 && ends.every((end) => end === "ended with 0");
  const failed =
    load.failed.length === 0 ? "0 failed" : `${load.failed.length} failed (${load.failed.slice(0, 3).join()})`;
  const line = `${name}.mjs, socket activation, no balancer: ${failed} of ${load.asked} requests during ${times} restarts`;
  report(isWhole, isWhole ? line : `${line}\n${manager.text()}`);
}

/** A process between systemd and the server: the sockets are for that one. */
async function shell(report: Report): Promise<void> {
  const web = await freeTriple();
  const file = join(FOLDER, "server.mjs");
  const server = activate([`127.0.0.1:${web}`], { PORT: "0" }, [
    "sh",
    "-c",
    `"${process.execPath}" "${file}"; exit $?`,
  ]);
  await server.printed("Listening on");
  void codeOf(`http://127.0.0.1:${web}/`);
  const how = await server.ended;
  const says = /option "activation": (the sockets were passed to process \d+, and this is process \d+)/.exec(
    server.text(),
  );
  report(
    says !== null && how === "code 1",
    `${ACTIVATE} starts a shell that starts server.mjs: ${says?.[1] ?? server.text()}`,
  );
}

function say(where: { port: number } | { path: string }, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(where, () => socket.write(text));
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", reject);
    socket.on("close", () => resolve(answer));
  });
}

/** Several sockets with names, TCP and UNIX. */
async function named(name: string, runtime: Runtime, report: Report): Promise<void> {
  const folder = makeFolder();
  const port = await freeTriple();
  const paths = ["one", "two"].map((file) => join(folder, file));
  const file = join(root, "build/tests/net/activation.test.js");
  const command = [runtime.program, ...runtime.args, file, "serve"];
  const server = activate([`127.0.0.1:${port}`, ...paths], {}, command, "web:admin:admin");
  await until(() => paths.every((path) => existsSync(path)), `${ACTIVATE} listens: ${server.text()}`);
  const answers = await Promise.all([{ port }, ...paths.map((path) => ({ path }))].map((where) => say(where, "hello")));
  await say({ port }, "stop");
  const how = await server.ended;
  const said = answers.map((answer) => answer.replace(/ \d+ /, " "));
  const isWhole =
    said.join() === "web hello,admin hello,admin hello" && how === "code 0" && paths.every((path) => existsSync(path));
  report(
    isWhole,
    `${name}: ${ACTIVATE} passes three sockets: ${said.join(", ")}; ${how}${isWhole ? "" : `\n${server.text()}`}`,
  );
}

/** Everything about systemd, as far as its programs are installed. */
export async function systemd(
  able: readonly (readonly [name: string, runtime: Runtime])[],
  isShort: boolean,
  report: Report,
): Promise<void> {
  const missing = [ACTIVATE, "systemd-analyze", "python3"].filter((program) => spawnSync(program, ["--version"]).error);
  if (missing.length > 0)
    return leftOut(`systemd, for lack of ${missing.join(" and ")}: apt-get install systemd python3`);
  const steps: (() => unknown)[] = [
    () => units(report),
    () => served("server.mjs", report),
    () => served("workers.mjs", report),
    () => shell(report),
    () => restarted("server", isShort ? 1 : 10, report),
    () => restarted("workers", isShort ? 1 : 5, report),
  ];
  for (const [name, runtime] of able) steps.push(() => named(name, runtime, report));
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      report(false, `systemd: ${String(error)}`);
    } finally {
      cleanUp();
    }
  }
}
