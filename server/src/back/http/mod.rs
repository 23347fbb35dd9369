//! What the back answers over plain HTTP.
//!
//! ```text
//! read      GET  …/messages: polling and long-polling     write     POST …/messages, and several at once
//! change    PATCH and DELETE …/messages/{offset}, and its reactions
//! search    GET  …/search: finding messages              reading   PUT …/read and GET /api/unread
//! events    GET  …/events: Server-Sent Events             sessions  POST /api/sessions
//! audit     POST /api/audit: what pages find wrong        openapi   the description of all that
//! room      the room that an address names                problem   what is told when something isn't carried out
//! scores    GET  /api/scores: looking at matches        desk      POST /api/scores: telling them
//! accounts  signing up, in and out                        tokens    for programs that act for an account
//! moderation  keeping order in a room, and reports
//! schema    the forms of values, for the description      gate      who asks, and whether that is too much
//! metrics   what has happened, in numbers                 lab       /api/lab: runs of the laboratory
//! health    for whoever watches the program             market    /api/market: symbols, quotes, bars
//! seats     GET  /api/seats: looking at events            seats_commands, seats_payments  POST /api/seats: having places, paying
//! seats_asker  who asks for them                          seats_schema  what is told of them, for the description
//! seats_events  POST /api/seats/events: adding, changing   seats_described  an event as it is added, for the description
//! seats_refunds GET  /api/seats/refunds: money that goes back
//! ```

// The macros of utoipa write paths in full.
#![allow(unused_qualifications)]

mod accounts;
mod audit;
mod change;
mod desk;
mod events;
mod gate;
pub(super) mod health;
pub(super) mod lab;
mod market;
mod metrics;
mod moderation;
mod openapi;
mod problem;
mod read;
mod reading;
mod room;
mod schema;
mod scores;
mod search;
mod seats;
mod seats_asker;
mod seats_commands;
mod seats_described;
mod seats_events;
mod seats_payments;
mod seats_refunds;
mod seats_schema;
mod sessions;
mod tokens;
mod write;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{delete, get, patch, post, put};

use super::app::{App, BATCH_BYTES, CHAT_MESSAGE_BYTES};
use crate::seats::DESCRIPTION_BYTES;
pub(super) use audit::Kind;
pub(super) use gate::{admit, admit_address, admit_socketio, asking_for_handshake, measure};
pub(super) use problem::Problem;
pub(super) use read::POLL_AFTER;
pub(super) use scores::DATA_AGE;

/// The routes.
pub(super) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let batch = post(write::batch).layer(DefaultBodyLimit::max(BATCH_BYTES));
    // The tokens of these are those of the desk, and no API keys.
    let matches = Router::new()
        .route("/api/scores", get(scores::list).post(desk::open))
        .route("/api/scores/sign-in", post(desk::sign_in))
        .route("/api/scores/{match}", get(scores::snapshot))
        .route("/api/scores/{match}/plays", post(desk::tell))
        .route("/api/market/replay", get(market::state).post(market::turn))
        .route_layer(from_fn_with_state(app.clone(), admit_address));
    let found = post(seats_events::found).layer(DefaultBodyLimit::max(DESCRIPTION_BYTES));
    // Theirs are sessions, and no API keys either.
    let seats = Router::new()
        .route("/api/seats/events", found.get(seats::list))
        .route(
            "/api/seats/events/{event}",
            get(seats::map).patch(seats_events::change),
        )
        .route("/api/seats/events/{event}/block", post(seats_events::block))
        .route("/api/seats/events/{event}/unblock", post(seats_events::unblock))
        .route("/api/seats/events/{event}/places/{place}", get(seats::place))
        .route("/api/seats/events/{event}/audit", get(seats::audit))
        .route("/api/seats/events/{event}/holds", post(seats_commands::hold))
        .route("/api/seats/events/{event}/waiting", post(seats_commands::wait))
        .route("/api/seats/holds", get(seats::holds))
        .route("/api/seats/holds/{hold}/extend", post(seats_commands::extend))
        .route("/api/seats/holds/{hold}/release", post(seats_commands::release))
        .route("/api/seats/holds/{hold}/confirm", post(seats_commands::confirm))
        .route("/api/seats/holds/{hold}/checkout", post(seats_commands::checkout))
        .route("/api/seats/waiting", get(seats::waiting))
        .route("/api/seats/waiting/{waiting}/leave", post(seats_commands::leave))
        .route("/api/seats/payments", post(seats_payments::hook))
        .route(
            "/api/seats/payments/{payment}/refunded",
            post(seats_refunds::refunded),
        )
        .route("/api/seats/refunds", get(seats_refunds::list))
        .route(
            "/api/seats/demo-payments/{payment}",
            post(seats_payments::pretend),
        )
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
        .route(
            "/api/rooms/{room}/messages/{offset}",
            patch(change::edit).delete(change::delete),
        )
        .route(
            "/api/rooms/{room}/messages/{offset}/reactions/{emoji}",
            put(change::react).delete(change::unreact),
        )
        .route("/api/rooms/{room}/messages/batch", batch)
        .route("/api/rooms/{room}/search", get(search::search))
        .route("/api/rooms/{room}/read", put(reading::read))
        .route("/api/unread", get(reading::unread))
        .route("/api/rooms/{room}/events", get(events::events))
        .route("/api/accounts", post(accounts::sign_up))
        .route("/api/sign-in", post(accounts::sign_in))
        .route("/api/sign-out", post(accounts::sign_out))
        .route("/api/account", get(accounts::account))
        .route("/api/account/password", post(accounts::password))
        .route("/api/account/tokens", get(tokens::list).post(tokens::make))
        .route("/api/account/tokens/{id}", delete(tokens::take_back))
        .route(
            "/api/rooms/{room}/moderation",
            get(moderation::look).post(moderation::act),
        )
        .route("/api/rooms/{room}/roles/{name}", put(moderation::role))
        .route("/api/rooms/{room}/reports", post(moderation::complain))
        .route("/api/audit", post(audit::audit))
        .route("/api/market/symbols", get(market::list))
        .route("/api/market/bars/{symbol}", get(market::bars))
        .route("/api/market/quotes", get(market::quotes))
        .route_layer(from_fn_with_state(app.clone(), admit))
        .merge(matches)
        .merge(seats)
        // Whoever watches the program must not be sent away.
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(metrics::metrics))
        .layer(DefaultBodyLimit::max(CHAT_MESSAGE_BYTES))
}
