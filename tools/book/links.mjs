import { dirname, extname, join, relative } from "node:path/posix";

/** The file of a chapter in the repository. */
export const fileOf = (chapter) => join("docs", chapter.source_path);

/** Rewrites the links of a chapter. `pages` has the page of each file that is a chapter. */
export function rewriteLinks(text, chapter, pages) {
  return text.replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, image, label, target) => {
    const [path, anchor] = target.split("#");
    if (!path || /^[a-z]+:/.test(target)) return link;
    const file = join(dirname(fileOf(chapter)), path);
    const page = pages.get(file) ?? copied(file);
    if (page) return `${image}[${label}](${relative(dirname(chapter.path), page)}${anchor ? `#${anchor}` : ""})`;
    if (extname(file) === ".md") throw new Error(`${target} is no chapter of docs/SUMMARY.md`);
    return /^[\w./-]+$/.test(label) ? `\`${label}\`` : label;
  });
}

/** mdBook copies the other files of docs/ beside the pages. A folder has no page. */
function copied(file) {
  return file.startsWith("docs/") && ![".md", ""].includes(extname(file)) ? file.slice("docs/".length) : undefined;
}
