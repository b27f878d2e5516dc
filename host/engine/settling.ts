// The end of a dispatch: clients are admitted, and streams flushed, until nothing changes any more.

interface Settled {
  readonly admission: { readonly isToBeAsked: boolean; settle(): void };
  readonly writers: { readonly length: number; flush(): void };
}

const ROUNDS = 16; // callbacks of a flush may write again

/** Returns false if there may be more to do. */
export function settle({ admission, writers }: Settled): boolean {
  let rounds = 0;
  for (; rounds < ROUNDS && (admission.isToBeAsked || writers.length > 0); rounds++) {
    if (admission.isToBeAsked) admission.settle();
    writers.flush();
  }
  return rounds < ROUNDS;
}
