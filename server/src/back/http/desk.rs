//! `POST /api/scores`: signing in, opening matches, telling plays.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Extension, Path, State};
use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::gate::bearer;
use super::problem::Problem;
use super::scores::{MatchParam, SnapshotSchema};
use crate::back::app::App;
use crate::back::scores::{Answer, Denied};
use crate::listener::Peer;
use crate::scores::{Moves, Play, Words};

/// What somebody signs in with.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct SignIn {
    /// The setting `operator_password`, or the one that the program printed when it started.
    password: String,
}

/// What somebody shows from then on.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct SignedIn {
    /// For the header `Authorization: Bearer …`. It holds for 12 hours, at most until the program ends.
    #[schema(pattern = "^[A-Za-z0-9_-]{21}[AQgw]$")]
    token: String,
}

/// A match to open.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewMatch {
    /// Its id: 1 to 40 of `a-z0-9-`.
    #[schema(min_length = 1, max_length = 40, pattern = "^[a-z0-9-]+$", example = "final")]
    r#match: String,
    /// Who bats first: a text for everybody, or `{"ko", "en"}`.
    #[schema(value_type = WordsSchema)]
    away: Words,
    /// Who bats last.
    #[schema(value_type = WordsSchema)]
    home: Words,
}

/// A text, as the description has it.
#[derive(ToSchema)]
#[schema(as = Words)]
#[serde(untagged)]
#[allow(dead_code, reason = "it only describes")]
pub(in crate::back) enum WordsSchema {
    /// For everybody.
    One(String),
    /// In each language.
    Both {
        /// In Korean.
        ko: String,
        /// In English.
        en: String,
    },
}

/// A play, as the description has it.
#[derive(ToSchema)]
#[schema(as = Play)]
#[allow(dead_code, reason = "it only describes")]
pub(in crate::back) struct PlaySchema {
    /// What happened: docs/scores.md lists it all.
    #[schema(example = "single")]
    what: String,
    /// Where runners went, if it isn't what usually happens: `batter`, `first`, `second`, `third`, each to `first`, `second`, `third`, `home`, `out`.
    #[schema(value_type = Option<Object>)]
    moves: Option<Moves>,
    /// What is said of it.
    #[schema(value_type = Option<WordsSchema>)]
    text: Option<Words>,
}

/// Sign in to tell plays
///
/// After five wrong passwords an address waits for a minute.
#[utoipa::path(
    post, path = "/api/scores/sign-in", tag = "scores",
    request_body = SignIn,
    responses(
        (status = 200, description = "A token", body = SignedIn),
        (status = 400, description = "`bad_json`", body = Problem),
        (status = 403, description = "`password_wrong`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`too_many_tries`, `rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    body: Result<Json<SignIn>, JsonRejection>,
) -> Result<Json<SignedIn>, Problem> {
    let Json(SignIn { password }) = body?;
    let token = app.scores.desk.sign_in(peer.addr.ip(), password).await?;
    Ok(Json(SignedIn {
        token: token.to_string(),
    }))
}

/// Open a match
///
/// A new one, or the next in a room whose match is over.
#[utoipa::path(
    post, path = "/api/scores", tag = "scores",
    request_body = NewMatch,
    security(("operator" = [])),
    responses(
        (status = 201, description = "The match", body = SnapshotSchema, headers(("ETag" = String))),
        (status = 400, description = "`bad_json`, `match_id_invalid`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 409, description = "`match_not_over`, `match_replayed`, `too_many_matches`, `match_moved_on`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn open(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Json<NewMatch>, JsonRejection>,
) -> Result<Response, Problem> {
    admit(&app, &headers)?;
    let Json(NewMatch { r#match, away, home }) = body?;
    let id = r#match.parse().map_err(|_| Denied::IdInvalid)?;
    let answer = app.scores.matches.open(&app, id, away, home).await?;
    Ok(created(&answer))
}

/// Tell a play
///
/// With `If-Match`, the `ETag` of the match as it was seen, it is told only if nothing has happened since: so a play that is sent twice is told once.
#[utoipa::path(
    post, path = "/api/scores/{match}/plays", tag = "scores",
    params(MatchParam, ("If-Match" = Option<String>, Header, description = "The `ETag` of the match as it was seen")),
    request_body = PlaySchema,
    security(("operator" = [])),
    responses(
        (status = 201, description = "The match since", body = SnapshotSchema, headers(("ETag" = String))),
        (status = 400, description = "`bad_json`", body = Problem),
        (status = 401, description = "`sign_in_needed`", body = Problem),
        (status = 404, description = "`match_not_found`", body = Problem),
        (status = 409, description = "`match_replayed`, or the play can't have happened: docs/scores.md lists why", body = Problem),
        (status = 412, description = "`match_moved_on`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn tell(
    State(app): State<Arc<App>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Play>, JsonRejection>,
) -> Result<Response, Problem> {
    admit(&app, &headers)?;
    let Path(id) = id.map_err(|_| Denied::NotFound)?;
    let Json(play) = body?;
    let seen = headers.get(header::IF_MATCH);
    let answer = app.scores.matches.tell(&app, &id, play, seen).await?;
    Ok(created(&answer))
}

fn admit(app: &App, headers: &HeaderMap) -> Result<(), Denied> {
    app.scores.desk.admit(bearer(headers))
}

fn created(answer: &Answer) -> Response {
    let mut response = Response::new(Body::from(answer.json.clone()));
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(header::ETAG, answer.etag.clone());
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
