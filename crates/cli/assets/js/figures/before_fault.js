// Loss and gradient norm in the training steps before the fault.
import { colour } from "../colours.js";
import { finite, lossName } from "../format.js";
import { axis, line, stepAxis } from "../layout.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** @param {Run} run @returns {Figure | null} */
export function beforeFaultFigure(run) {
  const before = run.fault?.before ?? [];
  if (before.length < 2) return null;
  const step = before.map((s) => s.step);
  const loss = before.map((s) => finite(s.loss));
  const norm = before.map((s) => finite(s.log10_global_norm));
  const right = { overlaying: "y", side: "right", automargin: true, showgrid: false, color: colour("second") };
  return {
    key: "before-fault",
    title: say("before_fault_figure"),
    text: say("before_fault_text"),
    traces: [
      line(say("train_loss"), step, loss, 0),
      { ...line(say("log10_norm"), step, norm, 1, { line: { dash: "dash" } }), yaxis: "y2" },
    ],
    layout: {
      xaxis: stepAxis(step),
      yaxis: axis(lossName(run.data.unit)),
      yaxis2: axis(say("log10_norm"), right),
    },
    table: {
      head: [say("step"), say("train_loss"), say("before"), say("after")],
      rows: before.map((s) => [s.step, s.loss, s.log10_global_norm, s.log10_global_norm_after]),
    },
  };
}
