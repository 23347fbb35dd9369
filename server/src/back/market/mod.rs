//! The market, live: a feed is run, its bars are kept, and everybody who looks is told.
//!
//! ```text
//! Feed -> runner: turn by turn -> floor: traded (bars, quote), chart -> wire: publications -> hub
//!                        |                                                  ^
//!                        +-> unsaved -> keeper -> store                     |
//! websocket, socketio -> command -> viewer: watch, chart, pause ------------+-> event
//! pages: bars and symbols over HTTP      counters: what is counted      refused: why not
//! listed: which symbols there are <- loader: reads the bars of new ones aside; arrivals: those, and what happens meanwhile
//! ```
//!
//! One lock, the floor's, keeps the order: whoever takes a look and steps into a room under it gets exactly what changes afterwards. `docs/market-protocol.md`
//! describes what is said.

mod arrivals;
mod chart;
mod command;
mod counters;
mod event;
mod floor;
mod keeper;
mod listed;
mod loader;
mod pages;
mod quote;
mod refused;
mod runner;
mod series;
mod settings;
pub(super) mod socketio;
mod traded;
mod unsaved;
mod viewer;
pub(super) mod websocket;
mod wire;

use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use madang_hub::Hub;
use madang_socketio::SocketIo;
use tokio::sync::{Notify, watch};

pub use arrivals::ARRIVING_EVENTS;
pub use chart::BAR_TIME;
pub(super) use command::symbols;
pub(super) use counters::Counters;
use floor::Floor;
pub use floor::IDLE_CHARTS;
pub use keeper::{FORGET_ROWS, RETENTION};
pub(super) use pages::{BarPage, PlayState};
pub(super) use quote::Quote;
pub(super) use refused::Refused;
pub use runner::TURN_TIME;
pub(super) use series::Series;
pub use settings::{FeedSource, MarketSettings};
pub use unsaved::UNSAVED_BARS;
pub(super) use wire::NAMESPACE;
use wire::Wire;

use crate::chat::Code;
use crate::market::ReplayHandle;
use crate::store::Store;

/// Symbols that one connection may watch: more than fit on a screen. Beyond: `watch_limit`.
pub const WATCH_LIMIT: usize = 100;

/// Bars of one page: more than a wide screen has columns for.
pub const BARS_LIMIT: usize = 1000;

/// Bytes of one command over a WebSocket: two lists of [`WATCH_LIMIT`] symbols, and room for the rest. Beyond: close 1009.
pub const MARKET_MESSAGE_BYTES: usize = 8 * 1024;

/// What the back knows of the market.
#[derive(Debug)]
pub(super) struct Market {
    wire: Wire,
    floor: Mutex<Floor>,
    /// Where bars are kept: the program's database, or one in memory that a replay fills.
    store: Mutex<Store>,
    /// Whoever has it stores bars: one at a time, so that it's known what is stored.
    saving: tokio::sync::Mutex<()>,
    /// Told when a symbol is listed.
    listed: Notify,
    /// Whether it is known where everything stands.
    opened: watch::Sender<bool>,
    counters: Counters,
    source: FeedSource,
    /// What turns the replay, if it is one.
    replay: OnceLock<ReplayHandle>,
}

impl Market {
    pub(super) fn new(settings: &MarketSettings, io: &SocketIo, store: Store, counters: Counters) -> Self {
        let wire = Wire {
            hub: io.hub().clone(),
            namespace: io.of(NAMESPACE),
            encodings: counters.encodings.clone(),
        };
        Self {
            wire,
            floor: Mutex::default(),
            store: Mutex::new(store),
            saving: tokio::sync::Mutex::default(),
            listed: Notify::new(),
            opened: watch::Sender::new(false),
            counters,
            source: settings.source.clone(),
            replay: OnceLock::new(),
        }
    }

    pub(super) fn hub(&self) -> &Hub {
        &self.wire.hub
    }

    /// What turns the replay, if it is one.
    pub(super) fn replay(&self) -> Option<&ReplayHandle> {
        self.replay.get()
    }

    fn floor(&self) -> MutexGuard<'_, Floor> {
        self.floor.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn store(&self) -> Store {
        self.store.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Ready when it is known where everything stands: soon after the start.
    ///
    /// # Errors
    /// The database doesn't say.
    async fn open(&self) -> Result<(), Refused> {
        if *self.opened.borrow() {
            return Ok(());
        }
        let mut opened = self.opened.subscribe();
        let opened = tokio::time::timeout(Store::OPERATION_TIME, opened.wait_for(|opened| *opened)).await;
        match opened {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Refused::Common(Code::StoreUnavailable.into())),
        }
    }
}

/// Milliseconds since 1970-01-01 UTC.
fn now_ms() -> i64 {
    let since: Duration = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
