// The floor of Node: its own objects for connections, without a socket around them, without state, timeout or error handling. Answers, and
// closes at once; or ends its side first, and waits for the end of the other, as a server must whose clients may still be sending.

import { createServer } from "node:net";
import { BACKLOG, MODE, RESPONSE, requestCounter } from "./serving.mjs";

/* oxlint-disable no-underscore-dangle -- Node's names */

process.removeAllListeners("warning"); // `binding` is deprecated, and there is nothing else for this
const { ShutdownWrap, WriteWrap, kReadBytesOrError, streamBaseState } = process.binding("stream_wrap");
const buffer = Buffer.allocUnsafeSlow(65_536);

function answer(handle) {
  handle.writeLatin1String(new WriteWrap(), RESPONSE);
  if (MODE === "close") handle.close();
  else handle.shutdown(new ShutdownWrap());
}

// Called by the handle.
function read() {
  const length = streamBaseState[kReadBytesOrError];
  if (length <= 0) return this.close();
  for (let left = this.requestsIn(buffer.subarray(0, length)); left > 0; left--) answer(this);
  return undefined;
}

const server = createServer();
server.listen({ host: "127.0.0.1", port: 0, backlog: BACKLOG }, () => {
  const { port } = server.address();
  server._handle.setNoDelay(true); // its connections inherit it
  server._handle.onconnection = (_error, handle) => {
    handle.requestsIn = requestCounter();
    handle.onread = read;
    handle.useUserBuffer(buffer);
    handle.readStart();
  };
  console.log(port);
});
