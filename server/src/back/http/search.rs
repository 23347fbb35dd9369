//! `GET /api/rooms/{room}/search`: finding messages by their words.

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Extension, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::room::InRoom;
use super::schema::{self, RoomParam};
use crate::back::people::Asking;
use crate::back::rooms::unavailable;
use crate::chat::{Code, HISTORY_DEFAULT, HISTORY_LIMIT, Line, MAX_OFFSET, Question};

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(in crate::back) struct Searching {
    /// Words that a message must have, the last of which may go on: 1 to 200 characters.
    #[param(value_type = schema::Question)]
    q: Option<String>,
    /// Only messages before this offset.
    #[param(minimum = 0, maximum = 9007199254740991_i64)]
    before: Option<u64>,
    /// At most so many messages; 50 unless told. There may be fewer if they are long.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u64>,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Found {
    /// The newest first, each as it is now.
    #[schema(value_type = Vec<schema::Message>)]
    messages: Vec<Line>,
    /// There are older ones: ask again with `before`.
    more: bool,
}

/// Find messages
///
/// By whole words, small and large letters being the same; the last word may be the beginning of one. Deleted messages aren't found, nor is what is kept in
/// memory alone.
#[utoipa::path(
    get, path = "/api/rooms/{room}/search", tag = "rooms",
    params(RoomParam, Searching),
    security((), ("api_key" = []), ("account" = []), ("token" = []), ("session" = [])),
    responses(
        (status = 200, description = "Messages, or none", body = Found),
        (status = 400, description = "`search_invalid`, `history_invalid`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`banned`", body = Problem),
        (status = 404, description = "`room_invalid`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn search(
    InRoom(room): InRoom,
    Extension(asking): Extension<Asking>,
    searching: Result<Query<Searching>, QueryRejection>,
) -> Result<Json<Found>, Problem> {
    let Query(searching) = searching?;
    room.permit(asking.who(None))?;
    let question = Question::new(searching.q.as_deref().unwrap_or_default())?;
    let limit = searching.limit.unwrap_or(HISTORY_DEFAULT);
    if !(1..=HISTORY_LIMIT).contains(&limit) || searching.before.is_some_and(|before| before > MAX_OFFSET) {
        return Err(Code::HistoryInvalid.into());
    }
    let before = searching.before.map(u64::cast_signed);
    let found = room.search(&question, before, limit).await;
    let found = found.map_err(|error| unavailable(&error))?;
    Ok(Json(Found {
        messages: found.messages,
        more: found.more,
    }))
}
