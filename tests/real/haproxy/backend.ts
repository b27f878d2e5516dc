// Servers behind HAProxy, which answer with what they know of their client; and a client of HAProxy. Prints its ports.

import { createServer } from "node:http";
import { IOLoop, type ListenerOptions, type Stream } from "wasm-ioloop";

const [, , tlsCert, tlsKey] = process.argv;

const loop = new IOLoop();
const drops: string[] = [];
loop.on("drop", (_loop, { reason }) => void drops.push(reason));

const shown = ({ remoteAddress, remotePort, proxy }: Stream): string =>
  JSON.stringify({
    remoteAddress,
    remotePort,
    ...proxy,
    uniqueId: proxy?.uniqueId?.toString(),
    tlvs: proxy?.tlvs.length,
  });

const raw = (options: ListenerOptions = {}): number => {
  const id = loop.server({ proxyProtocol: "required", ...options }, (_loop, stream) => {
    stream.on("read", (stream) => stream.write(shown(stream)).closeGracefully());
  });
  return loop.acceptor(id)!.port!;
};

const server = createServer((request, response) => {
  const { remoteAddress, remotePort } = request.socket;
  response.end(JSON.stringify({ remoteAddress, remotePort, url: request.url }));
});
const http = loop.serve(server, { proxyProtocol: "required" });

// What the test asks for: /drops, or /send?port=…&version=…
const control = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url!, "http://localhost");
  if (pathname === "/drops") response.end(JSON.stringify(drops));
  else
    send(Number(searchParams.get("port")), searchParams.get("version") === "1" ? 1 : 2, (text) => response.end(text));
});

/** Asks HAProxy with a header, and passes on what it answers. */
function send(port: number, version: 1 | 2, answered: (text: string) => unknown): void {
  const from = { remoteAddress: "192.0.2.7", remotePort: 56324, localAddress: "198.51.100.1", localPort: 443 };
  const more = version === 2 ? { tlvs: [{ type: 0x02, value: "a.example" }], checksum: true } : {};
  loop.client({ port, proxyHeader: { version, from, ...more } }, (_loop, error, stream) => {
    let text = error ? String(error) : "";
    if (!stream) return answered(text);
    stream.on("read", (_stream, chunk) => (text += String(chunk)));
    stream.on("close", () => answered(text));
    return stream.write("GET / HTTP/1.0\r\n\r\n");
  });
}

const controlled = loop.serve(control);

const ports = {
  raw: raw(),
  tls: raw({ tlsCert, tlsKey }),
  http: loop.acceptor(http)!.port,
  control: loop.acceptor(controlled)!.port,
};
process.once("SIGTERM", () => void loop.stopGracefully({ timeout: 5 }));
console.log(`ready ${JSON.stringify(ports)}`);
await loop.start();
