//! One file that opens offline: the documents, the chart library, our scripts and styles.

use longspan_run::report::RunReport;
use serde::Serialize;

use crate::assets::{REPORT, STYLE, script};

/// A page in one file loads nothing.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data: blob:; font-src data:; connect-src 'none'";

/// The page of these runs in `lang`, "en" or "zh".
pub(crate) fn html(reports: &[RunReport], lang: &str) -> String {
    filled(&reports, lang, ["report", "report --format md"])
}

/// A page of a document with the script of `entry`; the command `plain` shows the same without scripts.
pub(crate) fn filled(document: &impl Serialize, lang: &str, [entry, plain]: [&str; 2]) -> String {
    // Inside a script element nothing but "</" could end it; as an escape it is the same JSON.
    let document = serde_json::to_string(document).expect("names and numbers").replace('<', "\\u003c");
    let script = script(entry);
    let parts = [
        ("policy", POLICY),
        ("style", STYLE),
        ("lang", lang),
        ("plain", plain),
        ("script", &script),
        ("plotly", plotly()),
        ("documents", &document),
    ];
    // What is filled in is not searched again.
    let mut filled = String::with_capacity(REPORT.len() + plotly().len() + document.len() + 200_000);
    let mut rest = REPORT;
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
