// Training and validation loss, and the baseline.
import { seriesColour } from "../colours.js";
import { number } from "../format.js";
import { axis, level, line, lossAxis, stepAxis } from "../layout.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** @param {Run} run @returns {Figure} */
export function lossFigure(run) {
  const { curve, valid, data } = run;
  const traces = [line(say("training_curve"), curve.step, curve.loss, 0)];
  if (valid.step.length) {
    const marker = { color: seriesColour(1), symbol: "diamond", size: 7 };
    traces.push({ ...line(say("validation_curve"), valid.step, valid.loss, 1), mode: "lines+markers", marker });
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
    layout: { xaxis: stepAxis(curve.step), yaxis: axis(say("loss", data.unit), lossAxis(curve.loss)) },
    table: {
      head: [say("step"), say("train_loss")],
      rows: curve.step.map((step, i) => [step, curve.loss[i]]),
    },
  };
}
