// Fenced blocks, then spans of code. A fence ends with a line of at least as many ticks.
const CODE = /^(`{3,})[^\n]*\n[\s\S]*?^\1`*[ \t]*$|(?<!`)(`+)(?!`)[\s\S]*?(?<!`)\2(?!`)/gm;

/** Applies `change` to Markdown whose code is hidden from it. */
export function outsideCode(text, change) {
  const code = [];
  const hidden = text.replace(CODE, (span) => `\0${code.push(span) - 1}\0`);
  return change(hidden).replace(/\0(\d+)\0/g, (_, index) => code[index]);
}
