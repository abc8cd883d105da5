// The bytes of payments without network: the browsers' side of backend/promises/codes.py.
// P-256 with SHA-256, signatures r ‖ s, keys x ‖ y, numbers big-endian, instants Unix seconds.

export const PREFIX = "CLQ1:";
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const P256 = { name: "ECDSA", namedCurve: "P-256" };
const SHA256 = { name: "ECDSA", hash: "SHA-256" };
const CERTIFICATE = 144; // Pass 8, key 64, end 4, dearest promise 4, our signature 64.
const PROMISE = 1 + CERTIFICATE + 104;

const utf8 = (text) => new TextEncoder().encode(text);
export const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
export const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
export const drawn = (count) => hex(crypto.getRandomValues(new Uint8Array(count)));
const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const four = (value) => [24, 16, 8, 0].map((shift) => (value >>> shift) & 255);
const int = (bytes) => bytes.reduce((sum, one) => sum * 256 + one, 0);

// --- what the till shows --------------------------------------------------------------------

export function writeRequest({ certificate, request, units }) {
  return base32(join([1], unhex(request), four(units), unhex(certificate)));
}

export async function readRequest(text, issuer) {
  const raw = unbase32(text);
  if (!raw || raw[0] !== 1 || raw.length < 98) return null;
  const shop = raw.slice(13, -64);
  const name = shop.slice(21);
  if (name.length !== shop[20]) return null;
  if (!(await isSigned(issuer, join(utf8("calanque/shop/v1"), shop), raw.slice(-64)))) return null;
  return {
    request: hex(raw.slice(1, 9)),
    units: int(raw.slice(9, 13)),
    merchant: hex(shop.slice(0, 16)),
    until: int(shop.slice(16, 20)),
    name: new TextDecoder().decode(name),
  };
}

// --- what the phone answers -----------------------------------------------------------------

const body = (promise) =>
  join(unhex(promise.merchant), unhex(promise.request), four(promise.units), four(promise.at), unhex(promise.nonce));
const signedBytes = (promise) => join(utf8("calanque/promise/v1"), unhex(promise.pass), body(promise));

export async function signPromise(promise, key, certificate) {
  const signature = new Uint8Array(await crypto.subtle.sign(SHA256, key, signedBytes(promise)));
  return PREFIX + base45(join([1], unhex(certificate), body(promise), signature));
}

export function readPromise(text) {
  if (!text.startsWith(PREFIX)) return null;
  const raw = unbase45(text.slice(PREFIX.length));
  if (!raw || raw.length !== PROMISE || raw[0] !== 1) return null;
  const rest = raw.slice(1 + CERTIFICATE);
  return {
    pass: hex(raw.slice(1, 9)),
    key: hex(raw.slice(9, 73)),
    until: int(raw.slice(73, 77)),
    each: int(raw.slice(77, 81)),
    facts: raw.slice(1, 81),
    vouched: raw.slice(81, 145),
    merchant: hex(rest.slice(0, 16)),
    request: hex(rest.slice(16, 24)),
    units: int(rest.slice(24, 28)),
    at: int(rest.slice(28, 32)),
    nonce: hex(rest.slice(32, 40)),
    signature: rest.slice(40),
  };
}

// Somebody whom we know signed this very promise; whether the points are there, nobody can tell.
export async function isGenuine(promise, issuer) {
  const isVouched = await isSigned(issuer, join(utf8("calanque/pass/v1"), promise.facts), promise.vouched);
  return isVouched && isSigned(promise.key, signedBytes(promise), promise.signature);
}

async function isSigned(publicKey, message, signature) {
  try {
    const key = await crypto.subtle.importKey("raw", join([4], unhex(publicKey)), P256, false, ["verify"]);
    return await crypto.subtle.verify(SHA256, key, signature, message);
  } catch {
    return false; // No point of the curve.
  }
}

export async function newKey() {
  const pair = await crypto.subtle.generateKey(P256, false, ["sign"]);
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { key: pair.privateKey, publicKey: hex(raw.slice(1)) };
}

// --- spellings ------------------------------------------------------------------------------

function base45(raw) {
  let text = "";
  for (let start = 0; start < raw.length; start += 2) {
    const pair = raw.slice(start, start + 2);
    let value = int(pair);
    for (let place = 0; place <= pair.length; place++, value = Math.floor(value / 45)) text += BASE45[value % 45];
  }
  return text;
}

function unbase45(text) {
  const raw = [];
  if (text.length % 3 === 1 || [...text].some((one) => !BASE45.includes(one))) return null;
  for (let start = 0; start < text.length; start += 3) {
    const group = text.slice(start, start + 3);
    const value = [...group].reduce((sum, one, place) => sum + BASE45.indexOf(one) * 45 ** place, 0);
    if (value >= 256 ** (group.length - 1)) return null;
    if (group.length === 3) raw.push(value >> 8);
    raw.push(value & 255);
  }
  return Uint8Array.from(raw);
}

function base32(raw) {
  const bits = [...raw].map((one) => one.toString(2).padStart(8, "0")).join("");
  return (bits.match(/.{1,5}/g) ?? []).map((five) => BASE32[parseInt(five.padEnd(5, "0"), 2)]).join("");
}

function unbase32(text) {
  const values = [...text.toUpperCase()].map((one) => BASE32.indexOf(one));
  if (values.includes(-1)) return null;
  const bits = values.map((one) => one.toString(2).padStart(5, "0")).join("");
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (eight) => parseInt(eight, 2));
}
