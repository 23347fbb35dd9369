//! The WebSocket transport: opened at once, or in place of polling.

use crate::entry::{Entry, client_addr};
use crate::id::Sid;
use crate::live::{Live, Remote};
use crate::proto::{ErrorCode, Open, Packet, Probe};
use crate::reply::Reply;
use crate::server::Server;
use crate::{Body, CloseReason, Config, Handler, Message, Protocol, TransportKind};
use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use madang_ws::proto::handshake::{Agreement, Rejection};
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
        Err(rejection) => return refused(config, rejection, reply),
    };
    let mut response = response.map(|()| Body::default());
    let (parts, ()) = request.into_parts();
    if entry.live.is_none() {
        reply.opens(config, &parts, None);
    }
    reply.dress(config, response.headers_mut());
    let server = server.clone();
    // Boxed, so that the session's task keeps no room for its opening.
    let opened = Box::pin(async move {
        let websocket = upgrade.open().await.ok()?;
        begin(&server, entry, &parts, websocket).await
    });
    tokio::spawn(async move {
        if let Some((live, websocket)) = opened.await {
            run(live, websocket).await;
        }
    });
    response
}

/// As [`respond`], on a stream of our own: the response is for the stream's owner to write, before everything else.
pub(crate) fn accept<H: Handler>(
    server: &Arc<Server<H>>,
    parts: &Parts,
    entry: &Entry<H>,
    mut reply: Reply,
) -> Result<(Agreement, Response<()>), Box<Response<Body>>> {
    let config = server.config();
    let acceptor = &server.websocket().acceptor;
    match acceptor.accept(&parts.method, parts.version, &parts.headers) {
        Ok((agreement, mut response)) => {
            if entry.live.is_none() {
                reply.opens(config, parts, None);
            }
            reply.dress(config, response.headers_mut());
            Ok((agreement, response))
        }
        Err(rejection) => Err(Box::new(refused(config, rejection, reply))),
    }
}

fn refused(config: &Config, rejection: Rejection, reply: Reply) -> Response<Body> {
    let mut response = rejection.response().map(|body| Body::from(Bytes::from(body)));
    reply.dress(config, response.headers_mut());
    response
}

/// A session and its WebSocket.
pub(crate) type Opened<H> = Option<(Arc<Live<H>>, WebSocket)>;

/// What becomes of a WebSocket that has been opened.
pub(crate) async fn begin<H: Handler>(
    server: &Arc<Server<H>>,
    entry: Entry<H>,
    parts: &Parts,
    websocket: WebSocket,
) -> Opened<H> {
    match entry.live {
        Some(live) => take_over(live, websocket).await,
        None => open(server, parts, entry.query.protocol(), websocket),
    }
}

/// Opens a session on its own WebSocket.
fn open<H: Handler>(
    server: &Arc<Server<H>>,
    parts: &Parts,
    protocol: Protocol,
    websocket: WebSocket,
) -> Opened<H> {
    let Ok(sid) = Sid::random() else {
        tracing::error!(
            "the system has no randomness for a session id: {}",
            ErrorCode::BadRequest
        );
        return None;
    };
    let sender = Some(websocket.sender());
    let live = Live::new(server.clone(), sid, protocol, client_addr(parts), sender);
    server.insert(&live);
    let max_payload = server.config().max_http_buffer_size;
    let handshake = Open::new(sid.as_str(), false, server.timing(), max_payload);
    live.open(&handshake.packet(), parts);
    Some((live, websocket))
}

/// Tries a WebSocket for a session on polling.
async fn take_over<H: Handler>(live: Arc<Live<H>>, mut websocket: WebSocket) -> Opened<H> {
    let sender = websocket.sender();
    let Ok(number) = live.probe(sender.clone()) else {
        sender.close_without_code();
        drain(&mut websocket).await;
        return None;
    };
    let trial = Trial { live: &live, number };
    while let Some(Ok(message)) = websocket.recv().await {
        let step = match Packet::from_message(message, live.protocol()) {
            Ok(packet) => live.receive_probe(number, &packet),
            Err(_) => Probe::Refused,
        };
        match step {
            Probe::Reply(packet) => sender.push(&packet.to_message(live.protocol()), true),
            Probe::Upgraded(_) => {
                drop(trial);
                return Some((live, websocket));
            }
            Probe::Refused => {
                drop(trial);
                sender.close_without_code();
                drain(&mut websocket).await;
                return None;
            }
        }
    }
    None
}

/// A WebSocket on trial; when it goes, the session is told.
struct Trial<'a, H: Handler> {
    live: &'a Live<H>,
    number: u32,
}

impl<H: Handler> Drop for Trial<'_, H> {
    fn drop(&mut self) {
        self.live.probe_lost(self.number);
    }
}

/// Receives until the end. Not an `async fn`, which keeps its arguments twice: there are many that wait here.
pub(crate) fn run<H: Handler>(
    live: Arc<Live<H>>,
    mut websocket: WebSocket,
) -> impl Future<Output = ()> + Send {
    let mut running = Some(Running(live));
    async move {
        while let Some(message) = websocket.recv().await {
            // Once the session has ended, only the end of the closing handshake is waited for.
            if let Some(Err(reason)) = running.as_ref().map(|running| running.receive(message)) {
                if let Some(running) = running.take() {
                    running.finish(reason);
                }
            }
        }
        if let Some(running) = running {
            running.finish(CloseReason::TransportClose);
        }
    }
}

/// A session whose WebSocket is received from. Dropped before its end, with the task, it ends: nobody will receive any more.
struct Running<H: Handler>(Arc<Live<H>>);

impl<H: Handler> Running<H> {
    fn receive(&self, message: Result<Message, Error>) -> Result<(), CloseReason> {
        let message = message.map_err(|error| reason(&error))?;
        let packet = Packet::from_message(message, self.0.protocol()).map_err(|_| CloseReason::ParseError)?;
        self.0.receive(packet, TransportKind::WebSocket);
        Ok(())
    }

    fn finish(self, reason: CloseReason) {
        self.0.end(reason);
        self.0.finish();
    }
}

impl<H: Handler> Drop for Running<H> {
    fn drop(&mut self) {
        self.0.end(CloseReason::TransportClose);
    }
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
