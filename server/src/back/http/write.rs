//! `POST /api/rooms/{room}/messages`: saying something without a socket, for people and for other back ends.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use super::room::InRoom;
use super::schema::{self, RoomParam};
use crate::back::app::App;
use crate::back::conversation::new_session;
use crate::back::limits::Caller;
use crate::back::metrics::Way;
use crate::back::people::Asking;
use crate::back::rooms::{Doing, OpenRoom, Said};
use crate::chat::{
    Account, BATCH_LIMIT, Change, ClientId, Code, Name, Refusal, Sender, Session, Text, Who, message_at,
};
use crate::whole;

/// What may stand in the head.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "it only describes")]
pub(super) struct Idempotency {
    /// Stands for `client_id`.
    #[param(rename = "Idempotency-Key", value_type = Option<schema::ClientId>)]
    idempotency_key: Option<String>,
}

/// One message.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct NewMessage {
    /// The client's own id of it: sent again with the same, it is stored once. The header `Idempotency-Key` may stand for it; without either, each request is a
    /// new message.
    #[schema(value_type = Option<schema::ClientId>)]
    client_id: Option<String>,
    /// Who says it: 1 to 40 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// What: 1 to 4,000 characters.
    #[schema(value_type = schema::Text)]
    text: String,
    /// The secret of a session, to which the message isn't told again, and which may change it later.
    #[schema(value_type = Option<schema::Session>)]
    session: Option<String>,
    /// The message that it answers, by its offset.
    #[serde(default, deserialize_with = "whole::option")]
    #[schema(minimum = 1, maximum = 9007199254740991_i64)]
    reply_to: Option<u64>,
}

/// Several messages of one author.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct Batch {
    /// Who says them: 1 to 40 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// The secret of a session, to which the messages aren't told again.
    #[schema(value_type = Option<schema::Session>)]
    session: Option<String>,
    /// In order.
    #[schema(min_items = 1, max_items = 100)]
    messages: Vec<BatchMessage>,
}

/// One of several messages.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct BatchMessage {
    /// The client's own id of it.
    #[schema(value_type = schema::ClientId)]
    client_id: String,
    /// What: 1 to 4,000 characters.
    #[schema(value_type = schema::Text)]
    text: String,
}

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct Stored {
    /// Its place in the room.
    offset: u64,
    /// Which life of the room's numbers that is.
    #[schema(value_type = schema::Epoch)]
    epoch: String,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    at: i64,
    /// It had been stored before.
    duplicate: bool,
    /// There was nothing to change, and nothing is stored: `offset` and `at` are those of the message.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    unchanged: bool,
    /// The public id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Sender>)]
    sender: Option<String>,
}

/// What became of several messages.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct StoredBatch {
    /// Which life of the room's numbers the offsets are of.
    #[schema(value_type = schema::Epoch)]
    epoch: String,
    /// The public id of the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<schema::Sender>)]
    sender: Option<String>,
    /// For each message, in order. Behind the first that failed for want of the database, or was one too many, the rest were not tried.
    results: Vec<BatchResult>,
}

/// What became of one of several messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub(in crate::back) enum BatchResult {
    /// It is stored.
    Stored {
        /// Its place in the room.
        offset: u64,
        /// When it was stored, in milliseconds since 1970-01-01 UTC.
        at: i64,
        /// It had been stored before.
        duplicate: bool,
    },
    /// It isn't.
    Refused {
        /// One of the stable codes.
        code: &'static str,
        /// A sentence for people.
        message: String,
        /// With `rate_limited`, `slow_mode` and `muted`: when to try again, in milliseconds from now.
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
    },
}

/// Say something
///
/// 201 when it is stored; 200 when it had been stored before under the same author and `client_id`: then nobody is told again. 409 when that one had another
/// text. Without an API key the limits of its address hold, with one those of the key.
#[utoipa::path(
    post, path = "/api/rooms/{room}/messages", tag = "rooms",
    params(RoomParam, Idempotency),
    request_body = NewMessage,
    security((), ("api_key" = []), ("account" = []), ("token" = [])),
    responses(
        (status = 201, description = "Stored", body = Stored),
        (status = 200, description = "It had been stored before", body = Stored),
        (status = 400, description = "`bad_json`, `name_invalid`, `name_too_long`, `text_empty`, `text_too_long`, `text_invalid`, `client_id_invalid`, `session_invalid`, `word_filtered`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`room_read_only`, `name_reserved`, `muted`, `banned`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`, `message_unknown`: there is none at `reply_to`", body = Problem),
        (status = 409, description = "`idempotency_mismatch`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`, `slow_mode`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn message(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    headers: HeaderMap,
    body: Result<Json<NewMessage>, JsonRejection>,
) -> Result<Response, Problem> {
    let Json(new) = body?;
    let author = author(&app, caller, &asking, &new.name, new.session.as_deref()).await?;
    let client_id = client_id(new.client_id, &headers)?;
    let change = Change::Say {
        text: Text::new(new.text)?,
        reply_to: new.reply_to.map(message_at).transpose()?,
    };
    let said = act(&app, &room, &author, &client_id, &change).await?;
    Ok(stored(said, &author))
}

/// The client's id of what it asks for: of the body, else of the head, else a new one.
pub(super) fn client_id(in_body: Option<String>, headers: &HeaderMap) -> Result<ClientId, Code> {
    let key = headers.get("idempotency-key");
    let key = key
        .map(|key| ClientId::new(key.to_str().unwrap_or_default().to_owned()))
        .transpose()?;
    let client_id = in_body.map(ClientId::new).transpose()?.or(key);
    client_id.map_or_else(|| ClientId::new(new_session().to_string()), Ok)
}

/// What is answered when it is done.
pub(super) fn stored(said: Said, author: &Author) -> Response {
    let status = if said.is_new() {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let stored = Stored {
        offset: said.position.offset,
        epoch: said.position.epoch.to_string(),
        at: said.at,
        duplicate: said.duplicate,
        unchanged: said.unchanged,
        sender: author.sender.map(|sender| sender.to_string()),
    };
    (status, Json(stored)).into_response()
}

/// Say several things
///
/// In order. May be sent again as a whole: what was stored before isn't stored again.
#[utoipa::path(
    post, path = "/api/rooms/{room}/messages/batch", tag = "rooms",
    params(RoomParam),
    request_body = Batch,
    security((), ("api_key" = []), ("account" = []), ("token" = [])),
    responses(
        (status = 200, description = "What became of each", body = StoredBatch),
        (status = 400, description = "`bad_json`, `batch_invalid`, and what a single message is refused with: nothing is stored", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`room_read_only`, `name_reserved`, `banned`, `origin_refused`", body = Problem),
        (status = 404, description = "`room_invalid`", body = Problem),
        (status = 413, description = "`bad_json`: more than 1 MiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn batch(
    State(app): State<Arc<App>>,
    InRoom(room): InRoom,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    body: Result<Json<Batch>, JsonRejection>,
) -> Result<Json<StoredBatch>, Problem> {
    let Json(batch) = body?;
    if !(1..=BATCH_LIMIT).contains(&batch.messages.len()) {
        return Err(Code::BatchInvalid.into());
    }
    if room.is_read_only() {
        return Err(Code::RoomReadOnly.into());
    }
    let author = author(&app, caller, &asking, &batch.name, batch.session.as_deref()).await?;
    room.permit(author.who())?;
    let mut messages = Vec::with_capacity(batch.messages.len());
    for (message, n) in batch.messages.into_iter().zip(1..) {
        messages.push(message.check(n)?);
    }
    let mut results = Vec::with_capacity(messages.len());
    let mut failed: Option<Refusal> = None;
    for (client_id, text) in messages {
        let result = match &failed {
            Some(failed) => Err(failed.clone()),
            None => {
                let change = Change::Say { text, reply_to: None };
                act(&app, &room, &author, &client_id, &change).await
            }
        };
        results.push(match result {
            Ok(said) => BatchResult::Stored {
                offset: said.position.offset,
                at: said.at,
                duplicate: said.duplicate,
            },
            Err(refusal) => {
                // The rest would only wait for the same, and come out of order if it came back.
                if matches!(
                    refusal.code,
                    Code::StoreUnavailable | Code::RateLimited | Code::SlowMode
                ) {
                    failed = Some(refusal.clone());
                }
                let problem = Problem::from(refusal);
                BatchResult::Refused {
                    code: problem.code(),
                    retry_after_ms: problem.retry_after_ms(),
                    message: problem.into_message(),
                }
            }
        });
    }
    Ok(Json(StoredBatch {
        epoch: room.history().position().epoch.to_string(),
        sender: author.sender.map(|sender| sender.to_string()),
        results,
    }))
}

impl BatchMessage {
    /// A mistake in the `n`th message is a mistake in the batch: nothing of it is stored.
    fn check(self, n: usize) -> Result<(ClientId, Text), Refusal> {
        let checked = ClientId::new(self.client_id).and_then(|id| Ok((id, Text::new(self.text)?)));
        checked.map_err(|code| Refusal {
            detail: Some(format!("message {n}: {}", code.message())),
            ..code.into()
        })
    }
}

/// Who says something.
pub(super) struct Author {
    caller: Caller,
    name: Name,
    sender: Option<Sender>,
    account: Option<Account>,
}

/// An account has its own name, anybody else one that no account has.
pub(super) async fn author(
    app: &App,
    caller: Caller,
    asking: &Asking,
    name: &str,
    session: Option<&str>,
) -> Result<Author, Refusal> {
    let name = name.parse()?;
    let session: Option<Session> = session.map(str::parse).transpose()?;
    Ok(Author {
        caller,
        name: app.people.call(name, asking.account.as_ref()).await?,
        sender: session.map(Session::sender).or(asking.sender),
        account: asking.account.clone(),
    })
}

impl Author {
    fn who(&self) -> Who {
        Who {
            name: Some(self.name.clone()),
            account: self.account.clone(),
            sender: self.sender,
        }
    }
}

/// Puts what somebody does into a room's log.
pub(super) async fn act(
    app: &App,
    room: &Arc<OpenRoom>,
    author: &Author,
    client_id: &ClientId,
    change: &Change,
) -> Result<Said, Refusal> {
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    let who = author.who();
    app.admit_message(author.caller, who.person(), room.address())?;
    let doing = Doing {
        author: &author.name,
        who: &who,
        client_id,
        change,
    };
    let said = room.act(doing).await?;
    if said.is_new() {
        app.metrics.said(Way::Http);
    }
    Ok(said)
}
