// What all servers in JavaScript have in common: the fixed answer, and how they notice that a request has come.
//
// Each is called with BODY MODE [IDLE]: bytes of the body, how to answer, seconds until an idle connection is closed.

const [CR, LF] = [13, 10];
const COLLECTIONS = 2;
const PAUSE_MILLISECONDS = 200;

const [bodyBytes = "64", mode = "keep", idle = "15"] = process.argv.slice(2);
const body = "x".repeat(Number(bodyBytes));

/** How to answer; each server says what it knows. */
export const MODE = mode;

/** Seconds after which an idle connection is closed. */
export const IDLE_SECONDS = Number(idle);

/** How many clients the system lets wait: all of a thousand that come at once. Bun keeps to 512. */
export const BACKLOG = 1024;

/** The answer in the three parts in which some programs write it. */
export const PARTS = [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n`, "\r\n", body];

/** The answer: a short one as a string, a long one as bytes, as programs have them. */
export const RESPONSE = body.length < 1024 ? PARTS.join("") : Buffer.from(PARTS.join(""));

/**
 * Counts the requests of one connection that end in each chunk: with a line that is empty. One may come in several chunks. It costs as
 * little as it can, for it is not what is measured.
 */
export function requestCounter() {
  let wasEmpty = false; // the line that is under way has nothing in it so far
  return (chunk) => {
    let requests = 0;
    let isEmpty = wasEmpty;
    const { length } = chunk;
    for (let at = 0; at < length; at++) {
      const byte = chunk[at];
      if (byte === LF) {
        if (isEmpty) requests++;
        isEmpty = !isEmpty;
      } else if (byte !== CR) {
        isEmpty = false;
      }
    }
    wasEmpty = isEmpty;
    return requests;
  };
}

/** Collects garbage when told to by a signal, and says so: memory is measured after that. */
export function collectOnSignal() {
  process.on("SIGUSR2", async () => {
    // What one collection finds unused is given back by threads that go on behind it, and the next one waits for them.
    for (let i = 0; i < COLLECTIONS; i++) {
      if (process.versions.bun) globalThis.Bun.gc(true);
      else globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
    console.log("collected");
  });
}
