// The page of a sticker: adds the phone's position to the form before it is sent.

import { whereAmI } from "./position.js";

const form = document.getElementById("collect");
const status = document.getElementById("status");

form.addEventListener("submit", async (event) => {
  if (form.elements.latitude_e6.value) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  status.textContent = form.dataset.asking;
  try {
    const found = await whereAmI();
    for (const [name, value] of Object.entries(found)) form.elements[name].value = value;
    form.submit();
  } catch (error) {
    status.textContent = error.message === "refused" ? form.dataset.refused : form.dataset.missing;
    button.disabled = false;
  }
});
