#!/usr/bin/env bash
# The pictures of the README and of the book: figures of pages that the program makes, as a browser shows them.
#
#     tools/pictures.sh
#
# Needs node, Chromium (LONGSPAN_CHROMIUM, else /usr/bin/chromium) and puppeteer-core where NODE_PATH says. They go to docs/pictures/.
set -euo pipefail
cd "$(dirname "$0")/.."
longspan() { cargo run --release --quiet -- "$@"; }
pages=target/pictures
rm -rf "$pages"
mkdir -p "$pages"
longspan demo -o "$pages/story.html"
# The two runs of docs/introduction.md.
longspan train --task match --length 60 --cell rnn --steps 400 --out "$pages/match-rnn-1"
longspan train --config "$pages/match-rnn-1/config.toml" --cell lstm --init chrono:61 --out "$pages/match-rnn-1-try"
longspan report "$pages/match-rnn-1" "$pages/match-rnn-1-try" -o "$pages/comparison.html"
node - "file://$PWD/$pages" docs/pictures << 'END'
const puppeteer = require("puppeteer-core");
const [pages, directory] = process.argv.slice(2);
const figures = {
  story: { chain: "#figure-chain", explosion: "#figure-course", clipping: "#figure-norms", strength: "#figure-strength-all", distance: "#figure-distance" },
  comparison: { "lag-profile": "#figure-compare-lag" },
};
(async () => {
  const browser = await puppeteer.launch({ executablePath: process.env.LONGSPAN_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage();
  await page.setViewport({ width: 1100, height: 900, deviceScaleFactor: 1.5 });
  for (const [name, selectors] of Object.entries(figures)) {
    await page.goto(`${pages}/${name}.html`);
    // A figure is drawn when it comes near.
    for (const selector of Object.values(selectors)) {
      await page.waitForSelector(selector);
      await page.$eval(selector, (figure) => figure.scrollIntoView());
      await page.waitForSelector(`${selector} svg`);
    }
    // What a picture cannot do is left out of it.
    await page.addStyleTag({ content: ".figure-tools, .modebar, figure details { display: none !important; } .plot { height: 17rem; }" });
    await page.evaluate(() => window.dispatchEvent(new Event("resize")));
    await new Promise((done) => setTimeout(done, 1000));
    for (const [picture, selector] of Object.entries(selectors)) {
      const figure = await page.evaluateHandle((selector) => document.querySelector(selector).closest("figure"), selector);
      await figure.screenshot({ path: `${directory}/${picture}.png` });
    }
  }
  await browser.close();
})();
END
