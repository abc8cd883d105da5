// What this till took without network: kept, sent as soon as there is network, answered once.

import { all, put, remove } from "./promise-store.js";

const SHOWN_MS = 7 * 24 * 3600 * 1000;
const isOpen = (row) => row.state === "unsent" || row.state === "waiting";

export async function rowsOf(merchant) {
  const rows = (await all("queue")).filter((row) => row.merchant === merchant);
  return rows.sort((one, other) => other.takenAt - one.takenAt);
}

export const unsentOf = (rows) => rows.filter(isOpen);
export const sumOf = (rows) => rows.reduce((sum, row) => sum + row.units, 0);

export async function keep(merchant, promise, code) {
  const id = promise.pass + promise.nonce;
  const row = { id, merchant, code, units: promise.units, takenAt: Date.now(), state: "unsent", title: "", text: "", payment: "" };
  await put("queue", id, row);
  return row;
}

// Hand in everything that waits; says "sent", "away" (no network or a sick server) or "door"
// (nobody is signed in). Sending a row twice is harmless: the server pays it once.
export async function send(merchant) {
  const rows = await rowsOf(merchant);
  for (const row of rows.filter((one) => !isOpen(one) && Date.now() - one.answeredAt > SHOWN_MS)) await remove("queue", row.id);
  for (const row of unsentOf(rows).reverse()) {
    let answer;
    try {
      answer = await fetch(`/caisse/sans-reseau/${merchant}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ code: row.code }),
      });
    } catch {
      return "away";
    }
    if (answer.status === 401 || answer.status === 403) return "door";
    if (!answer.ok) return "away";
    const said = await answer.json();
    await put("queue", row.id, { ...row, ...said, answeredAt: Date.now() });
  }
  return "sent";
}

// Two pages of one till must not send at the same time for nothing; harmless where there is no lock.
export const sendOnce = (merchant) =>
  navigator.locks ? navigator.locks.request(`send-${merchant}`, () => send(merchant)) : send(merchant);
