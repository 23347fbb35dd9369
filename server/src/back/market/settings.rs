//! What the market is opened with.

use std::sync::Arc;

use crate::market::{Recording, Speed};

/// What the market is opened with.
#[derive(Clone, Debug)]
pub struct MarketSettings {
    /// Where its ticks come from.
    pub source: FeedSource,
    /// How many symbols the simulator has.
    pub symbols: usize,
    /// How many ticks each of them has in a second.
    pub ticks: u32,
}

/// Where ticks come from.
#[derive(Clone, Debug)]
pub enum FeedSource {
    /// Nowhere: there are no symbols.
    None,
    /// A market that is made up, out of this number.
    Simulator(u64),
    /// A market that was written down, so many times as fast.
    Replay(Arc<Recording>, Speed),
    /// Another server, by this `ws://` address.
    WebSocket(String),
}

impl FeedSource {
    /// What it is called where its state is told.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Simulator(_) => "simulator",
            Self::Replay(..) => "replay",
            Self::WebSocket(_) => "websocket",
        }
    }
}

impl MarketSettings {
    /// Without a market.
    pub const NONE: Self = Self {
        source: FeedSource::None,
        symbols: 1,
        ticks: 1,
    };
}
