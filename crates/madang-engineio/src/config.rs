//! Options.

use crate::{Cors, DeflateConfig, ErrorCode, Message, TransportKind};
use http::HeaderMap;
use http::request::Parts;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// Decides whether a request may open a session; an error is the message that the client is shown.
///
/// ```
/// use madang_engineio::AllowRequest;
/// use std::sync::Arc;
///
/// // What `Config::set_allow_request` makes of a function.
/// let nobody: AllowRequest = Arc::new(|_| Box::pin(async { Err("closed".to_owned()) }));
/// # let mut config = madang_engineio::Config::default();
/// config.allow_request = Some(nobody);
/// ```
pub type AllowRequest =
    Arc<dyn Fn(&Parts) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// Adds to the headers of an answer.
///
/// ```
/// use http::HeaderValue;
/// use std::sync::Arc;
///
/// let mut config = madang_engineio::Config::default();
/// config.headers = Some(Arc::new(|headers, request| {
///     if request.uri.path().starts_with("/engine.io/") {
///         headers.insert("x-served-by", HeaderValue::from_static("one"));
///     }
/// }));
/// ```
pub type HeadersHook = Arc<dyn Fn(&mut HeaderMap, &Parts) + Send + Sync>;

/// Is told of a request that is refused.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use http::Request;
/// # use madang_engineio::{CloseReason, Message, Socket};
/// use madang_engineio::{Body, Config, EngineIo, ErrorCode, Handler};
/// use std::sync::{Arc, Mutex};
/// # struct Nothing;
/// # impl Handler for Nothing {
/// #     type Session = ();
/// #     fn open(&self, _: Socket, _: &http::request::Parts) {}
/// #     fn message(&self, _: &mut (), _: Message) {}
/// #     fn close(&self, _: (), _: CloseReason) {}
/// # }
///
/// let refused = Arc::new(Mutex::new(Vec::new()));
/// let mut config = Config::default();
/// let log = refused.clone();
/// config.connection_error = Some(Arc::new(move |request, code, _message| {
///     log.lock().unwrap().push((request.uri.to_string(), code));
/// }));
///
/// let engine = EngineIo::new(config, Nothing);
/// engine.respond(Request::get("/engine.io/?transport=pigeon").body(Body::default())?).await;
/// let refused = refused.lock().unwrap();
/// assert_eq!(refused[0], ("/engine.io/?transport=pigeon".to_owned(), ErrorCode::UnknownTransport));
/// # Ok(())
/// # }
/// ```
pub type ConnectionErrorHook = Arc<dyn Fn(&Parts, ErrorCode, &str) + Send + Sync>;

/// Options of a server; names and defaults are those of Node's `engine.io`. Change fields of the default:
///
/// ```
/// let mut config = madang_engineio::Config::default();
/// config.allow_eio3 = true;
/// config.ping_interval = std::time::Duration::from_secs(10);
/// ```
///
/// Some of Node's have no counterpart: `wsEngine`, since there is one WebSocket engine; `destroyUpgrade` and its timeout, since a request that isn't
/// for Engine.IO gets its answer from whatever service is behind the [layer](crate::EngineIo::layer), or 404; `use`, since any tower
/// layer may be put around the server; `generateId`, since a session id is a secret and always 120 bits of the system's randomness; the transport
/// `webtransport`, which needs HTTP/3.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where the server is found; everything below belongs to it. Default `/engine.io`.
    pub path: String,
    /// Whether the path alone, without a slash after it, is not the server's. Default `true`.
    pub add_trailing_slash: bool,
    /// Between a heartbeat's answer and the next heartbeat. Default 25 s.
    pub ping_interval: Duration,
    /// For the answer to a heartbeat. Default 20 s.
    pub ping_timeout: Duration,
    /// For a probed WebSocket to take over from polling. Default 10 s.
    pub upgrade_timeout: Duration,
    /// Bytes of one message over WebSocket, or of one POST. Beyond: close 1009, or 413; the session ends. Clients are told, and keep to it. Default
    /// 1,000,000, as Node: enough for what a page sends, little enough to buffer for each of many.
    pub max_http_buffer_size: usize,
    /// Bytes that may wait for one client; a client that reads too slowly for it is disconnected. Node has no such bound. Default 1 MiB, as
    /// `madang_ws`'s [`Limits::queued`](madang_ws::Limits::queued).
    pub send_limit: usize,
    /// Which transports there are. Default both.
    pub transports: Vec<TransportKind>,
    /// Whether a session may change from polling to WebSocket. Default `true`.
    pub allow_upgrades: bool,
    /// permessage-deflate on WebSocket. Default `None`, as Node.
    pub per_message_deflate: Option<DeflateConfig>,
    /// Answers to polling of at least this many bytes are compressed, with gzip or deflate. Default `Some(1024)`.
    pub http_compression: Option<usize>,
    /// A message that each client gets first. Default none.
    pub initial_packet: Option<Message>,
    /// A cookie with the session id in the answer to a polling handshake, for load balancers. Default none.
    pub cookie: Option<Cookie>,
    /// Cross-origin requests. Default `None`: only pages of the same origin can poll.
    pub cors: Option<Cors>,
    /// Whether clients of Engine.IO 3 (Socket.IO 1 and 2) are served. Default `false`.
    pub allow_eio3: bool,
    /// Decides whether a request may open a session. Default: every one may.
    pub allow_request: Option<AllowRequest>,
    /// Called with the headers of the answer that opens a session: Node's event `initial_headers`.
    pub initial_headers: Option<HeadersHook>,
    /// Called with the headers of every answer, after `initial_headers`: Node's event `headers`.
    pub headers: Option<HeadersHook>,
    /// Called with a request that is refused, why, and what its client is told: Node's event `connection_error`.
    pub connection_error: Option<ConnectionErrorHook>,
}

impl Config {
    /// Sets [`allow_request`](Self::allow_request) to a function.
    ///
    /// ```
    /// let mut config = madang_engineio::Config::default();
    /// config.set_allow_request(|request| {
    ///     let known = request.headers.contains_key("authorization");
    ///     async move { if known { Ok(()) } else { Err("who are you?".to_owned()) } }
    /// });
    /// ```
    pub fn set_allow_request<F, Fut>(&mut self, allow: F)
    where
        F: Fn(&Parts) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.allow_request = Some(Arc::new(move |request| Box::pin(allow(request))));
    }

    /// Whether this path is the server's: a prefix match, as Node's.
    pub(crate) fn is_ours(&self, path: &str) -> bool {
        let base = self.path.trim_end_matches('/');
        match path.strip_prefix(base) {
            Some("") => !self.add_trailing_slash,
            Some(rest) => rest.starts_with('/'),
            None => false,
        }
    }

    /// Whether somebody is called about every request.
    pub(crate) fn has_hooks(&self) -> bool {
        self.headers.is_some() || self.connection_error.is_some()
    }

    pub(crate) fn is_upgradable(&self) -> bool {
        self.allow_upgrades && self.transports.contains(&TransportKind::WebSocket)
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/engine.io".to_owned(),
            add_trailing_slash: true,
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_http_buffer_size: 1_000_000,
            send_limit: 1 << 20,
            transports: vec![TransportKind::Polling, TransportKind::WebSocket],
            allow_upgrades: true,
            per_message_deflate: None,
            http_compression: Some(1024),
            initial_packet: None,
            cookie: None,
            cors: None,
            allow_eio3: false,
            allow_request: None,
            initial_headers: None,
            headers: None,
            connection_error: None,
        }
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("path", &self.path)
            .field("ping_interval", &self.ping_interval)
            .field("ping_timeout", &self.ping_timeout)
            .field("upgrade_timeout", &self.upgrade_timeout)
            .field("max_http_buffer_size", &self.max_http_buffer_size)
            .field("send_limit", &self.send_limit)
            .field("transports", &self.transports)
            .field("allow_upgrades", &self.allow_upgrades)
            .field("allow_eio3", &self.allow_eio3)
            .finish_non_exhaustive()
    }
}

/// A cookie that carries the session id.
///
/// ```
/// use madang_engineio::{Config, Cookie, SameSite};
///
/// let mut config = Config::default();
/// config.cookie = Some(Cookie {
///     name: "node".to_owned(),
///     secure: true,
///     same_site: Some(SameSite::Strict),
///     max_age: Some(86_400),
///     ..Cookie::default()
/// });
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cookie {
    /// Default `io`.
    pub name: String,
    /// Default `/`; none leaves the attribute out.
    pub path: Option<String>,
    /// Default none.
    pub domain: Option<String>,
    /// Hidden from scripts. Default `true`.
    pub http_only: bool,
    /// Sent over HTTPS only. Default `false`.
    pub secure: bool,
    /// Default [`SameSite::Lax`].
    pub same_site: Option<SameSite>,
    /// How long it is kept, in seconds. Default none: until the browser is closed.
    pub max_age: Option<u64>,
}

/// The `SameSite` attribute of a [`Cookie`].
///
/// ```
/// use madang_engineio::{Cookie, SameSite};
///
/// // For a page of another site, within a frame.
/// let cookie = Cookie { same_site: Some(SameSite::None), secure: true, ..Cookie::default() };
/// assert!(cookie.http_only);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SameSite {
    /// Sent to its own site only.
    Strict,
    /// Sent also when its site is navigated to.
    Lax,
    /// Sent from everywhere; needs `secure`.
    None,
}

impl Cookie {
    /// The `Set-Cookie` header with this value.
    pub(crate) fn header(&self, value: &str) -> String {
        let mut out = format!("{}={value}", self.name);
        let attributes = [
            self.max_age.map(|age| format!("Max-Age={age}")),
            self.domain.as_ref().map(|domain| format!("Domain={domain}")),
            self.path.as_ref().map(|path| format!("Path={path}")),
            self.http_only.then(|| "HttpOnly".to_owned()),
            self.secure.then(|| "Secure".to_owned()),
            self.same_site.map(|same_site| format!("SameSite={same_site:?}")),
        ];
        for attribute in attributes.into_iter().flatten() {
            out.push_str("; ");
            out.push_str(&attribute);
        }
        out
    }
}

impl Default for Cookie {
    fn default() -> Self {
        Self {
            name: "io".to_owned(),
            path: Some("/".to_owned()),
            domain: None,
            http_only: true,
            secure: false,
            same_site: Some(SameSite::Lax),
            max_age: None,
        }
    }
}
