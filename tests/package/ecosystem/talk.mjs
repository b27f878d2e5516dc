// The programs that are run everywhere: a server and a client that talk, a core, and a clock.

/** What every one of them prints. */
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

/** As a module. */
export const MODULE = `${IMPORTS}${BODY.replaceAll(/^ {2}/gm, "")}`;

/** As a module without \`await\` at its top, which not every format that bundlers write has. */
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
