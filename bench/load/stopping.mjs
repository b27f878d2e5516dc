// The load of a server that is stopped: stopping.mjs PORT SEED. Clients that send requests without a pause, some that send a request
// from time to time, some that never complete a request, and a WebSocket.
//
// Prints "ready" when each has been answered. At SIGTERM, when the server has ended, it stops, and prints the outcome of all requests as JSON.
// The path of a request is /ID/MILLISECONDS, the time after which the server must answer.

import { connect } from "node:net";
import { randomFrom } from "../measure.mjs";
import { keepAliveClient } from "./keep-alive-client.mjs";

const [BUSY, IDLE, SILENT, SLOW] = [50, 10, 3, 2];
const ANSWER_MILLISECONDS = { most: 20, long: 1000, longEach: 50 };
const PAUSE_MILLISECONDS = { least: 1000, most: 3000 }; // of a mostly idle client
const [LOOK_MILLISECONDS, DELAY_MILLISECONDS] = [5, 50];
const BYTE_MILLISECONDS = 1000; // between two bytes of an endless request

const [port, seed] = process.argv.slice(2).map(Number);
const random = randomFrom(seed);
const answered = [];
const failed = [];
const delays = []; // when this process was stalled, in which time clients see neither an answer nor an end
let [requests, underWay, refused, turnedAway, lastAnswer] = [0, 0, 0, 0, 0];
let isOver = false;
let toCome = BUSY + IDLE + 1; // first answers, and the WebSocket

for (let number = 0; number < BUSY + IDLE; number++) startClient(number, number >= BUSY);
for (let number = 0; number < SILENT; number++) open(number);
for (let number = 0; number < SLOW; number++) sendSlowly(open(number));
openWebSocket();
const watch = noteDelays(); // which keeps this process alive, even without clients
process.on("SIGTERM", () => {
  clearInterval(watch);
  isOver = true;
  finish();
});

function address(number) {
  return { host: "127.0.0.1", port, localAddress: `127.0.0.${2 + number}` };
}

function startClient(number, isIdle) {
  const client = keepAliveClient(address(number));
  let [isNew, silentSince] = [true, milliseconds()];
  const ask = () => {
    if (isOver) return;
    const id = ++requests;
    const { most, long, longEach } = ANSWER_MILLISECONDS;
    const after = id % longEach === 0 ? long : Math.floor(random() * (most + 1));
    const silent = milliseconds() - silentSince;
    underWay++;
    client.ask(`/${id}/${after}`, (outcome) => {
      underWay--;
      silentSince = milliseconds();
      if (isNew) arrived();
      isNew = false;
      const goesOn = note({ id, isIdle, silent, ...outcome });
      if (isOver) finish();
      else if (goesOn && isIdle) setTimeout(setImmediate, between(PAUSE_MILLISECONDS), ask); // so that an end that has arrived is seen first
      else if (goesOn) ask();
    });
  };
  ask();
}

// Whether its client continues: one that is refused uses another server from then on.
function note({ status, code, ...request }) {
  const at = milliseconds();
  if (status === 200) {
    answered.push(request.id);
    lastAnswer = at;
  } else if (status === 503) {
    turnedAway++;
  } else if (code === "ECONNREFUSED") {
    refused++;
    return false;
  } else {
    failed.push({ ...request, at, why: code ?? status });
  }
  return true;
}

function open(number) {
  const socket = connect({ ...address(number), noDelay: true });
  socket.on("error", () => {}); // closed or reset, both are fine
  socket.resume();
  return socket;
}

function sendSlowly(socket) {
  socket.write("GET /0/0 HTTP/1.1\r\nHost: localhost\r\nCookie: ");
  const timer = setInterval(() => socket.write("x"), BYTE_MILLISECONDS);
  socket.on("close", () => clearInterval(timer));
}

// It answers the close frame, which is the only one that it gets, and the server then ends the connection.
function openWebSocket() {
  const socket = open(0);
  socket.write(
    "GET /websocket HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  socket.once("data", (head) => {
    if (!head.toString("latin1").startsWith("HTTP/1.1 101 ")) throw new Error(`no WebSocket: ${head}`);
    arrived();
    socket.once("data", () => socket.write(Buffer.from([0x88, 0x82, 0, 0, 0, 0, 0x03, 0xe9]))); // closed: 1001
  });
}

function noteDelays() {
  let last = milliseconds();
  return setInterval(() => {
    const now = milliseconds();
    if (now - last > DELAY_MILLISECONDS) delays.push({ until: now, milliseconds: now - last });
    last = now;
  }, LOOK_MILLISECONDS);
}

function arrived() {
  if (--toCome === 0) console.log("ready");
}

// The server has ended, so all pending requests fail soon.
function finish() {
  if (underWay > 0) return;
  const text = JSON.stringify({ answered, failed, refused, turnedAway, lastAnswer, delays });
  process.stdout.write(`${text}\n`, () => process.exit(0));
}

function between({ least, most }) {
  return least + random() * (most - least);
}

/** The system's clock, which all processes share. */
function milliseconds() {
  return Number(process.hrtime.bigint()) / 1e6;
}
