// The table of exports: the core's source is where it stands, and all who need it take it from here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root: string = fileURLToPath(new URL("../../..", import.meta.url));

export type Type = "i32" | "f64";

/** A function of the module. */
export interface Export {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  /** Undefined where it gives nothing. */
  readonly result: Type | undefined;
}

const TYPES: Record<string, Type | undefined> = { i32: "i32", u32: "i32", usize: "i32", f64: "f64", void: undefined };

/** Every export, by name, in the order of the source. */
export const exports: ReadonlyMap<string, Export> = new Map(
  [...readFileSync(join(root, "assembly/index.ts"), "utf8").matchAll(/^export function (\w+)\(([^)]*)\): (\w+)/gm)].map(
    ([, name = "", parameters = "", result = ""]) => [
      name,
      {
        name,
        parameters: [...parameters.matchAll(/(\w+): (\w+)/g)].map(([, name = "", type = ""]) => ({
          name,
          type: TYPES[type]!,
        })),
        result: TYPES[result],
      },
    ],
  ),
);
