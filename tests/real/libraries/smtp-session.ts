// An SMTP server with STARTTLS in a hundred lines, a typical use of `stream.startTls`.

import type { Stream } from "wasm-ioloop";

/** A mail that has arrived. */
export interface Mail {
  readonly from: string;
  readonly to: readonly string[];
  readonly text: string;
  readonly isEncrypted: boolean;
}

/** Serves SMTP on a stream, and reports each mail that arrives. */
export class SmtpSession {
  #stream: Stream;
  #tls: object;
  #arrived: (mail: Mail) => void;
  #input = "";
  #isEncrypted = false;
  #isData = false;
  #from = "";
  #to: string[] = [];

  constructor(stream: Stream, tls: object, arrived: (mail: Mail) => void) {
    this.#stream = stream;
    this.#tls = tls;
    this.#arrived = arrived;
  }

  /** Greets the client, and starts answering. */
  begin(): void {
    this.#stream.on("read", (_stream, chunk) => this.#read(chunk.toString("latin1")));
    this.#say("220 localhost ready");
  }

  #say(line: string): void {
    this.#stream.write(`${line}\r\n`);
  }

  #read(text: string): void {
    this.#input += text;
    for (;;) {
      const end = this.#input.indexOf(this.#isData ? "\r\n.\r\n" : "\r\n");
      if (end < 0) return;
      const unit = this.#input.slice(0, end);
      this.#input = this.#input.slice(end + (this.#isData ? 5 : 2));
      if (this.#isData) this.#finish(unit);
      else this.#command(unit);
    }
  }

  #finish(text: string): void {
    this.#isData = false;
    this.#arrived({
      from: this.#from,
      to: this.#to,
      text: text.replaceAll(/^\.\./gm, "."),
      isEncrypted: this.#isEncrypted,
    });
    this.#to = [];
    this.#say("250 taken");
  }

  #command(line: string): void {
    const verb = line.slice(0, 4).toUpperCase();
    const address = /<(.*?)>/.exec(line)?.[1] ?? "";
    switch (verb) {
      case "EHLO":
        return this.#say(this.#isEncrypted ? "250 localhost" : "250-localhost\r\n250 STARTTLS");
      case "STAR":
        return void this.#startTls();
      case "MAIL":
        if (!this.#isEncrypted) return this.#say("530 STARTTLS first");
        this.#from = address;
        return this.#say("250 ok");
      case "RCPT":
        this.#to.push(address);
        return this.#say("250 ok");
      case "DATA":
        this.#isData = true;
        return this.#say("354 go on");
      case "QUIT":
        this.#say("221 bye");
        this.#stream.closeGracefully();
        return;
      default:
        return this.#say("502 not known");
    }
  }

  async #startTls(): Promise<void> {
    this.#say("220 go on");
    this.#input = "";
    try {
      await this.#stream.startTls(this.#tls);
      this.#isEncrypted = true;
    } catch {
      // The stream is closed; the client reports why.
    }
  }
}
