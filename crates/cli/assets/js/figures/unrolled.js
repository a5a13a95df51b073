// The unrolled network: steps from left to right, each coloured by the gradient that arrives at it.
import { aroundOne, colour } from "../colours.js";
import { svg } from "../dom.js";
import { finite, steps, tenTo } from "../format.js";
import { DECADES } from "../layout.js";
import { say } from "../words.js";

/** @import { Flow } from "../document.js" */

/** The largest number of steps that are drawn. */
const MOST = 24;
const WIDTH = 44;
/** Decades to each side of 1 on the colour scale, as in the gradient map. */
const SPAN = 6;

/** Draws the gradient of the last layer at the training step with index `at`.
 * @param {Flow} flow
 * @param {number} at */
export function unrolled({ steps: trained, layers, edges, lag }, at) {
  // The gradient of one loss where it was measured at this training step, otherwise of the sum of all.
  const one = lag ? lag.steps.indexOf(trained[at]) : -1;
  const profile = (lag && one >= 0 ? lag.log10[one] : layers[layers.length - 1].hidden[at]).map(finite);
  const last = profile[0] ?? 0;
  const length = edges[edges.length - 1];
  const count = Math.min(MOST, profile.length);
  // Bins are chosen evenly, the one farthest back first.
  const spread = (profile.length - 1) / Math.max(count - 1, 1);
  const bins = Array.from({ length: count }, (_, k) => Math.round(k * spread)).reverse();
  const parts = bins.flatMap((bin, k) => {
    const decades = (profile[bin] ?? last - DECADES) - last;
    const step = length - edges[bin];
    const x = 20 + k * WIDTH;
    const fill = aroundOne(decades, SPAN);
    const box = svg("rect", { x, y: 26, width: 30, height: 30, rx: 6, fill, stroke: colour("soft") });
    box.append(svg("title", {}, `${say("unrolled_step", step)}: ${tenTo(decades)}`));
    const made = [box];
    if (k > 0) {
      const thick = Math.max(0.5, 5 + decades / 2);
      made.push(
        svg("path", { "d": `M ${x - 2} 41 h -10`, "stroke": colour("soft"), "stroke-width": thick, "fill": "none" }),
      );
    }
    if (k % 4 === 0 || k === count - 1) {
      made.push(svg("text", { "x": x + 15, "y": 76, "text-anchor": "middle" }, String(step)));
      made.push(svg("text", { "x": x + 15, "y": 18, "text-anchor": "middle", "class": "soft" }, tenTo(decades)));
    }
    return made;
  });
  const box = { class: "strip", viewBox: `0 0 ${count * WIDTH + 30} 84`, role: "img" };
  return svg("svg", { ...box, "aria-label": say("unrolled_text", steps(length)) }, ...parts);
}
