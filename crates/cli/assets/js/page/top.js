// The top of a page: the title, and the controls for language and theme.
import { element } from "../dom.js";
import { language, say, setLanguage } from "../words.js";
import { onPrint } from "./print.js";

const LANGUAGES = { en: "English", zh: "简体中文" };

/** Begins a page in the language of its document and the theme of the system. */
export function beginPage() {
  setLanguage(document.documentElement.lang);
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

/** The JSON that the page contains. */
export const carried = () => JSON.parse(document.getElementById("documents")?.textContent ?? "null");

/** Makes the top of a page; `again` redraws the page.
 * @param {string} title
 * @param {string} more
 * @param {() => void} again */
export function pageTop(title, more, again) {
  onPrint(again);
  const { dataset } = document.documentElement;
  const onclick = () => {
    dataset.theme = dataset.theme === "dark" ? "light" : "dark";
    again();
  };
  const pressed = dataset.theme === "dark";
  const theme = element("button", { "type": "button", "id": "theme", "aria-pressed": pressed, onclick }, say("theme"));
  const options = Object.entries(LANGUAGES).map(([value, name]) =>
    element("option", { value, lang: value, selected: value === language() }, name),
  );
  const choice = element("select", { "aria-label": say("language"), "id": "language" }, ...options);
  choice.addEventListener("change", () => {
    setLanguage(choice.value);
    again();
  });
  return element(
    "header",
    { class: "top" },
    element("div", {}, element("h1", {}, title), element("p", { class: "soft" }, more)),
    element("div", { class: "tools" }, choice, theme),
  );
}

/** A link to the main part, for keyboard users.
 * @param {string} href
 * @param {string} text */
export const skipLink = (href, text) => element("a", { class: "skip", href }, text);
