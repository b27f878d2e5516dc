// Directly created servers and clients that are closed and used again at random, while their loop is running or stopped. Each
// reports the outcome of the latest call, once, and of no earlier one.

import type { Socket } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Client, type Reactor, Server } from "wasm-ioloop";
import { NOBODYS, harness, inFolder, peer, plainServer, quietLoop, turns, until } from "../support/harness.ts";
import { Random } from "../hosts/replay/random.ts";

const test = harness("random-again");

const ROUNDS = 120;
const ACTIONS = 60; // per round

/** An address to listen on or connect to, and whether that will succeed. */
interface Place {
  readonly port?: number;
  readonly path?: string;
  readonly isGood: boolean;
}

/** A server or client, with the outcomes that it has reported. */
abstract class Told {
  readonly wrong: string[] = [];
  /** The address of the latest call, until its outcome is reported. */
  place: Place | undefined;
  protected abstract readonly one: Client | Server;
  readonly #places: readonly Place[];

  constructor(places: readonly Place[]) {
    this.#places = places;
  }

  /** Begins again, at a random address. */
  again(random: Random): void {
    this.close();
    this.place = random.of(this.#places);
    const { isGood: _, ...where } = this.place;
    if (this.one instanceof Server) this.one.listen(where);
    else this.one.connect(where);
  }

  close(): void {
    this.one.close();
    this.place = undefined;
  }

  protected hears(isGood: boolean, what: string): void {
    if (this.place?.isGood !== isGood) this.wrong.push(`${what}, after a call with ${JSON.stringify(this.place)}`);
    this.place = undefined;
  }
}

class ToldServer extends Told {
  readonly one: Server;

  constructor(reactor: Reactor, places: readonly Place[]) {
    super(places);
    this.one = new Server({ reactor });
    this.one.on(
      "accept",
      (_server, handle) =>
        void handle
          .on("error", () => {})
          .resume()
          .end("in"),
    );
    this.one.on("error", (_server, error) => this.hears(false, error.message));
  }

  /** Whether an outcome is still to come. */
  get isPending(): boolean {
    return this.place?.isGood === false;
  }

  /** Connects a client, if it must be listening. */
  async end(): Promise<void> {
    const { one: server, place } = this;
    server.start();
    assert.is(server.handle !== undefined, place !== undefined);
    if (place) {
      await server.ready;
      assert.is(await peer({ path: place.path! }).ended, "in");
    }
    this.close();
  }
}

class ToldClient extends Told {
  readonly one: Client;

  constructor(reactor: Reactor, places: readonly Place[]) {
    super(places);
    this.one = new Client({ reactor });
    this.one.on("connect", (_client, handle) => {
      const { remotePort } = handle as Socket;
      if (this.place?.path === undefined && remotePort !== this.place?.port) this.wrong.push(`is at ${remotePort}`);
      this.hears(true, "connected");
      handle.destroy();
    });
    this.one.on("error", (_client, error) => this.hears(false, error.message));
  }

  get isPending(): boolean {
    return this.place !== undefined;
  }

  end(): void {
    assert.is(this.one.handle, undefined);
  }
}

test("a server or client that is closed and used again reports nothing from before", () =>
  inFolder(async (folder) => {
    const there = await plainServer();
    const path = join(folder, "taken");
    const { loop: other } = quietLoop();
    const acceptor = other.server({ path }, (_loop, stream) => stream.closeGracefully());
    const others = other.start();
    await other.acceptor(acceptor)!.ready;
    const taken = [
      { port: there.port, isGood: false },
      { path, isGood: false },
    ];
    const peers = [
      { port: there.port, isGood: true },
      { path, isGood: true },
      { port: NOBODYS, isGood: false },
      { path: join(folder, "nobodys"), isGood: false },
    ];

    for (let seed = 1; seed <= ROUNDS; seed++) {
      const random = new Random(seed);
      const { loop, errors } = quietLoop();
      const servers = ["a", "b", "c"].map((name) => {
        return new ToldServer(loop.reactor, [{ path: join(folder, name), isGood: true }, ...taken]);
      });
      const clients = ["a", "b", "c"].map(() => new ToldClient(loop.reactor, peers));
      const all = [...servers, ...clients];
      let running: Promise<void> | undefined;
      const start = (): void => void (running ??= loop.start().finally(() => (running = undefined)));
      const held = loop.timer(60, () => {});
      const actions = [
        () => random.of(all).again(random),
        () => random.of(all).again(random),
        () => random.of(all).close(),
        () => random.of(servers).one.stop(),
        () => random.of(servers).one.start(),
        () => loop.stop(),
        start,
      ];
      for (let i = 0; i < ACTIONS; i++) {
        random.of(actions)();
        await turns(random.below(3));
      }
      loop.stop();
      await running;
      start();
      await until(() => all.every((one) => !one.isPending));
      for (const one of all) await one.end();
      loop.remove(held);
      await running;
      assert.equal([...all.flatMap(({ wrong }) => wrong), ...errors], [], `seed ${seed}`);
    }
    other.remove(acceptor);
    await others;
    await there.close();
  }));
