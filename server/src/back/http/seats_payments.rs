//! `POST /api/seats/payments`: what the payment provider says, and a provider to try it with.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection};
use axum::extract::{Path, State};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;
use super::seats_schema::{self as form, PaymentParam};
use crate::back::app::App;
use crate::chat::Refusal;
use crate::seats::{News, PaymentId, PaymentState, Refused, Signature, Status};

/// What the provider's pretender should do.
#[derive(Deserialize, ToSchema)]
pub(in crate::back) struct Pretend {
    /// `succeeded` or `failed`.
    #[schema(value_type = form::StatusText)]
    status: Status,
}

/// Where a payment is since.
#[derive(Serialize, ToSchema)]
#[schema(as = PaymentSettled)]
pub(in crate::back) struct Settled {
    /// `sold`, `failed`, or `refund_due`: it came when the hold was over; `refunded`, if that is settled.
    #[schema(value_type = form::PaymentStateText)]
    state: PaymentState,
    /// It had been told before.
    duplicate: bool,
    /// When it was taken first, in milliseconds since 1970-01-01 UTC of the database's clock.
    at: i64,
}

/// Tell what became of a payment
///
/// For the payment provider: signed, once for each id, whenever and in whichever order it comes.
#[utoipa::path(
    post, path = "/api/seats/payments", tag = "seats",
    request_body(content = form::News, content_type = "application/json"),
    params(("Madang-Signature" = String, Header, description = "`t=SECONDS,v1=HEX`: HMAC-SHA256 of `SECONDS.BODY` with the setting `payment_secret`, at most 5 minutes old")),
    responses(
        (status = 200, description = "It is taken", body = Settled),
        (status = 400, description = "`bad_json`, `seats_invalid`", body = Problem),
        (status = 401, description = "`signature_invalid`", body = Problem),
        (status = 404, description = "`payment_unknown`", body = Problem),
        (status = 409, description = "`idempotency_mismatch`: the id came before with something else", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn hook(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Settled>, Problem> {
    let body = body.map_err(|error| Problem::of_body(error.status(), error.body_text()))?;
    let signature = headers.get("madang-signature");
    let signature = signature
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    take(&app, signature, &body).await
}

/// Pretend to be the payment provider
///
/// There while the setting `payment_secret` is `demo`: it signs news of the payment and sends it as a provider would.
#[utoipa::path(
    post, path = "/api/seats/demo-payments/{payment}", tag = "seats",
    params(PaymentParam),
    request_body = Pretend,
    responses(
        (status = 200, description = "It is taken", body = Settled),
        (status = 400, description = "`bad_json`", body = Problem),
        (status = 404, description = "`payment_unknown`", body = Problem),
        (status = 413, description = "`bad_json`: more than 64 KiB", body = Problem),
        (status = 415, description = "`bad_json`: not `application/json`", body = Problem),
        (status = 422, description = "`bad_json`: not the documented fields", body = Problem),
        (status = 429, description = "`rate_limited`", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
        (status = 503, description = "`store_unavailable`: send the same again", body = Problem, headers(("Retry-After" = u64, description = "Seconds"))),
    ),
)]
pub(in crate::back) async fn pretend(
    State(app): State<Arc<App>>,
    payment: Result<Path<String>, PathRejection>,
    body: Result<Json<Pretend>, JsonRejection>,
) -> Result<Json<Settled>, Problem> {
    let Json(Pretend { status }) = body?;
    let Path(payment) = payment.map_err(|_| Refused::PaymentUnknown)?;
    let payment: PaymentId = payment.parse()?;
    if !app.seats.secret.is_demo() {
        return Err(Refused::PaymentUnknown.into());
    }
    let known = app.store.event_of_payment(payment).await?;
    let (_, amount) = known.ok_or(Refused::PaymentUnknown)?;
    let word = match status {
        Status::Succeeded => "succeeded",
        Status::Failed => "failed",
    };
    let news = News {
        // Pressed twice, it's said twice.
        id: format!("demo-{payment}-{word}"),
        payment,
        status,
        amount,
    };
    let body = serde_json::to_vec(&news)
        .unwrap_or_else(|error| unreachable!("numbers and texts can be written: {error}"));
    let signature = app.seats.secret.sign(seconds(), &body).to_string();
    take(&app, &signature, &body).await
}

async fn take(app: &App, signature: &str, body: &[u8]) -> Result<Json<Settled>, Problem> {
    let signature: Signature = signature.parse()?;
    app.seats.secret.check(&signature, body, seconds())?;
    let news: News = serde_json::from_slice(body).map_err(Refusal::bad_json)?;
    let plain = |b: u8| b.is_ascii_graphic();
    if !(1..=News::MAX_ID_LEN).contains(&news.id.len()) || !news.id.bytes().all(plain) {
        return Err(Refused::invalid(format!(
            "an `id` is 1 to {} characters of ASCII",
            News::MAX_ID_LEN
        ))
        .into());
    }
    let known = app.store.event_of_payment(news.payment).await?;
    let (event, _) = known.ok_or(Refused::PaymentUnknown)?;
    let office = app.seats.find(app, &event).await??;
    // A server that stops waits for what is under way.
    let _tracked = app.tasks.token();
    let settled = office.settle(&news).await??;
    app.metrics.seats_changed(&settled.changes);
    app.seats.poke();
    Ok(Json(Settled {
        state: settled.state,
        duplicate: settled.duplicate,
        at: settled.at,
    }))
}

fn seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
