// EventEmitter: the order of subscribers, changes during an emit, errors without subscribers, and async subscribers.

import * as assert from "uvu/assert";
import { EventEmitter, IOLoopError } from "wasm-ioloop";
import { harness } from "../support/harness.ts";

const test = harness("event-emitter");

type TestEvents = { test: [number?, string?]; other: []; error: [unknown] };

function emitter(): { e: EventEmitter<TestEvents>; calls: string[] } {
  return { e: new EventEmitter<TestEvents>(), calls: [] };
}

function thrown(task: () => unknown): Error {
  try {
    task();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

test("170 subscribers run in order of subscription, with the emitter and the arguments", () => {
  const { e } = emitter();
  const calls: unknown[][] = [];
  for (const name of ["a", "b", "c"]) e.on("test", (...args) => void calls.push([name, ...args]));
  assert.is(e.emit("test", 1, "x"), e);
  assert.equal(
    calls.map(([name, , ...args]) => [name, ...args]),
    [
      ["a", 1, "x"],
      ["b", 1, "x"],
      ["c", 1, "x"],
    ],
  );
  assert.ok(calls.every(([, subject]) => subject === e));
});

test("170 emitting an event without subscribers has no effect", () => {
  const { e } = emitter();
  assert.is(e.emit("test"), e);
});

test("170 events may have the names of properties of Object.prototype", () => {
  const e = new EventEmitter();
  const calls: string[] = [];
  for (const name of ["constructor", "__proto__", "toString", ""]) {
    assert.is(e.hasSubscribers(name), false, name);
    e.emit(name);
    e.on(name, () => void calls.push(name));
    e.emit(name);
  }
  assert.equal(calls, ["constructor", "__proto__", "toString", ""]);
});

test("170 emitters do not share subscribers", () => {
  const [one, two] = [emitter(), emitter()];
  one.e.on("test", () => void one.calls.push("one"));
  two.e.emit("test");
  assert.equal(one.calls, []);
});

test("171 on returns the callback, once its wrapper, catch the emitter", () => {
  const { e } = emitter();
  const cb = (): void => {};
  assert.is(e.on("test", cb), cb);
  const wrapper = e.once("test", cb);
  assert.type(wrapper, "function");
  assert.is.not(wrapper, cb);
  assert.is(e.catch(cb), e);
  assert.equal(e.subscribers("error"), [cb]);
  assert.equal(e.subscribers("test"), [cb, wrapper]);
});

test("172 once unsubscribes before its callback runs", () => {
  const { e, calls } = emitter();
  e.once("test", (e) => {
    calls.push(`has ${e.hasSubscribers("test")}`);
    e.emit("test");
  });
  e.emit("test").emit("test");
  assert.equal(calls, ["has false"]);
});

test("172 a once callback that throws is still unsubscribed", () => {
  const { e, calls } = emitter();
  e.once("test", () => {
    calls.push("once");
    throw new Error("Oops");
  });
  assert.throws(() => e.emit("test"), "Oops");
  e.emit("test");
  assert.equal(calls, ["once"]);
});

test("172 two once callbacks and a permanent one run in order, and the once callbacks a single time", () => {
  const { e, calls } = emitter();
  e.once("test", () => void calls.push("a"));
  e.on("test", () => void calls.push("b"));
  e.once("test", () => void calls.push("c"));
  e.emit("test").emit("test");
  assert.equal(calls, ["a", "b", "c", "b"]);
});

test("172 once runs a single time if an earlier subscriber emits again", () => {
  const { e, calls } = emitter();
  e.on("test", (e, depth = 0) => {
    if (depth < 2) e.emit("test", depth + 1);
  });
  e.once("test", () => void calls.push("once"));
  e.emit("test");
  assert.equal(calls, ["once"]);
});

test("173 calling the wrapper directly counts as the single call", () => {
  const { e, calls } = emitter();
  const wrapper = e.once("test", (_e, number) => {
    calls.push(`once ${number}`);
    return "result";
  });
  assert.is(wrapper(e, 7), "result");
  assert.is(e.hasSubscribers("test"), false);
  e.emit("test", 8);
  assert.equal(calls, ["once 7"]);
});

test("173 the wrapper can be unsubscribed", () => {
  const { e, calls } = emitter();
  const wrapper = e.once("test", () => void calls.push("once"));
  e.unsubscribe("test", wrapper);
  e.emit("test");
  assert.equal(calls, []);
});

test("174 a subscriber added during an emit takes effect from the next emit on", () => {
  const { e, calls } = emitter();
  e.once("test", (e) => {
    calls.push("first");
    e.on("test", () => void calls.push("added"));
  });
  e.emit("test");
  assert.equal(calls, ["first"]);
  e.emit("test");
  assert.equal(calls, ["first", "added"]);
});

test("174 the same with other subscribers before and after it", () => {
  const { e, calls } = emitter();
  e.on("test", () => void calls.push("a"));
  e.once("test", (e) => void e.on("test", () => void calls.push("added")));
  e.on("test", () => void calls.push("z"));
  e.emit("test");
  assert.equal(calls, ["a", "z"]);
  e.emit("test");
  assert.equal(calls, ["a", "z", "a", "z", "added"]);
});

test("174 a nested emit calls subscribers that were added before it", () => {
  const { e, calls } = emitter();
  e.once("test", (e) => {
    e.on("test", () => void calls.push("added"));
    e.emit("test");
  });
  e.emit("test");
  assert.equal(calls, ["added"]);
});

test("175 a subscriber unsubscribed during an emit still runs in it", () => {
  const { e, calls } = emitter();
  const last = (): void => void calls.push("last");
  e.on("test", (e) => void e.unsubscribe("test", last));
  e.on("test", last);
  e.emit("test");
  assert.equal(calls, ["last"]);
  e.emit("test");
  assert.equal(calls, ["last"]);
});

test("175 the same with unsubscribe of the event, and unsubscribeAll", () => {
  for (const end of ["unsubscribe", "unsubscribeAll"] as const) {
    const { e, calls } = emitter();
    e.on("test", (e) => void (end === "unsubscribe" ? e.unsubscribe("test") : e.unsubscribeAll()));
    e.on("test", () => void calls.push("second"));
    e.emit("test").emit("test");
    assert.equal(calls, ["second"], end);
  }
});

test("175 no subscriber is skipped or repeated when one before it removes itself", () => {
  const { e, calls } = emitter();
  for (const name of ["a", "b", "c", "d"]) {
    const cb = e.on("test", (e) => {
      calls.push(name);
      e.unsubscribe("test", cb);
    });
  }
  e.emit("test").emit("test");
  assert.equal(calls, ["a", "b", "c", "d"]);
});

test("176 an exception leaves emit, later subscribers are skipped", () => {
  const { e, calls } = emitter();
  const oops = new Error("Oops");
  e.on("test", () => void calls.push("a"));
  e.on("test", () => {
    throw oops;
  });
  e.on("test", () => void calls.push("never"));
  assert.is(
    thrown(() => e.emit("test")),
    oops,
  );
  assert.equal(calls, ["a"]);
  assert.is(e.subscribers("test").length, 3);
});

test("177 an error without a subscriber is thrown as it is", () => {
  const { e } = emitter();
  const error = new TypeError("Bye");
  assert.is(
    thrown(() => e.emit("error", error)),
    error,
  );
});

test("177 a value that is not an error is thrown wrapped, with the value as cause", () => {
  const { e } = emitter();
  for (const [value, message] of [
    ["Bye", "Bye"],
    [0, "0"],
    [undefined, "undefined"],
    [{ code: 7 }, "[object Object]"],
  ] as const) {
    const error = thrown(() => e.emit("error", value));
    assert.instance(error, IOLoopError);
    assert.is((error as IOLoopError).code, "ERR_IOLOOP_UNHANDLED");
    assert.is(error.name, "IOLoopError");
    assert.is(error.message, message);
    assert.is(error.cause, value);
  }
});

test("177 null, a symbol and an object without a prototype are wrapped, too", () => {
  const { e } = emitter();
  for (const value of [null, Symbol("bye"), Object.create(null)]) {
    const error = thrown(() => e.emit("error", value));
    assert.instance(error, IOLoopError);
    assert.is(error.cause, value);
  }
});

test("177 an error with a subscriber is not thrown; catch subscribes to it", () => {
  const { e } = emitter();
  const heard: unknown[] = [];
  e.catch((subject, error) => void heard.push(subject, error));
  e.on("error", (_e, error) => void heard.push(error));
  e.emit("error", "Bye");
  assert.equal(heard, [e, "Bye", "Bye"]);
  e.unsubscribe("error");
  assert.instance(
    thrown(() => e.emit("error", "Bye")),
    IOLoopError,
  );
});

test("177 once receives one error; the next one has no subscriber", () => {
  const { e, calls } = emitter();
  e.once("error", (_e, error) => void calls.push(String(error)));
  e.emit("error", "one");
  assert.throws(() => e.emit("error", "two"), "two");
  assert.equal(calls, ["one"]);
});

test("178 unsubscribe removes every subscription of a callback, and returns the emitter", () => {
  const { e, calls } = emitter();
  const twice = e.on("test", () => void calls.push("twice"));
  e.on("test", () => void calls.push("other"));
  e.on("test", twice);
  e.emit("test");
  assert.equal(calls.splice(0), ["twice", "other", "twice"]);
  assert.is(e.unsubscribe("test", twice), e);
  e.emit("test");
  assert.equal(calls, ["other"]);
});
