// The table of contents: links to the sections of a page, which fold.
import { element } from "../dom.js";

/** Draws links to the sections of `from`.
 * @param {Element} place
 * @param {Element} from */
export function drawContents(place, from) {
  const heads = [...from.querySelectorAll(":scope > .fold > summary > h2")];
  const state = heads.map((head) => head.textContent).join("|");
  if (place instanceof HTMLElement && place.dataset.state !== state) {
    place.dataset.state = state;
    place.className = "contents";
    place.replaceChildren(...heads.map((head) => link(head)));
  }
}

/** A link that opens the section and goes there. The address keeps its fragment, which names the run on the dashboard.
 * @param {Element} head */
function link(head) {
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    head.closest("details")?.setAttribute("open", "");
    head.scrollIntoView();
    if (head instanceof HTMLElement) head.focus();
  };
  return element("a", { href: `#${head.id}`, onclick: go }, head.textContent);
}
