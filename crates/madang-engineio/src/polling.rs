//! HTTP long-polling: a GET is held until there is something to say, a POST brings packets.

use crate::entry::{Entry, Refusal, client_addr};
use crate::id::Sid;
use crate::live::{Live, Remote};
use crate::proto::{ErrorCode, InvalidPacket, Jsonp, Open, Packet, Payload, Payload3};
use crate::reply::Reply;
use crate::server::Server;
use crate::{Body, CloseReason, Handler, Protocol, TransportKind, Utf8Bytes};
use bytes::{Buf, Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use http_body_util::BodyExt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// Answers a polling request that has been let in.
pub(crate) async fn respond<H: Handler, B: http_body::Body>(
    server: &Arc<Server<H>>,
    parts: Parts,
    body: B,
    entry: Entry<H>,
    mut reply: Reply,
) -> Outcome<H> {
    let Entry { query, live, .. } = entry;
    let jsonp = query.jsonp.is_some();
    reply.as_script(query.jsonp.clone(), query.base64);
    let config = server.config();
    let Some(live) = live else {
        return Outcome::Answer(open(server, &parts, query.protocol(), reply));
    };
    Outcome::Answer(match parts.method {
        Method::GET if live.get().is_ok() => {
            return Outcome::Wait(Waiting {
                live,
                reply: Some(reply),
            });
        }
        Method::POST if live.post().is_ok() => {
            let post = Post {
                live: &live,
                done: false,
            };
            match post.receive(&parts.headers, body, jsonp).await {
                Ok(()) => reply.ok(config),
                Err(Refused(status, message)) => {
                    let refusal = Refusal {
                        code: ErrorCode::BadRequest,
                        message: message.into(),
                    };
                    reply.error(config, status, &refusal)
                }
            }
        }
        // Another one is under way.
        Method::GET | Method::POST => reply.empty(config, StatusCode::BAD_REQUEST),
        _ => reply.empty(config, StatusCode::INTERNAL_SERVER_ERROR),
    })
}

/// What a request came to.
pub(crate) enum Outcome<H: Handler> {
    Answer(Response<Body>),
    Wait(Waiting<H>),
}

/// A GET that waits, with as much of its request as the answer needs. Dropped before its answer, the client has given it up.
pub(crate) struct Waiting<H: Handler> {
    live: Arc<Live<H>>,
    /// Until it has been given.
    reply: Option<Reply>,
}

impl<H: Handler> Waiting<H> {
    /// Its answer could not be written.
    pub(crate) fn lost(&self) {
        self.live.answer_lost();
    }
}

impl<H: Handler> Future for Waiting<H> {
    type Output = Response<Body>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Response<Body>> {
        let this = self.get_mut();
        let answer = ready!(this.live.poll_answer(cx));
        match this.reply.take() {
            Some(reply) => {
                let config = this.live.server().config();
                Poll::Ready(reply.answer(config, &answer, this.live.protocol()))
            }
            None => Poll::Pending,
        }
    }
}

impl<H: Handler> Drop for Waiting<H> {
    fn drop(&mut self) {
        if self.reply.is_some() {
            self.live.get_aborted();
        }
    }
}

/// Opens a session.
fn open<H: Handler>(
    server: &Arc<Server<H>>,
    parts: &Parts,
    protocol: Protocol,
    mut reply: Reply,
) -> Response<Body> {
    let config = server.config();
    let Ok(sid) = Sid::random() else {
        tracing::error!("the system has no randomness for a session id");
        return reply.refuse(config, &ErrorCode::BadRequest.into(), false);
    };
    let live = Live::new(server.clone(), sid, protocol, client_addr(parts), None);
    server.insert(&live);
    let handshake = Open::new(
        sid.as_str(),
        config.is_upgradable(),
        server.timing(),
        config.max_http_buffer_size,
    );
    live.open(&handshake.packet(), parts);
    // The request is a GET as any other, which never has to wait: there is the handshake.
    let waiting = live.get().is_ok();
    let answer = live.poll_answer(&Context::from_waker(std::task::Waker::noop()));
    match answer {
        Poll::Ready(answer) if waiting => {
            reply.opens(config, parts, Some(sid.as_str()));
            reply.answer(config, &answer, protocol)
        }
        _ => reply.empty(config, StatusCode::BAD_REQUEST),
    }
}

/// A POST that is being read. Dropped before its end, the client has given it up.
struct Post<'a, H: Handler> {
    live: &'a Live<H>,
    done: bool,
}

/// What a POST is refused with.
struct Refused(StatusCode, &'static str);

impl<H: Handler> Post<'_, H> {
    async fn receive<B: http_body::Body>(
        mut self,
        headers: &HeaderMap,
        body: B,
        jsonp: bool,
    ) -> Result<(), Refused> {
        let mut body = pin!(body);
        let received = self.read(headers, body.as_mut(), jsonp).await;
        self.done = true;
        let (reason, refused) = match received {
            Ok(()) => return Ok(()),
            Err(refused @ Refused(StatusCode::BAD_REQUEST, NOT_A_PAYLOAD)) => {
                (CloseReason::ParseError, refused)
            }
            Err(refused) => (CloseReason::TransportError, refused),
        };
        self.live.end(reason);
        if refused.0 == StatusCode::PAYLOAD_TOO_LARGE {
            let _ = tokio::time::timeout(UNREAD_TIME, discard(body)).await;
        }
        Err(refused)
    }

    async fn read<B: http_body::Body>(
        &self,
        headers: &HeaderMap,
        body: Pin<&mut B>,
        jsonp: bool,
    ) -> Result<(), Refused> {
        let kind = headers.get(CONTENT_TYPE);
        let binary = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/octet-stream"));
        if binary && self.live.protocol() == Protocol::V4 {
            return Err(Refused(
                StatusCode::BAD_REQUEST,
                "Engine.IO 4 has no binary payloads: send text/plain",
            ));
        }
        let limit = self.live.server().config().max_http_buffer_size;
        let body = self.unless_closed(collect(headers, body, limit)).await?;
        if binary {
            return self.handle(Payload3::binary(body)).await;
        }
        const NOT_TEXT: Refused = Refused(StatusCode::BAD_REQUEST, "the body isn't UTF-8");
        let text = if jsonp {
            let mut form = form_urlencoded::parse(&body);
            let d = form.find_map(|(name, value)| (name == "d").then_some(value));
            let d = d.ok_or(Refused(StatusCode::BAD_REQUEST, "the form has no field d"))?;
            Utf8Bytes::from(Jsonp::payload(&d))
        } else {
            Utf8Bytes::try_from(body).map_err(|_| NOT_TEXT)?
        };
        match self.live.protocol() {
            Protocol::V4 => self.handle(Payload::new(text)).await,
            Protocol::V3 => self.handle(Payload3::text(text)).await,
        }
    }

    /// Reads on while the session lives: nobody waits for the rest of a body that has no use any more.
    async fn unless_closed(
        &self,
        collected: impl Future<Output = Result<Bytes, Refused>>,
    ) -> Result<Bytes, Refused> {
        let mut collected = pin!(collected);
        poll_fn(|cx| match collected.as_mut().poll(cx) {
            Poll::Pending => self.live.poll_closed(cx).map(|()| {
                Err(Refused(
                    StatusCode::BAD_REQUEST,
                    "the session ended before the body did",
                ))
            }),
            ready @ Poll::Ready(_) => ready,
        })
        .await
    }

    async fn handle(
        &self,
        packets: impl Iterator<Item = Result<Packet, InvalidPacket>>,
    ) -> Result<(), Refused> {
        for (index, packet) in packets.enumerate() {
            let Ok(packet) = packet else {
                return Err(Refused(StatusCode::BAD_REQUEST, NOT_A_PAYLOAD));
            };
            self.live.receive(packet, TransportKind::Polling);
            // A body of half a million packets shares the thread like any other task.
            if index % PACKETS_PER_TURN == PACKETS_PER_TURN - 1 {
                if self.live.is_closed() {
                    break;
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(())
    }
}

impl<H: Handler> Drop for Post<'_, H> {
    fn drop(&mut self) {
        self.live.post_ended();
        if !self.done {
            self.live.end(CloseReason::TransportError);
        }
    }
}

/// The whole body, unless it is longer than the limit.
async fn collect<B: http_body::Body>(
    headers: &HeaderMap,
    mut body: Pin<&mut B>,
    limit: usize,
) -> Result<Bytes, Refused> {
    const TOO_LONG: Refused = Refused(
        StatusCode::PAYLOAD_TOO_LARGE,
        "the body is longer than the maxPayload of the handshake",
    );
    let told = headers
        .get(CONTENT_LENGTH)
        .and_then(|len| len.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|len| len > limit as u64) {
        return Err(TOO_LONG);
    }
    let mut first = Bytes::new();
    let mut collected = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refused(StatusCode::BAD_REQUEST, "the body broke off"))?;
        let Ok(mut data) = frame.into_data() else {
            continue;
        };
        if first.len() + collected.len() + data.remaining() > limit {
            return Err(TOO_LONG);
        }
        // Mostly there is one part only, which needs no copy.
        let data = data.copy_to_bytes(data.remaining());
        if collected.is_empty() && first.is_empty() {
            first = data;
        } else {
            collected.extend_from_slice(&std::mem::take(&mut first));
            collected.extend_from_slice(&data);
        }
    }
    Ok(if collected.is_empty() {
        first
    } else {
        collected.freeze()
    })
}

/// Reads what is too long for nothing, since who is still writing when its connection is closed may never read the answer; a proxy then makes one of its own.
async fn discard<B: http_body::Body>(mut body: Pin<&mut B>) {
    let mut unread = UNREAD;
    while let Some(Ok(frame)) = body.frame().await {
        let len = frame.data_ref().map_or(0, Buf::remaining);
        match unread.checked_sub(len) {
            Some(rest) => unread = rest,
            None => return,
        }
    }
}

/// Bytes that are read for nothing of a body that is too long: a few messages more than a client meant to send.
const UNREAD: usize = 16 << 20;

/// For reading them.
const UNREAD_TIME: Duration = Duration::from_secs(2);

const NOT_A_PAYLOAD: &str = "the body isn't a payload of Engine.IO packets";

/// Packets of one POST that are handled before others get their turn.
const PACKETS_PER_TURN: usize = 256;
