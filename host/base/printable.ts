// Makes text safe for a terminal or a log. Parts of it may come from a remote peer: names in a certificate, messages. Unescaped,
// they could move the cursor, hide other text, or imitate a line of our own.

// Control characters, and those that change the direction of writing.
// oxlint-disable-next-line no-control-regex -- control characters are what it matches
const OBEYED = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Text as one line of at most about `longest` characters. */
export function asLine(text: string, longest = 500): string {
  return shortened(text, longest).replaceAll(OBEYED, escape).replaceAll("\n", "\\n");
}

/** Text of several lines, such as a stack. All lines except the first are indented, so that none can imitate a line of our own. */
export function asLines(text: string, longest = 8000): string {
  return shortened(text, longest).replaceAll(OBEYED, escape).replaceAll("\n", "\n  ");
}

/** Facts as one line of JSON, with at most about `longest` characters of each text. */
export function asJson(facts: Readonly<Record<string, unknown>>, longest = 2000): string {
  const cut = (_name: string, value: unknown): unknown =>
    typeof value === "string" ? shortened(value, longest) : value;
  return JSON.stringify(facts, cut).replaceAll(OBEYED, (character) => `\\u${hex(character).padStart(4, "0")}`);
}

/** Text of at most about `longest` characters; says how many are missing. */
export function shortened(text: string, longest: number): string {
  if (text.length <= longest) return text;
  const kept = text.slice(0, longest).replace(/[\ud800-\udbff]$/, ""); // not the first half of a character
  return `${kept}… (${text.length - kept.length} characters more)`;
}

function escape(character: string): string {
  if (character === "\t") return "  ";
  if (character === "\r") return "\\r";
  const code = hex(character);
  return code.length > 2 ? `\\u${code.padStart(4, "0")}` : `\\x${code.padStart(2, "0")}`;
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16);
}
