// All architectures in one table.
import { horizonText } from "../page/tiles.js";
import { table } from "../table.js";
import { say } from "../words.js";

/** @import { Reach, Row, Tour } from "./document.js" */

/** @param {Reach} reach */
const horizon = ({ horizon }) => horizon && horizonText(horizon);

/** @param {Row} row */
const cells = ({ name, before, after, step_ms, parameters }) => [
  name,
  horizon(before),
  horizon(after),
  before.factor_per_step,
  after.factor_per_step,
  before.lambda_nats_per_step,
  after.lambda_nats_per_step,
  step_ms,
  parameters,
];

/** @param {Tour} tour */
export function sideBySide(tour) {
  const head = [
    say("network"),
    say("horizon_before"),
    say("horizon_after"),
    say("factor_before"),
    say("factor_after"),
    say("lambda_before"),
    say("lambda_after"),
    say("ms"),
    say("parameters"),
  ];
  return table({ head, rows: tour.table.map(cells) });
}
