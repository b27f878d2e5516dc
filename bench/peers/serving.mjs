// Shared by all servers in JavaScript: the fixed answer, and how they detect requests.
//
// Arguments of each: BODY MODE [IDLE], bytes of the body, how to answer, seconds until an idle connection is closed.

const [CR, LF] = [13, 10];
const COLLECTIONS = 2;
const PAUSE_MILLISECONDS = 200;

const [bodyBytes = "64", mode = "keep", idle = "15"] = process.argv.slice(2);
const body = "x".repeat(Number(bodyBytes));

/** How to answer; each server supports some modes. */
export const MODE = mode;

/** Seconds after which an idle connection is closed. */
export const IDLE_SECONDS = Number(idle);

/** The backlog of the listening socket, enough for a thousand clients at once. Bun limits it to 512. */
export const BACKLOG = 1024;

/** The answer in the three parts in which some programs write it. */
export const PARTS = [`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n`, "\r\n", body];

/** The answer: a short one as a string, a long one as bytes, as in usual programs. */
export const RESPONSE = body.length < 1024 ? PARTS.join("") : Buffer.from(PARTS.join(""));

/**
 * Counts the requests of one connection that end in each chunk, with an empty line. A request may arrive in several chunks. It is as
 * cheap as possible, because it is not what is measured.
 */
export function requestCounter() {
  let wasEmpty = false; // the current line is empty so far
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

/** Collects garbage on a signal, and prints how many bytes are used when that is done. Memory is measured after that. */
export function collectOnSignal() {
  process.on("SIGUSR2", async () => {
    // Background threads return the memory that a collection has freed, and the next collection waits for them.
    for (let i = 0; i < COLLECTIONS; i++) {
      if (process.versions.bun) globalThis.Bun.gc(true);
      else globalThis.gc();
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MILLISECONDS));
    }
    console.log(`collected ${process.memoryUsage().heapUsed}`);
  });
}
