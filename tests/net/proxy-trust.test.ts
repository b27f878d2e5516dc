// Servers with the PROXY protocol: whose headers they believe, clients without one, and limits by address.

import * as assert from "uvu/assert";
import { harness, quietLoop, turns, until } from "../support/harness.ts";
import { CLIENT, PORT, allRead, behind, text } from "./proxied.ts";

const test = harness("proxy-trust");

test("optional: clients with a header, without one, and with an end before it", async () => {
  const server = behind({ proxyProtocol: "optional" });
  const known = server.come(text(), "x");
  const plain = server.come("PROX", "Y! hello");
  const ended = server.come("PRO");
  await allRead(server, 2);
  ended.socket.end();
  const malformed = server.come("PROXY TCP5 \r\n");
  await allRead(server, 3);
  await malformed.closed;
  await until(() => known.text() !== "" && plain.text() !== "" && server.drops.length === 1);
  assert.is(known.text(), `${CLIENT} ${PORT};`);
  assert.ok(plain.text().startsWith(`127.0.0.1 ${plain.socket.localPort};`));
  assert.equal(server.texts.toSorted(), ["PRO", "PROXY! hello", "x"]);
  assert.equal(server.reasons(), ["proxy"]);
  assert.equal(
    server.streams.map(({ proxy }) => proxy?.version).filter((version) => version !== undefined),
    [1],
  );
  await server.end();
});

test("a header of an address that is not trusted is no header", async () => {
  const strict = behind({ proxyTrust: ["10.0.0.0/8", "::1"] });
  const refused = strict.come(text(), "x");
  await refused.closed;
  await until(() => strict.drops.length === 1);
  assert.equal([strict.reasons(), strict.streams], [["proxy"], []]);
  await strict.end();

  const open = behind({ proxyProtocol: "optional", proxyTrust: ["192.0.2.0/24"] });
  const [silent, spoofing] = [open.come(), open.come(Buffer.concat([text(), Buffer.from("x")]))];
  await until(() => open.streams.length === 2); // nothing is waited for
  await until(() => open.texts.some((one) => one !== ""));
  assert.equal(open.texts.filter(Boolean), [`${text()}x`]);
  await until(() => spoofing.text() !== "");
  assert.is(spoofing.text(), `127.0.0.1 ${spoofing.socket.localPort};`);
  silent.socket.destroy();
  await open.end();
});

test("trusted networks, and IPv4 that is written as IPv6", async () => {
  const { loop } = quietLoop();
  const trusts = async (...proxyTrust: string[]): Promise<boolean> => {
    const server = behind({ proxyTrust });
    const client = server.come(text(), "x");
    await until(() => server.drops.length + server.streams.length === 1);
    client.socket.destroy();
    await server.end();
    return server.streams.length === 1;
  };
  assert.is(await trusts("127.0.0.1"), true);
  assert.is(await trusts("::1", "127.0.0.0/31"), true);
  assert.is(await trusts("127.0.0.2/31"), false);
  assert.is(await trusts("126.0.0.0/7"), true);
  assert.is(await trusts("0.0.0.0/0"), true);
  assert.is(await trusts("::ffff:127.0.0.1"), true);
  assert.is(await trusts("::ffff:127.0.0.0/104"), true);
  assert.is(await trusts("::/0"), false); // IPv6 alone
  for (const network of [
    "",
    "127.0.0.1/33",
    "::1/129",
    "a.example",
    "10.0.0.0/8/8",
    "10.0.0.0/",
    "fe80::1%lo",
    "::ffff:10.0.0.0/8",
  ]) {
    assert.throws(
      () => loop.server({ proxyProtocol: "required", proxyTrust: [network] }, () => {}),
      /server: option "proxyTrust" must be an array of IP addresses and networks/,
    );
  }
  assert.throws(() => loop.server({ proxyTrust: [] }, () => {}), /"proxyTrust" requires "proxyProtocol"/);
  assert.throws(() => loop.server({ proxyProtocol: true as never }, () => {}), /must be "required" or "optional"/);
});

test("a proxy that connects by IPv4 to an IPv6 socket", async () => {
  const server = behind({ address: "::" });
  server.come(text(), "x");
  await allRead(server, 1);
  assert.equal([server.texts, server.reasons()], [["x"], []]);
  await server.end();
});

test("addresses are counted as those of the clients", async () => {
  const server = behind({}, { maxPerAddress: 1 });
  const first = server.come(text(), "first");
  await allRead(server, 1);
  const others = [server.come(text("192.0.2.8"), "other"), server.come(text(CLIENT, 7), "second")];
  await allRead(server, 2);
  await turns(20);
  const third = server.come(text(CLIENT, 8), "third"); // as many may wait as may be open
  assert.is(await third.closed, "ECONNRESET");
  assert.equal(
    server.drops.map(({ reason, remoteAddress, remotePort }) => [reason, remoteAddress, remotePort]),
    [["address", CLIENT, 8]],
  );
  assert.equal(server.texts, ["first", "other"]);
  first.socket.destroy();
  await allRead(server, 3);
  assert.is(server.texts[2], "second");
  assert.is(others.length, 2);
  await server.end();
});
