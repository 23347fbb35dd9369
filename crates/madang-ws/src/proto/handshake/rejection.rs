//! Why a server refuses a request, and how it says so.

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_VERSION, UPGRADE};
use http::{Response, StatusCode};

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
            CONTENT_TYPE,
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
