// The verdict and the findings of a run.
import { element, part, section } from "../dom.js";
import { number, typeset } from "../format.js";
import { verdictOf } from "../measured.js";
import { table } from "../table.js";
import { label, language, say } from "../words.js";
import { copied } from "./copied.js";
import { badge } from "./severity.js";

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

/** One finding.
 * @param {Finding} finding
 * @param {boolean} titled false where the headline above it is its title */
export const findingCard = (finding, titled = true) =>
  element(
    "article",
    { class: `finding ${finding.severity} ${finding.place}` },
    element("div", { class: "severity" }, titled ? badge(finding.severity) : null, ` ${finding.code}`),
    titled ? element("h3", {}, finding.title) : null,
    element("p", {}, typeset(finding.sentence)),
    finding.effect_of
      ? element("p", { class: "soft" }, label("effect_of"), element("code", {}, finding.effect_of))
      : null,
    ...finding.remedies.map(remedyText),
    evidence(finding),
  );

/** Findings that are folded; nothing if there are none.
 * @param {string} title
 * @param {Finding[]} findings */
const folded = (title, findings) =>
  findings.length
    ? [element("details", {}, element("summary", {}, title), ...findings.map((finding) => findingCard(finding)))]
    : [];

/** The rules that were not checked, with the commands that measure what they need.
 * @param {Verdict["unjudged"]} unjudged */
function notChecked(unjudged) {
  if (!unjudged.length) return [];
  const lines = unjudged.map(({ code, command }) =>
    command ? element("p", {}, `${code} – ${label("next")}`, element("code", {}, command)) : element("p", {}, code),
  );
  return [element("details", {}, element("summary", {}, `${say("not_checked")} (${unjudged.length})`), ...lines)];
}

/** One sentence about the run: its outcome, and its most important finding.
 * @param {Run} run
 * @param {Finding | undefined} first */
function headline(run, first) {
  const { fault, outcome } = run;
  if (outcome === "diverged" || fault) {
    const text = fault
      ? say("diverged_at", number(fault.step), fault.tensor, String(fault.value ?? fault.not_finite?.value))
      : say("diverged_run");
    return element("p", { class: "headline diverged" }, badge("diverged"), " ", text);
  }
  if (!first) return element("p", { class: "headline calm" }, badge("calm"), ` ${say("no_change")}`);
  return element("p", { class: `headline ${first.severity}` }, badge(first.severity), ` ${first.title}`);
}

/** Draws the verdict of a run: a sentence, the cause with its effects folded below it, and what to do.
 * @param {Run} run
 * @param {Element} into */
export function drawFindings(run, into) {
  const list = part(section(into, "findings", say("findings")), "list");
  // Only changed findings are redrawn, so that evidence that a reader has opened stays open.
  const state = JSON.stringify([run.problems, run.verdict, run.outcome, run.fault, language()]);
  if (list.dataset.state === state) return;
  list.dataset.state = state;
  const { command, findings, unjudged } = verdictOf(run, language());
  const [first, ...rest] = findings;
  const effects = rest.filter((finding) => finding.effect_of === first.code);
  const others = rest.filter((finding) => finding.effect_of !== first.code);
  const damage = run.problems.map((problem) => element("p", {}, problem));
  const failed = run.outcome === "diverged" || run.fault !== null;
  const lines = first?.remedies.find((remedy) => remedy.pytorch)?.pytorch;
  list.replaceChildren(
    headline(run, first),
    ...(first ? [findingCard(first, failed)] : []),
    ...(command ? [copied(command)] : lines ? [copied(lines)] : []),
    ...folded(say(effects.length === 1 ? "effect_one" : "effect_many", effects.length), effects),
    ...folded(say(others.length === 1 ? "other_one" : "other_many", others.length), others),
    ...(damage.length
      ? [element("article", { class: "finding warning damaged" }, element("h3", {}, say("damaged")), ...damage)]
      : []),
    ...notChecked(unjudged),
  );
}
