//! What a request asks for, and whether it may, in Node's order of checks.

use crate::live::{Live, Remote};
use crate::proto::{ErrorCode, Query};
use crate::server::Server;
use crate::{Handler, Protocol, TransportKind};
use http::Method;
use http::header::UPGRADE;
use http::request::Parts;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;

/// The client's address, to be put among a request's extensions by whoever accepted the connection:
/// [`Socket::remote_addr`](crate::Socket::remote_addr) has no other way to know. (axum's `ConnectInfo` is found by itself, with the feature `axum`.)
///
/// ```
/// use madang_engineio::ClientAddr;
///
/// # let peer: std::net::SocketAddr = "192.0.2.1:4711".parse()?;
/// // By whoever accepted the connection from `peer`.
/// let mut request = http::Request::get("/engine.io/?EIO=4&transport=polling").body(())?;
/// request.extensions_mut().insert(ClientAddr(peer));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddr(pub SocketAddr);

/// A request that may go on.
pub(crate) struct Entry<H: Handler> {
    pub(crate) query: Query,
    /// The session that it names; without one it opens one.
    pub(crate) live: Option<Arc<Live<H>>>,
    /// It wants to become a WebSocket.
    pub(crate) upgrade: bool,
}

/// Why a request may not go on.
pub(crate) struct Refusal {
    pub(crate) code: ErrorCode,
    pub(crate) message: Cow<'static, str>,
}

impl From<ErrorCode> for Refusal {
    fn from(code: ErrorCode) -> Self {
        Self {
            code,
            message: code.message().into(),
        }
    }
}

pub(crate) fn wants_upgrade(parts: &Parts) -> bool {
    parts
        .headers
        .get(UPGRADE)
        .is_some_and(|upgrade| upgrade.as_bytes().eq_ignore_ascii_case(b"websocket"))
}

pub(crate) fn client_addr(parts: &Parts) -> Option<SocketAddr> {
    let told = parts.extensions.get::<ClientAddr>().map(|addr| addr.0);
    #[cfg(feature = "axum")]
    let told = told.or_else(|| {
        let info = parts.extensions.get::<axum::extract::ConnectInfo<SocketAddr>>();
        info.map(|info| info.0)
    });
    told
}

impl<H: Handler> Entry<H> {
    /// `peer`: whom the connection is with, if that is known. It's put among the request's extensions for whoever may ask for it, at the price of an allocation:
    /// for a request of a session only by who calls this, if there are hooks.
    pub(crate) async fn check(
        server: &Server<H>,
        parts: &mut Parts,
        peer: Option<ClientAddr>,
    ) -> Result<Self, Refusal> {
        let checked = Self::decide(server, parts, peer).await;
        if let (Err(refusal), Some(hook)) = (&checked, &server.config().connection_error) {
            hook(parts, refusal.code, &refusal.message);
        }
        checked
    }

    async fn decide(
        server: &Server<H>,
        parts: &mut Parts,
        peer: Option<ClientAddr>,
    ) -> Result<Self, Refusal> {
        let query = Query::parse(parts.uri.query().unwrap_or_default());
        let config = server.config();
        if let Some(peer) = peer.filter(|_| query.sid().is_none()) {
            parts.extensions.insert(peer);
        }
        let upgrade = wants_upgrade(parts);
        let transport = match query.transport {
            Some(transport) if config.transports.contains(&transport) => transport,
            _ => return Err(ErrorCode::UnknownTransport.into()),
        };
        // An Origin with control characters, which Node checks for here, is no valid header to begin with.
        if transport == TransportKind::Polling && upgrade {
            return Err(ErrorCode::BadRequest.into());
        }
        if let Some(sid) = query.sid() {
            let live = server.find(sid).ok_or(ErrorCode::UnknownSid)?;
            let fits = match transport {
                TransportKind::WebSocket => upgrade && config.allow_upgrades,
                TransportKind::Polling => !live.is_upgraded(),
            };
            if !fits || live.protocol() != query.protocol() {
                return Err(ErrorCode::BadRequest.into());
            }
            let live = Some(live);
            return Ok(Self { query, live, upgrade });
        }
        if parts.method != Method::GET {
            return Err(ErrorCode::BadHandshakeMethod.into());
        }
        if transport == TransportKind::WebSocket && !upgrade {
            return Err(ErrorCode::BadRequest.into());
        }
        if let Some(allow) = &config.allow_request {
            allow(parts).await.map_err(|message| Refusal {
                code: ErrorCode::Forbidden,
                message: match message.as_str() {
                    "" => ErrorCode::Forbidden.message().into(),
                    _ => message.into(),
                },
            })?;
        }
        if query.protocol() == Protocol::V3 && !config.allow_eio3 {
            return Err(ErrorCode::UnsupportedProtocolVersion.into());
        }
        Ok(Self {
            query,
            live: None,
            upgrade,
        })
    }
}
