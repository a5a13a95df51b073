// When findings of a run in training appeared and cleared.
import { element, part, section } from "../dom.js";
import { number } from "../format.js";
import { language, say } from "../words.js";

/** @import { Timeline } from "./server.js" */

/** @param {Timeline | undefined} timeline @param {Element} into */
export function drawTimeline(timeline, into) {
  const place = part(section(into, "findings", say("findings")), "timeline");
  if (!timeline || timeline.since === null) {
    place.replaceChildren();
    return;
  }
  const list = place.querySelector("ol") ?? element("ol", { class: "timeline" });
  if (!list.parentNode) {
    const log = element("div", { "role": "log", "aria-label": say("timeline") }, list);
    place.append(element("h3", {}, say("timeline")), log);
  }
  const items = [
    element("li", { class: "soft" }, say("monitored_since", number(timeline.since))),
    ...timeline.events.map((event) =>
      element("li", {}, say(event.gone ? "gone_at" : "found_at", number(event.step), event.code)),
    ),
  ];
  // Only new events are added, so that a screen reader announces nothing else.
  if (list.childElementCount > items.length || list.lang !== language()) list.replaceChildren();
  list.lang = language();
  list.append(...items.slice(list.childElementCount));
}
