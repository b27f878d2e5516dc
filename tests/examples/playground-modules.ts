// The modules of the playground that do not need a page, with types for the tests.

import type { CoreExports } from "wasm-ioloop/core";

type Name =
  | "load"
  | "atOnce"
  | "service"
  | "fullSpeed"
  | "patience"
  | "silent"
  | "maxConnections"
  | "backlog"
  | "multiAccept"
  | "queue"
  | "targetWait"
  | "flooder"
  | "fairness"
  | "maxPerAddress"
  | "waitTimeout"
  | "idleTimeout"
  | "drainDelay"
  | "drainTimeout";

export type Settings = Readonly<Record<Name, number>>;

interface Client {
  readonly isSilent: boolean;
  readonly isGone: boolean;
  readonly isFlooder: boolean;
}

export interface PlaygroundHost {
  readonly now: number;
  readonly next: number;
  readonly phase: number;
  readonly inside: number;
  readonly waiting: number;
  readonly isRunning: boolean;
  readonly places: {
    readonly line: readonly Client[];
    readonly seats: readonly (Client | undefined)[];
    readonly silent: number;
  };
  readonly core: { readonly calls: CoreExports };
  readonly ledger: {
    readonly ended: readonly number[];
    readonly arrived: number;
    readonly longestWait: number;
    readonly mostInside: number;
    readonly answer: { ago(age: number): number };
    readonly rate: { ago(age: number): number };
    readonly goodput: { ago(age: number): number };
    readonly others: { readonly share: number };
    readonly flooder: { readonly share: number };
    readonly delay: { greatest(): number };
  };
  advance(to: number): boolean;
  step(): void;
  set(settings: Settings): void;
  drain(): void;
  hurry(): void;
}

interface Control {
  readonly name: Name;
  readonly hint: string;
  readonly stops?: readonly number[];
  readonly choices?: readonly (readonly [number, string])[];
}

export interface Playground {
  readonly Host: new (settings: Settings, seed: number) => PlaygroundHost;
  readonly DESCRIPTORS: number;
  readonly Fate: Readonly<Record<"SERVED" | "TURNED_AWAY" | "WAITED" | "GAVE_UP" | "SILENT" | "CLOSED", number>>;
  readonly PRESETS: readonly { readonly name: string; readonly settings: Settings }[];
  readonly Queue: Readonly<Record<"FIFO" | "ADAPTIVE", number>>;
  readonly Fairness: Readonly<Record<"NONE" | "ADDRESS", number>>;
  readonly MAIN: readonly Control[];
  readonly LOAD: readonly Control[];
  readonly LIMITS: readonly Control[];
  gapAfter(seed: number, serial: number, settings: Settings): number;
  slotAt(tick: number, now: number): number;
  verdict(host: PlaygroundHost, settings: Settings): string;
}

/** All of their exports. */
export async function playground(): Promise<Playground> {
  const files = ["host", "ledger", "settings", "presets", "places", "clients", "dial", "verdict"];
  const modules = files.map(
    (file) => import(new URL(`../../../examples/playground/${file}.js`, import.meta.url).href) as Promise<object>,
  );
  return Object.assign({}, ...(await Promise.all(modules))) as Playground;
}
