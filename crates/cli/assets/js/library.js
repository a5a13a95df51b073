// The chart library of a page in one file. It stands at the end of the page, compressed, and is unpacked here.
import { element } from "./dom.js";
import { say } from "./words.js";

/** The text of gzip data in base64.
 * @param {string} packed */
async function unpacked(packed) {
  const bytes = Uint8Array.from(atob(packed), (c) => c.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(plain).text();
}

/** Loads the chart library if the page contains it. A browser that cannot unpack it shows a message instead of figures.
 * @returns {Promise<void>} */
export async function loadCarried() {
  const carried = document.getElementById("charts");
  if (!carried || window.Plotly) return;
  if (typeof DecompressionStream === "undefined") {
    document
      .querySelector("main")
      ?.prepend(element("p", { class: "finding warning", role: "alert" }, say("old_browser")));
    return;
  }
  document.head.append(element("script", {}, await unpacked(carried.textContent ?? "")));
  carried.remove();
}
