// The log of the manager on stderr. Until the first workers are up it is held back: if they cannot start, their error says it all.

/** Prints the log. */
export class StartLog {
  #held: string[] | undefined = [];

  /** Receives a line of the log, and the name of its event. */
  readonly write = (line: string, event: string): void => {
    if (event === "started") this.flush();
    if (this.#held && event !== "start") this.#held.push(line);
    else console.error(line);
  };

  /** Prints what was held back, and holds back no more. */
  flush(): void {
    for (const line of this.#held ?? []) console.error(line);
    this.#held = undefined;
  }
}
