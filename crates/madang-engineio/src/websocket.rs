//! The WebSocket transport: opened at once, or in place of polling.

use crate::entry::{Entry, client_addr};
use crate::id::Sid;
use crate::live::{Live, Remote};
use crate::proto::{ErrorCode, Open, Packet, Probe};
use crate::reply::Reply;
use crate::server::Server;
use crate::{Body, CloseReason, Handler, Protocol};
use http::request::Parts;
use http::{Request, Response};
use madang_ws::server::Upgrade;
use madang_ws::{Error, WebSocket};
use std::sync::Arc;

/// Answers a WebSocket handshake that has been let in.
pub(crate) fn respond<H: Handler>(
    server: &Arc<Server<H>>,
    parts: Parts,
    entry: Entry<H>,
    mut reply: Reply,
) -> Response<Body> {
    let config = server.config();
    let mut request = Request::from_parts(parts, ());
    let (response, upgrade) = match madang_ws::server::upgrade(&mut request, server.websocket()) {
        Ok(accepted) => accepted,
        Err(rejection) => {
            let mut response = rejection
                .response()
                .map(|body| Body::from(bytes::Bytes::from(body)));
            reply.dress(config, &mut response);
            return response;
        }
    };
    let mut response = response.map(|()| Body::default());
    let (parts, ()) = request.into_parts();
    if entry.live.is_none() {
        reply.opens(config, &parts, None);
    }
    reply.dress(config, &mut response);
    let server = server.clone();
    let protocol = entry.query.protocol();
    let live = entry.live;
    tokio::spawn(async move {
        // Boxed, so that the session's task keeps no room for its opening.
        let opened = match live {
            Some(live) => Box::pin(take_over(live, upgrade)).await,
            None => Box::pin(open(server, upgrade, parts, protocol)).await,
        };
        if let Some((live, websocket)) = opened {
            run(live, websocket).await;
        }
    });
    response
}

type Opened<H> = Option<(Arc<Live<H>>, WebSocket)>;

/// Opens a session on its own WebSocket.
async fn open<H: Handler>(
    server: Arc<Server<H>>,
    upgrade: Upgrade,
    parts: Parts,
    protocol: Protocol,
) -> Opened<H> {
    let websocket = upgrade.open().await.ok()?;
    let Ok(sid) = Sid::random() else {
        tracing::error!(
            "the system has no randomness for a session id: {}",
            ErrorCode::BadRequest
        );
        return None;
    };
    let sender = Some(websocket.sender());
    let live = Live::new(server.clone(), sid, protocol, client_addr(&parts), sender);
    server.insert(&live);
    let max_payload = server.config().max_http_buffer_size;
    let handshake = Open::new(sid.as_str(), false, server.timing(), max_payload);
    live.open(&handshake.packet(), &parts);
    Some((live, websocket))
}

/// Tries a WebSocket for a session on polling.
async fn take_over<H: Handler>(live: Arc<Live<H>>, upgrade: Upgrade) -> Opened<H> {
    let mut websocket = upgrade.open().await.ok()?;
    let sender = websocket.sender();
    if live.probe(sender.clone()).is_err() {
        sender.close_without_code();
        drain(&mut websocket).await;
        return None;
    }
    let trial = Trial(&live);
    while let Some(Ok(message)) = websocket.recv().await {
        let step = match Packet::from_message(message, live.protocol()) {
            Ok(packet) => live.receive_probe(&packet),
            Err(_) => Probe::Refused,
        };
        match step {
            Probe::Reply(packet) => sender.push(&packet.to_message(live.protocol()), true),
            Probe::Upgraded(_) => {
                drop(trial);
                return Some((live, websocket));
            }
            Probe::Refused => {
                sender.close_without_code();
                drain(&mut websocket).await;
                return None;
            }
        }
    }
    None
}

/// A WebSocket on trial; when it goes, the session is told.
struct Trial<'a, H: Handler>(&'a Live<H>);

impl<H: Handler> Drop for Trial<'_, H> {
    fn drop(&mut self) {
        self.0.probe_lost();
    }
}

/// Receives until the end.
async fn run<H: Handler>(live: Arc<Live<H>>, mut websocket: WebSocket) {
    let protocol = live.protocol();
    let reason = loop {
        match websocket.recv().await {
            Some(Ok(message)) => match Packet::from_message(message, protocol) {
                Ok(packet) => live.receive(packet),
                Err(_) => break CloseReason::ParseError,
            },
            Some(Err(error)) => break reason(&error),
            None => break CloseReason::TransportClose,
        }
    };
    live.end(reason);
    live.finish();
    drop(live);
    drain(&mut websocket).await;
}

/// The session's end for what ended its connection. Node's `ws` tells a lost connection from a broken rule too.
fn reason(error: &Error) -> CloseReason {
    match error {
        Error::Fault(_) => CloseReason::TransportError,
        Error::TooSlow { .. } => CloseReason::ForcedClose,
        _ => CloseReason::TransportClose,
    }
}

/// Waits for the end of the closing handshake.
async fn drain(websocket: &mut WebSocket) {
    while let Some(Ok(_)) = websocket.recv().await {}
}
