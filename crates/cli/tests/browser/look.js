// Looks at a page in a headless Chromium and prints what it finds as one JSON document.
//
//     node look.js report|story|dashboard URL DIRECTORY
//
// Screenshots go to DIRECTORY. puppeteer-core and axe-core are found where NODE_PATH says.
"use strict";

const fs = require("fs");
const puppeteer = require("puppeteer-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [scene, url, directory] = process.argv.slice(2);
const found = { console: [], requests: [], screenshots: [] };
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// Points of each figure that is on the page.
const figures = async (page) => {
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".plot")].every((plot) => plot.querySelector(".main-svg")),
  );
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll(".plot")].map((plot) => {
        const points = (trace) =>
          trace.z
            ? trace.z.flat().filter((z) => z !== null).length
            : (trace.y ?? trace.x ?? []).filter((y) => y !== null).length;
        return [plot.id, (plot.data ?? []).map(points)];
      }),
    ),
  );
};

// What axe-core finds that is serious or worse.
async function accessibility(page) {
  await page.evaluate(axe);
  const results = await page.evaluate(() => axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "best-practice"] }));
  return results.violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map(
      (v) =>
        `${v.id}: ${v.nodes
          .map((n) => n.html.slice(0, 120))
          .slice(0, 3)
          .join(" | ")}`,
    );
}

async function shot(page, name, width) {
  await page.setViewport({ width, height: 900 });
  await pause(600);
  // What is wider than the screen has to scroll inside, not the page.
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth > document.documentElement.clientWidth + 1,
  );
  const path = `${directory}/${name}-${width}.png`;
  await page.screenshot({ path, fullPage: true });
  found.screenshots.push({ path, wide });
}

async function switches(page) {
  const paper = () =>
    page.evaluate(() =>
      [
        getComputedStyle(document.body).backgroundColor,
        document.querySelector(".plot")?.layout?.font?.color ?? "",
      ].join(" "),
    );
  const light = await paper();
  await page.click("#theme");
  await pause(400);
  found.themes = [light, await paper()];
  found.accessibility_dark = await accessibility(page);
  const words = () => page.evaluate(() => [document.documentElement.lang, document.querySelector("h2").textContent]);
  const english = await words();
  await page.select("#language", "zh");
  await pause(400);
  found.languages = [english, await words()];
  found.text_zh = await page.evaluate(() => document.body.innerText);
  await shot(page, `${scene}-zh`, 1400);
  await shot(page, `${scene}-zh-dark`, 400);
  await page.setViewport({ width: 1400, height: 900 });
  await page.select("#language", "en");
  await page.click("#theme");
  await pause(400);
}

// What is printed from a narrow, dark screen on which a section is folded, and whether the screen is as before after it.
async function printed(page) {
  await page.click("#theme");
  await pause(400);
  await page.click(".fold > summary");
  const state = () =>
    page.evaluate(() => ({
      theme: document.documentElement.dataset.theme,
      folded: document.querySelectorAll(".fold:not([open])").length,
      widths: [...new Set([...document.querySelectorAll(".plot .main-svg")].map((svg) => svg.clientWidth))],
      undrawn: [...document.querySelectorAll(".plot")].filter((plot) => !plot.querySelector(".main-svg")).length,
    }));
  await page.evaluate(() => dispatchEvent(new Event("beforeprint")));
  const paper = await state();
  await page.evaluate(() => dispatchEvent(new Event("afterprint")));
  await pause(400);
  const { theme } = await state();
  await page.click("#theme");
  await pause(400);
  return { paper, theme };
}

async function report(page) {
  const began = Date.now();
  await page.goto(url, { waitUntil: "load" });
  await page.waitForFunction(() => document.querySelector(".plot .main-svg"));
  found.seconds = (Date.now() - began) / 1000;
  await pause(500);
  found.title = await page.title();
  found.figures = await figures(page);
  found.accessibility = await accessibility(page);
  found.text = await page.evaluate(() => document.body.innerText);
  found.scripts_of_runs = await page.evaluate(() => window.hostile ?? null);
  // The verdict: its sentence, and how far down the command and the figure beside it reach.
  if (scene === "report") {
    found.verdict = await page.evaluate(() => {
      const bottom = (selector) => document.querySelector(selector)?.getBoundingClientRect().bottom ?? null;
      return {
        headline: document.querySelector(".headline").innerText,
        command: bottom(".command"),
        picture: bottom("[data-part=picture] .plot"),
        tiles: document.querySelectorAll(".tiles li").length,
        contents: [...document.querySelectorAll(".contents a")].length,
      };
    });
  }
  await shot(page, scene, 1400);
  await shot(page, scene, 400);
  if (scene === "report") found.printed = await printed(page);
  await page.setViewport({ width: 1400, height: 900 });
  // The slider by keyboard: tab to it, move, and the strip follows.
  if (await page.$("#replay")) {
    const strip = () => page.$eval(".strip", (svg) => svg.outerHTML);
    const before = await strip();
    await page.focus("#replay");
    found.reached = await page.evaluate(() => document.activeElement.id);
    await page.keyboard.press("Home");
    await pause(300);
    found.slider = {
      moved: before !== (await strip()),
      said: await page.$eval("#replay", (s) => s.getAttribute("aria-valuetext")),
    };
  }
  // Another quantity through time, where several were recorded.
  found.quantities = await page.$$eval("#quantity option", (options) => options.map((o) => o.value));
  if (found.quantities.length) {
    const picture = () =>
      page.$eval("[id^=figure-gradient-map-]", (plot) =>
        JSON.stringify([plot.data[0].z[0].slice(0, 5), plot.data[0].colorbar.title.text]),
      );
    const hidden = await picture();
    await page.select("#quantity", "gamma");
    await pause(300);
    found.other_quantity = hidden !== (await picture()) && (await picture()).includes("Γ");
    await page.select("#quantity", "hidden");
  }
  found.plots = (await page.$$(".plot")).length;
  found.tables = (await page.$$(".plot ~ details")).length;
  // A table behind a figure.
  await page.click("figure details summary");
  await pause(200);
  found.rows = await page.$eval("figure details table", (table) => table.rows.length);
  await switches(page);
}

async function dashboard(page) {
  const began = Date.now();
  await page.goto(url, { waitUntil: "domcontentloaded" });
  await page.waitForSelector("table tbody tr");
  found.seconds = (Date.now() - began) / 1000;
  found.list = await page.$$eval("tbody tr", (rows) => rows.map((row) => row.innerText.replaceAll("\t", " ")));
  found.accessibility = await accessibility(page);
  await shot(page, "list", 1400);
  await shot(page, "list", 400);
  await page.setViewport({ width: 1400, height: 900 });
  // The first run by keyboard; it is drawn on as it trains.
  await page.evaluate(() => [...document.querySelectorAll("tbody a")].find((a) => a.textContent === "live").focus());
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#figure-loss .main-svg"));
  await page.evaluate(() => {
    window.same = true;
  });
  const steps = () => page.$eval("#figure-loss", (plot) => plot.data[0].x.at(-1));
  const first = await steps();
  await page.waitForFunction(
    (first) => document.querySelector("#figure-loss").data[0].x.at(-1) > first,
    { timeout: 60000 },
    first,
  );
  // The slider goes back in a run that goes on, and stays there.
  await page.waitForSelector("#replay");
  const strip = () => page.$eval(".strip", (svg) => svg.outerHTML);
  const latest = await strip();
  await page.focus("#replay");
  await page.keyboard.press("Home");
  await pause(2500);
  found.slider = {
    moved: latest !== (await strip()),
    said: await page.$eval("#replay", (s) => s.getAttribute("aria-valuetext")),
  };
  found.live = { first, later: await steps(), same_page: await page.evaluate(() => window.same === true) };
  found.figures = await figures(page);
  await page.waitForSelector(".timeline li", { timeout: 60000 });
  found.story = await page.$eval(".timeline", (list) => list.innerText);
  await shot(page, "run", 1400);
  await page.setViewport({ width: 1400, height: 900 });
  await switches(page);
  // Two runs side by side.
  await page.evaluate(() => {
    location.hash = "#";
  });
  await page.waitForSelector("tbody input[type=checkbox]");
  for (const name of ["live", "done"]) await page.click(`input[aria-label="Select ${name}"]`);
  await page.click("#compare");
  await page.waitForFunction(() => document.querySelector("#figure-compare-loss .main-svg"));
  found.compared = await page.$eval("#figure-compare-loss", (plot) => plot.data.map((trace) => trace.name));
  await shot(page, "compare", 1400);
}

(async () => {
  const browser = await puppeteer.launch({
    executablePath: process.env.LONGSPAN_CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu"],
  });
  try {
    const page = await browser.newPage();
    await page.setViewport({ width: 1400, height: 900 });
    page.on("console", (message) => found.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => found.console.push(`error: ${error.message}`));
    page.on("request", (request) => found.requests.push(request.url().slice(0, 200)));
    await { report, story: report, dashboard }[scene](page);
    console.log(JSON.stringify(found));
  } finally {
    await browser.close();
  }
})().catch((error) => {
  console.error(error);
  process.exit(1);
});
