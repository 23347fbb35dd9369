//! Where ticks come from.

use std::task::{Context, Poll};

use super::listing::Listing;
use super::values::{Symbol, Tick};

/// Where ticks come from. Time is an argument; it never goes back from one call to the next.
///
/// Whoever runs a feed asks [`poll_event`](Self::poll_event) until it's pending, then waits for [`poll_timeout`](Self::poll_timeout) or to be woken,
/// whichever is first, and asks again. How often it asks changes nothing in what it gets. One suite of tests holds for all feeds
/// (`server/tests/it/feeds.rs`).
pub trait Feed: Send {
    /// What has been listed so far. A feed that comes from afar knows nothing before [`FeedEvent::Listed`].
    fn listings(&self) -> &[Listing];

    /// What comes next, if it's due at `now_ms`. Else the task is woken when something comes by another way than time alone: over a
    /// connection, or since somebody turned a replay back.
    fn poll_event(&mut self, now_ms: i64, cx: &mut Context<'_>) -> Poll<FeedEvent>;

    /// When the next event is due, if time alone brings it; may be past.
    fn poll_timeout(&self) -> Option<i64>;
}

/// What a feed tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedEvent {
    /// A symbol is listed, or listed anew with other words or [terms](super::Terms): [`Feed::listings`] has it.
    Listed(Symbol),
    /// A symbol isn't listed any more, until it's [listed](Self::Listed) again.
    Unlisted(Symbol),
    /// A trade of a symbol that is listed.
    Tick(Tick),
    /// Trading in a symbol has stopped.
    Halted {
        /// In which.
        symbol: Symbol,
        /// Till when, if that is known.
        until_ms: Option<i64>,
    },
    /// Trading goes on.
    Resumed {
        /// In which symbol.
        symbol: Symbol,
    },
    /// Events were lost on the way, and will not come.
    Gap {
        /// The number of the first.
        from_sequence: u64,
        /// The number of the last.
        to_sequence: u64,
    },
    /// All that this feed has told of its symbols holds no more, what is stored of an earlier run included: it begins anew. The first event of a replay,
    /// and what follows when it's turned back.
    Restarted,
    /// Nothing follows, unless a replay is turned back.
    Ended,
}

impl FeedEvent {
    /// Which symbol something has happened to, if to one that is listed.
    pub fn symbol(&self) -> Option<Symbol> {
        match self {
            Self::Tick(tick) => Some(tick.symbol),
            Self::Halted { symbol, .. } | Self::Resumed { symbol } => Some(*symbol),
            Self::Listed(_) | Self::Unlisted(_) | Self::Gap { .. } | Self::Restarted | Self::Ended => None,
        }
    }
}
