// The gate: does what the core decides about who comes in, and about shutting down.

import { Decision, State, slotOf } from "../core/core.ts";
import { debug } from "../core/debug.ts";
import type { Engine } from "./engine.ts";
import type { Client } from "./parts.ts";

export class Gate {
  readonly #engine: Engine;
  /** Whether something has come, gone, or changed its limits since the core was asked. */
  isToBeAsked = false;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  /** Lets in who may come in, and finds out whether it is time to stop, until nothing changes any more. */
  settle(): void {
    while (this.isToBeAsked) {
      this.isToBeAsked = false;
      for (let id = this.#nextAdmission(); id > 0; id = this.#nextAdmission()) {
        this.#engine.dispatched();
        (this.#engine.table.connections[slotOf(id)] as Client).admit();
        this.wakeForWaiting(); // the next pass may admit as many again
      }
      if (this.decide()) this.isToBeAsked = true;
    }
  }

  /** Has a pass run where clients wait. */
  wakeForWaiting(): void {
    if (this.#engine.core.calls.connectionsIn(State.WAITING) > 0) this.#engine.wake();
  }

  /** Does what the core decides about shutting down; whether there may be more. */
  decide(): boolean {
    const engine = this.#engine;
    const decision = engine.core.calls.pollDecision(engine.unknownToCore, engine.isRunning ? 1 : 0);
    if (decision !== Decision.NOTHING)
      debug?.(engine.core, `decision: ${["", "finish", "stop", "close all"][decision]}`);
    if (decision === Decision.FINISH) engine.supervisor.finish();
    else if (decision === Decision.CLOSE) engine.table.abortAll();
    else if (decision === Decision.STOP) engine.stop();
    return decision === Decision.FINISH || decision === Decision.CLOSE;
  }

  #nextAdmission(): number {
    return this.#engine.isRunning ? this.#engine.core.calls.pollAdmission(this.#engine.now) : 0;
  }
}
