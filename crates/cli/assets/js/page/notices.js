// The notices about the data of a run, as `inspect` and `train` print them.
import { element, part } from "../dom.js";
import { say } from "../words.js";

/** @import { Run } from "../document.js" */

/** Draws the notices into `place`; nothing if there are none.
 * @param {Run} run
 * @param {Element} place */
export function drawNotices({ data }, place) {
  const { notices = [] } = data;
  if (!notices.length) return place.replaceChildren();
  const box = part(place, "notices", "section");
  // The texts are stored in English, whatever the language of the page.
  const items = notices.map((notice) => element("li", { lang: "en" }, notice));
  box.replaceChildren(
    element("h2", { id: "notices", tabindex: "-1" }, say("notices")),
    element("ul", { class: "notices" }, ...items),
  );
}
