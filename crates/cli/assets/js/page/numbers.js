// The numbers of a run that are not among its tiles.
import { part } from "../dom.js";
import { number, percent, unitOf } from "../format.js";
import { known, lagOf, spectrumOf } from "../measured.js";
import { table } from "../table.js";
import { say } from "../words.js";

/** @import { Run } from "../document.js" */

/** @param {Run} run @param {Element} into */
export function drawNumbers(run, into) {
  const { summary, clip, data } = run;
  const decay = known(lagOf(run)?.total.decay);
  const exponents = spectrumOf(run)?.exponents_nats_per_step;
  /** @type {[string, unknown, string][]} */
  const all = [
    [say("model"), run.model, ""],
    [say("parameters"), run.parameters, ""],
    [say("train_loss"), summary.train_loss, unitOf(data.unit)],
    [say("best_loss"), summary.best_loss, unitOf(data.unit)],
    [say("test_loss"), summary.test_loss, unitOf(data.unit)],
    [say("clipped_steps"), percent(clip.rate), clip.rule],
    [say("decay"), decay && `× ${number(decay.factor_per_step)}`, say("per_step")],
    [say("exponent_largest"), exponents?.[0], say("nats_per_step")],
    [say("seconds"), summary.seconds, ""],
  ];
  const rows = all.filter(([, value]) => value !== null && value !== undefined && value !== "");
  part(into, "numbers").replaceChildren(table({ head: [say("quantity"), say("value"), say("unit_column")], rows }));
}
