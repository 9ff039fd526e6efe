// The gate: runs before each request that the matcher names, as proxy.ts does in Next.js 16 (middleware.ts before).
// It asks the room; what the room answers to those who wait (a redirect, or 429 with a problem document for a script)
// goes to the browser as it is. While the room does not answer, holders of a good pass go on.
import { Agent, request as ask } from "node:http";
import { cookiesOf, passOf, ROOM, SERVICE } from "./room.mjs";

export const config = { matcher: ["/checkout/:path*", "/api/cart"] };

const URL_OF_ROOM = `${SERVICE}/waiting-room/authorize/forward/${ROOM}`;
const TIME_OUT_MS = 500;
const agent = new Agent({ keepAlive: true });
const OURS = /^(x-forwarded-|x-original-|content-length$|transfer-encoding$|connection$|expect$|upgrade$|host$)/;
const AWAY = { "Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", "Retry-After": "5", Refresh: "5" };
const AWAY_PAGE = "<!doctype html><meta charset=utf-8><title>The shop</title><p>The queue in front of the checkout does not answer just now. This page soon tries again by itself.";

/** Returns the answer for who may not go on, or nothing for who may. */
export async function proxy(request) {
  const answer = await asked(request);
  if (answer?.status === 200) return undefined;
  if (answer && answer.status < 500) {
    return new Response(answer.body.length ? answer.body : null, { status: answer.status, headers: answer.headers });
  }
  const late = !["GET", "HEAD"].includes(request.method);
  const pass = await passOf(cookiesOf(request.headers.get("cookie")), { late });
  return pass ? undefined : new Response(AWAY_PAGE, { status: 503, headers: AWAY });
}

/** Returns what the room says to a request, or nothing where it does not answer in time. */
function asked(request) {
  const url = new URL(request.url);
  const headers = Object.fromEntries([...request.headers].filter(([name]) => !OURS.test(name)));
  headers["X-Forwarded-Proto"] = url.protocol.slice(0, -1);
  headers["X-Forwarded-Host"] = url.host;
  headers["X-Forwarded-Uri"] = url.pathname + url.search;
  headers["X-Forwarded-Method"] = request.method;
  headers["X-Forwarded-For"] = request.headers.get("x-forwarded-for") ?? "unknown";
  // Not fetch(): it says of itself that it is a script (Sec-Fetch-Mode), and nobody would be sent to the waiting page.
  return new Promise((resolve) => {
    const call = ask(URL_OF_ROOM, { agent, headers, signal: AbortSignal.timeout(TIME_OUT_MS) }, async (answer) => {
      const pieces = await answer.toArray().catch(() => null);
      const names = Object.entries(answer.headers).filter(([name]) => !OURS.test(name) && name !== "keep-alive");
      const body = pieces && Buffer.concat(pieces);
      resolve(body ? { status: answer.statusCode, headers: new Headers(names), body } : undefined);
    });
    call.on("error", () => resolve(undefined));
    call.end();
  });
}
