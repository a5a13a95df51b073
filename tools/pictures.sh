#!/usr/bin/env bash
# The pictures of the README: figures of the page that the demo makes, as a browser shows them.
#
#     tools/pictures.sh
#
# Needs node, Chromium (LONGSPAN_CHROMIUM, else /usr/bin/chromium) and puppeteer-core where NODE_PATH says. They go to docs/pictures/.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo run --release -- demo -o target/story.html
node - "file://$PWD/target/story.html" docs/pictures << 'END'
const puppeteer = require("puppeteer-core");
const [url, directory] = process.argv.slice(2);
const figures = { chain: "#figure-chain", explosion: "#figure-course", clipping: "#figure-norms", strength: "#figure-strength-all", distance: "#figure-distance" };
(async () => {
  const browser = await puppeteer.launch({ executablePath: process.env.LONGSPAN_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage();
  await page.setViewport({ width: 1100, height: 900, deviceScaleFactor: 1.5 });
  await page.goto(url);
  await page.waitForSelector("#figure-distance .main-svg");
  // What a picture cannot do is left out of it.
  await page.addStyleTag({ content: ".figure-tools, .modebar, figure details { display: none !important; } .plot { height: 17rem; }" });
  await page.evaluate(() => window.dispatchEvent(new Event("resize")));
  await new Promise((done) => setTimeout(done, 1000));
  for (const [name, selector] of Object.entries(figures)) {
    const figure = await page.evaluateHandle((selector) => document.querySelector(selector).closest("figure"), selector);
    await figure.screenshot({ path: `${directory}/${name}.png` });
  }
  await browser.close();
})();
END
