// Elements. Texts of a run are never parsed as HTML: they become text nodes and attributes.

/** @typedef {Node | string | null | undefined} Child */

/** Makes an element with attributes, listeners (`onclick`), and children that are nodes or plain text.
 * @template {keyof HTMLElementTagNameMap} Name
 * @param {Name} name
 * @param {Record<string, unknown>} attributes
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[Name]} */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), /** @type {EventListener} */ (value));
    else if (key.startsWith("aria-")) made.setAttribute(key, String(value));
    else if (value === true) made.setAttribute(key, "");
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, String(value));
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Makes an SVG element.
 * @param {string} name
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children */
export function svg(name, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** The part with this name inside `into`; made if it does not exist. So a page that is redrawn keeps its elements, its
 * scroll position, and what a reader has opened.
 * @template {keyof HTMLElementTagNameMap} [Name="div"]
 * @param {Element} into
 * @param {string} name
 * @param {Name} [kind]
 * @returns {HTMLElementTagNameMap[Name]} */
export function part(into, name, kind) {
  const found = into.querySelector(`:scope > [data-part="${CSS.escape(name)}"]`);
  const made = found ?? into.appendChild(element(kind ?? "div", { "data-part": name }));
  return /** @type {HTMLElementTagNameMap[Name]} */ (made);
}

/** A part with a heading.
 * @param {Element} into
 * @param {string} name
 * @param {string} title */
export function section(into, name, title) {
  const made = part(into, name, "section");
  if (!made.firstChild) made.append(element("h2", { id: name, tabindex: "-1" }, title));
  return made;
}

/** A part with a heading that folds, open at first. Returns the place below the heading.
 * @param {Element} into
 * @param {string} name
 * @param {string} title */
export function fold(into, name, title) {
  const made = part(into, name, "details");
  if (!made.firstChild) {
    made.open = true;
    made.className = "fold";
    made.append(element("summary", {}, element("h2", { id: name, tabindex: "-1" }, title)));
  }
  const place = part(made, "content");
  place.className = "figures";
  return place;
}

/** The element that matches `selector` inside `into`, which must exist.
 * @template {Element} [E=HTMLElement]
 * @param {ParentNode} into
 * @param {string} selector
 * @returns {E} */
export function find(into, selector) {
  const found = into.querySelector(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return /** @type {E} */ (found);
}

/** A region that scrolls on its own, also by keyboard.
 * @param {string} name
 * @param {string} kind
 * @param {Element} child */
export const scrolling = (name, kind, child) =>
  element("div", { "class": kind, "tabindex": "0", "role": "region", "aria-label": name }, child);
