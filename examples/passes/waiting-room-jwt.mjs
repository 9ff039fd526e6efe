/**
 * Verifies passes of the waiting room that are JSON Web Tokens offline, without any dependency. Node 18 and later.
 *
 *     const jwks = await (await fetch("https://shop.example/waiting-room/.well-known/jwks.json")).json();   // keep it
 *     const passes = new WaitingRoomJwts("spring-sale", jwks);
 *     const pass = passes.verify(cookies["wr_pass_spring-sale"] ?? "", Date.now());
 *
 * A pass that is good tells who may shop, with which seat, and until when. It cannot tell that a seat was given back
 * early or taken away: only the service knows that, or a gate that reports to it.
 */
import { createPublicKey, verify } from "node:crypto";
import { WaitingRoomRefusal } from "./waiting-room-pass.mjs";

export { WaitingRoomRefusal };

const LONGEST = 2048;
const CURVES = { "OKP Ed25519": "EdDSA", "EC P-256": "ES256" };
const HASHES = { EdDSA: null, ES256: "sha256" };
const SHAPE = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;

export class WaitingRoomJwts {
  #room;
  #issuer;
  #keys = new Map();

  /** `jwks` is the published key set. */
  constructor(room, jwks, issuer = "waiting-room") {
    this.#room = room;
    this.#issuer = issuer;
    for (const jwk of jwks.keys) {
      const algorithm = CURVES[`${jwk.kty} ${jwk.crv}`];
      if (algorithm) {
        this.#keys.set(jwk.kid, { algorithm, key: createPublicKey({ key: jwk, format: "jwk" }) });
      }
    }
  }

  /** Returns the pass that `text` proves at `nowMs`, or throws WaitingRoomRefusal. */
  verify(text, nowMs) {
    const parts = text.length <= LONGEST && SHAPE.exec(text);
    if (!parts) {
      refuse();
    }
    const [, head, payload, signature] = parts;
    const { alg, kid, typ, ...more } = jsonOf(head);
    const known = this.#keys.get(kid);
    // The key says by which algorithm; the token may only agree. No critical extension, no key that comes along.
    if (!known || alg !== known.algorithm || typ !== "wr-pass+jwt" || Object.keys(more).length > 0) {
      refuse();
    }
    const key = { key: known.key, dsaEncoding: "ieee-p1363" };
    if (!verify(HASHES[alg], Buffer.from(`${head}.${payload}`), key, bytesOf(signature))) {
      refuse();
    }
    const claims = jsonOf(payload);
    const { lane, number, seat, issued_ms: issuedMs, hard_end_ms: hardEndMs } = claims.waiting_room ?? {};
    const good =
      claims.iss === this.#issuer &&
      claims.aud === this.#room &&
      [claims.sub, lane, seat].every((value) => typeof value === "string") &&
      [claims.exp, claims.nbf ?? 0, number, issuedMs, hardEndMs].every((value) => Number.isSafeInteger(value) && value >= 0);
    if (!good || Math.floor(hardEndMs / 1000) !== claims.exp || (claims.nbf ?? 0) * 1000 > nowMs) {
      refuse();
    }
    if (hardEndMs <= nowMs) {
      refuse("pass_expired");
    }
    return { lane, number, visitor: claims.sub, seat, issuedMs, hardEndMs };
  }
}

function refuse(reason = "pass_invalid") {
  throw new WaitingRoomRefusal(reason);
}

function jsonOf(text) {
  try {
    const found = JSON.parse(bytesOf(text).toString("utf8"));
    return found !== null && typeof found === "object" && !Array.isArray(found) ? found : refuse();
  } catch {
    return refuse();
  }
}

/** Returns the bytes of base64url without padding, in its one right spelling. */
function bytesOf(text) {
  const bytes = Buffer.from(text, "base64url");
  return bytes.toString("base64url") === text ? bytes : refuse();
}
