// A server with a small part of SMTP, with STARTTLS.

import type { LookupFunction } from "node:net";
import type { IOLoop, StartTlsOptions } from "wasm-ioloop";
import { Authority } from "../support/certificates.ts";
import { portOf } from "../support/harness.ts";

export const authority: Authority = new Authority();

/** Resolves every name to this machine. */
export const lookup: LookupFunction = (_name, options, done) => {
  if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
};

/** The code of a promise's rejection; undefined if it resolves. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error.code ?? error.message,
  );
}

export interface Smtp {
  readonly port: number;
  readonly log: string[];
  /** With `waits`: begins TLS after the client has asked for it. */
  starts: (() => void) | undefined;
}

/** Serves one client. */
export function smtp(loop: IOLoop, tls: StartTlsOptions, { waits = false } = {}): Smtp {
  const log: string[] = [];
  const id = loop.server({}, (loop, stream) => {
    loop.remove(id);
    let isSecure = false;
    const start = (): void => {
      stream.write("220 go\r\n");
      stream.startTls(tls).then(
        () => {
          isSecure = true;
          log.push("secure");
        },
        (error: NodeJS.ErrnoException) => void log.push(`failed ${error.code ?? error.message}`),
      );
    };
    stream.write("220 ready\r\n");
    stream.on("error", (_stream, error) => void log.push(`error ${error.message}`));
    stream.on("close", () => void log.push(`close ${stream.closeReason}`));
    stream.on("read", (stream, chunk) => {
      for (const line of String(chunk).split("\r\n").filter(Boolean)) {
        log.push(`${isSecure ? "encrypted" : "plain"} ${line}`);
        if (line === "STARTTLS" && waits) {
          stream.stop();
          server.starts = () => {
            start();
            stream.start();
          };
        } else if (line === "STARTTLS") start();
        else if (line === "QUIT") {
          stream.write("221 bye\r\n");
          stream.closeGracefully();
        } else stream.write(`250 ${line} over ${stream.tls?.protocol}\r\n`);
      }
    });
  });
  const server: Smtp = { port: portOf(loop, id), log, starts: undefined };
  return server;
}

/** Serves many clients: an echo after STARTTLS. */
export function startTlsServer(loop: IOLoop, tls: StartTlsOptions): ReturnType<IOLoop["server"]> {
  return loop.server({ idleTimeout: 60 }, (_loop, stream) => {
    stream.write("220 ready\r\n");
    stream.on("read", (stream, chunk) => {
      if (String(chunk) !== "STARTTLS\r\n") {
        stream.write(`echo ${String(chunk)}`);
        return;
      }
      stream.write("220 go\r\n");
      void stream.startTls(tls);
    });
  });
}
