// A command or lines of code, with a button that copies them.
import { element } from "../dom.js";
import { label, say } from "../words.js";

/** @param {string} text */
export function copied(text) {
  const code = element("pre", { tabindex: "0" }, text);
  const button = element("button", { type: "button" }, say("copy"));
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = say("copied");
    } catch {
      // Without permission, the text is selected, so that the keys for copying take it.
      getSelection()?.selectAllChildren(code);
    }
  });
  return element("div", { class: "command" }, element("div", { class: "soft" }, label("next"), button), code);
}
