//! The messages of a feed: JSON texts. `docs/market.md` describes them.

use serde::{Deserialize, Serialize};

use crate::market::{Listing, Symbol};

/// What the server of a feed says.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Said {
    /// The first message: who speaks, and what is traded.
    Hello {
        /// Numbers of another epoch have nothing to do with these.
        epoch: String,
        listings: Vec<Listing>,
    },
    /// A symbol is listed, or listed anew.
    Listed { listing: Listing },
    /// Trades: number, time, symbol, price in units of the last decimal, volume.
    Ticks {
        ticks: Vec<(u64, i64, Symbol, i64, i64)>,
    },
    /// Trading has stopped.
    Halted {
        sequence: u64,
        symbol: Symbol,
        #[serde(default)]
        until_at: Option<i64>,
    },
    /// Trading goes on.
    Resumed { sequence: u64, symbol: Symbol },
    /// Nothing follows.
    Ended,
}

/// What its reader says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Say {
    /// The answer to `hello`: go on behind this number, or from now on.
    Subscribe {
        #[serde(skip_serializing_if = "Option::is_none")]
        after: Option<u64>,
    },
}
