// The same for pm2, which ends a process by SIGINT, for comparison.

import { createServer } from "node:http";

const server = createServer((_request, response) => response.end(`from ${process.pid}\n`));
server.listen({ host: "127.0.0.1", port: Number(process.env["PORT"]) });
process.on("SIGINT", () => {
  server.close(() => process.exit(0));
  server.closeIdleConnections();
});
