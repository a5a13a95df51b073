// The share of steps and units at which each gate is closed, in between, or open.
import { colour, viridis } from "../colours.js";
import { axis } from "../layout.js";
import { known, layerName, reachOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Figure } from "../chart.js" */
/** @import { GateLayer, Run } from "../document.js" */

/** @param {GateLayer} layer */
const shares = (layer) =>
  (known(layer.gates) ?? []).map(({ gate, closed_share: closed, open_share: open }) => ({
    name: `${layerName(layer)}: ${gate}`,
    closed,
    between: 1 - closed - open,
    open,
  }));

/** @param {Run} run @returns {Figure | null} */
export function gatesFigure(run) {
  const all = (reachOf(run)?.gates ?? []).flatMap(shares);
  if (!all.length) return null;
  const bar = (/** @type {"closed" | "between" | "open"} */ part, /** @type {number} */ shade) => ({
    type: "bar",
    orientation: "h",
    name: say(part),
    y: all.map((gate) => gate.name),
    x: all.map((gate) => gate[part]),
    marker: { color: viridis(shade), line: { color: colour("soft"), width: 1 } },
  });
  return {
    key: "gates",
    title: say("gates_figure"),
    text: say("gates_text"),
    traces: [bar("closed", 0.1), bar("between", 0.55), bar("open", 1)],
    layout: {
      barmode: "stack",
      xaxis: axis(say("share"), { range: [0, 1] }),
      yaxis: { automargin: true, autorange: "reversed" },
    },
    table: {
      head: [say("gate"), say("closed"), say("between"), say("open")],
      rows: all.map((gate) => [gate.name, gate.closed, gate.between, gate.open]),
    },
  };
}
