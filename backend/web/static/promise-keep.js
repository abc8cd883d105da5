// On the pages that people open every day: what was kept for a day without network stays fresh,
// and a till sends what it kept, whichever of its pages is open.

import { fresh, register } from "./promise-page.js";
import { rowsOf, sendOnce, unsentOf } from "./promise-queue.js";

const { keep, merchant } = document.getElementById("promise-keep").dataset;

if ("caches" in window && (await caches.match(keep, { cacheName: "calanque-private" }))) {
  register();
  await fresh(keep);
}
if (merchant && unsentOf(await rowsOf(merchant)).length) await sendOnce(merchant);
