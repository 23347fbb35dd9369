//! A client's side of the handshake (RFC 6455 §4.1).

use super::{Agreement, accept_for, has_token, joined, single};
use crate::proto::{DeflateConfig, extension};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use http::header::{
    CONNECTION, HeaderMap, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY,
    SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use std::collections::HashSet;

/// A client's side: what it offers, and the key of one request.
#[derive(Clone, Debug)]
pub struct Offer {
    pub(super) key: HeaderValue,
    pub(super) protocols: Vec<HeaderValue>,
    pub(super) deflate: Option<DeflateConfig>,
}

impl Offer {
    /// An offer with a fresh random key (RFC 6455 §4.1). A protocol that is named twice is
    /// offered once, as the names must be distinct.
    pub fn new(mut protocols: Vec<HeaderValue>, deflate: Option<DeflateConfig>) -> Self {
        let mut seen = HashSet::new();
        protocols.retain(|protocol| seen.insert(protocol.clone()));
        let key = STANDARD.encode(rand::random::<[u8; 16]>());
        // 24 letters of base64 are a valid header.
        let key = HeaderValue::from_str(&key).unwrap_or_else(|_| HeaderValue::from_static(""));
        Self {
            key,
            protocols,
            deflate,
        }
    }

    /// Adds the handshake's headers to a GET request.
    pub fn write(&self, headers: &mut HeaderMap) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(SEC_WEBSOCKET_KEY, self.key.clone());
        for protocol in &self.protocols {
            headers.append(SEC_WEBSOCKET_PROTOCOL, protocol.clone());
        }
        if let Some(offer) = self
            .deflate
            .as_ref()
            .and_then(|d| HeaderValue::from_str(&extension::offer(d)).ok())
        {
            headers.insert(SEC_WEBSOCKET_EXTENSIONS, offer);
        }
    }

    /// Checks the server's response (RFC 6455 §4.1) as strictly as a server checks the request.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn verify(&self, status: StatusCode, headers: &HeaderMap) -> Result<Agreement, Mismatch> {
        if status != StatusCode::SWITCHING_PROTOCOLS {
            return Err(Mismatch::Status(status));
        }
        // RFC 6455 §4.1: in a response the header is this word, not a list with it.
        if single(headers, &UPGRADE).is_none_or(|value| !value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        {
            return Err(Mismatch::Upgrade);
        }
        if !has_token(headers, &CONNECTION, "upgrade") {
            return Err(Mismatch::Connection);
        }
        let accept = single(headers, &SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes().trim_ascii());
        if accept != Some(accept_for(self.key.as_bytes()).as_bytes()) {
            return Err(Mismatch::Accept);
        }
        let protocol = match headers.get_all(SEC_WEBSOCKET_PROTOCOL).iter().collect::<Vec<_>>()[..] {
            [] => None,
            [one] if self.protocols.contains(one) => Some(one.clone()),
            _ => return Err(Mismatch::Protocol),
        };
        let deflate = match (joined(headers, &SEC_WEBSOCKET_EXTENSIONS), &self.deflate) {
            (None, _) => None,
            (Some(Ok(answer)), Some(offered)) => {
                Some(extension::verify(&answer, offered).ok_or(Mismatch::Extensions)?)
            }
            (Some(_), _) => return Err(Mismatch::Extensions),
        };
        Ok(Agreement { protocol, deflate })
    }
}

/// What is wrong with a server's response to the opening handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The server refused: its status isn't 101.
    #[error("the server answered {0} instead of 101")]
    Status(StatusCode),
    /// `Upgrade` isn't `websocket`.
    #[error("the response's Upgrade header isn't websocket")]
    Upgrade,
    /// `Connection` doesn't name `upgrade`.
    #[error("the response's Connection header doesn't name Upgrade")]
    Connection,
    /// `Sec-WebSocket-Accept` doesn't belong to the key that was sent.
    #[error("Sec-WebSocket-Accept doesn't match the key")]
    Accept,
    /// A subprotocol that wasn't offered, or more than one.
    #[error("the server chose a subprotocol that wasn't offered")]
    Protocol,
    /// Extensions that weren't offered, or parameters that don't answer the offer.
    #[error("the server chose an extension that wasn't offered")]
    Extensions,
}

impl Mismatch {
    /// One of each, for documents and tests that walk them all.
    pub const ALL: [Self; 6] = [
        Self::Status(StatusCode::NOT_FOUND),
        Self::Upgrade,
        Self::Connection,
        Self::Accept,
        Self::Protocol,
        Self::Extensions,
    ];

    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Status(_) => "ws_response_status",
            Self::Upgrade => "ws_response_upgrade",
            Self::Connection => "ws_response_connection",
            Self::Accept => "ws_response_accept",
            Self::Protocol => "ws_response_protocol",
            Self::Extensions => "ws_response_extensions",
        }
    }
}
