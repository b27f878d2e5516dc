// The settings of connections by options of the server and of the client.

import { readFileSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import type { ClientOptions } from "wasm-ioloop";
import { deferred, harness, inFolder, isDeno, peer, portOf, quietLoop, until } from "../support/harness.ts";
import { isBare } from "../socket/accepted.ts";

const test = harness("tcp-options");

const ESTABLISHED = "01";
const KEEP_ALIVE = "02"; // the kind of timer

/** The timers of a port's open connections, at both ends, from Linux: the kind of timer, and hundredths of seconds. */
function timersOf(port: number): { which: string; left: number }[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/tcp", "utf8").split("\n");
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local, remote, state]) => state === ESTABLISHED && (local!.endsWith(end) || remote!.endsWith(end)))
    .map(([, , , , , timer]) => ({ which: timer!.slice(0, 2), left: parseInt(timer!.slice(3), 16) }));
}

test("keepAlive: the system probes after that many seconds, at either end; by default never", async () => {
  for (const [server, client] of [
    [0, 0],
    [100, 0],
    [0, 1000],
    [100, 1000],
  ] as const) {
    const { loop } = quietLoop();
    const id = loop.server({ keepAlive: server }, () => {});
    const port = portOf(loop, id);
    const connected = deferred();
    loop.client({ port, keepAlive: client }, () => connected.resolve());
    const running = loop.start();
    await connected.promise;
    // Data that was just sent may wait for its acknowledgement, which is another timer.
    const asked = (): number[] => timersOf(port).flatMap(({ which, left }) => (which === KEEP_ALIVE ? [left] : []));
    const wanted = [server, client].filter((seconds) => seconds > 0);
    await until(() => timersOf(port).length === 2 && asked().length === wanted.length);
    const hundredths = asked().toSorted((a, b) => a - b);
    for (const [i, seconds] of wanted.entries()) {
      assert.ok(
        hundredths[i]! <= seconds * 100 && hundredths[i]! > seconds * 100 - 6000,
        `${hundredths[i]} of ${seconds} s`,
      );
    }
    loop.reset();
    await running;
  }
});

test("idleTimeout: the initial timeout of a stream, at either end", async () => {
  for (const [idleTimeout, begins] of [
    [undefined, 15],
    [0, 0],
    [2.5, 2.5],
  ] as const) {
    const { loop } = quietLoop();
    const seen: number[] = [];
    const id = loop.server({ idleTimeout }, (_loop, stream) => {
      seen.push(stream.timeout);
      stream.closeGracefully();
    });
    loop.client({ port: portOf(loop, id), idleTimeout }, (loop, _error, stream) => {
      seen.push(stream!.timeout);
      stream!.on("close", () => loop.remove(id));
    });
    await loop.start();
    assert.equal(seen, [begins, begins]);
  }
});

test("idleTimeout closes an idle stream", async () => {
  const { loop } = quietLoop();
  const id = loop.server({ idleTimeout: 0.05 }, () => {});
  const running = loop.start();
  await peer({ port: portOf(loop, id) }).closed;
  loop.remove(id);
  await running;
});

test("ipv6Only: no IPv4 clients on the address of both stacks; the port is known at once", async () => {
  for (const ipv6Only of [false, true]) {
    const { loop } = quietLoop();
    if (ipv6Only && isDeno) {
      // Deno would ignore the option.
      assert.throws(
        () => loop.server({ address: "::", ipv6Only }, () => {}),
        (error: Error & { code?: string }) =>
          error.code === "ERR_IOLOOP_UNSUPPORTED" && error.message.includes('"ipv6Only"'),
      );
      continue;
    }
    const id = loop.server({ address: "::", ipv6Only }, (_loop, stream) => stream.write("six").closeGracefully());
    const port = portOf(loop, id);
    const running = loop.start();
    assert.is(await peer({ host: "::1", port }).ended, "six");
    const four = peer({ host: "127.0.0.1", port });
    assert.is(await four.closed, ipv6Only ? "ECONNREFUSED" : undefined);
    loop.remove(id);
    await running;
  }
});

test("mode: the permissions of a UNIX domain socket's file", () =>
  inFolder(async (folder) => {
    const { loop } = quietLoop();
    for (const mode of [0o600, 0o660, 0o777]) {
      const path = join(folder, String(mode));
      loop.server({ path, mode }, () => {});
      assert.is(statSync(path).mode % 0o1000, mode); // as soon as the call returns
    }
    loop.reset();
    await loop.start();
  }));

test("family and lookup: how a name is resolved", async () => {
  const { loop } = quietLoop();
  const id = loop.server((_loop, stream) => stream.closeGracefully());
  const port = portOf(loop, id);
  const asked: unknown[] = [];
  const lookup: ClientOptions["lookup"] = (name, { family, all }, done) => {
    asked.push([name, family]);
    if (all) done(null, [{ address: "127.0.0.1", family: 4 }]);
    else done(null, "127.0.0.1", 4);
  };
  const errors: (Error | undefined)[] = [];
  loop.client({ address: "some.example", port, family: 4, lookup }, (loop, error, stream) => {
    errors.push(error);
    stream?.on("close", () => loop.remove(id));
  });
  await loop.start();
  assert.equal(errors, [undefined]);
  assert.equal(asked, [["some.example", 4]]);
});

// What the listening socket has is inherited on Linux, by connections that come after it was set.
const canSee = process.platform === "linux" && isBare && process.versions["bun"] === undefined;

if (canSee)
  test("noDelay: the system is told once for the listening socket, and for the clients that may have come before", async () => {
    const probe = createServer().listen(0);
    const prototype = Object.getPrototypeOf((probe as never)["_handle"]) as { setNoDelay(on: boolean): number };
    probe.close();
    const { setNoDelay } = prototype;
    let calls = 0;
    prototype.setNoDelay = function (on) {
      calls++;
      return setNoDelay.call(this, on);
    };
    try {
      for (const [noDelay, told] of [
        [true, 1 + 512],
        [false, 0],
      ] as const) {
        calls = 0;
        const { loop } = quietLoop();
        let left = 700;
        const id = loop.server({ noDelay }, (loop, stream) => {
          stream.closeGracefully();
          if (--left === 0) loop.remove(id);
        });
        const port = portOf(loop, id);
        const connect = (): void => void peer({ port }).closed.then(() => left > 0 && connect());
        const running = loop.start();
        for (let i = 0; i < 32; i++) connect();
        await running;
        assert.is(calls, told);
      }
    } finally {
      prototype.setNoDelay = setNoDelay;
    }
  });
