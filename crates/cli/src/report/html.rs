//! Pages in one file that opens offline: documents, chart library, scripts and styles.

use std::io::Write;
use std::sync::OnceLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
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
        ("charts", packed()),
        ("documents", &document),
    ];
    // Placeholders are replaced in one pass, so that those inside inserted text stay as they are.
    let mut filled = String::with_capacity(REPORT.len() + packed().len() + document.len() + 200_000);
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
    static SCRIPT: OnceLock<String> = OnceLock::new();
    SCRIPT.get_or_init(|| {
        let both = plotly::Plot::offline_js_sources();
        let begin = both.find('>').map_or(0, |at| at + 1);
        let end = both.find("</script>").unwrap_or(both.len());
        both[begin..end].to_owned()
    })
}

/// Returns plotly.js, compressed by gzip, in base64. The browser unpacks it: a page is a third as long as with the plain script.
fn packed() -> &'static str {
    static PACKED: OnceLock<String> = OnceLock::new();
    PACKED.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let done = encoder.write_all(plotly().as_bytes()).and_then(|()| encoder.finish());
        STANDARD.encode(done.expect("writing to memory cannot fail"))
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn the_packed_chart_library_is_the_chart_library() {
        let bytes = STANDARD.decode(packed()).expect("base64");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("gzip of a text");
        assert!(text == plotly());
        assert!(packed().len() < plotly().len() / 2, "{} bytes", packed().len());
    }
}
