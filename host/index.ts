// The public surface of the package, and nothing else.

export { Client, type ClientEvents, type ClientOptions } from "./client.ts";
export { type Alarm, type Clock, SystemClock } from "./clock.ts";
export { Delay, type DelayEvents, type Step } from "./delay.ts";
export { IOLoopError, type IOLoopErrorCode } from "./errors.ts";
export { EventEmitter, type Events, type Subscriber } from "./event-emitter.ts";
export { IOLoop } from "./ioloop.ts";
export type {
  ClientCallback,
  IOLoopEvents,
  IOLoopOptions,
  LoopCallback,
  ServerCallback,
  StopOptions,
} from "./loop-options.ts";
export type { ListenerOptions } from "./listener-options.ts";
export type { DropInfo } from "./parts.ts";
export { type Id, Reactor, type ReactorEvents, type ReactorOptions } from "./reactor.ts";
export { Server, type ServerEvents } from "./server.ts";
export { Stream } from "./stream.ts";
export type { StreamEvents } from "./stream-events.ts";
export type { StreamHandle } from "./stream-handle.ts";
export type { ClientTlsOptions, Pem, PemByHost, ServerTlsOptions } from "./tls-options.ts";
export type { Handle } from "./watchers.ts";
