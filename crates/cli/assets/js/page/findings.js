// The findings of a run.
import { element, part, section } from "../dom.js";
import { verdictOf } from "../measured.js";
import { table } from "../table.js";
import { label, language, say } from "../words.js";

/** @import { Finding, Run, Verdict } from "../document.js" */

/** @param {Finding["remedies"][number]} remedy */
function remedyText({ flags, toml, pytorch, why }) {
  if (pytorch) return element("div", {}, element("p", {}, label("try"), why), element("pre", {}, pytorch));
  const settings = flags || toml.replaceAll("\n", ", ");
  const given = settings ? [element("code", {}, settings), ` – ${why}`] : [why];
  return element("p", {}, label("try"), ...given);
}

/** @param {Finding} finding */
function evidence({ evidence, confidence, false_alarm }) {
  const head = [say("quantity"), say("value"), say("threshold"), say("source")];
  const rows = evidence.map((e) => [e.name, e.value, e.threshold, e.source]);
  const sure = `${label("confidence")}${say(confidence.level)} – ${confidence.because}`;
  return element(
    "details",
    {},
    element("summary", {}, say("evidence")),
    table({ head, rows }),
    element("p", { class: "soft" }, sure),
    false_alarm ? element("p", { class: "soft" }, say("false_alarm", false_alarm)) : null,
  );
}

/** One finding. An effect stands below its cause.
 * @param {Finding} finding */
export const findingCard = (finding) =>
  element(
    "article",
    { class: `finding ${finding.severity} ${finding.place}` },
    element("div", { class: "severity" }, `${say(finding.severity)} · ${finding.code}`),
    element("h3", {}, finding.title),
    element("p", {}, finding.sentence),
    finding.effect_of
      ? element("p", { class: "soft" }, label("effect_of"), element("code", {}, finding.effect_of))
      : null,
    ...finding.remedies.map(remedyText),
    evidence(finding),
  );

/** The rules that were not checked, with the commands that measure what they need.
 * @param {Verdict["unjudged"]} unjudged */
function notChecked(unjudged) {
  if (!unjudged.length) return [];
  const lines = unjudged.map(({ code, command }) =>
    command ? element("p", {}, `${code} – ${label("next")}`, element("code", {}, command)) : element("p", {}, code),
  );
  return [element("details", {}, element("summary", {}, `${say("not_checked")} (${unjudged.length})`), ...lines)];
}

/** Draws the findings of a run.
 * @param {Run} run
 * @param {Element} into */
export function drawFindings(run, into) {
  const list = part(section(into, "findings", say("findings")), "list");
  // Only changed findings are redrawn, so that evidence that a reader has opened stays open.
  const state = JSON.stringify([run.problems, run.verdict, language()]);
  if (list.dataset.state === state) return;
  list.dataset.state = state;
  const { command, findings, unjudged } = verdictOf(run, language());
  const cards = findings.map(findingCard);
  if (command) cards[0].append(element("p", {}, label("next"), element("code", {}, command)));
  if (run.problems.length) {
    const problems = run.problems.map((problem) => element("p", {}, problem));
    cards.unshift(
      element("article", { class: "finding warning damaged" }, element("h3", {}, say("damaged")), ...problems),
    );
  }
  if (!findings.length) {
    cards.push(element("article", { class: "finding calm" }, element("p", {}, say("no_findings"))));
  }
  list.replaceChildren(...cards, ...notChecked(unjudged));
}
