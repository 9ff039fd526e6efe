(() => {
"use strict";
const $ = (id) => document.getElementById(id);
const data = JSON.parse($("data").textContent), texts = JSON.parse($("texts").textContent);
const root = document.documentElement, began = Date.now();
const now = () => data.now + (Date.now() - began) / 1000;
const numbers = new Intl.NumberFormat(texts.lang, {useGrouping: "always"}), rules = new Intl.PluralRules(texts.lang);
const HIDDEN_MS = 10000, SLOWEST_MS = 60000, GIVE_UP_MS = 10000, SPEAK_MS = 30000, PACE_MS = 60000;

const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
const plural = (forms, n, values) =>
  fill(forms[rules.select(n)] || forms.other, Object.assign({n: numbers.format(n)}, values));
const show = (id, on) => { const part = $(id); if (part) part.hidden = !on; };
const put = (id, text) => { const part = $(id); if (part && part.textContent !== text) part.textContent = text; };

let journey = data.journey, timer = 0, busy = false, fails = 0, verb = data.verb, joined = verb !== "join";
let heading = $("heading").textContent, spoken = "", spokenAt = 0, paceAt = 0, pace = null, sound = null, over = false, dueAt = 0, resumesAt = 0;
let opensAt = 0, ticking = 0, told = "", why = data.longer, grewAt = journey ? journey[4] : 0;

function keep(name, value) {
  document.cookie = name + "=" + value + ";path=" + data.base + ";max-age=86400;samesite=lax";
}

/* The promise: positions never rise, and a later end is told, with its reason. The same rules as in journey.py. */
function goOn(number, position, high, reason) {
  const t = Math.floor(now());
  if (!journey || journey[0] !== number) {
    journey = [number, Math.max(1, position), Math.max(1, position), high === null ? 0 : Math.floor(now() + high), 0];
  } else {
    journey[2] = Math.max(1, Math.min(journey[2], position));
    if (high !== null) {
      const end = Math.floor(now() + high), due = journey[3];
      if (due && end > due + Math.max(30, 0.25 * (due - t))) { journey[3] = end; journey[4] = t; why = reason; }
      else journey[3] = due ? Math.min(due, end) : end;
    }
  }
}

/* Written when the page is left, not at each poll: polls with equal cookies are cheap for the service. */
function remember() {
  if (journey && !over) keep("wr_seen_" + data.room, journey.join("-"));
}

/* The same rules as in texts.py. */
function waitWords(low, high, known) {
  if (high <= 60) return texts.wait.moment;
  const coarse = (m) => { const step = m <= 10 ? 1 : m <= 60 ? 5 : 15; return Math.ceil(m / step) * step; };
  let a = Math.max(1, Math.ceil(low / 60)), b = Math.ceil(high / 60), unit = "minutes";
  if (b > 120) { a = Math.max(1, Math.ceil(a / 60)); b = Math.ceil(b / 60); unit = "hours"; }
  else if (!known) { a = coarse(a); b = coarse(b); }
  return plural(texts.wait[unit][a === b ? 0 : 1], b, {low: numbers.format(a)});
}

/* Until when a break lasts, by this machine's clock; told anew as time passes. */
function tellBreak(seconds) {
  if (seconds !== undefined) resumesAt = seconds === null ? 0 : Date.now() + 1000 * seconds;
  const left = Math.max(0, (resumesAt - Date.now()) / 1000);
  if (resumesAt) put("resumes", fill(texts.resumes, {wait: waitWords(left, left)}));
  show("resumes", resumesAt);
}

function says(reason, mood) {
  const said = texts.says[reason] || texts.says.queue_wait;
  if (heading !== said[0]) speak(said[0] + ". " + said[1], true);
  heading = said[0];
  put("heading", said[0]); put("sentence", said[1]); put("next", said[2]);
  root.className = mood + " js";
}

function speak(text, atOnce) {
  if (text === spoken || (!atOnce && Date.now() - spokenAt < SPEAK_MS)) return;
  spoken = text; spokenAt = Date.now();
  put("live", text);
}

/* A wait that has grown stays explained for three minutes, and is spoken once. */
function tellGrowth() {
  const grew = journey[4] && now() - journey[4] < 180, fresh = grew && journey[4] !== grewAt;
  put("why", texts.longer[why || ""] || texts.longer[""]);
  show("grew", grew); grewAt = journey[4];
  return fresh ? " " + $("grew").textContent.trim() : "";
}

/* The countdown is by our own clock from what the server said last; it is spoken when the words for it change. */
function drawEarly(a) {
  show("place", false); show("opens", true); show("leave", true); show("at", a.opens_in_s !== null);
  put("ticket", numbers.format(a.number));
  opensAt = a.opens_in_s === null ? 0 : now() + a.opens_in_s;
  if (opensAt) {
    const at = new Date(opensAt * 1000), near = opensAt - now() < 72000, time = {hour: "2-digit", minute: "2-digit"};
    $("opening").dateTime = at.toISOString();
    put("opening", at.toLocaleString(texts.lang, near ? time : Object.assign({dateStyle: "medium"}, {timeStyle: "short"})));
  }
  clearInterval(ticking); ticking = setInterval(tick, 1000); tick();
}

function tick() {
  const left = opensAt - now(), s = Math.max(0, Math.ceil(left)), two = (n) => String(n).padStart(2, "0");
  const words = !opensAt ? texts.opens[0] : left <= 0 ? texts.opens[1] : fill(texts.opens[2], {wait: waitWords(left, left, true)});
  put("countdown", words); document.title = words + " · " + heading;
  show("clock", opensAt && left > 0);
  put("clock", (s >= 3600 ? Math.floor(s / 3600) + ":" : "") + two(Math.floor(s / 60) % 60) + ":" + two(s % 60));
  if (told && told !== words) speak(words);
  told = words;
}

function drawPlace(a) {
  clearInterval(ticking); show("opens", false); show("place", true); show("leave", true);
  const known = a.eta_high_s !== null;
  goOn(a.number, a.position, known ? a.eta_high_s : null, a.eta_reason);
  const ahead = journey[2] - 1, done = Math.max(0, 1 - journey[2] / journey[1]), due = journey[3] - now();
  const high = known ? Math.max(1, Math.min(a.eta_high_s, due)) : 0;
  const wait = known ? waitWords(Math.min(a.eta_low_s, high), high) : texts.unknown;
  const said = ahead ? plural(texts.ahead, ahead) : texts.next, digits = numbers.format(ahead), at = said.indexOf(digits);
  const line = $("ahead"); line.textContent = "";
  if (ahead && at >= 0) {
    const bold = document.createElement("b"); bold.textContent = digits;
    line.append(said.slice(0, at), bold, said.slice(at + digits.length));
  } else { const strong = document.createElement("strong"); strong.append(said); line.append(strong); }
  put("wait", wait); put("number", numbers.format(a.number));
  $("bar").value = Math.round(done * 100);
  $("bar").setAttribute("aria-valuetext", said + ". " + fill(texts.waitIs, {wait}));
  $("train").setAttribute("transform", "translate(" + Math.round(done * data.track) + " 0)");
  const growth = tellGrowth();
  document.title = said + " · " + heading;
  const milestone = ahead > 100 ? "" : ahead > 50 ? 100 : ahead > 10 ? 50 : ahead > 0 ? 10 : 0;
  if (growth || milestone + wait !== drawPlace.last) {
    drawPlace.last = milestone + wait;
    speak(said + ". " + fill(texts.waitIs, {wait}) + growth, growth);
  }
}

function ring() {
  put("alert", texts.says.your_turn[0] + ". " + texts.says.your_turn[1]);
  document.title = "★ " + texts.says.your_turn[0];
  $("train").setAttribute("transform", "translate(" + data.track + " 0)");
  if (!sound || ring.done) return;
  ring.done = true;
  [0, 0.25, 0.5].forEach((at, i) => {
    const tone = sound.createOscillator(), gain = sound.createGain();
    tone.frequency.value = [523, 659, 784][i]; gain.gain.value = 0.15;
    tone.connect(gain).connect(sound.destination);
    tone.start(sound.currentTime + at); tone.stop(sound.currentTime + at + 0.22);
  });
  if (window.Notification && Notification.permission === "granted") new Notification(texts.says.your_turn[0]);
}

function draw(a) {
  if (a.reason === "queue_wait" || a.reason === "prequeue") { put("words", a.message || ""); show("message", a.message); }
  const time = new Date(now() * 1000);
  $("updated").dateTime = time.toISOString(); put("updated", time.toLocaleTimeString(texts.lang));
  const before = verb, away = a.reason === "store_away" || a.reason === "recovering";
  verb = "status";
  if (a.state === "waiting" || a.state === "paused") {
    const early = a.number !== null && a.position === null;
    says(a.reason, away ? "away" : a.reason === "prequeue" ? "early" : a.reason === "room_paused" ? "paused" : a.state); tellBreak(a.resumes_in_s);
    show("pace", !away && !early && a.state === "waiting" && $("speed").textContent);
    if (early) drawEarly(a); else if (a.number !== null) drawPlace(a); else { document.title = heading; verb = "join"; }
    return later(a.next_poll_s);
  }
  if (a.state === "called") {
    const first = before !== "claim";
    says(a.reason, away ? "away" : "called"); clearInterval(ticking); show("opens", false); show("place", false); tellBreak(null); ring();
    verb = "claim";
    return first || later(a.next_poll_s);
  }
  if (a.state === "admitted") {
    over = true; clearInterval(ticking); says("your_turn", "admitted"); ring(); keep("wr_seen_" + data.room, "");
    return location.replace(data.target);
  }
  if (a.reason === "no_ticket" && !joined) { verb = "join"; joined = true; return later(0); }
  if (a.state === "refused" && a.next_poll_s !== null && texts.says[a.reason]) {
    says(a.reason, "away"); verb = journey ? "status" : "join";
    return later(a.next_poll_s);
  }
  return swap();
}

/* What is rare is told by the server's own page; only its contents change, so nothing flashes and nothing reloads. */
async function swap() {
  over = true; clearInterval(ticking);
  const answer = await fetch(data.here + (data.here.includes("?") ? "&" : "?") + "step=2", {headers: {Accept: "text/html"}, redirect: "manual"});
  if (!answer.ok) return location.assign(data.here);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  root.className = page.documentElement.className + " js"; document.title = page.title;
  $("main").replaceWith(document.adoptNode(page.getElementById("main")));
  $("heading").focus();
}

function later(seconds) {
  clearTimeout(timer);
  let ms = 1000 * (seconds === null ? 5 : seconds);
  if (document.hidden) ms = Math.max(ms, Math.min(2 * ms, HIDDEN_MS));
  dueAt = Date.now() + ms;
  timer = setTimeout(step, ms);
}

async function ask() {
  const stop = new AbortController(), limit = setTimeout(() => stop.abort(), GIVE_UP_MS);
  const seen = journey ? "?seen=" + journey[2] : "";
  try {
    const answer = await fetch(data.base + "/" + data.room + "/" + verb + seen, {
      method: verb === "status" ? "GET" : "POST", headers: {Accept: "application/json"}, cache: "no-store", signal: stop.signal});
    const said = await answer.json();
    if (said.state) return said;
    const known = texts.says[said.reason];
    if (answer.status >= 500 && !known) throw new Error(said.reason);
    return {state: "refused", reason: said.reason, next_poll_s: known ? Number(answer.headers.get("Retry-After")) || 5 : null};
  } finally { clearTimeout(limit); }
}

/* The claim follows the call without a timer: a hidden tab's may run a minute later, and the seat would go to others. */
async function step() {
  if (busy || over || !verb) return;
  clearTimeout(timer); busy = true;
  let called = false;
  try {
    const said = await ask();
    if (verb === "join") joined = true;
    fails = 0; show("note", false);
    called = await draw(said);
    if (!over && Date.now() - paceAt > PACE_MS) measurePace();
  } catch (error) {
    if (over) return location.assign(data.here);
    fails += 1;
    const ms = Math.min(SLOWEST_MS, 2000 * 2 ** Math.min(fails, 6)) * (0.5 + Math.random() / 2);
    if (fails > 1 || !navigator.onLine) { put("note", texts.lost); show("note", true); }
    clearTimeout(timer); timer = setTimeout(step, ms);
  } finally { busy = false; }
  if (called) return step();
}

/* How fast people really go in: two looks at the public counter, a minute apart. */
async function measurePace() {
  paceAt = Date.now();
  try {
    const state = await (await fetch(data.base + "/" + data.room + "/state.json")).json();
    const at = state.as_of_ms / 60000, per = pace ? Math.round((state.admitted_total - pace[0]) / (at - pace[1])) : 0;
    if (per > 0) { put("speed", plural(texts.speed, per)); show("pace", root.classList.contains("waiting")); }
    pace = [state.admitted_total, at];
  } catch (error) { pace = null; }
}

function ready() {
  window.stop();  /* no reload any more: the Refresh header is for browsers without scripts */
  const button = $("ring");
  if (button && (window.AudioContext || window.Notification)) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", on);
      if (!on) { sound = null; return; }
      sound = new AudioContext();
      if (window.Notification && window.isSecureContext && Notification.permission === "default") Notification.requestPermission();
    });
  }
  if (verb) later(verb === "claim" ? 0 : data.poll_s);
}

root.classList.add("js");
tellBreak(data.resumes_s);
setInterval(() => { if (resumesAt && !over) tellBreak(); }, 5000);
keep("wr_js", "1");
const clock = new Date($("updated").dateTime);
if (!isNaN(clock)) put("updated", clock.toLocaleTimeString(texts.lang));
if (root.classList.contains("early")) drawEarly({number: Number(data.number), opens_in_s: data.opens_in_s});
addEventListener("online", step);
addEventListener("pageshow", (event) => { if (event.persisted) step(); });
addEventListener("pagehide", remember);
document.addEventListener("visibilitychange", () => { if (document.hidden) remember(); else if (dueAt && Date.now() > dueAt) step(); });
if (document.readyState === "complete") setTimeout(ready, 0); else addEventListener("load", () => setTimeout(ready, 0));
})();
