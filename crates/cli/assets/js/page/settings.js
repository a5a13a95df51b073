// The command and the settings that reproduce a run.
import { element, scrolling, section } from "../dom.js";
import { say } from "../words.js";

/** @import { Run, Setting } from "../document.js" */

/** @param {Setting} setting */
const row = ({ key, value, given }) =>
  element("tr", { class: given ? "changed" : null }, element("td", {}, key), element("td", {}, value));

/** @param {Run} run @param {Element} into */
export function drawSettings(run, into) {
  const box = section(into, "settings", say("settings"));
  if (box.childElementCount > 1) return;
  const all = element("table", {}, element("tbody", {}, ...run.settings.map(row)));
  box.append(
    ...(run.command ? [element("h3", {}, say("reproduce")), element("pre", { tabindex: "0" }, run.command)] : []),
    element(
      "details",
      {},
      element("summary", {}, `${say("settings")} (${run.settings.length})`),
      element("p", { class: "soft" }, say("given")),
      scrolling(say("settings"), "scroll", all),
    ),
  );
}
