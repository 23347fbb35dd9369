//! `/api/account/tokens`: what programs show that act for an account. A token that got into wrong hands must not make more of them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Extension, Path, State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::Problem;
use crate::back::app::App;
use crate::back::people::Asking;
use crate::back::rooms::unavailable;
use crate::chat::{Label, Objection};

/// What a token is for.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewToken {
    /// 1 to 60 characters, so that its owner knows it again.
    #[schema(
        min_length = 1,
        max_length = 60,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[A-Za-z0-9][^\x00-\x1f\x7f-\x9f]*$",
        example = "bot"
    )]
    label: String,
}

/// A token, which isn't shown again.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct Token {
    /// For the header `Authorization: Bearer …`. Whoever has it acts as the account.
    #[schema(example = "mdg_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    token: String,
    /// By what it is taken back.
    id: String,
    /// What it is for.
    label: String,
}

/// An account's tokens.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct Tokens {
    /// The newest first.
    tokens: Vec<TokenView>,
}

/// What is shown of a token.
#[derive(Serialize, ToSchema)]
pub(in crate::back) struct TokenView {
    /// By what it is taken back.
    id: String,
    /// What it is for.
    label: String,
    /// When it was made, in milliseconds since 1970-01-01 UTC.
    created_at: i64,
    /// When it was used last, to within a minute.
    last_used_at: Option<i64>,
}

/// Which token.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
struct TokenParam {
    /// Its id.
    id: String,
}

/// Make a token
///
/// For a program that acts for the account. At most 50. It takes the cookie: a token makes no tokens, and neither lists them nor takes them back.
#[utoipa::path(
    post, path = "/api/account/tokens", tag = "people",
    request_body = NewToken,
    security(("account" = [])),
    responses(
        (status = 201, description = "The token", body = Token),
        (status = 400, description = "`bad_json`, `label_invalid`", body = Problem),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`token_not_enough`, `origin_refused`", body = Problem),
        (status = 409, description = "`too_many_tokens`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn make(
    State(app): State<Arc<App>>,
    Extension(asking): Extension<Asking>,
    body: Result<Json<NewToken>, JsonRejection>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    let (account, _) = asking.sign_in()?;
    let Json(NewToken { label }) = body?;
    let (stored, secret) = app.people.give_token(account.id, &Label::new(&label)?).await?;
    let token = Token {
        token: secret.to_api_token(),
        id: stored.id,
        label: stored.label,
    };
    Ok((StatusCode::CREATED, Json(token)))
}

/// List the tokens
#[utoipa::path(
    get, path = "/api/account/tokens", tag = "people",
    security(("account" = [])),
    responses(
        (status = 200, description = "Without their secrets", body = Tokens),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`token_not_enough`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn list(
    State(app): State<Arc<App>>,
    Extension(asking): Extension<Asking>,
) -> Result<Json<Tokens>, Problem> {
    let (account, _) = asking.sign_in()?;
    let stored = app
        .store
        .tokens(account.id.0)
        .await
        .map_err(|error| unavailable(&error))?;
    let tokens = stored.into_iter().map(|token| TokenView {
        id: token.id,
        label: token.label,
        created_at: token.created_at,
        last_used_at: token.last_used_at,
    });
    Ok(Json(Tokens {
        tokens: tokens.collect(),
    }))
}

/// Take a token back
#[utoipa::path(
    delete, path = "/api/account/tokens/{id}", tag = "people",
    params(TokenParam),
    security(("account" = [])),
    responses(
        (status = 204, description = "It is known no more, here at once, in other processes within a second"),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`token_not_enough`, `origin_refused`", body = Problem),
        (status = 404, description = "`token_not_found`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn take_back(
    State(app): State<Arc<App>>,
    Extension(asking): Extension<Asking>,
    id: Result<Path<String>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let (account, _) = asking.sign_in()?;
    let Path(id) = id.map_err(|_| Objection::NoSuchToken)?;
    // PostgreSQL has no NUL in its texts, and no token in its id.
    if !id.chars().all(|c| c.is_ascii_graphic()) {
        return Err(Objection::NoSuchToken.into());
    }
    app.people.take_token(account.id, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
