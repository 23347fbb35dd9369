//! `GET /api/rooms/{room}/events`: Server-Sent Events (HTML, section 9.2).

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use madang_hub::{Epoch, Lost, LostReason, Position, WireForm};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::problem::Problem;
use super::read::{called, reader};
use super::room::InRoom;
use super::schema::{self, RoomParam};
use crate::back::app::App;
use crate::back::metrics::{Connected, Way};
use crate::back::people::Asking;
use crate::back::rooms::{Attendance, Delivery, Listener, OpenRoom, Permit, server_sent_event};
use crate::chat::{Act, Code, HISTORY_LIMIT, MAX_OFFSET, Refusal, Sender};

/// How long a stream is silent at most: proxies commonly give up after a minute, phones notice a dead line no sooner than something is sent.
pub(in crate::back) const HEARTBEAT: Duration = Duration::from_secs(15);

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(3);

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Following {
    /// Everything behind this offset; from now on, if nothing is said. Needs `epoch`, unless it is 0.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    after: Option<u64>,
    /// The epoch of `after`.
    #[param(value_type = Option<schema::Epoch>)]
    epoch: Option<String>,
    /// A sender whose messages to leave out: one's own.
    #[param(value_type = Option<schema::Sender>)]
    except: Option<String>,
    /// Under what name to be shown to the others, as long as the stream goes on.
    #[param(value_type = Option<schema::Name>)]
    name: Option<String>,
}

/// What a browser sends when it connects again.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it only describes")]
struct LastEvent {
    /// The `id` of the last event; wins over `after`.
    #[param(rename = "Last-Event-ID", value_type = Option<schema::EventId>)]
    last_event_id: Option<String>,
}

/// Follow a room as a stream of Server-Sent Events
///
/// `position` comes first: where the stream begins. Then a `message` for each message, whose `id` is its position; a browser sends the last one as
/// `Last-Event-ID` when it connects again, and misses nothing. `lost` says that the history doesn't reach back to the position that was asked for: the stream
/// goes on from another one. `moderated` tells what a moderator did. `skipped` says that messages were dropped because this reader was too slow for a room that may do so. `error` comes before the
/// server ends the stream (`too_slow`, `stopping`, `banned`, `signed_out`). A comment comes every 15 s.
#[utoipa::path(
    get, path = "/api/rooms/{room}/events", tag = "rooms",
    params(RoomParam, Following, LastEvent),
    security((), ("api_key" = []), ("account" = []), ("token" = []), ("session" = [])),
    responses(
        (status = 200, description = "The stream", content_type = "text/event-stream", body = schema::StreamEvent),
        (status = 400, description = "`history_invalid`, `sender_invalid`, `name_invalid`, `name_too_long`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`banned`, `name_reserved`", body = Problem),
        (status = 404, description = "`room_invalid`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn events(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(asking): Extension<Asking>,
    following: Result<Query<Following>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(following) = following?;
    let since = following.since(&headers)?.map(|since| room.of_today(since));
    let except: Option<Sender> = following.except.as_deref().map(str::parse).transpose()?;
    let name = called(&app, &asking, following.name.as_deref()).await?;
    let permit = room.permit(reader(&asking, name.as_ref(), except))?;
    let permit = permit.by(app.people.pass(&asking));
    let Some((listener, beginning)) = room.listen(since, except) else {
        return Err(Code::StoreUnavailable.into());
    };
    let expired = |lost: &Lost| lost.reason == LostReason::Expired && room.is_durable();
    let begins = match (since, &beginning.missed) {
        (Some(since), Ok(_)) => since,
        (Some(since), Err(lost)) if expired(lost) => since,
        _ => beginning.position,
    };
    let mut stream = Stream {
        _connected: app.metrics.connected(Way::EventStream),
        app,
        attends: name
            .filter(|_| !room.is_read_only())
            .map(|name| room.attend(&name, except)),
        permit,
        room,
        listener,
        except,
        ready: VecDeque::from([beginning_of_stream(begins)]),
        behind: None,
        ended: false,
    };
    match beginning.missed {
        Ok(entries) => {
            let own = except.map(crate::back::rooms::hub_session);
            for entry in entries {
                if own.is_none_or(|own| !entry.except.contains(&own)) {
                    stream
                        .ready
                        .push_back(entry.publication.encoded(WireForm::EventStream).clone());
                }
            }
        }
        Err(lost) => stream.behind = since.map(|since| (since, lost, beginning.position)),
    }
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/event-stream"),
        ),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("no-cache, no-transform"),
        ),
        // nginx would collect the stream otherwise.
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    let body = Body::from_stream(futures_util::stream::unfold(stream, async |mut stream| {
        let bytes = stream.next().await?;
        Some((Ok::<_, std::convert::Infallible>(bytes), stream))
    }));
    Ok((headers, body).into_response())
}

impl Following {
    fn since(&self, headers: &HeaderMap) -> Result<Option<Position>, Code> {
        let epoch = self.epoch.as_deref().map(str::parse).transpose();
        let epoch: Option<Epoch> = epoch.map_err(|_| Code::HistoryInvalid)?;
        let asked = match (self.after, epoch) {
            (None, _) => None,
            (Some(offset), _) if offset > MAX_OFFSET => return Err(Code::HistoryInvalid),
            (Some(offset), Some(epoch)) => Some(Position { offset, epoch }),
            // Of whichever epoch: the beginning.
            (Some(0), None) => Some(Position {
                offset: 0,
                epoch: Epoch::new(0),
            }),
            (Some(_), None) => return Err(Code::HistoryInvalid),
        };
        // Empty, it says that there was none.
        match headers.get("last-event-id").filter(|last| !last.is_empty()) {
            Some(last) => event_id(last).map(Some).ok_or(Code::HistoryInvalid),
            None => Ok(asked),
        }
    }
}

fn event_id(header: &HeaderValue) -> Option<Position> {
    let (epoch, offset) = header.to_str().ok()?.split_once('.')?;
    let offset = offset.parse().ok().filter(|offset| *offset <= MAX_OFFSET)?;
    let epoch = epoch.parse().ok()?;
    Some(Position { offset, epoch })
}

/// What is still to be sent, and where more comes from.
struct Stream {
    _connected: Connected,
    app: Arc<App>,
    /// Whom the others see, if they said a name.
    attends: Option<Attendance>,
    permit: Permit,
    room: Arc<OpenRoom>,
    listener: Listener,
    except: Option<Sender>,
    ready: VecDeque<Bytes>,
    /// Read from the store up to here, what memory didn't reach.
    behind: Option<(Position, Lost, Position)>,
    ended: bool,
}

impl Stream {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.ended {
                return None;
            }
            // A server that stops doesn't read on: who comes again goes on from the last event.
            let behind = self.behind.take().filter(|_| !self.app.stop.is_cancelled());
            match (behind, self.permit.allow(Act::Stay)) {
                // Who reads back far may be banned before they have come to the end.
                (Some(_), Err(refusal)) => {
                    let end = self.sent_away(&refusal);
                    self.ready.push_back(end);
                }
                (Some((since, lost, until)), Ok(())) => self.catch_up(since, lost, until).await,
                (None, _) => {
                    let next = self.live().await;
                    self.ready.push_back(next);
                }
            }
        }
    }

    async fn live(&mut self) -> Bytes {
        tokio::select! {
            biased;
            () = self.app.stop.cancelled() => self.end("stopping", "the server stops"),
            refusal = self.permit.withdrawn() => self.sent_away(&refusal),
            delivery = self.listener.next() => match delivery {
                Delivery::Events(events) => events,
                Delivery::TooSlow => self.end("too_slow", "more waited for this reader than may; connect again and go on from the last event"),
            },
            () = tokio::time::sleep(HEARTBEAT) => Bytes::from_static(b":\n\n"),
        }
    }

    /// Reads one page from the store.
    async fn catch_up(&mut self, since: Position, lost: Lost, until: Position) {
        match self
            .room
            .stored_after(lost, since, HISTORY_LIMIT, self.except)
            .await
        {
            Ok(excerpt) => {
                let epoch = excerpt.position.epoch;
                for line in excerpt.messages.iter().filter(|line| line.offset <= until.offset) {
                    let position = Position {
                        offset: line.offset,
                        epoch,
                    };
                    let event = server_sent_event("message", Some(position), line.json.get().as_bytes());
                    self.ready.push_back(event);
                }
                let moved = excerpt.position.offset > since.offset;
                if moved && excerpt.position.offset < until.offset {
                    self.behind = Some((excerpt.position, lost, until));
                }
            }
            Err(crate::back::rooms::Failure::Lost(lost)) => self.lost(lost, until),
            Err(crate::back::rooms::Failure::Store(error)) => {
                tracing::error!(%error, "the store failed");
                let end = self.end(Code::StoreUnavailable.as_str(), &Code::StoreUnavailable.message());
                self.ready.push_back(end);
            }
        }
    }

    fn lost(&mut self, lost: Lost, until: Position) {
        let data = json!({
            "offset": until.offset,
            "epoch": until.epoch.to_string(),
            "oldest": lost.oldest.offset,
        });
        let event = server_sent_event("lost", Some(until), data.to_string().as_bytes());
        self.ready.push_back(event);
    }

    fn sent_away(&mut self, refusal: &Refusal) -> Bytes {
        if let Some(attends) = self.attends.take() {
            attends.leave();
        }
        self.end(refusal.code.as_str(), &refusal.code.message())
    }

    fn end(&mut self, code: &str, message: &str) -> Bytes {
        self.ended = true;
        let data = json!({ "code": code, "message": message });
        server_sent_event("error", None, data.to_string().as_bytes())
    }
}

fn beginning_of_stream(position: Position) -> Bytes {
    let data = json!({ "offset": position.offset, "epoch": position.epoch.to_string() });
    let event = server_sent_event("position", Some(position), data.to_string().as_bytes());
    let retry = format!("retry: {}\n", RETRY.as_millis());
    [retry.as_bytes(), &event].concat().into()
}
