//! What every request passes: it is counted, and one too many is refused.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use axum::body::HttpBody as _;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, header};
use madang_socketio::SocketIo;

use super::problem::Problem;
use crate::back::app::{App, BATCH_BYTES};
use crate::back::limits::Caller;
use crate::back::people::Asking;
use crate::chat::{API_TOKEN, Objection, Session};
use crate::listener::Peer;

/// Lets in who isn't too fast, as the [`Caller`] and the [`Asking`] that handlers find among the request's extensions.
///
/// # Errors
/// One too many, an API key or a token that isn't known, or a page that may not do this.
pub(in crate::back) async fn admit(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key = bearer(request.headers()).filter(|key| !says_who(key));
    let key = key.map(|key| app.known(key));
    let caller = match key {
        Some(Ok(caller)) => caller,
        // Whoever guesses keys is counted too.
        Some(Err(_)) | None => caller(&request),
    };
    app.admit(caller, bytes(&request))?;
    if let Some(Err(unknown)) = key {
        return Err(unknown.into());
    }
    let asking = asking(&app, request.method(), request.headers()).await?;
    request.extensions_mut().insert(caller);
    request.extensions_mut().insert(asking);
    Ok(next.run(request).await)
}

/// Who asks. With a cookie, which browsers send along whichever page asks, only pages of allowed origins may change anything.
async fn asking(app: &App, method: &Method, headers: &HeaderMap) -> Result<Asking, Objection> {
    let asking = app.people.asking(bearer(headers), headers).await?;
    let origin = headers.get(header::ORIGIN);
    let is_safe = method.is_safe() || (origin.is_some() && app.origins.allows(origin));
    if asking.cookie.is_some() && !is_safe {
        return Err(Objection::OriginRefused);
    }
    Ok(asking)
}

/// Who asks for a handshake: it is checked there whether the page may.
pub(in crate::back) async fn asking_for_handshake(app: &App, headers: &HeaderMap) -> Result<Asking, Problem> {
    Ok(app.people.asking(bearer(headers), headers).await?)
}

/// Whether a token of `Authorization` says who somebody is, rather than which program.
fn says_who(token: &str) -> bool {
    token.starts_with(API_TOKEN) || token.parse::<Session>().is_ok()
}

/// The same where `Authorization` says something else than an API key: everybody counts for their address.
///
/// # Errors
/// One too many.
pub(in crate::back) async fn admit_address(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let caller = caller(&request);
    app.admit(caller, bytes(&request))?;
    request.extensions_mut().insert(caller);
    Ok(next.run(request).await)
}

/// The same for handshakes and polls of Socket.IO, which aren't routes; everything else passes. One too many is refused so that the page can read it, as it
/// reads Socket.IO's own answers.
pub(in crate::back) async fn admit_socketio(
    State((app, io)): State<(Arc<App>, SocketIo)>,
    mut request: Request,
    next: Next,
) -> Response {
    if is_socketio(&request)
        && let Err(refusal) = let_in(&app, &mut request).await
    {
        let mut response = refusal.into_response();
        if let Some(cors) = &io.engine_config().cors {
            cors.apply(request.headers(), response.headers_mut());
        }
        return response;
    }
    next.run(request).await
}

/// Counts a request of Socket.IO, and keeps who opens a session.
async fn let_in(app: &App, request: &mut Request) -> Result<(), Problem> {
    app.admit(caller(request), bytes(request))?;
    // Whoever has a session has been asked already, and keeps what it came by.
    let query = request.uri().query().unwrap_or_default();
    if !query.split('&').any(|part| part.starts_with("sid=")) {
        let asking = asking_for_handshake(app, request.headers()).await?;
        let pass = app.people.pass(&asking);
        request.extensions_mut().insert(pass);
    }
    Ok(())
}

/// Counts answers.
pub(in crate::back) async fn measure(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let is_socketio = is_socketio(&request);
    let response = next.run(request).await;
    let route = match &matched {
        Some(matched) => matched.as_str(),
        None if is_socketio => "/socket.io/",
        // One name for all: there are as many addresses as somebody makes up.
        None => "none",
    };
    app.metrics.answered(route, response.status());
    response
}

fn is_socketio(request: &Request) -> bool {
    request.uri().path().starts_with("/socket.io/")
}

/// The address that a request comes from.
fn caller(request: &Request) -> Caller {
    let peer = request.extensions().get::<Peer>();
    let nowhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    Caller::at(peer.map_or(nowhere, |peer| peer.addr.ip()))
}

/// The token of an `Authorization: Bearer …` (RFC 6750, section 2.1). Other schemes are none of this server's: a proxy's, for example.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?;
    // What isn't ASCII is no key, and unknown.
    let value = value.to_str().unwrap_or("Bearer ");
    let (scheme, key) = value.split_once(' ').unwrap_or((value, ""));
    scheme.eq_ignore_ascii_case("bearer").then_some(key.trim())
}

/// How much a request sends. More than the largest that is read isn't read; one that doesn't say how much it sends counts as the largest.
fn bytes(request: &Request) -> usize {
    let upper = request.body().size_hint().upper();
    let bytes = upper.and_then(|bytes| usize::try_from(bytes).ok());
    bytes.unwrap_or(BATCH_BYTES).min(BATCH_BYTES)
}
