// The modules of the playground that do not need a page, with types for the tests.

import type { CoreExports } from "wasm-ioloop/core";

type Name =
  | "arrivals"
  | "atOnce"
  | "service"
  | "fullSpeed"
  | "patience"
  | "silent"
  | "maxConnections"
  | "backlog"
  | "multiAccept"
  | "waitTimeout"
  | "idleTimeout"
  | "drainDelay"
  | "drainTimeout";

export type Settings = Readonly<Record<Name, number>>;

export interface PlaygroundHost {
  readonly now: number;
  readonly next: number;
  readonly phase: number;
  readonly inside: number;
  readonly waiting: number;
  readonly silent: number;
  readonly isRunning: boolean;
  readonly line: readonly unknown[];
  readonly seats: readonly ({ readonly isSilent: boolean } | undefined)[];
  readonly core: { readonly calls: CoreExports };
  readonly ledger: {
    readonly ended: readonly number[];
    readonly arrived: number;
    readonly longestWait: number;
    readonly mostInside: number;
    readonly answer: { ago(age: number): number };
    readonly delay: { greatest(): number };
  };
  advance(to: number): boolean;
  step(): void;
  set(settings: Settings): void;
  drain(): void;
  hurry(): void;
}

interface Slider {
  readonly name: Name;
  readonly stops: readonly number[];
}

export interface Playground {
  readonly Host: new (settings: Settings, seed: number) => PlaygroundHost;
  readonly DESCRIPTORS: number;
  readonly Fate: Readonly<Record<"SERVED" | "TURNED_AWAY" | "WAITED" | "GAVE_UP" | "SILENT" | "CLOSED", number>>;
  readonly PRESETS: readonly { readonly name: string; readonly settings: Settings }[];
  readonly LOAD: readonly Slider[];
  readonly LIMITS: readonly Slider[];
  gapAfter(seed: number, serial: number, settings: Settings): number;
  slotAt(tick: number, now: number): number;
}

/** All of their exports. */
export async function playground(): Promise<Playground> {
  const files = ["host", "ledger", "settings", "clients", "dial"];
  const modules = files.map(
    (file) => import(new URL(`../../../examples/playground/${file}.js`, import.meta.url).href) as Promise<object>,
  );
  return Object.assign({}, ...(await Promise.all(modules))) as Playground;
}
