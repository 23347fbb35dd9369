//! The pages' scripts, styles and pictures: what Vite built, embedded in the program.

use axum::body::Body;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use rust_embed::Embed;

#[derive(Embed)]
#[folder = "$CARGO_MANIFEST_DIR/../web/dist/assets"]
// Until `make web` has run there are none, and tests that need no pages shouldn't need npm.
#[allow_missing = true]
struct Assets;

/// A file, or 304 if the browser has it.
pub(super) async fn asset(
    Path(path): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    match Assets::get(&path) {
        Some(file) => {
            let hash = file.metadata.sha256_hash();
            respond(&path, query.as_deref(), &headers, file.data.into_owned(), &hash)
        }
        // No page of ours, but a file that a page asks for: whatever stands there isn't read.
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn respond(path: &str, query: Option<&str>, request: &HeaderMap, data: Vec<u8>, hash: &[u8]) -> Response {
    let tag = format!("\"{}\"", URL_SAFE_NO_PAD.encode(hash));
    let fresh = has_tag(request, &tag);
    let mut response = if fresh {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = Response::new(Body::from(data));
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path)));
        response
    };
    let headers = response.headers_mut();
    // With a version in the address it can never become another file; without, the browser is to ask.
    let versioned = query.is_some_and(|query| query.split('&').any(|pair| pair.starts_with("v=")));
    let caching = if versioned {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    // Weak, since it is the same for a file that is sent compressed (RFC 9110 §8.8.1).
    if let Ok(tag) = HeaderValue::from_str(&format!("W/{tag}")) {
        headers.insert(header::ETAG, tag);
    }
    response
}

/// RFC 9110 §13.1.2, compared weakly.
fn has_tag(request: &HeaderMap, tag: &str) -> bool {
    let tags = request
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok());
    tags.flat_map(|value| value.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map" | "webmanifest") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("webp") => "image/webp",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_its_type_and_a_tag_that_spares_sending_it_again() {
        let plain = HeaderMap::new();
        let first = respond("chat.js", Some("v=0.1.0"), &plain, b"let a;".to_vec(), &[1; 32]);
        assert_eq!(first.status(), StatusCode::OK);
        assert_eq!(
            first.headers()[header::CONTENT_TYPE],
            "text/javascript; charset=utf-8"
        );
        assert_eq!(
            first.headers()[header::CACHE_CONTROL],
            "public, max-age=31536000, immutable"
        );

        let mut known = HeaderMap::new();
        let tag = first.headers()[header::ETAG].to_str().unwrap();
        known.insert(
            header::IF_NONE_MATCH,
            format!("\"other\", {tag}").parse().unwrap(),
        );
        let again = respond("chat.js", None, &known, b"let a;".to_vec(), &[1; 32]);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::CACHE_CONTROL], "no-cache");
        let changed = respond("chat.js", None, &known, b"let b;".to_vec(), &[2; 32]);
        assert_eq!(changed.status(), StatusCode::OK);
    }

    #[test]
    fn each_kind_of_file_has_its_type() {
        for (path, kind) in [
            ("a.css", "text/css"),
            ("i.svg", "image/svg+xml"),
            ("x", "application/octet-stream"),
        ] {
            assert!(content_type(path).starts_with(kind), "{path}");
        }
    }
}
