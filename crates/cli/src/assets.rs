//! The parts of pages, which the program contains: styles, scripts, and the texts that pages and Markdown reports share.

mod bundle;
mod modules;
mod words;

pub(crate) use bundle::script;
pub(crate) use words::{fill, say};

/// The style sheet of all pages.
pub(crate) const STYLE: &str = include_str!("../assets/page.css");
/// The HTML frame of a page in one file.
pub(crate) const REPORT: &str = include_str!("../assets/report.html");
/// The HTML frame of the dashboard.
pub(crate) const DASHBOARD: &str = include_str!("../assets/dashboard.html");

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    /// The files below a directory of this crate.
    pub(super) fn files(directory: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(directory)];
        while let Some(path) = open.pop() {
            for entry in fs::read_dir(&path).expect("a directory") {
                let path = entry.expect("an entry").path();
                if path.is_dir() { open.push(path) } else { found.push(path) }
            }
        }
        found
    }

    pub(super) fn text(path: &Path) -> String {
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    #[test]
    fn no_line_is_longer_than_120_columns() {
        let assets = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets");
        let frames = ["page.css", "report.html", "dashboard.html"].map(|name| assets.join(name));
        for path in files("assets/js").into_iter().chain(files("assets/words")).chain(frames) {
            for (at, line) in text(&path).lines().enumerate() {
                assert!(line.chars().count() <= 120, "{}:{}: {line}", path.display(), at + 1);
            }
        }
    }
}
