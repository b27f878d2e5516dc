// A mail server that knows the beginning of SMTP: EHLO, STARTTLS, NOOP and QUIT. It begins in plain, and speaks TLS when it is asked to.
//
//   node examples/smtp-starttls.mjs CERTIFICATE KEY [PORT] [ADDRESS]
//
// The first two are paths of PEM files. Listens on port 2525, or a free one for 0, of 127.0.0.1. Try it with
// `openssl s_client -starttls smtp -connect 127.0.0.1:2525`. Ctrl-C, or SIGTERM, ends it.

import { IOLoop } from "wasm-ioloop";

const [tlsCert, tlsKey, port = "2525", address = "127.0.0.1"] = process.argv.slice(2);
if (!tlsKey) {
  console.error("Usage: node examples/smtp-starttls.mjs CERTIFICATE KEY [PORT] [ADDRESS]");
  process.exit(1);
}

const tls = { tlsCert, tlsKey }; // one object for all connections: its files are read once
const LONGEST = 1000;

/** Calls back with each line. What comes behind STARTTLS in the same chunk is dropped: it may have been smuggled in. */
function onLines(stream, answer) {
  let rest = "";
  stream.on("read", (stream, chunk) => {
    const lines = (rest + chunk.toString("latin1")).split("\r\n");
    rest = lines.pop();
    const begins = lines.some((line) => answer(stream, line) === "encrypted");
    if (begins) rest = "";
    else if (rest.length > LONGEST) stream.close();
  });
}

function answer(stream, line) {
  const [command] = line.toUpperCase().split(" ");
  if (command === "EHLO") {
    const more = stream.tls ? "250 PIPELINING" : "250 STARTTLS";
    stream.write(`250-Hello over ${stream.tls?.protocol ?? "no TLS"}\r\n${more}\r\n`);
  } else if (command === "STARTTLS" && !stream.tls) {
    stream.write("220 Go ahead\r\n"); // still in plain
    stream.startTls(tls).then(
      () => console.log(`Encrypted: ${stream.tls?.protocol}`),
      (error) => console.log(`Not encrypted: ${error.message}`),
    );
    return "encrypted";
  } else if (command === "QUIT") {
    stream.write("221 Bye\r\n").closeGracefully();
  } else {
    stream.write(command === "NOOP" ? "250 OK\r\n" : "502 Not known\r\n");
  }
  return "answered";
}

const id = IOLoop.server({ port: Number(port), address, idleTimeout: 60 }, (_loop, stream) => {
  stream.write("220 ready\r\n");
  onLines(stream, answer);
});

const server = IOLoop.acceptor(id);
await server.ready;
console.log(`Listening on ${address}:${server.port}`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => IOLoop.stopGracefully({ timeout: 5 }));

await IOLoop.start();
console.log("Bye");
