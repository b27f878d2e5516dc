// The programs that run everywhere: a server and a client, a core, and a clock.

/** The output of each of them. */
export const SAID = "ping pong\nInfinity 5000\n";

const BODY = `
  const loop = new IOLoop();
  const id = loop.server({}, (loop, stream) => {
    stream.on("read", (stream, chunk) => stream.write(\`\${chunk} pong\`).closeGracefully());
  });
  loop.client({ port: loop.acceptor(id)?.port }, (loop, err, stream) => {
    if (err) throw err;
    stream.write("ping");
    stream.on("read", (stream, chunk) => console.log(\`\${chunk}\`));
    stream.on("close", () => loop.remove(id));
  });
  await loop.start();
  console.log(new Core(1).calls.pollDeadline(), new VirtualClock(5).now());
`;

const IMPORTS = `import { IOLoop } from "wasm-ioloop";
import { Core } from "wasm-ioloop/core";
import { VirtualClock } from "wasm-ioloop/testing";
`;

/** As an ES module. */
export const MODULE = `${IMPORTS}${BODY.replaceAll(/^ {2}/gm, "")}`;

/** As an ES module without top-level \`await\`, which some output formats of bundlers do not support. */
export const PROGRAM = `${IMPORTS}
async function main() {${BODY}}
void main();
`;

/** As CommonJS. */
export const REQUIRING = `const { IOLoop } = require("wasm-ioloop");
const { Core } = require("wasm-ioloop/core");
const { VirtualClock } = require("wasm-ioloop/testing");

async function main() {${BODY}}
void main();
`;
