// The failed steps of a run after which training continued.
import { element, part } from "../dom.js";
import { number } from "../format.js";
import { table } from "../table.js";
import { language, say } from "../words.js";

/** @import { Run } from "../document.js" */

/** Draws the recoveries of a run into `place`; nothing if there are none.
 * @param {Run} run
 * @param {Element} place */
export function drawRecoveries({ recoveries = [] }, place) {
  if (!recoveries.length) return place.replaceChildren();
  const box = part(place, "recoveries", "section");
  // Only changed rows are redrawn, so that the table keeps the position to which a reader has scrolled.
  const state = JSON.stringify([recoveries, language()]);
  if (box.dataset.state === state) return;
  box.dataset.state = state;
  const head = [
    say("step"),
    say("epoch_column"),
    say("window_column"),
    say("recovery_column"),
    say("fault_place"),
    say("fault_cause"),
  ];
  const rows = recoveries.map(({ step, epoch, window, action, to_step, told }) => [
    step,
    epoch,
    window,
    action === "skip" ? say("recovery_skip") : say("recovery_rewind", number(to_step)),
    told[language()].place,
    told[language()].reason,
  ]);
  box.replaceChildren(element("h2", { id: "recoveries", tabindex: "-1" }, say("recoveries")), table({ head, rows }));
}
