//! What the back answers over plain HTTP.
//!
//! ```text
//! read      GET  …/messages: polling and long-polling     write     POST …/messages, and several at once
//! events    GET  …/events: Server-Sent Events             sessions  POST /api/sessions
//! audit     POST /api/audit: what pages find wrong        openapi   the description of all that
//! room      the room that an address names                problem   what is told when something isn't carried out
//! scores    GET  /api/scores: looking at matches        desk      POST /api/scores: telling them
//! schema    the forms of values, for the description      gate      who asks, and whether that is too much
//! metrics   what has happened, in numbers                 lab       /api/lab: runs of the laboratory
//! health    for whoever watches the program
//! ```

// The macros of utoipa write paths in full.
#![allow(unused_qualifications)]

mod audit;
mod desk;
mod events;
mod gate;
pub(super) mod health;
pub(super) mod lab;
mod metrics;
mod openapi;
mod problem;
mod read;
mod room;
mod schema;
mod scores;
mod sessions;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use super::app::{App, BATCH_BYTES, CHAT_MESSAGE_BYTES};
pub(super) use audit::Kind;
pub(super) use gate::{admit, admit_address, admit_socketio, measure};
pub(super) use read::POLL_AFTER;
pub(super) use scores::DATA_AGE;

/// The routes.
pub(super) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let batch = post(write::batch).layer(DefaultBodyLimit::max(BATCH_BYTES));
    // Their tokens are those of the desk, and no API keys.
    let matches = Router::new()
        .route("/api/scores", get(scores::list).post(desk::open))
        .route("/api/scores/sign-in", post(desk::sign_in))
        .route("/api/scores/{match}", get(scores::snapshot))
        .route("/api/scores/{match}/plays", post(desk::tell))
        .route_layer(from_fn_with_state(app.clone(), admit_address));
    Router::new()
        .route("/api", get(openapi::page))
        .route("/api/style.css", get(openapi::style))
        .route("/api/openapi.json", get(openapi::json))
        .route("/api/sessions", post(sessions::session))
        .route(
            "/api/rooms/{room}/messages",
            get(read::messages).post(write::message),
        )
        .route("/api/rooms/{room}/messages/batch", batch)
        .route("/api/rooms/{room}/events", get(events::events))
        .route("/api/audit", post(audit::audit))
        .route_layer(from_fn_with_state(app.clone(), admit))
        .merge(matches)
        // Whoever watches the program must not be sent away.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .layer(DefaultBodyLimit::max(CHAT_MESSAGE_BYTES))
}
