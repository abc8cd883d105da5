// The citizen's phone without network: a pass fetched while there was some, a sale read, a yes, a
// code to show. The key of the pass is made here and its browser gives it to nobody, us included.

import { drawn, newKey, readRequest, signPromise } from "./promise-codes.js";
import { clock, draw, fill, forgetPage, fresh, points, register, timed, words } from "./promise-page.js";
import { all, clear, get, put } from "./promise-store.js";
import { detector, openBackCamera } from "./reader.js";

const PAGE = "/sans-reseau";
const RETRY_MS = 15000;
const RENEW_S = 3 * 24 * 3600; // rules.RENEW_BEFORE
const box = document.getElementById("promises");
const text = words();
const $ = (id) => document.getElementById(id);

let facts = null; // What the server said last, with how far this clock is from its own.
let held = null; // The pass of this phone: key, certificate, limits.
let sale = null;
let stream = null;
let turn = Promise.resolve();

// One after the other: a page fetched before a pass was given must not be read after it.
const inTurn = (act) => (turn = turn.then(act, act));
const refresh = () => inTurn(ask);

$("no-script").hidden = true;
box.hidden = false;
$("prepare").addEventListener("click", () => inTurn(prepare));
$("open-camera").addEventListener("click", openCamera);
$("confirm-form").addEventListener("submit", confirm);
for (const button of document.querySelectorAll("[data-again]")) button.addEventListener("click", again);
addEventListener("online", refresh);
addEventListener("pagehide", closeCamera);
start();

async function start() {
  register();
  // Where nothing was kept, this page came from the server just now.
  facts = (await get("facts", PAGE)) ?? timed(box.dataset);
  held = (await get("facts", "pass")) ?? null;
  await show();
  // First what somebody waits for at a counter; a dead network takes its time to say so.
  if (scanned()) await look(scanned());
  await refresh();
}

// What the phone's own camera opened.
const scanned = () => location.pathname.match(/^\/h\/([A-Z2-7]+)$/i)?.[1];

const now = () => Math.floor((Date.now() + (facts?.skewMs ?? 0)) / 1000);

// --- network --------------------------------------------------------------------------------

async function ask() {
  const found = await fresh(PAGE);
  $("network").hidden = found !== null;
  if (found?.page) await learn(found.page);
  else if (found && found.status < 500) await forgetPage(PAGE);
  else setTimeout(refresh, RETRY_MS);
}

async function learn(page) {
  const said = page.getElementById("promises").dataset;
  // Somebody else signed in here: what the last one promised is theirs.
  if (facts && facts.owner !== said.owner) {
    await clear("signed");
    await put("facts", "pass", null);
    held = null;
  }
  facts = timed(said);
  await put("facts", PAGE, facts);
  for (const id of ["balance", "passes", "obstacle"]) {
    const next = page.getElementById(id);
    if (next) $(id).replaceWith(document.importNode(next, true));
  }
  const arrived = Object.fromEntries([...page.querySelectorAll("[data-arrived]")].map((one) => [one.dataset.arrived, one.dataset]));
  for (const one of await all("signed")) {
    const found = arrived[one.pass + one.nonce];
    if (found && one.state !== found.state) await put("signed", one.request, { ...one, state: found.state, payment: found.payment });
  }
  const isGone = held && !page.querySelector(`[data-pass="${held.pass}"]`);
  if (isGone) {
    await put("facts", "pass", null);
    held = null;
  }
  const isOld = held && facts.obstacle === "" && (held.until - now() < RENEW_S || (await left()) < Number(facts.each));
  if (isOld) await prepare({ isAsked: false });
  await show();
}

async function prepare({ isAsked = true } = {}) {
  $("prepare").disabled = true;
  try {
    const { key, publicKey } = await newKey();
    const answer = await fetch("/sans-reseau/passe", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ public_key: publicKey }),
    });
    const said = await answer.json();
    if (answer.ok) {
      held = { ...said, key, owner: facts?.owner };
      await put("facts", "pass", held);
      if (isAsked) await ask();
      if (isAsked && scanned()) await look(scanned());
    } else if (isAsked) complain("pass", said.text ?? said.detail ?? text.failed);
  } catch {
    if (isAsked) complain("pass", text.failed);
  }
  $("prepare").disabled = false;
  await show();
}

// --- a sale ---------------------------------------------------------------------------------

async function left() {
  const signed = (await all("signed")).filter((one) => one.pass === held.pass);
  return held.limit - signed.reduce((sum, one) => sum + one.units, 0);
}

async function whyNot(found) {
  if (!held) return text.no_pass;
  if (!found) return text.malformed;
  if (now() > held.until) return text.over;
  if (found.until < now()) return text.shop_over;
  if (found.units > held.each) return fill(text.each, { points: points(held.each) });
  if (found.units > (await left())) return fill(text.used_up, { points: points(Math.max(await left(), 0)) });
  return "";
}

async function look(code) {
  const found = held ? await readRequest(code, held.issuer) : null;
  const before = found && (await get("signed", found.request));
  if (before) return reveal(before);
  const problem = await whyNot(found);
  complain("sale", problem);
  if (problem) return step("home");
  sale = found;
  $("sale-shop").textContent = sale.name;
  $("sale-amount").textContent = points(sale.units);
  step("sale");
}

async function confirm(event) {
  event.preventDefault();
  $("confirm").disabled = true;
  const problem = await whyNot(sale);
  if (problem) complain("sale", problem), step("home");
  else await sign();
  $("confirm").disabled = false;
}

async function sign() {
  const promise = { pass: held.pass, merchant: sale.merchant, request: sale.request, units: sale.units, at: now(), nonce: drawn(8) };
  const code = await signPromise(promise, held.key, held.certificate);
  const signed = { ...promise, name: sale.name, code, state: "signed", payment: "" };
  // On the disk before it is shown: whatever was shown counts against the pass.
  await put("signed", promise.request, signed);
  await reveal(signed);
  navigator.vibrate?.(80);
}

async function reveal(signed) {
  $("shown-amount").textContent = points(signed.units);
  $("shown-shop").textContent = signed.name;
  await draw($("shown-code"), signed.code, box.dataset);
  $("shown-code").dataset.code = signed.code;
  step("shown");
  await show();
}

function again() {
  closeCamera();
  sale = null;
  complain("sale", "");
  history.replaceState(null, "", PAGE);
  step("home");
}

function step(name) {
  for (const one of ["home", "sale", "shown"]) $(one).hidden = one !== name;
  scrollTo(0, 0);
}

function complain(field, said) {
  const place = $(`${field}-problem`);
  place.hidden = !said;
  place.lastElementChild.textContent = said;
}

// --- what is shown --------------------------------------------------------------------------

async function show() {
  const isGood = held !== null && now() < held.until;
  $("ready").hidden = !isGood;
  $("not-ready").hidden = isGood;
  $("prepare").hidden = facts?.obstacle !== "" || isGood;
  $("obstacle").hidden = isGood || !facts?.obstacle;
  $("scan-box").hidden = !isGood;
  if (isGood) $("ready-text").textContent = fill(text.ready, { until: clock(held.until), each: points(held.each), left: points(Math.max(await left(), 0)) });
  const signed = (await all("signed")).sort((one, other) => other.at - one.at);
  $("signed-box").hidden = signed.length === 0;
  $("signed").replaceChildren(...signed.slice(0, 20).map(line));
}

function line(one) {
  const item = $("signed-line").content.firstElementChild.cloneNode(true);
  const isLost = one.state === "signed" && now() > one.at + Number(facts?.arrivesWithin ?? Infinity);
  const state = isLost ? "lost" : one.state;
  item.dataset.state = state;
  item.querySelector("[data-part=shop]").textContent = one.name;
  item.querySelector("[data-part=when]").textContent = `${clock(one.at)} · ${text[state]}`;
  item.querySelector("[data-part=units]").textContent = `${points(one.units)} ${text.points}`;
  for (const badge of item.querySelectorAll("[data-badge]")) badge.hidden = badge.dataset.badge !== state;
  const again_ = item.querySelector("button");
  again_.hidden = state !== "signed";
  again_.addEventListener("click", () => reveal(one));
  const link = item.querySelector("a");
  link.hidden = !one.payment;
  link.href = one.payment ? `/paiements/${one.payment}` : "#";
  return item;
}

// --- camera ---------------------------------------------------------------------------------

async function openCamera() {
  complain("sale", "");
  try {
    stream = await openBackCamera();
  } catch (error) {
    $("status").textContent = error.name === "NotAllowedError" ? box.dataset.refused : box.dataset.missing;
    return;
  }
  const video = $("camera");
  video.srcObject = stream;
  video.hidden = false;
  $("open-camera").hidden = true;
  $("status").textContent = box.dataset.looking;
  await video.play();
  const reader = await detector(box.dataset);
  while (stream) {
    for (const { rawValue } of await reader.detect(video).catch(() => [])) {
      const found = rawValue.match(/\/H\/([A-Z2-7]+)\s*$/i);
      if (!found || !stream) continue;
      closeCamera();
      await look(found[1]);
    }
    await new Promise((next) => setTimeout(next, 120));
  }
}

function closeCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("camera").hidden = true;
  $("open-camera").hidden = false;
  $("status").textContent = "";
}
