// Bundle and copy what the pages load from node_modules, so that no page asks a third party.
// Output: backend/web/static/vendor/, not committed, made again from the lock by `make assets`.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join } from "node:path";

const vendor = "backend/web/static/vendor";
// 3.1.4's module makes the 3.1.3 loader inside barcode-detector 3.2.2 crash.
const zxingVersion = "3.1.3";

const installed = JSON.parse(readFileSync("node_modules/zxing-wasm/package.json")).version;
if (installed !== zxingVersion) {
  console.error(`calanque: zxing-wasm is ${installed}, barcode-detector needs ${zxingVersion}`);
  process.exit(1);
}

rmSync(vendor, { recursive: true, force: true });
mkdirSync(join(vendor, "images"), { recursive: true });

await build({
  entryPoints: { "barcode-detector": "barcode-detector/ponyfill", "qr-writer": "zxing-wasm/writer" },
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2020",
  outdir: vendor,
  legalComments: "linked",
  logLevel: "warning",
});

const font = "node_modules/@fontsource-variable/atkinson-hyperlegible-next";
const copies = [
  "node_modules/zxing-wasm/dist/reader/zxing_reader.wasm",
  "node_modules/zxing-wasm/dist/writer/zxing_writer.wasm",
  `${font}/files/atkinson-hyperlegible-next-latin-wght-normal.woff2`,
  `${font}/files/atkinson-hyperlegible-next-latin-wght-italic.woff2`,
  `${font}/files/atkinson-hyperlegible-next-latin-ext-wght-normal.woff2`,
  "node_modules/leaflet/dist/leaflet.css",
  "node_modules/leaflet/dist/leaflet.js",
];
for (const path of copies) copyFileSync(path, join(vendor, basename(path)));
for (const name of ["layers.png", "layers-2x.png", "marker-icon.png", "marker-icon-2x.png", "marker-shadow.png"]) {
  copyFileSync(`node_modules/leaflet/dist/images/${name}`, join(vendor, "images", name));
}
console.log(`${vendor}: ${copies.length + 2} files and Leaflet's images`);
