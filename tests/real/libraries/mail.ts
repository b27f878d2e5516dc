// Mails of Nodemailer: to a small server on the loop that uses startTls, and to the library smtp-server, which begins TLS itself.

import { randomBytes } from "node:crypto";
import { Authority } from "../../support/certificates.ts";
import { library } from "./install.ts";
import { type Check, CLIENTS, crowd } from "./scenario.ts";
import { SmtpSession } from "./smtp-session.ts";

const ATTACHED_BYTES = 100_000;
const attachment = randomBytes(ATTACHED_BYTES);

function mailer(createTransport: (options: object) => any, ca: string): Parameters<typeof crowd>[3] {
  return async (port, index, full) => {
    const transport = createTransport({
      host: "127.0.0.1",
      port,
      secure: false,
      requireTLS: true,
      greetingTimeout: 60_000,
      tls: { ca, servername: "localhost" },
    });
    try {
      await transport.sendMail({
        from: `client${index}@example.org`,
        to: "one@example.org, other@example.org",
        subject: `mail ${index}`,
        text: `.line that begins with a dot\nmail ${index}`,
        attachments: [{ filename: "data", content: attachment }],
      });
      await full();
    } finally {
      transport.close();
    }
  };
}

// Whether each client's mail has arrived once, with its attachments.
function areWhole(mails: readonly { from: string; text: string; isEncrypted: boolean }[]): boolean {
  const attached = attachment.toString("base64");
  return Array.from({ length: CLIENTS }, (_, index) =>
    mails.filter(
      ({ from, text, isEncrypted }) =>
        from === `client${index}@example.org` &&
        isEncrypted &&
        text.includes(`Subject: mail ${index}\r\n`) &&
        text.replaceAll("\r\n", "").includes(attached),
    ),
  ).every(({ length }) => length === 1);
}

/** Nodemailer, and a server with `stream.startTls`. */
export async function startTls(check: Check): Promise<void> {
  const { createTransport } = await library("nodemailer");
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const mails: Parameters<typeof areWhole>[0][number][] = [];
  await crowd(
    check,
    "nodemailer, over stream.startTls()",
    (loop, inside) => {
      const id = loop.server({}, (_loop, stream) => {
        inside.addStream(stream);
        new SmtpSession(stream, { tlsCert: cert, tlsKey: key }, (mail) => mails.push(mail)).begin();
      });
      return { id };
    },
    mailer(createTransport, authority.ca.cert),
  );
  check(areWhole(mails), `nodemailer, over stream.startTls(): ${mails.length} of ${CLIENTS} mails arrived whole`);
}

/** Nodemailer, and smtp-server behind the loop. */
export async function smtpServer(check: Check): Promise<void> {
  const [{ createTransport }, { SMTPServer }] = await Promise.all([library("nodemailer"), library("smtp-server")]);
  const authority = new Authority();
  const { cert, key } = authority.sign("localhost");
  const mails: Parameters<typeof areWhole>[0][number][] = [];
  const smtp = new SMTPServer({
    cert,
    key,
    authOptional: true,
    onData(stream: AsyncIterable<Buffer>, session: any, callback: (error?: Error) => void) {
      const chunks: Buffer[] = [];
      void (async () => {
        for await (const chunk of stream) chunks.push(chunk);
        const from: string = session.envelope.mailFrom.address;
        mails.push({ from, text: Buffer.concat(chunks).toString("latin1"), isEncrypted: session.secure === true });
        callback();
      })();
    },
  });
  await crowd(
    check,
    "nodemailer, over smtp-server",
    (loop, inside) => {
      inside.watch(smtp.server);
      return { id: loop.serve(smtp.server, {}) };
    },
    mailer(createTransport, authority.ca.cert),
  );
  check(areWhole(mails), `nodemailer, over smtp-server: ${mails.length} of ${CLIENTS} mails arrived whole`);
}
