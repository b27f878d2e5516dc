// A program for the command `wasm-ioloop`, in TypeScript: a web handler, as in Hono, Bun, Deno and Cloudflare Workers.
//
//   npx wasm-ioloop examples/command/fetch.ts
//
// On Node it needs 22.18 or newer. Then: curl -N http://127.0.0.1:3000/time, or curl -d hello http://127.0.0.1:3000/

const encoder = new TextEncoder();

/** Sends the time each second, until the client leaves. */
function clock(signal: AbortSignal): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      const tell = (): void => controller.enqueue(encoder.encode(`data: ${new Date().toISOString()}\n\n`));
      const timer = setInterval(tell, 1000);
      signal.addEventListener("abort", () => clearInterval(timer));
      tell();
    },
  });
}

export default {
  fetch(request: Request): Response {
    const { pathname } = new URL(request.url);
    if (pathname === "/time") {
      return new Response(clock(request.signal), { headers: { "content-type": "text/event-stream" } });
    }
    return new Response(request.body ?? "Nothing to echo\n"); // as it arrives
  },
};
