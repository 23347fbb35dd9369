//! `POST /api/seats`: holding, buying, waiting. Each once for each key.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Extension, Path, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::seats::find;
use super::seats_asker::{Holder, Once};
use super::seats_schema::{self as form, EventParam, HoldParam, IdempotencyKey, WaitingParam};
use crate::back::app::App;
use crate::back::limits::Caller;
use crate::back::seats::Office;
use crate::chat::Sender;
use crate::seats::{Answer, Command, HoldId, Key, PlaceId, Refused, Told, WaitingId};
use crate::whole;

/// What somebody wants to hold: places, or a table.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewHold {
    /// Which places, all or none.
    #[schema(value_type = Option<Vec<form::PlaceText>>, min_items = 1, max_items = 20)]
    places: Option<Vec<String>>,
    /// A table: from when.
    #[schema(value_type = Option<form::SlotText>)]
    slot: Option<String>,
    /// And for how many.
    #[serde(default, deserialize_with = "whole::option")]
    #[schema(minimum = 1)]
    party: Option<u32>,
}

/// What somebody waits for.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewWaiting {
    /// Which section; for tables, the slot.
    #[schema(max_length = 40, example = "R")]
    section: String,
    /// How many seats, or people.
    #[serde(deserialize_with = "whole::number")]
    #[schema(minimum = 1, example = 2)]
    count: u32,
}

/// Hold places
///
/// All of them or none. They are kept until `expires_at`, by the database's clock, which `now` shows. Sent again with the same key, the answer is the same.
#[utoipa::path(
    post, path = "/api/seats/events/{event}/holds", tag = "seats",
    params(EventParam, IdempotencyKey),
    request_body = NewHold,
    security(("session" = [])),
    responses(
        (status = 201, description = "They are held", body = form::Hold),
        (status = 400, description = "`bad_json`, `seats_invalid`, `idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`event_unknown`, `place_unknown`", body = Problem),
        (status = 409, description = "`seats_taken`, `others_wait`, `hold_limit`, `table_unavailable`, `idempotency_mismatch`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn hold(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    Extension(caller): Extension<Caller>,
    Holder(holder): Holder,
    Once(key): Once,
    body: Result<Json<NewHold>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(new) = body?;
    let office = find(&app, event).await?;
    let event = office.event().id().clone();
    let command = match new {
        NewHold {
            places: Some(places),
            slot: None,
            party: None,
        } => {
            let mut places = places
                .into_iter()
                .map(PlaceId::try_from)
                .collect::<Result<Vec<_>, _>>()?;
            // In whichever order they are named, it's the same command.
            places.sort_unstable();
            Command::Hold { event, places }
        }
        NewHold {
            places: None,
            slot: Some(slot),
            party: Some(party),
        } => Command::Book { event, slot, party },
        _ => return Err(Refused::invalid("name `places`, or `slot` and `party`").into()),
    };
    take(&app, caller, &office, holder, &key, &command).await
}

/// Extend a hold
///
/// Once.
#[utoipa::path(
    post, path = "/api/seats/holds/{hold}/extend", tag = "seats",
    params(HoldParam, IdempotencyKey),
    security(("session" = [])),
    responses(
        (status = 200, description = "It lasts longer", body = form::Hold),
        (status = 400, description = "`idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`hold_unknown`", body = Problem),
        (status = 409, description = "`already_extended`, `hold_sold`, `idempotency_mismatch`", body = Problem),
        (status = 410, description = "`hold_expired`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn extend(
    State(app): State<Arc<App>>,
    hold: Result<Path<String>, PathRejection>,
    Holder(holder): Holder,
    Once(key): Once,
) -> Result<Response, Problem> {
    of_hold(&app, hold, holder, &key, Command::Extend).await
}

/// Give a hold up
#[utoipa::path(
    post, path = "/api/seats/holds/{hold}/release", tag = "seats",
    params(HoldParam, IdempotencyKey),
    security(("session" = [])),
    responses(
        (status = 200, description = "Its places are free", body = form::Hold),
        (status = 400, description = "`idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`hold_unknown`", body = Problem),
        (status = 409, description = "`hold_sold`, `idempotency_mismatch`", body = Problem),
        (status = 410, description = "`hold_expired`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn release(
    State(app): State<Arc<App>>,
    hold: Result<Path<String>, PathRejection>,
    Holder(holder): Holder,
    Once(key): Once,
) -> Result<Response, Problem> {
    of_hold(&app, hold, holder, &key, Command::Release).await
}

/// Take what is held, where there is nothing to pay
#[utoipa::path(
    post, path = "/api/seats/holds/{hold}/confirm", tag = "seats",
    params(HoldParam, IdempotencyKey),
    security(("session" = [])),
    responses(
        (status = 200, description = "Its places are sold", body = form::Hold),
        (status = 400, description = "`idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`hold_unknown`", body = Problem),
        (status = 409, description = "`payment_required`, `idempotency_mismatch`", body = Problem),
        (status = 410, description = "`hold_expired`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn confirm(
    State(app): State<Arc<App>>,
    hold: Result<Path<String>, PathRejection>,
    Holder(holder): Holder,
    Once(key): Once,
) -> Result<Response, Problem> {
    of_hold(&app, hold, holder, &key, Command::Confirm).await
}

/// Begin to pay for a hold
///
/// The payment provider's news confirms it.
#[utoipa::path(
    post, path = "/api/seats/holds/{hold}/checkout", tag = "seats",
    params(HoldParam, IdempotencyKey),
    security(("session" = [])),
    responses(
        (status = 200, description = "What is to be paid", body = form::Checkout),
        (status = 400, description = "`idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`hold_unknown`", body = Problem),
        (status = 409, description = "`payment_not_needed`, `hold_sold`, `idempotency_mismatch`", body = Problem),
        (status = 410, description = "`hold_expired`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn checkout(
    State(app): State<Arc<App>>,
    hold: Result<Path<String>, PathRejection>,
    Holder(holder): Holder,
    Once(key): Once,
) -> Result<Response, Problem> {
    of_hold(&app, hold, holder, &key, Command::Checkout).await
}

/// Wait for places of a section
///
/// As soon as there are so many, they are offered: a hold in the state `offered`, which is confirmed or paid for like any.
#[utoipa::path(
    post, path = "/api/seats/events/{event}/waiting", tag = "seats",
    params(EventParam, IdempotencyKey),
    request_body = NewWaiting,
    security(("session" = [])),
    responses(
        (status = 201, description = "The place in the list", body = form::Waiting),
        (status = 400, description = "`bad_json`, `seats_invalid`, `idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`event_unknown`, `section_unknown`", body = Problem),
        (status = 409, description = "`already_waiting`, `waiting_full`, `idempotency_mismatch`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn wait(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    Extension(caller): Extension<Caller>,
    Holder(holder): Holder,
    Once(key): Once,
    body: Result<Json<NewWaiting>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(NewWaiting { section, count }) = body?;
    let office = find(&app, event).await?;
    let event = office.event().id().clone();
    let command = Command::Wait {
        event,
        section,
        count,
    };
    take(&app, caller, &office, holder, &key, &command).await
}

/// Wait no longer
#[utoipa::path(
    post, path = "/api/seats/waiting/{waiting}/leave", tag = "seats",
    params(WaitingParam, IdempotencyKey),
    security(("session" = [])),
    responses(
        (status = 200, description = "The place in the list, as it was left", body = form::Waiting),
        (status = 400, description = "`idempotency_key_invalid`", body = Problem),
        (status = 401, description = "`session_needed`", body = Problem),
        (status = 404, description = "`waiting_unknown`", body = Problem),
        (status = 409, description = "`idempotency_mismatch`", body = Problem),
        (status = 410, description = "`hold_expired`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn leave(
    State(app): State<Arc<App>>,
    waiting: Result<Path<String>, PathRejection>,
    Holder(holder): Holder,
    Once(key): Once,
) -> Result<Response, Problem> {
    let Path(waiting) = waiting.map_err(|_| Refused::WaitingUnknown)?;
    let waiting: WaitingId = waiting.parse()?;
    let event = app.store.event_of_waiting(waiting).await?;
    let event = event.ok_or(Refused::WaitingUnknown)?;
    let office = app.seats.find(&app, &event).await??;
    carry_out(
        &app,
        &office,
        holder,
        &key,
        &Command::Leave(waiting),
        StatusCode::OK,
    )
    .await
}

/// Carries out what takes places, now or when it's somebody's turn, and counts them to their address.
async fn take(
    app: &App,
    caller: Caller,
    office: &Office,
    holder: Sender,
    key: &Key,
    command: &Command,
) -> Result<Response, Problem> {
    let places = match command {
        Command::Hold { places, .. } => places.len(),
        Command::Wait { count, .. } if office.event().opening().is_none() => *count as usize,
        // A table for an evening is one.
        _ => 1,
    };
    let taking = match app.take_seats(caller, places) {
        Ok(taking) => taking,
        // What was told before is told again, whatever the address has taken since.
        Err(time) => {
            let told = app.store.seat_answer(holder, key, command).await?;
            let told = told.ok_or_else(|| app.too_many_seats(time))?;
            return answer(app, told, StatusCode::CREATED);
        }
    };
    let told = perform(app, office, holder, key, command).await?;
    // Not if it was refused, and not if it's the answer to the same key again.
    if !told.again && !matches!(told.answer, Answer::Refused(_)) {
        taking.keep();
    }
    answer(app, told.answer, StatusCode::CREATED)
}

async fn of_hold(
    app: &App,
    hold: Result<Path<String>, PathRejection>,
    holder: Sender,
    key: &Key,
    command: fn(HoldId) -> Command,
) -> Result<Response, Problem> {
    let Path(hold) = hold.map_err(|_| Refused::HoldUnknown)?;
    let hold: HoldId = hold.parse()?;
    let event = app.store.event_of_hold(hold).await?;
    let event = event.ok_or(Refused::HoldUnknown)?;
    let office = app.seats.find(app, &event).await??;
    carry_out(app, &office, holder, key, &command(hold), StatusCode::OK).await
}

async fn carry_out(
    app: &App,
    office: &Office,
    holder: Sender,
    key: &Key,
    command: &Command,
    done: StatusCode,
) -> Result<Response, Problem> {
    let told = perform(app, office, holder, key, command).await?;
    answer(app, told.answer, done)
}

async fn perform(
    app: &App,
    office: &Office,
    holder: Sender,
    key: &Key,
    command: &Command,
) -> Result<Told, Problem> {
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    let told = office.carry_out(holder, key, command).await?;
    app.metrics.seats_changed(&told.changes);
    if !told.changes.is_empty() {
        app.seats.poke();
    }
    Ok(told)
}

fn answer(app: &App, told: Answer, done: StatusCode) -> Result<Response, Problem> {
    match told {
        Answer::Hold(hold) => Ok((done, Json(hold)).into_response()),
        Answer::Checkout(checkout) => Ok((done, Json(checkout)).into_response()),
        Answer::Waiting(waiting) => Ok((done, Json(waiting)).into_response()),
        Answer::Refused(refused) => {
            app.metrics.seats_refused(&refused);
            Err(refused.into())
        }
    }
}
