// The arguments of a Delay, with invalid values.

import { Delay, IOLoop } from "wasm-ioloop";
import {
  NO_OBJECT,
  NO_OPTIONS,
  NO_REACTOR,
  type Row,
  TYPE,
  WHOLE_0,
  callback,
  count,
  nop,
  whole,
} from "./argument-values.ts";

/** Every argument that is checked by itself. */
export const DELAY_ROWS: readonly Row[] = [
  [(_loop, wrong) => new Delay(wrong), NO_OPTIONS, TYPE, "new Delay: options must be an object"],
  [
    (_loop, ioloop) => new Delay({ ioloop }),
    [...NO_REACTOR, [IOLoop, "a function"], [new IOLoop().reactor, "an object of Reactor"]],
    TYPE,
    'new Delay: option "ioloop" must be an IOLoop',
  ],
  ...count("begin: offset", WHOLE_0, whole(0), (loop, wrong) => loop.delay().begin(wrong)),
  ...count("begin: length", WHOLE_0, whole(0), (loop, wrong) => loop.delay().begin(0, wrong)),
  ...callback("step", (loop, wrong) => loop.delay().step(wrong)),
  ...callback(
    "steps",
    (loop, wrong) => loop.delay().steps(wrong),
    (loop, wrong) => loop.delay().steps(nop, wrong),
  ),
  ...callback(
    "delay",
    (loop, wrong) => loop.delay(wrong),
    (loop, wrong) => loop.delay(nop, nop, wrong),
  ),
  ...callback("on", (loop, wrong) => loop.delay().on("finish", wrong)),
  ...callback("catch", (loop, wrong) => loop.delay().catch(wrong)),
  [
    (loop, wrong) => loop.delay().data(wrong),
    NO_OBJECT.filter(([value]) => typeof value !== "string"),
    TYPE,
    "data: entries must be an object",
  ],
];
