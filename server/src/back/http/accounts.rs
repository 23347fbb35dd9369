//! `/api/accounts`, `/api/sign-in`, `/api/sign-out`, `/api/account`: who somebody is, in every room.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use cookie::{Cookie, SameSite};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use super::schema;
use crate::back::app::App;
use crate::back::limits::Caller;
use crate::back::people::{Asking, COOKIE, Opened, SIGN_IN_TIME};
use crate::back::rooms::unavailable;
use crate::chat::{Account, Objection, Password};

/// With what somebody signs up or in.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct Credentials {
    /// The account's name, which nobody else may use from then on: 1 to 40 characters.
    #[schema(value_type = schema::Name)]
    name: String,
    /// 8 to 200 characters.
    #[schema(value_type = schema::Password)]
    password: String,
}

/// A change of password.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct NewPassword {
    /// The one until now.
    password: String,
    /// The one from now on: 8 to 200 characters.
    #[schema(value_type = schema::Password)]
    new_password: String,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Account)]
pub(in crate::back) struct AccountView {
    /// The account's name.
    name: String,
    /// `member` or `admin`.
    role: &'static str,
    /// Where it has a role of its own.
    rooms: Vec<RoomRole>,
}

/// A role in a room.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::back) struct RoomRole {
    /// The room.
    room: String,
    /// `moderator`.
    role: String,
}

/// Sign up
///
/// Makes an account, and signs it in: the answer sets the cookie `madang_account`, which pages send along with `credentials: "include"`. From then on nobody
/// else may use its name, or one that looks the same.
#[utoipa::path(
    post, path = "/api/accounts", tag = "people",
    request_body = Credentials,
    responses(
        (status = 201, description = "The account", body = AccountView, headers(("Set-Cookie" = String))),
        (status = 400, description = "`bad_json`, `name_invalid`, `name_too_long`, `password_invalid`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`origin_refused`", body = Problem),
        (status = 409, description = "`name_taken`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`too_many_tries`, `rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn sign_up(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, Problem> {
    from_an_allowed_page(&app, &headers)?;
    let Json(Credentials { name, password }) = body?;
    let opened = app
        .people
        .sign_up(caller, name.parse()?, Password::new(password)?)
        .await?;
    signed_in(&app, StatusCode::CREATED, &opened).await
}

/// Sign in
///
/// The answer sets the cookie `madang_account`. It holds for 30 days from when it was last used. After five wrong passwords for an account an address waits for a minute.
#[utoipa::path(
    post, path = "/api/sign-in", tag = "people",
    request_body = Credentials,
    responses(
        (status = 200, description = "The account", body = AccountView, headers(("Set-Cookie" = String))),
        (status = 400, description = "`bad_json`, `name_invalid`, `name_too_long`", body = Problem),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`password_wrong`, `origin_refused`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`too_many_tries`, `rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn sign_in(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    body: Result<Json<Credentials>, JsonRejection>,
) -> Result<Response, Problem> {
    from_an_allowed_page(&app, &headers)?;
    let Json(Credentials { name, password }) = body?;
    let opened = app.people.sign_in(caller, &name.parse()?, password).await?;
    signed_in(&app, StatusCode::OK, &opened).await
}

/// Sign out
///
/// Ends the sign-in of this cookie and the connections that came by it, and takes the cookie back. Whoever isn't signed in is signed out.
#[utoipa::path(
    post, path = "/api/sign-out", tag = "people",
    security((), ("account" = [])),
    responses(
        (status = 204, description = "Signed out", headers(("Set-Cookie" = String))),
        (status = 401, description = "`api_key_unknown`, `token_unknown`", body = Problem),
        (status = 403, description = "`origin_refused`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn sign_out(
    State(app): State<Arc<App>>,
    Extension(asking): Extension<Asking>,
) -> Result<Response, Problem> {
    if let Some(shown) = &asking.cookie {
        app.people.sign_out(shown).await?;
    }
    let mut gone = cookie(&app, String::new());
    gone.make_removal();
    Ok((StatusCode::NO_CONTENT, [set(&gone)]).into_response())
}

/// Who am I?
///
/// With a cookie, the answer sets it again: a sign-in that is used goes on.
#[utoipa::path(
    get, path = "/api/account", tag = "people",
    security((), ("account" = []), ("token" = [])),
    responses(
        (status = 200, description = "The account", body = AccountView),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn account(
    State(app): State<Arc<App>>,
    Extension(asking): Extension<Asking>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let view = view(&app, asking.account()?).await?;
    let shown = asking.cookie.and_then(|_| crate::back::people::shown(&headers));
    let again = shown.map(|shown| [set(&cookie(&app, shown.to_string()))]);
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok(match again {
        Some(again) => (no_store, again, Json(view)).into_response(),
        None => (no_store, Json(view)).into_response(),
    })
}

/// Change the password
///
/// The account stays signed in here, and nowhere else: connections that came by its other sign-ins end. Its tokens go on. It takes the cookie.
#[utoipa::path(
    post, path = "/api/account/password", tag = "people",
    request_body = NewPassword,
    security(("account" = [])),
    responses(
        (status = 204, description = "Changed"),
        (status = 400, description = "`bad_json`, `password_invalid`", body = Problem),
        (status = 401, description = "`sign_in_required`, `token_unknown`, `api_key_unknown`", body = Problem),
        (status = 403, description = "`password_wrong`, `token_not_enough`, `origin_refused`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`too_many_tries`, `rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn password(
    State(app): State<Arc<App>>,
    Extension(caller): Extension<Caller>,
    Extension(asking): Extension<Asking>,
    body: Result<Json<NewPassword>, JsonRejection>,
) -> Result<StatusCode, Problem> {
    let (account, here) = asking.sign_in()?;
    let Json(new) = body?;
    let change = (new.password, Password::new(new.new_password)?);
    app.people.change_password(caller, account, change, here).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A page that isn't allowed to use the back can't sign anybody in either.
fn from_an_allowed_page(app: &App, headers: &HeaderMap) -> Result<(), Objection> {
    let allowed = app.origins.allows(headers.get(header::ORIGIN));
    allowed.then_some(()).ok_or(Objection::OriginRefused)
}

async fn signed_in(app: &App, status: StatusCode, opened: &Opened) -> Result<Response, Problem> {
    let view = view(app, &opened.account).await?;
    let cookie = cookie(app, opened.secret.to_string());
    Ok((status, [set(&cookie)], Json(view)).into_response())
}

async fn view(app: &App, account: &Account) -> Result<AccountView, Problem> {
    let rooms = app
        .store
        .roles_of(account.id.0)
        .await
        .map_err(|error| unavailable(&error))?;
    Ok(AccountView {
        name: account.name.as_str().to_owned(),
        role: if account.is_admin { "admin" } else { "member" },
        rooms: rooms
            .into_iter()
            .map(|(room, role)| RoomRole { room, role })
            .collect(),
    })
}

/// No script reads it, and no page of another site sends it along but by a link.
fn cookie(app: &App, value: String) -> Cookie<'static> {
    Cookie::build((COOKIE, value))
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(app.secure_cookies)
        .path("/")
        .max_age(SIGN_IN_TIME.try_into().unwrap_or(cookie::time::Duration::DAY))
        .build()
}

fn set(cookie: &Cookie<'_>) -> (http::HeaderName, HeaderValue) {
    let value = HeaderValue::from_str(&cookie.to_string());
    let value = value.unwrap_or_else(|_| unreachable!("base64 can stand in a header"));
    (header::SET_COOKIE, value)
}
