// The formula of each part of the tour, and what it gives in this run.
import { element } from "../dom.js";
import { finite, number, powers } from "../format.js";
import { formula, frac, gap, gradient, n, norm, o, product, row, sub, sup, v, word } from "../math.js";
import { say } from "../words.js";

/** @import { GateReading, Tour } from "./document.js" */

/** Indices of the networks. */
const [RNN, RESIDUAL, GRU, LSTM] = [1, 2, 3, 4];

const at = (/** @type {string} */ x, /** @type {string} */ t) => sub(v(x), v(t));
const before = (/** @type {string} */ x) => sub(v(x), row(v("t"), o("−"), n("1")));
/** @param {...Node} x */
const diag = (...x) => row(word("diag"), o("("), ...x, o(")"));

/** The share of the gradient at the first word, and the factor per step that it means.
 * @param {Tour} tour
 * @param {number} which */
function shareOf({ networks }, which) {
  const share = powers(networks[which].log10_strength)[0];
  const steps = networks[which].log10_strength.length - 1;
  return typeof share === "number" ? [number(share), number(share ** (1 / steps)), steps] : null;
}

/** The mean openness of a gate over the words.
 * @param {GateReading[]} gates
 * @param {string} name */
function opennessOf(gates, name) {
  const openness = gates.find(({ gate }) => gate === name)?.openness ?? [];
  return openness.length ? openness.reduce((sum, x) => sum + x, 0) / openness.length : NaN;
}

/** Part 1: the chain rule through T steps. @param {Tour} tour */
const chainRule = ({ sentence, options }) => [
  formula(
    say("formula_chain"),
    gradient(at("h", "k")),
    o("="),
    o("("),
    product(row(v("t"), o("="), v("k"), o("+"), n("1")), v("T")),
    sup(at("J", "t"), word("T")),
    o(")"),
    gradient(at("h", "T")),
    gap(),
    at("J", "t"),
    o("="),
    diag(row(n("1"), o("−"), sup(at("h", "t"), n("2")))),
    v("W"),
  ),
  say("formula_chain_here", sentence.words.length, number(options.hidden), number(options.hidden ** 2)),
];

/** Part 2: how fast it can grow. @param {Tour} tour */
function growth({ explosion }) {
  const norms = explosion.log10_norms.map(finite).filter((x) => x !== null);
  const largest = Math.max(...norms);
  return [
    formula(
      say("formula_growth"),
      norm(gradient(at("h", "k"))),
      o("≤"),
      sup(row(o("("), v("γ"), v("σ"), o(")")), row(v("T"), o("−"), v("k"))),
      norm(gradient(at("h", "T"))),
    ),
    norms.length ? say("formula_growth_here", number(10 ** norms[0]), number(10 ** largest)) : null,
  ];
}

/** Part 3: clipping by the global norm. @param {Tour} tour */
function clipping({ clipped, options }) {
  const largest = 10 ** Math.max(...clipped.log10_norms.map((x) => finite(x) ?? -Infinity));
  const factor = Math.min(1, options.limit / largest);
  return [
    formula(
      say("formula_clip"),
      v("g"),
      o("←"),
      v("g"),
      o("·"),
      word("min"),
      o("("),
      n("1"),
      o(","),
      frac(v("c"), norm(v("g"))),
      o(")"),
    ),
    say("formula_clip_here", number(options.limit), number(largest), number(factor)),
  ];
}

/** Part 4: a factor below 1 at each step. @param {Tour} tour */
function vanishing(tour) {
  const share = shareOf(tour, RNN);
  return [
    formula(
      say("formula_vanish"),
      norm(gradient(at("h", "k"))),
      o("≈"),
      sup(v("ρ"), row(v("T"), o("−"), v("k"))),
      norm(gradient(at("h", "T"))),
      gap(),
      v("ρ"),
      o("<"),
      n("1"),
    ),
    share && say("formula_vanish_here", ...share),
  ];
}

/** Part 5: a direct path. @param {Tour} tour */
function residual(tour) {
  const share = shareOf(tour, RESIDUAL);
  return [
    formula(
      say("formula_residual"),
      at("h", "t"),
      o("="),
      before("h"),
      o("+"),
      v("α"),
      word("tanh"),
      o("("),
      at("a", "t"),
      o(")"),
      gap(),
      at("J", "t"),
      o("="),
      v("I"),
      o("+"),
      v("α"),
      diag(sup(word("tanh"), o("′"))),
      v("W"),
    ),
    share && say("formula_residual_here", ...share),
  ];
}

/** Part 6: gates. @param {Tour} tour */
function gates({ networks }) {
  const kept = opennessOf(networks[LSTM].reading.gates, "f");
  const held = opennessOf(networks[GRU].reading.gates, "z");
  return [
    formula(
      say("formula_lstm"),
      at("c", "t"),
      o("="),
      at("f", "t"),
      o("⊙"),
      before("c"),
      o("+"),
      at("i", "t"),
      o("⊙"),
      at("g", "t"),
      gap(),
      frac(row(v("∂"), at("c", "t")), row(v("∂"), before("c"))),
      o("≈"),
      diag(at("f", "t")),
    ),
    formula(
      say("formula_gru"),
      at("h", "t"),
      o("="),
      o("("),
      n("1"),
      o("−"),
      at("z", "t"),
      o(")"),
      o("⊙"),
      at("n", "t"),
      o("+"),
      at("z", "t"),
      o("⊙"),
      before("h"),
    ),
    say("formula_gates_here", number(kept), number(held)),
  ];
}

/** Part 7: the exponent and the horizon. */
const exponent = () => [
  formula(
    say("formula_exponent"),
    v("G"),
    o("("),
    v("τ"),
    o(")"),
    o("≈"),
    sup(v("e"), row(v("λ"), v("τ"))),
    gap(),
    v("G"),
    o("("),
    v("H"),
    o(")"),
    o("="),
    n("0.01"),
  ),
  say("formula_exponent_here"),
];

const FORMULAS = [chainRule, growth, clipping, vanishing, residual, gates, exponent];

/** The formulas of a part, and a sentence with this run's values.
 * @param {number} part its index
 * @param {Tour} tour */
export function formulas(part, tour) {
  const made = FORMULAS[part](tour).filter((child) => child !== null);
  const [lines, texts] = [made.filter((x) => typeof x !== "string"), made.filter((x) => typeof x === "string")];
  return element("div", { class: "formulas" }, ...lines, ...texts.map((text) => element("p", {}, text)));
}
