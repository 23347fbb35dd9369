//! The API described: `GET /api/openapi.json` for programs, `GET /api` for people.

use axum::Json;
use axum::response::Html;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{audit, desk, events, read, scores, sessions, write};

/// The description.
#[derive(OpenApi)]
#[openapi(
    info(title = "Madang", description = "Rooms over HTTP: polling, long-polling, Server-Sent Events. Whoever comes by WebSocket or Socket.IO is in the same rooms."),
    paths(
        sessions::session,
        read::messages,
        events::events,
        write::message,
        write::batch,
        audit::audit,
        scores::list,
        scores::snapshot,
        desk::sign_in,
        desk::open,
        desk::tell,
    ),
    tags(
        (name = "rooms", description = "Rooms and their messages"),
        (name = "scores", description = "Matches that are told play by play"),
    ),
    modifiers(&ApiKey),
)]
struct Description;

struct ApiKey;

impl Modify for ApiKey {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("api_key", scheme.clone());
        components.add_security_scheme("operator", scheme);
    }
}

pub(in crate::back) async fn json() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

pub(in crate::back) async fn page() -> Html<String> {
    Html(String::new())
}
