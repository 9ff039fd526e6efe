/**
 * Verifies passes of the waiting room offline, without any dependency. Node 18 and later, Deno, Bun, edge workers.
 *
 *     const passes = await WaitingRoomPasses.of("spring-sale", ["k2:…", "k1:…"]);   // as the service has them
 *     const pass = await passes.verify(cookies["wr_pass_spring-sale"] ?? "", Date.now());
 *
 * A pass that is good tells who may shop, with which seat, and until when. It cannot tell that a seat was given back
 * early or taken away: only the service knows that, or a gate that reports to it.
 */
const VERSION = "wr1";
const LONGEST = 2048;
const TEXTS = { lane: "l", visitor: "v", seat: "s" };
const NUMBERS = { number: "n", issuedMs: "i", hardEndMs: "e" };
const HMAC = { name: "HMAC", hash: "SHA-256" };
const encoder = new TextEncoder();

/** Says why a pass does not count: its `reason` is pass_invalid or pass_expired. */
export class WaitingRoomRefusal extends Error {
  constructor(reason) {
    super(reason);
    this.reason = reason;
  }
}

export class WaitingRoomPasses {
  #room;
  #keys;

  constructor(room, keys) {
    this.#room = room;
    this.#keys = keys;
  }

  /** Makes a verifier; each of `secrets` is "<key id>:<secret>", and all of them verify. */
  static async of(room, secrets) {
    const keys = new Map();
    for (const secret of secrets) {
      const at = secret.indexOf(":");
      const [id, text] = [secret.slice(0, at), secret.slice(at + 1)];
      if (at < 1 || text.length < 32) {
        throw new TypeError(`The secret of the key ${id} is missing or shorter than 32 characters.`);
      }
      const derived = await mac(await imported(encoder.encode(text), "sign"), encoder.encode(`${VERSION}.pass`));
      keys.set(id, await imported(derived, "verify"));
    }
    return new WaitingRoomPasses(room, keys);
  }

  /** Returns the pass that `text` proves at `nowMs`, or throws WaitingRoomRefusal. */
  async verify(text, nowMs) {
    const parts = text.split(".");
    if (text.length > LONGEST || parts.length !== 5 || parts[0] !== VERSION || parts[1] !== "pass") {
      throw new WaitingRoomRefusal("pass_invalid");
    }
    const key = this.#keys.get(parts[2]);
    const signature = bytesOf(parts[4]);
    const signed = encoder.encode(text.slice(0, text.lastIndexOf(".")));
    if (!key || !signature || !(await crypto.subtle.verify(HMAC, key, signature, signed))) {
      throw new WaitingRoomRefusal("pass_invalid");
    }
    const claims = JSON.parse(new TextDecoder().decode(bytesOf(parts[3])));
    if (claims.r !== this.#room) {
      throw new WaitingRoomRefusal("pass_invalid");
    }
    const pass = {};
    for (const [name, claim] of Object.entries(TEXTS)) {
      pass[name] = typeof claims[claim] === "string" ? claims[claim] : refuse();
    }
    for (const [name, claim] of Object.entries(NUMBERS)) {
      pass[name] = Number.isSafeInteger(claims[claim]) ? claims[claim] : refuse();
    }
    if (pass.hardEndMs <= nowMs) {
      throw new WaitingRoomRefusal("pass_expired");
    }
    return pass;
  }
}

function refuse() {
  throw new WaitingRoomRefusal("pass_invalid");
}

function imported(bytes, usage) {
  return crypto.subtle.importKey("raw", bytes, HMAC, false, [usage]);
}

async function mac(key, bytes) {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes));
}

/** Returns the bytes of base64url without padding, in its one right spelling, or null. */
function bytesOf(text) {
  if (!/^[\w-]+$/.test(text)) {
    return null;
  }
  const binary = atobOrNull(text.replaceAll("-", "+").replaceAll("_", "/"));
  if (binary === null) {
    return null;
  }
  const spelled = btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  return spelled === text ? Uint8Array.from(binary, (character) => character.charCodeAt(0)) : null;
}

function atobOrNull(text) {
  try {
    return atob(text);
  } catch {
    return null;
  }
}
