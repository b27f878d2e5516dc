// The statistics socket of a HAProxy.

import { connect } from "node:net";

/** The answer to a command; empty while HAProxy is still starting. */
export function command(socket: string, text: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const client = connect(socket, () => client.write(`${text}\n`));
    client.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    client.on("error", () => {}); // it is still starting
    client.on("close", () => resolve(answer));
  });
}

/** The counters of a server: the columns of `show stat`. */
export type Counts = Readonly<Record<string, string>>;

/** The counters of all servers, by name. */
export async function countsOf(socket: string): Promise<ReadonlyMap<string, Counts>> {
  const [head = "", ...rows] = (await command(socket, "show stat")).split("\n");
  const names = head.replace(/^# /, "").split(",");
  const tables = rows
    .map((row) => row.split(","))
    .map((row) => Object.fromEntries(names.map((name, i) => [name, row[i]!])));
  return new Map(tables.map((table) => [table["svname"] ?? "", table]));
}
