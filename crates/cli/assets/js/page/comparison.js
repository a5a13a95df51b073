// The comparison of several runs: a table, figures, and the findings of each run.
import { draw } from "../chart.js";
import { part, section } from "../dom.js";
import { lagsOf } from "../figures/lag.js";
import { log10, lossName, percent } from "../format.js";
import { axis, dash, line, lossAxis } from "../layout.js";
import { known, lagOf, spectrumOf, verdictOf } from "../measured.js";
import { table } from "../table.js";
import { language, say } from "../words.js";
import { drawDifferences } from "./differences.js";
import { findingCard } from "./findings.js";
import { horizonText, tiles } from "./tiles.js";

/** @import { Num, Run } from "../document.js" */

/** The codes of the findings, except notes.
 * @param {Run} run */
const codes = (run) =>
  run.verdict.findings
    .filter((finding) => finding.severity !== "note")
    .map((finding) => finding.code)
    .join(", ") || say("no_codes");

/** @param {Run} run */
function row(run) {
  const { name, outcome, summary, parameters } = run;
  const lag = lagOf(run);
  return [
    name,
    outcome === "diverged" ? `✖ ${say(outcome)}` : say(outcome),
    summary.best_loss ?? summary.train_loss,
    percent(summary.test_accuracy ?? summary.valid_accuracy),
    lag && horizonText(lag.total.horizon),
    known(lag?.total.decay)?.factor_per_step,
    spectrumOf(run)?.exponents_nats_per_step[0],
    parameters,
    summary.seconds,
    codes(run),
  ];
}

/** A figure with a curve for each run.
 * @param {Run[]} runs
 * @param {{ key: string, title: string, text: string, x: string, y: string }} words
 * @param {(run: Run) => { x: number[], y: Num[] }} of
 * @param {(values: Num[]) => object} more settings of the axis of values */
function overlay(runs, words, of, more = () => ({})) {
  const curves = runs.map(of);
  const trace = (/** @type {Run} */ run, /** @type {number} */ which) => {
    const { x, y } = curves[which];
    const trace = x.length < 3 ? { mode: "markers" } : {};
    return line(run.name, x, y, which, { trace, line: { dash: dash(which) } });
  };
  return {
    key: words.key,
    title: words.title,
    text: words.text,
    traces: runs.map(trace),
    layout: { xaxis: axis(words.x), yaxis: axis(words.y, more(curves.flatMap(({ y }) => y))) },
    table: {
      head: [say("run"), words.x, words.y],
      rows: runs.flatMap((run, which) => curves[which].x.map((x, i) => [run.name, x, curves[which].y[i]])),
    },
  };
}

/** @param {Run[]} runs */
function lossOverlay(runs) {
  const y = lossName(runs[0].data.unit);
  const words = { key: "compare-loss", title: say("loss_figure"), text: say("compare_loss_text"), x: say("step"), y };
  const of = (/** @type {Run} */ { valid, curve }) => {
    const { step, loss } = valid.step.length ? valid : curve;
    return { x: step, y: loss };
  };
  return overlay(runs, words, of, lossAxis);
}

/** @param {Run[]} runs */
function normOverlay(runs) {
  const [title, text] = [say("compare_norm_figure"), say("compare_norm_text")];
  const words = { key: "compare-norm", title, text, x: say("step"), y: say("log10_norm") };
  return overlay(runs, words, ({ curve }) => ({ x: curve.step, y: curve.norm }));
}

/** @param {Run[]} runs */
function lagOverlay(runs) {
  if (!runs.some(lagOf)) return null;
  const [title, text] = [say("lag_figure"), say("compare_lag_text")];
  const words = { key: "compare-lag", title, text, x: say("lag"), y: say("log10_G") };
  return overlay(runs, words, (run) => {
    const lag = lagOf(run);
    return lag ? { x: lagsOf(lag), y: log10(lag.total.ratio.ln_median) } : { x: [], y: [] };
  });
}

/** Draws a comparison into `into`, or updates it there.
 * @param {Run[]} runs
 * @param {Element} into */
export function drawComparison(runs, into) {
  drawDifferences(runs, into);
  const box = section(into, "runs", say("runs"));
  const head = [
    say("run"),
    say("outcome"),
    say("best_loss"),
    say("accuracy"),
    say("horizon"),
    say("decay_per_step"),
    "λ₁",
    say("parameters"),
    say("seconds"),
    say("findings"),
  ];
  part(box, "table").replaceChildren(table({ head, rows: runs.map(row) }));
  for (const figure of [lossOverlay, normOverlay, lagOverlay]) draw(figure(runs), box);
  for (const run of runs) {
    const own = section(into, `run-${run.path}`, run.name);
    part(own, "tiles").replaceChildren(tiles(run));
    part(own, "findings").replaceChildren(
      ...verdictOf(run, language()).findings.map((finding) => findingCard(finding)),
    );
  }
}
