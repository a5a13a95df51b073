// The most important numbers of a run.
import { element } from "../dom.js";
import { number, percent, steps, unitOf } from "../format.js";
import { lagOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Data, Horizon, Num, Run } from "../document.js" */

/** @param {string} name @param {string} value @param {string | null} [more] */
const tile = (name, value, more) =>
  element(
    "li",
    {},
    element("span", { class: "name" }, name),
    element("span", { class: "value" }, value),
    more ? element("span", { class: "more" }, more) : null,
  );

/** A tile with a loss, its unit, the baseline and the accuracy.
 * @param {string} name
 * @param {Num} loss
 * @param {Data} data
 * @param {Num | undefined} accuracy */
function lossTile(name, loss, { unit, baseline_loss }, accuracy) {
  const right = percent(accuracy);
  const more = [
    unitOf(unit),
    baseline_loss === null ? null : say("baseline", number(baseline_loss)),
    right && say("accuracy_is", right),
  ];
  return tile(name, number(loss), more.filter(Boolean).join(" · "));
}

/** "19 steps", "at least 81 steps".
 * @param {Horizon} horizon */
export const horizonText = (horizon) =>
  horizon.at_least ? say("at_least", steps(horizon.steps)) : steps(horizon.steps);

/** At most three tiles: how far, how good, how far back.
 * @param {Run} run */
export function tiles(run) {
  const { summary, data } = run;
  const lag = lagOf(run);
  const list = [
    tile(say("steps"), number(summary.step), summary.steps === null ? null : say("of", number(summary.steps))),
  ];
  if (summary.test_loss !== null) {
    list.push(lossTile(say("test_loss"), summary.test_loss, data, summary.test_accuracy));
  } else if (summary.best_loss !== null) {
    list.push(lossTile(say("best_loss"), summary.best_loss, data, summary.valid_accuracy));
  } else {
    list.push(lossTile(say("train_loss"), summary.train_loss, data, undefined));
  }
  if (lag) {
    const { horizon } = lag.total;
    const interval = say("confidence_interval", number(horizon.low_steps), number(horizon.high_steps));
    const need = run.lags.needed ? ` · ${say("needed_line")} ${number(run.lags.needed)}` : "";
    list.push(tile(say("horizon"), horizonText(horizon), interval + need));
  }
  return element("ul", { class: "tiles" }, ...list);
}
