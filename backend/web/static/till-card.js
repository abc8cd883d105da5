// The till's camera reads a customer's card into the code field; a USB reader or fingers do the same.

import { detector, openBackCamera } from "./reader.js";

const text = document.getElementById("till-card").dataset;
const button = document.getElementById("open-camera");
const video = document.getElementById("camera");
const status = document.getElementById("status");
const code = document.getElementById("code");
let stream = null;

button.hidden = !navigator.mediaDevices?.getUserMedia;
button.addEventListener("click", open);
addEventListener("pagehide", close);

async function open() {
  try {
    stream = await openBackCamera();
  } catch {
    status.textContent = text.missing;
    return;
  }
  video.srcObject = stream;
  video.hidden = false;
  button.hidden = true;
  status.textContent = text.looking;
  await video.play();
  look(await detector(text));
}

async function look(reader) {
  while (stream) {
    for (const found of await reader.detect(video).catch(() => [])) {
      if (!/\/C\/[A-Z0-9]+\s*$/i.test(found.rawValue)) continue;
      code.value = found.rawValue;
      navigator.vibrate?.(60);
      close();
      document.getElementById("pin").focus();
      return;
    }
    await new Promise((next) => setTimeout(next, 120));
  }
}

function close() {
  for (const track of stream?.getTracks() ?? []) track.stop();
  stream = null;
  video.hidden = true;
  button.hidden = false;
  status.textContent = "";
}
