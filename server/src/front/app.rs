//! Which address shows what, and the headers that every answer has.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header::{self, InvalidHeaderValue};
use http::{HeaderName, HeaderValue};
use tower_http::compression::CompressionLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::trace::TraceLayer;

use super::assets;
use super::pages::{Pages, missing, page};

/// The routes of the front.
///
/// # Errors
/// `back_url` cannot stand in a header.
pub fn router(pages: Pages, back_url: &str) -> Result<Router, InvalidHeaderValue> {
    let policy = HeaderValue::from_str(&content_security_policy(back_url, ""))?;
    let lab_policy = HeaderValue::from_str(&content_security_policy(back_url, &lines(back_url)))?;
    let always = |name: HeaderName, value: HeaderValue| SetResponseHeaderLayer::if_not_present(name, value);
    let fixed = |name, value| always(name, HeaderValue::from_static(value));
    Ok(Router::new()
        .route("/", page("home"))
        .route("/chat", page("chat"))
        .route("/market", page("market"))
        .route("/seats", page("seats"))
        .route("/account", page("account"))
        .route("/scores", page("scores"))
        .route("/scores/operator", page("operator"))
        .route(
            "/lab",
            page("lab").layer(always(header::CONTENT_SECURITY_POLICY, lab_policy)),
        )
        .route("/assets/{*path}", get(assets::asset))
        .fallback(missing)
        .with_state(Arc::new(pages))
        .layer(always(header::CONTENT_SECURITY_POLICY, policy))
        .layer(fixed(header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .layer(fixed(header::REFERRER_POLICY, "same-origin"))
        .layer(fixed(
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ))
        .layer(CompressionLayer::new())
        .layer(TraceLayer::new_for_http()))
}

/// Nothing but our own files, and the back with its client for Socket.IO: what a message says can't run, load or send anything.
fn content_security_policy(back_url: &str, more: &str) -> String {
    let http = back_url.replacen("ws", "http", 1);
    format!(
        "default-src 'none'; script-src 'self' {http}/socket.io/socket.io.min.js; style-src 'self'; img-src 'self'; font-src 'self'; \
         connect-src 'self' {back_url} {http}{more}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}

/// The laboratory's lines are on other ports of the back's machine, a new one for each.
fn lines(back_url: &str) -> String {
    let (scheme, authority) = back_url.split_once("://").unwrap_or(("ws", back_url));
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    format!(
        " {scheme}://{host}:* {}://{host}:*",
        scheme.replacen("ws", "http", 1)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_any_port_of_the_back_and_no_other_host() {
        for back in ["ws://127.0.0.1:3000", "ws://127.0.0.1"] {
            assert_eq!(lines(back), " ws://127.0.0.1:* http://127.0.0.1:*");
        }
        assert_eq!(
            lines("wss://yard.example"),
            " wss://yard.example:* https://yard.example:*"
        );
    }
}
