//! The source texts of the modules of pages.

/// A list of paths below `assets/` with the texts of the files.
macro_rules! modules {
    ($($path:literal)*) => {
        &[$(($path, include_str!(concat!("../../assets/", $path)))),*]
    };
}

/// All modules of pages. Files that contain only types are not among them.
pub(super) const MODULES: &[(&str, &str)] = modules! {
    "js/chart.js"
    "js/colours.js"
    "js/dashboard.js"
    "js/dashboard/list.js"
    "js/dashboard/server.js"
    "js/dashboard/timeline.js"
    "js/demo.js"
    "js/demo/chain.js"
    "js/demo/common.js"
    "js/demo/course.js"
    "js/demo/distance.js"
    "js/demo/distraction.js"
    "js/demo/formulas.js"
    "js/demo/gate.js"
    "js/demo/norms.js"
    "js/demo/sentences.js"
    "js/demo/side_by_side.js"
    "js/demo/strength.js"
    "js/dom.js"
    "js/figures/before_fault.js"
    "js/figures/bins.js"
    "js/figures/during_training.js"
    "js/figures/forgetting.js"
    "js/figures/gates.js"
    "js/figures/gradient_map.js"
    "js/figures/gradient_profile.js"
    "js/figures/lag.js"
    "js/figures/loss.js"
    "js/figures/norm.js"
    "js/figures/openness.js"
    "js/figures/path.js"
    "js/figures/saturation.js"
    "js/figures/shares.js"
    "js/figures/spectrum.js"
    "js/figures/unrolled.js"
    "js/figures/updates.js"
    "js/format.js"
    "js/layout.js"
    "js/library.js"
    "js/math.js"
    "js/measured.js"
    "js/page/comparison.js"
    "js/page/contents.js"
    "js/page/copied.js"
    "js/page/differences.js"
    "js/page/fault.js"
    "js/page/findings.js"
    "js/page/gradient.js"
    "js/page/groups.js"
    "js/page/notices.js"
    "js/page/numbers.js"
    "js/page/picture.js"
    "js/page/print.js"
    "js/page/recoveries.js"
    "js/page/run.js"
    "js/page/settings.js"
    "js/page/severity.js"
    "js/page/tiles.js"
    "js/page/top.js"
    "js/report.js"
    "js/table.js"
    "js/words.js"
};

/// The texts of pages in both languages, by area.
pub(super) const WORDS: &[(&str, &str)] = modules! {
    "words/common.json"
    "words/dashboard.json"
    "words/demo.json"
    "words/figures.json"
    "words/markdown.json"
};

/// The content of a module or of a file of texts; None if it does not exist.
pub(super) fn text(path: &str) -> Option<&'static str> {
    MODULES.iter().chain(WORDS).find(|(known, _)| *known == path).map(|&(_, text)| text)
}
