// The examples that speak a protocol of messages.

import * as assert from "uvu/assert";
import { example } from "./example-process.ts";
import { harness, peer, until } from "../support/harness.ts";

const test = harness("protocols");

test("redis-server: commands of redis-cli, pipelined and split, and by hand", async () => {
  await example("redis-server", [0], async (it) => {
    const client = peer({ port: await it.port() });
    const send = async (text: string, answer: string): Promise<void> => {
      const before = client.text().length;
      client.socket.write(text);
      await until(() => client.text().length >= before + answer.length);
      assert.is(client.text().slice(before), answer, text);
    };
    const command = (...words: string[]): string =>
      `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
    await send(command("PING"), "+PONG\r\n");
    await send(command("SET", "a", "1") + command("INCR", "a") + command("GET", "a"), "+OK\r\n:2\r\n$1\r\n2\r\n");
    await send("get b\r\n", "$-1\r\n");
    await send(command("MGET", "a", "b"), "*2\r\n$1\r\n2\r\n$-1\r\n");
    await send(command("set", "c", "\u00e4\r\n", "px", "60"), "+OK\r\n");
    await send(command("get", "c"), "$4\r\n\u00e4\r\n\r\n");
    await send(command("NOPE"), "-ERR unknown command 'NOPE'\r\n");
    const begin = command("GET", "c");
    const end = performance.now() + 10_000;
    for (let answer = "$4"; answer !== "$-1" && performance.now() < end;) {
      const before = client.text().length;
      for (const letter of begin) client.socket.write(letter); // byte by byte
      await until(() => client.text().slice(before).includes("\r\n"));
      answer = client.text().slice(before).split("\r\n")[0]!;
    }
    client.socket.write("*1\r\n$x\r\n");
    await it.says(/Protocol error/);
    await client.ended;
    it.kill("SIGTERM");
    client.socket.destroy();
    assert.is(await it.ending(), "code 0");
    assert.is(it.errors, "");
  });
});

test("rpc: calls, errors, cancelling, and a server that comes back", async () => {
  await example("rpc", [], async (it) => {
    assert.is(await it.ending(), "code 0");
    const lines = it.output.trimEnd().split("\n");
    const expected = ["2 + 3 = 5", "[ 'last', 'first' ]", "Refused: no method divide", "Cancelled: took too long"];
    assert.equal(
      lines.slice(0, 4).map((line) => line.replaceAll('"', "'")),
      expected,
    );
    assert.match(it.output, /Client: .*next try in 0\.05 s\n/);
    assert.is(lines.at(-1), "4 + 5 = 9");
    assert.is(it.errors, "");
  });
});
