// The table of exports, read from the core's source. All other files take it from here.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../support/paths.ts";

export { root };

export type Type = "i32" | "f64";

/** An exported function of the module. */
export interface Export {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  /** Undefined if it returns nothing. */
  readonly result: Type | undefined;
}

const fileOf = (name: string): string => readFileSync(join(root, "assembly", `${name}.ts`), "utf8");

/** The source of the exports, including those that are re-exported from other files. */
export const source: string = fileOf("index").replaceAll(
  /^export \{ (\w+) \} from "\.\/(\w+)";$/gm,
  (_line, name: string, file: string) => new RegExp(`^export function ${name}\\(.*$`, "m").exec(fileOf(file))![0],
);

const TYPES: Record<string, Type | undefined> = { i32: "i32", u32: "i32", usize: "i32", f64: "f64", void: undefined };

/** Every export, by name, in the order of the source. */
export const exports: ReadonlyMap<string, Export> = new Map(
  [...source.matchAll(/^export function (\w+)\(([^)]*)\): (\w+)/gm)].map(
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
