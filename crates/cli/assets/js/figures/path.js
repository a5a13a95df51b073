// The gradient that flows directly from state to state, and the rest, which flows through the recurrent weights.
import { log10 } from "../format.js";
import { axis, line } from "../layout.js";
import { known, lagOf } from "../measured.js";
import { say } from "../words.js";
import { lagsOf } from "./lag.js";

/** @import { Figure } from "../chart.js" */
/** @import { Run } from "../document.js" */

/** A figure of the last layer that has a direct path.
 * @param {Run} run
 * @returns {Figure | null} */
export function pathFigure(run) {
  const lag = lagOf(run);
  if (!lag) return null;
  const layer = lag.layers.map(known).findLast((layer) => known(layer?.keep_path));
  const [direct, rest] = [known(layer?.keep_path), known(layer?.rest)];
  if (!direct || !rest) return null;
  const x = lagsOf(lag);
  const columns = [log10(direct.ln_median), log10(rest.ln_median)];
  return {
    key: "path",
    title: say("path_figure"),
    text: say("path_text"),
    traces: [
      line(say("direct"), x, columns[0], 0),
      line(say("through_weights"), x, columns[1], 1, { line: { dash: "dash" } }),
    ],
    layout: { xaxis: axis(say("lag")), yaxis: axis(say("log10_G")) },
    table: {
      head: [say("lag"), say("direct"), say("through_weights")],
      rows: x.map((tau, i) => [tau, columns[0][i], columns[1][i]]),
    },
  };
}
