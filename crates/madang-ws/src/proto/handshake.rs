//! The opening handshake (RFC 6455 §4) as functions from HTTP headers to HTTP headers.

use super::{Deflate, DeflateConfig, extension};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    ALLOW, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, SEC_WEBSOCKET_ACCEPT,
    SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{Method, Response, StatusCode, Version};
use sha1::{Digest, Sha1};
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

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

/// Which origins may connect (RFC 6455 §10.2). Browsers always say where a page
/// comes from; a request without `Origin` comes from a program, which could
/// say anything, so lists let it in.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum AllowedOrigins {
    /// No check.
    #[default]
    Any,
    /// These, letter for letter and ignoring case, such as `https://example.com`.
    List(Arc<[String]>),
    /// What the function says of the `Origin` header.
    Check(Arc<OriginCheck>),
}

/// What [`AllowedOrigins::Check`] asks about the `Origin` header.
type OriginCheck = dyn Fn(Option<&HeaderValue>) -> bool + Send + Sync;

impl AllowedOrigins {
    /// A list of origins such as `https://example.com`.
    pub fn list(origins: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::List(origins.into_iter().map(Into::into).collect())
    }

    /// A check of your own.
    pub fn check(check: impl Fn(Option<&HeaderValue>) -> bool + Send + Sync + 'static) -> Self {
        Self::Check(Arc::new(check))
    }

    /// Whether a page of this origin may connect.
    pub fn allows(&self, origin: Option<&HeaderValue>) -> bool {
        match (self, origin) {
            (Self::Any, _) | (Self::List(_), None) => true,
            (Self::List(list), Some(origin)) => list
                .iter()
                .any(|allowed| allowed.as_bytes().eq_ignore_ascii_case(origin.as_bytes())),
            (Self::Check(check), origin) => check(origin),
        }
    }
}

impl fmt::Debug for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::List(list) => f.debug_tuple("List").field(list).finish(),
            Self::Check(_) => f.write_str("Check(..)"),
        }
    }
}

/// What the handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// The subprotocol, one of those that the client offered.
    pub protocol: Option<HeaderValue>,
    /// Compression.
    pub deflate: Option<Deflate>,
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

/// Why a server refuses a request to open a connection (RFC 6455 §4.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// 405: the method isn't GET.
    #[error("a WebSocket handshake is a GET request")]
    Method,
    /// 400: HTTP/1.0 or older.
    #[error("a WebSocket handshake needs HTTP/1.1")]
    HttpVersion,
    /// 400: no `Host`.
    #[error("the Host header is missing")]
    Host,
    /// 400: `Upgrade` doesn't name `websocket`.
    #[error("the Upgrade header must name websocket")]
    Upgrade,
    /// 400: `Connection` doesn't name `upgrade`.
    #[error("the Connection header must name Upgrade")]
    Connection,
    /// 426: a version other than 13.
    #[error("Sec-WebSocket-Version must be 13")]
    Version,
    /// 400: the key isn't 16 bytes in base64.
    #[error("Sec-WebSocket-Key must be 16 bytes in base64")]
    Key,
    /// 403: the page's origin isn't allowed.
    #[error("this origin may not connect")]
    Origin,
    /// 400: the list of subprotocols isn't one.
    #[error("Sec-WebSocket-Protocol must be a list of distinct tokens")]
    Protocol,
    /// 400: the list of extensions isn't one.
    #[error("Sec-WebSocket-Extensions is malformed")]
    Extensions,
    /// 400: the request can't be upgraded, by the HTTP server that carried it.
    #[error("this connection can't be upgraded")]
    NotUpgradable,
}

impl Rejection {
    /// One of each, for documents and tests that walk them all.
    pub const ALL: [Self; 11] = [
        Self::Method,
        Self::HttpVersion,
        Self::Host,
        Self::Upgrade,
        Self::Connection,
        Self::Version,
        Self::Key,
        Self::Origin,
        Self::Protocol,
        Self::Extensions,
        Self::NotUpgradable,
    ];

    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::Origin => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// A stable name for logs, metrics and `docs/error-codes.md`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Method => "ws_handshake_method",
            Self::HttpVersion => "ws_handshake_http_version",
            Self::Host => "ws_handshake_host",
            Self::Upgrade => "ws_handshake_upgrade",
            Self::Connection => "ws_handshake_connection",
            Self::Version => "ws_handshake_version",
            Self::Key => "ws_handshake_key",
            Self::Origin => "ws_handshake_origin",
            Self::Protocol => "ws_handshake_protocol",
            Self::Extensions => "ws_handshake_extensions",
            Self::NotUpgradable => "ws_handshake_not_upgradable",
        }
    }

    /// The response: the status, what the status demands, and the reason in one line of text.
    pub fn response(self) -> Response<String> {
        let mut response = Response::new(format!("{self}\n"));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(
            http::header::CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        match self {
            Self::Method => {
                headers.insert(ALLOW, HeaderValue::from_static("GET"));
            }
            Self::Version => {
                // RFC 6455 §4.4 and RFC 9110 §15.5.22.
                headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
                headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            }
            _ => {}
        }
        response
    }
}

/// A client's side: what it offers, and the key of one request.
#[derive(Clone, Debug)]
pub struct Offer {
    key: HeaderValue,
    protocols: Vec<HeaderValue>,
    deflate: Option<DeflateConfig>,
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
fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Result<String, http::header::ToStrError>> {
    let values: Result<Vec<&str>, _> = headers.get_all(name).iter().map(HeaderValue::to_str).collect();
    match values {
        Ok(values) if values.is_empty() => None,
        values => Some(values.map(|values| values.join(","))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "server.example.com"),
            ("upgrade", "websocket"),
            ("connection", "Upgrade"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-version", "13"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers
    }

    fn accept(acceptor: &Acceptor, headers: &HeaderMap) -> Result<(Agreement, Response<()>), Rejection> {
        acceptor.accept(&Method::GET, Version::HTTP_11, headers)
    }

    fn with(name: &'static str, value: &'static str) -> Result<(Agreement, Response<()>), Rejection> {
        let mut headers = request();
        headers.insert(name, HeaderValue::from_static(value));
        accept(&Acceptor::default(), &headers)
    }

    #[test]
    fn section_1_3_the_example_of_the_rfc() {
        let (_, response) = accept(&Acceptor::default(), &request()).expect("a valid request");
        assert_eq!(response.status(), 101);
        assert_eq!(
            response.headers()["sec-websocket-accept"],
            "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
        );
    }

    #[test]
    fn section_4_2_1_each_requirement_has_its_answer() {
        let acceptor = Acceptor::default();
        for (missing, rejection) in [
            ("host", Rejection::Host),
            ("upgrade", Rejection::Upgrade),
            ("connection", Rejection::Connection),
            ("sec-websocket-key", Rejection::Key),
            ("sec-websocket-version", Rejection::Version),
        ] {
            let mut headers = request();
            headers.remove(missing);
            assert_eq!(accept(&acceptor, &headers).err(), Some(rejection), "{missing}");
        }
        assert_eq!(
            acceptor.accept(&Method::POST, Version::HTTP_11, &request()).err(),
            Some(Rejection::Method)
        );
        assert_eq!(
            acceptor.accept(&Method::GET, Version::HTTP_10, &request()).err(),
            Some(Rejection::HttpVersion)
        );
        assert_eq!(with("sec-websocket-version", "8").err(), Some(Rejection::Version));
        for key in [
            "",
            "dGhlIHNhbXBsZSBub25j",
            "dGhlIHNhbXBsZSBub25jZQ",
            "dGhlIHNhbXBsZSBub25jZSE=",
            "!",
        ] {
            assert_eq!(
                with("sec-websocket-key", key).err(),
                Some(Rejection::Key),
                "{key}"
            );
        }
        let mut doubled = request();
        doubled.append(
            "sec-websocket-key",
            HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="),
        );
        assert_eq!(accept(&acceptor, &doubled).err(), Some(Rejection::Key));
    }

    #[test]
    fn tokens_are_found_in_lists_and_in_any_case() {
        assert!(with("connection", "keep-alive, UPGRADE").is_ok());
        assert!(with("upgrade", "h2c,WebSocket").is_ok());
        assert_eq!(with("connection", "upgraded").err(), Some(Rejection::Connection));
        assert_eq!(with("upgrade", "websockets").err(), Some(Rejection::Upgrade));
    }

    #[test]
    fn statuses_and_headers_of_refusals() {
        assert_eq!(Rejection::Version.response().status(), 426);
        assert_eq!(
            Rejection::Version.response().headers()["sec-websocket-version"],
            "13"
        );
        assert_eq!(Rejection::Method.response().status(), 405);
        assert_eq!(Rejection::Method.response().headers()["allow"], "GET");
        assert_eq!(Rejection::Origin.response().status(), 403);
        for rejection in Rejection::ALL {
            let body = rejection.response().into_body();
            assert_eq!(body.lines().count(), 1, "one line: {body}");
        }
    }

    #[test]
    fn section_10_2_origins_are_checked() {
        let listed = Acceptor {
            origins: AllowedOrigins::list(["http://a.test"]),
            ..Acceptor::default()
        };
        let from = |acceptor: &Acceptor, origin: &'static str| {
            let mut headers = request();
            headers.insert(ORIGIN, HeaderValue::from_static(origin));
            accept(acceptor, &headers).err()
        };
        assert_eq!(from(&listed, "HTTP://A.test"), None);
        assert_eq!(from(&listed, "http://a.test.evil.test"), Some(Rejection::Origin));
        assert_eq!(from(&listed, "null"), Some(Rejection::Origin));
        assert!(accept(&listed, &request()).is_ok(), "a program without Origin");
        let hook = Acceptor {
            origins: AllowedOrigins::check(|origin| origin.is_some()),
            ..Acceptor::default()
        };
        assert_eq!(from(&hook, "http://b.test"), None);
        assert_eq!(accept(&hook, &request()).err(), Some(Rejection::Origin));
    }

    #[test]
    fn section_4_2_2_a_subprotocol_is_chosen_or_omitted() {
        let acceptor = Acceptor {
            protocols: vec![HeaderValue::from_static("v2"), HeaderValue::from_static("v1")],
            ..Acceptor::default()
        };
        let offer = |value: &'static str| {
            let mut headers = request();
            headers.append(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(value));
            accept(&acceptor, &headers).map(|(agreement, response)| {
                assert_eq!(
                    agreement.protocol.as_ref(),
                    response.headers().get(SEC_WEBSOCKET_PROTOCOL)
                );
                agreement.protocol
            })
        };
        assert_eq!(offer("v1, v2"), Ok(Some(HeaderValue::from_static("v2"))));
        assert_eq!(offer("v1"), Ok(Some(HeaderValue::from_static("v1"))));
        assert_eq!(offer("V1"), Ok(None), "names are compared letter for letter");
        assert_eq!(offer("v1, v1"), Err(Rejection::Protocol));
        assert_eq!(offer("v1, "), Err(Rejection::Protocol));
    }

    #[test]
    fn section_9_1_extensions_are_declined_unless_malformed() {
        assert_eq!(
            with("sec-websocket-extensions", "permessage-deflate").map(|(a, _)| a.deflate),
            Ok(None)
        );
        assert_eq!(
            with("sec-websocket-extensions", "permessage-deflate;").err(),
            Some(Rejection::Extensions)
        );
        let acceptor = Acceptor {
            deflate: Some(DeflateConfig::default()),
            ..Acceptor::default()
        };
        let mut headers = request();
        headers.append(SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static("x-other"));
        headers.append(
            SEC_WEBSOCKET_EXTENSIONS,
            HeaderValue::from_static("permessage-deflate; client_max_window_bits"),
        );
        let (agreement, response) = accept(&acceptor, &headers).expect("valid");
        assert!(agreement.deflate.is_some());
        assert!(response.headers().contains_key(SEC_WEBSOCKET_EXTENSIONS));
    }

    #[test]
    fn section_4_1_the_client_checks_everything() {
        let offer = Offer::new(
            vec![HeaderValue::from_static("v1")],
            Some(DeflateConfig::default()),
        );
        let mut headers = request();
        offer.write(&mut headers);
        let acceptor = Acceptor {
            protocols: vec![HeaderValue::from_static("v1")],
            deflate: Some(DeflateConfig::default()),
            ..Acceptor::default()
        };
        let (agreed, response) = accept(&acceptor, &headers).expect("our own request");
        let good = response.headers().clone();
        assert_eq!(offer.verify(response.status(), &good), Ok(agreed));

        let check = |name: &'static str, value: Option<&'static str>| {
            let mut headers = good.clone();
            match value {
                Some(value) => headers.insert(name, HeaderValue::from_static(value)),
                None => headers.remove(name),
            };
            offer.verify(StatusCode::SWITCHING_PROTOCOLS, &headers).err()
        };
        assert_eq!(
            offer.verify(StatusCode::OK, &good),
            Err(Mismatch::Status(StatusCode::OK))
        );
        assert_eq!(check("upgrade", None), Some(Mismatch::Upgrade));
        assert_eq!(check("connection", Some("close")), Some(Mismatch::Connection));
        assert_eq!(
            check("sec-websocket-accept", Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")),
            Some(Mismatch::Accept)
        );
        assert_eq!(check("sec-websocket-accept", None), Some(Mismatch::Accept));
        assert_eq!(
            check("sec-websocket-protocol", Some("v2")),
            Some(Mismatch::Protocol)
        );
        assert_eq!(
            check("sec-websocket-protocol", None),
            None,
            "the server may choose none"
        );
        assert_eq!(
            check("sec-websocket-extensions", Some("x-other")),
            Some(Mismatch::Extensions)
        );
        let unasked = Offer {
            deflate: None,
            ..offer.clone()
        };
        assert_eq!(
            unasked.verify(StatusCode::SWITCHING_PROTOCOLS, &good),
            Err(Mismatch::Extensions)
        );
    }
}
