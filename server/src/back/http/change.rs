//! `PATCH` and `DELETE /api/rooms/{room}/messages/{offset}`, and its reactions: changing what was said, without a socket.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::HeaderMap;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::room::{AtOffset, InRoom, With};
use super::schema::{self, RoomParam};
use super::write::{Idempotency, Stored, act, author, client_id, stored};
use crate::back::app::App;
use crate::back::limits::Caller;
use crate::back::people::Asking;
use crate::back::rooms::OpenRoom;
use crate::chat::{Change, Text};

/// Another text for a message.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct NewText {
    #[serde(flatten)]
    by: By,
    /// What it says from now on: 1 to 4,000 characters.
    #[schema(value_type = schema::Text)]
    text: String,
}

/// Who changes something.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct By {
    /// The client's own id of the change: sent again with the same, it is made once. The header `Idempotency-Key` may stand for it.
    #[schema(value_type = Option<schema::ClientId>)]
    client_id: Option<String>,
    /// Who: 1 to 40 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// The secret of a session: of the one that said it, where something is changed that its author alone may change.
    #[schema(value_type = Option<schema::Session>)]
    session: Option<String>,
}

/// The message of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
struct OffsetParam {
    /// Its place in the room.
    #[param(minimum = 1, maximum = 9007199254740991_i64, example = 1)]
    offset: u64,
}

/// The reaction of an address.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
struct EmojiParam {
    /// One emoji.
    #[param(value_type = schema::Emoji)]
    emoji: String,
}

/// Give a message another text
///
/// Whoever said it may, by the session or the account. The change is an entry of the room's log, with an offset of its own, and everybody is told. 201 when it is stored, 200 when it
/// had been before.
#[utoipa::path(
    patch, path = "/api/rooms/{room}/messages/{offset}", tag = "rooms",
    params(RoomParam, OffsetParam, Idempotency),
    request_body = NewText,
    security((), ("api_key" = []), ("account" = []), ("token" = [])),
    responses(
        (status = 201, description = "Stored", body = Stored),
        (status = 200, description = "It had been stored before, or there was nothing to change (`unchanged`)", body = Stored),
        (status = 400, description = "`bad_json`, `name_invalid`, `name_too_long`, `text_empty`, `text_too_long`, `text_invalid`, `client_id_invalid`, `session_invalid`, `word_filtered`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`not_yours`, `room_read_only`, `name_reserved`, `muted`, `banned`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`, `message_unknown`", body = Problem),
        (status = 409, description = "`idempotency_mismatch`", body = Problem),
        (status = 410, description = "`message_deleted`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn edit(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    AtOffset(target): AtOffset,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    headers: HeaderMap,
    body: Result<Json<NewText>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(NewText { by, text }) = body?;
    let text = Text::new(text)?;
    by.make(
        &app,
        &room,
        (caller, &asking),
        &headers,
        Change::Edit { target, text },
    )
    .await
}

/// Take a message back
///
/// Whoever said it may, by the session or the account, and so may moderators. Its place in the log stays, without its text.
#[utoipa::path(
    delete, path = "/api/rooms/{room}/messages/{offset}", tag = "rooms",
    params(RoomParam, OffsetParam, Idempotency),
    request_body = By,
    security((), ("api_key" = []), ("account" = []), ("token" = [])),
    responses(
        (status = 201, description = "Stored", body = Stored),
        (status = 200, description = "It had been stored before, or there was nothing to change (`unchanged`)", body = Stored),
        (status = 400, description = "`bad_json`, `name_invalid`, `name_too_long`, `client_id_invalid`, `session_invalid`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`not_yours`, `room_read_only`, `name_reserved`, `muted`, `banned`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`, `message_unknown`", body = Problem),
        (status = 409, description = "`idempotency_mismatch`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn delete(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    AtOffset(target): AtOffset,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    headers: HeaderMap,
    body: Result<Json<By>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(by) = body?;
    by.make(
        &app,
        &room,
        (caller, &asking),
        &headers,
        Change::Delete { target },
    )
    .await
}

/// React to a message
///
/// A session reacts once with each emoji.
#[utoipa::path(
    put, path = "/api/rooms/{room}/messages/{offset}/reactions/{emoji}", tag = "rooms",
    params(RoomParam, OffsetParam, EmojiParam, Idempotency),
    request_body = By,
    security((), ("api_key" = []), ("account" = []), ("token" = [])),
    responses(
        (status = 201, description = "Stored", body = Stored),
        (status = 200, description = "It had been stored before, or there was nothing to change (`unchanged`)", body = Stored),
        (status = 400, description = "`emoji_invalid`, `bad_json`, `name_invalid`, `name_too_long`, `client_id_invalid`, `session_invalid`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`room_read_only`, `name_reserved`, `muted`, `banned`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`, `message_unknown`", body = Problem),
        (status = 409, description = "`too_many_reactions`, `idempotency_mismatch`", body = Problem),
        (status = 410, description = "`message_deleted`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn react(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    With(target, emoji): With,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    headers: HeaderMap,
    body: Result<Json<By>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(by) = body?;
    let on = true;
    by.make(
        &app,
        &room,
        (caller, &asking),
        &headers,
        Change::React { target, emoji, on },
    )
    .await
}

/// Take a reaction back
#[utoipa::path(
    delete, path = "/api/rooms/{room}/messages/{offset}/reactions/{emoji}", tag = "rooms",
    params(RoomParam, OffsetParam, EmojiParam, Idempotency),
    request_body = By,
    security((), ("api_key" = []), ("account" = []), ("token" = [])),
    responses(
        (status = 201, description = "Stored", body = Stored),
        (status = 200, description = "It had been stored before, or there was nothing to change (`unchanged`)", body = Stored),
        (status = 400, description = "`emoji_invalid`, `bad_json`, `name_invalid`, `name_too_long`, `client_id_invalid`, `session_invalid`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`room_read_only`, `name_reserved`, `muted`, `banned`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`, `message_unknown`", body = Problem),
        (status = 409, description = "`idempotency_mismatch`", body = Problem),
        (status = 410, description = "`message_deleted`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn unreact(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    With(target, emoji): With,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    headers: HeaderMap,
    body: Result<Json<By>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(by) = body?;
    let on = false;
    by.make(
        &app,
        &room,
        (caller, &asking),
        &headers,
        Change::React { target, emoji, on },
    )
    .await
}

impl By {
    async fn make(
        self,
        app: &App,
        room: &Arc<OpenRoom>,
        (caller, asking): (Caller, &Asking),
        headers: &HeaderMap,
        change: Change,
    ) -> Result<Response, Problem> {
        let author = author(app, caller, asking, &self.name, self.session.as_deref()).await?;
        let client_id = client_id(self.client_id, headers)?;
        let said = act(app, room, &author, &client_id, &change).await?;
        Ok(stored(said, &author))
    }
}
