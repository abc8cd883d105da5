from collections.abc import Callable
from pathlib import Path

import qrcode
from playwright.sync_api import BrowserContext

from tests.support.camera import write_video
from tests.support.ports import free_port
from tests.support.processes import ROOT, ServerProcess

VENDOR = ROOT / "backend/web/static/vendor"
PAGE = """<!doctype html><meta charset=utf-8><title>…</title><video muted playsinline></video>
<script type="module">
import { BarcodeDetector, prepareZXingModule } from "/barcode-detector.js";
prepareZXingModule({ overrides: { locateFile: (name) => "/" + name } });
const video = document.querySelector("video");
video.srcObject = await navigator.mediaDevices.getUserMedia({ video: true });
await video.play();
const detector = new BarcodeDetector({ formats: ["qr_code"] });
for (;;) {
  const [code] = await detector.detect(video);
  if (code) { document.title = code.rawValue; break; }
  await new Promise((next) => setTimeout(next, 100));
}
</script>"""


def test_vendored_reader_decodes_a_code_shown_to_the_fake_camera(
    tmp_path: Path, phone_with_camera: Callable[[Path], BrowserContext]
) -> None:
    served = tmp_path / "served"
    served.mkdir()
    for name in ("barcode-detector.js", "zxing_reader.wasm"):
        (served / name).write_bytes((VENDOR / name).read_bytes())
    (served / "index.html").write_text(PAGE)
    video = write_video(
        tmp_path / "code.mjpeg", [qrcode.make("HTTPS://EXAMPLE/S/ABC234").get_image()]
    )
    port = free_port()
    server = ["python", "-m", "http.server", str(port), "--bind", "127.0.0.1", "-d", str(served)]

    with ServerProcess(server, log=tmp_path / "server.log") as process:
        process.wait_until_answers(f"http://127.0.0.1:{port}/")
        page = phone_with_camera(video).new_page()
        page.goto(f"http://127.0.0.1:{port}/")
        page.wait_for_function("document.title !== '…'")

        assert page.title() == "HTTPS://EXAMPLE/S/ABC234"
