//! `GET /healthz` and `GET /readyz`: for whoever starts, watches and routes to the program.

use std::sync::Arc;

use axum::extract::State;
use http::StatusCode;

use crate::back::app::App;

/// The process is alive: 200, whatever else is wrong. Restarting it would not mend a database.
pub(in crate::back) async fn alive() -> &'static str {
    "ok\n"
}

/// 200 if new connections are welcome; 503 when the server is stopping or its database does not answer.
pub(in crate::back) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    if app.stop.is_cancelled() {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
    }
    match app.store.ping().await {
        Ok(()) => (StatusCode::OK, "ok\n"),
        Err(error) => {
            tracing::warn!(%error, "not ready");
            (StatusCode::SERVICE_UNAVAILABLE, "the database does not answer\n")
        }
    }
}
