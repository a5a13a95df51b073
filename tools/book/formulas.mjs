import temml from "temml";
import { outsideCode } from "./markdown.mjs";

/** Replaces $…$ and blocks ```math by MathML. Throws an error that names the formula if there is a mistake in it. */
export function renderFormulas(text) {
  const blocks = text.replace(/^```math\n([\s\S]*?)^```$/gm, (_, tex) => `<div class="formula">${mathml(tex, true)}</div>\n`);
  return outsideCode(blocks, (prose) => {
    const rendered = prose.replace(/\$([^$\n]+)\$/g, (_, tex) => {
      if (/\\[^A-Za-z]|\*/.test(tex)) throw new Error(`formula ${tex}: code hosts read ${RegExp.lastMatch} as Markdown`);
      return mathml(tex, false);
    });
    const rest = rendered.match(/.*\$.*/);
    if (rest) throw new Error(`a formula is not closed on its line: ${rest[0]}`);
    return rendered;
  });
}

function mathml(tex, displayMode) {
  let html;
  try {
    html = temml.renderToString(tex.trim(), { displayMode, throwOnError: true, wrap: "none" });
  } catch (error) {
    throw new Error(`formula ${tex.trim()}: ${error.message}`);
  }
  // Punctuation between tags is Markdown to mdBook.
  const escape = (text) => text.replace(/&#?\w+;|[!-/:-@[-`{-~]/g, (m) => (m.length > 1 ? m : `&#${m.charCodeAt(0)};`));
  return html.replace(/\n/g, " ").replace(/>([^<]+)/g, (_, inner) => `>${escape(inner)}`);
}
