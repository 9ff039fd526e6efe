// Where the room is, and what proves that this shop belongs to it.
import { readFileSync } from "node:fs";
import { WaitingRoomCommands } from "../passes/waiting-room-commands.mjs";
import { WaitingRoomPasses, WaitingRoomRefusal } from "../passes/waiting-room-pass.mjs";

export const ROOM = "node-shop";
export const SERVICE = "http://127.0.0.1:8080";
const LATE_MS = 300_000; // a form is taken for so long after the end of a pass

const keys = readFileSync(new URL("waiting-room.keys", import.meta.url), "utf8").split("\n").filter(Boolean);
const passes = await WaitingRoomPasses.of(ROOM, keys);

/** Tells the room that a visit pays, is back at its basket, or is over. */
export const commands = new WaitingRoomCommands(ROOM, SERVICE, keys[0]);

/** Returns the pass among `cookies`, verified without asking anybody, or null; for a form, also one just over. */
export async function passOf(cookies, { late = false } = {}) {
  try {
    return await passes.verify(cookies[`wr_pass_${ROOM}`] ?? "", Date.now() - (late ? LATE_MS : 0));
  } catch (error) {
    if (error instanceof WaitingRoomRefusal) return null;
    throw error;
  }
}

/** Returns the cookies of a request's header by name; the first of a name counts. */
export function cookiesOf(header) {
  const pairs = (header ?? "").split(";").map((part) => part.trim().split(/=(.*)/s));
  return Object.fromEntries(pairs.reverse().filter(([, value]) => value !== undefined));
}
