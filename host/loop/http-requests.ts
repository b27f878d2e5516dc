// Watches the requests of HTTP/1 servers, from the end of the header to the last byte of the answer.

import type { IncomingMessage, ServerResponse } from "node:http";
import { channels } from "../socket/builtin.ts";
import type { SocketHandle } from "../socket/handle.ts";
import type { AnyServer } from "./served.ts";

/** Is called about the requests of one connection. */
export interface RequestFollower {
  /** The server that the connection was given to. */
  readonly server: object;
  /** The header of a request is complete; the handler has not been called yet. */
  began(socket: SocketHandle, request: IncomingMessage, response: ServerResponse): void;
  /** An answer has been handed to the system, or its connection is gone. */
  answered(response: ServerResponse): void;
}

/** Is called about the requests of a server. */
export interface RequestWatcher {
  /** Returns what follows the requests of a socket; undefined if the socket belongs to another loop. */
  followerOf(socket: SocketHandle): RequestFollower | undefined;
  /** Runs a task, and reports what it throws. */
  guarded(task: () => void): void;
}

interface Message {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: SocketHandle & { [FOLLOWER]?: RequestFollower | undefined };
  readonly server: object;
}

// A property of the socket: a request then costs one look-up.
const FOLLOWER = Symbol("ioloop follower");

// By server: the runtime's channels tell about every server of the process. A server that several loops serve has several.
const watchers = new Map<object, Set<RequestWatcher>>();
let finishing = 0; // watchers that are told about answers

function followerIn({ socket, server }: Message): RequestFollower | undefined {
  const known = socket[FOLLOWER];
  if (known?.server === server) return known;
  for (const watcher of watchers.get(server) ?? []) {
    const follower = watcher.followerOf(socket);
    if (follower) return (socket[FOLLOWER] = follower);
  }
  return undefined;
}

const began = (message: unknown): void => {
  const { request, response, socket } = message as Message;
  followerIn(message as Message)?.began(socket, request, response);
};

const answered = (message: unknown): void => followerIn(message as Message)?.answered((message as Message).response);

const BEGAN = ["http.server.request.start", began] as const;
const ANSWERED = ["http.server.response.finish", answered] as const;

/** Watches the requests of a server until the function returned is called. */
export function watchRequests(server: AnyServer, watcher: RequestWatcher): () => void {
  // Bun does not publish them. There this listens to events, only if they have other listeners: the first one would change what the server does.
  if (process.versions["bun"] !== undefined) return watchEvents(server, watcher);
  if (watchers.size === 0) listen(BEGAN);
  const ofServer = watchers.get(server) ?? new Set();
  watchers.set(server, ofServer.add(watcher));
  return () => {
    ofServer.delete(watcher);
    if (ofServer.size === 0 && watchers.get(server) === ofServer) watchers.delete(server);
    if (watchers.size === 0) channels().unsubscribe(...BEGAN);
  };
}

/** Watches the answers, too, until the function returned is called. They cost as much as the requests, and only a graceful stop must know of each. */
export function watchAnswers(): () => void {
  if (process.versions["bun"] !== undefined) return () => {};
  if (finishing === 0) listen(ANSWERED);
  finishing++;
  return () => {
    if (--finishing === 0) channels().unsubscribe(...ANSWERED);
  };
}

// Unsubscribes first: with two subscriptions, each request would count twice.
function listen([channel, listener]: typeof BEGAN | typeof ANSWERED): void {
  channels().unsubscribe(channel, listener);
  channels().subscribe(channel, listener);
}

/** Calls all functions of a list, and empties it. If one throws, the others are still called. */
export function endAll(ends: (() => unknown)[]): void {
  const end = ends.pop();
  if (!end) return;
  try {
    end();
  } finally {
    endAll(ends);
  }
}

function watchEvents(server: AnyServer, watcher: RequestWatcher): () => void {
  const heard = (request: IncomingMessage, response: ServerResponse): void =>
    watcher.guarded(() => {
      const { socket } = request;
      const follower = watcher.followerOf(socket);
      if (!follower) return;
      response.once("close", () => follower.answered(response));
      follower.began(socket, request, response);
    });
  const ends = ["request", "checkContinue", "checkExpectation"].map((name) => alongside(server, name, heard));
  return () => endAll(ends);
}

// Listeners of ours: several, if several loops serve a server.
const ours = new WeakSet<(...args: never[]) => unknown>();

/** Listens to an event before all others, as long as there are others. Returns what ends that. */
export function alongside(server: AnyServer, name: string, listener: (...args: never[]) => void): () => void {
  const heard = listener as (...args: unknown[]) => void;
  const listens = (): boolean => server.listeners(name).includes(heard);
  const hasOthers = (): boolean => server.listeners(name).some((other) => !ours.has(other as never));
  const added = (event: string | symbol, other: (...args: never[]) => unknown): void => {
    if (event === name && !ours.has(other) && !listens()) server.prependListener(name, heard);
  };
  const removed = (event: string | symbol): void => {
    if (event === name && listens() && !hasOthers()) server.off(name, heard);
  };
  ours.add(heard);
  if (hasOthers()) server.prependListener(name, heard);
  server.on("newListener", added);
  server.on("removeListener", removed);
  return () =>
    endAll([
      () => server.off(name, heard),
      () => server.off("removeListener", removed),
      () => server.off("newListener", added),
    ]);
}
