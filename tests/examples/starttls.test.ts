// Examples that go from plain to TLS, and that pass an end on.

import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import { Authority } from "../support/certificates.ts";
import { harness, peer, plainServer, until } from "../support/harness.ts";
import { example } from "./example-process.ts";

const test = harness("starttls");

test("smtp-starttls: begins in plain, and speaks TLS when it is asked to", async () => {
  const authority = new Authority();
  const { certPath, keyPath } = authority.sign("localhost");
  await example("smtp-starttls", [certPath, keyPath, 0], async (it) => {
    const { socket, text } = peer({ port: await it.port() });
    await until(() => text() === "220 ready\r\n");
    socket.write("EHLO me\r\nSTARTTLS\r\nNOOP\r\n");
    await until(() => text().endsWith("220 Go ahead\r\n"));
    assert.match(text(), /250-Hello over no TLS\r\n250 STARTTLS\r\n/);
    socket.removeAllListeners("data").pause();
    const secure = connectTls({ socket, servername: "localhost", ca: authority.ca.cert });
    let answer = "";
    secure.on("data", (chunk: Buffer) => void (answer += String(chunk)));
    secure.write("EHLO me\r\nQUIT\r\n");
    await until(() => answer.includes("221 Bye"));
    assert.match(answer, /^250-Hello over TLSv1\.3\r\n250 PIPELINING\r\n221 Bye\r\n$/);
    await it.says(/Encrypted: TLSv1\.3/);
    secure.destroy();
    it.kill("SIGTERM");
    assert.is(await it.ending(), "code 0");
  });
});

test("tcp-proxy: a client that has ended its side still gets its answer", async () => {
  const target = await plainServer((socket) => {
    let asked = "";
    socket.on("data", (chunk) => void (asked += String(chunk)));
    socket.on("end", () => setTimeout(() => socket.end(`answer to ${asked}`), 20));
  });
  await example("tcp-proxy", [0, target.port], async (it) => {
    const client = peer({ port: await it.port() });
    client.socket.end("question");
    assert.is(await client.ended, "answer to question");
    await it.says(/Closed: 8 bytes there/);
    it.kill("SIGTERM");
    assert.is(await it.ending(), "code 0");
  });
  await target.close();
});
