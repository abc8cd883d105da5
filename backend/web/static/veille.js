// Lets the till and the citizen's pages open without network. In front of this text the server
// puts VERSION, a digest of what the pages load, and FILES, their addresses (web/worker.py).
// Whatever is asked of the server is asked first; only pages that somebody kept are shown instead.

const STATIC = `calanque-${VERSION}`;
const KEPT = "calanque-private";
const PATIENCE_MS = 5000; // A network that is there and says nothing counts as none.
const LEAVING = /^\/(deconnexion(\/partout)?|caisse\/quitter|caisse\/equipe\/\w+\/caisse)$/;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(STATIC).then((files) => files.addAll(FILES.map(asked))).then(() => skipWaiting()));
});

// Where the address has no version, what the browser has from before may be older than VERSION.
function asked(path) {
  return new Request(path, { cache: path.includes("?v=") ? "default" : "no-cache" });
}

addEventListener("activate", (event) => event.waitUntil(tidy().then(() => clients.claim())));

async function tidy() {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith("calanque-") && name !== STATIC && name !== KEPT);
  await Promise.all(old.map((name) => caches.delete(name)));
}

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (url.origin !== location.origin) return;
  // Signing out forgets at once, with or without an answer.
  if (request.method === "POST" && LEAVING.test(url.pathname)) event.waitUntil(forget());
  if (request.method !== "GET") return;
  if (url.pathname.startsWith("/static/")) event.respondWith(asset(request, url));
  else if (request.mode === "navigate") event.respondWith(page(request, url));
});

async function asset(request, url) {
  const kept = await caches.match(request, { cacheName: STATIC });
  // An address with a version never means anything else; one without may be newer on the server.
  if (kept && url.searchParams.has("v")) return kept;
  return fetch(request).catch(() => kept ?? Response.error());
}

async function page(request, { pathname }) {
  const kept = await keptFor(pathname);
  if (!kept) return fetch(request);
  const asked = fetch(request).catch(() => kept);
  // What stands in for another page waits for it as long as it takes: a slow one is better.
  if (!pathname.startsWith("/caisse") && pathname !== "/sans-reseau") return asked;
  return Promise.race([asked, new Promise((done) => setTimeout(() => done(kept), PATIENCE_MS))]);
}

async function keptFor(path) {
  if (!(await caches.has(KEPT))) return undefined; // Opening it would make it.
  const pages = await caches.open(KEPT);
  const exact = await pages.match(path);
  if (exact) return exact;
  if (!path.startsWith("/caisse")) return pages.match("/sans-reseau");
  const till = (await pages.keys()).find((one) => new URL(one.url).pathname.startsWith("/caisse/"));
  return till && pages.match(till);
}

// Everything but the queue of a till, which is the shop's and not who stood there.
async function forget() {
  await caches.delete(KEPT);
  const request = indexedDB.open("calanque-promises", 1);
  request.onupgradeneeded = () => ["facts", "signed", "queue"].forEach((name) => request.result.createObjectStore(name));
  await new Promise((done) => {
    request.onerror = done;
    request.onsuccess = () => {
      const change = request.result.transaction(["facts", "signed"], "readwrite");
      change.objectStore("facts").clear();
      change.objectStore("signed").clear();
      change.oncomplete = change.onerror = () => (request.result.close(), done());
    };
  });
}
