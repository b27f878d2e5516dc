// Users' code with promises: every line after the declarations must be refused.

import type { IOLoop, Stream } from "wasm-ioloop";
import { fixed, lengthPrefixed, lines } from "wasm-ioloop/framing";
import { prefork } from "wasm-ioloop/prefork";

declare const loop: IOLoop;
declare const stream: Stream;

// Refused from here on
// @ts-expect-error
void loop.sleep("1");
// @ts-expect-error
void loop.sleep(1, { signal: 5 });
// @ts-expect-error
void loop.connect({ host: "x" });
// @ts-expect-error
loop.listen({ port: "1" });
// @ts-expect-error
void stream.send(5);
// @ts-expect-error
stream.unread([1]);
// @ts-expect-error
void stream.reader().readExactly();
// @ts-expect-error
void stream.reader().readUntil(5);
// @ts-expect-error
void stream.reader().read({ max: 5 });
// @ts-expect-error
void stream.pipeTo(5);
// @ts-expect-error
void stream.pipeTo(stream, { ends: true });
// @ts-expect-error
void stream.splice({});
// @ts-expect-error
stream.frames({});
// @ts-expect-error
stream.frames(lines(), (_stream: Stream, line: number) => line);
// @ts-expect-error
lines({ encoding: "hex" });
// @ts-expect-error
lengthPrefixed({ bytes: 3 });
// @ts-expect-error
fixed();
// @ts-expect-error
stream.isClosed = true;
// @ts-expect-error
void prefork({ workers: 2 });
// @ts-expect-error
void prefork({ port: 80 }, () => {});
// @ts-expect-error
void prefork({ sharing: "system" }, () => {});
// @ts-expect-error
void prefork({}, (_loop, worker: number) => worker);
