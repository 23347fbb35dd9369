//! The opening handshake (RFC 6455 §4) as functions from HTTP headers to HTTP headers.

mod acceptor;
mod offer;
mod origins;
mod rejection;
#[cfg(test)]
mod tests;

pub use acceptor::Acceptor;
pub use offer::{Mismatch, Offer};
pub use origins::AllowedOrigins;
pub use rejection::Rejection;

use super::Deflate;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{HeaderMap, HeaderName, HeaderValue, ToStrError};
use sha1::{Digest, Sha1};

/// What the handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The subprotocol, one of those that the client offered.
    pub protocol: Option<HeaderValue>,
    /// Compression.
    pub deflate: Option<Deflate>,
}

/// RFC 6455 §4.2.2: SHA-1 of the key and a fixed GUID, in base64.
fn accept_for(key: &[u8]) -> HeaderValue {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    let accept = STANDARD.encode(hash.finalize());
    HeaderValue::from_str(&accept).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// Whether a comma-separated header names `token`, ignoring case, among its values.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value
            .as_bytes()
            .split(|&b| b == b',')
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    })
}

/// The value of a header that may appear once only.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// All values of a list header, joined by commas; `Err` if they aren't text.
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Result<String, ToStrError>> {
    let values: Result<Vec<&str>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    match values {
        Ok(values) if values.is_empty() => None,
        values => Some(values.map(|values| values.join(","))),
    }
}
