// What the environment says, where it may be asked: without the permission, Deno asks its user, or throws.

interface Global {
  readonly process?: { readonly env?: Record<string, string | undefined> };
  readonly Deno?: { readonly permissions?: { querySync(what: { name: "env"; variable: string }): { state: string } } };
}

/** A variable of the environment; undefined where it is not set, where there are none, and where none may be read. */
export function setting(name: `IOLOOP_${string}`): string | undefined {
  const { Deno, process } = globalThis as Global;
  const permission = Deno?.permissions?.querySync({ name: "env", variable: name });
  return permission && permission.state !== "granted" ? undefined : process?.env?.[name];
}
