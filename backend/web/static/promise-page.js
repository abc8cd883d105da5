// A page that also works without network: kept when it was fresh, words and numbers, codes drawn.

const KEPT = "calanque-private";

export const words = () =>
  Object.fromEntries([...document.querySelectorAll("[data-word]")].map((one) => [one.dataset.word, one.textContent.trim()]));

const language = document.documentElement.lang;
const number = new Intl.NumberFormat(language, { maximumFractionDigits: 2 });
export const points = (units) => number.format(units / 100);
export const clock = (seconds) =>
  new Date(seconds * 1000).toLocaleString(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "Europe/Paris" });
export const fill = (text, facts) => text.replace(/\[(\w+)\]/g, (_, name) => facts[name]);

// "12", "12,5", "1 200.50": units, or null; as backend/web/forms.py reads them.
export function unitsIn(text) {
  const found = /^(\d{1,7})(?:[.,](\d{1,2}))?$/.exec(text.replace(/\s/g, ""));
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : null;
}

// What a page says, with how far this clock is from the server's.
export const timed = (said) => ({ ...said, skewMs: Number(said.now) * 1000 - Date.now() });

export async function register() {
  // What is kept is money: ask the browser not to clear it when the disk is full.
  navigator.storage?.persist?.().catch(() => null);
  // Without a worker the page works while there is network, which is all it can do then.
  return navigator.serviceWorker?.register("/veille.js").catch(() => null);
}

// Ask for the page again: a fresh copy is kept, and what it says replaces what was kept before.
// Returns null without network, else the status and, when it is 200, the page.
export async function fresh(path) {
  let answer;
  try {
    answer = await fetch(path, { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout?.(8000) });
  } catch {
    return null;
  }
  if (!answer.ok || answer.redirected) return { status: answer.redirected ? 401 : answer.status };
  if ("caches" in window) await (await caches.open(KEPT)).put(path, answer.clone());
  return { status: 200, page: new DOMParser().parseFromString(await answer.text(), "text/html") };
}

export async function forgetPage(path) {
  if ("caches" in window && (await caches.has(KEPT))) await (await caches.open(KEPT)).delete(path);
}

export async function draw(image, text, { writer, writerWasm }) {
  const { writeBarcode, prepareZXingModule } = await import(writer);
  prepareZXingModule({ overrides: { locateFile: () => writerWasm } });
  const { svg, error } = await writeBarcode(text, { format: "QRCode", options: "ecLevel=M", scale: 4 });
  if (error) throw new Error(error);
  image.src = `data:image/svg+xml;base64,${btoa(svg)}`;
  image.hidden = false;
}
