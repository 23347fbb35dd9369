//! `GET /api/rooms/{room}/messages`: polling, and with `wait` long-polling.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use madang_hub::Position;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::room::InRoom;
use super::schema::{self, RoomParam};
use crate::back::app::App;
use crate::back::metrics::Way;
use crate::back::people::Asking;
use crate::back::rooms::{Excerpt, OpenRoom};
use crate::chat::{Code, Line, Name, Place, Range, Refusal, Sender, Who};

/// In how many seconds it makes sense to ask again.
pub(in crate::back) const POLL_AFTER: HeaderName = HeaderName::from_static("poll-after");

/// Which messages, and how long to wait for them.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Reading {
    /// Only messages behind this offset, the oldest first. Needs `epoch`, unless it is 0.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    after: Option<u64>,
    /// Only messages before this offset, the newest of them.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    before: Option<u64>,
    /// Half of the entries from before this offset, the rest from there on.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    around: Option<u64>,
    /// The epoch that the last answer told.
    #[param(value_type = Option<schema::Epoch>)]
    epoch: Option<String>,
    /// At most so many messages; 50 unless told. There may be fewer if they are long.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
    /// If there is no news, wait so many seconds for some: `25s` or `25`.
    #[param(value_type = Option<schema::Wait>)]
    wait: Option<String>,
    /// A sender whose messages to leave out: one's own.
    #[param(value_type = Option<schema::Sender>)]
    except: Option<String>,
    /// Under what name to be shown to the others: while waiting, and until it is time to ask again.
    #[param(value_type = Option<schema::Name>)]
    name: Option<String>,
}

/// Messages, and where the reader is now.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Messages {
    /// Ascending.
    #[schema(value_type = Vec<schema::Entry>)]
    messages: Vec<Line>,
    /// The next `after`. It may be beyond the last message, where messages were left out.
    offset: u64,
    /// The next `epoch`.
    #[schema(value_type = schema::Epoch)]
    epoch: String,
    /// There are further ones in the direction that was asked for: ask at once. Around an offset: there are older ones.
    more: bool,
    /// Around an offset: there are newer ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_after: Option<bool>,
    /// In how many seconds it makes sense to ask again.
    poll_after: u64,
}

/// Read messages: at once (polling), or when there are some (long-polling)
///
/// Without `after` and `before`: the newest. Each answer says where the reader is now (`offset`, `epoch`) and when it makes sense to ask again
/// (`poll_after`, and the header `Poll-After`). With `If-None-Match` it is 304 while nothing new was said in the room.
#[utoipa::path(
    get, path = "/api/rooms/{room}/messages", tag = "rooms",
    params(RoomParam, Reading, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the last answer")),
    security((), ("api_key" = []), ("account" = []), ("token" = []), ("session" = [])),
    responses(
        (status = 200, description = "Messages, or none", body = Messages,
            headers(("ETag" = String), ("Poll-After" = u64, description = "Seconds"))),
        (status = 304, description = "No news", headers(("ETag" = String), ("Poll-After" = u64, description = "Seconds"))),
        (status = 400, description = "`history_invalid`, `wait_invalid`, `sender_invalid`, `name_invalid`, `name_too_long`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`; while waiting `signed_out`", body = Problem),
        (status = 403, description = "`banned`, `name_reserved`", body = Problem),
        (status = 404, description = "`room_invalid`", body = Problem),
        (status = 410, description = "`position_lost`: the history doesn't reach back so far, or is another one", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn messages(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(asking): Extension<Asking>,
    reading: Result<Query<Reading>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(reading) = reading?;
    let range = reading.range()?;
    let except: Option<Sender> = reading.except.as_deref().map(str::parse).transpose()?;
    let wait = wait(reading.wait.as_deref(), app.max_wait)?;
    let name = called(&app, &asking, reading.name.as_deref()).await?;
    let permit = room.permit(reader(&asking, name.as_ref(), except))?;
    if let Some(name) = name.as_ref().filter(|_| wait.is_none() && !room.is_read_only()) {
        room.look_in(name, except);
    }
    let now = room.history().position();
    let known = headers.get(header::IF_NONE_MATCH);
    if wait.is_none() && is(known, &tag(now)) && is_current(range, now) {
        return Ok(answer(now, StatusCode::NOT_MODIFIED, room.poll_after()).into_response());
    }
    // They keep the buffer in which the request was read, which nobody who waits needs.
    drop((headers, reading));
    let (excerpt, stood) = match wait {
        Some(wait) if matches!(range.place, Place::After(_)) => {
            let _attends = name
                .filter(|_| !room.is_read_only())
                .map(|name| room.attend(&name, except));
            let mut permit = permit.by(app.people.pass(&asking));
            tokio::select! {
                biased;
                refusal = permit.withdrawn() => return Err(refusal.into()),
                found = wait_for(&app, &room, range, except, Instant::now() + wait) => found?,
            }
        }
        _ => {
            let stood = room.history().position();
            (room.read(range, except).await?, stood)
        }
    };
    // Where there is more behind it, the tag doesn't say that all of it has been told.
    let known_up_to = match range.place {
        Place::After(_) if excerpt.more => excerpt.position,
        _ => stood,
    };
    let poll_after = match (wait, excerpt.more) {
        (None, false) => room.poll_after(),
        // Whoever waits asks again at once.
        _ => Duration::ZERO,
    };
    let body = Messages {
        messages: excerpt.messages,
        offset: excerpt.position.offset,
        epoch: excerpt.position.epoch.to_string(),
        more: excerpt.more,
        more_after: excerpt.more_after,
        poll_after: poll_after.as_secs(),
    };
    let (status, headers) = answer(known_up_to, StatusCode::OK, poll_after);
    Ok((status, headers, Json(body)).into_response())
}

impl Reading {
    fn range(&self) -> Result<Range, Problem> {
        let epoch = self.epoch.as_deref().map(str::parse).transpose();
        let epoch = epoch.map_err(|_| Code::HistoryInvalid)?;
        if self.after.is_some_and(|after| after > 0) && epoch.is_none() {
            return Err(Code::HistoryInvalid.into());
        }
        Ok(Range::new(
            self.after,
            self.before,
            self.around,
            epoch,
            self.limit,
        )?)
    }
}

/// The name that a reader wants to be shown under.
pub(super) async fn called(app: &App, asking: &Asking, name: Option<&str>) -> Result<Option<Name>, Refusal> {
    let Some(name) = name else { return Ok(None) };
    let name = app.people.call(name.parse()?, asking.account.as_ref()).await?;
    Ok(Some(name))
}

/// Who a reader is to a room, as far as they say it: rooms are open, and whoever says nothing reads as everybody may.
pub(super) fn reader(asking: &Asking, name: Option<&Name>, except: Option<Sender>) -> Who {
    Who {
        sender: asking.sender.or(except),
        ..asking.who(name.cloned())
    }
}

/// Whether the same was asked when the tag was given: a tag belongs to an address, and this one's position is where the room stands.
fn is_current(range: Range, now: Position) -> bool {
    match range.place {
        Place::After(offset) => {
            offset.cast_unsigned() <= now.offset && range.epoch.is_none_or(|epoch| epoch == now.epoch)
        }
        Place::Before(_) | Place::Around(_) | Place::Newest => true,
    }
}

/// RFC 9110 §13.1.2, compared weakly: a proxy that compresses weakens the tag.
pub(super) fn is(known: Option<&HeaderValue>, tag: &HeaderValue) -> bool {
    known.is_some_and(|known| {
        let known = known.as_bytes();
        known.strip_prefix(b"W/").unwrap_or(known) == tag.as_bytes()
    })
}

/// How long somebody wants to wait for news, who may so `max` at most.
pub(super) fn wait(wait: Option<&str>, max: Duration) -> Result<Option<Duration>, Code> {
    let Some(wait) = wait else { return Ok(None) };
    let seconds = wait.strip_suffix('s').unwrap_or(wait).parse();
    let wait = Duration::from_secs(seconds.map_err(|_| Code::WaitInvalid)?);
    if wait > max {
        return Err(Code::WaitInvalid);
    }
    Ok((!wait.is_zero()).then_some(wait))
}

/// Reads when there is something to read, or nothing at the deadline; and where the room stood before that.
async fn wait_for(
    app: &App,
    room: &OpenRoom,
    range: Range,
    except: Option<Sender>,
    deadline: Instant,
) -> Result<(Excerpt, Position), Problem> {
    loop {
        let stood = room.history().position();
        let excerpt = room.read(range, except).await?;
        if !excerpt.messages.is_empty() || excerpt.more || app.stop.is_cancelled() {
            return Ok((excerpt, stood));
        }
        let Some(waiter) = room.wait(excerpt.position, except) else {
            // Something was said in the meantime.
            continue;
        };
        let _connected = app.metrics.connected(Way::LongPoll);
        let news = async {
            tokio::select! {
                () = waiter.news() => {}
                () = app.stop.cancelled() => {}
            }
        };
        if timeout_at(deadline, news).await.is_err() {
            return Ok((excerpt, stood));
        }
    }
}

fn answer(
    stood: Position,
    status: StatusCode,
    poll_after: Duration,
) -> (StatusCode, [(HeaderName, HeaderValue); 3]) {
    let headers = [
        (header::ETAG, tag(stood)),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
        (POLL_AFTER, HeaderValue::from(poll_after.as_secs())),
    ];
    (status, headers)
}

/// Changes when something is said in the room. An answer has the tag of where the room stood before it was read, or of how far it goes if there is more: the
/// rest, and what is said while it's read, is told by the next.
fn tag(Position { offset, epoch }: Position) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{epoch}.{offset}\""))
        .unwrap_or_else(|_| unreachable!("digits can stand in a header"))
}
