//! The page of the dashboard and the files that it loads. The program contains all of them.

use std::io::Write;
use std::sync::OnceLock;

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::assets::{DASHBOARD, STYLE, script};
use crate::report::plotly;

/// The page of the dashboard in this language.
pub(super) fn page(lang: &str) -> Response {
    (
        [("content-type", "text/html; charset=utf-8"), ("cache-control", "no-cache")],
        DASHBOARD.replace("{{lang}}", lang),
    )
        .into_response()
}

/// A script or style sheet by its name.
pub(super) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    static SCRIPT: OnceLock<String> = OnceLock::new();
    let (kind, text) = match name.as_str() {
        "page.css" => ("text/css; charset=utf-8", STYLE),
        "dashboard.js" => {
            ("text/javascript; charset=utf-8", SCRIPT.get_or_init(|| script("dashboard")).as_str())
        }
        "plotly.js" => return packed(&headers),
        _ => return (StatusCode::NOT_FOUND, "no such file").into_response(),
    };
    ([("content-type", kind), ("cache-control", "no-cache")], text).into_response()
}

/// The chart library, compressed if the browser accepts that.
fn packed(headers: &HeaderMap) -> Response {
    static PACKED: OnceLock<Vec<u8>> = OnceLock::new();
    let kind = [("content-type", "text/javascript; charset=utf-8"), ("cache-control", "max-age=3600")];
    let takes = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    if !takes.is_some_and(|takes| takes.contains("gzip")) {
        return (kind, plotly()).into_response();
    }
    let packed = PACKED.get_or_init(|| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        let done = encoder.write_all(plotly().as_bytes()).and_then(|()| encoder.finish());
        done.expect("writing to memory cannot fail")
    });
    (kind, [("content-encoding", "gzip")], packed.as_slice()).into_response()
}
