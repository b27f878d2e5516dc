// The part of the engine that the rooms above may use. How it keeps time, and when its passes run, is hidden.

import type { Engine } from "./engine.ts";

/** The engine of a loop, as streams, servers, clients and watchers see it. */
export type LoopEngine = Pick<
  Engine,
  | "acceptors"
  | "active"
  | "admission"
  | "ask"
  | "begin"
  | "clock"
  | "connections"
  | "core"
  | "deliver"
  | "dispatched"
  | "end"
  | "enter"
  | "fail"
  | "guard"
  | "isRunning"
  | "isStopped"
  | "isWatching"
  | "nextTick"
  | "now"
  | "rearm"
  | "report"
  | "resources"
  | "run"
  | "start"
  | "stop"
  | "supervisor"
  | "timers"
  | "wake"
  | "writers"
>;
