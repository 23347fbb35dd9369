//! Which symbols there are: those that a feed lists, once their bars have been read.

use std::collections::VecDeque;

use madang_hub::Policy;

use super::floor::{Floor, epoch};
use super::quote::State;
use super::refused::Refused;
use super::series::Series;
use super::traded::Traded;
use super::wire::Wire;
use crate::chat::Code;
use crate::market::{Bar, Bars, FeedEvent, Interval, Listing, Symbol, Terms};

impl Floor {
    /// A symbol is listed, or listed anew. Where only its words are others, that is all; else it's on its way in until it has [arrived](Self::arrived). Returns how many
    /// events hold no more.
    pub(super) fn list(&mut self, listing: Listing) -> u64 {
        let symbol = listing.symbol;
        if !self.arrivals.contains(symbol)
            && let Some(traded) = self.traded.get_mut(&symbol)
        {
            if traded.is_listed && traded.listing.terms() == listing.terms() {
                traded.listing = listing;
                return 0;
            }
            // Stored by whoever tells the others on the new terms, and by nobody else.
            self.unsaved.hold(symbol);
        }
        self.arrivals.begin(listing)
    }

    /// A symbol isn't listed any more: it's unknown, and those who have it are told what can be told. Returns how many events hold no more.
    pub(super) fn unlist(&mut self, symbol: Symbol, wire: &Wire) -> u64 {
        let lost = self.arrivals.leave(symbol, self.traded.contains_key(&symbol));
        if let Some(traded) = self.traded.get_mut(&symbol) {
            traded.is_listed = false;
            self.set_state(symbol, State::Halted);
            self.begin_charts_anew(symbol, wire);
        }
        lost
    }

    /// The bars of a symbol have been read, for this listing: it's traded from now on. Returns what has happened to it meanwhile; `None` if they must be
    /// read once more.
    pub(super) fn arrived(
        &mut self,
        read_for: &Listing,
        bars: Bars,
        wire: &Wire,
    ) -> Option<VecDeque<FeedEvent>> {
        let arrival = self.arrivals.arrive(read_for)?;
        if arrival.has_left {
            return Some(VecDeque::new());
        }
        self.enlist(Traded::new(arrival.listing, bars), wire);
        Some(arrival.events)
    }

    /// A symbol is there, or there anew.
    pub(super) fn enlist(&mut self, mut traded: Traded, wire: &Wire) {
        let symbol = traded.listing.symbol;
        // Of quotes only the latest counts.
        if let Err(error) = wire.hub.set_policy(&traded.room, Policy::Latest) {
            tracing::warn!(%error, "those who are too slow for this symbol's quotes are disconnected");
        }
        for interval in Interval::ALL {
            let charted = self.followed(Series { symbol, interval }).is_some();
            traded.set_charted(interval, charted);
        }
        if let Some(before) = self.traded.remove(&symbol) {
            traded.watchers = before.watchers;
            if before.is_listed {
                traded.state = before.state;
            }
        }
        traded.is_news = true;
        self.news.push(symbol);
        self.traded.insert(symbol, traded);
        self.begin_charts_anew(symbol, wire);
    }

    /// Whether there is such a symbol.
    pub(super) fn is_listed(&self, symbol: Symbol) -> bool {
        self.traded.get(&symbol).is_some_and(|traded| traded.is_listed)
    }

    /// What the bars of a symbol mean that are stored.
    ///
    /// # Errors
    /// There is no such symbol, or they're being told on other terms.
    pub(super) fn terms(&self, symbol: Symbol) -> Result<Terms, Refused> {
        let traded = self.traded.get(&symbol).filter(|traded| traded.is_listed);
        let traded = traded.ok_or(Refused::SymbolUnknown)?;
        if self.arrivals.contains(symbol) {
            return Err(Refused::Common(Code::StoreUnavailable.into()));
        }
        Ok(traded.listing.terms())
    }

    /// The bars of a symbol on its way in that aren't stored, and their terms; `None` for a new one.
    pub(super) fn left_over(&self, symbol: Symbol) -> Option<(Terms, Vec<(Series, Bar)>)> {
        let traded = self.traded.get(&symbol)?;
        Some((traded.listing.terms(), self.unsaved.held(symbol)))
    }

    /// Forgets symbols that aren't listed any more, that nobody watches, and whose bars are stored.
    pub(super) fn sweep_unlisted(&mut self, wire: &Wire) {
        let Self {
            traded,
            arrivals,
            unsaved,
            ..
        } = self;
        traded.retain(|symbol, traded| {
            let stays = traded.is_listed
                || traded.watchers > 0
                || arrivals.contains(*symbol)
                || !traded.is_collected()
                || unsaved.has(*symbol);
            if !stays {
                // The default can always be set.
                let _ = wire.hub.set_policy(&traded.room, Policy::Disconnect);
            }
            stays
        });
    }

    fn begin_charts_anew(&mut self, symbol: Symbol, wire: &Wire) {
        for interval in Interval::ALL {
            if let Some(chart) = self.followed(Series { symbol, interval }) {
                chart.begin_anew(wire, epoch());
            }
        }
    }
}
