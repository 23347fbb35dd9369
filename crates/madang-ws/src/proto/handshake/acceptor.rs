//! A server's side of the handshake (RFC 6455 §4.2).

use super::{Agreement, AllowedOrigins, Rejection, accept_for, has_token, joined, single};
use crate::proto::{DeflateConfig, extension};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, HOST, HeaderMap, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Response, StatusCode, Version};

/// What a server agrees to.
#[derive(Clone, Debug, Default)]
pub struct Acceptor {
    /// Subprotocols that the server speaks, the preferred first.
    pub protocols: Vec<HeaderValue>,
    /// Compression, if the server wants any. Default `None`.
    pub deflate: Option<DeflateConfig>,
    /// Which pages may connect. Default: all.
    pub origins: AllowedOrigins,
}

impl Acceptor {
    /// Answers a client's request: what was agreed, and the response with status 101.
    ///
    /// # Errors
    /// Why the request is refused, with its [response](Rejection::response).
    pub fn accept(
        &self,
        method: &Method,
        version: Version,
        headers: &HeaderMap,
    ) -> Result<(Agreement, Response<()>), Rejection> {
        if method != Method::GET {
            return Err(Rejection::Method);
        }
        if version < Version::HTTP_11 {
            return Err(Rejection::HttpVersion);
        }
        if !headers.contains_key(HOST) {
            return Err(Rejection::Host);
        }
        if !has_token(headers, &UPGRADE, "websocket") {
            return Err(Rejection::Upgrade);
        }
        if !has_token(headers, &CONNECTION, "upgrade") {
            return Err(Rejection::Connection);
        }
        if single(headers, &SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(Rejection::Version);
        }
        let key = single(headers, &SEC_WEBSOCKET_KEY)
            .filter(|key| {
                STANDARD
                    .decode(key.as_bytes())
                    .is_ok_and(|nonce| nonce.len() == 16)
            })
            .ok_or(Rejection::Key)?;
        if !self.origins.allows(headers.get(ORIGIN)) {
            return Err(Rejection::Origin);
        }
        let protocol = self.choose_protocol(headers)?;
        let mut response = Response::new(());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let out = response.headers_mut();
        out.insert(UPGRADE, HeaderValue::from_static("websocket"));
        out.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        out.insert(SEC_WEBSOCKET_ACCEPT, accept_for(key.as_bytes()));
        let mut agreement = Agreement {
            protocol: protocol.clone(),
            deflate: None,
        };
        if let Some(protocol) = protocol {
            out.insert(SEC_WEBSOCKET_PROTOCOL, protocol);
        }
        if let Some(offers) = joined(headers, &SEC_WEBSOCKET_EXTENSIONS) {
            let offers = offers.map_err(|_| Rejection::Extensions)?;
            let none = DeflateConfig::default();
            // Parsed even where compression is off: a malformed header is wrong all the same.
            let accepted = extension::accept(&offers, self.deflate.as_ref().unwrap_or(&none))
                .map_err(|_| Rejection::Extensions)?;
            if let (Some((deflate, header)), true) = (accepted, self.deflate.is_some()) {
                agreement.deflate = Some(deflate);
                if let Ok(header) = HeaderValue::from_str(&header) {
                    out.insert(SEC_WEBSOCKET_EXTENSIONS, header);
                }
            }
        }
        Ok((agreement, response))
    }

    /// The first of our protocols that the client offers (RFC 6455 §4.2.2); none is no failure.
    fn choose_protocol(&self, headers: &HeaderMap) -> Result<Option<HeaderValue>, Rejection> {
        let Some(offered) = joined(headers, &SEC_WEBSOCKET_PROTOCOL) else {
            return Ok(None);
        };
        let offered = offered.map_err(|_| Rejection::Protocol)?;
        let mut names: Vec<&str> = offered.split(',').map(str::trim).collect();
        if names
            .iter()
            .any(|name| name.is_empty() || !name.chars().all(extension::is_token_char))
        {
            return Err(Rejection::Protocol);
        }
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        // RFC 6455 §4.1: the names are unique.
        if names.len() != count {
            return Err(Rejection::Protocol);
        }
        Ok(self
            .protocols
            .iter()
            .find(|ours| names.iter().any(|name| name.as_bytes() == ours.as_bytes()))
            .cloned())
    }
}
