// Parses the declarations in dist/, line by line: the reference must document what a user's compiler sees.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { filesIn, root } from "../support/paths.ts";

const dist = join(root, "dist");

/** A declared class, interface, or type with members. */
export interface Declaration {
  readonly name: string;
  readonly kind: "class" | "interface" | "type";
  /** Names of public members, including options that a constructor declares inline. */
  readonly members: readonly string[];
}

const HEAD = /^(?:export )?(?:declare )?(?:abstract )?(class|interface|type) (\w+)[^{;]*(?:\{[^{}]*\}[^{;]*)*\{$/;
const MEMBER = /^ {2}(?:static |readonly |get |set )*(\w+)[?]?[(<:;]/;
const IN_PLACE = /^ {4}(\w+)\?:/;

/** The text of one declaration file, without comments. */
export function declarationText(file: string): string {
  return readFileSync(join(dist, file), "utf8").replaceAll(/^ *\/\*\*[\s\S]*?\*\/\n/gm, "");
}

/** The declarations of the package, by name. */
export function declarations(): Map<string, Declaration> {
  const all = new Map<string, Declaration>();
  for (const file of filesIn(dist).filter((name) => name.endsWith(".d.ts"))) {
    for (const declaration of declarationsIn(declarationText(file))) {
      // An internal interface may have the name of a class; the class is the public declaration.
      if (all.get(declaration.name)?.kind !== "class") all.set(declaration.name, declaration);
    }
  }
  return all;
}

/** The declarations in one text. */
export function declarationsIn(text: string): Declaration[] {
  const found: Declaration[] = [];
  let current: { name: string; kind: Declaration["kind"]; members: Set<string> } | undefined;
  for (const line of text.split("\n")) {
    const head = HEAD.exec(line);
    if (head) current = { kind: head[1] as Declaration["kind"], name: head[2]!, members: new Set() };
    else if (!current) continue;
    else if (line.startsWith("}")) {
      found.push({ ...current, members: [...current.members] });
      current = undefined;
    } else {
      const member = (MEMBER.exec(line) ?? IN_PLACE.exec(line))?.[1];
      if (member !== undefined && member !== "constructor") current.members.add(member);
    }
  }
  return found;
}

/** The names that a declaration file exports, including types. */
export function exportsOf(file: string): string[] {
  const text = declarationText(file);
  const listed = [...text.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap((match) => match[1]!.split(","));
  const names = listed.map((name) => name.replace(/^\s*type /, "").trim()).filter((name) => name !== "");
  const own = [...text.matchAll(/^export (?:declare )?(?:abstract )?(?:class|interface|type|const|function) (\w+)/gm)];
  return [...new Set([...names, ...own.map((match) => match[1]!)])];
}

/** The members of a union of strings. */
export function stringsOf(file: string, type: string): string[] {
  const union = new RegExp(`type ${type} =([^;]*);`).exec(declarationText(file))?.[1] ?? "";
  return [...union.matchAll(/"([^"]*)"/g)].map((match) => match[1]!);
}
