//! `POST /api/audit`: what a page's auditor has found to be wrong with what it was sent.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::schema;
use crate::back::app::App;
use crate::chat::{Code, MAX_OFFSET, Room};
use crate::whole;

/// Something that should never be seen.
#[derive(Debug, Deserialize, ToSchema)]
pub(in crate::back) struct Violation {
    /// Where.
    #[schema(
        example = "lobby",
        min_length = 1,
        max_length = 64,
        pattern = r"^[\p{L}\p{Nd}_-]+$"
    )]
    room: String,
    /// By which way the page is there.
    #[schema(value_type = schema::Way)]
    transport: String,
    /// What is wrong.
    kind: Kind,
    /// Of which message.
    #[serde(deserialize_with = "whole::number")]
    #[schema(maximum = 9007199254740991_i64)]
    offset: u64,
    /// Which offset should have come.
    #[serde(default, deserialize_with = "whole::option")]
    #[schema(maximum = 9007199254740991_i64)]
    expected: Option<u64>,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(in crate::back) enum Kind {
    /// A message is missing.
    Gap,
    /// It came twice.
    Duplicate,
    /// It came before an earlier one.
    Order,
    /// It came back to its sender.
    Echo,
}

impl Kind {
    pub(in crate::back) const ALL: [Self; 4] = [Self::Gap, Self::Duplicate, Self::Order, Self::Echo];

    /// As it is reported, and counted.
    pub(in crate::back) const fn name(self) -> &'static str {
        match self {
            Self::Gap => "gap",
            Self::Duplicate => "duplicate",
            Self::Order => "order",
            Self::Echo => "echo",
        }
    }
}

/// Report a message that was lost, doubled, out of order or echoed
///
/// The pages do, should they ever see one. It is logged and counted.
#[utoipa::path(
    post, path = "/api/audit", tag = "rooms",
    request_body = Violation,
    security((), ("api_key" = [])),
    responses(
        (status = 204, description = "Noted"),
        (status = 400, description = "`audit_invalid`, `bad_json`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`origin_refused`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn audit(
    State(app): State<Arc<App>>,
    body: Result<Json<Violation>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let Json(violation) = body?;
    let room: Result<Room, Code> = violation.room.parse();
    let letters = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
    let transport = &violation.transport;
    let offsets = [Some(violation.offset), violation.expected];
    let beyond = offsets.into_iter().flatten().any(|offset| offset > MAX_OFFSET);
    if beyond || room.is_err() || !(1..=32).contains(&transport.len()) || !transport.bytes().all(letters) {
        return Err(Code::AuditInvalid.into());
    }
    app.metrics.violated(violation.kind);
    tracing::error!(
        room = violation.room,
        transport,
        kind = ?violation.kind,
        offset = violation.offset,
        expected = violation.expected,
        "a page was sent something wrong"
    );
    Ok(StatusCode::NO_CONTENT)
}
