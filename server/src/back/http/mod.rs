//! What the back answers over plain HTTP.
//!
//! ```text
//! read      GET  …/messages: polling and long-polling     write     POST …/messages, and several at once
//! events    GET  …/events: Server-Sent Events             sessions  POST /api/sessions
//! audit     POST /api/audit: what pages find wrong        openapi   the description of all that
//! room      the room that an address names                problem   what is told when something isn't carried out
//! gate      who asks, and whether that is too much        metrics   what has happened, in numbers
//! health    for whoever watches the program
//! ```

// The macros of utoipa write paths in full.
#![allow(unused_qualifications)]

mod audit;
mod events;
mod gate;
pub(super) mod health;
mod metrics;
mod openapi;
mod problem;
mod read;
mod room;
mod sessions;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use utoipa::{IntoParams, ToSchema};

use super::app::{App, BATCH_BYTES, CHAT_MESSAGE_BYTES};
pub(super) use audit::Kind;
pub(super) use gate::measure;
pub(super) use read::POLL_AFTER;

/// The routes.
pub(super) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let batch = post(write::batch).layer(DefaultBodyLimit::max(BATCH_BYTES));
    Router::new()
        .route("/api", get(openapi::page))
        .route("/api/openapi.json", get(openapi::json))
        .route("/api/sessions", post(sessions::session))
        .route(
            "/api/rooms/{room}/messages",
            get(read::messages).post(write::message),
        )
        .route("/api/rooms/{room}/messages/batch", batch)
        .route("/api/rooms/{room}/events", get(events::events))
        .route("/api/audit", post(audit::audit))
        .route_layer(from_fn_with_state(app.clone(), gate::admit))
        // Whoever watches the program must not be sent away.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .layer(DefaultBodyLimit::max(CHAT_MESSAGE_BYTES))
}

/// The room of an address, as the description has it.
#[derive(IntoParams)]
#[into_params(parameter_in = Path)]
#[allow(dead_code, reason = "it only describes")]
struct RoomParam {
    /// 1 to 64 letters or digits of any script, `-` or `_`. It need not be made.
    #[param(
        min_length = 1,
        max_length = 64,
        pattern = r"^[\p{L}\p{Nd}_-]+$",
        example = "lobby"
    )]
    room: String,
}

/// A message, as the description has it.
#[derive(ToSchema)]
#[schema(as = Message)]
#[allow(dead_code, reason = "it only describes")]
struct MessageSchema {
    /// Its place in the room, from 1, without a gap.
    offset: u64,
    /// Who wrote it.
    author: String,
    /// The author's own id of it.
    client_id: String,
    /// What it says.
    text: String,
    /// When it was stored, in milliseconds since 1970-01-01 UTC.
    at: i64,
}
