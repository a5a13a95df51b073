// A preprocessor of mdBook: reads [context, book] from standard input and writes the book to standard output.
//
//   formulas      $…$ and blocks ```math become MathML, which browsers show without a script
//   links         lead to the page of the book, or become plain text where a file has none
//   ../NAME.md    a chapter beside docs/ in the repository becomes the page NAME.html
import { readFileSync } from "node:fs";
import { basename } from "node:path/posix";
import { renderFormulas } from "./formulas.mjs";
import { fileOf, rewriteLinks } from "./links.mjs";
import { outsideCode } from "./markdown.mjs";

// mdBook asks first whether an output format is supported: the exit code says yes.
if (process.argv[2] === "supports") process.exit(0);

/** All chapters with a file, parents before children. */
function chapters(items) {
  const here = items.flatMap((item) => (item.Chapter ? [item.Chapter] : []));
  return here.flatMap((chapter) => [chapter, ...chapters(chapter.sub_items)]).filter((chapter) => chapter.path);
}

const [, book] = JSON.parse(readFileSync(0, "utf8"));
const all = chapters(book.items);
for (const chapter of all) if (chapter.path.startsWith("../")) chapter.path = basename(chapter.path);
const pages = new Map(all.map((chapter) => [fileOf(chapter), chapter.path]));

for (const chapter of all) {
  try {
    const text = renderFormulas(chapter.content);
    chapter.content = outsideCode(text, (prose) => rewriteLinks(prose, chapter, pages));
  } catch (error) {
    console.error(`${fileOf(chapter)}: ${error.message}`);
    process.exit(1);
  }
}
process.stdout.write(JSON.stringify(book));
