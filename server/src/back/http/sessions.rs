//! `POST /api/sessions`: a session for those who come over HTTP.

use axum::Json;
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::problem::Problem;
use super::schema;
use crate::back::conversation::new_session;

/// A session.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct NewSession {
    /// A secret, to send messages with.
    #[schema(value_type = schema::Session)]
    session: String,
    /// Its public id, for `except`: one's own messages are left out.
    #[schema(value_type = schema::Sender)]
    sender: String,
}

/// Make a session
///
/// Nothing is stored: it is valid as long as the client likes.
#[utoipa::path(
    post, path = "/api/sessions", tag = "rooms",
    security((), ("api_key" = [])),
    responses(
        (status = 201, description = "A session that nobody has had", body = NewSession),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`origin_refused`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn session() -> (StatusCode, Json<NewSession>) {
    let session = new_session();
    let body = NewSession {
        session: session.to_string(),
        sender: session.sender().to_string(),
    };
    (StatusCode::CREATED, Json(body))
}
