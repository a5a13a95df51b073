//! Pages in one file that opens offline: documents, chart library, scripts and styles.

use longspan_run::report::RunReport;
use longspan_run::visible;
use serde::Serialize;

use crate::assets::{REPORT, STYLE, script};

/// The content security policy: the page loads nothing.
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; \
                      img-src data: blob:; font-src data:; connect-src 'none'";

/// Returns the page of these runs in `lang`, "en" or "zh".
pub(crate) fn html(reports: &[RunReport], lang: &str) -> String {
    filled(&reports, lang, ["report", "report --format md"])
}

/// Returns a page with a document and the script of `entry`. `plain` is the command that shows the same without scripts.
pub(crate) fn filled(document: &impl Serialize, lang: &str, [entry, plain]: [&str; 2]) -> String {
    // "</script" in a text would end the script element. Escaped, the JSON has the same meaning.
    let document = visible::document(&serde_json::to_string(document).expect("names and numbers"));
    let document = document.replace('<', "\\u003c");
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
    // Placeholders are replaced in one pass, so that those inside inserted text stay as they are.
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

/// Returns plotly.js, the first of the two scripts of its crate. The other one draws formulas.
pub(crate) fn plotly() -> &'static str {
    static SCRIPT: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    SCRIPT.get_or_init(|| {
        let both = plotly::Plot::offline_js_sources();
        let begin = both.find('>').map_or(0, |at| at + 1);
        let end = both.find("</script>").unwrap_or(both.len());
        both[begin..end].to_owned()
    })
}
