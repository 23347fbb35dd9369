//! `GET /api/scores`: looking at matches. Everybody who asks for one gets the same bytes.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::read::{POLL_AFTER, is, wait};
use super::schema;
use crate::back::app::App;
use crate::back::scores::{Answer, Denied};
use crate::scores::{Board, MatchId};

/// How many milliseconds ago the last play was told, when the answer left.
pub(in crate::back) const DATA_AGE: HeaderName = HeaderName::from_static("data-age");

/// Lets pages of other origins see how many bytes an answer took.
const TIMING_ALLOW_ORIGIN: HeaderName = HeaderName::from_static("timing-allow-origin");

/// Whether to wait for news.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Waiting {
    /// If `If-None-Match` is still so, wait so many seconds for news: `25s` or `25`.
    #[param(value_type = Option<schema::Wait>)]
    wait: Option<String>,
}

/// The match of an address, as the description has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct MatchParam {
    /// 1 to 40 of `a-z0-9-`.
    #[param(min_length = 1, max_length = 40, pattern = "^[a-z0-9-]+$", example = "yard")]
    r#match: String,
}

/// The matches there are.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct List {
    /// By id.
    matches: Vec<Listed>,
}

/// A match in a list.
#[derive(Debug, Serialize, ToSchema)]
struct Listed {
    /// Its id.
    #[schema(example = "yard")]
    r#match: String,
    /// A file is played in it, so nobody else tells plays of it.
    replay: bool,
    /// The scoreboard.
    #[schema(value_type = Object)]
    board: Board,
}

/// A match as it is now, as the description has it.
#[derive(ToSchema)]
#[schema(as = Snapshot)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct SnapshotSchema {
    /// Its id.
    #[schema(example = "yard")]
    r#match: String,
    /// Where it stands in its room `scores-{match}`: read on from there, by whichever way.
    offset: u64,
    /// Of which life of the room's numbers that offset is.
    #[schema(value_type = schema::Epoch)]
    epoch: String,
    /// When its last play was told, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// The scoreboard.
    #[schema(value_type = Object)]
    board: Board,
    /// The last plays, ascending.
    #[schema(value_type = Vec<Object>)]
    plays: Vec<()>,
}

/// List the matches
#[utoipa::path(
    get, path = "/api/scores", tag = "scores",
    responses(
        (status = 200, description = "The matches, by id", body = List),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn list(State(app): State<Arc<App>>) -> Result<Json<List>, Problem> {
    let listed = |(id, replay, answer): (MatchId, bool, Arc<Answer>)| Listed {
        r#match: id.to_string(),
        replay,
        board: answer.board.clone(),
    };
    let list = app.scores.matches.list(&app).await?;
    Ok(Json(List {
        matches: list.into_iter().map(listed).collect(),
    }))
}

/// Look at a match: at once (polling), or when something happens (long-polling)
///
/// With `If-None-Match` it is 304 while nothing has happened; with `wait` too, that is said only when the time is over. `Data-Age` tells how many
/// milliseconds ago the last play was told, `Poll-After` when it makes sense to ask again.
#[utoipa::path(
    get, path = "/api/scores/{match}", tag = "scores",
    params(MatchParam, Waiting, ("If-None-Match" = Option<String>, Header, description = "The `ETag` of the last answer")),
    responses(
        (status = 200, description = "The match", body = SnapshotSchema,
            headers(("ETag" = String), ("Poll-After" = u64, description = "Seconds"), ("Data-Age" = u64, description = "Milliseconds"))),
        (status = 304, description = "No news",
            headers(("ETag" = String), ("Poll-After" = u64, description = "Seconds"), ("Data-Age" = u64, description = "Milliseconds"))),
        (status = 400, description = "`wait_invalid`, `history_invalid`", body = Problem),
        (status = 404, description = "`match_not_found`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn snapshot(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    waiting: Result<Query<Waiting>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(id) = id.map_err(|_| Denied::NotFound)?;
    let Query(waiting) = waiting?;
    let wait = wait(waiting.wait.as_deref(), app.max_wait)?;
    let relay = app.scores.matches.find(&app, &id).await?;
    relay.look();
    let mut answer = relay.answer().ok_or(Denied::NotFound)?;
    let known = headers.get(header::IF_NONE_MATCH);
    if let Some(wait) = wait.filter(|_| is(known, &answer.etag)) {
        tokio::select! {
            news = relay.news(&answer, wait) => answer = news,
            () = app.stop.cancelled() => {}
        }
    }
    Ok(respond(&answer, is(known, &answer.etag), wait))
}

/// The bytes that all share, or that there are no others.
fn respond(answer: &Answer, known: bool, wait: Option<Duration>) -> Response {
    let mut response = if known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        Response::new(Body::from(answer.json.clone()))
    };
    // Whoever waits asks again at once.
    let poll_after = match wait {
        Some(_) => HeaderValue::from(0),
        None => answer.poll_after.clone(),
    };
    let headers = response.headers_mut();
    headers.insert(header::ETAG, answer.etag.clone());
    headers.insert(POLL_AFTER, poll_after);
    headers.insert(DATA_AGE, age(answer.at).into());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(TIMING_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if !known {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    response
}

fn age(at: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at = Duration::from_millis(at.try_into().unwrap_or_default());
    u64::try_from(now.saturating_sub(at).as_millis()).unwrap_or(u64::MAX)
}
