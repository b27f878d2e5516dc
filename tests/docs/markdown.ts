// Parses the sections, fenced blocks, anchors and links of a Markdown file, as far as the documents need it.

/** A fenced block. */
export interface Block {
  readonly language: string;
  readonly text: string;
  /** The line number of its fence. */
  readonly line: number;
  /** The content of a `text` block directly after it: the output of an example. */
  readonly output: string | undefined;
}

/** A heading, and all text below it, including deeper headings. */
export interface Section {
  readonly title: string;
  readonly level: number;
  readonly text: string;
}

const FENCE = /^```(\w*)$/;

/** The fenced blocks of a text. */
export function blocksOf(markdown: string): Block[] {
  const lines = markdown.split("\n");
  const blocks: (Block & { end: number })[] = [];
  for (let at = 0; at < lines.length; at++) {
    const language = FENCE.exec(lines[at]!)?.[1];
    if (language === undefined) continue;
    const end = lines.indexOf("```", at + 1);
    if (end < 0) throw new Error(`line ${at + 1}: the block has no end`);
    const text = `${lines.slice(at + 1, end).join("\n")}\n`;
    blocks.push({ language, text, line: at + 1, output: undefined, end });
    at = end;
  }
  return blocks.map(({ end, ...block }, index) => {
    const next = blocks[index + 1];
    // There may be one sentence between an example and its output.
    const between = next && lines.slice(end + 1, next.line - 1).filter((line) => line !== "");
    const isOutput = next?.language === "text" && between!.length <= 1;
    return Object.assign(block, { output: isOutput ? next.text : undefined });
  });
}

/** The sections of a text. A heading inside a block is not one. */
export function sectionsOf(markdown: string): Section[] {
  const lines = markdown.split("\n");
  const headings: { title: string; level: number; line: number }[] = [];
  let inside = false;
  for (const [line, text] of lines.entries()) {
    if (text.startsWith("```")) inside = !inside;
    const found = inside ? null : /^(#+) (.*)$/.exec(text);
    if (found) headings.push({ title: found[2]!, level: found[1]!.length, line });
  }
  return headings.map(({ title, level, line }, index) => {
    const end = headings.slice(index + 1).find((next) => next.level <= level);
    return { title, level, text: lines.slice(line, end?.line).join("\n") };
  });
}

/** A text without its fenced blocks. */
export function proseOf(markdown: string): string {
  return markdown.replaceAll(/^```[^]*?^```$/gm, "");
}

/** The anchors of a text's headings, as GitHub generates them. */
export function anchorsOf(markdown: string): Set<string> {
  const counts = new Map<string, number>();
  const anchors = new Set<string>();
  for (const { title } of sectionsOf(markdown)) {
    const anchor = title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_\s-]/gu, "")
      .replaceAll(" ", "-");
    const before = counts.get(anchor) ?? 0;
    counts.set(anchor, before + 1);
    anchors.add(before === 0 ? anchor : `${anchor}-${before}`);
  }
  return anchors;
}

/** The targets of a text's links and images. */
export function linksOf(markdown: string): string[] {
  return [...proseOf(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
}
