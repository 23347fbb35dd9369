//! Settings, routes and middleware of the back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ::http::header::InvalidHeaderValue;
use ::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::any;
use madang_hub::RoomName;
use madang_socketio::SocketIo;
use madang_ws::axum::WebSocketUpgrade;
use madang_ws::{AllowedOrigins, DeflateConfig, KeepAlive, Limits};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower_http::cors::{AllowOrigin, CorsLayer};
use tower_http::trace::TraceLayer;

use super::http;
use super::limits::{Caller, Crossed, Limit, Limits as Allowances, RateLimits};
use super::market::{self, MARKET_MESSAGE_BYTES, Market, MarketSettings};
use super::metrics::Metrics;
use super::people::{Pass, People};
use super::rooms::Rooms;
use super::scores::{Scores, ScoresSettings};
use super::seats::{Seats, SeatsSettings, Taking};
use super::websocket::{self, Entrance};
use crate::chat::{Code, Person, Refusal, Room};
use crate::config::{Origin, SlowReaders};
use crate::lab::{Ports, Runs};
use crate::listener::{ConnectionLimits, Peer};
use crate::store::Store;

/// Bytes of one chat message from a client: the longest text (4000 characters) with every character written as two
/// `\uXXXX`, and room for the rest. Beyond: close 1009; by long-polling 413, and the session ends.
pub const CHAT_MESSAGE_BYTES: usize = 64 * 1024;

/// Bytes of one relayed message: half of what may wait for a reader, so that any one message fits. Beyond: close 1009.
pub const RELAY_MESSAGE_BYTES: usize = QUEUED_BYTES / 2;

/// Bytes of a batch of messages over HTTP: a hundred of a usual length, or some fifteen of the longest. Beyond: status 413.
pub(super) const BATCH_BYTES: usize = 1024 * 1024;

/// Bytes that may wait for one connection's reader: a few seconds of a very busy room. Beyond: close 1008.
pub const QUEUED_BYTES: usize = 1024 * 1024;

/// A connection that says nothing for this long is asked whether it is there; two unanswered questions end it.
/// Proxies commonly cut silent connections off after 60 s.
const PING_INTERVAL: Duration = Duration::from_secs(25);

/// How long a peer may take to answer a close: some seconds less than the whole server has to stop.
const CLOSE_TIME: Duration = Duration::from_secs(5);

/// How long a browser need not ask again whether it may: what the most careful of them grants at most.
const PREFLIGHT_TIME: Duration = Duration::from_secs(7200);

/// What the back is opened with.
#[derive(Clone, Debug)]
pub struct BackSettings {
    /// Origins whose pages may use it. Programs, which send no `Origin`, always may.
    pub allowed_origins: Vec<Origin>,
    /// Connections it holds.
    pub limits: ConnectionLimits,
    /// How long a request may wait for news at most.
    pub max_wait: Duration,
    /// How much may be asked for and said.
    pub rates: RateLimits,
    /// What happens to slow readers, for each room where they aren't disconnected.
    pub slow_readers: Vec<SlowReaders>,
    /// Which ports the laboratory's lines may take.
    pub lab_ports: Ports,
    /// Whether browsers reach the back over TLS alone, and are to send cookies over nothing else.
    pub secure_cookies: bool,
    /// How matches are told.
    pub scores: ScoresSettings,
    /// How seats are sold.
    pub seats: SeatsSettings,
    /// Where the market's ticks come from.
    pub market: MarketSettings,
}

/// What every request and connection of the back shares.
#[derive(Debug)]
pub(super) struct App {
    pub(super) store: Store,
    pub(super) rooms: Rooms,
    pub(super) people: People,
    pub(super) scores: Scores,
    pub(super) seats: Seats,
    pub(super) market: Arc<Market>,
    /// Cancelled when the server begins to stop.
    pub(super) stop: CancellationToken,
    /// Connections that have work to finish.
    pub(super) tasks: TaskTracker,
    /// How long a request may wait for news at most.
    pub(super) max_wait: Duration,
    pub(super) metrics: Metrics,
    pub(super) secure_cookies: bool,
    limits: Allowances,
    pub(super) origins: AllowedOrigins,
}

impl App {
    pub(super) fn new(
        store: Store,
        rooms: Rooms,
        io: &SocketIo,
        settings: &BackSettings,
        stop: CancellationToken,
        tasks: TaskTracker,
    ) -> Self {
        let origins = AllowedOrigins::list(settings.allowed_origins.iter().map(Origin::as_str));
        let counters = market::Counters::default();
        Self {
            metrics: Metrics::new(&rooms.wire().hub, &store, &counters),
            market: Arc::new(Market::new(&settings.market, io, store.clone(), counters)),
            limits: Allowances::new(&settings.rates),
            people: People::new(&store),
            secure_cookies: settings.secure_cookies,
            store,
            rooms,
            scores: Scores::new(&settings.scores),
            seats: Seats::new(&settings.seats),
            stop,
            tasks,
            max_wait: settings.max_wait,
            origins,
        }
    }

    /// Who has this API key.
    ///
    /// # Errors
    /// Nobody.
    pub(super) fn known(&self, key: &str) -> Result<Caller, Code> {
        self.limits.known(key)
    }

    /// Counts a request, or a command of a socket, of so many bytes.
    ///
    /// # Errors
    /// When it may be tried again.
    pub(super) fn admit(&self, caller: Caller, bytes: usize) -> Result<(), Refusal> {
        self.counted(self.limits.request(caller, bytes))
    }

    /// Counts a message.
    ///
    /// # Errors
    /// When it may be tried again.
    pub(super) fn admit_message(
        &self,
        caller: Caller,
        person: Option<Person>,
        room: &RoomName,
    ) -> Result<(), Refusal> {
        self.counted(self.limits.message(caller, person, room))
    }

    /// Counts places that somebody is about to hold.
    ///
    /// # Errors
    /// They are too many; in how long they won't be.
    pub(super) fn take_seats(&self, caller: Caller, places: usize) -> Result<Taking<'_>, Duration> {
        self.seats.allotment.take(caller, places, Instant::now())
    }

    /// Refuses places that are too many for an address, for so long.
    pub(super) fn too_many_seats(&self, time: Duration) -> Refusal {
        let crossed = Limit::Seats.crossed(time);
        self.metrics.crossed(crossed);
        crossed.into()
    }

    fn counted<T>(&self, within: Result<T, Crossed>) -> Result<T, Refusal> {
        within.map_err(|crossed| {
            self.metrics.crossed(crossed);
            crossed.into()
        })
    }

    /// Answers a handshake; the connection then runs as one of [`Self::tasks`] and keeps its peer's place.
    fn upgrade(
        self: Arc<Self>,
        upgrade: WebSocketUpgrade,
        entrance: Entrance,
        peer: Peer,
        pass: Pass,
    ) -> Response {
        let message = match entrance {
            Entrance::Relay => RELAY_MESSAGE_BYTES,
            Entrance::Market => MARKET_MESSAGE_BYTES,
            Entrance::Room(_) => CHAT_MESSAGE_BYTES,
        };
        let limits = Limits {
            frame: message,
            message,
            queued: QUEUED_BYTES,
            close_time: CLOSE_TIME,
            ..Limits::default()
        };
        let keep_alive = KeepAlive {
            ping_interval: Some(PING_INTERVAL),
            ..KeepAlive::default()
        };
        let origins = self.origins.clone();
        let tracked = self.tasks.token();
        upgrade
            .limits(limits)
            .deflate(DeflateConfig::default())
            .origins(origins)
            .keep_alive(keep_alive)
            .on_upgrade(move |ws| async move {
                let caller = Caller::at(peer.addr.ip());
                match entrance {
                    Entrance::Market => market::websocket::serve(ws, caller, self).await,
                    entrance => websocket::serve(ws, entrance, caller, pass, self).await,
                }
                drop((peer, tracked));
            })
    }
}

/// The routes of the back.
///
/// # Errors
/// An allowed origin cannot stand in a header.
pub(super) fn router(
    app: Arc<App>,
    runs: Arc<Runs>,
    io: &SocketIo,
    origins: &[Origin],
) -> Result<Router, InvalidHeaderValue> {
    let origins: Result<Vec<_>, _> = origins
        .iter()
        .map(|origin| HeaderValue::from_str(origin.as_str()))
        .collect();
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins?))
        .allow_methods([
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::IF_MATCH,
            header::IF_NONE_MATCH,
            HeaderName::from_static("idempotency-key"),
            HeaderName::from_static("last-event-id"),
        ])
        .expose_headers([
            header::ETAG,
            header::RETRY_AFTER,
            http::POLL_AFTER,
            http::DATA_AGE,
        ])
        // Cookies say who is signed in.
        .allow_credentials(true)
        .max_age(PREFLIGHT_TIME);
    Ok(Router::new()
        .route("/", any(relay))
        .route("/ws/{room}", any(room))
        .route("/market", any(market_socket))
        .route_layer(from_fn_with_state(app.clone(), http::admit_address))
        .merge(http::router(&app))
        .with_state(app.clone())
        .merge(http::lab::router(runs).route_layer(from_fn_with_state(app.clone(), http::admit)))
        .layer(cors)
        // Which has CORS of its own, since its pages also send.
        .layer(io.layer())
        .layer(from_fn_with_state((app.clone(), io.clone()), http::admit_socketio))
        .layer(from_fn_with_state(app, http::measure))
        .layer(TraceLayer::new_for_http()))
}

async fn relay(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    app.upgrade(upgrade, Entrance::Relay, peer, Pass::default())
}

async fn market_socket(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    app.upgrade(upgrade, Entrance::Market, peer, Pass::default())
}

/// A name that isn't one gets its connection too: a page can't see why a handshake failed, but it sees a close code.
async fn room(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    name: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, http::Problem> {
    let asking = http::asking_for_handshake(&app, &headers).await?;
    let room = name.ok().and_then(|Path(name)| name.parse::<Room>().ok());
    let pass = app.people.pass(&asking);
    Ok(app.upgrade(upgrade, Entrance::Room(room), peer, pass))
}
