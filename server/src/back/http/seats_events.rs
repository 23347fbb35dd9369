//! `POST /api/seats/events`, and what an organiser does with events that are sold.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk::admit;
use super::problem::Problem;
use super::seats::find;
use super::seats_described::{DescriptionSchema, Words};
use super::seats_schema::{self as form, EventParam};
use crate::back::app::App;
use crate::back::seats::Listed;
use crate::seats::{Amendment, Bilingual, Description, PlaceId, Refused};

/// What changes about an event; what isn't there stays.
#[derive(Deserialize, ToSchema)]
#[schema(as = SeatEventChange)]
#[serde(deny_unknown_fields)]
pub(in crate::back) struct Change {
    /// What it is called.
    #[schema(value_type = Option<Words>)]
    title: Option<Bilingual>,
    /// Where it is.
    #[schema(value_type = Option<Words>)]
    venue: Option<Bilingual>,
    /// When it begins, with its offset from UTC.
    #[schema(example = "2027-03-20T19:30:00+09:00")]
    starts_at: Option<String>,
    /// Whether nothing more is sold: what is held may still be had.
    closed: Option<bool>,
}

/// Places to block, or to give back.
#[derive(Deserialize, ToSchema)]
#[schema(as = SeatsToBlock)]
#[serde(deny_unknown_fields)]
pub(in crate::back) struct Places {
    /// Which, all or none.
    #[schema(value_type = Vec<form::PlaceText>, min_items = 1, max_items = 1000)]
    places: Vec<String>,
}

/// Places that changed.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatsBlocked)]
pub(in crate::back) struct ChangedPlaces {
    /// In order; those that were so already aren't among them.
    #[schema(value_type = Vec<form::PlaceText>)]
    places: Vec<PlaceId>,
}

/// Add an event
///
/// As docs/seats.md describes it. It can be reserved at once, and the list of events has it.
#[utoipa::path(
    post, path = "/api/seats/events", tag = "seats",
    request_body = DescriptionSchema,
    security(("operator" = [])),
    responses(
        (status = 201, description = "The event", body = form::Event),
        (status = 400, description = "`bad_json`, `seats_invalid`: the message names the field", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 409, description = "`event_exists`, `too_many_events`", body = Problem),
        (status = 413, description = "`bad_json`: more than 1 MiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn found(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Json<Description>, JsonRejection>,
) -> Result<(StatusCode, Json<Listed>), Problem> {
    admit(&app, &headers)?;
    let Json(description) = body?;
    let event = description
        .event()
        .map_err(|wrong| Refused::invalid(wrong.to_string()))?;
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    app.store.found_seat_event(&event).await??;
    let office = app.seats.find(&app, event.id().as_str()).await??;
    Ok((StatusCode::CREATED, Json(office.list().await)))
}

/// Change an event
///
/// What it is called, where and when it is, and whether anything more is sold. Whoever looks at it is told.
#[utoipa::path(
    patch, path = "/api/seats/events/{event}", tag = "seats",
    params(EventParam),
    request_body = Change,
    security(("operator" = [])),
    responses(
        (status = 200, description = "The event since", body = form::Event),
        (status = 400, description = "`bad_json`, `seats_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`event_unknown`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn change(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Change>, JsonRejection>,
) -> Result<Json<Listed>, Problem> {
    admit(&app, &headers)?;
    let Json(Change {
        title,
        venue,
        starts_at,
        closed,
    }) = body?;
    let amendment = Amendment::new(title, venue, starts_at.as_deref(), closed)
        .map_err(|wrong| Refused::invalid(wrong.to_string()))?;
    let office = find(&app, event).await?;
    let _tracked = app.tasks.token();
    let changes = office.amend(&amendment).await?;
    app.metrics.seats_changed(&changes);
    app.seats.poke();
    Ok(Json(office.list().await))
}

/// Block places
///
/// All of them or none; not those that somebody holds or has. Nobody is offered them, and the log says so.
#[utoipa::path(
    post, path = "/api/seats/events/{event}/block", tag = "seats",
    params(EventParam),
    request_body = Places,
    security(("operator" = [])),
    responses(
        (status = 200, description = "Those that were free", body = ChangedPlaces),
        (status = 400, description = "`bad_json`, `seats_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`event_unknown`, `place_unknown`", body = Problem),
        (status = 409, description = "`seats_taken`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn block(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Places>, JsonRejection>,
) -> Result<Json<ChangedPlaces>, Problem> {
    set_blocked(&app, event, &headers, body, true).await
}

/// Give blocked places back
///
/// Whoever waits is offered them.
#[utoipa::path(
    post, path = "/api/seats/events/{event}/unblock", tag = "seats",
    params(EventParam),
    request_body = Places,
    security(("operator" = [])),
    responses(
        (status = 200, description = "Those that were blocked", body = ChangedPlaces),
        (status = 400, description = "`bad_json`, `seats_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`event_unknown`, `place_unknown`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn unblock(
    State(app): State<Arc<App>>,
    event: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Places>, JsonRejection>,
) -> Result<Json<ChangedPlaces>, Problem> {
    set_blocked(&app, event, &headers, body, false).await
}

async fn set_blocked(
    app: &App,
    event: Result<Path<String>, PathRejection>,
    headers: &HeaderMap,
    body: Result<Json<Places>, JsonRejection>,
    blocked: bool,
) -> Result<Json<ChangedPlaces>, Problem> {
    admit(app, headers)?;
    let Json(Places { places }) = body?;
    let places: Vec<PlaceId> = places
        .into_iter()
        .map(PlaceId::try_from)
        .collect::<Result<_, _>>()?;
    let office = find(app, event).await?;
    let _tracked = app.tasks.token();
    let (places, changes) = office.set_blocked(&places, blocked).await??;
    app.metrics.seats_changed(&changes);
    app.seats.poke();
    Ok(Json(ChangedPlaces { places }))
}
