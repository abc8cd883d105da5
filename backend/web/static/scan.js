// Scan with the phone's camera. The camera opens only when somebody asks for it; pictures are
// decoded in the page and never leave the phone; only the code that was read is sent.

import { whereAmI } from "./position.js";
import { detector, openBackCamera } from "./reader.js";

const box = document.getElementById("scanner");
const video = document.getElementById("camera");
const status = document.getElementById("status");
const torch = document.getElementById("torch");
const problem = document.getElementById("problem");
const text = box.dataset;
let stream = null;
let isLooking = false;

box.hidden = false;
document.getElementById("open-camera").addEventListener("click", open);
document.getElementById("again").addEventListener("click", () => {
  problem.hidden = true;
  open();
});
torch.addEventListener("click", toggleTorch);
addEventListener("pagehide", close);

async function open() {
  if (!navigator.mediaDevices?.getUserMedia) return fail(text.missing, "");
  try {
    stream = await openBackCamera();
  } catch (error) {
    return fail(error.name === "NotAllowedError" ? text.refused : text.missing, "");
  }
  video.srcObject = stream;
  video.hidden = false;
  document.getElementById("start").hidden = true;
  await video.play();
  torch.hidden = !stream.getVideoTracks()[0].getCapabilities?.().torch;
  status.textContent = text.looking;
  look(await detector(text));
}

async function look(reader) {
  isLooking = true;
  while (isLooking && stream) {
    const codes = await reader.detect(video).catch(() => []);
    for (const code of codes) if (await take(code.rawValue)) return;
    await new Promise((next) => setTimeout(next, 120));
  }
}

async function take(value) {
  const found = value.match(/\/(S|P|B)\/([A-Z0-9]+)\s*$/i);
  if (!found) {
    status.textContent = text.unreadable;
    return false;
  }
  isLooking = false;
  navigator.vibrate?.(60);
  close();
  const page = { P: "payer", B: "boutique" }[found[1].toUpperCase()];
  if (page) location.assign(`/${page}/${found[2].toLowerCase()}`);
  else await claim(value);
  return true;
}

async function claim(code, position) {
  status.textContent = text.sending;
  // One key for all tries of this scan: a reply that was lost on the way never counts twice.
  const key = crypto.randomUUID?.() ?? [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, "0")).join("");
  for (let attempt = 0; ; attempt++) {
    let answer;
    try {
      answer = await send("/api/v1/claims", { code, position }, key);
      if (answer.status === 401) {
        await send("/api/v1/sessions", {});
        answer = await send("/api/v1/claims", { code, position }, key);
      }
    } catch {
      answer = null;
    }
    const isTransient = answer === null || answer.status >= 500 || answer.status === 429;
    if (isTransient && attempt < 4) {
      status.textContent = text.offline;
      await new Promise((next) => setTimeout(next, 600 * 2 ** attempt));
      continue;
    }
    if (answer === null) return fail(text.offline, "");
    const body = await answer.json();
    if (answer.ok) return location.assign(`/recus/${body.id}`);
    // A stored refusal has a receipt, which says why and can be contested.
    if (body.facts?.claim_id) return location.assign(`/recus/${body.facts.claim_id}`);
    // A sticker is the same for everybody: it counts where it hangs.
    if (body.code === "position_needed" && !position) return claimHere(code, body);
    return refused(body);
  }
}

async function claimHere(code, problem) {
  status.textContent = text.asking;
  let position;
  try {
    position = await whereAmI();
  } catch {
    return refused(problem);
  }
  await claim(code, position);
}

function send(path, body, key) {
  const headers = { "Content-Type": "application/json", Accept: "application/json" };
  if (key) headers["Idempotency-Key"] = key;
  return fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
}

async function refused(body) {
  // The page of the problem has the words in the reader's language.
  const answer = await fetch(`/problemes/${encodeURIComponent(body.code)}`).catch(() => null);
  const words = answer?.ok ? await answer.json() : { title: body.title, to_do: body.detail };
  fail(words.title, words.to_do);
}

function fail(title, body) {
  close();
  status.textContent = "";
  video.hidden = true;
  document.getElementById("start").hidden = false;
  document.getElementById("problem-title").textContent = title;
  document.getElementById("problem-text").textContent = body;
  problem.hidden = false;
}

async function toggleTorch() {
  const isOn = torch.getAttribute("aria-pressed") === "true";
  await stream?.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: !isOn }] });
  torch.setAttribute("aria-pressed", String(!isOn));
}

function close() {
  isLooking = false;
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  torch.hidden = true;
}
