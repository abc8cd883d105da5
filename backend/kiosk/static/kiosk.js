// Asks the terminal's own process what to show; draws nothing by itself.
"use strict";

const POLL_MS = 500;
const SPEAK_MS = 8000;
const DEAD_MS = 15000;

const body = document.body;
const picture = document.getElementById("qr");
const bar = document.getElementById("bar");
const counters = [document.getElementById("seconds"), document.getElementById("seconds-full")];
const typed = document.getElementById("typed");
const short = document.getElementById("short");

let shownId = "";
let endsAt = 0;
let answeredAt = performance.now();

async function poll() {
  try {
    const answer = await fetch("/ecran.json", { cache: "no-store" });
    if (answer.ok) show(await answer.json());
  } catch {
    // The process restarts; the watchdog below hides a code that may be stale.
  }
  setTimeout(poll, POLL_MS);
}

function show(screen) {
  answeredAt = performance.now();
  endsAt = answeredAt + screen.remaining_ms;
  bar.max = screen.slot_ms;
  body.dataset.state = screen.state;
  body.dataset.online = screen.is_online ? "yes" : "no";
  if (screen.id !== shownId && screen.qr) {
    shownId = screen.id;
    picture.src = screen.qr;
  }
  typed.hidden = !screen.short;
  short.textContent = screen.short ? `${screen.short.slice(0, 4)} ${screen.short.slice(4)}` : "";
}

function tick() {
  const left = Math.max(0, endsAt - performance.now());
  bar.value = left;
  for (const counter of counters) counter.textContent = Math.ceil(left / 1000);
  if (performance.now() - answeredAt > DEAD_MS) body.dataset.state = "refused";
}

function speak() {
  body.dataset.speaks = body.dataset.speaks === "fr" ? "en" : "fr";
}

body.classList.add("live");
body.dataset.speaks = "fr";
setInterval(tick, 250);
setInterval(speak, SPEAK_MS);
poll();
