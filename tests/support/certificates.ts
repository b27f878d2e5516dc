// Certificates for tests, generated with openssl: an authority, and certificates that it signs.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate and its key, as files and as PEM. */
export interface Certificate {
  readonly certPath: string;
  readonly keyPath: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority, in a temporary folder that is removed when the process exits. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), "ioloop-tls-"));
  readonly ca: Certificate;

  constructor(name = "Test authority") {
    process.on("exit", () => rmSync(this.#folder, { recursive: true, force: true }));
    const [key, cert] = [this.#path("ca.key"), this.#path("ca.crt")];
    const subject = ["-subj", `/CN=${name}`, "-days", "2", "-nodes"];
    this.#openssl("req", "-x509", ...NEW_KEY, "-keyout", key, "-out", cert, ...subject);
    this.ca = this.#read(cert, key);
  }

  /** A certificate for host names, or for addresses with the prefix `IP:`. */
  sign(...names: string[]): Certificate {
    return this.#sign(NEW_KEY, names);
  }

  /** A certificate with an RSA key, while all others have EC keys. */
  signRsa(...names: string[]): Certificate {
    return this.#sign(["-newkey", "rsa:2048"], names);
  }

  #sign(newKey: readonly string[], names: readonly string[]): Certificate {
    const base = names[0]!.replaceAll(/[^a-z0-9]/gi, "_");
    const [key, request, cert, extensions] = ["key", "csr", "crt", "ext"].map((end) => this.#path(`${base}.${end}`));
    const alternatives = names.map((name) => (name.startsWith("IP:") ? name : `DNS:${name}`)).join(",");
    writeFileSync(extensions!, `subjectAltName=${alternatives}\n`);
    this.#openssl("req", "-new", ...newKey, "-nodes", "-keyout", key!, "-out", request!, "-subj", `/CN=${names[0]}`);
    const signer = ["-CA", this.ca.certPath, "-CAkey", this.ca.keyPath, "-CAcreateserial"];
    this.#openssl("x509", "-req", "-in", request!, ...signer, "-days", "2", "-extfile", extensions!, "-out", cert!);
    return this.#read(cert!, key!);
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #read(certPath: string, keyPath: string): Certificate {
    return { certPath, keyPath, cert: readFileSync(certPath, "utf8"), key: readFileSync(keyPath, "utf8") };
  }

  #openssl(...args: string[]): void {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  }
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
