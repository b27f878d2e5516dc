// The TLS options of servers and clients, with invalid values.

import { Client, Server } from "wasm-ioloop";
import {
  EMPTY,
  NO_BOOLEAN,
  NO_OBJECT,
  NO_PEM,
  NO_TEXT,
  RANGE,
  type Row,
  TYPE,
  type Task,
  nop,
} from "./argument-values.ts";

const PEM = "a path or a PEM, as string or Buffer";

type Call = (...[loop, options]: Parameters<Task>) => unknown;

/** A call with one wrong option. */
function option(what: string, call: Call, name: string): [string, Task] {
  return [`${what}: option "${name}"`, (loop, wrong) => call(loop, { [name]: wrong } as never)];
}

/** The options of both sides. */
function both(what: string, call: Call): Row[] {
  const [[tls, onTls], [ca, onCa]] = [option(what, call, "tls"), option(what, call, "tlsCa")];
  const [rest, onRest] = option(what, call, "tlsOptions");
  return [
    [onTls, NO_BOOLEAN, TYPE, `${tls} must be true or false`],
    [onCa, NO_PEM, TYPE, `${ca} must be ${PEM}, or an array of them`],
    [onCa, [[[5], "an array"]], TYPE, `${ca} must be ${PEM}, or an array of them`],
    [onRest, NO_OBJECT, TYPE, `${rest} must be an object`],
  ];
}

function listener(what: string, call: Call): Row[] {
  const [[ciphers, onCiphers], [verify, onVerify]] = [
    option(what, call, "tlsCiphers"),
    option(what, call, "tlsVerify"),
  ];
  const [version, onVersion] = option(what, call, "tlsVersion");
  return [
    ...both(what, call),
    ...["tlsCert", "tlsKey"].flatMap((name): Row[] => {
      const [title, onPem] = option(what, call, name);
      const allowed = `${PEM}, or an object with one for each host name`;
      return [
        [onPem, NO_PEM, TYPE, `${title} must be ${allowed}`],
        [onPem, [[{ "a.example": 5 }, "a plain object"]], TYPE, `${title} must be ${allowed}`],
      ];
    }),
    [onCiphers, NO_TEXT, TYPE, `${ciphers} must be a string that is not empty`],
    [onCiphers, EMPTY, RANGE, `${ciphers} must be a string that is not empty`],
    [onVerify, NO_BOOLEAN.filter(([value]) => value !== "yes"), TYPE, `${verify} must be true, false or "optional"`],
    [onVerify, [["yes", '"yes"']], RANGE, `${verify} must be true, false or "optional"`],
    [onVersion, NO_TEXT, TYPE, `${version} must be "TLSv1.2" or "TLSv1.3"`],
    [onVersion, [...EMPTY, ["TLSv1.1", '"TLSv1.1"']], RANGE, `${version} must be "TLSv1.2" or "TLSv1.3"`],
  ];
}

function connector(what: string, call: Call): Row[] {
  return [
    ...both(what, call),
    ...["tlsCert", "tlsKey"].map((name): Row => {
      const [title, onPem] = option(what, call, name);
      return [onPem, NO_PEM, TYPE, `${title} must be ${PEM}`];
    }),
  ];
}

/** Each option in each call that takes it. It is refused with and without `tls`. */
export const TLS_ROWS: readonly Row[] = [
  ...listener("server", (loop, wrong) => loop.server(wrong, nop)),
  ...listener("server", (loop, wrong) => loop.server(nop, wrong)),
  ...listener("listen", (loop, wrong) =>
    new Server({ reactor: loop.reactor }).listen({ tls: true, ...(wrong as object) }),
  ),
  ...connector("client", (loop, wrong) => loop.client(wrong, nop)),
  ...connector("client", (loop, wrong) => loop.client(nop, wrong)),
  ...connector("connect", (loop, wrong) =>
    new Client({ reactor: loop.reactor }).connect({ tls: true, ...(wrong as object) }),
  ),
];
