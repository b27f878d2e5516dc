// Clients that arrive, wait, give up and are served, in virtual time. The core decides who is admitted; everything else is here.

import { percentile } from "../measure.mjs";
import { arrivals, numbers } from "./draws.mjs";
import { Heap } from "./heap.mjs";
import { VirtualHost } from "./virtual-host.mjs";

const [ARRIVE, END, LEAVE, RETRY] = [0, 1, 2, 3];
const WARM_UP = 0.1; // share of the time before clients are counted
const ROUNDING = 1e-6; // ms
const NUDGE = 0.5; // ms: how long after a deadline that has passed already the core is asked again

/**
 * Who arrives, and what they need. Times are in seconds.
 * @typedef {object} Scenario
 * @property {number} places how many are served at once
 * @property {number} load arrivals, as a multiple of what can be served
 * @property {(random: () => number) => () => number} service draws how long a client takes
 * @property {number} mean the mean of that
 * @property {(random: () => number) => () => number} patience draws how long a client waits
 * @property {(time: number) => number} [factor] by how much the load is multiplied at a time; default 1
 * @property {number} [most] the highest factor
 * @property {number} [seconds] how long clients arrive; default: until as many have come as the run wants
 * @property {number} [warmUp] seconds before clients are counted; default a tenth of the time
 * @property {number} [leaverCost] the share of its service that a client takes that has left; default 1
 * @property {boolean} [untilAnswered] whether a client leaves when its patience ends, also while it is served; default: it waits that long for admission
 * @property {boolean} [leaversSeen] whether the server notices at once that a waiting client leaves
 * @property {(attempt: number) => number} [retryAfter] how long after its nth attempt a client tries again; negative: no more
 * @property {(random: () => number) => { key: number, group: string, factor?: number }} [who] draws an address, the group in
 * which it is counted, and by how much its service is multiplied
 */

/**
 * The outcome.
 * @typedef {object} Outcome
 * @property {number} served share of the clients that were admitted while they were there
 * @property {number} goodput share of all places' time that served clients had
 * @property {number} p50 @property {number} p99 of the waits of served clients, in ms
 * @property {number} reset the longest wait after which a client was reset, in seconds
 * @property {Record<string, number>} groups the share served in each group
 */

/**
 * @param {Scenario} scenario
 * @param {Omit<import("./virtual-host.mjs").Settings, "places">} settings
 * @param {{ seed: number, clients: number }} run
 * @returns {Outcome}
 */
export function simulate(scenario, settings, run) {
  return new Simulation(scenario, settings, run).run();
}

class Simulation {
  #scenario;
  #host;
  #heap = new Heap();
  #end;
  #warmUp;
  #next; // draws
  #tellsAtEnd; // that a client is there, or has left while it was served
  #arrived = 0; // those that count
  #waits = []; // of those served
  #held = 0; // ms of places held by clients that were there
  #longest = 0;
  #groups = new Map();

  constructor(scenario, settings, { seed, clients }) {
    const { places, load, mean, factor = () => 1, most = 1, service, patience, who = nobody } = scenario;
    this.#scenario = scenario;
    this.#tellsAtEnd = settings.tells === "end";
    const rate = (load * places) / mean; // per second
    const seconds = scenario.seconds ?? clients / rate;
    this.#end = seconds * 1000;
    this.#warmUp = (scenario.warmUp ?? seconds * WARM_UP) * 1000;
    // A stream for each, so that all policies get the same clients
    this.#next = {
      arrival: arrivals(numbers(seed, 0), (time) => rate * factor(time), rate * most),
      service: service(numbers(seed, 1)),
      patience: patience(numbers(seed, 2)),
      who: who(numbers(seed, 3)),
    };
    this.#host = new VirtualHost(
      { ...settings, places },
      {
        admitted: (attempt, now) => this.#admitted(attempt, now),
        dropped: (attempt, now) => this.#dropped(attempt, now),
      },
    );
  }

  run() {
    const heap = this.#heap;
    heap.add(this.#next.arrival() * 1000, ARRIVE);
    let now = 0;
    for (;;) {
      const { deadline } = this.#host;
      const isCore = deadline < heap.time;
      now = isCore ? Math.max(deadline, now + (deadline <= now ? NUDGE : 0)) : heap.time;
      if (now >= this.#end) break;
      if (!isCore) this.#happen(heap.take(), now);
      this.#host.pass(now);
    }
    return this.#outcome();
  }

  #happen({ kind, attempt }, now) {
    switch (kind) {
      case ARRIVE:
        this.#heap.add(this.#next.arrival() * 1000, ARRIVE);
        this.#try(this.#client(now), 1, now);
        break;
      case END:
        if (attempt.isToBeTold) this.#host.found(attempt, attempt.leaves);
        this.#host.close(attempt);
        break;
      case LEAVE:
        if (!this.#host.isWaiting(attempt)) break;
        if (this.#scenario.leaversSeen) this.#host.close(attempt);
        this.#tryAgain(attempt, now);
        break;
      case RETRY:
        this.#try(attempt.client, attempt.number + 1, now);
        break;
    }
  }

  #client(now) {
    const { key, group, factor = 1 } = this.#next.who();
    const service = this.#next.service() * factor * 1000;
    const client = { key, group, service, patience: this.#next.patience() * 1000, counts: now >= this.#warmUp };
    if (client.counts) {
      this.#arrived++;
      this.#group(group).arrived++;
    }
    return client;
  }

  #try(client, number, now) {
    const attempt = {
      client,
      number,
      key: client.key,
      arrived: now,
      id: 0,
      isGone: false,
      leaves: false,
      isToBeTold: false,
    };
    this.#host.arrive(attempt, now);
    const { leaversSeen, retryAfter } = this.#scenario;
    const leavesAt = now + client.patience + ROUNDING;
    if ((leaversSeen || retryAfter) && attempt.id > 0 && leavesAt < Infinity) this.#heap.add(leavesAt, LEAVE, attempt);
  }

  // A client that was reset, or that has given up.
  #tryAgain(attempt, now) {
    attempt.isGone = true;
    const after = this.#scenario.retryAfter?.(attempt.number) ?? -1;
    if (after >= 0) this.#heap.add(now + after * 1000, RETRY, attempt);
  }

  #admitted(attempt, now) {
    const { client } = attempt;
    const wait = now - attempt.arrived;
    const isGone = attempt.isGone || wait > client.patience;
    const service = client.service * (isGone ? (this.#scenario.leaverCost ?? 1) : 1);
    this.#heap.add(now + service, END, attempt);
    attempt.leaves = isGone || (this.#scenario.untilAnswered === true && wait + client.service > client.patience);
    attempt.isToBeTold = this.#tellsAtEnd && wait > 0 && !isGone;
    if (wait > 0 && !attempt.isToBeTold) this.#host.found(attempt, isGone);
    if (attempt.leaves) return;
    this.#held += Math.max(0, Math.min(now + service, this.#end) - Math.max(now, this.#warmUp));
    if (!client.counts) return;
    this.#group(client.group).served++;
    this.#waits.push(wait);
  }

  #dropped(attempt, now) {
    const wait = now - attempt.arrived;
    this.#longest = Math.max(this.#longest, wait);
    if (!attempt.isGone && wait <= attempt.client.patience) this.#tryAgain(attempt, now);
  }

  #group(name) {
    let group = this.#groups.get(name);
    if (!group) this.#groups.set(name, (group = { arrived: 0, served: 0 }));
    return group;
  }

  #outcome() {
    const waits = this.#waits.sort((a, b) => a - b);
    const shares = [...this.#groups].map(([name, { arrived, served }]) => [name, served / arrived]);
    return {
      served: waits.length / this.#arrived,
      goodput: this.#held / ((this.#end - this.#warmUp) * this.#scenario.places),
      p50: percentile(waits, 50),
      p99: percentile(waits, 99),
      reset: this.#longest / 1000,
      groups: Object.fromEntries(shares),
    };
  }
}

const nobody = () => () => ({ key: Number.NaN, group: "all" });
