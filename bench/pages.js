// Time from the opening of a page until an expression is true of it, and painted, in a Chromium that has just begun: five times, and the median.
//
//     node pages.js URL WORDS EXPRESSION
"use strict";

const puppeteer = require("puppeteer-core");

const [url, words, expression] = process.argv.slice(2);

async function once() {
  const browser = await puppeteer.launch({ executablePath: process.env.LONGSPAN_CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1400, height: 900 });
    // The page's own clock, from its navigation to the frame behind the one in which it has become true.
    await page.evaluateOnNewDocument(`{
      const look = () => requestAnimationFrame((${expression}) ? () => { window.painted = performance.now(); } : look);
      look();
    }`);
    await page.goto(url, { waitUntil: "domcontentloaded", timeout: 60000 });
    await page.waitForFunction(() => window.painted, { timeout: 60000 });
    return (await page.evaluate(() => window.painted)) / 1000;
  } finally {
    await browser.close();
  }
}

(async () => {
  const times = [];
  for (let i = 0; i < 5; i += 1) times.push(await once());
  times.sort((a, b) => a - b);
  console.log(`${words}: ${times[2].toFixed(2)} s, median of ${times.map((t) => t.toFixed(2)).join(", ")}`);
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
