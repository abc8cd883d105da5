// Shows the next code of the phone's card before the one on screen loses its worth.

const form = document.getElementById("next");
const until = Date.now() + Number(form.dataset.seconds) * 1000;

setInterval(() => {
  // A page in the background would make codes that nobody sees.
  if (document.visibilityState === "visible" && Date.now() >= until) form.requestSubmit();
}, 1000);
