import { dirname, extname, join, normalize, relative } from "node:path/posix";

/** Rewrites the links of a chapter. `pages` maps files to pages, both relative to docs/. */
export function rewriteLinks(text, chapter, pages) {
  return text.replace(/(!?)\[([^\]]*)\]\(([^)\s]+)\)/g, (link, image, label, target) => {
    const [path, anchor] = target.split("#");
    if (!path || /^[a-z]+:/.test(target)) return link;
    const file = normalize(join(dirname(chapter.source_path), path));
    // Other files of docs/ are copied beside the pages; other files and folders of the repository are not.
    const to = pages.get(file) ?? (file.startsWith("../") || !extname(file) ? undefined : file);
    if (to) {
      const href = relative(dirname(chapter.path), to);
      return `${image}[${label}](${href}${anchor ? `#${anchor}` : ""})`;
    }
    return /^[\w./-]+$/.test(label) ? `\`${label}\`` : label;
  });
}
