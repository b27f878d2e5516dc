// A fastify server, stopped by close-with-grace, as documented by both.

import { load } from "../packages.mjs";
import { BODY, LIMIT_SECONDS, begin, closeUpgraded, upgrade } from "./stopping.mjs";

const fastify = load("fastify");
const closeWithGrace = load("close-with-grace");

const app = fastify();
app.get("/:id/:after", (request, reply) => {
  const after = begin(request.url);
  setTimeout(() => reply.send(BODY), after);
});
app.server.on("upgrade", upgrade);
app.addHook("preClose", (done) => {
  closeUpgraded();
  done();
});
closeWithGrace({ delay: LIMIT_SECONDS * 1000 }, () => app.close());
await app.listen({ host: "127.0.0.1", port: 0 });
console.log(app.server.address().port);
