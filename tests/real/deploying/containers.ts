// The Dockerfile and the manifest of Kubernetes: their commands run here, and their times agree.

import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { runtimes } from "../../support/runtimes.ts";
import { cleanUp, makeFolder, run } from "../restarts/processes.ts";
import type { Report } from "../restarts/report.ts";
import { FOLDER, codeOf, freeTriple, shown, startServer } from "./site.ts";

const DOCKER_STOP_SECONDS = 10;
/** Seconds until every node of a cluster has learned that a pod is not ready any more. */
const SPREAD_SECONDS = 5;
/** Seconds that are left for the process to start and to end. */
const MARGIN_SECONDS = 5;

const INSTRUCTION = /^(?:FROM|WORKDIR|COPY|RUN|ENV|EXPOSE|USER|HEALTHCHECK|CMD) \S/;

async function docker(report: Report): Promise<void> {
  const port = await freeTriple();
  const lines = shown("Dockerfile", new Map([0, 1, 2].map((more) => [3000 + more, port + more])))
    .trimEnd()
    .split("\n");
  const wrong = lines.filter((line) => !INSTRUCTION.test(line));
  const of = (name: string): string[] =>
    lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length + 1));
  const copied = of("COPY").flatMap((line) => line.split(" ").slice(0, -1));
  const own = copied.filter((name) => !name.startsWith("package"));
  wrong.push(...own.filter((name) => !existsSync(join(FOLDER, name))));
  const [command = "", ...commands] = of("CMD");
  const check = /CMD (\[.*\])$/.exec(of("HEALTHCHECK")[0] ?? "")?.[1] ?? "";
  if (commands.length > 0 || lines[0] !== "FROM node:24-slim" || check === "") wrong.push("instructions");
  const folder = makeFolder(); // inside the repository, so that the package is found
  for (const name of own) copyFileSync(join(FOLDER, name), join(folder, name));
  const env = Object.fromEntries(of("ENV").flatMap((line) => line.split(" ").map((pair) => pair.split("=")))) as Record<
    string,
    string
  >;
  const start = (array: string): ReturnType<typeof run> => {
    const [program = "", ...args] = JSON.parse(array) as string[];
    return run("env", ["-C", folder, program === "node" ? runtimes["node"]!.program : program, ...args], { env });
  };
  const server = start(command);
  await server.printed(`Listening on port ${port}\n`);
  const health = await start(check).ended;
  const begin = performance.now();
  server.child.kill("SIGTERM");
  const how = await server.ended;
  const seconds = (performance.now() - begin) / 1000;
  const ill = await start(check).ended;
  const said = `health check ${health}, after SIGTERM ${how} in ${seconds.toFixed(1)} s, then health check ${ill}`;
  const isWhole =
    wrong.length === 0 && health === "code 0" && ill === "code 1" && how === "code 0" && seconds < DOCKER_STOP_SECONDS;
  report(isWhole, `Dockerfile: ${said}${wrong.length > 0 ? `; wrong: ${wrong.join(", ")}` : ""}`);
}

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly failureThreshold: number;
}

interface Deployment {
  readonly spec: {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
            readonly env: readonly { readonly name: string; readonly value: string }[];
            readonly startupProbe: Probe;
            readonly livenessProbe: Probe;
            readonly readinessProbe: Probe;
          },
        ];
      };
    };
  };
}

interface Service {
  readonly spec: { readonly selector: object; readonly ports: readonly { readonly targetPort: string }[] };
}

function parsed(file: string): [Deployment, Service] {
  const source = `console.log(JSON.stringify(Bun.YAML.parse(await Bun.file(${JSON.stringify(join(FOLDER, file))}).text())))`;
  const { stdout, stderr } = spawnSync(runtimes["bun"]!.program, ["-e", source], { encoding: "utf8" });
  if (stderr !== "") throw new Error(stderr);
  return JSON.parse(stdout) as [Deployment, Service];
}

async function kubernetes(report: Report): Promise<void> {
  const [{ spec: deployment }, { spec: service }] = parsed("kubernetes.yaml");
  const { terminationGracePeriodSeconds: grace, containers } = deployment.template.spec;
  const [{ ports, env, startupProbe, livenessProbe, readinessProbe }] = containers;
  const value = (name: string): number => Number(env.find((one) => one.name === name)?.value);
  const [delay, timeout] = [value("STOP_DELAY"), value("STOP_TIMEOUT")];
  const noticed = readinessProbe.periodSeconds * readinessProbe.failureThreshold + SPREAD_SECONDS;
  report(
    delay >= noticed,
    `Kubernetes: STOP_DELAY ${delay} s is at least the ${noticed} s until a pod gets no new clients`,
  );
  const needed = delay + timeout + MARGIN_SECONDS;
  report(
    grace >= needed,
    `Kubernetes: the grace period of ${grace} s is at least the ${needed} s that a stop may take`,
  );
  const isSelected = [deployment.template.metadata.labels, service.selector].every(
    (labels) => JSON.stringify(labels) === JSON.stringify(deployment.selector.matchLabels),
  );
  const isNamed = service.ports.every(({ targetPort }) => ports.some(({ name }) => name === targetPort));
  report(isSelected && isNamed, "Kubernetes: the service selects the pods, and a port of theirs");
  const port = await freeTriple();
  const given = Object.fromEntries(env.map((one) => [one.name, one.value]));
  const server = await startServer(port, { ...given, STOP_DELAY: "0.5" });
  const probe = ({ httpGet: { path, port: name } }: Probe): Promise<number> => {
    const { containerPort = 0 } = ports.find((one) => one.name === name) ?? {};
    return codeOf(`http://127.0.0.1:${port + containerPort - 3000}${path}`);
  };
  const probes = [startupProbe, livenessProbe, readinessProbe];
  const before = await Promise.all(probes.map(probe));
  server.child.kill("SIGTERM");
  const after = await Promise.all(probes.map(probe));
  const how = await server.ended;
  const said = `start, live, ready: ${before.join()}, after SIGTERM ${after.join()}, ${how}`;
  report(
    before.join() === "200,200,200" && after.join() === "200,200,503" && how === "code 0",
    `Kubernetes: the probes get ${said}`,
  );
}

export async function containers(report: Report): Promise<void> {
  for (const step of [docker, kubernetes]) {
    try {
      await step(report);
    } catch (error) {
      report(false, `${step.name}: ${String(error)}`);
    } finally {
      cleanUp();
    }
  }
}
