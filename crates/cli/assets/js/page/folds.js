// Sections of a page that fold, and the table of contents that leads to them.
import { element, find, part } from "../dom.js";

/** The content of a section that folds.
 * @param {Element} into
 * @param {string} name
 * @param {string} title */
export function fold(into, name, title) {
  const made = part(into, name, "section");
  if (!made.firstChild) {
    const heading = element("h2", { id: name, tabindex: "-1" }, title);
    made.append(element("details", { open: true }, element("summary", {}, heading), element("div")));
  }
  return find(made, ":scope > details > div");
}

/** Draws links to the sections of `from`.
 * @param {Element} place
 * @param {Element} from */
export function drawContents(place, from) {
  const heads = [...from.querySelectorAll(":scope > section > details > summary > h2")];
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

// What is folded is printed, too.
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("section > details")) details.setAttribute("open", "");
});
