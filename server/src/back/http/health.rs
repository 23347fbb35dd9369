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

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use madang_hub::Hub;
    use madang_socketio::SocketIo;
    use tokio_util::sync::CancellationToken;
    use tokio_util::task::TaskTracker;

    use super::*;
    use crate::back::app::BackSettings;
    use crate::back::limits::RateLimits;
    use crate::back::market::MarketSettings;
    use crate::back::rooms::{Rooms, Wire};
    use crate::back::scores::{OperatorPassword, ScoresSettings};
    use crate::back::seats::SeatsSettings;
    use crate::listener::ConnectionLimits;
    use crate::scores::Speed;
    use crate::store::Store;

    #[tokio::test]
    async fn a_stopping_server_is_not_ready() {
        let (app, stop) = app().await;
        assert_eq!(ready(State(app.clone())).await.0, StatusCode::OK);
        stop.cancel();
        assert_eq!(
            ready(State(app)).await,
            (StatusCode::SERVICE_UNAVAILABLE, "stopping\n")
        );
    }

    #[tokio::test]
    async fn a_server_without_its_database_is_not_ready() {
        let (app, _stop) = app().await;
        app.store.close().await.unwrap();
        assert_eq!(ready(State(app)).await.0, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(alive().await, "ok\n");
    }

    async fn app() -> (Arc<App>, CancellationToken) {
        let store = Store::open(&"sqlite::memory:".parse().unwrap()).await.unwrap();
        let stop = CancellationToken::new();
        let (hub, _flusher) = Hub::new();
        let io = SocketIo::builder().hub(hub.clone()).build();
        let wire = Wire {
            hub,
            namespace: io.main().clone(),
            market: io.of("/market"),
        };
        let settings = BackSettings {
            allowed_origins: Vec::new(),
            limits: ConnectionLimits {
                total: NonZeroUsize::MIN,
                per_address: None,
            },
            max_wait: Duration::from_secs(60),
            rates: RateLimits::default(),
            slow_readers: Vec::new(),
            lab_ports: crate::lab::Ports::Off,
            secure_cookies: false,
            scores: ScoresSettings {
                password: OperatorPassword::random(),
                replay: None,
                speed: Speed::NORMAL,
            },
            market: MarketSettings::NONE,
            seats: SeatsSettings {
                payment_secret: "demo".parse().unwrap(),
                per_address: None,
            },
        };
        let rooms = Rooms::new(wire, store.clone(), stop.clone(), TaskTracker::new());
        (
            Arc::new(App::new(
                store,
                rooms,
                &io,
                &settings,
                stop.clone(),
                TaskTracker::new(),
            )),
            stop,
        )
    }
}
