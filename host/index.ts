// The public surface of the package, and nothing else.

export { Client, type ClientEvents, type ClientOptions } from "./net/client.ts";
export { type Alarm, type Clock, SystemClock } from "./time/clock.ts";
export { Delay, type DelayEvents, type Step } from "./loop/delay.ts";
export { IOLoopError, type IOLoopErrorCode } from "./base/errors.ts";
export { EventEmitter, type Events, type Subscriber } from "./base/event-emitter.ts";
export { type ClientCallback, IOLoop, type LoopCallback, type ServerCallback } from "./loop/ioloop.ts";
export type { Fairness, IOLoopEvents, IOLoopOptions, QueueOrder } from "./loop/loop-options.ts";
export type { ServeOptions } from "./loop/serve.ts";
export type { ServedServer } from "./loop/served.ts";
export type { StopOptions } from "./loop/graceful-stop.ts";
export type { ListenerOptions } from "./net/listener-options.ts";
export type { DropInfo } from "./engine/admission.ts";
export type { Id } from "./core/ids.ts";
export { Reactor, type ReactorEvents, type ReactorOptions, type StartOptions } from "./reactor/reactor.ts";
export { Server, type ServerEvents } from "./net/server.ts";
export { Stream, type StreamOptions } from "./stream/stream.ts";
export type { StreamDuplex } from "./stream/duplex.ts";
export type { WebStreams } from "./stream/web.ts";
export type { StartTlsOptions } from "./stream/start-tls.ts";
export type { CloseReason } from "./stream/close-reason.ts";
export type { StreamEvents } from "./stream/stream-events.ts";
export type { SocketHandle, StreamHandle } from "./socket/handle.ts";
export type { TlsInfo } from "./socket/tls-info.ts";
export type { ClientTlsOptions, Pem, PemByHost, ServerTlsOptions } from "./socket/tls-options.ts";
export type { Handle } from "./reactor/io-watchers.ts";
