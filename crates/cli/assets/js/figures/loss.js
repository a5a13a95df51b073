// Training and validation loss, and the baseline.
import { seriesColour } from "../colours.js";
import { finite, lossName, number, unitOf } from "../format.js";
import { axis, level, line, lossAxis, stepAxis } from "../layout.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** @param {Run} run @returns {Figure} */
export function lossFigure(run) {
  const { curve, valid, data } = run;
  const [training, validation, unit] = [say("training_curve"), say("validation_curve"), unitOf(data.unit)];
  const step = `${say("step")} %{x}`;
  const hover = `${step} · ${training} %{y:.4g} ${unit}<extra></extra>`;
  const traces = [line(training, curve.step, curve.loss, 0, { trace: { hovertemplate: hover } })];
  if (valid.step.length) {
    const marker = { color: seriesColour(1), symbol: "diamond", size: 7 };
    // The training loss at each validation, from the last point of the curve that is not after it.
    const customdata = valid.step.map((at) => number(finite(curve.loss[curve.step.findLastIndex((s) => s <= at)])));
    const hovertemplate = `${step} · ${validation} %{y:.4g} ${unit} · ${training} %{customdata}<extra></extra>`;
    const trace = { mode: "lines+markers", marker, customdata, hovertemplate };
    traces.push(line(validation, valid.step, valid.loss, 1, { trace }));
  }
  if (data.baseline_loss !== null && curve.step.length) {
    const name = say("baseline", number(data.baseline_loss)) + (data.baseline ? `: ${data.baseline}` : "");
    traces.push(level(name, curve.step, data.baseline_loss, 2, { dash: "dot" }));
  }
  return {
    key: "loss",
    title: say("loss_figure"),
    text: say("loss_text"),
    traces,
    layout: { xaxis: stepAxis(curve.step), yaxis: axis(lossName(data.unit), lossAxis(curve.loss)) },
    table: {
      head: [say("step"), say("train_loss")],
      rows: curve.step.map((step, i) => [step, curve.loss[i]]),
    },
  };
}
