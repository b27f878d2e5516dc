// The functions that the core exports.

import type { CoreExports } from "wasm-ioloop/core";

type Name = Exclude<keyof CoreExports, "memory">;

/** The number of arguments of each. The type makes sure that the list is complete. */
export const FUNCTIONS: Record<Name, number> = {
  version: 0,
  handleSeed: 1,
  handleReset: 0,
  handleTick: 1,
  handleTimer: 3,
  handleTimerAgain: 3,
  handleTimerRemove: 1,
  handleCommands: 2,
  pollDeadline: 0,
  pollDue: 0,
  handleDue: 1,
  handleAcceptor: 1,
  handleAcceptorLimits: 5,
  handleAcceptorListen: 2,
  handleAcceptorEnd: 1,
  handleAcceptorClose: 1,
  pollEvicted: 0,
  handleAccept: 3,
  pollAdmission: 1,
  handleFound: 2,
  handleConnect: 2,
  handleTrack: 2,
  handleConnected: 2,
  handleAdopt: 1,
  handleTimeout: 3,
  handleLifetime: 3,
  handleLinger: 2,
  pollLinger: 0,
  handleClose: 1,
  handleLimits: 3,
  handleQueue: 5,
  handleRate: 3,
  pollDisplacement: 1,
  handleDrain: 4,
  handleHurry: 0,
  handleStop: 0,
  pollDecision: 2,
  stateOf: 1,
  nextState: 2,
  connectionsIn: 1,
  timerCount: 0,
  acceptorCount: 0,
  acceptedCount: 0,
  phase: 0,
  timerAddress: 0,
  dueAddress: 0,
  commandAddress: 0,
  activityAddress: 0,
  connectionCapacity: 0,
};

/** Their names. */
export const NAMES = Object.keys(FUNCTIONS) as Name[];
