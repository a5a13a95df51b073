// Printing, from a screen of any width and in any theme: light colours, figures as wide as the paper, nothing folded.
import { paintAll } from "../chart.js";

/** Width of figures on paper, in pixels: an A4 page or a letter page without its margins. */
const PAPER = 640;

/** Draws the page again.
 * @type {() => void} */
let again = () => {};

/** Sets what draws the page again in other colours.
 * @param {() => void} draws */
export function onPrint(draws) {
  again = draws;
}

/** The theme of the screen while the page is printed in the light one. */
let before = "";

/** @param {string} theme */
function change(theme) {
  document.documentElement.dataset.theme = theme;
  again();
}

addEventListener("beforeprint", () => {
  before = document.documentElement.dataset.theme ?? "light";
  if (before === "dark") change("light");
  for (const fold of document.querySelectorAll("details.fold")) fold.setAttribute("open", "");
  paintAll(PAPER);
});

addEventListener("afterprint", () => {
  if (before === "dark") change(before);
  else paintAll();
});
