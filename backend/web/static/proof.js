// Passkeys: make one on the account page, use one on the pay page. Without this script, or without
// a passkey, the PIN does the same.

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

function answerOf(credential) {
  const { response } = credential;
  const part = (name) => (response[name] ? { [name]: text(response[name]) } : {});
  const names = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
  return JSON.stringify({
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: Object.assign({}, ...names.map(part)),
    clientExtensionResults: {},
  });
}

async function make({ challenge, userId, userName }) {
  return navigator.credentials.create({
    publicKey: {
      challenge: bytes(challenge),
      rp: { id: location.hostname, name: "Calanque" },
      user: { id: bytes(userId), name: userName, displayName: userName },
      pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { userVerification: "required", residentKey: "preferred" },
      attestation: "none",
    },
  });
}

async function use({ challenge, credentials }) {
  const allowCredentials = credentials.split(",").map((id) => ({ type: "public-key", id: bytes(id) }));
  return navigator.credentials.get({
    publicKey: { challenge: bytes(challenge), rpId: location.hostname, allowCredentials, userVerification: "required" },
  });
}

function wire(form, ask) {
  if (!form || !("credentials" in navigator) || !window.PublicKeyCredential) return;
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = form.querySelector(".field-problem");
    problem.hidden = true;
    try {
      form.elements.credential.value = answerOf(await ask(form.dataset));
      form.submit();
    } catch {
      problem.hidden = false; // Refused, timed out, or this device has none: the PIN still works.
    }
  });
}

wire(document.getElementById("passkey-form"), make);
wire(document.getElementById("passkey-pay"), use);
