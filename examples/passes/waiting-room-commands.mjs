/**
 * Tells the waiting room what becomes of a visit, for a shop behind a proxy. No dependency; Node 18 and later.
 *
 *     const room = new WaitingRoomCommands("spring-sale", "http://127.0.0.1:8080", "k2:…");   // the first of secret_keys
 *     response.appendHeader("Set-Cookie", await room.say("release", cookies));
 *
 * Say "payment" when the way to the bank begins, "basket" where it leads back, "release" when the order is done. It
 * never throws and waits for two seconds at the most: the order stands, and a seat that is not given back ends by
 * being idle.
 */
import { createHmac } from "node:crypto";

const CREDENTIAL_MS = 300_000;

export class WaitingRoomCommands {
  #room;
  #url;
  #keyId;
  #key;
  #timeOutMs;

  constructor(room, service, secret, { prefix = "/waiting-room", timeOutMs = 2000 } = {}) {
    const at = secret.indexOf(":");
    const text = secret.slice(at + 1);
    this.#keyId = secret.slice(0, at);
    if (at < 1 || text.length < 32) {
      throw new TypeError(`The secret of the key ${this.#keyId} is missing or shorter than 32 characters.`);
    }
    this.#room = room;
    this.#url = `${service}${prefix}/gate/${room}/command`;
    this.#key = createHmac("sha256", text).update("wr1.gate").digest();
    this.#timeOutMs = timeOutMs;
  }

  /** Says `command` of the visit whose request bore `cookies` (by name); returns what to send to it as Set-Cookie. */
  async say(command, cookies) {
    const tokens = { pass: cookies[`wr_pass_${this.#room}`], visitor: cookies.wr_visitor, stage: cookies[`wr_stage_${this.#room}`] };
    try {
      const answer = await fetch(this.#url, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.#credential()}` },
        body: JSON.stringify({ command, ...tokens }),
        redirect: "error",
        signal: AbortSignal.timeout(this.#timeOutMs),
      });
      const said = await answer.json();
      if (answer.ok) {
        return said.set_cookie;
      }
      console.error(`The waiting room did not take ${command}: ${said.reason}`);
    } catch (error) {
      console.error(`The waiting room did not take ${command}: ${error.message}`);
    }
    return [];
  }

  #credential() {
    const claims = { r: this.#room, g: `node-${process.pid}`, e: Date.now() + CREDENTIAL_MS };
    const signed = `wr1.gate.${this.#keyId}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
    return `${signed}.${createHmac("sha256", this.#key).update(signed).digest("base64url")}`;
  }
}
