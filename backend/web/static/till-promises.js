// The till without network: ask, show the sale, read the phone's answer, keep it, send it later.

import { drawn, isGenuine, readPromise, writeRequest } from "./promise-codes.js";
import { clock, draw, fill, forgetPage, fresh, points, register, timed, unitsIn, words } from "./promise-page.js";
import { keep, rowsOf, sendOnce, sumOf, unsentOf } from "./promise-queue.js";
import { get, put, remove } from "./promise-store.js";
import { detector, openBackCamera } from "./reader.js";

const box = document.getElementById("till-promises");
const text = words();
const $ = (id) => document.getElementById(id);
const { merchant } = box.dataset;
const path = `/caisse/sans-reseau/${merchant}`; // Not where we are: the worker shows this page for others.
const CLOCKS_S = 600; // How far a phone's clock may be from ours; rules.CLOCKS_DIFFER.
const RETRY_MS = 15000; // While something waits, or the network is away.
const CALM_MS = 300000;

let facts = null; // What the server said last, with how far this clock is from its own.
let sale = null;
let stream = null;
let timer = 0;

$("no-script").hidden = true;
box.hidden = false;
$("keypad-form").addEventListener("submit", ask);
$("answer-form").addEventListener("submit", (event) => (event.preventDefault(), read($("code").value.trim())));
$("open-camera").addEventListener("click", openCamera);
$("open-camera").hidden = !navigator.mediaDevices?.getUserMedia;
for (const button of document.querySelectorAll("[data-again]")) button.addEventListener("click", again);
$("send").addEventListener("click", refresh);
addEventListener("online", refresh);
addEventListener("offline", () => connected(false));
addEventListener("pagehide", closeCamera);
document.addEventListener("visibilitychange", () => document.hidden || refresh());
start();

async function start() {
  register();
  // Where nothing was kept, this page came from the server just now.
  facts = (await get("facts", path)) ?? timed(box.dataset);
  await show();
  await refresh();
}

// --- network --------------------------------------------------------------------------------

// Sends first, so that what the server then says counts what has just arrived.
async function refresh() {
  clearTimeout(timer);
  const said = await sendOnce(merchant);
  const found = await fresh(path);
  connected(found !== null && found.status < 500);
  if (found?.page && said !== "door") await learn(found.page);
  else if (said === "door" || (found && found.status < 500)) await shut();
  await show();
  const isWaiting = box.dataset.online !== "true" || unsentOf(await rowsOf(merchant)).length > 0;
  // Not all tills of a town at once when its network comes back.
  timer = setTimeout(refresh, (isWaiting ? RETRY_MS : CALM_MS) * (1 + Math.random() / 3));
}

async function learn(page) {
  facts = timed(page.getElementById("till-promises").dataset);
  await put("facts", path, facts);
  for (const id of ["arrived", "limits"]) {
    const next = page.getElementById(id);
    if (next && !$(id).contains(document.activeElement)) $(id).replaceWith(document.importNode(next, true));
  }
  $("door").hidden = true;
  await show();
}

// Whoever is signed in no more takes nothing more; what was taken stays on this till.
async function shut() {
  facts = null;
  await remove("facts", path);
  await forgetPage(path);
  $("door").hidden = false;
  await show();
}

function connected(is) {
  box.dataset.online = String(is);
  $("network").textContent = is ? text.online : text.offline;
  $("network").className = `till-network ${is ? "is-online" : "is-offline"}`;
}

// --- a sale ---------------------------------------------------------------------------------

const now = () => Math.floor((Date.now() + (facts?.skewMs ?? 0)) / 1000);

async function whyNot(units) {
  if (!units) return text.amount;
  if (!facts) return text.door;
  if (!facts.shop) return text.off;
  const unsent = unsentOf(await rowsOf(merchant));
  const left = Number(facts.limit) - sumOf(unsent);
  const mine = facts.clerkLeft === "" ? left : Number(facts.clerkLeft) - sumOf(unsent);
  if (Number(facts.limit) === 0) return text.off;
  if (now() > Number(facts.until)) return text.stale;
  if (units > Number(facts.each)) return fill(text.each, { points: points(Number(facts.each)) });
  if (unsent.length >= Number(facts.count)) return fill(text.count, { n: facts.count });
  if (units > left) return fill(text.limit, { points: points(Math.max(left, 0)) });
  if (units > mine) return fill(text.clerk, { points: points(Math.max(mine, 0)) });
  return "";
}

async function ask(event) {
  event.preventDefault();
  const units = unitsIn($("amount").value);
  const problem = await whyNot(units);
  complain("amount", problem);
  if (problem) return;
  sale = { request: drawn(8), units };
  const code = writeRequest({ ...sale, certificate: facts.shop });
  $("sale-amount").textContent = points(units);
  const link = `${facts.link}${code}`;
  await draw($("sale-code"), link, box.dataset);
  $("sale-code").dataset.link = link;
  step("sale");
  $("code").value = "";
  complain("code", "");
  $("code").focus();
}

async function read(code) {
  const promise = readPromise(code);
  const problem = await wrong(promise);
  complain("code", problem);
  if (problem) {
    $("code").select();
    return;
  }
  closeCamera();
  await keep(merchant, promise, code);
  sale = null;
  $("taken-amount").textContent = points(promise.units);
  $("taken").dataset.id = promise.pass + promise.nonce;
  step("taken");
  navigator.vibrate?.([80, 60, 80]);
  await show();
  if (box.dataset.online === "true") await refresh();
}

async function wrong(promise) {
  if (!promise) return text.malformed;
  if (!facts) return text.door;
  if (promise.merchant !== merchant || promise.request !== sale?.request || promise.units !== sale.units) return text.other_sale;
  if (promise.until < now()) return text.over;
  if (promise.units > promise.each) return text.over_each;
  if (Math.abs(promise.at - now()) > CLOCKS_S) return text.clocks;
  if (!(await isGenuine(promise, facts.issuer))) return text.forged;
  return whyNot(promise.units);
}

function again() {
  closeCamera();
  sale = null;
  $("amount").value = "";
  complain("amount", "");
  step("ask");
}

function step(name) {
  box.dataset.step = name;
  for (const one of ["ask", "sale", "taken"]) $(one).hidden = one !== name;
  $(name).querySelector("h2").focus({ preventScroll: true });
  $(name).scrollIntoView({ block: "nearest" });
}

function complain(field, words) {
  const place = $(`${field}-problem`);
  place.hidden = !words;
  place.lastElementChild.textContent = words;
  $(field).setAttribute("aria-invalid", String(Boolean(words)));
}

// --- what is kept ---------------------------------------------------------------------------

async function show() {
  const rows = await rowsOf(merchant);
  const unsent = unsentOf(rows);
  $("unsent-count").textContent = String(unsent.length);
  $("unsent-units").textContent = points(sumOf(unsent));
  $("send").hidden = unsent.length === 0;
  $("none").hidden = rows.length > 0;
  $("queue").replaceChildren(...rows.map(line));
  const current = rows.find((row) => row.id === $("taken").dataset.id);
  if (current) {
    $("taken").dataset.state = current.state;
    for (const one of $("taken").querySelectorAll("[data-when]")) one.hidden = !one.dataset.when.split(" ").includes(current.state);
    $("taken-answer").textContent = [current.title, current.text].filter(Boolean).join(" ");
  }
}

function line(row) {
  const item = $("queue-line").content.firstElementChild.cloneNode(true);
  const put_ = (name, words) => (item.querySelector(`[data-part=${name}]`).textContent = words);
  item.dataset.state = row.state;
  put_("units", `${points(row.units)} ${text.points}`);
  put_("when", clock(Math.floor(row.takenAt / 1000)));
  put_("words", [row.title, row.text].filter(Boolean).join(" "));
  for (const badge of item.querySelectorAll("[data-badge]")) badge.hidden = badge.dataset.badge !== row.state;
  const link = item.querySelector("a");
  link.hidden = !row.payment;
  link.href = row.payment ? `/caisse/${row.payment}` : "#";
  return item;
}

// --- camera ---------------------------------------------------------------------------------

async function openCamera() {
  try {
    stream = await openBackCamera();
  } catch {
    $("status").textContent = box.dataset.missing;
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
    for (const found of await reader.detect(video).catch(() => [])) {
      if (stream && readPromise(found.rawValue)) {
        $("code").value = found.rawValue;
        await read(found.rawValue);
      }
    }
    await new Promise((next) => setTimeout(next, 120));
  }
}

function closeCamera() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  $("camera").hidden = true;
  $("open-camera").hidden = !navigator.mediaDevices?.getUserMedia;
  $("status").textContent = "";
}
