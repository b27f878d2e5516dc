// The addresses of clients: how many connections each has open, and the turns of those with waiting clients.
//
// The host passes an address as a key: a number that it has made of the address with a salt of its own, or one that no other client has.
// I1  There is a record for a key exactly as long as it has clients that wait or are inside, and were counted when they arrived.
// I2  An address is in the queue of turns exactly as long as it has waiting clients.
// I3  Between two turns of an address in that queue that may have one more inside, every other has at most one.
// It never decides which client of an address is admitted: waiting.ts does.

import { ADDRESSES, CONNECTIONS, INDEX, INDEX_SIZE, TURNS_QUEUE } from "./memory";
import { ADDRESS, ADDRESS_LINKS } from "./connections";
import * as queue from "./queue";
import { give, name, record, take } from "./slots";

// The record of an address.
const CHAINED: usize = 4; // i32: the next one with the same place in the index, or 0
const KEY: usize = 8; // f64
const INSIDE: usize = 16; // i32
const WAITERS: usize = 20; // i32
const QUEUE: usize = 24; // the two words of a queue
const LINKS: usize = 32; // in the queue of turns

let fair: bool = false;
let most: i32 = 0; // connections of one address that may be open; 0 = unlimited

/** Whether addresses take turns. */
export function isFair(): bool {
  return fair;
}

/** Sets whether addresses take turns, and how many connections of one may be open (0 = unlimited). */
export function set(takeTurns: bool, limit: i32): void {
  fair = takeTurns;
  most = limit;
}

/** Whether clients are counted by their addresses. */
export function counts(): bool {
  return fair || most > 0;
}

/** Whether no further client of a key may wait. */
export function isOver(key: f64): bool {
  const slot = find(key);
  if (slot == 0 || most == 0) return false;
  const address = record(ADDRESSES, slot);
  return (load<i32>(address, INSIDE) + load<i32>(address, WAITERS)) >> 1 >= most;
}

/** Whether an address may have no further connection inside. `slot` is 0 for a client that is not counted. */
export function isFull(slot: i32): bool {
  return slot != 0 && most != 0 && load<i32>(record(ADDRESSES, slot), INSIDE) >= most;
}

/** The address whose turn it is, or 0. */
export function first(): i32 {
  return queue.end(TURNS_QUEUE, false);
}

/** The address whose turn is after that of another, or 0. */
export function after(slot: i32): i32 {
  return queue.neighbour(ADDRESSES, slot, LINKS, false);
}

/** The address of the queue of an address. Valid until a table grows. */
export function queueOf(slot: i32): usize {
  return record(ADDRESSES, slot) + QUEUE;
}

/** The oldest client of the address with the most waiting clients, of several that whose turn comes first; or 0. */
export function oldestOfLargest(): i32 {
  let oldest = 0;
  let waiters = 0;
  for (let slot = first(); slot != 0; slot = after(slot)) {
    const its = load<i32>(record(ADDRESSES, slot), WAITERS);
    if (its <= waiters) continue;
    waiters = its;
    oldest = queue.end(queueOf(slot), false);
  }
  return oldest;
}

/** Appends a client to the queue of its key. Returns false, with nothing changed, if there is no room for the key. */
export function join(client: i32, key: f64): bool {
  let slot = find(key);
  if (slot == 0) {
    slot = add(key);
    if (slot < 0) return false;
  }
  store<i32>(record(CONNECTIONS, client), slot, ADDRESS);
  queue.join(queueOf(slot), CONNECTIONS, client, ADDRESS_LINKS);
  if (load<i32>(record(ADDRESSES, slot), WAITERS) == 0) queue.join(TURNS_QUEUE, ADDRESSES, slot, LINKS);
  change(slot, WAITERS, 1);
  return true;
}

/** Removes a waiting client from the queue of its address. If it was admitted, it counts as inside, and others have their turn. */
export function leave(client: i32, isAdmitted: bool): void {
  const connection = record(CONNECTIONS, client);
  const slot = load<i32>(connection, ADDRESS);
  if (slot == 0) return;
  queue.leave(queueOf(slot), CONNECTIONS, client, ADDRESS_LINKS);
  const hasMore = load<i32>(record(ADDRESSES, slot), WAITERS) > 1;
  if (isAdmitted) change(slot, INSIDE, 1);
  else store<i32>(connection, 0, ADDRESS);
  if (isAdmitted || !hasMore) queue.leave(TURNS_QUEUE, ADDRESSES, slot, LINKS);
  if (isAdmitted && hasMore) queue.join(TURNS_QUEUE, ADDRESSES, slot, LINKS);
  change(slot, WAITERS, -1);
}

/** A connection gives up its slot. */
export function release(connection: i32): void {
  const slot = load<i32>(record(CONNECTIONS, connection), ADDRESS);
  if (slot != 0) change(slot, INSIDE, -1);
}

// Adds to one of the two numbers of an address.
function change(slot: i32, which: usize, more: i32): void {
  const address = record(ADDRESSES, slot);
  store<i32>(address + which, load<i32>(address + which) + more);
  if ((load<i32>(address, INSIDE) | load<i32>(address, WAITERS)) == 0) forget(slot);
}

// The place in the index of a key.
function place(key: f64): usize {
  return INDEX + ((<usize>(<i64>key & <i64>(INDEX_SIZE - 1))) << 2);
}

function find(key: f64): i32 {
  let slot = load<i32>(place(key));
  while (slot != 0 && load<f64>(record(ADDRESSES, slot), KEY) != key)
    slot = load<i32>(record(ADDRESSES, slot), CHAINED);
  return slot;
}

function add(key: f64): i32 {
  const slot = take(ADDRESSES);
  if (slot < 0) return -1;
  const address = record(ADDRESSES, slot);
  const at = place(key);
  name(address);
  store<i32>(address, load<i32>(at), CHAINED);
  store<i32>(at, slot);
  store<f64>(address, key, KEY);
  memory.fill(address + INSIDE, 0, LINKS - INSIDE);
  return slot;
}

function forget(slot: i32): void {
  const address = record(ADDRESSES, slot);
  let at = place(load<f64>(address, KEY));
  while (load<i32>(at) != slot) at = record(ADDRESSES, load<i32>(at)) + CHAINED;
  store<i32>(at, load<i32>(address, CHAINED));
  give(ADDRESSES, slot);
}
