// What a browser keeps of payments without network. It survives a restart and a dead battery.
// `facts`: what the server said last, and the phone's key. `signed`: what this phone promised.
// `queue`: what this till took; it is the shop's money and stays when somebody signs out.

const STORES = ["facts", "signed", "queue"];

const database = new Promise((done, fail) => {
  const request = indexedDB.open("calanque-promises", 1);
  request.onupgradeneeded = () => STORES.forEach((name) => request.result.createObjectStore(name));
  request.onsuccess = () => done(request.result);
  request.onerror = () => fail(request.error);
});

async function act(name, mode, what) {
  const change = (await database).transaction(name, mode);
  const result = what(change.objectStore(name));
  return new Promise((done, fail) => {
    // Only a finished transaction is on the disk.
    change.oncomplete = () => done(result.result);
    change.onerror = change.onabort = () => fail(change.error);
  });
}

export const get = (name, key) => act(name, "readonly", (store) => store.get(key));
export const all = (name) => act(name, "readonly", (store) => store.getAll());
export const put = (name, key, value) => act(name, "readwrite", (store) => store.put(value, key));
export const remove = (name, key) => act(name, "readwrite", (store) => store.delete(key));
export const clear = (name) => act(name, "readwrite", (store) => store.clear());
