//! `GET /api/seats`: looking at events, at one's own holds, and at the log.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::gate::bearer;
use super::problem::Problem;
use super::read::is;
use super::seats_asker::Holder;
use super::seats_schema::{self as form, EventParam, PlaceParams};
use crate::back::app::App;
use crate::back::seats::{Listed, Office};
use crate::chat::Sender;
use crate::seats::{Entry, Hold, HoldId, PlaceId, PlaceState, Refused, Waiting, What};

/// Entries of a log that one answer has at most.
const ENTRIES: u64 = 500;

/// Which day of a restaurant.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct OfDay {
    /// Of tables alone; the first on which there are any, if it's left out.
    #[param(value_type = Option<form::Date>)]
    date: Option<String>,
}

/// Which part of a log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct After {
    /// The entries behind this one.
    #[param(minimum = 0)]
    after: Option<u64>,
}

/// All events.
#[derive(Debug, Serialize)]
pub(in crate::back) struct Events {
    events: Vec<Listed>,
}

/// One place.
#[derive(Debug, Serialize)]
pub(in crate::back) struct OnePlace {
    place: PlaceId,
    state: PlaceState,
    holder: Option<String>,
    hold: Option<HoldId>,
    version: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<i64>,
    now: i64,
}

/// Somebody's holds.
#[derive(Debug, Serialize)]
pub(in crate::back) struct Holds {
    holds: Vec<Hold>,
    now: i64,
}

/// Somebody's places in waiting lists.
#[derive(Debug, Serialize)]
pub(in crate::back) struct WaitingList {
    waiting: Vec<Waiting>,
    now: i64,
}

/// A part of a log.
#[derive(Debug, Serialize)]
pub(in crate::back) struct Log {
    entries: Vec<Logged>,
}

#[derive(Debug, Serialize)]
struct Logged {
    number: i64,
    place: PlaceId,
    version: i64,
    who: String,
    what: What,
    why: String,
    hold: HoldId,
    until: Option<i64>,
    at: i64,
    hash: String,
    previous: String,
}

/// List the events
#[utoipa::path(
    get, path = "/api/seats/events", tag = "seats",
    responses(
        (status = 200, description = "The events, by id", body = form::Events),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn list(State(app): State<Arc<App>>) -> Result<Json<Events>, Problem> {
    let offices = app.seats.all(&app).await?;
    let mut events = Vec::with_capacity(offices.len());
    for office in offices {
        events.push(office.list().await);
    }
    Ok(Json(Events { events }))
}

/// Look at an event's map
///
/// What happens behind its `position` is told in the room `seats-{event}`, by whichever way one reads that. With `If-None-Match` it is 304 while nothing has
/// happened.
#[utoipa::path(
    get, path = "/api/seats/events/{event}", tag = "seats",
    params(EventParam, OfDay, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the last answer")),
    responses(
        (status = 200, description = "The map", body = form::Map, headers(("ETag" = String))),
        (status = 304, description = "No news", headers(("ETag" = String))),
        (status = 400, description = "`seats_invalid`", body = Problem),
        (status = 404, description = "`event_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn map(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    day: Result<Query<OfDay>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(OfDay { date }) = day.map_err(|error| Refused::invalid(error.body_text()))?;
    let day = date.map(|date| date.parse()).transpose()?;
    let seen = find(&app, event).await?.look(day).await?;
    // An epoch, a date and digits.
    let tag =
        HeaderValue::from_str(&seen.tag).unwrap_or_else(|_| unreachable!("digits can stand in a header"));
    let known = is(headers.get(header::IF_NONE_MATCH), &tag);
    let mut response = match known {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Response::new(Body::from(seen.json)),
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(response)
}

/// Look at one place
///
/// As the database has it at one moment between question and answer.
#[utoipa::path(
    get, path = "/api/seats/events/{event}/places/{place}", tag = "seats",
    params(PlaceParams),
    responses(
        (status = 200, description = "The place", body = form::Place),
        (status = 404, description = "`event_unknown`, `place_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn place(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<Json<OnePlace>, Problem> {
    let Path((event, place)) = path.map_err(|_| Refused::EventUnknown)?;
    let office = app.seats.find(&app, &event).await??;
    let place: PlaceId = place.parse()?;
    let claim = app.store.seat_claim(office.event().id(), &place).await?;
    let spot = office
        .event()
        .place(&place, claim.now)
        .ok_or(Refused::PlaceUnknown)?;
    Ok(Json(OnePlace {
        place,
        state: if spot.blocked {
            PlaceState::Blocked
        } else {
            claim.state
        },
        holder: claim.holder.as_ref().map(Sender::to_string),
        hold: claim.hold,
        version: claim.version,
        until: claim.until,
        now: claim.now,
    }))
}

/// List one's holds
#[utoipa::path(
    get, path = "/api/seats/holds", tag = "seats",
    security(("session" = [])),
    responses(
        (status = 200, description = "The last 100, newest first", body = form::Holds),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn holds(
    State(app): State<Arc<App>>,
    Holder(holder): Holder,
) -> Result<Json<Holds>, Problem> {
    app.seats.all(&app).await?;
    let mine = app.store.holds_of(holder, &app.seats.events()).await?;
    Ok(Json(Holds {
        holds: mine.list,
        now: mine.now,
    }))
}

/// List one's places in waiting lists
#[utoipa::path(
    get, path = "/api/seats/waiting", tag = "seats",
    security(("session" = [])),
    responses(
        (status = 200, description = "The last 100, newest first", body = form::WaitingList),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn waiting(
    State(app): State<Arc<App>>,
    Holder(holder): Holder,
) -> Result<Json<WaitingList>, Problem> {
    let mine = app.store.waiting_of(holder).await?;
    Ok(Json(WaitingList {
        waiting: mine.list,
        now: mine.now,
    }))
}

/// Read an event's log
///
/// At most 500 entries; more behind the last of them.
#[utoipa::path(
    get, path = "/api/seats/events/{event}/audit", tag = "seats",
    params(EventParam, After),
    security(("operator" = [])),
    responses(
        (status = 200, description = "A part of it, ascending", body = form::Log),
        (status = 400, description = "`seats_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`event_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn audit(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    after: Result<Query<After>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Json<Log>, Problem> {
    app.scores.desk.admit(bearer(&headers))?;
    let Query(After { after }) = after.map_err(|error| Refused::invalid(error.body_text()))?;
    let after = i64::try_from(after.unwrap_or_default()).unwrap_or(i64::MAX);
    let office = find(&app, event).await?;
    let log = app.store.seat_log(office.event().id(), after, ENTRIES).await?;
    Ok(Json(Log {
        entries: log.into_iter().map(Logged::from).collect(),
    }))
}

impl From<Entry> for Logged {
    fn from(entry: Entry) -> Self {
        Self {
            number: entry.number,
            place: entry.change.place,
            version: entry.change.version,
            who: entry.change.who.to_string(),
            what: entry.change.what,
            why: entry.change.why,
            hold: entry.change.hold,
            until: entry.change.until,
            at: entry.change.at,
            hash: entry.hash,
            previous: entry.previous,
        }
    }
}

/// The office of an address.
pub(super) async fn find(
    app: &App,
    event: Result<Path<String>, PathRejection>,
) -> Result<Arc<Office>, Problem> {
    let Path(event) = event.map_err(|_| Refused::EventUnknown)?;
    Ok(app.seats.find(app, &event).await??)
}
