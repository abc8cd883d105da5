// Sign with the wallet of this browser (EIP-1193). Without one the page's own way works: copy, paste.

const wallet = window.ethereum;
const same = (left, right) => left.toLowerCase() === right.toLowerCase();

async function account() {
  const [first] = await wallet.request({ method: "eth_requestAccounts" });
  return first;
}

// Wallets refuse to sign for another chain than the one they are on.
async function onChain(typed) {
  const chainId = "0x" + Number(typed.domain.chainId).toString(16);
  if ((await wallet.request({ method: "eth_chainId" })) === chainId) return true;
  try {
    await wallet.request({ method: "wallet_switchEthereumChain", params: [{ chainId }] });
    return true;
  } catch {
    return false;
  }
}

async function sign(form) {
  const text = form.querySelector("[data-wallet-typed]").value;
  const signer = form.dataset.signer;
  if (!same(await account(), signer)) return "account";
  if (!(await onChain(JSON.parse(text)))) return "chain";
  form.elements.signature.value = await wallet.request({ method: "eth_signTypedData_v4", params: [signer, text] });
  return "";
}

function show(form, problem) {
  for (const words of form.querySelectorAll("[data-wallet-problem]")) words.hidden = words.dataset.walletProblem !== problem;
}

function wireWallet(form) {
  const button = form.querySelector("[data-wallet-button]");
  button.hidden = false;
  form.querySelector("[data-wallet-plain]").open = false;
  button.addEventListener("click", async () => {
    show(form, "");
    try {
      const problem = await sign(form);
      if (problem) show(form, problem);
      else form.submit();
    } catch {
      show(form, "other"); // Refused in the wallet, or it is locked: nothing was sent.
    }
  });
}

for (const form of document.querySelectorAll("[data-wallet-sign]")) {
  if (wallet) wireWallet(form);
  const copy = form.querySelector("[data-wallet-copy]");
  copy.hidden = !navigator.clipboard;
  copy.addEventListener("click", () => navigator.clipboard.writeText(form.querySelector("[data-wallet-typed]").value));
}

const take = document.getElementById("take-address");
if (take && wallet) {
  take.hidden = false;
  take.addEventListener("click", async () => {
    document.getElementById("address").value = await account().catch(() => "");
  });
}
