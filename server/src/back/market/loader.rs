//! Reads the bars of symbols that are listed, one symbol after the other, while the market goes on.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::Market;
use super::floor::restored;
use super::series::Series;
use crate::market::{Bar, Bars, Interval, Listing, Terms};
use crate::store::{Kept, Store, StoreError, StoredBar};

/// How long to wait when the database doesn't say where things stand.
pub(super) const RETRY_TIME: Duration = Duration::from_secs(1);

impl Market {
    /// Lets symbols in that a feed lists while it's run, until the server stops. The one that is being read then is read to its end.
    pub(super) async fn let_in(&self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            let next = self.floor().arrivals.next();
            let Some(listing) = next else {
                stop.run_until_cancelled(self.listed.notified()).await;
                continue;
            };
            match self.read_bars(&listing).await {
                Ok(bars) => self.arrived(&listing, bars),
                Err(error) => {
                    let symbol = listing.symbol;
                    tracing::warn!(%error, symbol = symbol.as_str(), "bars can't be read; trying again");
                    self.floor().arrivals.put_off(symbol);
                    stop.run_until_cancelled(tokio::time::sleep(RETRY_TIME)).await;
                }
            }
        }
    }

    fn arrived(&self, listing: &Listing, bars: Bars) {
        let mut floor = self.floor();
        let Some(events) = floor.arrived(listing, bars, &self.wire) else {
            return;
        };
        for event in &events {
            self.counters.count(floor.take(event));
        }
        self.counters
            .quotes
            .inc_by(floor.tell(&self.wire, Instant::now()));
    }

    /// The bars of a symbol on its way in, on the terms of its listing.
    async fn read_bars(&self, listing: &Listing) -> Result<Bars, StoreError> {
        let symbol = listing.symbol;
        let left_over = {
            // What is being stored is stored first; from then on nobody stores bars of this symbol.
            let _alone = self.saving.lock().await;
            let mut floor = self.floor();
            if floor.traded.contains_key(&symbol) {
                self.counters.lost.inc_by(floor.collect());
            }
            floor.left_over(symbol)
        };
        let store = self.store();
        let row = |(series, bar): &(Series, Bar)| StoredBar::new(series.symbol, series.interval, bar);
        let rows = left_over.map(|(terms, bars)| (terms, bars.iter().map(row).collect()));
        trade_on(&store, listing, rows).await?;
        self.floor().unsaved.release(symbol);
        stored_bars(&store, listing).await
    }
}

/// Has the stored bars of a symbol, and those left over from before, told on the terms of its listing.
pub(super) async fn trade_on(
    store: &Store,
    listing: &Listing,
    left_over: Option<(Terms, Vec<StoredBar>)>,
) -> Result<(), StoreError> {
    let symbol = listing.symbol;
    let left_over = left_over.as_ref().map(|(terms, bars)| (terms, bars.as_slice()));
    let name = symbol.as_str();
    match store.trade_on(symbol, &listing.terms(), left_over).await? {
        Kept::AsTheyWere => {}
        Kept::Brought => tracing::info!(symbol = name, "listed on other terms: its bars are told on them"),
        Kept::Nothing => tracing::warn!(symbol = name, "listed on other terms: its bars begin anew"),
    }
    Ok(())
}

/// The bars of a symbol that may still change, as they are stored.
pub(super) async fn stored_bars(store: &Store, listing: &Listing) -> Result<Bars, StoreError> {
    let mut stored: [Vec<Bar>; Interval::ALL.len()] = Default::default();
    for interval in Interval::ALL {
        let page = store
            .bars(listing.symbol.as_str(), interval.name(), None, restored(interval))
            .await?;
        stored[interval.index()] = page.bars.iter().filter_map(StoredBar::bar).collect();
    }
    Ok(Bars::restored(listing.utc_offset_minutes, stored))
}
