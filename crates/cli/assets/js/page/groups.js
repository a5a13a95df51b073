// The scores of the groups of a series, each beside its own baseline.
import { element, part, section } from "../dom.js";
import { lossName, number } from "../format.js";
import { table } from "../table.js";
import { language, say } from "../words.js";

/** @import { Groups, Run } from "../document.js" */

/** @param {Groups} groups */
function counted({ all, not_below }) {
  if (not_below === 0) return say("groups_all_below", number(all));
  if (not_below === 1) return say("groups_one_not_below", number(all));
  return say("groups_not_below", number(not_below), number(all));
}

/** @param {number} more */
const rest = (more) => (more === 1 ? say("groups_more_one") : say("groups_more", number(more)));

/** Draws the groups of a run, the worst first; nothing for a run without groups.
 * @param {Run} run
 * @param {Element} place */
export function drawGroups({ groups, data }, place) {
  if (!groups) return;
  const box = part(section(place, "groups", say("groups")), "table");
  // Only changed scores are redrawn, so that the table keeps the position to which a reader has scrolled.
  const state = JSON.stringify([groups, language()]);
  if (box.dataset.state === state) return;
  box.dataset.state = state;
  const head = [
    say("group"),
    lossName(data.unit),
    say("group_baseline_loss"),
    say("group_ratio"),
    say("group_result"),
    say("baseline_row"),
  ];
  const rows = groups.worst.map(({ group, loss, baseline_loss, ratio, below, baseline }) => [
    group,
    loss,
    baseline_loss,
    ratio,
    say(below ? "better" : "no_better"),
    baseline,
  ]);
  box.replaceChildren(
    element("p", {}, counted(groups)),
    table({ head, rows }),
    ...(groups.more ? [element("p", { class: "soft" }, rest(groups.more))] : []),
  );
}
