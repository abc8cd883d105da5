// The keypad of the till: large keys that write into the amount field. The form works without it.

const amount = document.getElementById("amount");
const keypad = document.getElementById("keypad");
keypad.hidden = false;

keypad.addEventListener("click", (event) => {
  const key = event.target.closest("[data-key]")?.dataset.key;
  if (!key) return;
  if (key === "back") amount.value = amount.value.slice(0, -1);
  else if (key === ",") {
    if (!amount.value.includes(",")) amount.value = (amount.value || "0") + ",";
  } else if (!/,\d\d$/.test(amount.value) && amount.value.length < 9) {
    amount.value = (amount.value === "0" ? "" : amount.value) + key;
  }
});
