// The file with the id of the manager's process: who may write it, and who removes it.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, readdirSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
// Not the built package: a manager for each of these would take much longer.
import { PidFile } from "../../host/service/pid-file.ts";
import { refusal } from "../base/refusal.ts";
import { evaluate, harness, inFolder, until } from "../support/harness.ts";

const test = harness("pid-file");
const own = `${process.pid}\n`;

/** Puts a file there that was written an hour ago. */
function leave(path: string, text: string): void {
  writeFileSync(path, text);
  utimesSync(path, Date.now() / 1000 - 3600, Date.now() / 1000 - 3600);
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGKILL");
  await once(child, "close");
}

test("it has the id, and goes with the manager; nothing else is left in the folder", () =>
  inFolder(async (folder) => {
    const path = join(folder, "pid");
    for (const before of [undefined, "", "99999999\n", own]) {
      if (before !== undefined) leave(path, before);
      const file = new PidFile(path);
      assert.is(readFileSync(path, "utf8"), own);
      assert.equal(readdirSync(folder), ["pid"]);
      file.remove();
      assert.equal(readdirSync(folder), []);
    }
    symlinkSync(join(folder, "nothing"), path);
    new PidFile(path).remove();
    assert.equal(readdirSync(folder), []);
  }));

test("a file that another manager has put in its place stays", () =>
  inFolder(async (folder) => {
    const path = join(folder, "pid");
    const first = new PidFile(path);
    const second = new PidFile(path); // this process has the id in it, so it counts as left behind
    first.remove();
    assert.is(readFileSync(path, "utf8"), own);
    second.remove();
    assert.equal(readdirSync(folder), []);
    const third = new PidFile(path);
    writeFileSync(path, "1\n"); // by hand
    third.remove();
    assert.is(readFileSync(path, "utf8"), "1\n");
  }));

test("a process that has got the id of a dead manager is none; one that was there before the file may be", () =>
  inFolder(async (folder) => {
    const path = join(folder, "pid");
    const other = spawn("sleep", ["60"]);
    try {
      writeFileSync(path, `${other.pid}\n`);
      assert.match(
        refusal(() => new PidFile(path)),
        `has the id of process ${other.pid}, which is running; if it is`,
      );
      leave(path, `${other.pid}\n`);
      const file = new PidFile(path);
      assert.is(readFileSync(path, "utf8"), own);
      file.remove();
    } finally {
      await stop(other);
    }
  }));

test("a path of something else is refused, and stays as it is", () =>
  inFolder(async (folder) => {
    const [program, empty] = [join(folder, "app.mjs"), join(folder, "empty")];
    writeFileSync(program, "export default 1;\n");
    mkdirSync(empty);
    for (const path of [program, empty, "/dev/null"]) {
      assert.match(
        refusal(() => new PidFile(path)),
        `IOLoopError ERR_IOLOOP_PID_FILE: prefork: option "pidFile": ${path} is not a`,
      );
    }
    assert.equal(readdirSync(folder).toSorted(), ["app.mjs", "empty"]);
    assert.is(readFileSync(program, "utf8"), "export default 1;\n");
    const nowhere = join(folder, "missing/pid");
    assert.match(
      refusal(() => new PidFile(nowhere)),
      `option "pidFile": ${nowhere} cannot be written: there is no folder `,
    );
    const long = join(folder, "x".repeat(300));
    assert.match(
      refusal(() => new PidFile(long)),
      `IOLoopError ERR_IOLOOP_PID_FILE: prefork: option "pidFile": ${long} cannot be written: ENAMETOOLONG`,
    );
  }));

test("of several managers that start at once on a file that was left behind, one gets it", () =>
  inFolder(async (folder) => {
    const path = join(folder, "pid");
    leave(path, "99999999\n");
    const source = `import { PidFile } from ${JSON.stringify(new URL("../../host/service/pid-file.js", import.meta.url).href)};
      console.log("ready");
      process.stdin.once("data", () => {
        try { new PidFile(process.argv.at(-1)); console.log("mine"); } catch (error) { console.log(error.code); }
      });`;
    const children = Array.from({ length: 6 }, () => spawn(process.execPath, [...evaluate(source), path]));
    const texts = children.map(() => "");
    try {
      children.forEach((child, i) => {
        for (const from of [child.stdout, child.stderr])
          from.on("data", (chunk: Buffer) => (texts[i] += String(chunk)));
      });
      await until(() => texts.every((text) => text === "ready\n"), 60);
      for (const child of children) child.stdin.write("go\n");
      await until(() => texts.every((text) => text.split("\n").length > 2), 60);
      const winner = texts.indexOf("ready\nmine\n");
      assert.equal(
        texts.filter((text) => text !== "ready\nmine\n"),
        Array(5).fill("ready\nERR_IOLOOP_PID_FILE\n"),
      );
      assert.is(readFileSync(path, "utf8"), `${children[winner]!.pid}\n`);
      assert.equal(readdirSync(folder), ["pid"]);
    } finally {
      await Promise.all(children.map(stop));
    }
  }));
