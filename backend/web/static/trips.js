// Record a trip on this phone. Fixes go into the browser's own database one by one, so that a
// lock, a reload or a crash loses nothing; only what lies outside the private zones is sent, and
// only when its owner says so. Without this script a file can be uploaded on the same page.

const box = document.getElementById("recorder");
const text = box.dataset;
const $ = (id) => document.getElementById(id);
const ZONES = "calanque-zones";
const ZONE_M = 200;
const SKETCH = { width: 1000, height: 620, margin: 60 };
const USABLE_M = 100; // Coarser fixes are kept for the record and left out of the gauges.
const BACK_AFTER_S = 60;

let ride = null; // { key, state, resumedAt, activeMs }
let fixes = [];
let metres = 0;
let watch = null;
let lock = null;
let isSure = false;
let isSending = false;

// --- the browser's database -----------------------------------------------------------------

function open() {
  return new Promise((done, fail) => {
    const request = indexedDB.open("calanque-trip", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("ride");
      request.result.createObjectStore("fixes", { autoIncrement: true });
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

const database = open();

async function store(stores, act) {
  const base = await database;
  return new Promise((done, fail) => {
    const change = base.transaction(stores, "readwrite");
    const result = act(...stores.map((name) => change.objectStore(name)));
    change.oncomplete = () => done(result?.result);
    change.onerror = () => fail(change.error);
  });
}

const keepRide = () => store(["ride"], (rides) => rides.put(ride, "now"));
const keepFix = (fix) => store(["fixes"], (all) => all.add(fix));
const forget = () => store(["ride", "fixes"], (rides, all) => (rides.clear(), all.clear()));
const kept = async () => [await store(["ride"], (rides) => rides.get("now")), await store(["fixes"], (all) => all.getAll())];

// --- recording ------------------------------------------------------------------------------

function newKey() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
}

async function start() {
  if (!("geolocation" in navigator)) return say(text.missing);
  await forget();
  fixes = [];
  metres = 0;
  ride = { key: newKey(), state: "recording", resumedAt: Date.now(), activeMs: 0 };
  await keepRide();
  listen(text.waiting);
}

function listen(words) {
  watch ??= navigator.geolocation.watchPosition(take, refuse, { enableHighAccuracy: true, maximumAge: 0, timeout: 30000 });
  stayAwake();
  show(words);
}

async function take({ coords, timestamp }) {
  if (ride?.state !== "recording") return;
  const fix = [
    timestamp / 1000, Number(coords.latitude.toFixed(6)), Number(coords.longitude.toFixed(6)),
    round(coords.accuracy), round(coords.speed), round(coords.altitude),
  ];
  const last = fixes.at(-1);
  if (last && fix[0] <= last[0]) return;
  const isBack = last && fix[0] - last[0] > BACK_AFTER_S && !ride.wasPaused;
  ride.wasPaused = false;
  measure(fix);
  await keepFix(fix);
  show(isBack ? text.back.replace("{minutes}", Math.round((fix[0] - last[0]) / 60)) : text.recording);
}

function measure(fix) {
  const last = fixes.findLast((one) => one[3] === null || one[3] <= USABLE_M);
  if (last && (fix[3] === null || fix[3] <= USABLE_M)) metres += apart(last, fix);
  fixes.push(fix);
}

function refuse(error) {
  if (error.code === error.PERMISSION_DENIED) {
    pause();
    say(text.refused);
  } else say(text.waiting);
}

async function pause() {
  if (ride.state === "recording") ride.activeMs += Date.now() - ride.resumedAt;
  Object.assign(ride, { state: "paused", wasPaused: true });
  stop();
  await keepRide();
  show(text.paused);
}

async function resume() {
  Object.assign(ride, { state: "recording", resumedAt: Date.now() });
  await keepRide();
  listen(text.recording);
}

async function finish() {
  if (ride.state === "recording") ride.activeMs += Date.now() - ride.resumedAt;
  ride.state = "finished";
  stop();
  await keepRide();
  const hidden = fixes.length - shareable().length;
  show(hidden ? `${text.finished} ${text.hiddenPoints.replace("{count}", hidden)}` : text.finished);
}

function stop() {
  if (watch !== null) navigator.geolocation.clearWatch(watch);
  watch = null;
  lock?.release().catch(() => {});
  lock = null;
}

async function discard() {
  if (!isSure) {
    isSure = true;
    $("trip-discard").textContent = text.sure;
    return;
  }
  stop();
  await forget();
  ride = null;
  fixes = [];
  metres = 0;
  show("");
}

async function stayAwake() {
  if (document.hidden || lock || ride?.state !== "recording") return;
  lock = await navigator.wakeLock?.request("screen").catch(() => null);
  lock?.addEventListener("release", () => (lock = null));
}

// --- sending --------------------------------------------------------------------------------

async function send() {
  if (isSending) return;
  const points = shareable();
  if (points.length < 5) return say(text.short);
  isSending = true;
  say(text.sending);
  const body = JSON.stringify({ id: "phone", points });
  for (let attempt = 0; attempt < 5; attempt++) {
    const answer = await post(body).catch(() => null);
    if (answer?.ok) {
      const { id } = await answer.json();
      await forget();
      location.assign(`/trajets/${id}`);
      return;
    }
    if (answer && answer.status < 500 && answer.status !== 429) {
      isSending = false;
      return say(await words(await answer.json()));
    }
    say(text.offline);
    await new Promise((next) => setTimeout(next, 600 * 2 ** attempt));
  }
  isSending = false;
}

async function post(body) {
  const headers = { "Content-Type": "application/json", Accept: "application/json", "Idempotency-Key": ride.key };
  const once = () => fetch("/api/v1/trips?source=phone", { method: "POST", headers, body });
  const answer = await once();
  if (answer.status !== 401) return answer;
  // A first trip needs no account: the points are tied to this phone.
  await fetch("/api/v1/sessions", { method: "POST", headers: { "Content-Type": "application/json" }, body: "{}" });
  return once();
}

async function words(problem) {
  const answer = await fetch(`/problemes/${encodeURIComponent(problem.code)}`).catch(() => null);
  const found = answer?.ok ? await answer.json() : { title: problem.title, to_do: problem.detail };
  return `${found.title} ${found.to_do}`;
}

// --- private zones: they stay on this phone -------------------------------------------------

const zones = () => JSON.parse(localStorage.getItem(ZONES) ?? "[]");

function shareable() {
  const hidden = zones();
  return fixes.filter((fix) => !hidden.some(([lat, lon]) => apart([0, lat, lon], fix) <= ZONE_M));
}

function addZone() {
  const here = ride?.state === "recording" && fixes.at(-1);
  if (here) return hide(here[1], here[2]);
  navigator.geolocation?.getCurrentPosition(
    ({ coords }) => hide(coords.latitude, coords.longitude),
    () => say(text.refused),
    { enableHighAccuracy: true, maximumAge: 60000, timeout: 30000 },
  );
}

function hide(lat, lon) {
  localStorage.setItem(ZONES, JSON.stringify([...zones(), [lat, lon]]));
  listZones();
  show();
}

function listZones() {
  $("zones").replaceChildren(...zones().map(([lat, lon], at) => {
    const line = document.createElement("li");
    const remove = document.createElement("button");
    line.textContent = `${text.zone.replace("{number}", at + 1)} (${lat.toFixed(3)}, ${lon.toFixed(3)})`;
    remove.type = "button";
    remove.className = "button button-quiet";
    remove.textContent = text.removeZone;
    remove.addEventListener("click", () => {
      localStorage.setItem(ZONES, JSON.stringify(zones().filter((_, other) => other !== at)));
      listZones();
      show();
    });
    line.append(remove);
    return line;
  }));
}

// --- what is shown --------------------------------------------------------------------------

function show(words) {
  const state = ride?.state ?? "idle";
  box.dataset.state = state;
  box.dataset.fixes = fixes.length;
  for (const button of box.querySelectorAll("[data-when]")) button.hidden = !button.dataset.when.split(" ").includes(state);
  if (isSure) {
    isSure = false;
    $("trip-discard").textContent = text.discard;
  }
  if (words !== undefined) say(words);
  const km = new Intl.NumberFormat(document.documentElement.lang, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
  $("gauge-km").textContent = km.format(metres / 1000);
  $("gauge-accuracy").textContent = fixes.at(-1)?.[3]?.toFixed(0) ?? "–";
  tick();
  sketch();
}

function tick() {
  const now = ride?.state === "recording" ? Date.now() - ride.resumedAt : 0;
  const seconds = Math.floor(((ride?.activeMs ?? 0) + now) / 1000);
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  $("gauge-time").textContent = (parts[0] ? parts : parts.slice(1)).map((part, at) => (at ? String(part).padStart(2, "0") : part)).join(":");
}

function sketch() {
  const points = fixes.filter((fix) => fix[3] === null || fix[3] <= USABLE_M);
  $("sketch-here").setAttribute("visibility", points.length ? "visible" : "hidden");
  if (points.length === 0) return $("sketch-line").setAttribute("d", "");
  const squeeze = Math.cos((points[0][1] * Math.PI) / 180);
  const x = points.map((fix) => fix[2] * squeeze);
  const y = points.map((fix) => -fix[1]);
  const [west, east, north, south] = [min(x), -min(x.map((v) => -v)), min(y), -min(y.map((v) => -v))];
  const room = [SKETCH.width - 2 * SKETCH.margin, SKETCH.height - 2 * SKETCH.margin];
  const unit = Math.max((east - west) / room[0], (south - north) / room[1], 1e-6);
  const place = (at) => [
    Math.round(SKETCH.width / 2 + (x[at] - (west + east) / 2) / unit),
    Math.round(SKETCH.height / 2 + (y[at] - (north + south) / 2) / unit),
  ];
  const step = Math.ceil(points.length / 500);
  const way = points.map((_, at) => at).filter((at) => at % step === 0 || at === points.length - 1);
  $("sketch-line").setAttribute("d", `M${way.map((at) => place(at).join(" ")).join("L")}`);
  const [cx, cy] = place(points.length - 1);
  $("sketch-here").setAttribute("cx", cx);
  $("sketch-here").setAttribute("cy", cy);
}

function say(words) {
  if ($("recorder-status").textContent !== words) $("recorder-status").textContent = words;
}

const min = (values) => values.reduce((least, value) => Math.min(least, value), Infinity);
const round = (value) => (Number.isFinite(value) ? Math.round(value * 100) / 100 : null);

function apart(one, other) {
  const rad = Math.PI / 180;
  const half = Math.sin(((other[1] - one[1]) * rad) / 2) ** 2
    + Math.cos(one[1] * rad) * Math.cos(other[1] * rad) * Math.sin(((other[2] - one[2]) * rad) / 2) ** 2;
  return 2 * 6371008.8 * Math.asin(Math.sqrt(half));
}

// --- start ----------------------------------------------------------------------------------

async function revive() {
  const [found, points] = await kept();
  box.hidden = false;
  listZones();
  if (!found) return show("");
  ride = found;
  for (const fix of points) measure(fix);
  if (ride.state === "recording") listen(text.recording);
  else show(ride.state === "paused" ? text.paused : text.finished);
}

$("trip-start").addEventListener("click", start);
$("trip-pause").addEventListener("click", pause);
$("trip-resume").addEventListener("click", resume);
$("trip-finish").addEventListener("click", finish);
$("trip-send").addEventListener("click", send);
$("trip-discard").addEventListener("click", discard);
$("zone-add").addEventListener("click", addZone);
document.addEventListener("visibilitychange", stayAwake);
addEventListener("online", () => ride?.state === "finished" && box.dataset.state === "finished" && isSending === false && $("recorder-status").textContent === text.offline && send());
setInterval(() => ride?.state === "recording" && tick(), 1000);
revive().catch(() => {
  // A browser without a database of its own (a private window): a file can still be handed in.
  box.hidden = true;
});
