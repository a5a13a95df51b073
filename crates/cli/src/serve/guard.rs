//! The check of requests: the Host header must be the address of the server, and the token must be right if there is one.
//!
//! The check of the host protects from DNS rebinding: a page of another site can make a browser send requests to a loopback address,
//! but they carry the name of that site. The content security policy forbids pages to load anything from elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// The content security policy: pages load only from this server, and images that they have drawn themselves.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
                      connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

pub(super) struct Guard {
    address: SocketAddr,
    token: Option<String>,
}

impl Guard {
    pub(super) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Self { address, token }
    }

    /// Whether the Host header is the address of the server.
    fn is_named(&self, host: Option<&HeaderValue>) -> bool {
        let Some(host) = host.and_then(|host| host.to_str().ok()) else { return false };
        let name = host.strip_suffix(&format!(":{}", self.address.port())).unwrap_or(host);
        let own = ["localhost", "127.0.0.1", "[::1]"].contains(&name);
        own || name.trim_matches(['[', ']']) == self.address.ip().to_string()
    }

    /// Whether the request has the token, in its address or in the cookie of an earlier response.
    fn knows(&self, query: Option<&str>, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let cookies = headers.get(header::COOKIE).and_then(|cookies| cookies.to_str().ok()).unwrap_or("");
        let given = |text: &str, separator: &str| {
            let mut pairs = text.split(separator).filter_map(|pair| pair.trim().split_once('='));
            pairs.any(|(name, value)| name == "token" && same(value, token))
        };
        given(query.unwrap_or(""), "&") || given(cookies, ";")
    }
}

/// Whether a request has a body. It is not read: the connection ends after the response.
fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}

/// Compares in constant time, so that the time tells nothing about the token.
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |or, (a, b)| or | (a ^ b)) == 0
}

/// Answers a request if it passes the check. With the right token, any host name is allowed.
pub(super) async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let no = |status: StatusCode, why: &'static str| (status, why).into_response();
    let headers = request.headers();
    let knows = guard.knows(request.uri().query(), headers);
    let named = guard.is_named(headers.get(header::HOST)) || guard.token.is_some() && knows;
    let asked_with = guard.token.as_ref().filter(|_| knows && request.uri().query().is_some());
    let cookie = asked_with.map(|token| format!("token={token}; HttpOnly; SameSite=Strict; Path=/"));
    let mut response = match request.method() {
        _ if has_body(headers) => {
            no(StatusCode::PAYLOAD_TOO_LARGE, "this server reads no bodies of requests")
        }
        &Method::GET | &Method::HEAD if named && knows => next.run(request).await,
        &Method::GET | &Method::HEAD if !named => {
            no(StatusCode::FORBIDDEN, "wrong host name: open the address that longspan serve has printed")
        }
        &Method::GET | &Method::HEAD => no(
            StatusCode::FORBIDDEN,
            "the token is missing or wrong: open the address that longspan serve has printed, with its ?token=",
        ),
        _ => no(StatusCode::METHOD_NOT_ALLOWED, "this server only answers GET and HEAD"),
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if let Some(Ok(cookie)) = cookie.map(HeaderValue::try_from) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}
