// The most important numbers of a run.
import { element } from "../dom.js";
import { number, percent, steps } from "../format.js";
import { known, lagOf, spectrumOf } from "../measured.js";
import { say } from "../words.js";

/** @import { Horizon, Num, Run } from "../document.js" */

/** @param {string} name @param {string} value @param {string | null} [more] */
const tile = (name, value, more) =>
  element(
    "li",
    {},
    element("span", { class: "name" }, name),
    element("span", { class: "value" }, value),
    more ? element("span", { class: "more" }, more) : null,
  );

/** A tile with a loss, its unit and the accuracy.
 * @param {string} name
 * @param {Num} loss
 * @param {string} unit
 * @param {Num | undefined} accuracy */
function lossTile(name, loss, unit, accuracy) {
  const right = percent(accuracy);
  return tile(name, number(loss), right ? `${unit} · ${say("accuracy_is", right)}` : unit);
}

/** "19 steps", "at least 81 steps".
 * @param {Horizon} horizon */
export const horizonText = (horizon) =>
  horizon.at_least ? say("at_least", steps(horizon.steps)) : steps(horizon.steps);

/** @param {Run} run */
export function tiles(run) {
  const { summary, clip, data } = run;
  const lag = lagOf(run);
  const decay = known(lag?.total.decay);
  const spectrum = spectrumOf(run);
  const list = [
    tile(say("steps"), number(summary.step), summary.steps === null ? null : say("of", number(summary.steps))),
    tile(say("train_loss"), number(summary.train_loss), data.unit),
  ];
  if (summary.best_loss !== null) {
    list.push(lossTile(say("best_loss"), summary.best_loss, data.unit, summary.valid_accuracy));
  }
  if (summary.test_loss !== null) {
    list.push(lossTile(say("test_loss"), summary.test_loss, data.unit, summary.test_accuracy));
  }
  list.push(tile(say("clipped_steps"), percent(clip.rate) ?? say("none"), clip.rule && say("clip_rule", clip.rule)));
  if (lag) {
    const { horizon } = lag.total;
    const interval = say("confidence_interval", number(horizon.low_steps), number(horizon.high_steps));
    list.push(tile(say("horizon"), horizonText(horizon), interval));
  }
  if (decay) list.push(tile(say("decay"), `× ${number(decay.factor_per_step)}`, say("per_step")));
  if (spectrum) {
    list.push(tile(say("exponent_largest"), number(spectrum.exponents_nats_per_step[0]), say("nats_per_step")));
  }
  list.push(tile(say("parameters"), number(run.parameters), run.model));
  return element("ul", { class: "tiles" }, ...list);
}
