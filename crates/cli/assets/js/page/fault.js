// The first bad value of a run: where it appeared, and why.
import { draw } from "../chart.js";
import { element, part, section } from "../dom.js";
import { beforeFaultFigure } from "../figures/before_fault.js";
import { number } from "../format.js";
import { layerName } from "../measured.js";
import { table } from "../table.js";
import { label, language, say } from "../words.js";

/** @import { Fault, Run } from "../document.js" */

/** "forward · layer 0 · t = 7 · h · row 2 · unit 5".
 * @param {Fault} fault */
const location = ({ phase, layer, t, tensor, row, unit }) =>
  [
    phase,
    layer === null ? null : layerName({ layer }),
    t === null ? null : `t = ${t}`,
    tensor,
    row === null ? null : say("fault_row", row),
    unit === null ? null : say(layer === null ? "fault_element" : "fault_unit", unit),
  ]
    .filter((part) => part !== null)
    .join(" · ");

/** Draws the first bad value of a run that has a fault.
 * @param {Run} run
 * @param {Element} into
 * @param {string | null} shown the figure that the page shows already */
export function drawFault(run, into, shown) {
  const { fault } = run;
  const told = run.fault_told?.[language()];
  if (!fault || !told) return;
  const box = section(into, "fault", say("fault"));
  const value = String(fault.value ?? fault.not_finite?.value);
  const rows = [
    [say("fault_place"), location(fault)],
    [say("value"), value],
    [say("fault_cause"), fault.cause],
  ];
  const card = element(
    "article",
    { class: "finding severe" },
    element("h3", {}, say("fault_text", number(fault.step), value, fault.tensor)),
    element("p", {}, told.place),
    element("p", {}, `${label("fault_cause")}${told.reason}`),
    table({ head: [say("quantity"), say("value")], rows }),
    element("p", {}, label("fault_replay"), element("code", {}, `longspan replay ${run.path} --fault`)),
  );
  part(box, "card").replaceChildren(card);
  const figure = beforeFaultFigure(run);
  if (figure?.key !== shown) draw(figure, box);
}
