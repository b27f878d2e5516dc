// A chat room: the first line that a client sends is its nickname, every other line goes to all other clients. A client that
// sends nothing for too long has to leave.
//
//   node examples/chat-server.mjs [PORT] [ADDRESS] [IDLE]
//
// Port 3000, or a free one for 0; address 127.0.0.1; 300 idle seconds. Then, in two other windows: nc 127.0.0.1 3000
// Commands: /who lists the clients, /quit leaves. Ctrl-C, or SIGTERM, says goodbye to all clients.

import { IOLoop } from "wasm-ioloop";
import { lines } from "wasm-ioloop/framing";

const [port = "3000", address = "127.0.0.1", idle = "300"] = process.argv.slice(2);
const LONGEST_LINE = 1000;

/** The clients: nickname to stream. */
const room = new Map();

function tellOthers(name, line) {
  for (const [other, stream] of room) {
    // A client that reads too slowly misses some messages, instead of filling the memory
    if (other !== name && stream.canWrite) stream.write(`${line}\n`);
  }
}

function enter(stream, name) {
  if (!/^[\p{L}\p{N}_-]{1,20}$/u.test(name)) {
    stream.write("A nickname has 1 to 20 letters, digits, - or _. Yours?\n");
    return undefined;
  }
  if (room.has(name)) {
    stream.write(`There is a ${name} already. Your nickname?\n`);
    return undefined;
  }
  stream.write(`Hello ${name}, ${room.size} here\n`);
  room.set(name, stream);
  tellOthers(name, `* ${name} enters`);
  return name;
}

const id = IOLoop.server({ port: Number(port), address }, (loop, stream) => {
  let name;
  let isLeaving = false;

  // The stream's own timeout would also count messages to this client as activity
  stream.timeout = 0;
  const timer = loop.timer(Number(idle), () => leave("Idle for too long. Bye"));
  const finish = loop.on("finish", () => leave("The server stops. Bye"));

  function leave(goodbye) {
    if (isLeaving) return;
    isLeaving = true;
    loop.remove(timer);
    stream.timeout = 5; // a client that does not read the goodbye is closed all the same
    stream.write(`${goodbye}\n`);
    stream.closeGracefully();
  }

  function line(text) {
    if (name === undefined) name = enter(stream, text);
    else if (text === "/quit") leave("Bye");
    else if (text === "/who") stream.write(`${[...room.keys()].join(", ")}\n`);
    else if (text !== "") tellOthers(name, `${name}: ${text}`);
  }

  stream.write("Your nickname?\n");
  stream.frames(lines({ max: LONGEST_LINE }), (_stream, text) => {
    if (isLeaving) return;
    loop.reactor.again(timer);
    line(text);
  });
  stream.on("error", () => {}); // a line is too long, or has no end: the stream closes

  stream.on("close", () => {
    loop.remove(timer);
    loop.unsubscribe("finish", finish);
    if (name === undefined) return;
    room.delete(name);
    tellOthers(name, `* ${name} leaves`);
  });
});

const server = IOLoop.acceptor(id);
await server.ready;
console.log(`Listening on ${address}:${server.port}`);

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => IOLoop.stopGracefully({ timeout: 5 }));

await IOLoop.start();
console.log("Bye");
