//! One file that opens offline: the documents, the chart library, our scripts and styles.

use longspan_run::report::RunReport;
use serde::Serialize;

const PAGE: &str = include_str!("../../assets/report.html");
/// The look of all pages.
pub(crate) const STYLE: &str = include_str!("../../assets/page.css");
/// The scripts of all pages, in the order in which they need each other.
pub(crate) const SCRIPTS: [(&str, &str); 5] = [
    ("texts.js", include_str!("../../assets/texts.js")),
    ("figures.js", include_str!("../../assets/figures.js")),
    ("measured.js", include_str!("../../assets/measured.js")),
    ("looks.js", include_str!("../../assets/looks.js")),
    ("page.js", include_str!("../../assets/page.js")),
];

/// The page of these runs in `lang`, "en" or "zh".
pub(crate) fn html(reports: &[RunReport], lang: &str) -> String {
    filled(&reports, lang, "", ["showReport", "report --format md"])
}

/// A page with the look, the chart library, all scripts and `more` of them: the function `start` gets the document, and the command
/// `plain` needs no scripts.
pub(crate) fn filled(document: &impl Serialize, lang: &str, more: &str, [start, plain]: [&str; 2]) -> String {
    // Inside a script element nothing but "</" could end it; as an escape it is the same JSON.
    let document = serde_json::to_string(document).expect("names and numbers").replace('<', "\\u003c");
    let scripts = SCRIPTS.map(|(_, script)| script).concat() + more;
    let scripts = scripts.replace("\"use strict\";\n", "");
    let parts = [
        ("style", STYLE),
        ("lang", lang),
        ("start", start),
        ("plain", plain),
        ("scripts", scripts.as_str()),
        ("plotly", plotly()),
        ("documents", document.as_str()),
    ];
    // What is filled in is not searched again.
    let mut filled = String::with_capacity(PAGE.len() + plotly().len() + document.len() + 100_000);
    let mut rest = PAGE;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, after) = after.split_once("}}").unwrap_or((after, ""));
        filled.push_str(before);
        filled.extend(parts.iter().find(|(part, _)| *part == name).map(|(_, text)| *text));
        rest = after;
    }
    filled + rest
}

/// plotly.js: the first of the scripts that its crate carries; the other draws formulas.
pub(crate) fn plotly() -> &'static str {
    static SCRIPT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    SCRIPT.get_or_init(|| {
        let both = plotly::Plot::offline_js_sources();
        let begin = both.find('>').map_or(0, |at| at + 1);
        let end = both.find("</script>").unwrap_or(both.len());
        both[begin..end].to_owned()
    })
}
