// The gradient through time: unrolled network and gradient profile at one training step, and a map for each layer.
import { draw } from "../chart.js";
import { element, find, part, scrolling } from "../dom.js";
import { kindsOf } from "../figures/bins.js";
import { gradientMap, lagMap } from "../figures/gradient_map.js";
import { gradientProfile } from "../figures/gradient_profile.js";
import { unrolled } from "../figures/unrolled.js";
import { number, steps } from "../format.js";
import { say } from "../words.js";

/** @import { Flow, NormKind, Run } from "../document.js" */

/** Milliseconds between two training steps during playback. */
const FRAME = 120;

/** The selection: the index of a training step (null for the last), and a kind of norm.
 * @type {{ at: number | null, kind: NormKind, playing: ReturnType<typeof setInterval> | undefined }} */
const selected = { at: null, kind: "hidden", playing: undefined };

/** The data behind the controls. Those of a run in training are replaced as it continues.
 * @type {WeakMap<Element, Flow>} */
const current = new WeakMap();

/** Stops playback. */
export function stop() {
  clearInterval(selected.playing);
  selected.playing = undefined;
}

/** Selects the last training step. */
export function selectLast() {
  selected.at = null;
}

/** The index of the training step that is shown.
 * @param {Flow} flow */
const shownAt = (flow) => Math.min(selected.at ?? lastFull(flow), flow.steps.length - 1);

/** The index of the last training step whose window was not cut short: the last window of a text may be a small rest,
 * which does not stand for the run.
 * @param {Flow} flow */
function lastFull({ layers: [{ hidden }] }) {
  const lengths = hidden.map((profile) => profile.filter((x) => x !== null).length);
  return lengths.lastIndexOf(Math.max(...lengths.slice(-20)));
}

/** The norm that is shown.
 * @param {Flow} flow */
const shownKind = (flow) => (kindsOf(flow).includes(selected.kind) ? selected.kind : "hidden");

/** Draws what was recorded during training.
 * @param {Run} run
 * @param {Element} box
 * @param {string | null} shown the figure that the page shows already */
export function drawGradient(run, box, shown) {
  const { flow } = run;
  if (!flow) return;
  current.set(box, flow);
  const map = lagMap(run);
  if (map?.key === shown) box.querySelector(':scope > [data-part="lag-map"]')?.remove();
  else draw(map, box);
  drawKinds(flow, box);
  drawControls(box);
  follow(box);
  drawMaps(box);
}

/** @param {Element} box */
function flowOf(box) {
  const flow = current.get(box);
  if (!flow) throw new Error("no gradient is shown here");
  return flow;
}

/** @param {Element} box */
function drawMaps(box) {
  const flow = flowOf(box);
  for (const layer of flow.layers) draw(gradientMap(flow, layer, shownKind(flow)), box);
}

/** The choice of a norm, if there are several.
 * @param {Flow} flow
 * @param {Element} box */
function drawKinds(flow, box) {
  const place = part(box, "kinds");
  const kinds = kindsOf(flow);
  if (kinds.length < 2 || place.dataset.kinds === String(kinds)) return;
  place.dataset.kinds = String(kinds);
  const options = kinds.map((kind) =>
    element("option", { value: kind, selected: kind === shownKind(flow) }, say(kind)),
  );
  const choice = element("select", { id: "quantity" }, ...options);
  choice.addEventListener("change", () => {
    selected.kind = kinds[choice.selectedIndex];
    drawMaps(box);
    follow(box);
  });
  place.replaceChildren(element("label", { for: "quantity", class: "soft" }, `${say("gradient_norm")} `), choice);
}

/** Draws what depends on the selected training step.
 * @param {Element} box */
function follow(box) {
  const flow = flowOf(box);
  const at = shownAt(flow);
  const slider = /** @type {HTMLInputElement} */ (find(box, "#replay"));
  slider.max = String(flow.steps.length - 1);
  slider.value = String(at);
  slider.setAttribute("aria-valuetext", number(flow.steps[at]));
  find(box, "output").textContent = number(flow.steps[at]);
  find(box, ".wide").replaceChildren(unrolled(flow, at));
  draw(gradientProfile(flow, at, shownKind(flow)), box);
}

/** The unrolled network with the slider below it.
 * @param {Element} box */
function drawControls(box) {
  const figure = part(box, "replay", "figure");
  if (figure.firstChild) return;
  const { edges } = flowOf(box);
  const move = (/** @type {number | null} */ to) => {
    selected.at = to;
    follow(box);
  };
  const slider = element("input", { "type": "range", "min": 0, "aria-label": say("selected_step"), "id": "replay" });
  // At its right end, the slider follows the last step of a run in training.
  slider.addEventListener("input", () => move(slider.value === slider.max ? null : Number(slider.value)));
  const play = element("button", { "type": "button", "aria-pressed": false }, say("play"));
  const next = () => {
    const flow = flowOf(box);
    move(shownAt(flow) >= flow.steps.length - 1 ? 0 : shownAt(flow) + 1);
  };
  play.addEventListener("click", () => {
    const playing = selected.playing === undefined;
    stop();
    if (playing) selected.playing = setInterval(next, FRAME);
    play.textContent = say(playing ? "pause" : "play");
    play.setAttribute("aria-pressed", String(playing));
  });
  const title = element("strong", {}, say("unrolled_figure"));
  const text = element("span", {}, say("unrolled_text", steps(edges[edges.length - 1])));
  const label = element("label", { for: "replay", class: "soft" }, say("selected_step"));
  const output = element("output", { class: "number", for: "replay" });
  figure.append(
    element("figcaption", {}, title, text),
    scrolling(say("unrolled_figure"), "wide", element("div")),
    element("div", { class: "figure-tools" }, play, label, slider, output),
  );
}
