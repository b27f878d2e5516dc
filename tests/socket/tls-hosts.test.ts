// Certificates by host name.

import { connect as connectTls } from "node:tls";
import * as assert from "uvu/assert";
import type { ListenerOptions } from "wasm-ioloop";
import { type Certificate, Authority } from "../support/certificates.ts";
import { harness, isBun, isDeno, portOf, quietLoop, watch, within } from "../support/harness.ts";

const test = harness("tls-hosts");

const SOON = 5; // seconds
const authority = new Authority();
const ca = authority.ca.cert;

function byHost(hosts: Readonly<Record<string, Certificate>>): ListenerOptions {
  const each = (part: "cert" | "key"): Record<string, string> =>
    Object.fromEntries(Object.entries(hosts).map(([host, certificate]) => [host, certificate[part]]));
  return { tls: true, tlsCert: each("cert"), tlsKey: each("key") };
}

/** The name in the certificate that a client gets when it asks for a host, and whether it is greeted. */
async function shown(
  options: ListenerOptions,
  servername: string,
  client: object = {},
): Promise<{ name: string; greeting: string }> {
  const { loop, errors } = quietLoop();
  const id = loop.server(options, (_loop, stream) => stream.write("Welcome").closeGracefully());
  const running = loop.start();
  const all = { port: portOf(loop, id), host: "127.0.0.1", ca, servername, checkServerIdentity: () => undefined };
  const secure = connectTls({ ...all, ...client });
  let name = "";
  secure.once("secureConnect", () => (name = String(secure.getPeerCertificate().subject?.CN)));
  const greeting = await within(SOON, watch(secure).ended);
  secure.destroy();
  loop.remove(id);
  await within(SOON, running);
  assert.equal(errors, []);
  return { name, greeting };
}

test("keys of different types: the certificate of the host, or an error at the call that says why", async () => {
  const [usual, other] = [authority.sign("usual.example"), authority.signRsa("other.example")];
  const [major] = process.versions.node.split(".").map(Number);
  for (const [first, second] of [
    [usual, other],
    [other, usual],
  ] as const) {
    const options = byHost({ "": first, "named.example": second });
    if (!isBun && !isDeno && major! < 24) {
      const { loop } = quietLoop();
      assert.throws(
        () => loop.server(options, () => {}),
        (error: Error & { code?: string }) =>
          error.code === "ERR_IOLOOP_TLS" &&
          /^server: option "tlsKey" has a key of type (?:rsa|ec) for host "named.example", and .* would serve the wrong/.test(
            error.message,
          ),
      );
      continue;
    }
    const names = [
      first === usual ? "usual.example" : "other.example",
      second === usual ? "usual.example" : "other.example",
    ];
    for (const version of ["TLSv1.2", "TLSv1.3"]) {
      const client = { minVersion: version, maxVersion: version };
      assert.is((await shown(options, "nobody.example", client)).name, names[0], version);
      assert.is((await shown(options, "named.example", client)).name, names[1], version);
    }
  }
});

test("keys of the same type, whichever it is, are served by host name", async () => {
  const [one, two] = [authority.signRsa("one.example"), authority.signRsa("two.example")];
  const options = byHost({ "": one, "two.example": two });
  assert.is((await shown(options, "one.example")).name, "one.example");
  assert.is((await shown(options, "two.example")).name, "two.example");
});

test("clients are verified as tlsOptions say, whatever host they ask for", async () => {
  const [one, two] = [authority.sign("first.example"), authority.sign("second.example")];
  const options: ListenerOptions = {
    ...byHost({ "": one, "second.example": two }),
    tlsVerify: true,
    tlsOptions: { ca: authority.ca.cert },
  };
  const mine = authority.sign("known-client");
  const client = { cert: mine.cert, key: mine.key };
  for (const name of ["first.example", "second.example"]) {
    assert.is((await shown(options, name, client)).greeting, "Welcome", name);
    assert.is((await shown(options, name)).greeting, "", name);
  }
});
