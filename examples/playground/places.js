// Where the clients are: in the queue, or in a slot of those that were admitted.

import { slotOf } from "wasm-ioloop/core";

/** The number of descriptors of this machine, which limits clients in any case. The listening socket has one of them: slots begin at 1. */
export const DESCRIPTORS = 1024;

/** @typedef {import("./clients.js").Client} Client */

export class Places {
  /** @type {(Client | undefined)[]} by slot of the connection table */
  clients = [];
  /** How often each slot of the connection table has been used. */
  uses = new Uint32Array(DESCRIPTORS);
  /** @type {Client[]} waiting clients, in the order of arrival */
  line = [];
  /** @type {(Client | undefined)[]} admitted clients */
  seats = [];
  /** The number of silent admitted clients. */
  silent = 0;

  /** The client of a connection. @param {number} id */
  of(id) {
    return this.clients[slotOf(id)];
  }

  /** A client has arrived, and waits. @param {Client} client */
  add(client) {
    const slot = slotOf(client.id);
    this.clients[slot] = client;
    this.uses[slot] = (this.uses[slot] ?? 0) + 1;
    this.line.push(client);
  }

  /** A client is admitted. @param {Client} client */
  admit(client) {
    this.#leaveLine(client);
    client.seat = 0;
    while (this.seats[client.seat]) client.seat++;
    this.seats[client.seat] = client;
    if (client.isSilent) this.silent++;
  }

  /** A client has ended. @param {Client} client */
  remove(client) {
    this.clients[slotOf(client.id)] = undefined;
    if (client.seat < 0) return this.#leaveLine(client);
    this.seats[client.seat] = undefined;
    if (client.isSilent) this.silent--;
  }

  /** @param {Client} client */
  #leaveLine(client) {
    this.line.splice(this.line.indexOf(client), 1);
  }
}
