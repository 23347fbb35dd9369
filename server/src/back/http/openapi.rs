//! The API described: `GET /api/openapi.json` for programs, `GET /api` for people.

use std::sync::LazyLock;

use axum::Json;
use axum::response::{Html, IntoResponse, Response};
use http::{StatusCode, header};
use minijinja::{Environment, Value};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{
    accounts, audit, change, desk, events, lab, market, moderation, read, reading, schema, scores, search,
    seats, seats_commands, seats_events, seats_payments, seats_refunds, seats_schema, sessions, tokens,
    write,
};
use crate::back::people::COOKIE;

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
        change::edit,
        change::delete,
        change::react,
        change::unreact,
        search::search,
        reading::read,
        reading::unread,
        accounts::sign_up,
        accounts::sign_in,
        accounts::sign_out,
        accounts::account,
        accounts::password,
        tokens::make,
        tokens::list,
        tokens::take_back,
        moderation::look,
        moderation::act,
        moderation::role,
        moderation::complain,
        audit::audit,
        lab::begin,
        lab::figures,
        lab::change,
        lab::end,
        lab::clock,
        scores::list,
        scores::snapshot,
        desk::sign_in,
        desk::open,
        desk::tell,
        seats::list,
        seats::map,
        seats::place,
        seats::audit,
        seats::holds,
        seats::waiting,
        seats_commands::hold,
        seats_commands::extend,
        seats_commands::release,
        seats_commands::confirm,
        seats_commands::checkout,
        seats_commands::wait,
        seats_commands::leave,
        seats_payments::hook,
        seats_payments::pretend,
        seats_events::found,
        seats_events::change,
        seats_events::block,
        seats_events::unblock,
        seats_refunds::list,
        seats_refunds::refunded,
        market::list,
        market::bars,
        market::quotes,
        market::state,
        market::turn,
    ),
    tags(
        (name = "rooms", description = "Rooms and their messages"),
        (name = "people", description = "Accounts, and order in rooms"),
        (name = "lab", description = "The transport laboratory"),
        (name = "scores", description = "Matches that are told play by play"),
        (name = "seats", description = "Reservation: places of events"),
        (name = "market", description = "The market, live: what changes comes over the WebSocket `/market`, or Socket.IO's namespace of that name"),
    ),
    components(schemas(
        schema::Emoji, schema::EventId, schema::Question, schema::Rooms, schema::Wait, seats_schema::Date
    )),
    modifiers(&Keys),
)]
struct Description;

/// What somebody may show who asks.
struct Keys;

impl Modify for Keys {
    fn modify(&self, description: &mut utoipa::openapi::OpenApi) {
        let components = description.components.get_or_insert_default();
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("api_key", scheme.clone());
        components.add_security_scheme("operator", scheme.clone());
        components.add_security_scheme("token", scheme.clone());
        components.add_security_scheme("session", scheme);
        let cookie = SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::new(COOKIE)));
        components.add_security_scheme("account", cookie);
    }
}

pub(in crate::back) async fn json() -> Json<utoipa::openapi::OpenApi> {
    Json(Description::openapi())
}

/// The same for people.
pub(in crate::back) async fn page() -> Response {
    static PAGE: LazyLock<Result<String, minijinja::Error>> = LazyLock::new(render);
    match &*PAGE {
        Ok(page) => {
            let policy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
            ([(header::CONTENT_SECURITY_POLICY, policy)], Html(page.as_str())).into_response()
        }
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "the description can't be shown");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// How it looks.
pub(in crate::back) async fn style() -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/css"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, include_str!("openapi/page.css"))
}

fn render() -> Result<String, minijinja::Error> {
    let description = Description::openapi().to_json().unwrap_or_default();
    let description: Value = serde_json::from_str(&description).unwrap_or_default();
    let mut environment = Environment::new();
    environment.add_template("api.html", include_str!("openapi/page.html"))?;
    environment.get_template("api.html")?.render(description)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_shows_every_operation_and_value() {
        let page = render().unwrap();
        let description = serde_json::to_value(Description::openapi()).unwrap();
        let paths = description["paths"].as_object().unwrap();
        for path in paths.keys() {
            // As HTML has it.
            let shown = path.replace('/', "&#x2f;");
            assert!(page.contains(&shown), "{path}");
        }
        for name in description["components"]["schemas"].as_object().unwrap().keys() {
            assert!(page.contains(&format!("id=\"{name}\"")), "{name}");
        }
    }

    #[test]
    fn what_is_quoted_as_code_looks_like_it() {
        let page = render().unwrap();
        assert!(page.contains("<code>rate_limited</code>"));
        assert!(!page.contains('`'));
    }
}
