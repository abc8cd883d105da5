// Keep marked parts of a page fresh: the server renders, this only swaps what it rendered.
// `data-live="kind kind"` reloads a part when such an event arrives, `data-poll="3"` every 3 s.
// Without this script the pages still say the truth after a reload.

const liveParts = () => [...document.querySelectorAll("[data-live]")];
const pollParts = () => [...document.querySelectorAll("[data-poll]")].filter((part) => Number(part.dataset.poll) > 0);
let running = null;
let again = false;

async function refresh() {
  if (running) {
    again = true;
    return running;
  }
  running = swap().finally(() => {
    running = null;
    if (again) {
      again = false;
      refresh();
    }
  });
  return running;
}

async function swap() {
  let answer;
  try {
    answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-store" });
  } catch {
    return; // Offline: what is shown stays, the next event or tick tries again.
  }
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of document.querySelectorAll("[data-live][id], [data-poll][id]")) {
    const next = fresh.getElementById(part.id);
    // Somebody who types or has the focus inside must not lose it.
    if (!next || part.contains(document.activeElement)) continue;
    if (part.innerHTML === next.innerHTML) {
      // The same words for another state, as of a till's accepted payment once it is confirmed.
      if (next.dataset.state) part.dataset.state = next.dataset.state;
      continue;
    }
    const changed = part.dataset.state !== next.dataset.state;
    part.replaceWith(next);
    if (changed && navigator.vibrate) navigator.vibrate(80);
  }
  startCountdowns();
}

function listen() {
  const kinds = new Set(liveParts().flatMap((part) => part.dataset.live.split(" ")));
  const address = document.body.dataset.events; // Missing for strangers: nothing can happen to them.
  if (kinds.size === 0 || !address || !("EventSource" in window)) return;
  const source = new EventSource(address);
  for (const kind of kinds) source.addEventListener(kind, refresh);
  source.addEventListener("open", refresh); // What happened between the page and the stream.
  addEventListener("pagehide", () => source.close());
}

function poll() {
  const shortest = Math.min(...pollParts().map((part) => Number(part.dataset.poll)));
  setTimeout(async () => {
    if (!document.hidden && Number.isFinite(shortest)) await refresh();
    poll();
  }, (Number.isFinite(shortest) ? shortest : 5) * 1000);
}

let countdown = 0;
function startCountdowns() {
  clearInterval(countdown);
  const marks = document.querySelectorAll("[data-countdown]");
  if (marks.length === 0) return;
  countdown = setInterval(() => {
    for (const mark of marks) {
      const left = Math.max(0, Math.round((new Date(mark.dataset.countdown) - Date.now()) / 1000));
      mark.textContent = mark.textContent.replace(/\d+/, String(left));
    }
  }, 1000);
}

listen();
poll();
startCountdowns();
// A page restored from the back-forward cache shows an old balance.
addEventListener("pageshow", (event) => event.persisted && refresh());
